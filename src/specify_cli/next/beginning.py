"""Beginning a mission of any type: its branch, its folder, and the documents that its steps fill in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.creation import MISSION_TYPES, SOFTWARE_DEV, create_mission
from specify_cli.missions.documents import PLAN_FILE, SPEC_FILE, TASKS_README, scaffold_template
from specify_cli.next._internal_runtime.discovery import load_mission_template
from specify_cli.next.commands import next_line
from specify_cli.next.guards import document_shape, is_document
from specify_cli.next.look import description_cache, discovery_context, load_mission_type
from specify_cli.next.mission_types import mission_type_keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.identity.project import Project
    from specify_cli.missions.creation import CreatedMission
    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.discovery import LoadedMission

_OF_GUARDS: Mapping[str, str] = MappingProxyType(
    {"purpose": SPEC_FILE, "spec": SPEC_FILE, "plan": PLAN_FILE}
)
"""Guards that ask for a document of a shape of their own."""
_TASKS = "tasks"
# Never a file that the program itself keeps, such as meta.json.
_SUFFIXES = (".md", ".csv")


class StepNotInType(SpecKittyError):
    """A command is about a step that the mission's type does not have."""

    code = "STEP_NOT_IN_MISSION_TYPE"


def begin_mission(
    project: Project,
    title: str,
    *,
    mission_type: str = SOFTWARE_DEV,
    branch: str | None = None,
    purpose_tldr: str | None = None,
    purpose_context: str | None = None,
    once: bool = False,
) -> CreatedMission:
    """Create a mission with the documents that its type begins with, and no others.

    Args:
        project: The project.
        title: What the mission is called.
        mission_type: A built-in type or one of the project's own.
        branch: As for `create_mission`.
        purpose_tldr: As for `create_mission`.
        purpose_context: As for `create_mission`.
        once: As for `create_mission`.

    Raises:
        UnknownMissionType: UNKNOWN_MISSION_TYPE.
        SpecKittyError: What reading the type's description and `create_mission` raise.
    """
    known: tuple[str, ...] = MISSION_TYPES
    if mission_type not in known:
        known = mission_type_keys(project, wanted=mission_type)
    documents: Mapping[str, str] = {}
    if mission_type in known:
        documents = first_documents(
            load_mission_template(
                mission_type,
                discovery_context(project, mission_type),
                cache=description_cache(project),
            )
        )
    return create_mission(
        project,
        title,
        mission_type=mission_type,
        branch=branch,
        purpose_tldr=purpose_tldr,
        purpose_context=purpose_context,
        mission_types=known,
        documents=documents,
        once=once,
    )


def refuse_other_types(project: Project, mission: Mission, guard: str) -> None:
    """Let only missions pass whose type has a step with a guard, or that have work packages all the same.

    Args:
        project: The project.
        mission: The mission.
        guard: "plan" or "tasks".

    Raises:
        StepNotInType: STEP_NOT_IN_MISSION_TYPE.
        SpecKittyError: What reading the type's description raises.
    """
    if mission.mission_type == SOFTWARE_DEV or mission.tasks_directory.is_dir():
        return
    steps = load_mission_type(project, mission).description.template.steps
    if any(step.guard == guard for step in steps):
        return
    raise StepNotInType(
        f"missions of the type {mission.mission_type} have no {guard} of this kind; their steps are "
        f"{', '.join(step.id for step in steps)}.",
        fix=next_line(mission.slug, None, "--result success"),
        details={"mission_type": mission.mission_type, "steps": [step.id for step in steps]},
    )


def first_documents(loaded: LoadedMission) -> dict[str, str]:
    """Return the templates of the documents that a mission of a type begins with, by file name.

    They follow from the description: the document of the first step, in the shape that lies in
    `templates/` or that the step's guard asks for; and, where there is a step that cuts the work into
    work packages, the page that says how these are written.

    Raises:
        ReadFailed: READ_FAILED.
    """
    steps = loaded.description.template.steps
    found: dict[str, str] = {}
    first = next((step for step in steps if not step.depends_on), None)
    if first is not None:
        name, of_guard = first.expected_output or "", _OF_GUARDS.get(first.guard or "")
        shape = (
            document_shape(loaded.folder, name)
            if name.endswith(_SUFFIXES) and is_document(name)
            else ""
        )
        if shape:
            found[name] = shape
        elif of_guard is not None:
            found[of_guard] = scaffold_template(of_guard)
    if any(step.guard == _TASKS for step in steps):
        found[TASKS_README] = scaffold_template(TASKS_README)
    return found
