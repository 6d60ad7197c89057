"""A mission's story for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.status.log import Log
from specify_cli.status.timeline import mission_timeline, render_timeline, timeline
from tests.unit.status.log_rows import annotation, at, event_id, log_of, text_of, transition

if TYPE_CHECKING:
    from tests.unit.status.conftest import Lab

pytestmark = pytest.mark.plants_rows


def test_lane_changes_are_told_in_order_and_once() -> None:
    later = transition(2, "WP02", "planned", "claimed", actor={"tool": "codex"})
    first = transition(1, "WP01", "genesis", "planned", force=True, reason="because")
    entries = timeline(log_of(later, first, later))
    assert [entry.to_json() for entry in entries] == [
        {
            "at": at(1),
            "event_type": "WPStatusChanged",
            "wp_id": "WP01",
            "from_lane": "genesis",
            "to_lane": "planned",
            "actor": "claude",
            "forced": True,
            "reason": "because",
            "note": None,
            "event_id": event_id(1),
        },
        {
            "at": at(2),
            "event_type": "WPStatusChanged",
            "wp_id": "WP02",
            "from_lane": "planned",
            "to_lane": "claimed",
            "actor": "codex",
            "forced": False,
            "reason": None,
            "note": None,
            "event_id": event_id(2),
        },
    ]


def test_the_text_has_one_line_per_change() -> None:
    log = log_of(
        transition(1, "WP01", "genesis", "planned"),
        transition(2, "WP100", "planned", "canceled", force=True, reason="not needed"),
    )
    assert render_timeline(timeline(log)).splitlines() == [
        "2026-11-21 07:00:01  WP01     genesis -> planned  claude",
        "2026-11-21 07:00:02  WP100    planned -> canceled  claude  (forced)  not needed",
    ]


def test_events_of_the_mission_itself_are_part_of_the_story() -> None:
    created = {
        "event_type": "MissionCreated",
        "event_id": event_id(1),
        "timestamp": at(1),
        "aggregate_id": "01KQ22DSP6D1F7QCF7N87T8B66",
        "aggregate_type": "Mission",
        "payload": {},
        "schema_version": "3.0.0",
    }
    log = log_of(transition(2, "WP01", "genesis", "planned"), created)
    assert render_timeline(timeline(log)).splitlines() == [
        "2026-11-21 07:00:01  mission  MissionCreated",
        "2026-11-21 07:00:02  WP01     genesis -> planned  claude",
    ]


def test_notes_are_part_of_the_story_with_every_line() -> None:
    log = log_of(
        transition(1, "WP01", "genesis", "planned"),
        annotation(2, "WP01", {"note": "two\nlines", "history_entry_id": "hist-1"}),
        annotation(3, "WP01", {"subtasks": {"T001": "done"}}),
    )
    assert render_timeline(timeline(log)).splitlines()[1:] == [
        "2026-11-21 07:00:02  WP01     note by claude: two",
        "    lines",
    ]
    assert [entry.to_json()["note"] for entry in timeline(log)] == [None, "two\nlines"]


def test_an_empty_story_says_so() -> None:
    assert render_timeline(timeline(Log())) == "Nothing has happened yet."


def test_the_story_of_a_mission_says_how_many_lines_it_could_not_read(lab: Lab) -> None:
    lab.log.write_bytes(text_of(transition(1, "WP01", "genesis", "planned")) + b"{\n}\n")
    story = mission_timeline(lab.mission_log)
    assert (len(story.entries), story.unreadable_lines) == (1, 2)
    assert story.to_text().splitlines()[-1].startswith("2 lines of the log cannot be read")
    assert story.to_json()["mission_slug"] == lab.mission_log.mission_slug
