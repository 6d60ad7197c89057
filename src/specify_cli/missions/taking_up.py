"""Whether a work package may be taken up, and by whom: the refusals that every path shares."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.dependencies import unmet_dependencies
from specify_cli.status.board import actor_label
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import TransitionRejected, TransitionRequest, check_transition

if TYPE_CHECKING:
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board

WORKING = (Lane.CLAIMED, Lane.IN_PROGRESS)
"""The lanes in which somebody implements a work package."""
_UNPLANNED = (Lane.GENESIS, Lane.UNINITIALIZED)


class DependenciesNotSatisfied(SpecKittyError):
    """Work packages that this one builds on are not approved yet."""

    code = "DEPENDENCIES_NOT_SATISFIED"


class WorkPackageClaimed(SpecKittyError):
    """Somebody else has the work package."""

    code = "WP_ALREADY_CLAIMED"


class LaneBusy(SpecKittyError):
    """Somebody else works in the lane's worktree, on another work package."""

    code = "LANE_BUSY"


def check_taking_up(
    mission: Mission, start: Lane, request: TransitionRequest, *, blocked_from: Lane | None = None
) -> None:
    """Check a lane change that a command without `--force` asks for.

    Raises:
        TransitionRejected: TRANSITION_REJECTED; the fix is a command that leads on from there.
    """
    try:
        check_transition(start, request, blocked_from=blocked_from)
    except TransitionRejected as error:
        if error.details.get("guard") == "edge" and start not in _UNPLANNED:
            error.fix = _way_on(mission, start, request)
        raise


def _way_on(mission: Mission, start: Lane, request: TransitionRequest) -> str:
    who, tasks = shlex.quote(actor_label(request.actor)), "spec-kitty agent tasks"
    where = f"--agent {who} --mission {mission.slug}"
    if start is Lane.PLANNED:
        return f"spec-kitty implement {request.wp_id} {where}"
    if start is Lane.FOR_REVIEW:
        return f"It waits for a review: spec-kitty agent action review {request.wp_id} {where}"
    if start is Lane.IN_REVIEW:
        return f"It is under review: {tasks} status --mission {mission.slug} tells by whom."
    move = f"{tasks} move-task {request.wp_id}"
    if start is Lane.BLOCKED:
        return f"{move} --to in_progress {where}"
    return f'Reopen it: {move} --to planned {where} --force --note "There is more to do."'


def refuse_other_holder(wp_id: str, holder: str | None, actor: str, *, task: str = "") -> None:
    """Refuse when somebody else has a work package.

    Args:
        wp_id: The work package.
        holder: Who has it, None for nobody.
        actor: Who asks.
        task: What the holder does with it; "implementing" when empty.

    Raises:
        WorkPackageClaimed: WP_ALREADY_CLAIMED.
    """
    if holder is None or holder == actor:
        return
    back = "for_review" if task else "planned"
    raise WorkPackageClaimed(
        f"{holder} is {task or 'implementing'} {wp_id}, not {actor}.",
        fix=f"Take another work package (spec-kitty next --agent {actor}). If {holder} will not go "
        f"on: spec-kitty agent tasks move-task {wp_id} --to {back} --agent {actor} --force "
        f'--note "{holder} is gone"',
        details={
            "wp_id": wp_id,
            "claimed_by": holder,
            "requesting_actor": actor,
            "task": task or "implementing",
        },
    )


def refuse_unmet_dependencies(package: WorkPackage, board: Board) -> None:
    """Refuse while work that a work package builds on is not approved.

    Raises:
        DependenciesNotSatisfied: DEPENDENCIES_NOT_SATISFIED.
    """
    unmet = {wp_id: board.lane(wp_id) for wp_id in unmet_dependencies(package.dependencies, board)}
    if not unmet:
        return
    listed = ", ".join(f"{wp_id} ({lane.shown})" for wp_id, lane in unmet.items())
    raise DependenciesNotSatisfied(
        f"{package.id} builds on work that is not approved yet: {listed}.",
        fix=f"Finish {' and '.join(unmet)} first, or remove what is not needed from `dependencies` in "
        f"{package.path.name} and run finalize-tasks.",
        details={
            "wp_id": package.id,
            "unsatisfied_dependencies": list(unmet),
            "lanes": {wp: lane.value for wp, lane in unmet.items()},
        },
    )


def refuse_busy_lane(lane: MissionLane, wp_id: str, board: Board, actor: str) -> None:
    """Refuse while somebody else works in the worktree that a work package shares.

    Raises:
        LaneBusy: LANE_BUSY.
    """
    if lane.is_planning:
        return
    for other in lane.wp_ids:
        state = board.work_packages.get(other)
        if other == wp_id or state is None or state.lane not in WORKING:
            continue
        if state.implementer not in (None, actor):
            raise LaneBusy(
                f"{state.implementer} is implementing {other} in the worktree that {wp_id} shares.",
                fix=f"Take another work package, or wait until {other} is handed off.",
                details={
                    "wp_id": wp_id,
                    "lane_id": lane.lane_id,
                    "busy_with": other,
                    "claimed_by": state.implementer,
                    "requesting_actor": actor,
                },
            )
