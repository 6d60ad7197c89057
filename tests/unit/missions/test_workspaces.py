"""A lane's workspace: cut from the right base, never cut twice, never without its dependencies."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.git.worktrees import BranchInUse, WorktreePathTaken
from specify_cli.identity.project import Project
from specify_cli.missions.lanes import LanesMissing
from specify_cli.missions.work_packages import WorkPackageNotFound
from specify_cli.missions.workspaces import (
    DependencyLaneMergeConflict,
    LaneBranchMissing,
    TargetBranchMissing,
    ensure_workspace,
)
from specify_cli.status.lanes import Lane
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    BRANCH,
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """Two parallel work packages and one that builds on both."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    return make_project(root, {1: (), 2: (), 3: (1, 2)})


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    """A project of its own for each test."""
    return copy_project(template, tmp_path / "project")


def test_a_lane_starts_at_the_tip_of_the_target_branch(work: MissionAtWork) -> None:
    workspace = ensure_workspace(work.project, work.mission, "wp1")
    assert workspace.path == work.worktree("lane-a")
    assert workspace.branch == f"kitty/mission-{SLUG}-lane-a"
    assert workspace.lane_id == "lane-a"
    assert workspace.base_sha == work.tip(BRANCH) == work.tip(workspace.branch)
    assert workspace.created
    assert (workspace.path / "src" / "part1" / "keep.txt").is_file()
    assert work.clean()
    again = ensure_workspace(work.project, work.mission, "WP01")
    assert (again.path, again.base_sha, again.created) == (
        workspace.path,
        workspace.base_sha,
        False,
    )


def test_each_lane_has_a_worktree_of_its_own(work: MissionAtWork) -> None:
    first = ensure_workspace(work.project, work.mission, "WP01")
    second = ensure_workspace(work.project, work.mission, "WP02")
    assert first.path != second.path
    assert first.branch != second.branch


def test_a_dependent_lane_holds_the_work_of_all_lanes_it_builds_on(work: MissionAtWork) -> None:
    work.deliver("WP01", {"src/part1/a.txt": "a\n"})
    work.deliver("WP02", {"src/part2/b.txt": "b\n"})
    workspace = ensure_workspace(work.project, work.mission, "WP03")
    assert (workspace.path / "src/part1/a.txt").read_text(encoding="utf-8") == "a\n"
    assert (workspace.path / "src/part2/b.txt").read_text(encoding="utf-8") == "b\n"
    for branch in (BRANCH, work.branch("lane-a"), work.branch("lane-b")):
        git(work.root, "merge-base", "--is-ancestor", branch, workspace.base_sha)


def test_only_the_work_packages_own_dependencies_are_brought_in(repository: Path) -> None:
    # WP02 and WP03 share a lane; only WP03 builds on WP01.
    work = make_project(
        repository, {1: (), 2: (), 3: (1,)}, owns={2: ["src/part2/**"], 3: ["src/part2/x.txt"]}
    )
    work.start("WP01")
    work.commit("lane-a", {"src/part1/half.txt": "not approved yet\n"})
    workspace = ensure_workspace(work.project, work.mission, "WP02")
    assert workspace.lane_id == "lane-b"
    assert not (workspace.path / "src/part1/half.txt").exists()


def test_dependency_lanes_that_conflict_stop_the_start_and_leave_nothing_behind(
    work: MissionAtWork,
) -> None:
    work.deliver("WP01", {"src/shared.txt": "a\n"})
    work.deliver("WP02", {"src/shared.txt": "b\n"})
    with pytest.raises(DependencyLaneMergeConflict) as caught:
        ensure_workspace(work.project, work.mission, "WP03")
    assert caught.value.code == "DEPENDENCY_LANE_MERGE_CONFLICT"
    assert caught.value.details == {
        "lane_id": "lane-c",
        "dependency_lane": "lane-b",
        "into": [BRANCH, "lane-a"],
        "files": ["src/shared.txt"],
    }
    assert not work.worktree("lane-c").exists()
    assert git(work.root, "branch", "--list", work.branch("lane-c")) == ""

    # What the fix says works.
    git(work.worktree("lane-b"), "merge", "-q", "-X", "ours", work.branch("lane-a"))
    assert ensure_workspace(work.project, work.mission, "WP03").created


def test_newer_work_of_a_dependency_is_brought_in_on_the_way_back(work: MissionAtWork) -> None:
    work.deliver("WP01")
    work.deliver("WP02")
    work.start("WP03")
    mine = work.commit("lane-c", {"src/part3/mine.txt": "mine\n"})
    newer = work.commit("lane-a", {"src/part1/newer.txt": "newer\n"})
    workspace = ensure_workspace(work.project, work.mission, "WP03")
    assert workspace.stale == ()
    assert (workspace.path / "src/part1/newer.txt").is_file()
    for commit in (mine, newer):
        git(work.root, "merge-base", "--is-ancestor", commit, workspace.base_sha)
    assert git(workspace.path, "status", "--porcelain") == ""


def test_newer_work_waits_while_the_worktree_has_uncommitted_files(work: MissionAtWork) -> None:
    work.deliver("WP01")
    work.deliver("WP02")
    work.start("WP03")
    work.commit("lane-a", {"src/part1/newer.txt": "newer\n"})
    tree = work.worktree("lane-c")
    (tree / "draft.txt").write_text("precious\n", encoding="utf-8")
    tip = work.tip(work.branch("lane-c"))
    workspace = ensure_workspace(work.project, work.mission, "WP03")
    assert workspace.base_sha == tip == work.tip(work.branch("lane-c"))
    assert "lane-a has newer work" in workspace.stale[0]
    assert (tree / "draft.txt").read_text(encoding="utf-8") == "precious\n"


def test_newer_work_that_conflicts_is_reported_and_left_out(work: MissionAtWork) -> None:
    work.deliver("WP01", {"src/part1/a.txt": "1\n"})
    work.deliver("WP02")
    work.start("WP03")
    tip = work.commit("lane-c", {"src/part1/a.txt": "mine\n"})
    work.commit("lane-a", {"src/part1/a.txt": "2\n"})
    work.commit("lane-b", {"src/part2/new.txt": "b\n"})
    workspace = ensure_workspace(work.project, work.mission, "WP03")
    assert len(workspace.stale) == 1
    assert "src/part1/a.txt" in workspace.stale[0]
    assert f"git merge {work.branch('lane-a')}" in workspace.stale[0]
    assert (workspace.path / "src/part2/new.txt").is_file()
    assert workspace.base_sha != tip


def test_a_reviewer_gets_the_lane_as_it_is(work: MissionAtWork) -> None:
    work.deliver("WP01")
    work.deliver("WP02")
    work.start("WP03")
    work.commit("lane-a", {"src/part1/newer.txt": "newer\n"})
    workspace = ensure_workspace(work.project, work.mission, "WP03", refresh=False)
    assert not (workspace.path / "src/part1/newer.txt").exists()


def test_a_worktree_that_was_deleted_is_made_again_with_its_commits(work: MissionAtWork) -> None:
    work.start("WP01")
    tip = work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    shutil.rmtree(work.worktree("lane-a"))
    workspace = ensure_workspace(work.project, work.mission, "WP01")
    assert (workspace.created, workspace.base_sha) == (True, tip)
    assert (workspace.path / "src/part1/a.txt").is_file()


def test_a_worktree_that_the_user_moved_is_found(work: MissionAtWork, tmp_path: Path) -> None:
    work.start("WP01")
    git(work.root, "worktree", "move", str(work.worktree("lane-a")), str(tmp_path / "moved"))
    workspace = ensure_workspace(work.project, work.mission, "WP01")
    assert (workspace.path, workspace.created) == (tmp_path / "moved", False)


def test_a_lane_branch_that_is_gone_is_an_error_and_is_not_cut_again(work: MissionAtWork) -> None:
    work.start("WP01")
    tip = work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.hand_off("WP01")
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    git(work.root, "branch", "-D", work.branch("lane-a"))
    with pytest.raises(LaneBranchMissing) as caught:
        ensure_workspace(work.project, work.mission, "WP01")
    assert caught.value.code == "LANE_BRANCH_MISSING"
    assert caught.value.details["last_known_commit"] == tip
    assert git(work.root, "branch", "--list", work.branch("lane-a")) == ""

    git(work.root, *caught.value.fix.split(" ")[1:])
    assert ensure_workspace(work.project, work.mission, "WP01").base_sha == tip


def test_a_missing_branch_of_another_clone_is_to_be_fetched(
    work: MissionAtWork, tmp_path: Path
) -> None:
    work.start("WP01")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.hand_off("WP01")
    git(tmp_path, "clone", "-q", "--single-branch", work.root.as_uri(), "clone")
    clone = tmp_path / "clone"
    project = Project(clone, open_repository(clone))
    there = MissionAtWork(clone, project)
    with pytest.raises(LaneBranchMissing) as caught:
        ensure_workspace(project, there.mission, "WP01")
    assert "git fetch <remote>" in caught.value.fix


def test_a_dependency_lane_that_is_gone_is_an_error_unless_its_work_is_done(
    work: MissionAtWork,
) -> None:
    work.deliver("WP01")
    work.deliver("WP02")
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    git(work.root, "branch", "-D", work.branch("lane-a"))
    with pytest.raises(LaneBranchMissing, match="lane-a"):
        ensure_workspace(work.project, work.mission, "WP03")
    work.move("WP01", Lane.DONE)
    assert ensure_workspace(work.project, work.mission, "WP03").created


def test_a_forced_claim_without_a_branch_does_not_count_as_lost_work(work: MissionAtWork) -> None:
    work.move("WP01", Lane.CLAIMED)
    assert ensure_workspace(work.project, work.mission, "WP01").created


def test_planning_work_happens_in_the_main_checkout(repository: Path) -> None:
    work = make_project(repository, {1: ()}, modes={1: "planning_artifact"})
    workspace = ensure_workspace(work.project, work.mission, "WP01")
    assert (workspace.path, workspace.branch) == (work.root, BRANCH)
    assert workspace.lane_id == "lane-planning"
    assert not workspace.created
    assert not (work.root / ".worktrees").exists()


def test_the_workspace_is_the_same_from_inside_another_worktree(work: MissionAtWork) -> None:
    first = ensure_workspace(work.project, work.mission, "WP01")
    inside = Project(work.root, open_repository(first.path / "src"))
    second = ensure_workspace(inside, work.mission, "WP02")
    assert second.path == work.worktree("lane-b")
    assert ensure_workspace(inside, work.mission, "WP01").path == first.path


def test_a_folder_of_the_users_is_not_overwritten(work: MissionAtWork) -> None:
    work.worktree("lane-a").mkdir(parents=True)
    (work.worktree("lane-a") / "mine.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(WorktreePathTaken):
        ensure_workspace(work.project, work.mission, "WP01")
    assert git(work.root, "branch", "--list", work.branch("lane-a")) == ""


def test_a_lane_branch_checked_out_in_the_main_checkout_is_used_by_nobody_else(
    work: MissionAtWork,
) -> None:
    ensure_workspace(work.project, work.mission, "WP01")
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    git(work.root, "switch", "-q", work.branch("lane-a"))
    with pytest.raises(BranchInUse):
        ensure_workspace(work.project, work.mission, "WP01")


def test_what_is_missing_is_named(work: MissionAtWork) -> None:
    with pytest.raises(WorkPackageNotFound):
        ensure_workspace(work.project, work.mission, "WP99")
    git(work.root, "switch", "-q", "main")
    git(work.root, "restore", "--source", BRANCH, "--", ".")
    git(work.root, "branch", "-D", BRANCH)
    with pytest.raises(TargetBranchMissing):
        ensure_workspace(work.project, work.mission, "WP01")
    (work.mission.directory / "lanes.json").unlink()
    with pytest.raises(LanesMissing):
        ensure_workspace(work.project, work.mission, "WP01")
