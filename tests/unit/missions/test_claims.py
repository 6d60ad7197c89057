"""Who may take a work package up, on every way into a lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.board import is_self_review, mission_board
from specify_cli.missions.emit import Emitted, emit_transition
from specify_cli.missions.moves import Move, move_work_package
from specify_cli.missions.review import record_verdict, start_review
from specify_cli.missions.taking_up import DependenciesNotSatisfied, WorkPackageClaimed
from specify_cli.next import advance
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import TransitionRejected
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERDICT = {"reviewer": "rob", "verdict": "approved", "reference": "review-1"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """Three work packages; the second builds on the first."""
    root = fresh_repository(tmp_path_factory.mktemp("claims") / "project")
    return make_project(root, {1: (), 2: (1,), 3: ()})


@pytest.fixture(scope="module")
def handed_off(template: MissionAtWork, tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """The same, with the first work package waiting for review."""
    work = copy_project(template, tmp_path_factory.mktemp("handed") / "project")
    work.start("WP01")
    work.commit("lane-a", {"src/part1/work.txt": "WP01\n"})
    work.hand_off("WP01")
    return work


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


@pytest.fixture
def reviewable(handed_off: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(handed_off, tmp_path / "project")


def emit(work: MissionAtWork, wp_id: str, to: str, actor: str, **options: object) -> Emitted:
    return emit_transition(work.project, work.mission, wp_id, to, actor=actor, **options)  # type: ignore[arg-type]


def move(work: MissionAtWork, wp_id: str, to: str, actor: str, **options: object) -> Move:
    return move_work_package(work.project, work.mission, wp_id, to, actor=actor, **options)  # type: ignore[arg-type]


def deltas(work: MissionAtWork) -> list[object]:
    return [row["delta"] for row in work.rows() if row.get("kind") == "annotation"]


def blocked_before_its_claim(work: MissionAtWork) -> Emitted:
    return emit(work, "WP02", "blocked", "ada")


NOT_YET: dict[str, Callable[[MissionAtWork], object]] = {
    "emit": lambda work: emit(work, "WP02", "claimed", "ada"),
    "move-task": lambda work: move(work, "WP02", "claimed", "ada"),
    "implement": lambda work: work.start("WP02"),
    "emit from blocked": lambda work: (
        blocked_before_its_claim(work),
        emit(work, "WP02", "in_progress", "ada"),
    ),
    "move-task from blocked": lambda work: (
        blocked_before_its_claim(work),
        move(work, "WP02", "doing", "ada"),
    ),
}


@pytest.mark.parametrize("way", NOT_YET)
def test_work_that_builds_on_unapproved_work_cannot_be_taken_up(
    work: MissionAtWork, way: str
) -> None:
    with pytest.raises(DependenciesNotSatisfied) as caught:
        NOT_YET[way](work)
    assert caught.value.details["unsatisfied_dependencies"] == ["WP01"]
    assert work.board.work_packages["WP02"].implementer is None
    assert work.clean()


@pytest.mark.parametrize("way", [emit, move], ids=["emit", "move-task"])
def test_force_goes_past_a_dependency_and_the_log_names_the_rule(
    work: MissionAtWork, way: Callable[..., object]
) -> None:
    words = {"reason": "we know"} if way is emit else {"note": "we know"}
    way(work, "WP02", "claimed", "boss", force=True, **words)
    assert work.lane("WP02") == "claimed"
    (delta,) = [d for d in deltas(work) if isinstance(d, dict) and "overridden" in d]
    assert [text.split(":")[0] for text in delta["overridden"]] == ["DEPENDENCIES_NOT_SATISFIED"]
    assert "WP01 (planned)" in delta["overridden"][0]
    assert work.rows()[-2]["force"] is True


def test_an_approved_dependency_opens_the_way(work: MissionAtWork) -> None:
    work.move("WP01", Lane.APPROVED)
    assert emit(work, "WP02", "claimed", "ada").to_lane == "claimed"


def test_a_missing_edge_is_told_before_a_missing_dependency(work: MissionAtWork) -> None:
    with pytest.raises(TransitionRejected, match="planned to in_progress"):
        emit(work, "WP02", "in_progress", "ada")


def test_unblocking_what_nobody_had_claims_it_like_any_other(work: MissionAtWork) -> None:
    emit(work, "WP03", "blocked", "ada", reason="waits")
    moved = move(work, "WP03", "in_progress", "eve")
    assert (moved.from_lane, moved.to_lane) == ("blocked", "in_progress")
    assert work.worktree("lane-b").is_dir() or work.worktree("lane-c").is_dir()
    assert work.board.work_packages["WP03"].implementer == "eve"


@pytest.mark.parametrize("way", [emit, move], ids=["emit", "move-task"])
@pytest.mark.parametrize("lane", ["claimed", "in_progress"])
def test_a_second_implementer_is_refused(
    work: MissionAtWork, way: Callable[..., object], lane: str
) -> None:
    emit(work, "WP01", "claimed", "ada")
    with pytest.raises(WorkPackageClaimed) as caught:
        way(work, "WP01", lane, "eve")
    assert caught.value.code == "WP_ALREADY_CLAIMED"
    assert caught.value.details["claimed_by"] == "ada"


def test_another_ones_work_is_not_handed_off(work: MissionAtWork) -> None:
    work.start("WP01")
    with pytest.raises(WorkPackageClaimed):
        emit(work, "WP01", "for_review", "eve", implementation_evidence_present=True)


def test_unblocking_another_ones_work_does_not_take_it_over(work: MissionAtWork) -> None:
    work.start("WP01")
    emit(work, "WP01", "blocked", "ada")
    emit(work, "WP01", "in_progress", "eve")
    assert work.board.work_packages["WP01"].implementer == "ada"
    with pytest.raises(WorkPackageClaimed):
        move(work, "WP01", "for_review", "eve")


def test_a_retry_in_the_loop_does_not_start_what_builds_on_unapproved_work(
    work: MissionAtWork,
) -> None:
    # Canceled and blocked by force, so that the way back leads into work that nobody had.
    work.move("WP02", Lane.CANCELED)
    work.move("WP02", Lane.BLOCKED)
    with pytest.raises(DependenciesNotSatisfied):
        advance(work.project, work.mission, agent="ada", wp_id="WP02", retry=True)


@pytest.mark.parametrize("way", [emit, move], ids=["emit", "move-task"])
def test_a_second_reviewer_is_refused(
    reviewable: MissionAtWork, way: Callable[..., object]
) -> None:
    emit(reviewable, "WP01", "in_review", "rob")
    with pytest.raises(WorkPackageClaimed):
        way(reviewable, "WP01", "in_review", "eve")
    with pytest.raises(WorkPackageClaimed):
        move(reviewable, "WP01", "approved", "eve")
    with pytest.raises(WorkPackageClaimed):
        emit(reviewable, "WP01", "approved", "eve", review_result={**VERDICT, "reviewer": "eve"})


def test_a_program_may_pass_on_the_verdict_of_the_reviewer_who_has_it(
    reviewable: MissionAtWork,
) -> None:
    emit(reviewable, "WP01", "in_review", "rob")
    passed_on = emit(reviewable, "WP01", "approved", "relay", review_result=VERDICT)
    assert (passed_on.to_lane, passed_on.self_review) == ("approved", False)


def test_a_forced_verdict_of_another_one_names_the_rule(reviewable: MissionAtWork) -> None:
    emit(reviewable, "WP01", "in_review", "rob")
    forced = emit(reviewable, "WP01", "approved", "boss", force=True, reason="rob is gone")
    assert [rule.partition(":")[0] for rule in forced.overridden] == ["WP_ALREADY_CLAIMED"]
    assert "force went past" in forced.to_text()


SELF: dict[str, Callable[[MissionAtWork], object]] = {
    "review": lambda work: start_review(work.project, work.mission, "WP01", actor="ada"),
    "move-task": lambda work: move(work, "WP01", "in_review", "ada"),
    "emit": lambda work: emit(work, "WP01", "in_review", "ada"),
    "forced": lambda work: move(work, "WP01", "approved", "ada", force=True, note="it is fine"),
}


@pytest.mark.parametrize("way", SELF)
def test_a_review_by_the_implementer_is_in_the_log_and_on_the_board(
    reviewable: MissionAtWork, way: str
) -> None:
    SELF[way](reviewable)
    assert {"self_review": True} in deltas(reviewable)
    board = mission_board(reviewable.mission)
    (entry,) = [entry for entry in board.entries if entry.wp_id == "WP01"]
    assert entry.self_review
    assert entry.to_json()["self_review"] is True
    assert "(a self-review)" in board.to_text()


def test_a_verdict_on_ones_own_work_says_so(reviewable: MissionAtWork) -> None:
    move(reviewable, "WP01", "in_review", "ada")
    moved = move(reviewable, "WP01", "approved", "ada")
    assert moved.self_review
    assert moved.to_json()["self_review"] is True
    assert "self-review" in moved.to_text()
    assert deltas(reviewable).count({"self_review": True}) == 1


def test_a_rejection_of_ones_own_work_says_so_too(reviewable: MissionAtWork) -> None:
    move(reviewable, "WP01", "in_review", "ada")
    moved = move(reviewable, "WP01", "planned", "ada", feedback="Handle zero.")
    assert (moved.self_review, moved.to_lane) == (True, "planned")
    assert not is_self_review(reviewable.board.work_packages["WP01"])


def test_the_next_reviewer_takes_the_mark_away(reviewable: MissionAtWork) -> None:
    start_review(reviewable.project, reviewable.mission, "WP01", actor="ada")
    record_verdict(
        reviewable.project, reviewable.mission, "WP01",
        actor="ada", verdict="changes_requested", feedback="Once more.",
    )  # fmt: skip
    reviewable.commit("lane-a", {"src/part1/more.txt": "more\n"})
    reviewable.hand_off("WP01")
    recorded = reviewable.review("WP01", reviewer="rob")
    assert not recorded.self_review
    assert not is_self_review(reviewable.board.work_packages["WP01"])
    marks = [d for d in deltas(reviewable) if isinstance(d, dict) and "self_review" in d]
    assert marks == [{"self_review": True}, {"self_review": False}]


def test_a_review_by_somebody_else_leaves_no_mark(reviewable: MissionAtWork) -> None:
    reviewable.review("WP01", reviewer="rob")
    assert all("self_review" not in d for d in deltas(reviewable) if isinstance(d, dict))
    assert "self-review" not in mission_board(reviewable.mission).to_text()


def test_the_answer_of_the_loop_tells_a_self_review(reviewable: MissionAtWork) -> None:
    reviewable.move("WP02", Lane.CANCELED)
    reviewable.move("WP03", Lane.CANCELED)
    answer = advance(
        reviewable.project, reviewable.mission, agent="ada", wp_id="WP01", result="success"
    )
    assert [move.get("self_review") for move in answer["transitions"]] == [True]
    answer = advance(
        reviewable.project, reviewable.mission, agent="ada", result="success", verdict="approved"
    )
    assert [move.get("self_review") for move in answer["transitions"]] == [True]
