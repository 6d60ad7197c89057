"""The plan of a mission: start it when the spec is ready, say what it still lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.guards import GuardsUnmet

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.mission import Mission

PLAN_FILE = "plan.md"


class SpecNotReady(GuardsUnmet):
    """The spec is not finished, so there is nothing to plan from."""

    code = "SPEC_NOT_READY"


class PlanStatus(NamedTuple):
    """Where a mission's plan stands.

    Attributes:
        mission_slug: The mission.
        file: The plan, relative to the project root.
        created: This call wrote the scaffold.
        commit: The commit that holds it; None when there was a plan.
        guard_failures: What the plan still lacks.
    """

    mission_slug: str
    file: str
    created: bool
    commit: str | None
    guard_failures: tuple[GuardFailure, ...]

    @property
    def complete(self) -> bool:
        """The plan has substance and is committed."""
        return not self.guard_failures

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `spec-kitty plan`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "plan_file": self.file,
            "created": self.created,
            "commit_hash": self.commit,
            "phase_complete": self.complete,
            "guard_failures": [failure.to_json() for failure in self.guard_failures],
        }


def start_plan(project: Project, mission: Mission) -> PlanStatus:
    """Write and commit the plan's scaffold if there is none, and check the plan.

    A plan that is there, finished or not, is left alone.

    Raises:
        SpecNotReady: SPEC_NOT_READY with the spec's guard failures.
        SpecKittyError: What `MissionStatus.change` raises.
    """
    from specify_cli.missions.documents import check_plan, check_spec, scaffold

    unready = check_spec(mission)
    if unready:
        raise SpecNotReady(
            f"the spec is not finished: {unready[0]}.",
            failures=unready,
            details={"mission_slug": mission.slug},
        )
    path = mission.directory / PLAN_FILE
    commit = None
    if not path.exists():
        commit = _write(project, mission, path, scaffold(PLAN_FILE, mission).encode("utf-8"))
    return PlanStatus(
        mission_slug=mission.slug,
        file=mission.relative(path),
        created=commit is not None,
        commit=commit,
        guard_failures=check_plan(mission),
    )


def _write(project: Project, mission: Mission, path: Path, data: bytes) -> str | None:
    from specify_cli.missions.home import write_documents
    from specify_cli.missions.mission import mission_log
    from specify_cli.status.mission_status import MissionStatus

    message = f"Start the plan of {mission.slug}"
    apart = None
    with MissionStatus.change(mission_log(project, mission), message=message) as change:
        # Whoever was quicker may have begun to fill it in.
        if not path.exists():
            apart = write_documents(project, mission, change, {path: data}, message)
    return change.result.commit or apart
