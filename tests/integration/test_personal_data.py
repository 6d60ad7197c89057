"""No tracked file tells who gave a text and where that person sits (DESIGN.md P8)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.cli.app import build_app
from specify_cli.cli.run import run
from specify_cli.events import free_text
from specify_cli.events.free_text import public_name
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHO, REVIEWER = "nora.berg@example.com", "eve@example.org"
HOST, USER = "noras-machine", "norab77"
POLICY = json.dumps(
    {
        "orchestrator_id": "o",
        "orchestrator_version": "1",
        "agent_family": "claude",
        "approval_mode": "x",
        "sandbox_mode": "y",
        "network_mode": "z",
        "dangerous_flags": [],
    }
)


@pytest.fixture
def say(
    finalized_mission: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., None]:
    """Run commands in this process, on a machine and in a home folder that have names."""
    assert callable(build_app)  # a plain call before it would leave all others undeclared
    home = tmp_path / "homes" / "nora"
    home.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USER", USER)
    monkeypatch.setattr(free_text, "_host", lambda: HOST)
    monkeypatch.chdir(finalized_mission.parents[1])

    def command(*words: str, status: int = 0) -> None:
        assert run(list(words)) == status, words

    return command


def planted(root: Path) -> str:
    """Return a text that tells everything, on two lines."""
    home = root.parent / "homes" / "nora"
    return (
        f"in {root} and {root}/.worktrees/x/a.py: see {home}/notes and /home/eve.adams/x,\n"
        rf"C:\Users\EveAdams\y, by {WHO} on {HOST} (/scratch/{USER}/z)"
    )


def told(root: Path) -> dict[str, list[str]]:
    """Return what is told by tracked files of every branch, and by commit messages."""
    home = root.parent / "homes"
    secrets = (
        *(str(root), str(home), "eve.adams", "EveAdams", WHO, REVIEWER, "nora.berg"),
        *("example.com", "example.org", HOST, USER),
    )
    texts = {"messages": git(root, "log", "--branches", "--format=%B")}
    for branch in git(root, "branch", "--format=%(refname)").splitlines():
        for name in git(root, "ls-tree", "-r", "--name-only", branch).splitlines():
            texts[f"{branch}:{name}"] = git(root, "show", f"{branch}:{name}")
    found = {name: [s for s in secrets if s in text] for name, text in texts.items()}
    return {name: words for name, words in found.items() if words}


@pytest.mark.proves("004 FR-006")
def test_what_is_planted_into_any_text_occurs_in_no_tracked_file(
    say: Callable[..., None], finalized_mission: Path, tmp_path: Path
) -> None:
    root, slug = finalized_mission.parents[1], finalized_mission.name
    text = planted(root)
    feedback = tmp_path / "feedback.md"
    feedback.write_text(f"# Wrong\n\n{text}\n", encoding="utf-8")
    tree = root / ".worktrees" / f"{slug}-lane-a"

    say("agent", "tasks", "add-history", "WP01", "--note", text, "--agent", WHO)
    say("implement", "WP01", "--agent", WHO)
    # Claims compare equal: the same person goes on with it.
    say("implement", "WP01", "--agent", WHO)
    say("agent", "tasks", "mark-status", "T001", "--status", "done", "--agent", WHO)
    say("agent", "tasks", "move-task", "WP01", "--to", "blocked", "--note", text, "--agent", WHO)
    say("agent", "tasks", "move-task", "WP01", "--to", "in_progress", "--agent", WHO)
    say("next", "--agent", WHO, "--result", "failed", "--reason", text, "--wp", "WP01", status=1)
    (tree / "counter.py").write_text("print(1)\n", encoding="utf-8")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "Count")
    say("agent", "tasks", "move-task", "WP01", "--to", "for_review", "--agent", WHO)
    say("agent", "action", "review", "WP01", "--agent", REVIEWER)
    say(
        *("agent", "tasks", "move-task", "WP01", "--to", "in_progress", "--agent", REVIEWER),
        *("--review-feedback-file", str(feedback)),
    )
    say(
        *("agent", "status", "emit", "WP01", "--to", "approved", "--actor", WHO, "--force"),
        *("--reason", text, "--review-ref", text),
        *("--evidence-json", json.dumps({"review": _verdict(text)})),
    )
    api = ("orchestrator-api",)
    wp = ("--mission", slug, "--wp", "WP02", "--actor", WHO)
    say(*api, "append-history", *wp, "--note", text)
    policy = json.dumps({**json.loads(POLICY), "agent_family": f"by {WHO} on {HOST} in {root}"})
    say(*api, "start-implementation", *wp, "--policy", policy)
    say(*api, "transition", *wp, "--to", "canceled", "--note", text, "--force")
    say("accept", "--agent", WHO)
    say("merge", "--agent", WHO, "--mission", slug)
    say("specify", text[:150].replace("\n", " "), "--purpose-tldr", text, "--purpose-context", text)

    assert told(root) == {}
    meta = json.loads(git(root, "show", f"kitty/mission-{slug}:kitty-specs/{slug}/meta.json"))
    assert meta["accepted_by"] == meta["merged_by"] == public_name(WHO)


def _verdict(text: str) -> dict[str, str]:
    return {"reviewer": REVIEWER, "verdict": "approved", "reference": text}


def test_texts_that_tell_nothing_are_recorded_as_they_are(
    say: Callable[..., None], finalized_mission: Path
) -> None:
    note = "see src/app.py and https://example.com/nora, /etc/hosts: 3 @types"
    say("agent", "tasks", "add-history", "WP01", "--note", note, "--agent", "claude")
    rows = (finalized_mission / "status.events.jsonl").read_text(encoding="utf-8").splitlines()
    last: dict[str, Any] = json.loads(rows[-1])
    assert (last["actor"], last["delta"]["note"]) == ("claude", note)
    file = finalized_mission / "tasks" / "WP01-total.md"
    assert f"claude: {note}\n" in file.read_text(encoding="utf-8")
