"""Ending a mission of any type: accept it, merge it.

A mission with work packages ends by its board. One whose type makes documents ends when its steps are
complete: that follows from the description of the type, from the documents as they are, and from the
run, which knows the answers to the audits. What an acceptance has put on record needs no run any more,
so a mission that was accepted in one checkout can be merged in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.missions.guards import GuardFailure
from specify_cli.missions.mission import folded_log
from specify_cli.missions.unfinished import StepsEnd
from specify_cli.missions.work_packages import scan_work_packages
from specify_cli.next._internal_runtime.discovery import UnknownMissionType
from specify_cli.next._internal_runtime.schema import AuditStep
from specify_cli.next._internal_runtime.state import read_run
from specify_cli.next.commands import next_line
from specify_cli.next.frontier import ACTS
from specify_cli.next.guards import check_guard
from specify_cli.next.look import load_mission_type, look
from specify_cli.next.runs import locate_run, unstarted

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.missions.acceptance import Acceptance
    from specify_cli.missions.merge_report import MergeReport
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.unfinished import Steps
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next._internal_runtime.schema import MissionRunSnapshot, Step

RULE = "step_complete"
"""The rule that a step which is not complete breaks."""


def accept(project: Project, mission: Mission, *, actor: str) -> Acceptance:
    """Accept a mission of any type and record it in `meta.json`, in one commit.

    Raises:
        MissionNotReady: MISSION_NOT_READY with `guard_failures`.
        SpecKittyError: As `accept_mission`, and what reading the mission's type raises.
    """
    from specify_cli.missions.acceptance import accept_mission

    return accept_mission(project, mission, actor=actor, steps=steps_of(project, mission))


def merge(
    project: Project,
    mission: Mission,
    *,
    actor: str,
    target: str | None = None,
    strategy: str = "merge",
    push: bool = False,
    dry_run: bool = False,
    allow_unreviewed: bool = False,
) -> MergeReport:
    """Merge a mission of any type, see `merge_mission` for the arguments.

    The documents of a mission without work packages are on its branch already: it is closed there, and
    `target` brings them onto another branch.

    Raises:
        MissionNotReady: MISSION_NOT_READY with `guard_failures`.
        SpecKittyError: As `merge_mission`, and what reading the mission's type raises.
    """
    from specify_cli.missions.merge import merge_mission

    return merge_mission(
        project,
        mission,
        actor=actor,
        target=target,
        strategy=strategy,
        push=push,
        dry_run=dry_run,
        allow_unreviewed=allow_unreviewed,
        steps=steps_of(project, mission),
    )


def steps_of(project: Project, mission: Mission) -> Steps | None:
    """Return what tells how far a mission's steps have come; None when its work packages tell.

    Work packages decide where the type has a step for them, or the mission has one all the same; so
    they do for a type that is not here.

    Raises:
        SpecKittyError: INVALID_MISSION_TEMPLATE, INVALID_YAML, READ_FAILED.
    """
    scan = scan_work_packages(mission)
    if scan.work_packages or scan.problems or folded_log(mission).board().work_packages:
        return None
    try:
        loaded = load_mission_type(project, mission)
    except UnknownMissionType:
        return None
    if any(step.per_work_package is not None for step in loaded.description.template.steps):
        return None
    return lambda now: _steps_end(project, now, loaded)


def _steps_end(project: Project, mission: Mission, loaded: LoadedMission) -> StepsEnd:
    template = loaded.description.template
    seen = look(
        mission, loaded, _run(project, mission, loaded), folded_log(mission).board(), agent=None
    )
    completed = []
    problems: list[GuardFailure] = []
    acts = {step.id for step in template.steps if step.guard in ACTS}
    for step in template.all_steps:
        # The acceptance is what this is asked for, and what comes after it cannot come before.
        if step.id in acts or template.ancestors(step.id) & acts:
            continue
        failures = check_guard(mission, step, loaded.folder)
        if not (mission.accepted_at or step.id in seen.view.run.completed_steps):
            problems.append(_incomplete(mission, step, failures))
        elif failures:
            problems += failures
        else:
            completed.append(step.id)
    return StepsEnd(tuple(completed), tuple(problems))


def _run(project: Project, mission: Mission, loaded: LoadedMission) -> MissionRunSnapshot:
    folder = locate_run(project, mission)
    if folder is None:
        return unstarted(mission, loaded.description.template)
    return read_run(folder)[0]


def _incomplete(mission: Mission, step: Step, failures: tuple[GuardFailure, ...]) -> GuardFailure:
    if isinstance(step, AuditStep):
        wanted, found = (
            f"the decision of the audit {step.id} ({step.title})",
            "none in this checkout",
        )
    else:
        wanted, found = f"the step {step.id} ({step.title}) complete", "nobody has reported it"
    if failures:
        found = f"{failures[0].file}: {failures[0].found}"
    fix = next_line(mission.slug, None, "--result success")
    return GuardFailure(mission.relative(mission.directory), wanted, found, fix, RULE)
