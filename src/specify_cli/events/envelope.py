"""Envelopes: an event as it goes over the wire, built from generated types and past the gate."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from specify_cli.kernel.gate import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.definitions import Lane
    from spec_kitty_contracts.wire.envelope import Event
    from spec_kitty_contracts.wire.mission import MissionClosedPayload, MissionCreatedPayload
    from spec_kitty_contracts.wire.status import StatusTransitionPayload
    from spec_kitty_contracts.wire.status_rows import TransitionRow
    from specify_cli.identity.project import ProjectIdentity

WP_STATUS_CHANGED = "WPStatusChanged"
MISSION_CREATED = "MissionCreated"
MISSION_CLOSED = "MissionClosed"
_GENESIS = "genesis"
_PLANNED = "planned"


class Stamp(NamedTuple):
    """What makes an event unique and ordered.

    Attributes:
        event_id: A ULID.
        at: When it happened, in the form of `kernel.clock.isoformat`.
        lamport_clock: Logical time: one more than the highest that its log had seen.
    """

    event_id: str
    at: str
    lamport_clock: int


def wp_status_changed(
    identity: ProjectIdentity,
    row: TransitionRow,
    *,
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> Event:
    """Build the envelope of a lane change (001 FR-007, FR-018).

    The row says which checkout produced the event and when; a row of the existing CLI has no
    `build_id` and takes this checkout's. The first move of a work package, which the log has come
    from `genesis`, comes from no lane here.

    Args:
        identity: The project, and the checkout and node that emit.
        row: The row of the log.
        correlation_id: ULID of the command; the event's own id when there is none.
        causation_id: The event before it in the same command, if any.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    payload: StatusTransitionPayload = {
        "mission_slug": row["mission_slug"],
        "wp_id": row["wp_id"],
        "from_lane": _from_lane(row),
        "to_lane": row["to_lane"],
        "actor": row["actor"],
        "force": row["force"],
        "reason": row["reason"],
        "execution_mode": row["execution_mode"],
        "review_ref": row["review_ref"],
        "evidence": _done_evidence(row),
    }
    return build_envelope(
        identity,
        Stamp(row["event_id"], row["at"], row.get("lamport_clock", 0)),
        event_type=WP_STATUS_CHANGED,
        aggregate=("WorkPackage", row["wp_id"]),
        payload=payload,
        build_id=row.get("build_id"),
        correlation_id=correlation_id,
        causation_id=causation_id,
    )


def mission_created(
    identity: ProjectIdentity,
    payload: MissionCreatedPayload,
    stamp: Stamp,
    *,
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> Event:
    """Build the envelope that announces a mission (001 FR-002).

    The aggregate is the mission's ULID; its slug when it has none.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    return build_envelope(
        identity,
        stamp,
        event_type=MISSION_CREATED,
        aggregate=("Mission", payload.get("mission_id") or payload["mission_slug"]),
        payload=payload,
        correlation_id=correlation_id,
        causation_id=causation_id,
    )


def mission_closed(
    identity: ProjectIdentity,
    payload: MissionClosedPayload,
    stamp: Stamp,
    *,
    mission_id: str | None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> Event:
    """Build the envelope that ends a mission (001 FR-002).

    Args:
        identity: The project, and the checkout and node that emit.
        payload: Names the mission; its number is assigned at merge.
        stamp: Id, time and logical time.
        mission_id: The mission's ULID, the aggregate of the event; the slug when it has none.
        correlation_id: ULID of the command; the event's own id when there is none.
        causation_id: The event before it in the same command, if any.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    return build_envelope(
        identity,
        stamp,
        event_type=MISSION_CLOSED,
        aggregate=("Mission", mission_id or payload["mission_slug"]),
        payload=payload,
        correlation_id=correlation_id,
        causation_id=causation_id,
    )


def build_envelope(
    identity: ProjectIdentity,
    stamp: Stamp,
    *,
    event_type: str,
    aggregate: tuple[str, str],
    payload: Mapping[str, Any],
    build_id: str | None = None,
    correlation_id: str | None = None,
    causation_id: str | None = None,
) -> Event:
    """Build an envelope of any event type and pass it through the gate.

    Prefer the functions that know an event's payload; this one is for families of events that have
    a module of their own.

    Args:
        identity: The project, and the checkout and node that emit.
        stamp: Id, time and logical time.
        event_type: Name in the event catalogue.
        aggregate: Kind and id of what changed.
        payload: A document of the event type's own wire type.
        build_id: The checkout that produced the event, when it is not the one that emits it.
        correlation_id: ULID of the command or run; the event's own id when there is none.
        causation_id: The event before it in the same command, if any.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    envelope: Event = {
        "event_id": stamp.event_id,
        "event_type": event_type,
        "aggregate_type": aggregate[0],
        "aggregate_id": aggregate[1],
        "schema_version": schema_version(),
        "timestamp": stamp.at,
        "build_id": build_id or identity.build_id,
        "node_id": identity.node_id,
        "lamport_clock": stamp.lamport_clock,
        "causation_id": causation_id,
        "correlation_id": correlation_id or causation_id or stamp.event_id,
        "project_uuid": identity.project_uuid,
        "project_slug": identity.project_slug,
        "repo_slug": identity.repo_slug,
        "payload": dict(payload),
    }
    check("envelope", envelope)
    return envelope


def _from_lane(row: TransitionRow) -> Lane | None:
    """Return where a work package comes from, as every consumer of the contract knows it.

    Its null means a first move. There is none from nowhere to canceled, unless by force.
    """
    if row["from_lane"] == _GENESIS and (row["force"] or row["to_lane"] == _PLANNED):
        return None
    return row["from_lane"]


def _done_evidence(row: TransitionRow) -> Any:
    evidence = row["evidence"]
    return None if evidence is None else dict(evidence)


@cache
def schema_version() -> str:
    """Return the version of the envelope contract, as the vendored cutover artefact has it."""
    import spec_kitty_contracts

    root = Path(spec_kitty_contracts.__file__).parent
    artefact = json.loads((root / "schemas/events/cutover_artifact.json").read_bytes())
    return str(artefact["cutover_contract_version"])
