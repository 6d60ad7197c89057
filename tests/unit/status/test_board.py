"""Folding: one board from any order of rows, and the same snapshot every time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel.files import json_document
from specify_cli.kernel.gate import check
from specify_cli.status.board import (
    Board,
    Cancellation,
    SnapshotMeta,
    actor_label,
    fold,
    lane_counts,
    snapshot,
)
from specify_cli.status.lanes import DISPLAY_LANES, Lane
from specify_cli.status.log import Log
from tests.unit.status.log_rows import (
    MISSION_ID,
    MISSION_SLUG,
    annotation,
    at,
    event_id,
    lifecycle,
    log_of,
    transition,
    walk,
)

if TYPE_CHECKING:
    import random

pytestmark = pytest.mark.plants_rows

META = SnapshotMeta(MISSION_SLUG, MISSION_ID, None, "software-dev")
TO_REVIEW = ("genesis", "planned", "claimed", "in_progress", "for_review", "in_review")
REJECTED = {"reviewer": "rev", "verdict": "changes_requested", "reference": "review-1"}
APPROVED = {"reviewer": "rev", "verdict": "approved", "reference": "review-2"}


def state_of(*rows: dict[str, Any], wp_id: str = "WP01") -> Any:
    return fold(log_of(*rows)).work_packages[wp_id]


def test_an_empty_log_folds_into_an_empty_board() -> None:
    board = fold(Log())
    assert (dict(board.work_packages), board.event_count, board.last_event_id) == ({}, 0, None)


def test_a_work_package_that_the_log_does_not_know_is_uninitialized() -> None:
    board = fold(Log(), wp_ids=["WP02", "WP01"])
    assert list(board.work_packages) == ["WP01", "WP02"]
    assert board.lane("WP01") is board.lane("WP99") is Lane.UNINITIALIZED


def test_the_last_change_decides_the_lane() -> None:
    state = state_of(*walk(1, "WP01", *TO_REVIEW))
    assert (state.lane, state.last_event_id, state.last_transition_at) == (
        Lane.IN_REVIEW,
        event_id(5),
        at(5),
    )


def test_rows_apply_in_the_order_of_their_times_not_of_the_file() -> None:
    rows = walk(1, "WP01", *TO_REVIEW)
    assert fold(log_of(*reversed(rows))).lane("WP01") is Lane.IN_REVIEW


def test_a_repeated_row_counts_once_and_the_first_wins() -> None:
    first = transition(1, "WP01", "planned", "claimed", force=True, reason="x")
    second = {**first, "to_lane": "blocked", "at": at(9)}
    board = fold(log_of(first, first, second))
    assert board.lane("WP01") is Lane.CLAIMED
    assert board.event_count == 1
    assert board.work_packages["WP01"].force_count == 1


@pytest.mark.parametrize("rollback_first", [True, False])
def test_at_the_very_same_time_a_rollback_beats_the_move_forward(*, rollback_first: bool) -> None:
    rows = walk(1, "WP01", *TO_REVIEW)
    ids = (event_id(10), event_id(11)) if rollback_first else (event_id(11), event_id(10))
    back = transition(
        10, "WP01", "in_review", "in_progress", event_id=ids[0], review_ref="review-1"
    )
    forward = transition(10, "WP01", "in_review", "approved", event_id=ids[1])
    assert fold(log_of(*rows, back, forward)).lane("WP01") is Lane.IN_PROGRESS


def test_a_later_move_forward_is_not_beaten_by_an_earlier_rollback() -> None:
    back = transition(10, "WP01", "in_review", "in_progress")
    forward = transition(11, "WP01", "in_review", "approved")
    assert fold(log_of(back, forward)).lane("WP01") is Lane.APPROVED


def test_moving_on_from_a_rollback_at_the_same_time_is_no_competition() -> None:
    back = transition(10, "WP01", "in_review", "in_progress")
    on = transition(10, "WP01", "in_progress", "for_review", event_id=event_id(11))
    assert fold(log_of(back, on)).lane("WP01") is Lane.FOR_REVIEW


def test_who_claimed_implements_even_after_a_rejected_review() -> None:
    rows = [
        transition(1, "WP01", "planned", "claimed", actor="ann"),
        transition(2, "WP01", "claimed", "in_progress", actor="ann"),
        transition(3, "WP01", "in_progress", "for_review", actor="ann"),
        transition(4, "WP01", "for_review", "in_review", actor="rev"),
        transition(5, "WP01", "in_review", "in_progress", actor="rev", review_ref="review-1"),
    ]
    state = state_of(*rows)
    assert (state.implementer, state.reviewer, state.review_ref, state.actor) == (
        "ann",
        "rev",
        "review-1",
        "rev",
    )


def test_a_package_that_goes_back_to_planned_belongs_to_nobody_until_it_is_claimed() -> None:
    rows = walk(1, "WP01", "planned", "claimed", "in_progress", "planned", actor="ann")
    assert state_of(*rows).implementer is None
    again = transition(9, "WP01", "planned", "claimed", actor="bob")
    assert state_of(*rows, again).implementer == "bob"


def test_a_package_forced_into_progress_is_its_actors() -> None:
    assert (
        state_of(transition(1, "WP01", "genesis", "in_progress", actor="ann")).implementer == "ann"
    )


def test_a_package_that_returns_from_blocked_keeps_implementer_and_reviewer() -> None:
    rows = walk(1, "WP01", *TO_REVIEW, "blocked", actor="ann")
    back = transition(9, "WP01", "blocked", "in_review", actor="boss")
    state = state_of(*rows, back)
    assert (state.implementer, state.reviewer) == ("ann", "ann")


def test_a_blocked_package_remembers_where_it_came_from_while_it_is_blocked() -> None:
    rows = walk(1, "WP01", "planned", "claimed", "blocked")
    assert state_of(*rows).blocked_from is Lane.CLAIMED
    twice = [*rows, transition(5, "WP01", "blocked", "blocked", force=True, reason="still")]
    assert state_of(*twice).blocked_from is Lane.CLAIMED
    assert state_of(*rows, transition(9, "WP01", "blocked", "claimed")).blocked_from is None
    assert state_of(transition(1, "WP01", "planned", "blocked")).blocked_from is Lane.PLANNED


def test_the_latest_review_result_is_kept() -> None:
    rows = walk(1, "WP01", *TO_REVIEW)
    rejected = transition(6, "WP01", "in_review", "in_progress", review_result=REJECTED)
    assert state_of(*rows, rejected).review_result == REJECTED
    approved = transition(9, "WP01", "in_review", "approved", review_result=APPROVED)
    done = transition(10, "WP01", "approved", "done")
    assert state_of(*rows, rejected, approved, done).review_result == APPROVED


def test_a_canceled_package_says_who_gave_which_reason() -> None:
    row = transition(1, "WP01", "planned", "canceled", reason="not needed")
    assert state_of(row).cancellation == Cancellation("not needed", "operator")
    row["reason_source"] = "agent"
    assert state_of(row).cancellation == Cancellation("not needed", "agent")
    reopened = transition(2, "WP01", "canceled", "planned", force=True, reason="needed")
    assert state_of(row, reopened).cancellation is None


def test_annotations_apply_after_all_lane_changes_in_their_own_order() -> None:
    state = state_of(
        annotation(8, "WP01", {"subtasks": {"T001": "done"}, "note": "second", "agent": "b"}),
        annotation(2, "WP01", {"subtasks": {"T001": "open", "T002": "open"}, "note": "first"}),
        transition(5, "WP01", "genesis", "planned"),
    )
    assert state.subtasks == {"T001": "done", "T002": "open"}
    assert state.remarks == ("first", "second")
    assert state.notes == {"note": "second", "agent": "b"}


def test_an_event_id_counts_once_over_both_kinds_of_row() -> None:
    board = fold(
        log_of(
            transition(1, "WP01", "genesis", "planned"),
            annotation(1, "WP01", {"note": "same id"}),
        )
    )
    assert board.work_packages["WP01"].remarks == ()


def test_events_are_counted_as_the_existing_cli_counts_them() -> None:
    board = fold(
        log_of(
            lifecycle(1),
            transition(2, "WP01", "genesis", "planned"),
            annotation(3, "WP01", {"note": "x"}),
        )
    )
    assert (board.event_count, board.last_event_id, board.last_at) == (1, event_id(2), at(2))


def test_work_packages_are_sorted_by_number() -> None:
    rows = [transition(n, f"WP{n:02d}", "genesis", "planned") for n in (100, 9, 10, 1)]
    odd = transition(5, "setup", "genesis", "planned")
    assert list(fold(log_of(*rows, odd)).work_packages) == [
        "setup",
        "WP01",
        "WP09",
        "WP10",
        "WP100",
    ]


def test_packages_are_listed_by_lane() -> None:
    board = fold(
        log_of(
            transition(1, "WP01", "genesis", "planned"),
            transition(2, "WP02", "planned", "claimed"),
            transition(3, "WP03", "genesis", "planned"),
        )
    )
    assert board.in_lane(Lane.PLANNED) == ("WP01", "WP03")
    assert board.in_lane(Lane.PLANNED, Lane.CLAIMED) == ("WP01", "WP02", "WP03")


@pytest.mark.parametrize(
    ("actor", "label"),
    [
        ("claude", "claude"),
        ({"tool": "claude", "role": "implementer"}, "claude"),
        ({"tool": None, "profile": "python", "role": "implementer"}, "python"),
        ({"tool": " ", "role": "implementer"}, "implementer"),
        ({"model": "m"}, "m"),
        ({"other": 1}, "unknown"),
    ],
)
def test_an_actor_has_a_label(actor: Any, label: str) -> None:
    assert actor_label(actor) == label


def test_a_board_cannot_be_changed() -> None:
    board = fold(log_of(transition(1, "WP01", "genesis", "planned")))
    with pytest.raises(TypeError):
        board.work_packages["WP02"] = board.work_packages["WP01"]  # type: ignore[index]
    with pytest.raises(AttributeError):
        board.work_packages["WP01"].lane = Lane.DONE  # type: ignore[misc]


def test_the_snapshot_has_every_lane_and_passes_the_gate() -> None:
    board = fold(
        log_of(
            *walk(1, "WP01", *TO_REVIEW),
            transition(20, "WP02", "genesis", "planned"),
            transition(21, "WP02", "planned", "canceled", reason="x"),
            annotation(30, "WP01", {"subtasks": {"T001": "done"}}),
        ),
        wp_ids=["WP03"],
    )
    document = snapshot(board, META)
    check("status_snapshot", document)
    assert set(document["summary"]) == {lane.value for lane in DISPLAY_LANES}
    assert document["summary"]["in_review"] == document["summary"]["canceled"] == 1
    assert (document["materialized_at"], document["event_count"]) == (at(21), 7)
    assert "WP03" not in document["work_packages"]
    assert document["work_packages"]["WP01"]["subtasks"] == {"T001": "done"}


def test_the_snapshot_shows_a_package_as_the_existing_cli_does() -> None:
    log = log_of(
        *walk(1, "WP01", *TO_REVIEW),
        transition(9, "WP01", "in_review", "approved", review_result=APPROVED),
        transition(10, "WP02", "planned", "canceled", reason="not needed"),
        transition(11, "WP03", "in_review", "in_progress", review_result={"half": "a result"}),
        annotation(20, "WP01", {"note": "one", "agent": "codex", "role": "implementer", "x": 1}),
        annotation(21, "WP01", {"note": "two", "model": "m"}),
    )
    document = snapshot(fold(log), META)
    check("status_snapshot", document)
    packages = document["work_packages"]
    assert packages["WP01"] == {
        "lane": "approved",
        "actor": "claude",
        "last_transition_at": at(9),
        "last_event_id": event_id(9),
        "force_count": 0,
        "review_result": APPROVED,
        "notes": ["one", "two"],
        "agent": "codex",
        "role": "implementer",
        "model": "m",
    }
    assert packages["WP02"]["cancellation_reason"] == "not needed"
    assert packages["WP02"]["reason_source"] == "operator"
    assert "review_result" not in packages["WP03"]


@pytest.mark.parametrize(
    "result",
    [{**REJECTED, "verdict": ""}, {**REJECTED, "feedback_path": 7}],
    ids=["empty", "number"],
)
def test_what_an_old_log_says_oddly_does_not_keep_the_snapshot_from_being_written(
    result: dict[str, Any],
) -> None:
    log = log_of(
        transition(1, "setup", "planned", "claimed"),
        transition(2, "WP1", "in_review", "in_progress", review_result=result),
    )
    document = snapshot(fold(log), META)
    check("status_snapshot", document)
    assert list(document["work_packages"]) == ["WP01"]
    assert "review_result" not in document["work_packages"]["WP01"]


def test_the_snapshot_of_an_empty_log_passes_the_gate() -> None:
    check("status_snapshot", snapshot(fold(Log()), META))


def test_packages_in_no_displayed_lane_are_not_counted() -> None:
    board = fold(Log(), wp_ids=["WP01"])
    assert sum(json.loads(json.dumps(lane_counts(board.work_packages.values()))).values()) == 0


LANES = [lane.value for lane in DISPLAY_LANES]
ROWS = st.lists(
    st.builds(
        lambda number, wp, source, target, forced: transition(
            number,
            f"WP{wp:02d}",
            source,
            target,
            force=forced,
            reason="because",
            actor=f"agent-{number % 3}",
        ),
        st.integers(0, 5000),
        st.integers(1, 4),
        st.sampled_from(["genesis", *LANES]),
        st.sampled_from(LANES),
        st.booleans(),
    )
    | st.builds(
        lambda number, wp, task, status: annotation(
            number, f"WP{wp:02d}", {"subtasks": {f"T{task:03d}": status}, "note": str(number)}
        ),
        st.integers(5001, 9000),
        st.integers(1, 4),
        st.integers(1, 3),
        st.sampled_from(["done", "open"]),
    ),
    max_size=30,
    unique_by=lambda row: row["event_id"],
)


def rendered(board: Board) -> bytes:
    return json_document(snapshot(board, META)) + repr(board).encode()


@settings(deadline=None)
@given(rows=ROWS, seed=st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_matter(rows: list[Any], seed: random.Random) -> None:
    shuffled = list(rows)
    seed.shuffle(shuffled)
    assert rendered(fold(log_of(*shuffled))) == rendered(fold(log_of(*rows)))


@settings(deadline=None)
@given(rows=ROWS, seed=st.randoms(use_true_random=False))
def test_repeated_lines_do_not_matter(rows: list[Any], seed: random.Random) -> None:
    repeated = [*rows, *rows[: len(rows) // 2], *rows]
    seed.shuffle(repeated)
    assert rendered(fold(log_of(*repeated))) == rendered(fold(log_of(*rows)))


@settings(deadline=None)
@given(rows=ROWS)
def test_folding_twice_gives_the_same_bytes_and_conforming_ones(rows: list[Any]) -> None:
    log = log_of(*rows)
    first, second = fold(log), fold(log)
    assert rendered(first) == rendered(second)
    check("status_snapshot", snapshot(first, META))
