"""The plan of a mission: start it when the spec is ready, say what it still lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.mission import Mission

PLAN_FILE = "plan.md"


class SpecNotReady(SpecKittyError):
    """The spec is not finished, so there is nothing to plan from."""

    code = "SPEC_NOT_READY"


class PlanStatus(NamedTuple):
    """Where a mission's plan stands.

    Attributes:
        mission_slug: The mission.
        file: The plan, relative to the project root.
        created: This call wrote the scaffold.
        guard_failures: What the plan still lacks.
    """

    mission_slug: str
    file: str
    created: bool
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
            "phase_complete": self.complete,
            "guard_failures": [failure.to_json() for failure in self.guard_failures],
        }


def start_plan(project: Project, mission: Mission) -> PlanStatus:
    """Write the plan's scaffold if there is none, and check the plan.

    Raises:
        SpecNotReady: SPEC_NOT_READY with the spec's guard failures.
        WriteFailed: WRITE_FAILED.
    """
    from specify_cli.missions.documents import check_plan, check_spec, scaffold

    unready = check_spec(mission)
    if unready:
        raise SpecNotReady(
            f"the spec is not finished: {unready[0]}.",
            fix=unready[0].fix,
            details={"guard_failures": [failure.to_json() for failure in unready]},
        )
    path = mission.directory / PLAN_FILE
    created = not path.exists()
    if created:
        DISK.write_atomic(path, scaffold(PLAN_FILE, mission).encode("utf-8"))
    return PlanStatus(
        mission_slug=mission.slug,
        file=mission.relative(path),
        created=created,
        guard_failures=check_plan(mission),
    )
