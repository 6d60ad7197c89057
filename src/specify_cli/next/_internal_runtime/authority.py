"""Answering a question of a run: what may be answered, by whom, by when, and what comes of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.next._internal_runtime.raci import OWNER_INPUT, fits, infer, shown
from specify_cli.next._internal_runtime.run import NoPendingDecision
from specify_cli.next._internal_runtime.schema import (
    ActorIdentity,
    AuditStep,
    MissionRuntimeError,
    RACIRoleBinding,
)
from specify_cli.next._internal_runtime.significance import (
    COMPLETING,
    LEFT_OPEN,
    Significance,
    evaluate,
    timeout_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.next._internal_runtime.run import MissionRun
    from specify_cli.next._internal_runtime.schema import (
        DecisionRequest,
        MissionPolicySnapshot,
        Step,
    )

SET_OWNER = "spec-kitty config set mission.owner <name>"


class DecisionAmbiguous(MissionRuntimeError):
    """The run waits for several answers, and it was not said which one is given."""

    code = "DECISION_AMBIGUOUS"


class InvalidAnswer(MissionRuntimeError):
    """An answer that is empty, or none of those to choose from."""

    code = "INVALID_ANSWER"


class AuthorityDenied(MissionRuntimeError):
    """Somebody answered who may not decide this."""

    code = "AUTHORITY_DENIED"


class NoTimeout(MissionRuntimeError):
    """A question that cannot become overdue."""

    code = "NO_TIMEOUT"


class DecisionGate(NamedTuple):
    """What is known of a question when it is asked.

    Attributes:
        answerable_by: Who may answer.
        consulted: Who else is told when a decision of high significance is overdue.
        significance: Of an audit that has one.
        timeout_seconds: How long an audit may wait; None for an input.
    """

    answerable_by: tuple[RACIRoleBinding, ...]
    consulted: tuple[RACIRoleBinding, ...] = ()
    significance: Significance | None = None
    timeout_seconds: int | None = None

    def to_json(self, asked_at: datetime) -> JsonObject:
        """Return what the journal keeps of it, with the time the answer is due."""
        facts: JsonObject = {"answerable_by": _roles(self.answerable_by)}
        if self.consulted:
            facts["consulted"] = _roles(self.consulted)
        if self.significance is not None:
            facts["band"] = self.significance.band
        if self.timeout_seconds is not None:
            facts["due_at"] = isoformat(asked_at + timedelta(seconds=self.timeout_seconds))
        return facts


def gate_of(step: Step, policy: MissionPolicySnapshot) -> DecisionGate:
    """Return who may answer a question of a step, and by when.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    roles = infer(step)
    if not isinstance(step, AuditStep):
        return DecisionGate(roles.deciding)
    return DecisionGate(
        roles.deciding,
        roles.assignment.consulted,
        None if step.significance is None else evaluate(step.significance, policy),
        timeout_seconds(policy),
    )


def answer_question(
    run: MissionRun,
    decision_id: str | None,
    answer: str,
    actor: ActorIdentity,
    *,
    owner: str | None = None,
) -> DecisionRequest:
    """Record an answer and what it means for the run; `run.save` puts it on disk.

    An audit that is approved is complete; one that is rejected stops the run until `--retry` asks
    again; one that is deferred stays open. A refused attempt is recorded too: save before you let the
    error through.

    Args:
        run: The run.
        decision_id: Which question; None when there is exactly one.
        answer: The answer.
        actor: Who answers.
        owner: Who answers for the mission; audits are that person's alone.

    Returns:
        The question that was answered.

    Raises:
        NoPendingDecision: NO_PENDING_DECISION.
        DecisionAmbiguous: DECISION_AMBIGUOUS.
        InvalidAnswer: INVALID_ANSWER.
        AuthorityDenied: AUTHORITY_DENIED.
    """
    request = _asked(run, decision_id)
    given = answer.strip()
    if not given or (request.options and given not in request.options):
        raise InvalidAnswer(
            f"{given[:60]!r} is no answer to {request.decision_id}."
            if given
            else "The answer is empty.",
            fix=f"Answer one of: {', '.join(request.options)}."
            if request.options
            else "Give a text.",
            details={"decision_id": request.decision_id, "options": [*request.options]},
        )
    owner = owner or run.snapshot.inputs.get(OWNER_INPUT)
    refusal = _refusal(request, actor, owner, run.ref.mission_slug)
    if refusal is not None:
        run.deny(request.decision_id, actor, refusal.message)
        raise refusal
    run.answer(request.decision_id, given, actor)
    if request.is_audit and given in COMPLETING:
        run.report(request.step_id, actor, "success")
    elif request.is_audit and given not in LEFT_OPEN:
        run.report(request.step_id, actor, "failed", reason=f"{given} by {actor.actor_id}")
    return request


def expire_overdue(run: MissionRun, actor: ActorIdentity, *, owner: str | None = None) -> None:
    """Record of every audit whose answer is overdue that it is, once."""
    now = utc_now()
    for request in run.snapshot.pending_decisions.values():
        if request.due_at is not None and datetime.fromisoformat(request.due_at) <= now:
            run.expire(request.decision_id, actor, to_notify(request, owner))


def expire(
    run: MissionRun, decision_id: str, actor: ActorIdentity, *, owner: str | None = None
) -> tuple[str, ...]:
    """Record that one answer is overdue, whatever the clock says, and return who is to be told.

    Raises:
        NoPendingDecision: NO_PENDING_DECISION.
        NoTimeout: NO_TIMEOUT: it is no audit.
    """
    request = _asked(run, decision_id)
    if request.due_at is None:
        raise NoTimeout(
            f"{decision_id!r} cannot become overdue: only audits can.",
            fix=f"Answer it: spec-kitty next --answer '<your answer>' --decision-id {decision_id}",
            details={"decision_id": decision_id},
        )
    told = to_notify(request, owner)
    run.expire(decision_id, actor, told)
    return told


def to_notify(request: DecisionRequest, owner: str | None) -> tuple[str, ...]:
    """Return who is told that an answer is overdue: who decides; for a high one who is consulted too."""
    roles = (*request.answerable_by, *(request.consulted if request.band == "high" else ()))
    return tuple(dict.fromkeys(shown(role, owner) for role in roles))


def _asked(run: MissionRun, decision_id: str | None) -> DecisionRequest:
    pending = run.snapshot.pending_decisions
    if decision_id is None and len(pending) > 1:
        raise DecisionAmbiguous(
            f"the run waits for {len(pending)} answers.",
            fix=f"Say which one: --decision-id {min(pending)}",
            details={"pending": [*sorted(pending)]},
        )
    request = pending.get(decision_id or next(iter(pending), ""))
    if request is None:
        known: list[JsonValue] = [*sorted(pending)]
        raise NoPendingDecision(
            f"the run does not wait for an answer to {decision_id!r}."
            if decision_id
            else "the run does not wait for an answer.",
            fix=f"Answer one of: {', '.join(map(str, known))}."
            if known
            else "Ask for the next step.",
            details={"decision_id": decision_id, "pending": known},
        )
    return request


def _refusal(
    request: DecisionRequest, actor: ActorIdentity, owner: str | None, mission_slug: str
) -> AuthorityDenied | None:
    allowed = request.answerable_by
    if request.is_audit:
        # A person decides, and a particular one: a kind alone could be claimed by anybody.
        allowed = tuple(
            role._replace(actor_id=role.actor_id or owner) if role.actor_type == "human" else role
            for role in allowed
        )
        if any(role.actor_type == "human" and role.actor_id is None for role in allowed):
            return AuthorityDenied(
                f"nobody is named who may decide {request.decision_id}.",
                fix=f"{SET_OWNER}, then let that person answer.",
                details={"decision_id": request.decision_id},
            )
    if not allowed or any(fits(role, actor) for role in allowed):
        return None
    roles = [shown(role) for role in allowed]
    named = next((role for role in allowed if role.actor_id), None)
    who = named.actor_id if named and named.actor_id else "<name>"
    kind = (named or allowed[0]).actor_type
    return AuthorityDenied(
        f"{actor.actor_id} ({actor.actor_type}) may not decide {request.decision_id}: that is for "
        f"{' or '.join(roles)}.",
        fix=f"Let {who} answer: spec-kitty next --mission {mission_slug} --agent {who} --actor-type {kind} "
        f"--decision-id {request.decision_id} --answer '<answer>'",
        details={"decision_id": request.decision_id, "answerable_by": [*roles]},
    )


def _roles(roles: Sequence[RACIRoleBinding]) -> list[JsonValue]:
    return [{k: v for k, v in role._asdict().items() if v is not None} for role in roles]
