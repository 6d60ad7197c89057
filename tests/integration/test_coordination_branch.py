"""A mission whose status log is on a coordination branch, as the existing CLI makes them from `main`."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import git
from tests.integration.conftest import write
from tests.integration.seeded_missions import give_coordination, lanes_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

CLAUDE, CODEX = ("--agent", "claude"), ("--agent", "codex")
LOG = "status.events.jsonl"


@pytest.fixture
def coordinated(finalized_mission: Path) -> Path:
    """A finalised mission with two planned work packages and a coordination branch."""
    give_coordination(finalized_mission)
    return finalized_mission


def succeed(
    cli: Callable[..., Ran], cwd: Path, *words: str, env: dict[str, str] | None = None
) -> Ran:
    ran = cli(cwd, *words, "--json", env=env)
    assert ran.status == 0, ran.stdout + ran.stderr
    return ran


def board(cli: Callable[..., Ran], cwd: Path, env: dict[str, str] | None = None) -> dict[str, str]:
    return lanes_of(succeed(cli, cwd, "agent", "tasks", "status", env=env).document)


def tree_of(mission: Path) -> Path:
    return mission.parent.parent / ".worktrees" / f"{mission.name}-coord"


def log_of(mission: Path) -> Path:
    return tree_of(mission) / "kitty-specs" / mission.name / LOG


def approve(cli: Callable[..., Ran], root: Path, wp_id: str, name: str) -> None:
    taken = succeed(cli, root, "implement", wp_id, *CLAUDE).document
    lane = root / taken["workspace_path"]
    write(lane / name, "x = 1\n")
    git(lane, "add", "-A")
    git(lane, "commit", "-q", "-m", f"Write {name}")
    move = ("agent", "tasks", "move-task", wp_id)
    task = f"{wp_id}:T{wp_id[2:]:0>3}"
    succeed(cli, root, "agent", "tasks", "mark-status", task, "--status", "done", *CLAUDE)
    succeed(cli, root, *move, "--to", "for_review", *CLAUDE)
    succeed(cli, root, "agent", "action", "review", wp_id, *CODEX)
    succeed(cli, root, *move, "--to", "approved", *CODEX, "--note", "Well done.")


def test_the_log_is_written_there_and_read_from_everywhere(
    coordinated: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    root = coordinated.parent.parent
    before = (coordinated / LOG).read_bytes()
    head = git(root, "rev-parse", "HEAD")
    taken = succeed(cli, root, "implement", "WP01", *CLAUDE).document
    lane = root / taken["workspace_path"]
    expected = {"WP01": "in_progress", "WP02": "planned"}
    assert board(cli, root) == expected
    assert board(cli, lane) == expected
    assert board(cli, tree_of(coordinated)) == expected
    assert board(cli, tmp_path, {"SPECIFY_REPO_ROOT": str(root)}) == expected
    succeed(cli, lane, "agent", "tasks", "mark-status", "T001", "--status", "done", *CLAUDE)
    assert (coordinated / LOG).read_bytes() == before
    assert git(root, "rev-parse", "HEAD") == head
    assert '"to_lane": "in_progress"' in log_of(coordinated).read_text(encoding="utf-8")
    assert git(root, "status", "--porcelain") == ""
    assert git(tree_of(coordinated), "status", "--porcelain") == ""


def test_the_loop_asks_and_advances_by_that_log(coordinated: Path, cli: Callable[..., Ran]) -> None:
    root = coordinated.parent.parent
    step = succeed(cli, root, "next", *CLAUDE, "--result", "success").document
    assert (step["action"], step["wp_id"]) == ("implement", "WP01")
    assert succeed(cli, root, "next").document["progress"]["in_progress_wps"] == 1
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize("words", [("next",), ("agent", "tasks", "status"), ("mission", "show")])
def test_a_missing_worktree_is_made_by_the_first_command_that_needs_it(
    coordinated: Path, cli: Callable[..., Ran], words: tuple[str, ...]
) -> None:
    root = coordinated.parent.parent
    succeed(cli, root, "implement", "WP01", *CLAUDE)
    shutil.rmtree(tree_of(coordinated))
    succeed(cli, root, *words)
    assert log_of(coordinated).exists()
    assert board(cli, root)["WP01"] == "in_progress"


def test_a_missing_branch_is_an_error_that_says_where_to_get_it(
    coordinated: Path, cli: Callable[..., Ran]
) -> None:
    root = coordinated.parent.parent
    branch = json.loads((coordinated / "meta.json").read_bytes())["coordination_branch"]
    git(root, "worktree", "remove", "--force", str(tree_of(coordinated)))
    git(root, "branch", "-D", branch)
    refused = cli(root, "agent", "tasks", "status", "--json")
    assert refused.document["error_code"] == "COORDINATION_BRANCH_MISSING"
    assert branch in refused.document["fix"]
    assert cli(root, "mission", "list", "--json").status == 0


def test_a_worktree_that_was_switched_elsewhere_is_refused(
    coordinated: Path, cli: Callable[..., Ran]
) -> None:
    root = coordinated.parent.parent
    git(tree_of(coordinated), "switch", "-q", "-c", "elsewhere")
    refused = cli(root, "implement", "WP01", *CLAUDE, "--json")
    assert refused.document["error_code"] == "COORDINATION_WORKTREE_ASTRAY"


def test_reviews_are_kept_beside_the_log_and_the_next_prompt_has_them(
    coordinated: Path, cli: Callable[..., Ran]
) -> None:
    root = coordinated.parent.parent
    approve(cli, root, "WP01", "counter.py")
    review = log_of(coordinated).parent / "tasks" / "WP01-total" / "review-cycle-1.md"
    assert "Well done." in review.read_text(encoding="utf-8")
    assert not (coordinated / "tasks" / "WP01-total").exists()
    rows = log_of(coordinated).read_text(encoding="utf-8")
    assert f'"kitty-specs/{coordinated.name}/tasks/WP01-total/review-cycle-1.md"' in rows


def test_the_merge_brings_log_and_reviews_home_and_removes_what_was_apart(
    coordinated: Path, cli: Callable[..., Ran]
) -> None:
    root = coordinated.parent.parent
    ours = (coordinated / LOG).read_bytes()
    branch = json.loads((coordinated / "meta.json").read_bytes())["coordination_branch"]
    approve(cli, root, "WP01", "counter.py")
    approve(cli, root, "WP02", "door.py")
    theirs = log_of(coordinated).read_bytes()
    succeed(cli, root, "accept", "--actor", "claude")
    assert "accepted_at" in json.loads((coordinated / "meta.json").read_bytes())
    succeed(cli, root, "merge", "--actor", "claude")
    meta = json.loads((coordinated / "meta.json").read_bytes())
    assert meta["flattened"] is True
    assert not {"coordination_branch", "topology"} & set(meta)
    merged = (coordinated / LOG).read_bytes()
    assert merged.startswith(ours + theirs)
    assert board(cli, root) == {"WP01": "done", "WP02": "done"}
    assert (coordinated / "tasks" / "WP01-total" / "review-cycle-1.md").exists()
    assert not tree_of(coordinated).exists()
    assert branch not in git(root, "branch", "--format=%(refname:short)").splitlines()
    assert git(root, "status", "--porcelain") == ""
    assert succeed(cli, root, "agent", "status", "validate").document["valid"]


def test_a_merge_that_stopped_before_bringing_the_log_home_is_finished_by_the_next(
    coordinated: Path, cli: Callable[..., Ran]
) -> None:
    root = coordinated.parent.parent
    approve(cli, root, "WP01", "counter.py")
    approve(cli, root, "WP02", "door.py")
    # Nothing can be written beside meta.json: the log cannot come home.
    obstacle = coordinated / "status.json"
    obstacle.mkdir()
    assert cli(root, "merge", "--actor", "claude", "--json").status != 0
    obstacle.rmdir()
    # Somebody carried a row over by hand meanwhile: it must not be there twice.
    first = log_of(coordinated).read_text(encoding="utf-8").splitlines(keepends=True)[0]
    write(coordinated / LOG, (coordinated / LOG).read_text(encoding="utf-8") + first)
    succeed(cli, root, "merge", "--actor", "claude")
    rows = (coordinated / LOG).read_text(encoding="utf-8").splitlines()
    ids = [json.loads(row)["event_id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert board(cli, root) == {"WP01": "done", "WP02": "done"}
    assert git(root, "status", "--porcelain") == ""


def test_a_document_is_not_touched_while_the_main_checkout_has_conflicts(
    coordinated: Path, cli: Callable[..., Ran]
) -> None:
    root = coordinated.parent.parent
    spec = coordinated / "spec.md"
    text = spec.read_text(encoding="utf-8")
    write(spec, f"Stashed\n{text}")
    git(root, "stash", "-q")
    write(spec, f"Committed since\n{text}")
    git(root, "commit", "-q", "-a", "-m", "Since")
    assert cli(root, "agent", "tasks", "status").status == 0
    assert subprocess.run(["git", "stash", "pop"], cwd=root, capture_output=True).returncode
    (prompt,) = coordinated.glob("tasks/WP01*.md")
    before = prompt.stat().st_mtime_ns, git(root, "ls-files", "--stage")
    note = ("append-history", "--mission", coordinated.name, "--wp", "WP01", "--actor", "claude")
    refused = cli(root, "orchestrator-api", *note, "--note", "Found something.")
    assert refused.status == 1
    data = refused.document["data"]
    assert data["cause"] == "SAFE_COMMIT_OPERATION_IN_PROGRESS", data
    assert data["files"] == [spec.relative_to(root).as_posix()]
    # Not even written and put back.
    assert (prompt.stat().st_mtime_ns, git(root, "ls-files", "--stage")) == before
