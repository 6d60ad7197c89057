"""Every command of a whole mission prints exactly one JSON document, and nothing else there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.conftest import Ran, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_each_command_of_a_mission_prints_one_document_on_standard_output_and_nothing_else(
    finalized_mission: Path, cli: Callable[..., Ran]
) -> None:
    root = finalized_mission.parent.parent
    slug = finalized_mission.name

    def run(*words: str, status: int = 0) -> dict[str, object]:
        ran = cli(root, *words, "--json")
        assert ran.status == status, (words, ran.stdout, ran.stderr)
        assert ran.stderr == "", words
        document = json.loads(ran.stdout)
        assert isinstance(document, dict)
        assert document["result"] == ("success" if status == 0 else "error"), words
        return document

    run("init")
    run("mission", "list")
    run("mission", "show", slug)
    run("plan")
    run("tasks", "--validate-only")
    run("next")
    for wp in ("WP01", "WP02"):
        taken = run("agent", "action", "implement", wp, "--agent", "claude")
        workspace = root / str(taken["workspace_path"])
        (workspace / ("counter.py" if wp == "WP01" else "door.py")).write_text("x = 1\n", "utf-8")
        git(workspace, "add", "-A")
        git(workspace, "commit", "-q", "-m", f"{wp}: build it")
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
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "show", "main:counter.py") == git(root, "show", "main:door.py") == "x = 1"
