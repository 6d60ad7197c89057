"""A mission's board: every work package, its lane and its title."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.dependencies import unmet_dependencies
from specify_cli.missions.mission import folded_log
from specify_cli.missions.work_packages import load_work_packages
from specify_cli.status.lanes import (
    DISPLAY_LANES,
    TERMINAL_LANES,
    Lane,
    weighted_percentage,
)

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board, WorkPackageState


SELF_REVIEW = "self_review"
"""Key of annotations: whether whoever reviews a work package now is the one who implemented it."""

NOT_FINALIZED = "not finalized yet: spec-kitty agent mission finalize-tasks"
"""What a board says above work packages that the log does not know."""

_JUDGED = frozenset({Lane.IN_REVIEW, Lane.APPROVED, Lane.DONE})


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
        self_review: Whether its latest review is by the one who implemented it.
        waits_for: The dependencies that it waits for: not approved, and nobody has it yet.
        blocked_for: While it is blocked, why, if somebody said so.
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
    self_review: bool = False
    waits_for: tuple[str, ...] = ()
    blocked_for: str | None = None

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
            "self_review": self.self_review,
            "waits_for": list(self.waits_for),
            "blocked_reason": self.blocked_for,
        }

    def who(self) -> str:
        """Say who has it or had it, and what for; empty when nobody has."""
        own = " (a self-review)" if self.self_review else ""
        if self.lane is Lane.IN_REVIEW and self.reviewer:
            return f"in review by {self.reviewer}{own}"
        if self.lane is Lane.APPROVED and self.reviewer:
            return f"reviewed by {self.reviewer}{own}"
        return f"by {self.implementer}{own}" if self.implementer else ""

    def to_line(self) -> str:
        """Return the entry for people, on one line."""
        parts = [f"{self.wp_id}  {self.title}"]
        if self.subtasks_total:
            parts.append(f"{self.subtasks_done}/{self.subtasks_total} subtasks")
        parts.append(self.who())
        if self.dependencies and self.lane not in (Lane.APPROVED, Lane.DONE):
            parts.append(f"after {', '.join(self.dependencies)}")
        if self.blocked_for:
            parts.append(f"blocked: {' '.join(self.blocked_for.split())}")
        return "  ·  ".join(filter(None, parts))


class MissionBoard(NamedTuple):
    """The board of one mission.

    Attributes:
        mission: Whose board.
        entries: Its work packages, sorted by id.
        problems: Lines of the log that cannot be used, as `line N: reason`.
        unknown_rows: Rows of the log that this version does not know; they are kept.
    """

    mission: Mission
    entries: tuple[BoardEntry, ...]
    problems: tuple[str, ...]
    unknown_rows: int = 0

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
            "log_unknown_rows": self.unknown_rows,
        }

    def to_text(self) -> str:
        """Return the board for people: each lane that is not empty, then the rest in one line."""
        lines = [
            f"{self.mission.friendly_name} ({self.mission.slug}), {self.weighted_percentage:g} %"
        ]
        if not self.entries:
            lines.append("  no work packages yet")
        elif any(entry.lane is Lane.UNINITIALIZED for entry in self.entries):
            lines.append(f"  {NOT_FINALIZED} --mission {self.mission.slug}")
        empty = []
        for lane, entries in self.lanes().items():
            if not entries:
                empty.append(lane.value)
                continue
            lines.append(f"  {lane.value}")
            lines += [f"    {entry.to_line()}" for entry in entries]
        if self.entries and empty:
            lines.append(f"  empty: {', '.join(empty)}")
        lines += [f"  log: {problem}" for problem in self.problems]
        if self.unknown_rows:
            lines.append(f"  log: {self.unknown_rows} rows of a kind unknown to this version")
        return "\n".join(lines)


def mission_board(mission: Mission) -> MissionBoard:
    """Read a mission's board from its work package files and its log. Writes nothing.

    Raises:
        SpecKittyError: INVALID_WORK_PACKAGE, DUPLICATE_WP_ID, INVALID_YAML, READ_FAILED.
    """
    packages = load_work_packages(mission)
    log = folded_log(mission)
    board = log.board()
    entries = []
    for package in packages:
        state = board.work_packages.get(package.id)
        marked = state.subtasks if state else {}
        entries.append(
            BoardEntry(
                wp_id=package.id,
                title=package.title,
                lane=_standing(mission, board.lane(package.id)),
                dependencies=package.dependencies,
                actor=state.actor if state else None,
                implementer=state.implementer if state else None,
                reviewer=state.reviewer if state else None,
                last_transition_at=state.last_transition_at if state else None,
                subtasks_done=sum(marked.get(task) == "done" for task in package.subtasks),
                subtasks_total=len(package.subtasks),
                self_review=is_self_review(state),
                waits_for=_waits_for(package, board),
                blocked_for=state.blocked_for if state else None,
            )
        )
    problems = tuple(
        f"line {problem.line} (byte {problem.offset}): {problem.reason}" for problem in log.problems
    )
    return MissionBoard(mission, tuple(entries), problems, log.summary.unknown)


def is_self_review(state: WorkPackageState | None) -> bool:
    """Tell whether a work package's latest review is, or was, by the one who implemented it.

    Logs of the existing CLI have no annotation of it; there the names are compared.
    """
    if state is None or state.lane not in _JUDGED:
        return False
    return state.is_by(state.reviewer) or state.notes.get(SELF_REVIEW) is True


def _waits_for(package: WorkPackage, board: Board) -> tuple[str, ...]:
    state = board.work_packages.get(package.id)
    if state is not None and (state.implementer is not None or state.lane in TERMINAL_LANES):
        return ()
    return unmet_dependencies(package.dependencies, board)


def _standing(mission: Mission, lane: Lane) -> Lane:
    # Where the files are the plan, a work package that the log does not know is planned.
    unseen = lane is Lane.UNINITIALIZED and mission.is_planned_by_files
    return Lane.PLANNED if unseen else lane


def _shown_lane(lane: Lane) -> Lane:
    return lane if lane in DISPLAY_LANES else Lane.PLANNED
