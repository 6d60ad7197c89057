"""Moving work packages by hand: never less than what the loop does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.feedback import FeedbackFileMissing, read_feedback
from specify_cli.missions.implementation import HandOffIncomplete
from specify_cli.missions.moves import Move, move_work_package
from specify_cli.missions.review import ReviewFeedbackRequired
from specify_cli.missions.work_packages import WorkPackageNotFound
from specify_cli.status.lanes import UnknownLane
from specify_cli.status.transitions import TransitionRejected
from tests.conftest import git
from tests.unit.missions.lane_missions import MissionAtWork, make_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(repository: Path) -> MissionAtWork:
    return make_project(repository, {1: (), 2: (1,)})


def move(work: MissionAtWork, to: str, actor: str = "ada", **options: object) -> Move:
    return move_work_package(work.project, work.mission, "WP01", to, actor=actor, **options)  # type: ignore[arg-type]


def test_a_work_package_goes_through_all_lanes_by_hand(work: MissionAtWork) -> None:
    taken = move(work, "doing")
    assert (taken.from_lane, taken.to_lane, len(taken.event_ids)) == ("planned", "in_progress", 3)
    assert work.worktree("lane-a").is_dir()
    work.commit("lane-a", {"src/part1/made.txt": "made\n"})
    work.finish_subtasks("WP01")
    assert move(work, "for_review").to_lane == "for_review"
    assert move(work, "in_review", "bob").to_lane == "in_review"
    assert move(work, "approved", "bob").to_lane == "approved"
    assert work.clean()


def test_all_rows_of_one_move_are_one_commit_that_says_what_moved(work: MissionAtWork) -> None:
    before = work.tip("HEAD")
    moved = move(work, "in_progress")
    assert moved.commit == work.tip("HEAD")
    assert work.tip("HEAD^") == before
    subject = git(work.root, "log", "-1", "--format=%s")
    assert subject.startswith("WP01 in_progress")


def test_moving_to_where_it_is_records_nothing(work: MissionAtWork) -> None:
    move(work, "in_progress")
    again = move(work, "in_progress")
    assert (again.event_ids, again.commit) == ((), None)
    assert "already" in again.to_text()


def test_a_hand_off_by_hand_has_the_same_guards(work: MissionAtWork) -> None:
    move(work, "in_progress")
    with pytest.raises(HandOffIncomplete) as caught:
        move(work, "for_review")
    assert caught.value.failures
    assert work.lane("WP01") == "in_progress"


@pytest.mark.parametrize("lane", ["in_progress", "planned"])
def test_sending_back_needs_feedback_and_goes_where_it_is_asked_to(
    work: MissionAtWork, lane: str
) -> None:
    move(work, "in_progress")
    work.commit("lane-a", {"src/part1/made.txt": "made\n"})
    work.finish_subtasks("WP01")
    move(work, "for_review")
    move(work, "in_review", "bob")
    with pytest.raises(ReviewFeedbackRequired):
        move(work, lane, "bob")
    assert move(work, lane, "bob", feedback="Handle zero.").to_lane == lane
    (review,) = (work.mission.directory / "tasks").glob("WP01*/review-cycle-1.md")
    assert "Handle zero." in review.read_text(encoding="utf-8")


def test_approved_work_that_turns_out_wrong_is_sent_back_with_feedback(work: MissionAtWork) -> None:
    work.deliver("WP01", {"src/part1/made.txt": "made\n"})
    assert move(work, "in_progress", "rob", feedback="It breaks on zero.").from_lane == "approved"
    assert work.lane("WP01") == "in_progress"


def test_a_block_and_its_end_need_nothing_else(work: MissionAtWork) -> None:
    move(work, "in_progress")
    assert move(work, "blocked", note="waits for the server").to_lane == "blocked"
    assert move(work, "in_progress").to_lane == "in_progress"


def test_a_move_that_is_no_edge_is_refused_and_force_records_why(work: MissionAtWork) -> None:
    with pytest.raises(TransitionRejected):
        move(work, "approved")
    with pytest.raises(TransitionRejected):
        move(work, "approved", force=True)
    forced = move(work, "canceled", force=True, note="not needed any more")
    assert forced.to_lane == "canceled"
    row = work.rows()[-1]
    assert (row["force"], row["reason"]) == (True, "not needed any more")


def test_unknown_lanes_and_work_packages_are_refused(work: MissionAtWork) -> None:
    with pytest.raises(UnknownLane):
        move(work, "bogus")
    with pytest.raises(WorkPackageNotFound):
        move_work_package(work.project, work.mission, "WP77", "claimed", actor="ada")


def test_a_feedback_file_is_read_or_named_as_missing(tmp_path: Path) -> None:
    (tmp_path / "feedback.md").write_text("Handle zero.\n", encoding="utf-8")
    assert read_feedback(tmp_path / "feedback.md") == "Handle zero.\n"
    assert read_feedback(None) is None
    with pytest.raises(FeedbackFileMissing, match=r"nope\.md"):
        read_feedback(tmp_path / "nope.md")
