"""The running totals say what the laws of the fold say, row by row, and survive being kept."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.status.board import board_of, fold, tally_of
from specify_cli.status.tally import Tally
from tests.unit.status.log_rows import annotation, at, log_of, read_bytes, transition, walk
from tests.unit.status.odd_rows import LINES, MOVES, NOTES, in_file_order
from tests.unit.status.reference_fold import reference_fold

if TYPE_CHECKING:
    from specify_cli.status.board import Board

pytestmark = pytest.mark.plants_rows


def plain(board: Board) -> Any:
    """Return a board in a form that compares and prints well, the order of packages included."""
    return list(board.work_packages.items()), board[1:]


@settings(deadline=None, max_examples=400)
@given(st.lists(LINES, max_size=25))
def test_the_fold_obeys_its_laws_for_any_log(lines: list[bytes]) -> None:
    log = read_bytes(b"".join(lines))
    assert plain(fold(log)) == plain(reference_fold(log))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["genesis", "planned", "claimed", "in_progress", "in_review", "blocked"]),
        st.sampled_from(
            ["planned", "claimed", "in_progress", "for_review", "in_review", "blocked"]
        ),
        st.sampled_from(["ann", "bob", "zoe"]),
        st.booleans(),
        st.integers(0, 1),
    ),
    max_size=8,
)


@settings(deadline=None, max_examples=600)
@given(STEPS)
def test_the_fold_obeys_its_laws_about_people_and_equal_times(steps: list[Any]) -> None:
    second, rows = 0, []
    for number, (source, target, actor, force, later) in enumerate(steps):
        second += later
        row = transition(number, "WP01", source, target, actor=actor, force=force)
        rows.append({**row, "at": at(second)})
    log = log_of(*rows)
    assert plain(fold(log)) == plain(reference_fold(log))


@settings(deadline=None, max_examples=200)
@given(st.lists(st.one_of(MOVES, NOTES), max_size=25), st.integers(0, 25))
def test_totals_that_were_kept_go_on_as_if_they_had_not_been(
    rows: list[dict[str, Any]], cut: int
) -> None:
    rows = in_file_order(rows)
    kept = Tally.from_json(json.loads(json.dumps(tally_of(log_of(*rows[:cut])).to_json())))
    later = log_of(*rows[cut:])
    for move in later.transitions:
        kept.add_move(move)
    for note in later.annotations:
        kept.add_note(note)
    assert plain(board_of(kept)) == plain(fold(log_of(*rows)))


def test_a_board_stays_as_it_was_when_its_totals_go_on() -> None:
    log = log_of(*walk(1, "WP01", "genesis", "planned", "claimed"))
    tally = tally_of(log)
    board = board_of(tally)
    tally.add_move(log_of(transition(9, "WP01", "claimed", "canceled")).transitions[0])
    delta = {"subtasks": {"T001": "done"}, "note": "x"}
    tally.add_note(log_of(annotation(10, "WP01", delta)).annotations[0])
    assert plain(board) == plain(fold(log))
    assert plain(board_of(tally)) != plain(board)


@pytest.mark.parametrize(
    "damage", [{"packages": {"WP01": [1]}}, {"packages": []}, {"last_note": ["one"]}]
)
def test_what_are_no_totals_is_refused(damage: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        Tally.from_json({**Tally().to_json(), **damage})
