"""A mission's board: every work package, its lane and its title."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.work_packages import load_work_packages
from specify_cli.status.board import fold
from specify_cli.status.lanes import DISPLAY_LANES, Lane, weighted_percentage
from specify_cli.status.log import read_log

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission


class BoardEntry(NamedTuple):
    """One work package on the board.

    Attributes:
        wp_id: Such as WP01.
        title: From its file.
        lane: Where it stands; `uninitialized` when the log does not know it.
        dependencies: Work packages that must be approved first.
        actor: Who moved it last, or None.
        implementer: Who implements it, or None.
        reviewer: Who reviews it, or None.
        last_transition_at: When it last moved, or None.
        subtasks_done: How many of its subtasks are marked done.
        subtasks_total: How many it has.
    """

    wp_id: str
    title: str
    lane: Lane
    dependencies: tuple[str, ...]
    actor: str | None
    implementer: str | None
    reviewer: str | None
    last_transition_at: str | None
    subtasks_done: int
    subtasks_total: int

    def to_json(self) -> JsonObject:
        """Return the entry as it stands in `work_packages`."""
        return {
            "id": self.wp_id,
            "title": self.title,
            "lane": self.lane.value,
            "dependencies": list(self.dependencies),
            "last_actor": self.actor,
            "implementer": self.implementer,
            "reviewer": self.reviewer,
            "last_transition_at": self.last_transition_at,
            "subtasks_done": self.subtasks_done,
            "subtasks_total": self.subtasks_total,
        }


class MissionBoard(NamedTuple):
    """The board of one mission.

    Attributes:
        mission: Whose board.
        entries: Its work packages, sorted by id.
        problems: Lines of the log that cannot be used, as `line N: reason`.
    """

    mission: Mission
    entries: tuple[BoardEntry, ...]
    problems: tuple[str, ...]

    def lanes(self) -> dict[Lane, tuple[BoardEntry, ...]]:
        """Return the displayed lanes in order, each with its work packages.

        A work package that the log does not know is shown as planned.
        """
        return {
            lane: tuple(entry for entry in self.entries if _shown_lane(entry.lane) is lane)
            for lane in DISPLAY_LANES
        }

    @property
    def weighted_percentage(self) -> float:
        """Progress from 0 to 100, one decimal; canceled work packages do not count."""
        return weighted_percentage(entry.lane for entry in self.entries)

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent tasks status`."""
        lanes = self.lanes()
        done = len(lanes[Lane.DONE])
        return {
            "result": "success",
            "mission_slug": self.mission.slug,
            "mission_id": self.mission.mission_id,
            "mission_number": self.mission.mission_number,
            "mission_type": self.mission.mission_type,
            "total_wps": len(self.entries),
            "by_lane": {lane.value: len(entries) for lane, entries in lanes.items()},
            "work_packages": [entry.to_json() for entry in self.entries],
            "done_count": done,
            "approved_count": len(lanes[Lane.APPROVED]),
            "weighted_percentage": self.weighted_percentage,
            "log_problems": list(self.problems),
        }

    def to_text(self) -> str:
        """Return the board for people: each lane that is not empty, then the rest in one line."""
        lines = [
            f"{self.mission.friendly_name} ({self.mission.slug}), {self.weighted_percentage:g} %"
        ]
        if not self.entries:
            lines.append("  no work packages yet")
        empty = []
        for lane, entries in self.lanes().items():
            if not entries:
                empty.append(lane.value)
                continue
            lines.append(f"  {lane.value}")
            lines += [f"    {_line(entry)}" for entry in entries]
        if self.entries and empty:
            lines.append(f"  empty: {', '.join(empty)}")
        lines += [f"  log: {problem}" for problem in self.problems]
        return "\n".join(lines)


def mission_board(mission: Mission) -> MissionBoard:
    """Read a mission's board from its work package files and its log. Writes nothing.

    Raises:
        SpecKittyError: INVALID_WORK_PACKAGE, DUPLICATE_WP_ID, INVALID_YAML, READ_FAILED.
    """
    packages = load_work_packages(mission)
    log = read_log(mission.log_file)
    board = fold(log)
    entries = []
    for package in packages:
        state = board.work_packages.get(package.id)
        marked = state.subtasks if state else {}
        entries.append(
            BoardEntry(
                wp_id=package.id,
                title=package.title,
                lane=board.lane(package.id),
                dependencies=package.dependencies,
                actor=state.actor if state else None,
                implementer=state.implementer if state else None,
                reviewer=state.reviewer if state else None,
                last_transition_at=state.last_transition_at if state else None,
                subtasks_done=sum(marked.get(task) == "done" for task in package.subtasks),
                subtasks_total=len(package.subtasks),
            )
        )
    problems = tuple(
        f"line {problem.line} (byte {problem.offset}): {problem.reason}" for problem in log.problems
    )
    return MissionBoard(mission=mission, entries=tuple(entries), problems=problems)


def _shown_lane(lane: Lane) -> Lane:
    return lane if lane in DISPLAY_LANES else Lane.PLANNED


def _line(entry: BoardEntry) -> str:
    parts = [f"{entry.wp_id}  {entry.title}"]
    if entry.subtasks_total:
        parts.append(f"{entry.subtasks_done}/{entry.subtasks_total} subtasks")
    if entry.lane is Lane.IN_REVIEW and entry.reviewer:
        parts.append(f"in review by {entry.reviewer}")
    elif entry.lane is Lane.APPROVED and entry.reviewer:
        parts.append(f"reviewed by {entry.reviewer}")
    elif entry.implementer:
        parts.append(f"by {entry.implementer}")
    if entry.dependencies and entry.lane not in (Lane.APPROVED, Lane.DONE):
        parts.append(f"after {', '.join(entry.dependencies)}")
    return "  ·  ".join(parts)
