"""The published document of a decision (contracts/published/next_decision.schema.json)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel import gate
from specify_cli.kernel.clock import isoformat
from specify_cli.next._internal_runtime.raci import infer, shown
from specify_cli.next.view import HANDED_OVER, WORKING
from specify_cli.status.lanes import Lane, weighted_percentage

if TYPE_CHECKING:
    from pathlib import Path

    from spec_kitty_contracts.wire.next_decision import (
        AppliedTransition,
        NextDecision,
        Origin,
        Progress,
    )
    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next.decision import Decision
    from specify_cli.next.view import MissionView, WorkPackageView

SURFACE = "next_decision"
NOT_STARTED = "not_started"


class Outcome(NamedTuple):
    """What a call did besides deciding.

    Attributes:
        is_query: The call changed nothing.
        prompt: The prompt on disk, absolute, or None.
        workspace: The existing folder to work in, absolute, or None.
        transitions: Lane changes made by the call.
        commit: The commit that holds them, or None.
        remarks: What else the reader has to know, a sentence each.
        answered: The question that the call answered, or None.
        answer: What was answered.
    """

    is_query: bool
    prompt: Path | None = None
    workspace: Path | None = None
    transitions: tuple[AppliedTransition, ...] = ()
    commit: str | None = None
    remarks: tuple[str, ...] = ()
    answered: str | None = None
    answer: str | None = None


def compose(
    mission: Mission,
    loaded: LoadedMission,
    view: MissionView,
    decision: Decision,
    outcome: Outcome,
) -> NextDecision:
    """Compose the document and pass it through the gate.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    question = decision.question
    started = bool(view.run.run_id) or bool(view.run.completed_steps)
    reason = " ".join(part for part in (decision.reason, *outcome.remarks) if part)
    document: NextDecision = {
        "result": "success",
        "kind": "query" if outcome.is_query else decision.kind,
        "agent": view.agent,
        "mission_slug": mission.slug,
        "mission_id": mission.mission_id,
        "mission_number": mission.mission_number,
        "mission_type": mission.mission_type,
        "mission": mission.mission_type,
        "mission_state": decision.mission_state if started else NOT_STARTED,
        "timestamp": isoformat(view.now),
        "action": decision.action,
        "wp_id": decision.wp_id,
        "workspace_path": None if outcome.workspace is None else str(outcome.workspace),
        "prompt_file": None if outcome.prompt is None else str(outcome.prompt),
        "reason": reason or None,
        "fix": decision.fix,
        "guard_failures": [
            {
                "file": failure.file,
                "looked_for": failure.looked_for,
                "found": failure.found,
                "fix": failure.fix,
            }
            for failure in decision.failures
        ],
        "progress": _progress(view.work_packages),
        "origin": _origin(mission, loaded),
        "run_id": view.run.run_id or None,
        "step_id": decision.step_id,
        "decision_id": question.decision_id if question else None,
        "input_key": question.input_key if question else None,
        "question": question.question if question else None,
        "options": list(question.options) if question and question.options else None,
        "is_query": outcome.is_query,
        "preview_step": _preview(decision) if outcome.is_query else None,
        "transitions": list(outcome.transitions),
        "commit": outcome.commit,
        "self_review": decision.self_review,
        "waiting_on": [
            {
                "wp_id": item.wp_id,
                "lane": item.lane.value,
                "on": list(item.on),
                "held_by": item.held_by,
                "since": item.since,
            }
            for item in decision.waiting_on
        ],
    }
    if question is not None:
        asked = view.run.pending_decisions.get(question.decision_id or "")
        step = view.template.step(question.step_id or "")
        if step is not None:
            document["answerable_by"] = [shown(role) for role in infer(step).deciding]
        if asked is not None and asked.due_at is not None:
            document["decision_due_at"] = asked.due_at
    if outcome.answered is not None and outcome.answer is not None:
        document["answered"], document["answer"] = outcome.answered, outcome.answer
    gate.check(SURFACE, document)
    return document


def _preview(decision: Decision) -> str | None:
    """Say what an advancing call would come to: the action, or how it would end."""
    if decision.kind == "step":
        return decision.action
    return "done" if decision.kind == "terminal" else decision.kind


def _progress(packages: tuple[WorkPackageView, ...]) -> Progress | None:
    if not packages:
        return None

    def count(*lanes: Lane) -> int:
        return sum(package.lane in lanes for package in packages)

    return {
        "total_wps": len(packages),
        "done_wps": count(Lane.DONE),
        "approved_wps": count(Lane.APPROVED),
        "in_progress_wps": count(*WORKING),
        "planned_wps": count(Lane.PLANNED),
        "for_review_wps": count(*HANDED_OVER),
        "weighted_percentage": weighted_percentage(package.lane for package in packages),
    }


def _origin(mission: Mission, loaded: LoadedMission) -> Origin:
    path = loaded.description.path
    if loaded.precedence_tier == "builtin":
        shown = path.parent.name  # where the package is installed is nobody's business
    elif path.is_relative_to(mission.root):
        shown = mission.relative(path)
    else:
        shown = str(path)
    return {"mission_tier": loaded.precedence_tier, "mission_path": shown}
