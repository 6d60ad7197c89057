"""Rows of a log as a test needs them, and logs made of them."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from specify_cli.kernel.clock import isoformat
from specify_cli.status.log import parse_log

if TYPE_CHECKING:
    from specify_cli.status.log import Log

START = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
MISSION_ID = "01KQ22DSA8G3W5V7T9Y1B3D5F7"
MISSION_SLUG = "todo-app-01KQ22DS"
BUILD_ID = "01KQ22DT0000000000000000B1"


def at(second: float) -> str:
    """Return the time so many seconds after the start."""
    return isoformat(START + timedelta(seconds=second))


def event_id(number: int) -> str:
    """Return a ULID that sorts like its number."""
    return f"01KQ22DT{number:018d}"


def transition(
    number: int, wp_id: str, from_lane: str, to_lane: str, **more: Any
) -> dict[str, Any]:
    """Return a row with exactly the keys that the existing CLI writes."""
    row: dict[str, Any] = {
        "actor": "claude",
        "at": at(number),
        "event_id": event_id(number),
        "evidence": None,
        "execution_mode": "worktree",
        "force": False,
        "from_lane": from_lane,
        "mission_id": MISSION_ID,
        "mission_slug": MISSION_SLUG,
        "policy_metadata": None,
        "reason": None,
        "review_ref": None,
        "to_lane": to_lane,
        "wp_id": wp_id,
    }
    return {**row, **more}


def annotation(number: int, wp_id: str, delta: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an annotation row."""
    row: dict[str, Any] = {
        "kind": "annotation",
        "actor": "claude",
        "at": at(number),
        "event_id": event_id(number),
        "wp_id": wp_id,
        "delta": delta,
    }
    return {**row, **more}


def lifecycle(number: int, event_type: str = "MissionCreated") -> dict[str, Any]:
    """Return a lifecycle row as the existing CLI writes it."""
    return {
        "aggregate_id": MISSION_ID,
        "aggregate_type": "Mission",
        "event_id": event_id(number),
        "event_type": event_type,
        "payload": {"mission_slug": MISSION_SLUG},
        "project_slug": "todo",
        "project_uuid": "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
        "schema_version": "5.0.0",
        "timestamp": at(number),
    }


def decision(number: int) -> dict[str, Any]:
    """Return a decision row as the existing CLI writes it."""
    return {
        "at": at(number),
        "event_id": event_id(number),
        "event_type": "DecisionPointOpened",
        "payload": {"decision_point_id": "x"},
    }


def text_of(*rows: dict[str, Any]) -> bytes:
    """Return rows as the bytes of a log."""
    return b"".join(
        json.dumps(row, sort_keys=True, ensure_ascii=False).encode() + b"\n" for row in rows
    )


def log_of(*rows: dict[str, Any]) -> Log:
    """Return a log of rows."""
    return read_bytes(text_of(*rows))


def read_bytes(data: bytes) -> Log:
    """Return the log that is made of these bytes."""
    return parse_log(io.BytesIO(data))


def walk(number: int, wp_id: str, *lanes: str, **more: Any) -> list[dict[str, Any]]:
    """Return the rows of a work package that goes from lane to lane."""
    return [
        transition(number + step, wp_id, source, target, **more)
        for step, (source, target) in enumerate(pairwise(lanes))
    ]
