"""Who may take a work package up: the rules that hold on every way into a lane.

The guards of `status.transitions` look at one work package and what is asked. These rules also look at
who has it and at what it builds on. A forced change goes past them, and the log says which.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.events.free_text import public_actor, public_names
from specify_cli.missions.board import SELF_REVIEW
from specify_cli.missions.taking_up import (
    DependenciesNotSatisfied,
    WorkPackageClaimed,
    refuse_other_holder,
    refuse_unmet_dependencies,
)
from specify_cli.status.board import actor_label
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import check_transition

if TYPE_CHECKING:
    from collections.abc import Callable

    from spec_kitty_contracts.wire.definitions import ReviewResult, RowEvidence
    from spec_kitty_contracts.wire.status_rows import AnnotationDelta
    from specify_cli.kernel.errors import SpecKittyError
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board, WorkPackageState
    from specify_cli.status.log import Actor
    from specify_cli.status.mission_status import StatusChange
    from specify_cli.status.transitions import TransitionRequest

_WORKING = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS})
_VERDICTS = frozenset({Lane.APPROVED, Lane.DONE, Lane.IN_PROGRESS, Lane.PLANNED})
_JUDGED = frozenset({Lane.IN_REVIEW, Lane.APPROVED, Lane.DONE})


class LaneChanged(NamedTuple):
    """A lane change that was let through.

    Attributes:
        event_id: Its row.
        overridden: The rules that force went past, each as `CODE: what it says`.
        self_review: Whether it is a review by the one who implemented it.
    """

    event_id: str
    overridden: tuple[str, ...]
    self_review: bool


def change_lane(
    change: StatusChange, package: WorkPackage, request: TransitionRequest
) -> LaneChanged:
    """Move a work package, if edge, guard and these rules allow it.

    Nobody takes over what somebody else implements or reviews, and nothing is taken up before what it
    builds on is approved. With `force` it happens all the same; an annotation behind the row then
    names each rule that it went past. A review by the implementer is let through and annotated.

    Args:
        change: The change to do it in.
        package: The work package.
        request: The lane change.

    Raises:
        WorkPackageClaimed: WP_ALREADY_CLAIMED: another actor has it.
        DependenciesNotSatisfied: DEPENDENCIES_NOT_SATISFIED.
        TransitionRejected: TRANSITION_REJECTED.
        ContractViolation: CONTRACT_VIOLATION.
    """
    request = _publicly(request)
    board = change.board
    state = board.work_packages.get(package.id)
    taken = _caught(lambda: _refuse_second(state, request), WorkPackageClaimed)
    unmet = _caught(lambda: _refuse_early_claim(package, board, request), DependenciesNotSatisfied)
    if not request.force:
        if taken is not None:
            raise taken
        if unmet is not None:
            # An edge that does not exist is the nearer reason.
            blocked_from = state.blocked_from if state else None
            check_transition(board.lane(package.id), request, blocked_from=blocked_from)
            raise unmet
    event_id = change.transition(request)
    broken = tuple(f"{error.code}: {error.message}" for error in (taken, unmet) if error)
    if broken:
        change.annotate(package.id, request.actor, {"overridden": [*broken]})
    reviewer = _reviewer(state, request)
    own = state is not None and state.is_by(reviewer)
    if reviewer is not None:
        note_self_review(change, package.id, request.actor, state, own)
    return LaneChanged(event_id, broken, own)


def _publicly(request: TransitionRequest) -> TransitionRequest:
    """Name whoever acts as the log does, so that names can be compared."""
    return request._replace(
        actor=public_actor(request.actor),
        evidence=cast("RowEvidence | None", public_names(cast("JsonObject", request.evidence))),
        review_result=cast(
            "ReviewResult | None", public_names(cast("JsonObject", request.review_result))
        ),
    )


def note_self_review(
    change: StatusChange, wp_id: str, actor: Actor, before: WorkPackageState | None, own: bool
) -> None:
    """Record that the implementer reviews, or that somebody else does now; nothing if that is known.

    Args:
        change: The change to do it in.
        wp_id: The work package.
        actor: Who reviews.
        before: Where the work package stood before the review.
        own: Whether the reviewer implemented it.
    """
    noted = before is not None and before.notes.get(SELF_REVIEW) is True
    if own != noted:
        delta: AnnotationDelta = {"self_review": own}
        change.annotate(wp_id, actor, delta)


def _refuse_second(state: WorkPackageState | None, request: TransitionRequest) -> None:
    """Refuse to act on what another actor has in hand."""
    if state is None:
        return
    wp_id, actor, target = request.wp_id, actor_label(request.actor), request.to_lane
    if state.lane in _WORKING and target in (*_WORKING, Lane.FOR_REVIEW):
        refuse_other_holder(wp_id, state.implementer, actor)
    elif state.lane is Lane.IN_REVIEW and target is Lane.IN_REVIEW:
        refuse_other_holder(wp_id, state.reviewer, actor, task="reviewing")
    elif state.lane is Lane.IN_REVIEW and target in _VERDICTS:
        result = request.review_result
        # A program may pass on the verdict of the reviewer who has it.
        if result is None or result.get("reviewer") != state.reviewer:
            refuse_other_holder(wp_id, state.reviewer, actor, task="reviewing")


def _refuse_early_claim(package: WorkPackage, board: Board, request: TransitionRequest) -> None:
    """Refuse to take up, from whatever lane, what builds on unapproved work."""
    state = board.work_packages.get(package.id)
    if request.to_lane in _WORKING and (state is None or state.implementer is None):
        refuse_unmet_dependencies(package, board)


def _reviewer(state: WorkPackageState | None, request: TransitionRequest) -> str | None:
    """Return who reviews by this change: takes it into review, or lets it pass."""
    source = state.lane if state is not None else Lane.UNINITIALIZED
    if request.to_lane not in _JUDGED or source in (Lane.APPROVED, Lane.DONE):
        return None
    if state is not None and state.blocked_from is request.to_lane:
        return None  # back where it was: nobody reviews by that
    review = request.evidence.get("review") if request.evidence else None
    if request.review_result is not None:
        return request.review_result["reviewer"]
    if review is not None:
        return review["reviewer"]
    return actor_label(request.actor)


def _caught(check: Callable[[], None], kind: type[SpecKittyError]) -> SpecKittyError | None:
    try:
        check()
    except kind as error:
        return error
    return None
