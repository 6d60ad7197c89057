"""Planning the work packages of a mission whose files are the plan (ADR 0009)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.missions.work_packages import PLANNING_ARTIFACT, scan_work_packages
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import TransitionRequest

if TYPE_CHECKING:
    from specify_cli.missions.mission import Mission
    from specify_cli.status.log import Actor, Log
    from specify_cli.status.mission_status import StatusChange


def beginning(log: Log) -> str | None:
    """Return when the first row of a log was written: a seeded mission has no other date."""
    moments = [row.at for row in log.transitions] + [row.at for row in log.annotations]
    return min(moments, default=None)


def plan_by_files(change: StatusChange, mission: Mission, actor: Actor) -> None:
    """Put every work package that the log does not know on the board: genesis → planned.

    Only for a mission that is planned by its files; in any other the tasks are finalised. The lane
    that a file's frontmatter names is a note for people: the log decides.

    Args:
        change: A change that writes something anyway; the rows become part of it.
        mission: The mission.
        actor: Who makes the change.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    if not mission.is_planned_by_files:
        return
    for package in scan_work_packages(mission).work_packages:
        if change.board.lane(package.id) is Lane.UNINITIALIZED:
            in_main = package.execution_mode == PLANNING_ARTIFACT
            change.transition(
                TransitionRequest(
                    wp_id=package.id,
                    to_lane=Lane.PLANNED,
                    actor=actor,
                    execution_mode="direct_repo" if in_main else "worktree",
                )
            )
