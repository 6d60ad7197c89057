"""The prompt of a decision: the step's template filled with everything the agent needs to know."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from specify_cli.governance.context import governance_for
from specify_cli.kernel.files import read_text
from specify_cli.mission_runtime.artefact import ReportCommand, assemble
from specify_cli.mission_runtime.assignment import assignment_of
from specify_cli.mission_runtime.context import resolve_context
from specify_cli.mission_runtime.placement import ArtefactKind, place
from specify_cli.missions.documents import PLAN_FILE, SPEC_FILE, TASKS_README, filled, scaffold
from specify_cli.missions.review import review_files
from specify_cli.missions.subtasks import outstanding_subtasks
from specify_cli.missions.workspaces import BASE_COMMIT, recorded_commit
from specify_cli.next._internal_runtime.discovery import DOCUMENTS_FOLDER
from specify_cli.next.commands import mark_line, next_line
from specify_cli.next.guards import writes_project
from specify_cli.next.templates import PromptTemplateInvalid, read_template, template_text
from specify_cli.status.board import actor_label
from specify_cli.status.lanes import Lane
from specify_cli.status.log import read_log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from specify_cli.governance.context import GovernanceContext
    from specify_cli.mission_runtime.artefact import CommunicationArtefact
    from specify_cli.mission_runtime.context import ExecutionContext
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next.decision import Decision
    from specify_cli.status.board import Board, WorkPackageState


_JUDGED = (Lane.IN_REVIEW, Lane.APPROVED)
_SENT_BACK = (Lane.IN_PROGRESS, Lane.PLANNED)


def build_prompt(
    mission: Mission,
    loaded: LoadedMission,
    decision: Decision,
    *,
    agent: str,
    work_package: WorkPackage | None,
    board: Board,
    reports: bool = True,
    inputs: Mapping[str, str] | None = None,
    governance: GovernanceContext | None = None,
) -> CommunicationArtefact:
    """Assemble what an agent is told about a decision. Reads only.

    Whoever hands work out assembles it before anything is recorded, so that what keeps a prompt from
    being made is told while nothing has changed, and again when the board is as it will be.

    Args:
        mission: The mission.
        loaded: Its type; the templates lie beside its description.
        decision: A decision of kind "step".
        agent: Who does it.
        work_package: The file of the work package it is about.
        board: The board as it is after the claim.
        reports: The agent reports the result itself. Otherwise another program started it and records
            the result: the agent only has to end.
        inputs: What was answered so far; a template calls it `$input_<key>`.
        governance: What governs the step, from an earlier call; None looks.

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
        writes_project=writes_project(template, step),
    )
    values = _mission_values(mission, context, loaded)
    values |= {f"input_{key}": value for key, value in (inputs or {}).items()}
    if work_package is not None:
        values |= _work_package_values(mission, context, work_package, board)
    try:
        return assemble(
            template_text(step, loaded.folder, reports=reports),
            context,
            title=step.title if work_package is None else _ROLE_TITLES[context.action],
            values=values,
            commands=_report_commands(context) if reports else (),
            notes=_notes(decision, state, reports=reports),
            ending=None if reports else _ENDINGS[context.action],
            failures=decision.failures,
            assignment=None
            if work_package is None
            else assignment_of(mission, work_package, board),
            governance=governance
            or governance_for(
                mission.root,
                mission_type=mission.mission_type,
                action=context.action,
                profile=work_package.agent_profile if work_package else None,
            ),
        )
    except (KeyError, ValueError) as error:
        raise PromptTemplateInvalid(
            f"the prompt of step {step.id!r} cannot be filled in: {_what(error)}.",
            fix="Use only names that exist; write a dollar sign as $$.",
            details={"step": step.id, "known": [*sorted(values)]},
        ) from error


def _what(error: KeyError | ValueError) -> str:
    return f"there is no ${error.args[0]}" if isinstance(error, KeyError) else str(error)


_ROLE_TITLES = {"implement": "Implement", "review": "Review"}


_ENDINGS = {
    "implement": "Commit your work in this worktree, say in a few lines what you did, and stop. If you "
    "could not do it, say what is missing. Whoever started you looks at the worktree and records the "
    "result.",
    "review": "Say clearly whether you approve; if you do not, say what has to change, one point after "
    "the other. Then stop. Whoever started you records your verdict.",
}


def _mission_values(
    mission: Mission, context: ExecutionContext, loaded: LoadedMission
) -> dict[str, str]:
    return _documents(mission, loaded) | {
        "mission_dir": mission.relative(mission.directory),
        "purpose": _purpose(mission),
        "spec_path": str(mission.directory / SPEC_FILE),
        "plan_path": str(mission.directory / PLAN_FILE),
        "documents": _to_read(mission),
        "spec_scaffold": _quoted(scaffold(SPEC_FILE, mission)),
        "plan_scaffold": _quoted(scaffold(PLAN_FILE, mission)),
        "tasks_readme": _quoted(scaffold(TASKS_README, mission)),
        "workspace_quoted": shlex.quote(str(context.workspace)),
        "agent_quoted": shlex.quote(context.agent),
    }


def _documents(mission: Mission, loaded: LoadedMission) -> dict[str, str]:
    """Return the documents that a mission type brings along, as `$template_<name>` quotes them."""
    return {
        f"template_{path.stem.replace('-', '_')}": _quoted(
            filled(read_template(path), title=mission.friendly_name, slug=mission.slug)
        )
        for path in sorted((loaded.folder / DOCUMENTS_FOLDER).glob("*.*"))
    }


def _to_read(mission: Mission) -> str:
    """Name the documents to read first; a mission that is planned by its files may lack both."""
    paths = [mission.directory / name for name in (SPEC_FILE, PLAN_FILE)]
    found = [f"`{path}`" for path in paths if path.is_file()]
    return (
        f"{' and '.join(found)}, then the work package below" if found else "the work package below"
    )


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
        "feedback": _feedback(mission, package, state),
    }


def _purpose(mission: Mission) -> str:
    told = [mission.metadata.get("purpose_tldr"), mission.metadata.get("purpose_context")]
    lines = [text.strip() for text in told if isinstance(text, str) and text.strip()]
    return "\n".join(dict.fromkeys([mission.friendly_name, *lines]))


def _feedback(mission: Mission, package: WorkPackage, state: WorkPackageState | None) -> str:
    files = review_files(mission, package)
    names = [mission.relative(path) for path in files]
    elsewhere = _latest_verdict(mission, package, state, names)
    if not files:
        return elsewhere or "None yet."
    listed = "\n".join(f"- `{name}`" for name in names)
    latest = _quoted(read_text(files[-1]))
    if elsewhere is None:
        return f"Reviews so far, the latest last:\n\n{listed}\n\nThe latest says:\n\n{latest}"
    return (
        f"{elsewhere}\n\nReviews written down so far, the latest last:\n\n{listed}\n\n"
        f"The last of these says:\n\n{latest}"
    )


def _latest_verdict(
    mission: Mission, package: WorkPackage, state: WorkPackageState | None, files: Sequence[str]
) -> str | None:
    """Tell what of the latest rejection is in no file here; None when all of it is in the last one."""
    if state is None or (state.reviewer is None and state.review_ref is None):
        return None
    moves = [row for row in read_log(mission.log_file).transitions if row.wp_id == package.id]
    verdict = next((row for row in reversed(moves) if row.from_lane in _JUDGED), None)
    if verdict is None or verdict.to_lane not in _SENT_BACK:
        return None
    result = verdict.review_result or {}
    reference = verdict.review_ref or result.get("reference")
    written = result.get("feedback_path")
    if written and files and files[-1].endswith(str(written)) and reference in (None, written):
        return None
    who = result.get("reviewer") or actor_label(verdict.actor)
    told = f"The latest verdict, by {who} at {verdict.at}: changes requested."
    if reference:
        told += f" What has to change is in {reference}."
    if written:
        return f"{told} It is also written down here: `{written}`."
    return f"{told} The reason given:\n\n{_quoted(verdict.reason)}" if verdict.reason else told


def _quoted(text: str) -> str:
    """Put a document into a fence that nothing inside it can close."""
    fence = "~~~~"
    while fence in text:
        fence += "~"
    return f"{fence}markdown\n{text.rstrip()}\n{fence}"


def _notes(decision: Decision, state: WorkPackageState | None, *, reports: bool) -> Sequence[str]:
    notes = []
    if not reports:
        notes.append(
            "An orchestrator started you and records the result. Run no `spec-kitty` command that "
            "reports or moves anything: it would take work behind its back."
        )
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
    if context.action == "review" and context.wp_id is not None:
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
