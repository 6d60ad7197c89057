"""The lanes and the words for them."""

from __future__ import annotations

from typing import get_args

import pytest
from spec_kitty_events.status import Lane as UpstreamLane

from spec_kitty_contracts.wire.orchestrator_request import TargetLane
from specify_cli.status.lanes import (
    DISPLAY_LANES,
    Lane,
    UnknownLane,
    parse_lane,
    weighted_percentage,
)


def test_the_lanes_are_those_of_the_event_contract_and_one_read_value() -> None:
    assert {lane.value for lane in Lane} == {lane.value for lane in UpstreamLane} | {
        "uninitialized"
    }


def test_the_lanes_of_a_board_are_those_that_work_can_be_moved_to() -> None:
    assert tuple(DISPLAY_LANES) == get_args(TargetLane)
    assert not {Lane.GENESIS, Lane.UNINITIALIZED} & set(DISPLAY_LANES)


@pytest.mark.parametrize(
    ("text", "lane"),
    [
        ("planned", Lane.PLANNED),
        ("FOR_REVIEW", Lane.FOR_REVIEW),
        ("in-review", Lane.IN_REVIEW),
        (" in progress ", Lane.IN_PROGRESS),
        ("doing", Lane.IN_PROGRESS),
        ("Doing", Lane.IN_PROGRESS),
    ],
)
def test_a_person_may_write_a_lane_in_any_case_and_with_hyphens(text: str, lane: Lane) -> None:
    assert parse_lane(text) is lane


@pytest.mark.parametrize("text", ["", "bogus", "genesis", "uninitialized", "x" * 500])
def test_any_other_word_is_refused_with_the_lanes_there_are(text: str) -> None:
    with pytest.raises(UnknownLane) as refused:
        parse_lane(text)
    assert (refused.value.code, refused.value.exit_code) == ("UNKNOWN_LANE", 2)
    assert "in_progress" in refused.value.fix
    assert len(refused.value.message) < 100


@pytest.mark.parametrize(
    ("lanes", "percentage"),
    [
        ([], 0.0),
        ([Lane.CANCELED], 0.0),
        ([Lane.PLANNED, Lane.UNINITIALIZED, Lane.BLOCKED], 0.0),
        ([Lane.DONE, Lane.CANCELED], 100.0),
        ([Lane.APPROVED, Lane.IN_REVIEW, Lane.CLAIMED], 51.7),
    ],
)
def test_progress_counts_each_lane_as_a_part_of_the_way(
    lanes: list[Lane], percentage: float
) -> None:
    assert weighted_percentage(lanes) == percentage
