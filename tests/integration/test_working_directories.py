"""Every command of the loop says and does the same from the main checkout and from a worktree."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

# What two runs of the same commands never share: ids, moments, commits, hashes of the like.
VOLATILE = re.compile(
    r"[0-7][0-9A-HJKMNP-TV-Z]{25}|\b[0-9a-f]{7,64}\b"
    r"|\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)"
)
CLAUDE, CODEX = ("--agent", "claude"), ("--agent", "codex")
SUCCESS = ("--result", "success")
LOOP = (
    ("next", *CLAUDE),
    ("agent", "tasks", "status"),
    ("agent", "tasks", "mark-status", "WP01:T001", "--status", "done", *CLAUDE),
    ("implement", "WP01", *CLAUDE),
    ("agent", "tasks", "move-task", "WP01", "--to", "for_review", *CLAUDE),
    ("next", *CODEX),
    ("agent", "action", "review", "WP01", *CODEX),
    ("agent", "tasks", "move-task", "WP01", "--to", "nowhere", *CODEX),
    ("agent", "tasks", "move-task", "WP01", "--to", "approved", *CODEX),
    ("next", *CLAUDE, *SUCCESS),
    ("mission", "show"),
    ("agent", "tasks", "status"),
    ("agent", "status", "validate"),
)


def said_and_done(project: Path, place: str, cli: Callable[..., Ran]) -> list[str]:
    """Run the loop from one place of a project; return each answer, the log and git's state."""
    taken = cli(project, "implement", "WP01", *CLAUDE, "--json")
    assert taken.status == 0, taken.stdout
    lane = project / str(taken.document["workspace_path"])
    (lane / "counter.py").write_text("x = 1\n", encoding="utf-8")
    git(lane, "add", "-A")
    git(lane, "commit", "-q", "-m", "WP01: build it")

    found = []
    for words in LOOP:
        ran = cli({"main": project, "lane": lane}[place], *words, "--json")
        document = json.dumps(ran.document, sort_keys=True)
        found.append(f"{' '.join(words)}: {ran.status} {document}")
    (log,) = project.glob("kitty-specs/*/status.events.jsonl")
    found.append(log.read_text(encoding="utf-8"))
    for checkout in (project, lane):
        found.append(git(checkout, "status", "--porcelain", "--branch"))
        found.append(git(checkout, "log", "--format=%s", "--name-only"))
    return [VOLATILE.sub("<volatile>", text.replace(str(project), "<project>")) for text in found]


@pytest.mark.proves("002 D-9")
def test_the_loop_says_and_does_the_same_from_the_main_checkout_and_from_a_lane(
    finalized_mission: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    original = finalized_mission.parent.parent
    answers = {}
    for place in ("main", "lane"):
        project = tmp_path / place / "project"
        shutil.copytree(original, project)
        answers[place] = said_and_done(project, place, cli)
    assert answers["lane"] == answers["main"]

    statuses = [text.split(": ", 1)[1][0] for text in answers["main"][: len(LOOP)]]
    assert statuses == ["2" if "nowhere" in words else "0" for words in LOOP]
    assert '"to_lane":"approved"' in answers["main"][len(LOOP)].replace(" ", "")
