"""Answering a question of a mission's planning, putting it off, or dropping it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.decisions.decision import CANCELED, DEFERRED, RESOLVED
from specify_cli.decisions.recording import recording
from specify_cli.decisions.refusals import conflict, not_found
from specify_cli.decisions.said import checked_text
from specify_cli.events.free_text import public_name, without_personal_data
from specify_cli.kernel.names import check_agent

if TYPE_CHECKING:
    from specify_cli.decisions.decision import Decision, Outcome
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission


@dataclass(frozen=True, slots=True)
class ClosedDecision:
    """A decision with an outcome.

    Attributes:
        decision: The decision, as it is recorded.
        idempotent: It had this very outcome before; nothing was recorded now.
        event_id: The event of the outcome; None when nothing was recorded.
        lamport_clock: The event's logical time; None when nothing was recorded.
        commit: The commit; None when there was nothing to commit.
    """

    decision: Decision
    idempotent: bool
    event_id: str | None
    lamport_clock: int | None
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent decision resolve`, `defer` and `cancel`."""
        one = self.decision
        return {
            "result": "success",
            "mission_slug": one.mission_slug,
            "mission_id": one.mission_id,
            "decision_id": one.decision_id,
            "status": one.status,
            "terminal_outcome": one.status,
            "final_answer": one.final_answer,
            "other_answer": one.other_answer,
            "rationale": one.rationale,
            "resolved_by": one.resolved_by,
            "idempotent": self.idempotent,
            "event_id": self.event_id,
            "event_lamport": self.lamport_clock,
            "commit": self.commit,
        }

    def to_text(self) -> str:
        """Return the same for people."""
        one = self.decision
        was = "was" if self.idempotent else "is"
        said = f": {' '.join(one.final_answer.split())}" if one.final_answer else ""
        lines = [f"Decision {one.decision_id} {was} {one.status}{said}"]
        if one.status == DEFERRED:
            lines.append(f"Mark where the answer is missing: {marker(one)}")
        return "\n".join(lines)


def marker(decision: Decision) -> str:
    """Return what stands in a document where the answer to a deferred question is missing."""
    said = " ".join(decision.question.split()).replace("[", "(").replace("]", ")")
    return f"[NEEDS CLARIFICATION: {said}] <!-- decision_id: {decision.decision_id} -->"


def resolve_decision(
    project: Project,
    mission: Mission,
    decision_id: str,
    *,
    final_answer: str,
    actor: str,
    rationale: str | None = None,
    other_answer: bool = False,
) -> ClosedDecision:
    """Record the answer to a question that is open or was put off.

    Args:
        project: The project.
        mission: The mission.
        decision_id: The decision.
        final_answer: The answer; what it tells about machine and user is masked (DESIGN.md P8).
        actor: Who answers.
        rationale: Why.
        other_answer: The answer is none of the options; found out by itself where there are options.

    Raises:
        InvalidDecision: INVALID_DECISION: a text that cannot be recorded.
        UnusableName: INVALID_ACTOR.
        DecisionNotFound: DECISION_NOT_FOUND: names the mission that has it, if another one does.
        DecisionConflict: DECISION_TERMINAL_CONFLICT: it is closed with another answer or outcome.
        DecisionIndexCorrupt: DECISION_INDEX_CORRUPT.
        SpecKittyError: What `MissionStatus.change` raises; nothing is recorded then.
    """
    answer = checked_text(final_answer, "final_answer")
    why = None if rationale is None else checked_text(rationale, "rationale")
    return _close(
        project, mission, decision_id, RESOLVED, actor=actor, answer=answer, why=why,
        other_answer=other_answer,
    )  # fmt: skip


def defer_decision(
    project: Project, mission: Mission, decision_id: str, *, rationale: str, actor: str
) -> ClosedDecision:
    """Put a question off; it can be answered later.

    The document that needs the answer says so with a marker (`verify_decisions` looks for it).

    Args:
        project: The project.
        mission: The mission.
        decision_id: The decision.
        rationale: Why it is put off.
        actor: Who puts it off.

    Raises:
        SpecKittyError: As `resolve_decision`.
    """
    why = checked_text(rationale, "rationale")
    return _close(project, mission, decision_id, DEFERRED, actor=actor, why=why)


def cancel_decision(
    project: Project, mission: Mission, decision_id: str, *, rationale: str, actor: str
) -> ClosedDecision:
    """Drop a question that need not be answered any more.

    Args:
        project: The project.
        mission: The mission.
        decision_id: The decision.
        rationale: Why it is dropped.
        actor: Who drops it.

    Raises:
        SpecKittyError: As `resolve_decision`.
    """
    why = checked_text(rationale, "rationale")
    return _close(project, mission, decision_id, CANCELED, actor=actor, why=why)


def _close(
    project: Project,
    mission: Mission,
    decision_id: str,
    outcome: Outcome,
    *,
    actor: str,
    why: str | None,
    answer: str | None = None,
    other_answer: bool = False,
) -> ClosedDecision:
    check_agent(actor)
    event_id = stamp = None
    message = f"Decision {outcome} ({mission.slug})"
    with recording(project, mission, message) as now:
        place = now.change.surroundings
        answer = None if answer is None else without_personal_data(answer, place)
        why = None if why is None else without_personal_data(why, place)
        decision = now.register.find(decision_id)
        if decision is None:
            raise not_found(mission, decision_id)
        idempotent = decision.status == outcome
        if idempotent:
            # Saying it again without the reason is saying the same.
            if decision.final_answer != answer or why not in (None, decision.rationale):
                raise conflict(decision, outcome)
        elif not decision.may_become(outcome):
            raise conflict(decision, outcome)
        else:
            stamp = now.change.stamp()
            unlisted = bool(decision.options) and answer not in decision.options
            decision = decision.closed(
                outcome,
                at=stamp.at,
                by=public_name(actor),
                final_answer=answer,
                rationale=why,
                other_answer=answer is not None and (other_answer or unlisted),
            )
            event_id = now.closed(decision, stamp)
            decision = now.recorded(decision)
    return ClosedDecision(
        decision=decision,
        idempotent=idempotent,
        event_id=event_id,
        lamport_clock=stamp.lamport_clock if stamp is not None else None,
        commit=now.change.result.commit,
    )
