"""What happened in a mission, in order, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.events.envelope import WP_STATUS_CHANGED
from specify_cli.status.board import actor_label, ordered
from specify_cli.status.log import read_log
from specify_cli.status.tally import actor_of
from specify_cli.status.wp_ids import normalise_wp_id

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.lanes import Lane
    from specify_cli.status.log import Log
    from specify_cli.status.mission_status import MissionLog


NOTE = "note"
"""The kind of an entry that is a note, and the key of an annotation that holds one."""

UNKNOWN = "unknown"
"""The kind of an entry that this version does not know; its row is kept as it was written."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened: a lane change, a note, an event of the mission, or an unknown row.

    Attributes:
        at: When, in UTC.
        event_type: `WPStatusChanged`, `note`, `unknown`, or the type of the mission's event.
        wp_id: Which work package; None when it is about the mission.
        from_lane: Where it came from.
        to_lane: Where it went.
        actor: Label of who moved it.
        forced: Whether somebody overrode edge or guard; not when only the events contract asks for it.
        reason: Why, if somebody said so.
        event_id: The row.
        note: What was noted.
    """

    at: str
    event_type: str
    event_id: str
    wp_id: str | None = None
    from_lane: Lane | None = None
    to_lane: Lane | None = None
    actor: str | None = None
    forced: bool = False
    reason: str | None = None
    note: str | None = None

    def to_json(self) -> JsonObject:
        """Return the entry as plain JSON."""
        return {
            "at": self.at,
            "event_type": self.event_type,
            "wp_id": self.wp_id,
            "from_lane": None if self.from_lane is None else self.from_lane.value,
            "to_lane": None if self.to_lane is None else self.to_lane.value,
            "actor": self.actor,
            "forced": self.forced,
            "reason": self.reason,
            "note": self.note,
            "event_id": self.event_id,
        }

    def to_text(self) -> str:
        """Return what happened, without the time."""
        if self.event_type == UNKNOWN:
            by = f" by {self.actor}" if self.actor else ""
            return f"{self.wp_id or 'mission':<7}  a row{by} of a kind unknown to this version"
        if self.wp_id is None:
            return f"mission  {self.event_type}"
        if self.note is not None:
            said = "\n".join(f"    {line}" for line in self.note.split("\n")).lstrip()
            return f"{self.wp_id:<7}  note by {self.actor}: {said}"
        forced = "  (forced)" if self.forced else ""
        reason = f"  {self.reason}" if self.reason else ""
        return f"{self.wp_id:<7}  {self.from_lane} -> {self.to_lane}  {self.actor}{forced}{reason}"


def timeline(log: Log) -> tuple[TimelineEntry, ...]:
    """Return what happened, in the fold's order, each row once."""
    changes = [
        TimelineEntry(
            at=row.at,
            event_type=WP_STATUS_CHANGED,
            event_id=row.event_id,
            wp_id=row.wp_id,
            from_lane=row.from_lane,
            to_lane=row.to_lane,
            actor=actor_label(row.actor),
            forced=row.by_force,
            reason=row.reason,
        )
        for row in ordered(log.transitions)
    ]
    notes = {
        row.event_id: TimelineEntry(
            at=row.at,
            event_type=NOTE,
            event_id=row.event_id,
            wp_id=row.wp_id,
            actor=actor_label(row.actor) if row.actor else None,
            note=str(row.delta[NOTE]),
        )
        for row in log.annotations
        if NOTE in row.delta
    }
    events = {
        str(row["event_id"]): TimelineEntry(
            at=str(row.get("timestamp", "")),
            event_type=str(row.get("event_type", "")),
            event_id=str(row["event_id"]),
        )
        for row in (other.row for other in log.lifecycle)
    }
    unknown = [_unknown(other.row) for other in log.unknown]
    return tuple(
        sorted(
            [*changes, *notes.values(), *events.values(), *unknown],
            key=lambda e: (e.at, e.event_id),
        )
    )


def _unknown(row: JsonObject) -> TimelineEntry:
    """Return what a row of an unknown kind says in the way of the known ones."""
    at, event_id, wp_id = (row.get(key) for key in ("at", "event_id", "wp_id"))
    named = wp_id if isinstance(wp_id, str) else None
    return TimelineEntry(
        at=at if isinstance(at, str) else "",
        event_type=UNKNOWN,
        event_id=event_id if isinstance(event_id, str) else "",
        wp_id=(normalise_wp_id(named) or named) if named else None,
        actor=actor_of(row),
    )


@dataclass(frozen=True, slots=True)
class MissionTimeline:
    """The story of one mission.

    Attributes:
        mission_slug: Which mission.
        entries: What happened, oldest first.
        unreadable_lines: How many lines of the log could not be used.
        unknown_rows: How many rows are of a kind that this version does not know.
    """

    mission_slug: str
    entries: tuple[TimelineEntry, ...]
    unreadable_lines: int
    unknown_rows: int = 0

    def to_json(self) -> JsonObject:
        """Return the story as plain JSON."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "entries": [entry.to_json() for entry in self.entries],
            "unreadable_lines": self.unreadable_lines,
            "unknown_rows": self.unknown_rows,
        }

    def to_text(self) -> str:
        """Return the story as plain text, one line per entry, without a final newline."""
        lines = [render_timeline(self.entries)]
        if self.unreadable_lines:
            lines.append(
                f"{self.unreadable_lines} lines of the log cannot be read: "
                "see `spec-kitty agent status doctor`."
            )
        return "\n".join(lines)


def mission_timeline(mission_log: MissionLog) -> MissionTimeline:
    """Read a mission's log and tell its story.

    Raises:
        ReadFailed: READ_FAILED.
    """
    log = read_log(mission_log.log_path)
    return MissionTimeline(
        mission_log.mission_slug, timeline(log), len(log.problems), len(log.unknown)
    )


def render_timeline(entries: tuple[TimelineEntry, ...]) -> str:
    """Render a story as plain text, one line each, without a final newline."""
    if not entries:
        return "Nothing has happened yet."
    return "\n".join(
        f"{entry.at[:19].replace('T', ' ') or '(no time)':<19}  {entry.to_text()}"
        for entry in entries
    )
