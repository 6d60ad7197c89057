"""Envelopes of a mission run: its start, its steps, its questions, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from specify_cli.events.envelope import Stamp, build_envelope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.decision import (
        DecisionInputAnsweredPayload,
        DecisionInputRequestedPayload,
    )
    from spec_kitty_contracts.wire.definitions import RuntimeActorIdentity
    from spec_kitty_contracts.wire.runtime import (
        MissionRunCompletedPayload,
        MissionRunStartedPayload,
        NextStepAutoCompletedPayload,
        NextStepIssuedPayload,
    )
    from spec_kitty_contracts.wire.status_rows import LifecycleRow
    from specify_cli.identity.project import ProjectIdentity


class RunOrigin(NamedTuple):
    """Which run an event belongs to, and when and where it happened.

    Attributes:
        identity: The project, the checkout and the node.
        run_id: ULID of the run; its events share it as correlation id.
        mission_id: ULID of the mission, the aggregate of the events.
        stamp: Id, time and logical time.
    """

    identity: ProjectIdentity
    run_id: str
    mission_id: str
    stamp: Stamp


def mission_run_started(
    origin: RunOrigin, *, mission_type: str, actor: RuntimeActorIdentity
) -> LifecycleRow:
    """Build the envelope that announces a run.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    payload: MissionRunStartedPayload = {
        "run_id": origin.run_id,
        "mission_type": mission_type,
        "actor": actor,
    }
    return _of_run(origin, "MissionRunStarted", payload)


def next_step_issued(
    origin: RunOrigin, *, step_id: str, actor: RuntimeActorIdentity
) -> LifecycleRow:
    """Build the envelope of a step that is handed out.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    payload: NextStepIssuedPayload = {
        "run_id": origin.run_id,
        "step_id": step_id,
        "agent_id": actor["actor_id"],
        "actor": actor,
    }
    return _of_run(origin, "NextStepIssued", payload)


def next_step_auto_completed(
    origin: RunOrigin, *, step_id: str, actor: RuntimeActorIdentity, result: str
) -> LifecycleRow:
    """Build the envelope of a step's report: success, failed or blocked.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    payload: NextStepAutoCompletedPayload = {
        "run_id": origin.run_id,
        "step_id": step_id,
        "agent_id": actor["actor_id"],
        "result": result,
        "actor": actor,
    }
    return _of_run(origin, "NextStepAutoCompleted", payload)


def decision_input_requested(
    origin: RunOrigin,
    *,
    decision_id: str,
    step_id: str,
    question: str,
    options: list[str],
    input_key: str | None,
    actor: RuntimeActorIdentity,
) -> LifecycleRow:
    """Build the envelope of a question that a run waits for.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    payload: DecisionInputRequestedPayload = {
        "run_id": origin.run_id,
        "decision_id": decision_id,
        "step_id": step_id,
        "question": question,
        "options": options,
        "input_key": input_key,
        "actor": actor,
    }
    return _of_run(origin, "DecisionInputRequested", payload)


def decision_input_answered(
    origin: RunOrigin, *, decision_id: str, answer: str, actor: RuntimeActorIdentity
) -> LifecycleRow:
    """Build the envelope of the answer to such a question.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    payload: DecisionInputAnsweredPayload = {
        "run_id": origin.run_id,
        "decision_id": decision_id,
        "answer": answer,
        "actor": actor,
    }
    return _of_run(origin, "DecisionInputAnswered", payload)


def mission_run_completed(
    origin: RunOrigin, *, mission_type: str, actor: RuntimeActorIdentity
) -> LifecycleRow:
    """Build the envelope that ends a run.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    payload: MissionRunCompletedPayload = {
        "run_id": origin.run_id,
        "mission_type": mission_type,
        "actor": actor,
    }
    return _of_run(origin, "MissionRunCompleted", payload)


def _of_run(origin: RunOrigin, event_type: str, payload: Mapping[str, Any]) -> LifecycleRow:
    envelope = build_envelope(
        origin.identity,
        origin.stamp,
        event_type=event_type,
        aggregate=("Mission", origin.mission_id),
        payload=payload,
        correlation_id=origin.run_id,
        causation_id=None,
    )
    # A row is an envelope; what else it may have is for other families of events.
    return cast("LifecycleRow", envelope)
