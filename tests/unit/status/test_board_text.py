"""The board as plain text."""

from __future__ import annotations

import pytest

from specify_cli.status.board import fold
from specify_cli.status.board_text import render_board
from specify_cli.status.log import Log
from tests.unit.status.log_rows import annotation, log_of, transition, walk

pytestmark = pytest.mark.plants_rows


def test_packages_stand_in_their_lanes_with_title_and_who_works_on_them() -> None:
    log = log_of(
        *walk(1, "WP01", "genesis", "planned", "claimed", "in_progress", actor="ann"),
        *walk(11, "WP02", "genesis", "planned", "blocked"),
        transition(21, "WP03", "genesis", "planned"),
        transition(31, "WP04", "for_review", "in_review", actor="rev"),
        annotation(40, "WP01", {"subtasks": {"T001": "done", "T002": "open"}}),
    )
    text = render_board(fold(log, wp_ids=["WP05"]), {"WP01": "Storage", "WP06": "Later"})
    assert text.splitlines() == [
        "planned (1)",
        "  WP03",
        "in_progress (1)",
        "  WP01  Storage  [ann, 1/2 subtasks]",
        "in_review (1)",
        "  WP04    [reviewer rev]",
        "blocked (1)",
        "  WP02    [was planned]",
        "not planned yet (2)",
        "  WP05",
        "  WP06  Later",
        "empty: claimed, for_review, approved, done, canceled",
    ]


def test_an_empty_board_says_so() -> None:
    assert render_board(fold(Log())) == "No work packages yet."


def test_a_board_is_plain_text() -> None:
    text = render_board(fold(log_of(transition(1, "WP01", "genesis", "planned"))), {"WP01": "Über"})
    assert "\x1b" not in text
    assert not text.endswith("\n")
