"""Which work packages can be taken up now, for a program that hands them out to several agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.board import mission_board
from specify_cli.missions.lanes import LanesMissing, WorkPackageNotInLane, load_lanes
from specify_cli.status.lanes import DISPLAY_LANES, Lane

if TYPE_CHECKING:
    from specify_cli.missions.lanes import MissionLanes
    from specify_cli.missions.mission import Mission

_SATISFIED = (Lane.APPROVED, Lane.DONE)
_AT_WORK = (Lane.CLAIMED, Lane.IN_PROGRESS)


class Standing(NamedTuple):
    """Where a work package stands.

    Attributes:
        wp_id: Normalised id.
        lane: One of the nine displayed lanes; one without events is planned.
        dependencies: Work packages that must be approved first.
        actor: Who moved it last, or None.
        implementer: Who has claimed it, or None.
    """

    wp_id: str
    lane: Lane
    dependencies: tuple[str, ...]
    actor: str | None
    implementer: str | None = None

    @property
    def holder(self) -> str | None:
        """Who is at work on it; None when anybody can start it."""
        return self.implementer if self.lane in _AT_WORK else None


class Standings(NamedTuple):
    """Where work packages stand, and what the log could not say about it.

    Attributes:
        work_packages: Sorted by id.
        log_problems: Lines of the log that cannot be used, as the board names them.
        unknown_rows: Rows of the log that this version does not know; they are kept.
    """

    work_packages: tuple[Standing, ...]
    log_problems: tuple[str, ...]
    unknown_rows: int = 0


def standings(mission: Mission) -> Standings:
    """Return where every work package of a mission stands. Reads only.

    Raises:
        SpecKittyError: As `mission_board`.
    """
    board = mission_board(mission)
    found = tuple(
        Standing(
            entry.wp_id,
            entry.lane if entry.lane in DISPLAY_LANES else Lane.PLANNED,
            entry.dependencies,
            entry.actor,
            entry.implementer,
        )
        for entry in board.entries
    )
    return Standings(found, board.problems, board.unknown_rows)


def ready_work_packages(mission: Mission) -> Standings:
    """Return the work packages that can be started, or taken up again, side by side. Reads only.

    What they build on is approved or done. One that is claimed or in progress is named as well: whoever
    holds it gets it back by starting it, which records nothing, and everybody else is refused. Without
    that, a program that was killed could never find the work that it had begun. Work packages whose
    files overlap share a worktree: while one of them is being implemented the others are left out, and
    of several that could start only the first is named, so that two agents never work in one folder.

    Raises:
        SpecKittyError: As `mission_board`; LANES_CORRUPT.
    """
    found, log_problems, unknown_rows = standings(mission)
    lane_of = {standing.wp_id: standing.lane for standing in found}
    worktrees = _worktrees(mission, found)
    taken = {worktrees[s.wp_id] for s in found if s.lane in _AT_WORK} - {None}
    ready = []
    for standing in found:
        unmet = [wp for wp in standing.dependencies if lane_of.get(wp) not in _SATISFIED]
        worktree = worktrees[standing.wp_id]
        if unmet or standing.lane not in (Lane.PLANNED, *_AT_WORK):
            continue
        if standing.lane is Lane.PLANNED:
            if worktree in taken:
                continue
            if worktree is not None:
                taken.add(worktree)
        ready.append(standing)
    return Standings(tuple(ready), log_problems, unknown_rows)


def _worktrees(mission: Mission, found: tuple[Standing, ...]) -> dict[str, str | None]:
    """Return the lane of each work package; None where it has none, or nobody needs it alone."""
    try:
        lanes: MissionLanes | None = load_lanes(mission)
    except LanesMissing:
        lanes = None
    return {standing.wp_id: _worktree(lanes, standing.wp_id) for standing in found}


def _worktree(lanes: MissionLanes | None, wp_id: str) -> str | None:
    if lanes is None:
        return None
    try:
        lane = lanes.lane_of(wp_id)
    except WorkPackageNotInLane:
        return None
    return None if lane.is_planning else lane.lane_id
