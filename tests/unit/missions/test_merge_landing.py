"""Landing on another branch: the same safety, whether it is checked out somewhere or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.merge_preflight import MergeConflict, PreflightFailed
from specify_cli.missions.workspaces import TargetBranchMissing
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    BRANCH,
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.missions.mission_files import SLUG
from tests.unit.missions.test_merge import files, merge, state

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """A finished mission of two work packages."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    work = make_project(root, {1: (), 2: ()})
    work.deliver("WP01")
    work.deliver("WP02")
    return work


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    """A project of its own for each test."""
    return copy_project(template, tmp_path / "project")


def advance_main(work: MissionAtWork, name: str, text: str) -> str:
    git(work.root, "switch", "-q", "main")
    (work.root / name).write_text(text, encoding="utf-8")
    git(work.root, "add", name)
    git(work.root, "commit", "-q", "-m", "On main")
    git(work.root, "switch", "-q", BRANCH)
    return work.tip("main")


def test_a_branch_that_is_checked_out_nowhere_gets_everything(work: MissionAtWork) -> None:
    old = advance_main(work, "other.txt", "main's own\n")
    report = merge(work, target="main")
    assert report.landed_commit == work.tip("main")
    assert git(work.root, "log", "-1", "--format=%P", "main").split() == [old, work.tip(BRANCH)]
    there = files(work, "main")
    assert {"other.txt", "src/part1/work.txt", f"kitty-specs/{SLUG}/status.events.jsonl"} <= there
    log = git(work.root, "show", f"main:kitty-specs/{SLUG}/status.events.jsonl")
    assert "MissionClosed" in log
    assert work.clean()
    assert not (work.root / "other.txt").exists()


def test_a_squash_lands_as_one_commit_and_only_once(work: MissionAtWork) -> None:
    old = work.tip("main")
    report = merge(work, target="main", strategy="squash")
    assert git(work.root, "rev-list", f"{old}..main").split() == [report.landed_commit]
    assert files(work, "main") == files(work, BRANCH)
    again = merge(work, target="main", strategy="squash")
    assert again.landing is not None
    assert again.landing.outcome == "landed"
    assert work.tip("main") == report.landed_commit


def test_landing_can_follow_later(work: MissionAtWork) -> None:
    merge(work)
    report = merge(work, target="main")
    assert report.landed_commit == work.tip("main")
    assert (report.bookkeeping_commit, report.mission_number) == (None, 1)
    assert merge(work, target="main").landed_commit == report.landed_commit


def test_naming_the_missions_own_branch_is_no_landing(work: MissionAtWork) -> None:
    assert merge(work, target=BRANCH).landing is None


def test_a_branch_checked_out_elsewhere_moves_with_its_files(
    work: MissionAtWork, tmp_path: Path
) -> None:
    tree = tmp_path / "main tree"
    git(work.root, "worktree", "add", "-q", str(tree), "main")
    (tree / "untouched.txt").write_text("mine\n", encoding="utf-8")
    merge(work, target="main")
    assert (tree / "src/part1/work.txt").is_file()
    assert git(tree, "status", "--porcelain") == "?? untouched.txt"


@pytest.mark.parametrize("name", ["src/part1/work.txt", "README.md"])
def test_local_files_there_that_would_be_overwritten_stop_everything(
    work: MissionAtWork, tmp_path: Path, name: str
) -> None:
    work.commit("lane-a", {"README.md": "from the lane\n"})
    tree = tmp_path / "main tree"
    git(work.root, "worktree", "add", "-q", str(tree), "main")
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("precious\n", encoding="utf-8")
    before = state(work)
    with pytest.raises(PreflightFailed) as caught:
        merge(work, target="main", allow_unreviewed=True)
    assert caught.value.details["worktrees"] == [
        {
            "worktree": "main tree",
            "files": [name],
            "problem": "has files that the merge into main would overwrite",
        }
    ]
    # The mission's own branch has not moved either.
    assert state(work) == before
    assert path.read_text(encoding="utf-8") == "precious\n"


def test_a_conflict_there_stops_everything(work: MissionAtWork) -> None:
    work.commit("lane-a", {"README.md": "from the lane\n"})
    advance_main(work, "README.md", "main's\n")
    before = state(work)
    with pytest.raises(MergeConflict) as caught:
        merge(work, target="main", allow_unreviewed=True)
    assert caught.value.details["conflicts"] == [
        {"branch": BRANCH, "with": ["main"], "files": ["README.md"]}
    ]
    assert state(work) == before
    report = merge(work, target="main", dry_run=True, allow_unreviewed=True)
    assert report.landing is not None
    assert (report.landing.outcome, report.landing.conflicts) == ("conflict", ("README.md",))
    assert [error.code for error in report.blockers] == ["MERGE_CONFLICT"]


def test_a_branch_that_does_not_exist_is_named(work: MissionAtWork) -> None:
    before = state(work)
    with pytest.raises(TargetBranchMissing) as caught:
        merge(work, target="trunk")
    assert "git branch trunk" in caught.value.fix
    assert state(work) == before


def test_a_repository_that_began_with_the_mission_is_told_how_to_get_main(
    work: MissionAtWork,
) -> None:
    git(work.root, "branch", "-D", "main")
    with pytest.raises(TargetBranchMissing) as caught:
        merge(work, target="main")
    command = caught.value.fix.partition(": ")[2]
    assert merge(work, dry_run=True).warnings[-1].endswith(f"git branch main {BRANCH}")
    git(work.root, *command.split()[1:])
    merge(work, target="main")
    assert git(work.root, "show", "main:src/part1/work.txt")
