"""Every command of a whole mission prints exactly one JSON document, and nothing else there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from spec_kitty_contracts.gate import LEGACY_KEYS
from tests.conftest import Ran, git
from tests.unit.cli.test_app import KINDS, LEAVES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def keys_of(value: object) -> set[str]:
    """Return every key of a document, at any depth."""
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    return set()


@pytest.mark.proves("001 FR-003")
def test_each_command_of_a_mission_prints_one_document_on_standard_output_and_nothing_else(
    finalized_mission: Path, cli: Callable[..., Ran], tmp_path: Path
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
        assert not keys_of(document) & set(LEGACY_KEYS), words
        return document

    run("specify", "Another one", "--branch", "feature/another")
    git(root, "switch", "-q", f"kitty/mission-{slug}")
    run("agent", "mission", "create", "A third one", "--branch", "feature/third")
    git(root, "switch", "-q", f"kitty/mission-{slug}")
    run("init")
    run("agent", "config", "add", "claude")
    run("agent", "config", "list")
    run("agent", "config", "sync", "--dry-run")
    run("agent", "config", "remove", "claude")
    answers = tmp_path / "answers.yaml"
    answers.write_text("answers: {languages_frameworks: Python}\n", encoding="utf-8")
    run("charter", "interview", status=1)
    run("charter", "interview", "--answers", str(answers))
    run("charter", "generate")
    run("charter", "activate", "premortem")
    run("charter", "deactivate", "premortem")
    run("charter", "lint")
    run("charter", "show")
    run("charter", "context", "--action", "implement")
    git(root, "add", ".kittify/charter")
    git(root, "commit", "-q", "-m", "Decide how we work")
    run("mission", "list")
    run("mission", "show", slug)
    run("plan")
    run("agent", "mission", "setup-plan")
    run("agent", "mission", "check-prerequisites", "--include-tasks")
    run("agent", "mission", "record-analysis", status=1)
    report = root / "kitty-specs" / slug / "analysis-report.md"
    report.write_text(
        f"# Analysis\n\n{'Every requirement is met by a work package. ' * 4}\n", "utf-8"
    )
    run("agent", "mission", "record-analysis", "--agent", "claude")
    run("tasks", "--validate-only")
    run("agent", "mission", "finalize-tasks")
    run("next")
    run("status")
    note = ("--note", "Both are small", "--agent", "claude")
    run("agent", "tasks", "add-history", "WP01", *note)
    key = ("--flow", "plan", "--step-id", "plan", "--question", "Which file?")
    asked = ("agent", "decision", "open", *key, "--input-key")
    first, second, third = (str(run(*asked, word)["decision_id"]) for word in ("one", "two", "six"))
    run("agent", "decision", "resolve", first, "--final-answer", "total.txt")
    run("agent", "decision", "cancel", second, "--rationale", "There is one")
    run("agent", "decision", "verify")
    run("agent", "decision", "defer", third, "--rationale", "Later")
    run("agent", "decision", "verify", status=1)
    run("agent", "decision", "resolve", third, "--final-answer", "total.txt")
    run("agent", "decision", "list", "--status", "resolved")
    run("agent", "decision", "rebuild")
    run("agent", "tasks", "list", "--lane", "planned")
    run("agent", "tasks", "list-tasks")
    run("agent", "tasks", "list-dependents", "WP01")
    run("agent", "status", "emit", "WP02", "--to", "blocked", "--actor", "claude")
    run("agent", "status", "emit", "WP02", "--to", "planned", "--actor", "claude")
    for wp in ("WP01", "WP02"):
        taken = run("implement", wp, "--agent", "claude")
        assert run("agent", "action", "implement", wp, "--agent", "claude")["wp_id"] == wp
        told = run("agent", "context", "resolve", "--action", "implement", "--wp-id", wp)
        assert str(told["title"]).startswith(f"Implement: {wp}")
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
    run("agent", "status", "show")
    run("agent", "status", "history", "WP01", "--limit", "3")
    run("agent", "status", "materialize")
    run("agent", "status", "doctor")
    run("agent", "status", "doctor", "--fix")
    run("agent", "status", "timeline")
    run("mission-type", "list", "--origins")
    run("mission-type", "show", "research")
    run("mission-type", "show", "nonsense", status=1)
    made = run("mission-type", "new", "field-guide")
    run("mission-type", "validate", str(made["files"][0]))  # type: ignore[index]
    run("runs", "list")
    run("runs", "prune", "--dry-run")
    run("config", "list")
    run("config", "set", "mission.owner", "ada")
    assert run("config", "get", "mission.owner")["value"] == "ada"
    git(root, "add", ".kittify")
    git(root, "commit", "-q", "-m", "Name the owner")
    run("contract", "show")
    run("contract", "show", "envelope")
    log = f"kitty-specs/{slug}/status.events.jsonl"
    run("contract", "validate", log, "--surface", "status_row")
    run("contract", "validate", log, "--surface", "error", status=1)
    run("contract", "diff", "installed", "installed")
    for kind in KINDS:
        run(f"merge-driver-{kind}", log, log, log)
    assert run("next", "--agent", "codex", "--result", "success")["kind"] == "terminal"
    missing = [
        words
        for words in LEAVES
        if not any(u[: len(words)] == words for u in used)
        # Its commands answer in envelopes; test_orchestrator_api.py drives a mission with them.
        and words[0] != "orchestrator-api"
    ]
    assert missing == []
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "show", "main:counter.py") == git(root, "show", "main:door.py") == "x = 1"
