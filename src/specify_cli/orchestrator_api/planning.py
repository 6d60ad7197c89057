"""Commands of a mission's planning: make it, start its plan, finalise its tasks, look whether all is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.orchestrator_api.errors import creation_failure, finalize_failure
from specify_cli.orchestrator_api.policy import required_policy
from specify_cli.orchestrator_api.scope import about, identity, initialized_project, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import (
        CheckPrerequisitesData,
        DesignGap,
        PlanData,
        RecordAnalysisData,
        SpecifyData,
        TasksData,
    )
    from specify_cli.missions.guards import GuardFailure

_NOBODY: Final = "orchestrator"
"""Who finalises when the caller does not say: the command takes no actor in the contract."""


def specify(arguments: Mapping[str, object], start: Path | None) -> SpecifyData:
    """Start a mission; the unfinished one of the same words and type is the answer to a second call.

    Raises:
        SpecKittyError: POLICY_METADATA_REQUIRED and POLICY_VALIDATION_FAILED before anything is
            looked up; as `scope.initialized_project` and `begin_mission`. What is wrong with what was
            asked for is MISSION_CREATE_FAILED.
    """
    required_policy(arguments, "specify")
    from specify_cli.missions.documents import SPEC_FILE
    from specify_cli.next.beginning import begin_mission

    project = initialized_project(start)
    try:
        made = begin_mission(
            project,
            text(arguments, "mission"),
            mission_type=text(arguments, "mission_type"),
            once=True,
        )
    except SpecKittyError as error:
        raise creation_failure(error) from error
    mission = made.mission
    folder = mission.relative(mission.directory)
    spec = f"{folder}/{SPEC_FILE}"
    return {
        **identity(mission),
        "friendly_name": mission.friendly_name,
        "target_branch": made.branch,
        "branch_created": made.branch_created,
        "mission_dir": folder,
        "spec_file": spec if (mission.directory / SPEC_FILE).is_file() else None,
        "files": list(made.files),
        "no_op": made.found,
        "commit": made.commit,
    }


def plan(arguments: Mapping[str, object], start: Path | None) -> PlanData:
    """Start the plan of a mission, or tell what the one that is there still lacks.

    Raises:
        SpecKittyError: As `specify`; as `scope.about` and `start_plan`. PLAN_SETUP_FAILED when the
            specification is not finished.
    """
    required_policy(arguments, "plan")
    from specify_cli.missions.planning import start_plan
    from specify_cli.next.beginning import refuse_other_types

    with about(text(arguments, "mission"), start) as (project, mission):
        refuse_other_types(project, mission, "plan")
        status = start_plan(project, mission)
        return {
            **identity(mission),
            "plan_file": status.file,
            "phase_complete": status.complete,
            "missing": _gaps(status.guard_failures),
            "no_op": not status.created,
            "commit": status.commit,
        }


def tasks(arguments: Mapping[str, object], start: Path | None) -> TasksData:
    """Check the work packages, compute their lanes and put them on the board.

    Raises:
        SpecKittyError: As `plan`, and as `finalize_tasks`; TASKS_FINALIZE_FAILED with every problem.
    """
    policy = required_policy(arguments, "tasks")
    from specify_cli.missions.finalize import finalize_tasks, planning_commit
    from specify_cli.next.beginning import refuse_other_types

    with about(text(arguments, "mission"), start) as (project, mission):
        try:
            refuse_other_types(project, mission, "tasks")
            report = finalize_tasks(
                project,
                mission,
                actor=text(arguments, "actor") or _NOBODY,
                policy_metadata=policy,
            )
        except SpecKittyError as error:
            raise finalize_failure(error) from error
        return {
            **identity(mission),
            "work_packages": list(report.work_packages),
            "newly_seeded": list(report.seeded),
            "lanes": [
                {"lane_id": lane, "wp_ids": list(wp_ids)} for lane, wp_ids in report.lanes.items()
            ],
            "notes": list(report.notes),
            "files": list(report.files),
            "policy_metadata_recorded": bool(report.seeded),
            "no_op": report.commit is None,
            "planning_commit": {
                "sha": planning_commit(mission),
                "action": "created" if report.files else "unchanged",
            },
            "commit": report.commit,
        }


def check_prerequisites(
    arguments: Mapping[str, object], start: Path | None
) -> CheckPrerequisitesData:
    """Let a mission pass only if its planning is finished.

    Raises:
        SpecKittyError: As `scope.about` and `check_prerequisites`; CHECK_PREREQUISITES_FAILED with
            everything that is missing.
    """
    from specify_cli.next import prerequisites

    with about(text(arguments, "mission"), start) as (project, mission):
        met = prerequisites.check_prerequisites(
            project, mission, include_tasks=arguments.get("include_tasks") is True
        )
        places = met.documents
        return {
            **identity(mission),
            "valid": True,
            "include_tasks": met.include_tasks,
            "paths": {
                "mission_dir": places.mission_dir,
                "spec_file": places.spec_file,
                "plan_file": places.plan_file,
                "tasks_file": places.tasks_file,
                "tasks_dir": places.tasks_dir,
                "analysis_file": places.analysis_file,
            },
            "available_docs": list(met.available),
        }


def record_analysis(arguments: Mapping[str, object], start: Path | None) -> RecordAnalysisData:
    """Commit the report of an analysis; the same report again writes nothing.

    Raises:
        SpecKittyError: As `plan`, and as `analysis.record_analysis`.
    """
    required_policy(arguments, "record-analysis")
    from specify_cli.missions import analysis

    report = arguments.get("report")
    with about(text(arguments, "mission"), start) as (project, mission):
        recorded = analysis.record_analysis(
            project,
            mission,
            report=report if isinstance(report, str) else None,
            agent=text(arguments, "agent") or None,
        )
        return {
            **identity(mission),
            "report_file": recorded.file,
            "agent": recorded.agent,
            "no_op": recorded.no_op,
            "commit": recorded.commit,
        }


def _gaps(failures: Sequence[GuardFailure]) -> list[DesignGap]:
    return [
        {"file": one.file, "looked_for": one.looked_for, "found": one.found, "fix": one.fix}
        for one in failures
    ]
