"""The prompt of a decision: the step's template filled with everything the agent needs to know."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from specify_cli.kernel.files import read_text
from specify_cli.mission_runtime.artefact import ReportCommand, assemble
from specify_cli.mission_runtime.context import resolve_context
from specify_cli.mission_runtime.placement import ArtefactKind, place
from specify_cli.missions.documents import PLAN_FILE, SPEC_FILE, TASKS_README, scaffold
from specify_cli.missions.review import review_files
from specify_cli.missions.subtasks import outstanding_subtasks
from specify_cli.missions.workspaces import BASE_COMMIT, recorded_commit
from specify_cli.next._internal_runtime.schema import MissionRuntimeError
from specify_cli.next.commands import mark_line, next_line

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from specify_cli.mission_runtime.artefact import CommunicationArtefact
    from specify_cli.mission_runtime.context import ExecutionContext
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next._internal_runtime.schema import PromptStep
    from specify_cli.next.decision import Decision
    from specify_cli.status.board import Board, WorkPackageState


class PromptTemplateMissing(MissionRuntimeError):
    """A mission type names a prompt template that is not beside its description."""

    code = "PROMPT_TEMPLATE_MISSING"


class PromptTemplateInvalid(MissionRuntimeError):
    """A prompt template asks for something that does not exist."""

    code = "PROMPT_TEMPLATE_INVALID"


def build_prompt(
    mission: Mission,
    loaded: LoadedMission,
    decision: Decision,
    *,
    agent: str,
    work_package: WorkPackage | None,
    board: Board,
) -> CommunicationArtefact:
    """Assemble what an agent is told about a decision. Reads only.

    Args:
        mission: The mission.
        loaded: Its type; the templates lie beside its description.
        decision: A decision of kind "step".
        agent: Who does it.
        work_package: The file of the work package it is about.
        board: The board as it is after the claim.

    Raises:
        PromptTemplateMissing: PROMPT_TEMPLATE_MISSING.
        PromptTemplateInvalid: PROMPT_TEMPLATE_INVALID.
        SpecKittyError: As `resolve_context`.
    """
    template = loaded.description.template
    step = template.step(decision.step_id or "") or template.steps[0]
    state = board.work_packages.get(work_package.id) if work_package else None
    context = resolve_context(
        mission,
        decision.action or step.id,
        agent=agent,
        work_package=work_package,
        wp_lane=None if state is None else state.lane.value,
    )
    values = _mission_values(mission, context)
    if work_package is not None:
        values |= _work_package_values(mission, context, work_package, board)
    try:
        return assemble(
            _template_text(step, loaded),
            context,
            title=step.title if work_package is None else _ROLE_TITLES[context.action],
            values=values,
            commands=_report_commands(context),
            notes=_notes(decision, state),
            failures=decision.failures,
        )
    except (KeyError, ValueError) as error:
        raise PromptTemplateInvalid(
            f"the prompt of step {step.id!r} cannot be filled in: {error}.",
            fix="Use only names that exist; write a dollar sign as $$.",
            details={"step": step.id, "known": [*sorted(values)]},
        ) from error


_ROLE_TITLES = {"implement": "Implement", "review": "Review"}


def _template_text(step: PromptStep, loaded: LoadedMission) -> str:
    if step.prompt_template is None:
        return step.prompt or step.title
    path = loaded.folder / step.prompt_template
    if path.parent != loaded.folder or not path.is_file():
        raise PromptTemplateMissing(
            f"step {step.id!r} names the prompt template {step.prompt_template!r}, which is not "
            f"beside {loaded.description.path.name}.",
            fix=f"Write the template, or correct prompt_template of step {step.id!r}.",
            details={"step": step.id, "prompt_template": step.prompt_template},
        )
    return read_text(path)


def _mission_values(mission: Mission, context: ExecutionContext) -> dict[str, str]:
    return {
        "mission_dir": mission.relative(mission.directory),
        "purpose": _purpose(mission),
        "spec_path": str(mission.directory / SPEC_FILE),
        "plan_path": str(mission.directory / PLAN_FILE),
        "spec_scaffold": _quoted(scaffold(SPEC_FILE, mission)),
        "plan_scaffold": _quoted(scaffold(PLAN_FILE, mission)),
        "tasks_readme": _quoted(scaffold(TASKS_README, mission)),
        "workspace_quoted": shlex.quote(str(context.workspace)),
        "agent_quoted": shlex.quote(context.agent),
    }


def _work_package_values(
    mission: Mission,
    context: ExecutionContext,
    package: WorkPackage,
    board: Board,
) -> dict[str, str]:
    state = board.work_packages.get(package.id)
    since = recorded_commit(state, BASE_COMMIT) or mission.target_branch
    outstanding = outstanding_subtasks(mission, package, board)
    if outstanding:
        tick = mark_line(mission.slug, context.agent, package.id, outstanding)
    else:
        tick = "# nothing to tick off: every subtask is done" if package.subtasks else "# none"
    return {
        "wp_text": _quoted(read_text(package.path)),
        "owned_files": "\n".join(f"- `{glob}`" for glob in package.owned_files) or "- any",
        "subtasks": ", ".join(outstanding) or "none is left",
        "mark_line": tick,
        "implementer": (state.implementer if state else None) or "somebody",
        "review_range": f"{since}..{context.branch}",
        "feedback": _feedback(mission, package),
    }


def _purpose(mission: Mission) -> str:
    told = [mission.metadata.get("purpose_tldr"), mission.metadata.get("purpose_context")]
    lines = [text.strip() for text in told if isinstance(text, str) and text.strip()]
    return "\n".join(dict.fromkeys([mission.friendly_name, *lines]))


def _feedback(mission: Mission, package: WorkPackage) -> str:
    files = review_files(mission, package)
    if not files:
        return "None yet."
    listed = "\n".join(f"- `{mission.relative(path)}`" for path in files)
    latest = _quoted(read_text(files[-1]))
    return f"Reviews so far, the latest last:\n\n{listed}\n\nThe latest says:\n\n{latest}"


def _quoted(text: str) -> str:
    """Put a document into a fence that nothing inside it can close."""
    fence = "~~~~"
    while fence in text:
        fence += "~"
    return f"{fence}markdown\n{text.rstrip()}\n{fence}"


def _notes(decision: Decision, state: WorkPackageState | None) -> Sequence[str]:
    notes = []
    if decision.rework:
        notes.append("A review asked for changes: read the review feedback first.")
    if decision.self_review:
        notes.append(
            "You implemented this work package yourself. No other agent has been seen in this "
            "mission, or you asked for it: review as a stranger would. The log shows it as a "
            "self-review."
        )
    if decision.role == "review" and state is not None and not decision.self_review:
        notes.append(f"{state.implementer} implemented it and waits for your verdict.")
    return notes


def feedback_draft(context: ExecutionContext) -> Path:
    """Return a place, ignored by git, where a reviewer can write what has to change."""
    return place(
        ArtefactKind.FEEDBACK_DRAFT,
        context.primary_root,
        slug=context.mission_slug,
        wp_id=context.wp_id or "mission",
    )


def _report_commands(context: ExecutionContext) -> tuple[ReportCommand, ...]:
    def line(report: str) -> str:
        return next_line(context.mission_slug, context.agent, report, wp_id=context.wp_id)

    failed = ReportCommand(
        "When you tried and it did not work:", line("--result failed --reason 'why'")
    )
    if context.action == "review":
        draft = shlex.quote(str(feedback_draft(context)))
        return (
            ReportCommand("When you approve:", line("--result success --verdict approved")),
            ReportCommand(
                "When something has to change (write it into that file first):",
                line(f"--result success --verdict changes_requested --feedback-file {draft}"),
            ),
            failed,
        )
    return (
        ReportCommand(
            "When it is done (it is checked, and the answer names what comes next):",
            line("--result success"),
        ),
        failed,
        ReportCommand(
            "When somebody else has to do something first:",
            line("--result blocked --reason 'why'"),
        ),
    )
