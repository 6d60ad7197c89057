"""A project of the existing CLI 3.2.7 opens unchanged, and it still reads what we write (D3)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.conftest import git
from tests.drop_in.conftest import commit_all, make_mission
from tests.integration.conftest import PLAN, SPEC, TASKS, work_package, write
from tests.integration.seeded_missions import SEEDED, lanes_of, seed_mission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran
    from tests.drop_in.conftest import ExistingCli

pytestmark = pytest.mark.needs_index
CLAUDE, CODEX = ("--agent", "claude"), ("--agent", "codex")


def succeed(
    cli: Callable[..., Ran], cwd: Path, *words: str, env: dict[str, str] | None = None
) -> Ran:
    ran = cli(cwd, *words, "--json", env=env)
    assert ran.status == 0, ran.stdout + ran.stderr
    return ran


def lanes(
    cli: Callable[..., Ran], cwd: Path, slug: str, env: dict[str, str] | None = None
) -> dict[str, str]:
    """Return our board, after making sure that both ways to ask for it agree."""
    shown = lanes_of(
        succeed(cli, cwd, "agent", "tasks", "status", "--mission", slug, env=env).document
    )
    told = cli(cwd, "orchestrator-api", "mission-state", "--mission", slug, env=env).document
    assert {wp["wp_id"]: wp["lane"] for wp in told["data"]["work_packages"]} == shown
    return shown


def agree(
    existing: ExistingCli, cli: Callable[..., Ran], root: Path, slug: str, **expected: str
) -> None:
    """Demand that both programs see the same lanes, namely these."""
    assert lanes(cli, root, slug) == expected
    assert existing.lanes(root, slug) == expected


def implement(
    cli: Callable[..., Ran], root: Path, wp_id: str, file: str, *, agent: str = "claude"
) -> None:
    """Take a work package up with our command, do the work, and hand it over."""
    taken = succeed(cli, root, "implement", wp_id, "--agent", agent).document
    lane = root / taken["workspace_path"]
    write(lane / file, "x = 1\n")
    git(lane, "add", "-A")
    git(lane, "commit", "-q", "-m", f"{wp_id}: write {file}")
    task = f"{wp_id}:T{wp_id[2:]:0>3}"
    succeed(cli, root, "agent", "tasks", "mark-status", task, "--status", "done", *CLAUDE)
    succeed(cli, root, "agent", "tasks", "move-task", wp_id, "--to", "for_review", "--agent", agent)


def approve(cli: Callable[..., Ran], root: Path, wp_id: str) -> None:
    """Review a work package and approve it with a remark."""
    succeed(cli, root, "agent", "action", "review", wp_id, *CODEX)
    move = ("agent", "tasks", "move-task", wp_id, "--to", "approved", *CODEX)
    succeed(cli, root, *move, "--note", "Fine.")


@pytest.mark.parametrize("topology", ["single_branch", "coord"])
def test_a_mission_of_the_existing_cli_is_opened_advanced_and_finished(
    topology: str, existing: ExistingCli, repository: Path, cli: Callable[..., Ran]
) -> None:
    root = repository
    mission = make_mission(existing, root, topology)
    slug = mission.name
    assert lanes(cli, root, slug) == {"WP01": "planned", "WP02": "planned"}
    existing.run(root, "implement", "WP01", "--mission", slug, "--json")
    assert lanes(cli, root, slug) == {"WP01": "in_progress", "WP02": "planned"}
    commit_all(root, "What the existing CLI left uncommitted")

    # The existing CLI claims in its own name; whoever goes on does it under that name.
    implement(cli, root, "WP01", "counter.py", agent="implement-command")
    agree(existing, cli, root, slug, WP01="for_review", WP02="planned")
    approve(cli, root, "WP01")
    implement(cli, root, "WP02", "door.py")
    approve(cli, root, "WP02")

    succeed(cli, root, "accept", "--actor", "claude")
    succeed(cli, root, "merge", "--actor", "claude")
    assert git(root, "status", "--porcelain") == ""
    assert (root / "counter.py").exists()
    assert (root / "door.py").exists()
    assert len(git(root, "worktree", "list").splitlines()) == 1
    agree(existing, cli, root, slug, WP01="done", WP02="done")
    assert existing.board(root, slug) == {"WP01": "done", "WP02": "done"}
    assert succeed(cli, root, "agent", "status", "validate").document["valid"]


@pytest.mark.parametrize("topology", ["lanes", "lanes_with_coord"])
def test_its_log_is_found_from_every_place_where_it_keeps_it(
    topology: str, existing: ExistingCli, repository: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    root = repository
    mission = make_mission(existing, root, topology)
    slug = mission.name
    tree = root
    if topology == "lanes_with_coord":
        tree = root / ".worktrees" / f"{slug}-coord"
        git(root, "worktree", "remove", "--force", str(tree))
    taken = succeed(cli, root, "implement", "WP01", *CLAUDE).document
    expected = {"WP01": "in_progress", "WP02": "planned"}
    lane = root / taken["workspace_path"]
    away = {"SPECIFY_REPO_ROOT": str(root)}
    assert lanes(cli, root, slug) == lanes(cli, lane, slug) == expected
    assert lanes(cli, tmp_path, slug, away) == expected
    assert '"to_lane": "in_progress"' in (
        tree / "kitty-specs" / slug / "status.events.jsonl"
    ).read_text(encoding="utf-8")
    assert existing.lanes(root, slug) == expected


def test_a_mission_of_ours_is_read_back_with_the_same_lanes_all_its_life(
    existing: ExistingCli, repository: Path, cli: Callable[..., Ran]
) -> None:
    root = repository
    succeed(cli, root, "init", "--non-interactive")
    commit_all(root, "Set up")
    slug = succeed(cli, root, "specify", "Door counter").document["mission_slug"]
    mission = root / "kitty-specs" / slug
    write(mission / "spec.md", SPEC)
    write(mission / "plan.md", PLAN)
    write(mission / "tasks.md", TASKS)
    write(mission / "tasks/WP01-total.md", work_package("WP01", "The total", owned="counter.py"))
    door = work_package("WP02", "Door", dependencies="[WP01]", owned="door.py", refs="[FR-002]")
    write(mission / "tasks/WP02-door.md", door)
    commit_all(root, "Write the documents")
    succeed(cli, root, "tasks")
    agree(existing, cli, root, slug, WP01="planned", WP02="planned")
    implement(cli, root, "WP01", "counter.py")
    succeed(cli, root, "agent", "action", "review", "WP01", *CODEX)
    agree(existing, cli, root, slug, WP01="in_review", WP02="planned")
    write(root.parent / "feedback.md", "Say what it counts.\n")
    back = ("agent", "tasks", "move-task", "WP01", "--to", "planned", *CODEX)
    succeed(cli, root, *back, "--feedback-file", str(root.parent / "feedback.md"))
    taken = succeed(cli, root, "implement", "WP01", *CLAUDE).document
    lane = root / taken["workspace_path"]
    write(lane / "counter.py", '"""Counts visitors."""\n')
    git(lane, "commit", "-q", "-a", "-m", "WP01: say what it counts")
    succeed(cli, root, "agent", "tasks", "move-task", "WP01", "--to", "for_review", *CLAUDE)
    approve(cli, root, "WP01")
    succeed(cli, root, "implement", "WP02", *CLAUDE)
    blocked = ("agent", "tasks", "move-task", "WP02", "--to", "blocked", *CLAUDE)
    succeed(cli, root, *blocked, "--note", "No door yet.")
    agree(existing, cli, root, slug, WP01="approved", WP02="blocked")
    assert existing.board(root, slug) == {"WP01": "approved", "WP02": "blocked"}
    succeed(cli, root, "agent", "tasks", "move-task", "WP02", "--to", "in_progress", *CLAUDE)
    implement(cli, root, "WP02", "door.py")
    approve(cli, root, "WP02")
    succeed(cli, root, "accept", "--actor", "claude")
    succeed(cli, root, "merge", "--actor", "claude")
    agree(existing, cli, root, slug, WP01="done", WP02="done")


def test_a_mission_that_a_client_seeded_is_read_back_with_the_same_lanes(
    existing: ExistingCli, repository: Path, cli: Callable[..., Ran]
) -> None:
    seed_mission(repository, lane="for_review")
    assert lanes(cli, repository, SEEDED) == {"WP01": "planned", "WP02": "planned"}
    assert existing.board(repository, SEEDED) == {"WP01": "planned", "WP02": "planned"}
    taken = succeed(cli, repository, "implement", "WP01", *CLAUDE).document
    lane = repository / taken["workspace_path"]
    write(lane / "counter.py", "x = 1\n")
    git(lane, "add", "-A")
    git(lane, "commit", "-q", "-m", "WP01: write it")
    succeed(cli, repository, "agent", "tasks", "move-task", "WP01", "--to", "for_review", *CLAUDE)
    approve(cli, repository, "WP01")
    agree(existing, cli, repository, SEEDED, WP01="approved", WP02="planned")


def test_the_rows_it_wrote_are_still_there_byte_for_byte_at_the_end(
    existing: ExistingCli, repository: Path, cli: Callable[..., Ran]
) -> None:
    root = repository
    mission = make_mission(existing, root, "single_branch")
    log = mission / "status.events.jsonl"
    theirs = log.read_bytes()
    succeed(cli, root, "implement", "WP01", *CLAUDE)
    assert log.read_bytes().startswith(theirs)
    meta = json.loads((mission / "meta.json").read_bytes())
    assert meta["topology"] == "single_branch"


def test_both_programs_ask_and_answer_the_same_questions(
    existing: ExistingCli, repository: Path, cli: Callable[..., Ran]
) -> None:
    root = repository
    mission = make_mission(existing, root, "single_branch")
    slug = mission.name
    place = ("--mission", slug, "--flow", "plan")
    ours = ("--slot-key", "plan.storage", "--input-key", "storage", "--question", "Where?")
    theirs = ("--step-id", "plan", "--input-key", "format", "--question", "Which?")
    one = succeed(cli, root, "agent", "decision", "open", *place, *ours).document["decision_id"]

    def told(*words: str) -> dict[str, object]:
        found = json.loads(existing.run(root, "agent", "decision", *words, "--json"))
        assert isinstance(found, dict)
        return found

    # It finds our question under the same key, misses no event, and puts it off.
    again = told("open", *place, *ours)
    assert (again["decision_id"], again["idempotent"], again["event_lamport"]) == (one, True, None)
    two = str(told("open", *place, *theirs)["decision_id"])
    told("defer", one, "--mission", slug, "--rationale", "Later")
    listed = succeed(cli, root, "agent", "decision", "list", "--mission", slug).document
    assert {entry["decision_id"]: entry["status"] for entry in listed["decisions"]} == {
        one: "deferred",
        two: "open",
    }
    for decision in (one, two):
        answer = ("resolve", decision, "--final-answer", "text", "--mission", slug)
        succeed(cli, root, "agent", "decision", *answer)
    assert told("verify", "--mission", slug)["status"] == "clean"
    succeed(cli, root, "agent", "decision", "verify", "--mission", slug)
    # The place that each asked from is still what it was.
    entries = json.loads((mission / "decisions" / "index.json").read_bytes())["entries"]
    places = {entry["decision_id"]: (entry["slot_key"], entry["step_id"]) for entry in entries}
    assert places == {one: ("plan.storage", None), two: (None, "plan")}
