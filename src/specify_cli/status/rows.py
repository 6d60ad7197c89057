"""Composing the rows that are appended to a log.

A row is also an event on the wire, and there the events contract has a smaller table of lane changes
than the CLI: steps back to planned, and a blocked package's return to its lane, pass only as forced.
Such a row says `force_source: wire`, for nobody forced it.
It also wants evidence for approved and done even when forced, and a review reference for every step
back from review. Rows are written so that they satisfy it; what nobody supplied is filled in with
facts, never with a verdict that was not given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

from specify_cli.kernel.errors import UsageError
from specify_cli.status.board import actor_label
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import APPROVED_VERDICT, EDGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from spec_kitty_contracts.wire.definitions import Actor as WireActor
    from spec_kitty_contracts.wire.definitions import Lane as WireLane
    from spec_kitty_contracts.wire.definitions import RowEvidence, RowRepoEvidence, RowReview
    from spec_kitty_contracts.wire.status_rows import (
        AnnotationDelta,
        AnnotationRow,
        DisplayLane,
        TransitionRow,
    )
    from specify_cli.events.envelope import Stamp
    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.status.log import Actor
    from specify_cli.status.transitions import TransitionRequest

# Legal here, but in the events contract only as a forced change.
_FORCED_ON_THE_WIRE = frozenset(
    {
        (Lane.IN_PROGRESS, Lane.PLANNED),
        (Lane.IN_REVIEW, Lane.PLANNED),
        (Lane.APPROVED, Lane.PLANNED),
    }
)
_REVIEWED = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})
ACTOR_KEYS = ("role", "profile", "tool", "model")
"""What a structured actor is described by; absent ones are written as null."""

_NEEDS_EVIDENCE = frozenset({Lane.APPROVED, Lane.DONE})


class InvalidActor(UsageError):
    """A structured actor that other readers of the log would refuse."""

    code = "INVALID_ACTOR"


def transition_row(
    from_lane: Lane,
    request: TransitionRequest,
    stamp: Stamp,
    *,
    mission_slug: str,
    mission_id: str | None,
    build_id: str,
    work: Callable[[], RowRepoEvidence],
    reviewed: Mapping[str, JsonValue] | None = None,
) -> TransitionRow:
    """Compose the row of a lane change that `check_transition` let pass.

    Args:
        from_lane: Where the work package stands.
        request: The change.
        stamp: Id, time and logical time.
        mission_slug: The mission.
        mission_id: Its ULID, if it has one.
        build_id: The checkout that writes.
        work: Answers where the work is; asked only when evidence is needed or was given without it.
        reviewed: The verdict of the latest review, to which a package returns that was blocked.

    Raises:
        InvalidActor: INVALID_ACTOR.
    """
    source = Lane.GENESIS if from_lane is Lane.UNINITIALIZED else from_lane
    target = request.to_lane
    by_wire = not request.force and _forced_on_the_wire(source, target)
    forced = request.force or by_wire
    review_ref = request.review_ref
    if review_ref is None and request.review_result is not None:
        review_ref = request.review_result["reference"]
    if review_ref is None and forced and source in _REVIEWED and target is Lane.IN_PROGRESS:
        review_ref = f"forced by {actor_label(request.actor)}"
    reason = request.reason
    if forced and not (reason or "").strip():
        reason = _reason(source, target, review_ref)
    evidence = request.evidence
    if target in _NEEDS_EVIDENCE if evidence is None else not evidence.get("repos"):
        evidence = _evidence(request, evidence, work(), (reviewed or {}) if by_wire else None)
    row: TransitionRow = {
        "event_id": stamp.event_id,
        "mission_slug": mission_slug,
        "mission_id": mission_id,
        "wp_id": request.wp_id,
        "from_lane": cast("WireLane", source.value),
        "to_lane": cast("DisplayLane", target.value),
        "at": stamp.at,
        "actor": _wire_actor(request.actor),
        "force": forced,
        "execution_mode": cast('Literal["worktree", "direct_repo"]', request.execution_mode),
        "reason": reason,
        "review_ref": review_ref,
        "evidence": evidence,
        "policy_metadata": request.policy_metadata,
        "build_id": build_id,
        "lamport_clock": stamp.lamport_clock,
    }
    if request.review_result is not None:
        row["review_result"] = request.review_result
    if request.reason_source is not None:
        row["reason_source"] = request.reason_source
    if by_wire:
        row["force_source"] = "wire"
    return row


def annotation_row(
    wp_id: str, actor: Actor, delta: AnnotationDelta, stamp: Stamp, *, build_id: str
) -> AnnotationRow:
    """Compose the row of a fact that is no lane change. It has no event on the wire.

    Raises:
        InvalidActor: INVALID_ACTOR.
    """
    return {
        "kind": "annotation",
        "event_id": stamp.event_id,
        "wp_id": wp_id,
        "at": stamp.at,
        "actor": _wire_actor(actor),
        "delta": delta,
        "build_id": build_id,
        "lamport_clock": stamp.lamport_clock,
    }


def _forced_on_the_wire(source: Lane, target: Lane) -> bool:
    resumes = source is Lane.BLOCKED and target not in EDGES[Lane.BLOCKED]
    return resumes or (source, target) in _FORCED_ON_THE_WIRE


def _reason(source: Lane, target: Lane, review_ref: str | None) -> str:
    if source is Lane.BLOCKED:
        return f"no longer blocked; back to {target}"
    return f"sent back to {target} by review {review_ref}"


def _evidence(
    request: TransitionRequest,
    given: RowEvidence | None,
    work: RowRepoEvidence,
    resumed: Mapping[str, JsonValue] | None,
) -> RowEvidence:
    """Complete the evidence: where the work is, and who said what about it."""
    if given is not None:
        return {**given, "repos": [work]}
    result = request.review_result
    review: RowReview
    if result is not None:
        review = {
            "reviewer": result["reviewer"],
            "verdict": result["verdict"],
            "reference": result["reference"],
        }
    elif resumed is not None and resumed.get("verdict") == APPROVED_VERDICT:
        # Blocked meanwhile; the review that approved it still holds.
        review = {
            "reviewer": str(resumed.get("reviewer") or "unknown"),
            "verdict": APPROVED_VERDICT,
            "reference": str(resumed.get("reference") or "the latest review"),
        }
    elif resumed is not None:
        review = {
            "reviewer": actor_label(request.actor),
            "verdict": "unblocked",
            "reference": "it was approved before it was blocked",
        }
    else:
        # Only a forced change gets here: nobody reviewed, and the row says so.
        review = {
            "reviewer": actor_label(request.actor),
            "verdict": "forced",
            "reference": request.reason,
        }
    return {"repos": [work], "review": review}


def _wire_actor(actor: Actor) -> WireActor:
    """Write a structured actor with the four keys that the existing CLI insists on, no more no less."""
    if isinstance(actor, str):
        return actor
    unknown = sorted(set(actor) - set(ACTOR_KEYS))
    if unknown:
        raise InvalidActor(
            f"an actor has no {', '.join(unknown)}.",
            fix="Describe an actor by " + ", ".join(ACTOR_KEYS) + ", or by its name alone.",
            details={"unknown": list(unknown), "keys": list(ACTOR_KEYS)},
        )
    return {key: actor.get(key) for key in ACTOR_KEYS}
