"""How far a mission has come: by what was reported, and by what can be seen.

A run is local to a checkout and can be lost or lag behind commands that were run by hand, so a step
also counts as complete when the repository proves it. That is why a clone, or a mission made by the
existing CLI, goes on where it stands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.next._internal_runtime.planner import runnable_step
from specify_cli.next._internal_runtime.schema import AuditStep
from specify_cli.next._internal_runtime.significance import is_automatic
from specify_cli.next.view import CLOSED, HANDED_OVER, NOT_BEGUN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from specify_cli.missions.guards import GuardFailure
    from specify_cli.next._internal_runtime.schema import (
        MissionRunSnapshot,
        MissionTemplate,
        Step,
    )
    from specify_cli.next.view import WorkPackageView

    Check = Callable[[Step], tuple[GuardFailure, ...]]

ACTS = frozenset({"accepted"})
"""Guards that test a deliberate act: it completes the step without a further report."""


class Frontier(NamedTuple):
    """Where a mission stands.

    Attributes:
        run: The run with exactly the steps that count as complete.
        proven: Those of them that the repository proves and nobody has reported, in order.
        failures: What the guards that were asked found missing, by step id.
    """

    run: MissionRunSnapshot
    proven: tuple[str, ...]
    failures: Mapping[str, tuple[GuardFailure, ...]]


def find_frontier(
    template: MissionTemplate,
    run: MissionRunSnapshot,
    work_packages: Sequence[WorkPackageView],
    check: Check,
    *,
    planned: bool = False,
) -> Frontier:
    """Find the step that a mission is at.

    A reported step stays complete as long as the description still has it. Steps per work package
    follow the board alone. A step that was never handed out is complete when its guard passes; one
    that was handed out also needs the report, so that nobody is overtaken while still writing. Once
    a work package has been taken up, everything before that is complete.

    Args:
        template: The mission's description.
        run: The run as its journal tells it.
        work_packages: The board.
        check: Asks the guard of a step; it is asked for as few steps as possible.
        planned: The work packages were planned elsewhere: where there are any, the steps before them
            are complete.
    """
    steps = {step.id: step for step in template.all_steps}
    completed = [
        step_id
        for step_id in run.completed_steps
        if step_id in steps and steps[step_id].per_work_package is None
    ]
    settled = _settled_by_the_board(template, work_packages, planned=planned)
    proven: list[str] = []
    failures: dict[str, tuple[GuardFailure, ...]] = {}
    while True:
        reached = run._replace(completed_steps=tuple(completed))
        step = runnable_step(reached, template)
        if step is None:
            break
        if isinstance(step, AuditStep):
            complete = is_automatic(step, run.policy_snapshot)
        elif step.per_work_package is not None:
            complete = board_completes(step, work_packages)
        elif step.id in settled:
            complete = True
        elif step.guard is None:
            complete = False
        else:
            failures[step.id] = check(step)
            waits_for_report = step.id == run.issued_step_id and step.guard not in ACTS
            complete = not failures[step.id] and not waits_for_report
        if not complete:
            break
        completed.append(step.id)
        if step.id not in run.completed_steps:
            proven.append(step.id)
    # A reported failure of a step that has been overtaken since says nothing any more.
    stops = tuple(
        stop for stop in reached.stops if stop.wp_id is not None or stop.step_id not in completed
    )
    return Frontier(reached._replace(stops=stops), tuple(proven), failures)


def board_completes(step: Step, work_packages: Sequence[WorkPackageView]) -> bool:
    """Tell whether a step that is done per work package is complete for all of them.

    Implementing is complete when everything is handed over, reviewing when everything is approved.
    A canceled work package holds up neither; one that is not on the board yet holds up both.
    """
    enough = CLOSED | HANDED_OVER if step.per_work_package == "implement" else CLOSED
    return bool(work_packages) and all(package.lane in enough for package in work_packages)


def _settled_by_the_board(
    template: MissionTemplate, work_packages: Sequence[WorkPackageView], *, planned: bool
) -> frozenset[str]:
    """Return the steps that must be behind a mission whose work packages are being worked on."""
    begun = any(package.lane not in NOT_BEGUN for package in work_packages)
    if not begun and not (planned and work_packages):
        return frozenset()
    return frozenset(
        before
        for step in template.steps
        if step.per_work_package is not None
        for before in template.ancestors(step.id)
    )
