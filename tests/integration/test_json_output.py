"""Every command of a whole mission prints exactly one JSON document, and nothing else there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.conftest import Ran, git
from tests.unit.cli.test_app import LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_each_command_of_a_mission_prints_one_document_on_standard_output_and_nothing_else(
    finalized_mission: Path, cli: Callable[..., Ran]
) -> None:
    root = finalized_mission.parent.parent
    slug = finalized_mission.name

    used: set[tuple[str, ...]] = set()

    def run(*words: str, status: int = 0) -> dict[str, object]:
        used.add(words)
        ran = cli(root, *words, "--json")
        assert ran.status == status, (words, ran.stdout, ran.stderr)
        assert ran.stderr == "", words
        document = json.loads(ran.stdout)
        assert isinstance(document, dict)
        assert document["result"] == ("success" if status == 0 else "error"), words
        return document

    run("specify", "Another one", "--branch", "feature/another")
    git(root, "switch", "-q", f"kitty/mission-{slug}")
    run("agent", "mission", "create", "A third one", "--branch", "feature/third")
    git(root, "switch", "-q", f"kitty/mission-{slug}")
    run("init")
    run("mission", "list")
    run("mission", "show", slug)
    run("plan")
    run("agent", "mission", "setup-plan")
    run("tasks", "--validate-only")
    run("agent", "mission", "finalize-tasks")
    run("next")
    for wp in ("WP01", "WP02"):
        taken = run("implement", wp, "--agent", "claude")
        assert run("agent", "action", "implement", wp, "--agent", "claude")["wp_id"] == wp
        workspace = root / str(taken["workspace_path"])
        (workspace / ("counter.py" if wp == "WP01" else "door.py")).write_text("x = 1\n", "utf-8")
        git(workspace, "add", "-A")
        git(workspace, "commit", "-q", "-m", f"{wp}: build it")
        done = ("--status", "done", "--agent", "claude")
        run("agent", "tasks", "mark-status", f"{wp}:T0{wp[2:]}", *done)
        run("agent", "tasks", "move-task", wp, "--to", "for_review", "--agent", "claude")
        run("agent", "action", "review", wp, "--agent", "codex")
        run("agent", "tasks", "move-task", wp, "--to", "approved", "--agent", "codex")
    run("agent", "tasks", "status")
    run("merge", "--dry-run")
    run("accept", "--agent", "codex")
    run("merge", "--target", "main")
    run("agent", "status", "validate")
    run("agent", "status", "timeline")
    run("contract", "show")
    run("contract", "show", "envelope")
    log = f"kitty-specs/{slug}/status.events.jsonl"
    run("contract", "validate", log, "--surface", "status_row")
    run("contract", "validate", log, "--surface", "error", status=1)
    run("contract", "diff", "installed", "installed")
    assert run("next", "--agent", "codex", "--result", "success")["kind"] == "terminal"
    missing = [words for words in LEAVES if not any(u[: len(words)] == words for u in used)]
    assert missing == []
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "show", "main:counter.py") == git(root, "show", "main:door.py") == "x = 1"
