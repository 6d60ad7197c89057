"""Which step comes next: a pure function of the description and the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from specify_cli.next._internal_runtime.schema import NextDecision

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime.schema import (
        DecisionKind,
        MissionRunSnapshot,
        MissionTemplate,
        PromptStep,
    )

INPUT_PREFIX = "input:"


def plan_next(snapshot: MissionRunSnapshot, template: MissionTemplate) -> NextDecision:
    """Decide what a run does next.

    In this order: a reported failure blocks; a pending question is asked again, under the same id;
    a step whose inputs are missing asks for the first of them; the issued step is handed out again;
    else the first step, in the order of the description, whose dependencies are complete. When every
    step is complete the run is over.

    The description has no cycles (they are refused when it is read), so one of these always holds.
    """
    if snapshot.blocked_reason is not None:
        return _decision(snapshot, "blocked", None, reason=snapshot.blocked_reason)
    pending = sorted(snapshot.pending_decisions)
    if pending:
        request = snapshot.pending_decisions[pending[0]]
        return NextDecision(
            kind="decision_required",
            run_id=snapshot.run_id,
            mission_key=snapshot.mission_key,
            step_id=request.step_id,
            decision_id=request.decision_id,
            input_key=request.input_key,
            question=request.question,
            options=request.options,
            reason="pending_decision",
        )
    step = runnable_step(snapshot, template)
    if step is None:
        return _decision(snapshot, "terminal", None, reason="every step is complete")
    missing = next((key for key in step.requires_inputs if key not in snapshot.inputs), None)
    if missing is not None:
        return NextDecision(
            kind="decision_required",
            run_id=snapshot.run_id,
            mission_key=snapshot.mission_key,
            step_id=step.id,
            step_title=step.title,
            decision_id=f"{INPUT_PREFIX}{missing}",
            input_key=missing,
            question=f"Which {missing} should the step {step.title!r} use?",
            reason="missing_required_input",
        )
    return _decision(snapshot, "step", step)


def serialize_decision(decision: NextDecision) -> str:
    """Render a decision as sorted compact JSON, to compare decisions byte for byte."""
    return json.dumps(decision._asdict(), sort_keys=True, separators=(",", ":"))


def runnable_step(snapshot: MissionRunSnapshot, template: MissionTemplate) -> PromptStep | None:
    """Return the step that a run is at, whether or not something stops it; None at the end."""
    completed = set(snapshot.completed_steps)
    runnable = [
        step
        for step in template.steps
        if step.id not in completed and completed.issuperset(step.depends_on)
    ]
    issued = next((step for step in runnable if step.id == snapshot.issued_step_id), None)
    return issued or next(iter(runnable), None)


def _decision(
    snapshot: MissionRunSnapshot,
    kind: DecisionKind,
    step: PromptStep | None,
    *,
    reason: str | None = None,
) -> NextDecision:
    return NextDecision(
        kind=kind,
        run_id=snapshot.run_id,
        mission_key=snapshot.mission_key,
        step_id=step.id if step else snapshot.issued_step_id if kind == "blocked" else None,
        step_title=step.title if step else None,
        prompt=(step.prompt or step.prompt_template) if step else None,
        reason=reason,
    )
