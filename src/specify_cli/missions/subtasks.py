"""Subtasks of work packages: what is still open, and marking several as done in one commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.actors import recorded_name
from specify_cli.missions.mission import mission_log
from specify_cli.missions.work_packages import checkboxes, normalise_wp_id, scan_work_packages
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board

SubtaskStatus = Literal["done", "pending"]
DONE = "done"


class SubtaskNotFound(SpecKittyError):
    """No work package of the mission has such a subtask."""

    code = "SUBTASK_NOT_FOUND"


class SubtaskAmbiguous(SpecKittyError):
    """More than one work package has a subtask of that id."""

    code = "SUBTASK_AMBIGUOUS"


class MarkedSubtasks(NamedTuple):
    """What was marked.

    Attributes:
        mission_slug: The mission.
        status: The new status of all of them.
        marked: Subtask id to its work package.
        unchanged: Those that had this status already.
        commit: The commit; None when all had this status already.
    """

    mission_slug: str
    status: SubtaskStatus
    marked: tuple[tuple[str, str], ...]
    unchanged: tuple[str, ...]
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `mark-status`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "status": self.status,
            "marked": [{"id": task, "wp_id": wp_id} for task, wp_id in self.marked],
            "unchanged": [*self.unchanged],
            "commit": self.commit,
        }

    def to_text(self) -> str:
        """Return one line for each subtask."""
        lines = [f"{task} of {wp_id} is {self.status}." for task, wp_id in self.marked]
        lines += [f"{task} was {self.status} before." for task in self.unchanged]
        return "\n".join(lines)


def outstanding_subtasks(mission: Mission, package: WorkPackage, board: Board) -> tuple[str, ...]:
    """Return the ids of a work package's subtasks that are not done.

    The event log decides; for a subtask that it does not mention, the checkbox in the file counts.

    Args:
        mission: The mission.
        package: The work package.
        board: The mission's board.
    """
    state = board.work_packages.get(package.id)
    logged = state.subtasks if state is not None else {}
    checked = {box.id for box in checkboxes(package.body) if box.checked}
    return tuple(
        task
        for task in package.subtasks
        if (logged[task] != DONE if task in logged else task not in checked)
    )


def mark_subtasks(
    project: Project,
    mission: Mission,
    task_ids: Sequence[str],
    status: SubtaskStatus,
    actor: str,
) -> MarkedSubtasks:
    """Record the status of several subtasks: one row for each work package, one commit.

    Args:
        project: The project.
        mission: The mission.
        task_ids: "T001", or "WP01:T001" where the id alone is not enough.
        status: "done" or "pending".
        actor: Who says so.

    Raises:
        SubtaskNotFound: SUBTASK_NOT_FOUND: the fix lists the known ones.
        SubtaskAmbiguous: SUBTASK_AMBIGUOUS.
        SpecKittyError: What `MissionStatus.change` raises.
    """
    actor = recorded_name(actor)
    packages = scan_work_packages(mission).work_packages
    found = list(dict.fromkeys(_find(mission, packages, task_id) for task_id in task_ids))
    log = mission_log(project, mission)
    board = MissionStatus.load(log).board
    changed = [
        (task, package) for task, package in found if _logged(board, package, task) != status
    ]
    commit: str | None = None
    if changed:
        by_package: dict[str, dict[str, str]] = {}
        for task, package in changed:
            by_package.setdefault(package, {})[task] = status
        listed = ", ".join(task for task, _ in changed)
        message = f"Mark {listed} of {mission.slug} as {status}"
        with MissionStatus.change(log, message=message) as change:
            for package, tasks in by_package.items():
                change.annotate(package, actor, {"subtasks": {**tasks}})
        commit = change.result.commit
    return MarkedSubtasks(
        mission_slug=mission.slug,
        status=status,
        marked=tuple(changed),
        unchanged=tuple(task for task, package in found if (task, package) not in changed),
        commit=commit,
    )


def _logged(board: Board, wp_id: str, task: str) -> str | None:
    state = board.work_packages.get(wp_id)
    return state.subtasks.get(task) if state is not None else None


def _find(mission: Mission, packages: Sequence[WorkPackage], task_id: str) -> tuple[str, str]:
    prefix, _, rest = task_id.rpartition(":")
    wanted = rest.strip().upper()
    wp_id = normalise_wp_id(prefix) if prefix else None
    owners = [
        package.id
        for package in packages
        if wanted in package.subtasks and (not prefix or package.id == wp_id)
    ]
    if len(owners) == 1:
        return wanted, owners[0]
    if owners:
        raise SubtaskAmbiguous(
            f"subtask {wanted} is in {' and '.join(owners)}.",
            fix=f"Say which one: {owners[0]}:{wanted}",
            details={"subtask": wanted, "work_packages": [*owners]},
        )
    known = [f"{package.id}:{task}" for package in packages for task in package.subtasks]
    raise SubtaskNotFound(
        f"mission {mission.slug} has no subtask {task_id[:40]!r}.",
        fix=f"Known subtasks: {', '.join(known) or 'none'}.",
        details={"subtask": task_id[:200], "known": [*known]},
    )
