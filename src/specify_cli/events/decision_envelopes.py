"""Envelopes of the questions of a mission's planning: asked, and answered, put off or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.events.envelope import build_envelope

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.decision import (
        DecisionPointOpenedInterviewPayload,
        DecisionPointResolvedInterviewPayload,
    )
    from spec_kitty_contracts.wire.envelope import Event
    from specify_cli.events.envelope import Stamp
    from specify_cli.identity.project import ProjectIdentity

DECISION_POINT_OPENED = "DecisionPointOpened"
DECISION_POINT_RESOLVED = "DecisionPointResolved"


def decision_point_opened(
    identity: ProjectIdentity,
    stamp: Stamp,
    payload: DecisionPointOpenedInterviewPayload,
    *,
    correlation_id: str,
) -> Event:
    """Build the envelope of a question.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    return build_envelope(
        identity,
        stamp,
        event_type=DECISION_POINT_OPENED,
        aggregate=("Mission", payload["mission_id"]),
        payload=payload,
        correlation_id=correlation_id,
    )


def decision_point_resolved(
    identity: ProjectIdentity,
    stamp: Stamp,
    payload: DecisionPointResolvedInterviewPayload,
    *,
    correlation_id: str,
) -> Event:
    """Build the envelope of an answer, or of putting a question off or dropping it.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    return build_envelope(
        identity,
        stamp,
        event_type=DECISION_POINT_RESOLVED,
        aggregate=("Mission", payload["mission_id"]),
        payload=payload,
        correlation_id=correlation_id,
    )
