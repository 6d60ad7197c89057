"""Commands about the design of a mission: how far it is, and the questions that come up."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from specify_cli.orchestrator_api.policy import required_policy
from specify_cli.orchestrator_api.scope import about, identity, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import (
        CloseDecisionData,
        DesignStatusData,
        OpenDecision,
        OpenDecisionData,
    )
    from specify_cli.decisions.closing import ClosedDecision
    from specify_cli.decisions.decision import Decision, Outcome
    from specify_cli.missions.mission import Mission


def open_decision(arguments: Mapping[str, object], start: Path | None) -> OpenDecisionData:
    """Ask a question of the mission's planning; asking again finds the one that is open.

    Raises:
        SpecKittyError: POLICY_METADATA_REQUIRED and POLICY_VALIDATION_FAILED before anything is
            looked up; then as `scope.about` and `decisions.open_decision`.
    """
    required_policy(arguments, "open-decision")
    from specify_cli.decisions import opening

    with about(text(arguments, "mission"), start) as (project, mission):
        opened = opening.open_decision(
            project,
            mission,
            origin_flow=text(arguments, "origin"),
            input_key=text(arguments, "input_key"),
            question=text(arguments, "question"),
            actor=text(arguments, "actor"),
            step_id=text(arguments, "step_id") or None,
            slot_key=text(arguments, "slot_key") or None,
            options=cast("Sequence[str]", arguments.get("options") or ()),
        )
        return {
            **identity(mission),
            "decision_id": opened.decision.decision_id,
            "status": opened.decision.status,
            "question": opened.decision.question,
            "options": list(opened.decision.options),
            "idempotent": opened.idempotent,
            "artifact_path": str(opened.page),
            "event_lamport": opened.lamport_clock,
            "commit": opened.commit,
        }


def resolve_decision(arguments: Mapping[str, object], start: Path | None) -> CloseDecisionData:
    """Answer a question that is open or was put off; the same answer again records nothing.

    Raises:
        SpecKittyError: As `open_decision`, and as `decisions.resolve_decision`.
    """
    required_policy(arguments, "resolve-decision")
    from specify_cli.decisions import closing

    with about(text(arguments, "mission"), start) as (project, mission):
        closed = closing.resolve_decision(
            project,
            mission,
            text(arguments, "decision_id"),
            final_answer=text(arguments, "final_answer"),
            actor=_decider(arguments),
            rationale=text(arguments, "rationale") or None,
            other_answer=arguments.get("other_answer") is True,
        )
        return _closed(mission, closed)


def defer_decision(arguments: Mapping[str, object], start: Path | None) -> CloseDecisionData:
    """Put a question off; it can be answered later.

    Raises:
        SpecKittyError: As `open_decision`, and as `decisions.defer_decision`.
    """
    required_policy(arguments, "defer-decision")
    from specify_cli.decisions import closing

    with about(text(arguments, "mission"), start) as (project, mission):
        closed = closing.defer_decision(
            project,
            mission,
            text(arguments, "decision_id"),
            rationale=text(arguments, "rationale"),
            actor=_decider(arguments),
        )
        return _closed(mission, closed)


def cancel_decision(arguments: Mapping[str, object], start: Path | None) -> CloseDecisionData:
    """Drop a question that need not be answered any more.

    Raises:
        SpecKittyError: As `open_decision`, and as `decisions.cancel_decision`.
    """
    required_policy(arguments, "cancel-decision")
    from specify_cli.decisions import closing

    with about(text(arguments, "mission"), start) as (project, mission):
        closed = closing.cancel_decision(
            project,
            mission,
            text(arguments, "decision_id"),
            rationale=text(arguments, "rationale"),
            actor=_decider(arguments),
        )
        return _closed(mission, closed)


def design_status(arguments: Mapping[str, object], start: Path | None) -> DesignStatusData:
    """Tell how far the design of a mission is, what it lacks, and which questions are open.

    Raises:
        SpecKittyError: As `scope.about` and `decisions.list_decisions`.
    """
    from specify_cli.decisions.listing import list_decisions
    from specify_cli.next.prerequisites import planning_phase

    with about(text(arguments, "mission"), start) as (project, mission):
        decisions = list_decisions(project, mission).decisions
        waiting = _questions(decisions, "open")
        phase, missing = planning_phase(project, mission)
        return cast(
            "DesignStatusData",
            {
                **identity(mission),
                "current_phase": phase,
                "next_action": "resolve-decision"
                if waiting
                else None
                if phase == "done"
                else phase,
                "open_decisions": waiting,
                "deferred_decisions": _questions(decisions, "deferred"),
                "missing": [gap.to_json() for gap in missing],
            },
        )


def _decider(arguments: Mapping[str, object]) -> str:
    return text(arguments, "resolved_by") or text(arguments, "actor")


def _closed(mission: Mission, closed: ClosedDecision) -> CloseDecisionData:
    decision = closed.decision
    return {
        **identity(mission),
        "decision_id": decision.decision_id,
        "status": decision.status,
        "terminal_outcome": cast("Outcome", decision.status),
        "final_answer": decision.final_answer,
        "resolved_by": decision.resolved_by,
        "idempotent": closed.idempotent,
        "event_lamport": closed.lamport_clock,
        "commit": closed.commit,
    }


def _questions(decisions: Sequence[Decision], status: str) -> list[OpenDecision]:
    return [
        {
            "decision_id": one.decision_id,
            "origin": one.origin_flow,
            "input_key": one.input_key,
            "question": one.question,
            "options": list(one.options),
        }
        for one in decisions
        if one.status == status
    ]
