"""Whether the planning of a mission is finished: the guards of the steps that plan, asked all at once."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from specify_cli.missions.analysis import ANALYSIS_FILE
from specify_cli.missions.documents import PLAN_FILE, SPEC_FILE, TASKS_FILE
from specify_cli.missions.guards import GuardFailure, GuardsUnmet
from specify_cli.next.guards import check_guard
from specify_cli.next.look import load_mission_type

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next._internal_runtime.schema import PromptStep

_PLANNED: Final = (SPEC_FILE, PLAN_FILE)
_TASKS: Final = "tasks/WP*.md"
_PHASES: Final = MappingProxyType({SPEC_FILE: "specify", PLAN_FILE: "plan", _TASKS: "tasks"})
_DOCUMENTS: Final = (".md", ".csv")


class PrerequisitesUnmet(GuardsUnmet):
    """The planning is not finished; `details.guard_failures` has everything that is missing."""

    code = "CHECK_PREREQUISITES_FAILED"

    def to_text(self) -> str:
        """Return everything that is missing with its fix, for people."""
        lines = ["Error: the planning is not finished."]
        for failure in self.failures:
            lines += [f"  - {failure}", f"    fix: {failure.fix}"]
        return "\n".join(lines)


class MissionDocuments(NamedTuple):
    """Where a mission's documents are, or would be, relative to the project root."""

    mission_dir: str
    spec_file: str
    plan_file: str
    tasks_file: str
    tasks_dir: str
    analysis_file: str


class Prerequisites(NamedTuple):
    """What the next phase can build on.

    Attributes:
        mission_slug: The mission.
        documents: Where its documents are.
        available: Those that are there, relative to the mission's folder.
        include_tasks: The tasks were looked at, too.
        checked: The documents were looked at; False when only the paths were asked for.
    """

    mission_slug: str
    documents: MissionDocuments
    available: tuple[str, ...]
    include_tasks: bool
    checked: bool = True

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent mission check-prerequisites`."""
        found: JsonObject = {
            "result": "success",
            "mission_slug": self.mission_slug,
            "paths": {**self.documents._asdict()},
            "available_docs": [*self.available],
        }
        if self.checked:
            found |= {"valid": True, "include_tasks": self.include_tasks}
        return found

    def to_text(self) -> str:
        """Return the same for people."""
        paths = [f"{name}: {path}" for name, path in self.documents._asdict().items()]
        if not self.checked:
            return "\n".join(paths)
        what = "Specification, plan and tasks" if self.include_tasks else "Specification and plan"
        return "\n".join([f"{what} of {self.mission_slug} are finished.", *paths])


def mission_documents(mission: Mission) -> Prerequisites:
    """Tell where a mission's documents are, without a look into them."""
    folder = mission.relative(mission.directory)
    places = MissionDocuments(
        mission_dir=folder,
        spec_file=f"{folder}/{SPEC_FILE}",
        plan_file=f"{folder}/{PLAN_FILE}",
        tasks_file=f"{folder}/{TASKS_FILE}",
        tasks_dir=f"{folder}/tasks",
        analysis_file=f"{folder}/{ANALYSIS_FILE}",
    )
    return Prerequisites(mission.slug, places, _available(mission), False, checked=False)


def check_prerequisites(
    project: Project, mission: Mission, *, include_tasks: bool = False
) -> Prerequisites:
    """Let a mission pass only if what its type plans with is written, in shape and committed.

    Asked are the guards that `next` asks: of every step up to the one that makes plan.md, and up to the
    one that makes the work packages when the tasks are included.

    Args:
        project: The project.
        mission: The mission.
        include_tasks: The tasks have to be finalised as well.

    Raises:
        PrerequisitesUnmet: CHECK_PREREQUISITES_FAILED with everything that is missing.
        SpecKittyError: UNKNOWN_MISSION_TYPE, INVALID_MISSION_TEMPLATE, INVALID_YAML, READ_FAILED,
            GIT_FAILED.
    """
    loaded = load_mission_type(project, mission)
    failures = [
        failure
        for step in _planning(loaded, include_tasks=include_tasks)
        for failure in check_guard(mission, step, loaded.folder)
    ]
    steps = loaded.description.template.steps
    if include_tasks and not any(step.expected_output == _TASKS for step in steps):
        failures.append(_no_tasks(mission))
    if failures:
        unmet = tuple(dict.fromkeys(failures))
        count = "1 thing is" if len(unmet) == 1 else f"{len(unmet)} things are"
        raise PrerequisitesUnmet(
            f"the planning of {mission.slug} is not finished, {count} missing: {unmet[0]}.",
            failures=unmet,
            details={"mission_slug": mission.slug, "errors": [str(failure) for failure in unmet]},
        )
    return mission_documents(mission)._replace(include_tasks=include_tasks, checked=True)


def planning_phase(project: Project, mission: Mission) -> tuple[str, tuple[GuardFailure, ...]]:
    """Return the first phase of a mission's planning that is not finished, and what it still lacks.

    The phases are "specify", "plan" and "tasks", as far as the mission's type has them; then
    "implement", and "done" once it is merged.

    Raises:
        SpecKittyError: As `check_prerequisites`, but for what is missing.
    """
    if mission.merged_at is not None:
        return "done", ()
    loaded = load_mission_type(project, mission)
    phase = _PHASES[SPEC_FILE]
    for step in _planning(loaded, include_tasks=True):
        phase = _PHASES.get(step.expected_output or "", phase)
        failures = tuple(check_guard(mission, step, loaded.folder))
        if failures:
            return phase, failures
    return "implement", ()


def _planning(loaded: LoadedMission, *, include_tasks: bool) -> list[PromptStep]:
    """Return the steps whose documents are asked for, the last one of each document."""
    wanted = (*_PLANNED, _TASKS) if include_tasks else _PLANNED
    steps = loaded.description.template.steps
    ends = [number for number, step in enumerate(steps) if step.expected_output in wanted]
    before = steps[: ends[-1] + 1] if ends else ()
    # A document that two steps work on is finished when the later one is.
    return list({step.expected_output: step for step in before if step.expected_output}.values())


def _no_tasks(mission: Mission) -> GuardFailure:
    return GuardFailure(
        mission.relative(mission.tasks_directory),
        "work packages",
        f"a mission of type {mission.mission_type}, which has none",
        "Ask without the tasks.",
    )


def _available(mission: Mission) -> tuple[str, ...]:
    folder = mission.directory
    found = [path for path in folder.glob("*") if path.suffix in _DOCUMENTS and path.is_file()]
    found += [path for path in (folder / "tasks").glob("WP*.md") if path.is_file()]
    return tuple(sorted(path.relative_to(folder).as_posix() for path in found))
