"""What happened in a mission, in order, for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.status.board import actor_label, ordered
from specify_cli.status.log import read_log

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.lanes import Lane
    from specify_cli.status.log import Log
    from specify_cli.status.mission_status import MissionLog


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


@dataclass(frozen=True, slots=True)
class MissionTimeline:
    """The story of one mission.

    Attributes:
        mission_slug: Which mission.
        entries: Its lane changes, oldest first.
        unreadable_lines: How many lines of the log could not be used.
    """

    mission_slug: str
    entries: tuple[TimelineEntry, ...]
    unreadable_lines: int

    def to_json(self) -> JsonObject:
        """Return the story as plain JSON."""
        return {
            "mission_slug": self.mission_slug,
            "entries": [entry.to_json() for entry in self.entries],
            "unreadable_lines": self.unreadable_lines,
        }

    def to_text(self) -> str:
        """Return the story as plain text, one line per change, without a final newline."""
        lines = [render_timeline(self.entries)]
        if self.unreadable_lines:
            lines.append(
                f"{self.unreadable_lines} lines of the log cannot be read: "
                "see `spec-kitty agent status validate`."
            )
        return "\n".join(lines)


def mission_timeline(mission_log: MissionLog) -> MissionTimeline:
    """Read a mission's log and tell its story.

    Raises:
        ReadFailed: READ_FAILED.
    """
    log = read_log(mission_log.log_path)
    return MissionTimeline(mission_log.mission_slug, timeline(log), len(log.problems))


def render_timeline(entries: tuple[TimelineEntry, ...]) -> str:
    """Render lane changes as plain text, one line each, without a final newline."""
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
