"""Rows of a run's journal that are no events of the catalogue: they have a contract of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from specify_cli.kernel import gate
from specify_cli.kernel.clock import isoformat, utc_now

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.run_note import RunNote, RunNotePayload
    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.next._internal_runtime.schema import ActorIdentity

SURFACE = "run_note"
NoteKind = Literal[
    "TemplateAdopted", "SignificanceEvaluated", "DecisionTimeoutExpired", "DecisionAuthorityDenied"
]


def run_note(
    kind: NoteKind,
    actor: ActorIdentity,
    facts: Mapping[str, JsonValue],
    *,
    run_id: str,
    mission_id: str,
    lamport_clock: int,
) -> RunNote:
    """Return a note that has passed the gate.

    Args:
        kind: What happened.
        actor: Who did it.
        facts: What else is to be known about it.
        run_id: The run.
        mission_id: Its mission.
        lamport_clock: Its place in the journal.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    note: RunNote = {
        "event_type": kind,
        "timestamp": isoformat(utc_now()),
        "aggregate_id": mission_id,
        "lamport_clock": lamport_clock,
        "payload": cast(
            "RunNotePayload",
            {
                "run_id": run_id,
                "actor_id": actor.actor_id,
                "actor_type": actor.actor_type,
                **facts,
            },
        ),
    }
    gate.check(SURFACE, note)
    return note
