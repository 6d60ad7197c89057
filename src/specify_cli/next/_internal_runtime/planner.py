"""Which step comes next: a pure function of the description and the run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from specify_cli.next._internal_runtime.schema import (
    AUDIT_PREFIX,
    INPUT_PREFIX,
    AuditStep,
    NextDecision,
)
from specify_cli.next._internal_runtime.significance import is_automatic, options_of

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime.schema import (
        DecisionKind,
        MissionRunSnapshot,
        MissionTemplate,
        Step,
    )

TEMPLATE_CHANGED = "template_changed"


def plan_next(
    snapshot: MissionRunSnapshot, template: MissionTemplate, *, current_hash: str | None = None
) -> NextDecision:
    """Decide what a run does next.

    In this order: a reported failure blocks; a changed description blocks, but never a finished run;
    a pending question is asked again, under the same id; a step whose inputs are missing asks for the
    first of them; the issued step is handed out again; else the first step, in the order of the
    description, whose dependencies are complete; else the first such audit, which asks when it is
    blocking. When every step is complete the run is over.

    The description has no cycles (they are refused when it is read), so one of these always holds.

    Args:
        snapshot: The run.
        template: The description as it is now.
        current_hash: The hash of its meaning; None plans without looking for a change.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    if snapshot.blocked_reason is not None:
        return _decision(snapshot, "blocked", None, reason=snapshot.blocked_reason)
    if has_drifted(snapshot, current_hash):
        if snapshot.finished:
            return _decision(snapshot, "terminal", None, reason="the run is finished")
        return _decision(snapshot, "blocked", None, reason=TEMPLATE_CHANGED)
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
    for step_id in automatic_steps(snapshot, template):
        snapshot = snapshot._replace(completed_steps=(*snapshot.completed_steps, step_id))
    step = runnable_step(snapshot, template)
    if step is None:
        return _decision(snapshot, "terminal", None, reason="every step is complete")
    if isinstance(step, AuditStep):
        return _audit(snapshot, step)
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


def has_drifted(snapshot: MissionRunSnapshot, current_hash: str | None) -> bool:
    """Tell whether the description means something else than the one a run follows.

    A run of an earlier release may not know which one that is; it follows the present one.
    """
    return bool(current_hash and snapshot.template_hash) and snapshot.template_hash != current_hash


def automatic_steps(snapshot: MissionRunSnapshot, template: MissionTemplate) -> tuple[str, ...]:
    """Return the audits that complete by themselves now, in order: nobody has to look at them.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    found: list[str] = []
    while True:
        reached = snapshot._replace(completed_steps=(*snapshot.completed_steps, *found))
        step = runnable_step(reached, template)
        if not isinstance(step, AuditStep) or not is_automatic(step, snapshot.policy_snapshot):
            return tuple(found)
        found.append(step.id)


def runnable_step(snapshot: MissionRunSnapshot, template: MissionTemplate) -> Step | None:
    """Return the step that a run is at, whether or not something stops it; None at the end.

    An audit comes after every other step that can be taken.
    """
    completed = set(snapshot.completed_steps)
    runnable = [
        step
        for step in template.all_steps
        if step.id not in completed and completed.issuperset(step.depends_on)
    ]
    issued = next((step for step in runnable if step.id == snapshot.issued_step_id), None)
    return issued or next(iter(runnable), None)


def _audit(snapshot: MissionRunSnapshot, step: AuditStep) -> NextDecision:
    if not step.is_blocking:
        return _decision(snapshot, "step", step)
    options = options_of(step, snapshot.policy_snapshot)
    return NextDecision(
        kind="decision_required",
        run_id=snapshot.run_id,
        mission_key=snapshot.mission_key,
        step_id=step.id,
        step_title=step.title,
        decision_id=f"{AUDIT_PREFIX}{step.id}",
        question=f"{step.title}: {step.description or 'what do you decide?'}",
        options=options,
        reason="audit",
    )


def _decision(
    snapshot: MissionRunSnapshot,
    kind: DecisionKind,
    step: Step | None,
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
