"""What happened in a mission, in order, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.status.board import actor_label, ordered

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.lanes import Lane
    from specify_cli.status.log import Log


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One lane change.

    Attributes:
        at: When, in UTC.
        wp_id: Which work package.
        from_lane: Where it came from.
        to_lane: Where it went.
        actor: Label of who moved it.
        forced: Whether edge or guard were overridden.
        reason: Why, if somebody said so.
        event_id: The row.
    """

    at: str
    wp_id: str
    from_lane: Lane
    to_lane: Lane
    actor: str
    forced: bool
    reason: str | None
    event_id: str

    def to_json(self) -> JsonObject:
        """Return the entry as plain JSON."""
        return {
            "at": self.at,
            "wp_id": self.wp_id,
            "from_lane": self.from_lane.value,
            "to_lane": self.to_lane.value,
            "actor": self.actor,
            "forced": self.forced,
            "reason": self.reason,
            "event_id": self.event_id,
        }


def timeline(log: Log) -> tuple[TimelineEntry, ...]:
    """Return the lane changes of a log in the fold's order, each once."""
    return tuple(
        TimelineEntry(
            at=row.at,
            wp_id=row.wp_id,
            from_lane=row.from_lane,
            to_lane=row.to_lane,
            actor=actor_label(row.actor),
            forced=row.force,
            reason=row.reason,
            event_id=row.event_id,
        )
        for row in ordered(log.transitions)
    )


def render_timeline(entries: tuple[TimelineEntry, ...]) -> str:
    """Render a timeline as plain text, one line per change, without a final newline."""
    if not entries:
        return "Nothing has happened yet."
    wp = max(len(entry.wp_id) for entry in entries)
    return "\n".join(
        f"{entry.at[:19].replace('T', ' ')}  {entry.wp_id:<{wp}}  "
        f"{entry.from_lane} -> {entry.to_lane}  {entry.actor}"
        + ("  (forced)" if entry.forced else "")
        + (f"  {entry.reason}" if entry.reason else "")
        for entry in entries
    )
