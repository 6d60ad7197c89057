"""Rows for properties: usual and odd ones, in any order, at equal times, with ids used twice."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import strategies as st

from specify_cli.status.lanes import Lane
from tests.unit.status.log_rows import annotation, at, decision, event_id, lifecycle, transition

LANES = [lane.value for lane in Lane]
ACTORS = st.sampled_from(["ann", "bob", "Zoë", {"tool": "codex", "role": None}, {}, "", None])
RESULT = {"reviewer": "rev", "verdict": "approved", "reference": "r"}


def _move(number: int, second: int, more: dict[str, Any]) -> dict[str, Any]:
    return {**transition(number, "WP01", "planned", "claimed"), "at": at(second), **more}


MOVES = st.builds(
    _move,
    st.integers(0, 60),
    st.integers(0, 12),
    st.fixed_dictionaries(
        {
            "wp_id": st.sampled_from(["WP01", "WP1", "wp02", "WP02", "setup"]),
            "from_lane": st.sampled_from([*LANES, "doing", None]),
            "to_lane": st.sampled_from([*LANES, "doing"]),
            "actor": ACTORS,
            "force": st.booleans(),
        },
        optional={
            "reason": st.sampled_from([None, "because", 'a "quote"', ""]),
            "review_ref": st.sampled_from([None, "review-1", "", "ü"]),
            "review_result": st.sampled_from([RESULT, None, "text"]),
            "reason_source": st.sampled_from(["operator", "agent", None]),
            "evidence": st.sampled_from([None, {"repos": []}]),
            "lamport_clock": st.sampled_from([0, 7, 41, -3, "9", True, 10**20]),
            "build_id": st.sampled_from(["01KQ22DT0000000000000000B1", None, 5]),
        },
    ),
)
NOTES = st.builds(
    lambda number, second, wp_id, delta: annotation(number, wp_id, delta, at=at(second)),
    st.integers(0, 60),
    st.integers(0, 12),
    st.sampled_from(["WP01", "WP1", "WP03"]),
    st.sampled_from(
        [
            {"subtasks": {"T001": "done"}},
            {"subtasks": {"T001": "open", "T002": 5}},
            {"subtasks": "none"},
            {"note": "one", "head_commit": "a" * 40},
            {"note": "two", "agent": "codex"},
            {},
        ]
    ),
)
ODD = st.sampled_from(
    [
        lifecycle(70),
        decision(71),
        {"kind": "weather", "lamport_clock": 99},
        {"hello": 1},
        transition(72, "WP01", "planned", "limbo"),
        transition(73, "WP01", "planned", "claimed", at="2026-13-45T07:13:00.123456+00:00"),
        transition(74, "WP01", "planned", "claimed", at="2026-11-21T07:00:03Z"),
        transition(75, "", "planned", "claimed"),
    ]
)
GARBAGE = st.sampled_from(
    [
        b"",
        b"   ",
        b"garbage",
        b"<<<<<<< HEAD",
        b"=======",
        b"\0\0\0",
        b'{"a": "\xff"}',
        b"[1]",
        b"{} {}",
    ]
)


def line_of(row: dict[str, Any], ending: bytes) -> bytes:
    """Return a row as a line of a log."""
    return json.dumps(row, sort_keys=True, ensure_ascii=False).encode() + ending


ENDINGS = st.sampled_from([b"\n", b"\n", b"\r\n"])
LINES = st.one_of(
    st.builds(line_of, MOVES, ENDINGS),
    st.builds(line_of, NOTES, ENDINGS),
    st.builds(line_of, ODD, ENDINGS),
    st.builds(lambda raw, ending: raw + ending, GARBAGE, ENDINGS),
)


def in_file_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Give rows ids and times that increase along the file, as one writer would."""
    return [{**row, "event_id": event_id(n), "at": at(n)} for n, row in enumerate(rows)]
