"""The guards that a mission description can name, and what they ask."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

from specify_cli.kernel.files import read_text
from specify_cli.missions.guards import GuardFailure
from specify_cli.missions.metadata import META_FILE
from specify_cli.next._internal_runtime.discovery import DOCUMENTS_FOLDER
from specify_cli.next._internal_runtime.schema import AuditStep, InvalidMissionTemplate
from specify_cli.next.commands import accept_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.schema import MissionTemplate, Step

_PURPOSE = r"(?i)purpose|intent|goal|problem|overview|background|summary|vision|why"
_MIN_PURPOSE_WORDS = 8
_SHOWN = 24


def check_purpose(mission: Mission) -> tuple[GuardFailure, ...]:
    """Say what the mission's purpose still lacks; empty when it can be specified.

    Needed: a section of spec.md that says what the mission is for, in real words, and the file
    committed. The rest of spec.md may still be the scaffold; that is the next step's part.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    from specify_cli.missions.documents import SPEC_FILE, uncommitted_files
    from specify_cli.missions.markdown import placeholders, sections, word_count

    path = mission.directory / SPEC_FILE
    file = mission.relative(path)
    try:
        text = read_text(path)
    except FileNotFoundError:
        return (_no_purpose(file, "no such file"),)
    found = [part for part in sections(text) if re.search(_PURPOSE, part.title)]
    told = [
        part
        for part in found
        if word_count(part.text) >= _MIN_PURPOSE_WORDS and not placeholders(part.text)
    ]
    if not found:
        return (_no_purpose(file, "no heading that says so"),)
    if not told:
        first = found[0]
        gaps = placeholders(first.text)
        gap = f"a gap, {gaps[0].text[:_SHOWN]}..." if gaps else None
        state = gap or f"{word_count(first.text)} words"
        return (_no_purpose(file, f"{state} below '{first.title}' (line {first.line})"),)
    changed = uncommitted_files(mission.root, [file]).get(file)
    if changed is None:
        return ()
    return (
        GuardFailure(
            file,
            "the file in a commit",
            "a file that git does not know"
            if changed == "??"
            else "changes that are not committed",
            f'git add -- {file} && git commit -m "Say what {mission.slug} is for" -- {file}',
        ),
    )


def check_accepted(mission: Mission) -> tuple[GuardFailure, ...]:
    """Say that the mission is not accepted; empty when it is."""
    if mission.accepted_at is not None:
        return ()
    return (
        GuardFailure(
            mission.relative(mission.directory / META_FILE),
            "accepted_at, the time of the acceptance",
            "no acceptance on record",
            accept_line(mission.slug),
        ),
    )


# The guards of documents load what reads documents; a mission past them does not pay for it.


def _check_spec(mission: Mission) -> tuple[GuardFailure, ...]:
    from specify_cli.missions.documents import check_spec

    return check_spec(mission)


def _check_plan(mission: Mission) -> tuple[GuardFailure, ...]:
    from specify_cli.missions.documents import check_plan

    return check_plan(mission)


def _check_tasks(mission: Mission) -> tuple[GuardFailure, ...]:
    from specify_cli.missions.documents import check_tasks

    return check_tasks(mission)


def _not_asked(_: Mission) -> tuple[GuardFailure, ...]:
    """Answer for guards that the board decides (see `frontier.board_completes`)."""
    return ()


GUARDS: Mapping[str, Callable[[Mission], tuple[GuardFailure, ...]]] = MappingProxyType(
    {
        "purpose": check_purpose,
        "spec": _check_spec,
        "plan": _check_plan,
        "tasks": _check_tasks,
        "work_packages_handed_over": _not_asked,
        "work_packages_approved": _not_asked,
        "accepted": check_accepted,
    }
)


def _check_document(mission: Mission, step: Step, folder: Path) -> tuple[GuardFailure, ...]:
    """Ask whether the step's document is there, in the shape that the mission type shows for it."""
    from specify_cli.missions.step_documents import check_document

    name = _output(step)
    return check_document(mission, name, shape=document_shape(folder, name))


def _check_sources(mission: Mission, step: Step, folder: Path) -> tuple[GuardFailure, ...]:
    from specify_cli.missions.step_documents import check_table

    name = _output(step)
    return check_table(
        mission, name, columns=document_shape(folder, name).splitlines()[0].split(",")
    )


def _check_planned_documents(
    mission: Mission, _step: Step, _folder: Path
) -> tuple[GuardFailure, ...]:
    from specify_cli.missions.step_documents import check_planned_documents

    return check_planned_documents(mission)


def _output(step: Step) -> str:
    return "" if isinstance(step, AuditStep) else step.expected_output or ""


def document_shape(folder: Path, name: str) -> str:
    """Return the template of a document that a mission type brings along; empty without one.

    Raises:
        ReadFailed: READ_FAILED.
    """
    try:
        return read_text(folder / DOCUMENTS_FOLDER / name)
    except FileNotFoundError:
        return ""


PAGES = "planned_documents"
"""The guard of a step that writes pages of the project."""

STEP_GUARDS: Mapping[str, Callable[[Mission, Step, Path], tuple[GuardFailure, ...]]] = (
    MappingProxyType(
        {
            "document": _check_document,
            "sources": _check_sources,
            PAGES: _check_planned_documents,
        }
    )
)
"""Guards that look at what the step itself says it produces: `expected_output`."""


def writes_project(template: MissionTemplate, step: Step) -> bool:
    """Tell whether a step changes pages of the project: the one that writes them, and all after it."""
    known = {step.id, *template.ancestors(step.id)}
    return any(one.id in known and one.guard == PAGES for one in template.steps)


def check_guard(mission: Mission, step: Step, folder: Path) -> tuple[GuardFailure, ...]:
    """Ask the guard of a step; a step without one lacks nothing.

    Args:
        mission: The mission.
        step: The step.
        folder: The folder of the description.

    Raises:
        SpecKittyError: READ_FAILED, GIT_FAILED.
    """
    if step.guard is None:
        return ()
    if step.guard in STEP_GUARDS:
        return STEP_GUARDS[step.guard](mission, step, folder)
    return GUARDS[step.guard](mission)


def refuse_unknown_guards(template: MissionTemplate, source: str) -> None:
    """Let a description pass only if every guard it names exists.

    Raises:
        InvalidMissionTemplate: INVALID_MISSION_TEMPLATE.
    """
    known = (*GUARDS, *STEP_GUARDS)
    unknown = [step for step in template.steps if step.guard not in (None, *known)]
    pathless = [
        step
        for step in template.steps
        if step.guard in ("document", "sources") and not is_document(step.expected_output)
    ]
    if pathless:
        step = pathless[0]
        raise InvalidMissionTemplate(
            f"{source}: the guard {step.guard!r} of step {step.id!r} looks at expected_output, which "
            f"is {step.expected_output!r} and not the name of a file of the mission.",
            fix=f"Give step {step.id!r} an expected_output such as report.md.",
            details={"problems": [{"step": step.id, "guard": step.guard}]},
        )
    if not unknown:
        return
    listed = "; ".join(f"step {step.id!r} names the guard {step.guard!r}" for step in unknown)
    raise InvalidMissionTemplate(
        f"{source}: {listed}, which does not exist.",
        fix=f"Use one of: {', '.join(known)}.",
        details={"problems": [{"step": step.id, "guard": step.guard} for step in unknown]},
    )


def is_document(output: str | None) -> bool:
    """Tell whether what a step produces is one file in the mission's folder."""
    return output is not None and re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z", output) is not None


def _no_purpose(file: str, found: str) -> GuardFailure:
    return GuardFailure(
        file,
        f"a section `## Purpose` with at least {_MIN_PURPOSE_WORDS} words of real text",
        found,
        f"Say in {file} who needs this, what they cannot do today and what changes for them.",
    )
