"""Taking up a work package and handing it off: who, when, and only with real work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project
from specify_cli.missions.implementation import (
    HandOffIncomplete,
    hand_off,
    handoff_problems,
    start_implementation,
)
from specify_cli.missions.mission import mission_log
from specify_cli.missions.subtasks import mark_subtasks
from specify_cli.missions.taking_up import DependenciesNotSatisfied, LaneBusy, WorkPackageClaimed
from specify_cli.missions.workspaces import LaneBranchMissing
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRejected, TransitionRequest
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


@pytest.fixture
def shared(repository: Path) -> MissionAtWork:
    """Two work packages that share a lane."""
    return make_project(repository, {1: (), 2: ()}, owns={1: ["src/**"], 2: ["src/part2/**"]})


def looked_for(work: MissionAtWork, wp_id: str = "WP01") -> list[str]:
    return [f.looked_for for f in handoff_problems(work.project, work.mission, wp_id)]


def test_starting_claims_and_begins_in_one_commit_as_the_given_actor(work: MissionAtWork) -> None:
    commits = int(git(work.root, "rev-list", "--count", BRANCH))
    started = work.start("wp1", actor="claude")
    assert (started.wp_id, started.from_lane, started.to_lane) == (
        "WP01",
        Lane.PLANNED,
        Lane.IN_PROGRESS,
    )
    assert not started.no_op
    rows = [row for row in work.rows() if row.get("wp_id") == "WP01"][-3:]
    assert [(row.get("from_lane"), row.get("to_lane")) for row in rows] == [
        ("planned", "claimed"),
        ("claimed", "in_progress"),
        (None, None),
    ]
    assert {row["actor"] for row in rows} == {"claude"}
    assert rows[2]["delta"] == {"base_commit": started.workspace.base_sha}
    assert work.board.work_packages["WP01"].implementer == "claude"
    assert int(git(work.root, "rev-list", "--count", BRANCH)) == commits + 1
    assert work.clean()


def test_doing_it_again_as_the_same_actor_records_nothing(work: MissionAtWork) -> None:
    first = work.start("WP01", actor="claude")
    rows, tip = len(work.rows()), work.tip(BRANCH)
    again = work.start("WP01", actor="claude")
    assert again.no_op
    assert (again.workspace.path, again.to_lane) == (first.workspace.path, Lane.IN_PROGRESS)
    assert (len(work.rows()), work.tip(BRANCH)) == (rows, tip)


def test_another_actor_is_refused(work: MissionAtWork) -> None:
    work.start("WP01", actor="claude")
    with pytest.raises(WorkPackageClaimed) as caught:
        work.start("WP01", actor="codex")
    assert caught.value.code == "WP_ALREADY_CLAIMED"
    assert caught.value.details["claimed_by"] == "claude"
    assert caught.value.details["requesting_actor"] == "codex"


def test_a_claim_without_a_start_is_gone_on_with(work: MissionAtWork) -> None:
    with MissionStatus.change(mission_log(work.project, work.mission), message="Claim") as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
    with pytest.raises(WorkPackageClaimed):
        work.start("WP01", actor="codex")
    started = work.start("WP01", actor="claude")
    assert (started.from_lane, started.no_op) == (Lane.CLAIMED, False)
    assert work.lane("WP01") == "in_progress"


def test_work_that_builds_on_unapproved_work_cannot_start(work: MissionAtWork) -> None:
    work.deliver("WP01")
    work.start("WP02", actor="bob")
    with pytest.raises(DependenciesNotSatisfied) as caught:
        work.start("WP03")
    assert caught.value.code == "DEPENDENCIES_NOT_SATISFIED"
    assert caught.value.details["unsatisfied_dependencies"] == ["WP02"]
    assert not work.worktree("lane-c").exists()
    assert work.lane("WP03") == "planned"


@pytest.mark.parametrize("lane", [Lane.FOR_REVIEW, Lane.APPROVED, Lane.DONE, Lane.CANCELED])
def test_work_that_is_past_its_start_is_refused_and_no_branch_is_made(
    work: MissionAtWork, lane: Lane
) -> None:
    work.move("WP01", lane)
    with pytest.raises(TransitionRejected) as caught:
        work.start("WP01")
    assert git(work.root, "branch", "--list", work.branch("lane-a")) == ""
    # `implement` takes no --force: whoever is refused is told the command that does.
    other = "agent action review" if lane is Lane.FOR_REVIEW else "agent tasks move-task"
    assert f"spec-kitty {other} WP01 " in caught.value.fix


def test_a_lane_is_worked_on_by_one_actor_at_a_time(shared: MissionAtWork) -> None:
    shared.start("WP01", actor="claude")
    with pytest.raises(LaneBusy) as caught:
        shared.start("WP02", actor="codex")
    assert caught.value.details["busy_with"] == "WP01"
    shared.commit("lane-a", {"src/part1/a.txt": "a\n"})
    shared.hand_off("WP01", actor="claude")
    assert shared.start("WP02", actor="codex").to_lane is Lane.IN_PROGRESS


def test_several_rows_of_one_command_land_in_the_change_it_joins(work: MissionAtWork) -> None:
    log = mission_log(work.project, work.mission)
    commits = int(git(work.root, "rev-list", "--count", BRANCH))
    with MissionStatus.change(log, message="One command") as change:
        for wp_id in ("WP01", "WP02"):
            start_implementation(work.project, work.mission, wp_id, actor="ada", change=change)
    assert int(git(work.root, "rev-list", "--count", BRANCH)) == commits + 1
    assert (work.lane("WP01"), work.lane("WP02")) == ("in_progress", "in_progress")


def test_policy_metadata_is_recorded_with_the_claim(work: MissionAtWork) -> None:
    start_implementation(
        work.project, work.mission, "WP01", actor="ada", policy_metadata={"orchestrator_id": "o"}
    )
    rows = [row for row in work.rows() if row.get("to_lane") in ("claimed", "in_progress")]
    assert [row["policy_metadata"] for row in rows] == [{"orchestrator_id": "o"}] * 2


def test_handing_off_records_the_commit_to_be_reviewed(work: MissionAtWork) -> None:
    work.start("WP01")
    tip = work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.finish_subtasks("WP01")
    handed = hand_off(work.project, work.mission, "WP01", actor="ada")
    assert (handed.to_lane, handed.commit, handed.no_op) == (Lane.FOR_REVIEW, tip, False)
    assert work.board.work_packages["WP01"].notes["head_commit"] == tip
    again = hand_off(work.project, work.mission, "WP01", actor="ada")
    assert (again.commit, again.no_op) == (tip, True)


def test_nothing_done_is_not_ready_and_every_reason_is_given(work: MissionAtWork) -> None:
    work.start("WP01")
    (work.worktree("lane-a") / "src/part1/new.txt").write_text("x\n", encoding="utf-8")
    (work.worktree("lane-a") / "src/part1/keep.txt").write_text("changed\n", encoding="utf-8")
    with pytest.raises(HandOffIncomplete) as caught:
        hand_off(work.project, work.mission, "WP01", actor="ada")
    failures = caught.value.details["guard_failures"]
    assert isinstance(failures, list)
    assert failures == [f.to_json() for f in handoff_problems(work.project, work.mission, "WP01")]
    dirty, commit, first, second = handoff_problems(work.project, work.mission, "WP01")
    assert dirty.file == f".worktrees/{SLUG}-lane-a"
    assert dirty.found == "uncommitted: src/part1/keep.txt, src/part1/new.txt"
    assert commit.looked_for == f"a commit of WP01 on {work.branch('lane-a')}"
    assert first.file == f"kitty-specs/{SLUG}/tasks/WP01-part.md"
    assert "mark-status WP01:T011 --status done" in first.fix
    assert "T012" in second.looked_for
    assert work.lane("WP01") == "in_progress"


def test_a_commit_that_changes_nothing_is_no_work(work: MissionAtWork) -> None:
    work.start("WP01")
    work.finish_subtasks("WP01")
    git(work.worktree("lane-a"), "commit", "-q", "--allow-empty", "-m", "Pretend")
    assert looked_for(work) == [f"a commit of WP01 on {work.branch('lane-a')}"]


def test_what_came_from_other_branches_is_no_work_of_its_own(work: MissionAtWork) -> None:
    work.deliver("WP01")
    work.deliver("WP02")
    work.start("WP03")
    work.finish_subtasks("WP03")
    newer = work.commit("lane-a", {"src/part1/newer.txt": "newer\n"})
    work.start("WP03")
    git(work.root, "merge-base", "--is-ancestor", newer, work.branch("lane-c"))
    (work.root / "user.txt").write_text("x\n", encoding="utf-8")
    git(work.root, "add", "user.txt")
    git(work.root, "commit", "-q", "-m", "The user's own")
    git(work.worktree("lane-c"), "merge", "-q", "--no-edit", BRANCH)
    assert looked_for(work, "WP03") == [f"a commit of WP03 on {work.branch('lane-c')}"]
    work.commit("lane-c", {"src/part3/mine.txt": "mine\n"})
    assert looked_for(work, "WP03") == []


def test_the_work_of_the_lanes_first_package_does_not_count_for_the_second(
    shared: MissionAtWork,
) -> None:
    shared.deliver("WP01", {"src/part1/a.txt": "a\n"})
    shared.start("WP02")
    shared.finish_subtasks("WP02")
    assert looked_for(shared, "WP02") == [f"a commit of WP02 on {shared.branch('lane-a')}"]
    shared.commit("lane-a", {"src/part2/b.txt": "b\n"})
    assert looked_for(shared, "WP02") == []


def test_work_on_another_branch_of_the_worktree_is_noticed(work: MissionAtWork) -> None:
    work.start("WP01")
    work.finish_subtasks("WP01")
    git(work.worktree("lane-a"), "switch", "-q", "-c", "my-own")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    astray, missing = handoff_problems(work.project, work.mission, "WP01")
    assert astray.found == "branch my-own"
    assert missing.looked_for.startswith("a commit of WP01")
    git(work.worktree("lane-a"), "switch", "-q", "--detach")
    assert handoff_problems(work.project, work.mission, "WP01")[0].found == "a detached HEAD"


def test_a_worktree_that_is_gone_has_nothing_uncommitted(work: MissionAtWork) -> None:
    work.start("WP01")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.finish_subtasks("WP01")
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    assert looked_for(work) == []


def test_a_branch_that_is_gone_is_an_error(work: MissionAtWork) -> None:
    work.start("WP01")
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    git(work.root, "branch", "-D", work.branch("lane-a"))
    with pytest.raises(LaneBranchMissing):
        handoff_problems(work.project, work.mission, "WP01")


@pytest.mark.parametrize("name", ["status.events.jsonl", "status.json", "meta.json", "lanes.json"])
def test_a_lane_that_changes_the_programs_own_files_is_refused(
    work: MissionAtWork, name: str
) -> None:
    work.start("WP01")
    work.finish_subtasks("WP01")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    file = f"kitty-specs/{SLUG}/{name}"
    path = work.worktree("lane-a") / file
    before = path.read_text(encoding="utf-8")
    work.commit("lane-a", {file: before + "\n"}, "Meddle")
    (failure,) = handoff_problems(work.project, work.mission, "WP01")
    assert failure.file == file
    work.commit("lane-a", {file: before}, "Undo")
    assert looked_for(work) == []


def test_another_missions_log_and_stored_reviews_are_out_of_bounds_too(
    work: MissionAtWork,
) -> None:
    work.start("WP01")
    work.finish_subtasks("WP01")
    forged = f"kitty-specs/{SLUG}/tasks/WP01-part/review-cycle-1.md"
    work.commit(
        "lane-a",
        {"src/part1/a.txt": "a\n", "kitty-specs/other/status.json": "{}\n", forged: "fine\n"},
    )
    found = handoff_problems(work.project, work.mission, "WP01")
    assert {failure.file for failure in found} == {"kitty-specs/other/status.json", forged}


def test_bookkeeping_alone_is_no_work(work: MissionAtWork) -> None:
    work.start("WP01")
    work.finish_subtasks("WP01")
    work.commit("lane-a", {"kitty-specs/other/status.json": "{}\n"})
    assert f"a commit of WP01 on {work.branch('lane-a')}" in looked_for(work)


def test_documents_of_the_mission_may_be_written_in_a_lane(work: MissionAtWork) -> None:
    work.start("WP01")
    work.finish_subtasks("WP01")
    work.commit("lane-a", {f"kitty-specs/{SLUG}/quickstart.md": "How to start\n"})
    assert looked_for(work) == []


def test_a_subtask_that_is_taken_back_is_open_again(work: MissionAtWork) -> None:
    work.start("WP01")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.finish_subtasks("WP01")
    mark_subtasks(work.project, work.mission, ["T012"], "pending", "ada")
    assert looked_for(work) == ["subtask T012 marked as done"]


def test_only_the_implementer_hands_off(work: MissionAtWork) -> None:
    work.start("WP01", actor="claude")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.finish_subtasks("WP01")
    with pytest.raises(WorkPackageClaimed):
        hand_off(work.project, work.mission, "WP01", actor="codex")


def test_work_that_has_not_begun_cannot_be_handed_off(work: MissionAtWork) -> None:
    with pytest.raises(TransitionRejected):
        hand_off(work.project, work.mission, "WP01", actor="ada")


def test_rejected_work_goes_on_with_its_implementer_and_needs_a_new_commit(
    work: MissionAtWork,
) -> None:
    work.start("WP01", actor="claude")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.hand_off("WP01", actor="claude")
    work.review("WP01", "changes_requested", "Name it better.")
    assert work.lane("WP01") == "in_progress"
    started = work.start("WP01", actor="claude")
    assert started.no_op
    (failure,) = handoff_problems(work.project, work.mission, "WP01")
    assert "after the review" in failure.looked_for
    work.commit("lane-a", {"src/part1/a.txt": "better\n"})
    hand_off(work.project, work.mission, "WP01", actor="claude")
    assert work.lane("WP01") == "for_review"


def test_work_sent_back_to_planned_can_be_taken_up_by_somebody_else(work: MissionAtWork) -> None:
    base = work.start("WP01", actor="claude").workspace.base_sha
    first = work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.hand_off("WP01", actor="claude")
    work.review("WP01", "changes_requested", "Start over.", to_lane=Lane.PLANNED)
    started = work.start("WP01", actor="codex")
    assert (started.from_lane, started.no_op) == (Lane.PLANNED, False)
    assert started.workspace.base_sha == first
    # The review has to see the first attempt too.
    assert work.board.work_packages["WP01"].notes["base_commit"] == base
    assert work.board.work_packages["WP01"].implementer == "codex"


def test_planning_work_is_done_and_checked_in_the_main_checkout(repository: Path) -> None:
    work = make_project(repository, {1: ()}, modes={1: "planning_artifact"}, owns={1: ["docs/**"]})
    work.start("WP01")
    work.finish_subtasks("WP01")
    rows = [row for row in work.rows() if row.get("to_lane") == "in_progress"]
    assert rows[0]["execution_mode"] == "direct_repo"
    (work.root / "docs").mkdir()
    (work.root / "docs" / "plan.md").write_text("plan\n", encoding="utf-8")
    (work.root / "users-own.txt").write_text("not part of it\n", encoding="utf-8")
    dirty, none = handoff_problems(work.project, work.mission, "WP01")
    assert dirty.found == "uncommitted: docs/plan.md"
    assert none.looked_for == f"a commit of WP01 on {BRANCH}"
    git(work.root, "add", "docs")
    git(work.root, "commit", "-q", "-m", "WP01: plan")
    hand_off(work.project, work.mission, "WP01", actor="ada")
    assert work.lane("WP01") == "for_review"


def test_a_lane_of_the_existing_cli_without_recorded_base_is_judged_by_its_own_commits(
    work: MissionAtWork,
) -> None:
    git(work.root, "branch", work.branch("lane-a"), BRANCH)
    work.move("WP01", Lane.IN_PROGRESS)
    log = mission_log(work.project, work.mission)
    with MissionStatus.change(log, message="Tick") as change:
        change.annotate("WP01", "boss", {"subtasks": {"T011": "done", "T012": "done"}})
    assert looked_for(work) == [f"a commit of WP01 on {work.branch('lane-a')}"]
    git(work.root, "worktree", "add", "-q", str(work.worktree("lane-a")), work.branch("lane-a"))
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    assert looked_for(work) == []


def test_work_can_be_handed_off_from_inside_the_lane(work: MissionAtWork) -> None:
    work.start("WP01")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.finish_subtasks("WP01")
    inside = Project(work.root, open_repository(work.worktree("lane-a")))
    hand_off(inside, work.mission, "WP01", actor="ada")
    assert work.lane("WP01") == "for_review"
    assert git(work.worktree("lane-a"), "status", "--porcelain") == ""
