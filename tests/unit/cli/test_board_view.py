"""The board for people, as text."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.cli.board_view import render_board
from specify_cli.missions.board import BoardEntry, MissionBoard
from specify_cli.missions.mission import Mission
from specify_cli.status.lanes import DISPLAY_LANES, Lane

MISSION = Mission(
    slug="todo-app", mission_id=None, directory=Path("todo-app"), root=Path(), mission_number=None,
    mission_type="software-dev", target_branch="feature", friendly_name="Todo app",
)  # fmt: skip


def entry(number: int, lane: Lane, title: str = "Part", **more: object) -> BoardEntry:
    facts: dict[str, object] = {
        "dependencies": (), "actor": None, "implementer": None, "reviewer": None,
        "last_transition_at": None, "subtasks_done": 0, "subtasks_total": 0,
    }  # fmt: skip
    return BoardEntry(wp_id=f"WP{number:02d}", title=title, lane=lane, **{**facts, **more})  # type: ignore[arg-type]


def board(*entries: BoardEntry, problems: tuple[str, ...] = ()) -> MissionBoard:
    return MissionBoard(MISSION, entries, problems)


BUSY = board(
    entry(1, Lane.DONE),
    entry(2, Lane.IN_PROGRESS, "Read the list", implementer="claude", subtasks_done=1, subtasks_total=3),
    entry(3, Lane.PLANNED, waits_for=("WP02", "WP09")),
    entry(4, Lane.FOR_REVIEW, implementer="claude"),
    entry(5, Lane.IN_REVIEW, implementer="eve", reviewer="eve", self_review=True),
    entry(6, Lane.BLOCKED, actor="bob"),
    problems=("line 7 (byte 99): it is a merge-conflict marker",),
)  # fmt: skip


def cells(text: str) -> int:
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def test_all_nine_lanes_are_columns_on_a_wide_terminal() -> None:
    lines = render_board(BUSY, width=170).split("\n")
    (heads,) = [line for line in lines if line.startswith("planned")]
    assert re.findall(r"[a-z_]+ \d", heads) == [
        f"{lane} {int(any(e.lane is lane for e in BUSY.entries))}" for lane in DISPLAY_LANES
    ]
    row = lines[lines.index(heads) + 2]
    assert row.index("WP03") == heads.index("planned")
    assert row.index("WP02 Read the list") == heads.index("in_progress")
    assert row.index("WP06") == heads.index("blocked")


@pytest.mark.parametrize("width", [None, 100])
def test_all_nine_lanes_stand_below_each_other_where_it_is_narrow(width: int | None) -> None:
    text = render_board(BUSY, width=width)
    starts = [line.split()[0] for line in text.split("\n") if re.match(r"[a-z_]+ \d", line)]
    assert starts == [lane.value for lane in DISPLAY_LANES]
    assert re.search(r"^in_progress 1 +WP02  Read the list  1/3 subtasks  by claude$", text, re.M)


@pytest.mark.parametrize("width", [None, 34, 100, 170])
def test_it_tells_progress_who_has_what_what_waits_and_what_is_wrong(width: int | None) -> None:
    text = " ".join(render_board(BUSY, width=width).split())
    assert "43.3 %" in text
    assert "1 done, 0 approved of 6" in text
    assert "by claude" in text
    assert "1/3 subtasks" in text
    assert "WP03 waits for WP02 (in_progress, by claude), WP09 (no such work package)" in text
    assert "WP04 waits for a reviewer other than claude" in text
    assert "WP06 is blocked (by bob)" in text
    assert "line 7 (byte 99): it is a merge-conflict marker" in text
    assert "doctor --fix --mission todo-app" in text
    assert "eve (a self-review)" in text


def test_colours_change_nothing_but_the_colours() -> None:
    coloured = render_board(BUSY, width=150, colour=True)
    plain = render_board(BUSY, width=150)
    assert "\x1b" in coloured
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_a_title_cannot_move_the_cursor() -> None:
    nasty = board(entry(1, Lane.PLANNED, "\x1b[2Jgone\r\nand\tmore"))
    for width in (None, 200):
        assert "\x1b" not in render_board(nasty, width=width)
        assert "\r" not in render_board(nasty, width=width)


def test_a_board_without_work_packages_says_so() -> None:
    assert "no work packages yet" in render_board(board(), width=80)


def test_rows_that_nobody_knows_are_counted() -> None:
    odd = board()._replace(unknown_rows=3)
    assert "3 rows of a kind that this version does not know" in render_board(odd)
    assert "doctor" not in render_board(odd)


def test_many_problems_are_counted() -> None:
    many = board(problems=tuple(f"line {number}: torn" for number in range(9)))
    assert "and 4 more" in render_board(many)


@pytest.mark.parametrize("width", [30, 40, 170])
def test_wide_characters_take_two_cells(width: int) -> None:
    wide = board(
        entry(1, Lane.PLANNED, "買い物リストを読み込んで表示する機能と編集する機能"),
        entry(2, Lane.DONE),
    )
    lines = render_board(wide, width=width).split("\n")
    assert max(cells(line) for line in lines) <= width
    assert any("買い物" in line for line in lines)


TITLES = st.text(st.characters(codec="utf-8"), max_size=60)


@given(
    width=st.integers(24, 260),
    made=st.lists(st.tuples(st.sampled_from(DISPLAY_LANES), TITLES, TITLES), max_size=12),
)
def test_no_line_is_wider_than_the_terminal_and_nothing_is_left_out(
    width: int, made: list[tuple[Lane, str, str]]
) -> None:
    entries = [
        entry(number, lane, title, implementer=who, subtasks_total=2)
        for number, (lane, title, who) in enumerate(made)
    ]
    text = render_board(board(*entries), width=width)
    assert max(cells(line) for line in text.split("\n")) <= width
    assert all(one.wp_id in text for one in entries)
    assert all(lane.value in text for lane in DISPLAY_LANES)
    assert not any(line.endswith(" ") for line in text.split("\n"))


def test_a_blocked_one_says_why() -> None:
    text = render_board(board(entry(1, Lane.BLOCKED, actor="bob", blocked_for="no key\nyet")))
    assert "WP01 is blocked (by bob): no key yet" in text


def test_what_is_not_finalized_is_said_in_the_words_of_people() -> None:
    first, second = entry(1, Lane.UNINITIALIZED), entry(2, Lane.UNINITIALIZED, waits_for=("WP01",))
    for width in (40, 80, 170, None):
        text = render_board(board(first, second), width=width)
        assert "uninitialized" not in text
        assert "not finalized yet: spec-kitty agent mission finalize-tasks" in " ".join(
            text.split()
        )
    assert "WP02 waits for WP01 (not finalized)" in text


def test_on_twenty_columns_a_card_stands_below_its_lane_and_stays_readable() -> None:
    lines = render_board(board(entry(1, Lane.IN_PROGRESS, "Read the whole list")), width=20).split(
        "\n"
    )
    at = lines.index("in_progress 1")
    assert [line.strip() for line in lines[at + 1 : at + 3]] == ["WP01 Read the", "whole list"]
    assert not any("..." in line for line in lines)
    assert all(cells(line) <= 20 for line in lines)
