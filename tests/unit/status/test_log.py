"""Reading a log: everything usable is read, everything else is reported where it stands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel.files import ReadFailed
from specify_cli.status.lanes import Lane
from specify_cli.status.lines import iter_rows, parse_lines
from specify_cli.status.log import LogProblem, read_log
from tests.unit.status.log_rows import (
    BUILD_ID,
    annotation,
    at,
    decision,
    event_id,
    lifecycle,
    log_of,
    read_bytes,
    text_of,
    transition,
    walk,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.plants_rows

GOOD = transition(1, "WP01", "planned", "claimed")
ALSO_GOOD = transition(2, "WP02", "planned", "claimed")


def test_a_missing_log_is_an_empty_log(tmp_path: Path) -> None:
    log = read_log(tmp_path / "status.events.jsonl")
    assert (log.transitions, log.problems, log.size, log.latest) == ((), (), 0, "")
    assert list(iter_rows(tmp_path / "status.events.jsonl")) == []


def test_a_folder_in_place_of_the_log_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadFailed):
        read_log(tmp_path)


def test_every_kind_of_row_is_recognised_and_kept() -> None:
    unknown = {"kind": "novelty", "event_id": event_id(9)}
    log = log_of(
        GOOD,
        annotation(2, "WP01", {"subtasks": {"T001": "done"}}),
        lifecycle(3),
        lifecycle(4, "retrospective.started"),
        decision(5),
        unknown,
        {"neither": "this nor that"},
        {**ALSO_GOOD, "kind": "future"},
    )
    assert [row.event_id for row in log.transitions] == [event_id(1)]
    assert [row.delta for row in log.annotations] == [{"subtasks": {"T001": "done"}}]
    assert [row.line for row in log.lifecycle] == [3, 4]
    assert [row.row["event_type"] for row in log.decisions] == ["DecisionPointOpened"]
    assert [row.line for row in log.unknown] == [6, 7, 8]
    assert log.unknown[0].row == unknown
    assert log.problems == ()


def test_a_lane_change_is_read_with_everything_that_boards_need() -> None:
    row = transition(
        7,
        "WP01",
        "in_review",
        "in_progress",
        actor={"role": "reviewer", "tool": "codex", "profile": None, "model": None},
        force=True,
        reason="again",
        reason_source="operator",
        review_ref="review-1",
        review_result={"reviewer": "r", "verdict": "changes_requested", "reference": "review-1"},
        build_id=BUILD_ID,
        lamport_clock=12,
    )
    log = log_of(row)
    (read,) = log.transitions
    assert read._asdict() == {
        "at": at(7),
        "event_id": event_id(7),
        "wp_id": "WP01",
        "from_lane": Lane.IN_REVIEW,
        "to_lane": Lane.IN_PROGRESS,
        "actor": row["actor"],
        "force": True,
        "reason": "again",
        "review_ref": "review-1",
        "review_result": row["review_result"],
        "reason_source": "operator",
        "force_source": None,
        "build_id": BUILD_ID,
        "line": 1,
    }
    assert log.lamport_clock == 12
    assert log.latest == at(7)


@pytest.mark.proves("001 FR-008")
def test_the_build_id_of_every_row_survives_reading() -> None:
    log = log_of(
        {**GOOD, "build_id": BUILD_ID, "lamport_clock": 1},
        annotation(2, "WP01", {"note": "x"}, build_id=BUILD_ID, lamport_clock=2),
        {**ALSO_GOOD, "build_id": "01KQ22DT0000000000000000B2", "lamport_clock": 3},
    )
    assert [row.build_id for row in log.transitions] == [BUILD_ID, "01KQ22DT0000000000000000B2"]
    assert log.annotations[0].build_id == BUILD_ID
    assert log.lamport_clock == 3


def test_a_structured_actor_and_a_plain_one_are_both_read() -> None:
    log = log_of(GOOD, {**ALSO_GOOD, "actor": {"tool": "codex"}})
    assert [row.actor for row in log.transitions] == ["claude", {"tool": "codex"}]


def test_keys_that_early_releases_left_out_have_their_defaults() -> None:
    row = {
        key: GOOD[key] for key in ("at", "event_id", "wp_id", "to_lane", "actor", "mission_slug")
    }
    log = log_of({**row, "from_lane": None})
    assert log.transitions[0].from_lane is Lane.GENESIS
    assert log.transitions[0].force is False
    assert log.transitions[0].reason is None


def test_the_alias_doing_in_an_old_log_means_in_progress() -> None:
    log = log_of(transition(1, "WP01", "claimed", "doing"))
    assert log.transitions[0].to_lane is Lane.IN_PROGRESS


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-21T07:13:00+00:00", "2026-11-21T07:13:00.000000+00:00"),
        ("2026-11-21T07:13:00Z", "2026-11-21T07:13:00.000000+00:00"),
        ("2026-11-21T07:13:00.5", "2026-11-21T07:13:00.500000+00:00"),
        ("2026-11-21T09:13:00.123456+02:00", "2026-11-21T07:13:00.123456+00:00"),
        ("2026-11-21 07:13:00.123456+00:00", "2026-11-21T07:13:00.123456+00:00"),
    ],
)
def test_times_are_read_in_one_form_so_that_text_order_is_time_order(
    written: str, read: str
) -> None:
    log = log_of({**GOOD, "at": written}, annotation(2, "WP01", {"note": "x"}, at=written))
    assert log.transitions[0].at == log.annotations[0].at == read


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"torn": ', "it is not valid JSON"),
        (b"<<<<<<< HEAD", "it is a merge-conflict marker"),
        (b"=======", "it is a merge-conflict marker"),
        (b"||||||| base", "it is a merge-conflict marker"),
        (b">>>>>>> theirs", "it is a merge-conflict marker"),
        (b"\0\0\0\0\0", "it contains NUL bytes, as a crash of the machine leaves them"),
        (b'{"a": "\0"}', "it contains NUL bytes, as a crash of the machine leaves them"),
        (b'{"a": "\xff"}', "it is not UTF-8 text"),
        (b"[1, 2]", "it is not a JSON object"),
        (b"null", "it is not a JSON object"),
        (b'"text"', "it is not a JSON object"),
        (b"7", "it is not a JSON object"),
        (b"{} {}", "there is more than one JSON value on the line"),
        (b'{"a": 1},{"b": 2}', "there is more than one JSON value on the line"),
        (b'{"a": "\\ud800"}', "it contains half a surrogate pair"),
        (b"[" * 100_000, "it is not valid JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "it is not valid JSON"),
    ],
)
def test_a_damaged_line_is_reported_and_the_rest_is_read(data: bytes, reason: str) -> None:
    before = text_of(GOOD)
    log = read_bytes(before + data + b"\n" + text_of(ALSO_GOOD))
    assert log.problems == (LogProblem(2, len(before), reason),)
    assert [row.event_id for row in log.transitions] == [event_id(1), event_id(2)]
    assert [row.line for row in log.transitions] == [1, 3]


def test_a_torn_last_line_is_reported_with_its_offset() -> None:
    before = text_of(GOOD)
    log = read_bytes(before + text_of(ALSO_GOOD)[:40])
    assert log.problems == (
        LogProblem(2, len(before), "it is torn: the file ends in the middle of a row"),
    )
    assert len(log.transitions) == 1


def test_a_last_row_without_its_newline_is_a_row() -> None:
    log = read_bytes(text_of(GOOD, ALSO_GOOD).rstrip(b"\n"))
    assert len(log.transitions) == 2
    assert log.problems == ()


def test_windows_line_ends_blank_lines_and_a_byte_order_mark_are_no_problem() -> None:
    data = b"\xef\xbb\xbf" + b"\r\n\n   \r\n".join(text_of(GOOD, ALSO_GOOD).splitlines()) + b"\r\n"
    log = read_bytes(data)
    assert log.problems == ()
    assert [row.line for row in log.transitions] == [1, 4]
    assert log.size == len(data)


def test_both_sides_of_a_merge_conflict_are_read() -> None:
    data = (
        b"<<<<<<< HEAD\n"
        + text_of(GOOD)
        + b"=======\n"
        + text_of(ALSO_GOOD)
        + b">>>>>>> kitty/mission\n"
    )
    log = read_bytes(data)
    assert len(log.transitions) == 2
    assert [problem.line for problem in log.problems] == [1, 3, 5]


def test_escaped_text_is_read_like_plain_text() -> None:
    row = {**GOOD, "reason": "Grüße 🎉"}
    data = json.dumps(row).encode() + b"\n"
    assert b"\\ud83c" in data
    assert read_bytes(data).transitions == log_of(row).transitions


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({**GOOD, "to_lane": "limbo"}, "a transition whose to_lane is no lane: 'limbo'"),
        ({**GOOD, "from_lane": 3}, "a transition whose from_lane is no lane: '3'"),
        ({**GOOD, "to_lane": ["planned"]}, 'a transition whose to_lane is no lane: "[\'planned\']"'),
        ({**GOOD, "at": "yesterday"}, "a transition whose at is no time: 'yesterday'"),
        ({**GOOD, "at": "2026-13-45T07:13:00.123456+00:00"}, "a transition whose at is no time: '2026-13-45T07:13:00.123456+00:00'"),
        ({**GOOD, "at": 5}, "a transition whose at is no time: '5'"),
        ({**GOOD, "at": None}, "a transition whose at is no time: 'None'"),
        ({**GOOD, "event_id": ""}, "a transition without a usable event_id"),
        ({**GOOD, "event_id": 5}, "a transition without a usable event_id"),
        ({**GOOD, "wp_id": None}, "a transition without a usable wp_id"),
        ({**GOOD, "wp_id": ["WP01"]}, "a transition without a usable wp_id"),
        ({**GOOD, "at": "0001-01-01T00:00:00+14:00"}, "a transition whose at is no time: '0001-01-01T00:00:00+14:00'"),
        ({**GOOD, "actor": 7}, "a transition without a usable actor"),
        ({**GOOD, "actor": ["claude"]}, "a transition without a usable actor"),
        ({**GOOD, "reason": 7}, "a transition whose reason or review_ref is no text"),
        ({**GOOD, "review_ref": []}, "a transition whose reason or review_ref is no text"),
        (annotation(1, "WP01", {}, at="x"), "an annotation whose at is no time: 'x'"),
        (annotation(1, "", {}), "an annotation without a usable wp_id"),
        ({**annotation(1, "WP01", {}), "event_id": None}, "an annotation without a usable event_id"),
        ({**annotation(1, "WP01", {}), "delta": []}, "an annotation without a usable actor or delta"),
        ({**annotation(1, "WP01", {}), "actor": 5}, "an annotation without a usable actor or delta"),
    ],
)  # fmt: skip
def test_a_row_with_an_unusable_value_is_reported_with_that_value(
    row: dict[str, Any], reason: str
) -> None:
    log = log_of(ALSO_GOOD, row)
    assert log.problems == (LogProblem(2, len(text_of(ALSO_GOOD)), reason),)
    assert len(log.transitions) == 1


def test_a_row_from_before_the_cutover_counts_and_is_not_translated() -> None:
    legacy = {k: v for k, v in GOOD.items() if k != "mission_slug"} | {"feature_slug": "001-x"}
    assert log_of(legacy) == log_of(GOOD)._replace(size=len(text_of(legacy)))


@pytest.mark.parametrize(
    "written", ["WP1", "wp01", "WP-1", "WP001", " WP01"], ids=["bare", "low", "dash", "long", "gap"]
)
def test_a_work_package_id_is_read_in_its_one_form(written: str) -> None:
    log = log_of(
        {**GOOD, "wp_id": written},
        annotation(2, written, {"note": "x"}),
        {**ALSO_GOOD, "wp_id": "setup"},
    )
    assert [row.wp_id for row in log.transitions] == ["WP01", "setup"]
    assert log.annotations[0].wp_id == "WP01"


@pytest.mark.parametrize("actor", [None, "", {}])
def test_a_row_that_names_no_actor_is_that_of_somebody_unknown(actor: object) -> None:
    log = log_of({**GOOD, "actor": actor}, {k: v for k, v in ALSO_GOOD.items() if k != "actor"})
    assert [row.actor for row in log.transitions] == ["unknown", "unknown"]
    assert log.problems == ()


def test_lanes_that_no_board_shows_are_read() -> None:
    log = log_of(
        transition(1, "WP01", "uninitialized", "genesis"),
        transition(2, "WP01", "genesis", "in_review"),
        transition(3, "WP01", "in_review", "uninitialized"),
    )
    assert [row.to_lane for row in log.transitions] == [
        Lane.GENESIS,
        Lane.IN_REVIEW,
        Lane.UNINITIALIZED,
    ]


@pytest.mark.parametrize(
    "at", ["2026-W47-6T07:13:00.123456+00:00", "2026-11-21T07:13:00,123456+00:00"]
)
def test_a_time_that_only_looks_like_the_usual_form_is_rewritten_too(at: str) -> None:
    assert log_of({**GOOD, "at": at}).transitions[0].at == "2026-11-21T07:13:00.123456+00:00"


def test_a_clock_that_is_no_number_does_not_count() -> None:
    log = log_of({**GOOD, "lamport_clock": "9"}, {**ALSO_GOOD, "lamport_clock": 4})
    assert log.lamport_clock == 4
    assert len(log.transitions) == 2


def test_long_logs_have_right_line_numbers_and_offsets() -> None:
    rows = [transition(n, f"WP{n:04d}", "planned", "claimed") for n in range(1, 2001)]
    lines = text_of(*rows).splitlines(keepends=True)
    lines[999] = b"garbage\n"
    lines[1499] = text_of({**rows[1499], "to_lane": "limbo"})
    log = read_bytes(b"".join(lines))
    assert [(p.line, p.offset) for p in log.problems] == [
        (1000, sum(map(len, lines[:999]))),
        (1500, sum(map(len, lines[:1499]))),
    ]
    assert [row.line for row in log.transitions] == [
        n for n in range(1, 2001) if n not in (1000, 1500)
    ]


def test_two_logs_are_joined_in_order() -> None:
    first, second = (
        log_of(GOOD, lifecycle(3)),
        log_of(ALSO_GOOD, annotation(4, "WP01", {"note": "x"})),
    )
    joined = first.extended(second)
    assert [row.event_id for row in joined.transitions] == [event_id(1), event_id(2)]
    assert (len(joined.lifecycle), len(joined.annotations)) == (1, 1)
    assert (joined.size, joined.latest) == (first.size + second.size, at(4))


def test_whole_rows_are_read_with_their_line_and_offset(tmp_path: Path) -> None:
    path = tmp_path / "status.events.jsonl"
    path.write_bytes(text_of(GOOD) + b"\nbroken\n" + text_of(ALSO_GOOD))
    size = len(text_of(GOOD))
    assert [tuple(line) for line in iter_rows(path)] == [
        (1, 0, GOOD, None),
        (3, size + 1, None, "it is not valid JSON"),
        (4, size + 8, ALSO_GOOD, None),
    ]


def slowly(data: bytes) -> tuple[list[Any], list[tuple[int, int]]]:
    """Read line by line with the plain JSON parser, as an oracle."""
    rows, problems, offset = [], [], 0
    for number, raw in enumerate(data.splitlines(keepends=True), 1):
        line = (raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw).strip()
        try:
            value = json.loads(line.decode()) if line else None
            json.dumps(value, ensure_ascii=False).encode()
            usable = isinstance(value, dict)
        except ValueError:
            usable = False
        if usable:
            rows.append(value)
        elif line:
            problems.append((number, offset))
        offset += len(raw)
    return rows, problems


PIECES = st.lists(
    st.one_of(
        st.sampled_from(walk(1, "WP01", "planned", "claimed", "in_progress")).map(text_of),
        st.sampled_from([annotation(5, "WP01", {"note": "ü"}), lifecycle(6)]).map(text_of),
        st.sampled_from(
            [
                b"\n",
                b"{\n",
                b"}\n",
                b"[{}\n",
                b"{}]\n",
                b'{"a": [1\n',
                b'{"b": 2}]}\n',
                b'{"a": "\n',
                b'"}\n',
                b"{},{}\n",
                b",\n",
                b"1\n",
                b'{"x": "\\ud83c\\udf89"}\n',
                b'{"x": "\\ud83c"}\n',
            ]
        ),
        st.binary(max_size=12)
        .filter(lambda raw: not raw.count(b"\r"))
        .map(lambda raw: raw.replace(b"\n", b"") + b"\n"),
    ),
    max_size=12,
)


@settings(deadline=None)
@given(PIECES)
def test_reading_many_lines_at_once_finds_what_reading_line_by_line_finds(
    pieces: list[bytes],
) -> None:
    data = b"".join(pieces)
    rows, problems = slowly(data)
    log = read_bytes(data)
    found = [(problem.line, problem.offset) for problem in log.problems]
    assert found == problems
    read = [*log.transitions, *log.annotations, *log.lifecycle, *log.decisions, *log.unknown]
    assert len(read) == len(rows)
    assert log.size == len(data)


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"a": [1\n', b'{"b": 2}]}\n'],
        [b"{\n", b"}\n"],
        [b'{"a": "x\n', b'y"}\n'],
        [b"{},{}\n", b"\n"],
        [b"[{}\n", b"{}]\n"],
    ],
)
def test_damaged_lines_cannot_complete_each_other(lines: list[bytes]) -> None:
    assert parse_lines(b"".join(lines)) is None
