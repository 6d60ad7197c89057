"""Folding while reading says what reading everything and sorting it says, or says that it cannot."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.status import stream as stream_module
from specify_cli.status.board import board_of, fold
from specify_cli.status.log import LogSummary, summary_of
from specify_cli.status.stream import NotInOrder, fold_stream
from specify_cli.status.tally import Tally
from tests.unit.status.log_rows import (
    BUILD_ID,
    annotation,
    at,
    event_id,
    read_bytes,
    text_of,
    transition,
    walk,
)
from tests.unit.status.odd_rows import GARBAGE, LINES, MOVES, NOTES, ODD, in_file_order, line_of
from tests.unit.status.test_tally import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from specify_cli.status.board import Board

pytestmark = pytest.mark.plants_rows

PLAIN = {**transition(1, "WP01", "planned", "claimed"), "build_id": BUILD_ID, "lamport_clock": 3}


def streamed(data: bytes) -> tuple[Board, LogSummary]:
    tally = Tally()
    summary = fold_stream(io.BytesIO(data), tally, LogSummary())
    return board_of(tally), summary


def sorted_all(data: bytes) -> tuple[Board, LogSummary]:
    log = read_bytes(data)
    return fold(log), summary_of(log, len(io.BytesIO(data).readlines()))


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read in blocks of a few lines, so that short logs have many."""
    monkeypatch.setattr(stream_module, "_CHUNK_BYTES", 700)
    yield


def both_ways(data: bytes) -> None:
    board, summary = streamed(data)
    expected, expected_summary = sorted_all(data)
    assert plain(board) == plain(expected)
    assert summary == expected_summary


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.one_of(MOVES, NOTES), max_size=20),
    st.lists(st.tuples(st.integers(0, 20), st.one_of(GARBAGE, ODD)), max_size=4),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.booleans(),
)
def test_a_log_in_order_is_folded_while_it_is_read(
    rows: list[dict[str, Any]],
    odd: list[tuple[int, Any]],
    ending: bytes,
    marked: bool,
    torn: bool,
) -> None:
    lines = [line_of(row, ending) for row in in_file_order(rows)]
    for place, item in odd:
        late = {**item, "at": "x"} if isinstance(item, dict) and "to_lane" in item else item
        raw = late + ending if isinstance(late, bytes) else line_of(late, ending)
        lines.insert(place, raw)
    data = b"\xef\xbb\xbf" * marked + b"".join(lines)
    both_ways(data[:-5] if torn else data)


@pytest.mark.usefixtures("small_blocks")
def test_many_blocks_have_the_right_lines_and_offsets() -> None:
    rows = [transition(n, f"WP{n % 9:02d}", "planned", "claimed") for n in range(1, 200)]
    lines = text_of(*rows).splitlines(keepends=True)
    lines[50] = b"garbage\n"
    lines[120] = text_of({**rows[120], "to_lane": "limbo"})
    lines[121] = text_of({**rows[121], "at": "2026-13-45T07:13:00.123456+00:00"})
    lines[122] = text_of(annotation(123, "WP07", {"note": "x"}))
    lines[123] = b"\n"
    lines[124] = b'{"a": "\xff"}\n'
    both_ways(b"".join(lines))
    _, summary = streamed(b"".join(lines))
    assert [problem.line for problem in summary.problems] == [51, 121, 122, 125]
    assert (summary.transitions, summary.annotations, summary.lines) == (193, 1, 199)


@settings(deadline=None, max_examples=300)
@given(st.lists(LINES, max_size=20))
def test_a_log_that_is_not_in_order_is_never_folded_wrongly(lines: list[bytes]) -> None:
    data = b"".join(lines)
    try:
        board, summary = streamed(data)
    except NotInOrder:
        return
    expected, expected_summary = sorted_all(data)
    assert plain(board) == plain(expected)
    assert summary == expected_summary


@pytest.mark.parametrize(
    "rows",
    [
        [transition(2, "WP01", "doing", "planned"), transition(1, "WP02", "doing", "planned")],
        [transition(2, "WP01", "planned", "claimed"), transition(1, "WP02", "planned", "claimed")],
        [PLAIN, PLAIN],
        [PLAIN, {**PLAIN, "at": at(9)}],
        [PLAIN, annotation(1, "WP01", {}, at=at(9))],
        [annotation(2, "WP01", {}), annotation(1, "WP01", {})],
        [annotation(1, "WP01", {}), {**PLAIN, "at": at(9)}],
        [PLAIN, {**PLAIN, "event_id": event_id(0)}],
    ],
    ids=["odd", "plain", "twice", "id again", "id of a move", "notes", "id of a note", "same time"],
)
def test_rows_that_do_not_come_in_the_folds_order_are_told(rows: list[dict[str, Any]]) -> None:
    with pytest.raises(NotInOrder):
        streamed(text_of(*rows))


def test_a_tail_is_folded_onto_what_was_read_before() -> None:
    rows = walk(1, "WP01", "genesis", "planned", "claimed", "in_progress", "for_review")
    tally = Tally()
    first = fold_stream(io.BytesIO(text_of(*rows[:2])), tally, LogSummary())
    both = fold_stream(io.BytesIO(b"junk\n" + text_of(*rows[2:])), tally, first)
    whole = text_of(*rows[:2]) + b"junk\n" + text_of(*rows[2:])
    assert (plain(board_of(tally)), both) == (plain(sorted_all(whole)[0]), sorted_all(whole)[1])


@pytest.mark.parametrize("odd", [{}, {"evidence": {"repos": []}}], ids=["plain", "odd"])
def test_a_tail_row_whose_id_may_have_been_there_before_is_told(odd: dict[str, Any]) -> None:
    tally = Tally()
    first = fold_stream(io.BytesIO(text_of(PLAIN)), tally, LogSummary())
    row = {**PLAIN, "event_id": event_id(0), "at": at(5), **odd}
    with pytest.raises(NotInOrder):
        fold_stream(io.BytesIO(text_of(row)), tally, first)


@pytest.mark.parametrize(
    "row",
    [
        PLAIN,
        {k: v for k, v in PLAIN.items() if k not in ("build_id", "lamport_clock")},
        {**PLAIN, "reason": "because", "review_ref": "review-1", "force": True},
        {**PLAIN, "review_ref": "", "mission_id": None},
        {**PLAIN, "review_result": {"reviewer": "Zoë", "verdict": "approved", "reference": None}},
        {**PLAIN, "review_result": None, "to_lane": "blocked", "reason": "No key."},
    ],
    ids=["ours", "existing CLI", "texts", "empty", "verdict", "block"],
)
def test_rows_as_they_are_written_go_the_quick_way(row: dict[str, Any]) -> None:
    line = json.dumps(row, sort_keys=True, ensure_ascii=False) + "\n"
    for take_apart in (stream_module._exactly, stream_module._quickly):
        (found,) = take_apart(line)
        assert found[1] == at(1)
    both_ways(line.encode())


def verdict(number: int, reviewer: str, **more: Any) -> dict[str, Any]:
    """A rejection; with a structured actor it does not go the quick way."""
    result = {"reviewer": reviewer, "verdict": "changes_requested", "reference": None}
    row = transition(number, "WP01", "in_review", "in_progress", review_result=result)
    return {**row, "review_ref": f"review-{number}", **more}


SLOW = {"actor": {"tool": "codex"}}


@pytest.mark.parametrize(
    ("rows", "reviewer"),
    [
        ([verdict(1, "ann"), verdict(2, "bob")], "bob"),
        ([verdict(1, "ann"), verdict(2, "bob", **SLOW)], "bob"),
        ([verdict(1, "ann", **SLOW), verdict(2, "bob")], "bob"),
        ([verdict(1, "ann"), transition(2, "WP01", "planned", "claimed", **SLOW)], "ann"),
        ([verdict(1, "ann"), verdict(2, "bob", to_lane="approved", at=at(1))], "ann"),
        ([verdict(1, "ann", **SLOW), verdict(2, "bob", to_lane="approved", at=at(1))], "ann"),
        ([verdict(1, "ann"), verdict(2, "bob", to_lane="approved", at=at(1), **SLOW)], "ann"),
    ],
    ids=["quick", "quick slow", "slow quick", "kept", "beaten", "slow beaten", "beaten slow"],
)
@pytest.mark.usefixtures("small_blocks")
def test_the_last_verdict_that_counts_is_the_one_that_is_kept(
    rows: list[dict[str, Any]], reviewer: str
) -> None:
    data = text_of(*rows)
    both_ways(data)
    result = streamed(data)[0].work_packages["WP01"].review_result
    assert result is not None and result["reviewer"] == reviewer


@pytest.mark.parametrize("more", [{}, SLOW], ids=["quick", "slow"])
@pytest.mark.parametrize(("second", "why"), [(2, "No key."), (1, None)], ids=["later", "beaten"])
def test_a_block_tells_its_reason_only_when_it_counts(
    second: int, why: str | None, more: dict[str, Any]
) -> None:
    block = transition(2, "WP01", "in_review", "blocked", at=at(second), reason="No key.", **more)
    tally = Tally()
    fold_stream(io.BytesIO(text_of(verdict(1, "ann"), block)), tally, LogSummary())
    assert tally.package("WP01").blocked_for == why


@pytest.mark.parametrize(
    "line",
    [
        line_of({**PLAIN, "reason": "a, b", "event_id": event_id(2), "at": at(2)}, b"\n"),
        line_of({**PLAIN, "actor": "dom\\ann", "event_id": event_id(2), "at": at(2)}, b"\n"),
        line_of({**PLAIN, "reason": 'a "b"', "event_id": event_id(2), "at": at(2)}, b"\n"),
        line_of({**PLAIN, "reason": "a@b", "event_id": event_id(2)}, b"\n").replace(b"@", b"\n"),
        line_of({**PLAIN, "reason": "a@b", "event_id": event_id(2)}, b"\n").replace(b"@", b"\t"),
        line_of({**PLAIN, "reason": "a@b", "event_id": event_id(2)}, b"\n").replace(b"@", b"\r"),
        line_of({**PLAIN, "reason": "a@b", "event_id": event_id(2)}, b"\n").replace(b"@", b"\0"),
        b'{"actor": "a\n' + line_of({**PLAIN, "event_id": event_id(2)}, b"\n"),
    ],
    ids=["comma", "backslash", "quote", "newline", "tab", "return", "nul", "torn"],
)
def test_every_text_is_what_json_makes_of_it_in_a_quick_row_too(line: bytes) -> None:
    both_ways(text_of(PLAIN) + line + text_of({**PLAIN, "event_id": event_id(3), "at": at(3)}))
