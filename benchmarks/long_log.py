"""A mission's event log, drawn out to any length: lawful rows that every reader accepts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

START = ("claimed", "in_progress")
# Where a work package goes from there, again and again: sent back by two reviews, then held up once.
ROUND = (
    *("for_review", "in_review", "in_progress"),
    *("for_review", "in_review", "in_progress"),
    *("blocked", "in_progress"),
)
# What does not fill a round: nothing is left waiting for a review that nobody has written.
REST = ("blocked", "in_progress")
_DAYS_AGO = 3
_STEP = timedelta(milliseconds=100)


def rows_of(events: int, work_packages: int) -> int:
    """Return how many rows the log of a mission gets: at least those that plan it, and eleven."""
    return max(events, 1 + work_packages + 11)


def busy(work_packages: int) -> int:
    """Return how many work packages the log tells of; the others stay planned."""
    return work_packages - max(1, work_packages // 10)


def draw_out(path: Path, events: int, work_packages: int) -> None:
    """Replace a planned mission's log by a longer one; its last work packages stay planned.

    The rows that created and planned the mission are kept and moved back in time, and work goes
    round between the other work packages until there are as many rows as asked for.

    Args:
        path: The log of a mission that was planned a moment ago.
        events: How many rows.
        work_packages: How many work packages the mission has.
    """
    planned = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    *_, model = planned
    count = rows_of(events, work_packages)
    start = datetime.now(UTC) - timedelta(days=_DAYS_AGO)
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        rows = [*planned, *_work(model, count - len(planned), busy(work_packages))]
        for number, row in enumerate(rows):
            moment = start + number * _STEP
            row["timestamp" if "timestamp" in row else "at"] = moment.isoformat(
                timespec="microseconds"
            )
            row["event_id"] = new_ulid(moment)
            row["lamport_clock"] = number + 1
            stream.write(json.dumps(row, sort_keys=True) + "\n")


def _work(model: Mapping[str, Any], count: int, packages: int) -> Iterator[dict[str, Any]]:
    """Yield lane changes of the first so many work packages, in turn."""
    rounds = max(count // packages - len(START), 0) // len(ROUND)
    reviewed = len(START) + rounds * len(ROUND)
    lanes = ["planned"] * packages
    for number in range(count):
        turn, package = divmod(number, packages)
        source, target = lanes[package], _target(turn, reviewed)
        lanes[package] = target
        reviewing = "in_review" in (source, target)
        row = {
            **model,
            "actor": f"reviewer-{package % 3}" if reviewing else f"agent-{package % 7}",
            "from_lane": source,
            "to_lane": target,
            "wp_id": f"WP{package + 1:02}",
        }
        if target == "blocked":
            row["reason"] = "Waits for an answer."
        if source == "in_review":
            reference = f"review-cycle-{turn}"
            row["review_ref"] = reference
            row["reason"] = "A test is missing."
            row["review_result"] = {
                "reviewer": row["actor"],
                "verdict": "changes_requested",
                "reference": reference,
            }
        yield row


def _target(turn: int, reviewed: int) -> str:
    if turn < len(START):
        return START[turn]
    if turn < reviewed:
        return ROUND[(turn - len(START)) % len(ROUND)]
    return REST[(turn - reviewed) % len(REST)]
