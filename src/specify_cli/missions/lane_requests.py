"""Lane changes that a program asks for: what it claims is checked, what it vouches for is recorded.

Each lane is reached by the act that belongs to it, as when a work package is moved by hand. What a
program adds is the outcome of a review in its own words, subtasks that it vouches for, and the policy
that its agents work under. All of it lands in one commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.free_text import public_names
from specify_cli.missions.actors import recorded_name
from specify_cli.missions.emit import emit_transition
from specify_cli.missions.implementation import hand_off, plan_unseen, start_implementation
from specify_cli.missions.mission import mission_log
from specify_cli.missions.review import record_verdict, start_review
from specify_cli.missions.subtasks import DONE, outstanding_subtasks
from specify_cli.missions.taking_up import refuse_other_holder
from specify_cli.missions.work_packages import find_work_package
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import (
    APPROVED_VERDICT,
    TransitionRequest,
    check_transition,
)

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import WorkPackageState
    from specify_cli.status.mission_status import StatusChange

CHANGES_REQUESTED = "changes_requested"
_WORKING = (Lane.CLAIMED, Lane.IN_PROGRESS)
_JUDGED = (Lane.APPROVED, Lane.DONE)
_SENT_BACK = (Lane.IN_PROGRESS, Lane.PLANNED)
_REVIEWED = (Lane.IN_REVIEW, Lane.APPROVED)


class LaneRequest(NamedTuple):
    """What a program asks for.

    Attributes:
        wp_id: The work package, in any notation.
        to_lane: Where it should go.
        actor: Who asks.
        note: Why; what has to change, when a review sends the work back.
        force: Go past edge, guards and claims; needs a note, or the review that asks
            for it. The log says so.
        review_ref: The review that it refers to.
        evidence: What approved and done rest on: review, repos, verification.
        review_result: The verdict of the review that ends here.
        subtasks_complete: True: every subtask is done and is recorded as such. False: they are not.
        evidence_present: Whether there is work to review; a yes is checked all the same.
        policy_metadata: The policy that the agent works under.
    """

    wp_id: str
    to_lane: Lane
    actor: str
    note: str | None = None
    force: bool = False
    review_ref: str | None = None
    evidence: JsonObject | None = None
    review_result: JsonObject | None = None
    subtasks_complete: bool | None = None
    evidence_present: bool | None = None
    policy_metadata: JsonObject | None = None


class LaneMoved(NamedTuple):
    """What was done.

    Attributes:
        wp_id: Normalised id.
        from_lane: Where it was.
        to_lane: Where it is now.
        no_op: The same actor had put it there already; nothing was recorded.
        forced: It was asked for with force, and something was recorded.
        commit: The commit, or None.
        holder: Who implements or reviews it now; None when nobody does.
    """

    wp_id: str
    from_lane: Lane
    to_lane: Lane
    no_op: bool
    forced: bool
    commit: str | None
    holder: str | None


def request_lane(project: Project, mission: Mission, request: LaneRequest) -> LaneMoved:
    """Move a work package as a program asks, in one commit.

    Asking again as the same actor records nothing. A work package that the log does not know counts as
    planned. Subtasks that are vouched for are recorded as done in the same change.

    Args:
        project: The project.
        mission: The mission.
        request: What is asked for.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND.
        WorkPackageClaimed: WP_ALREADY_CLAIMED: another actor has it.
        DependenciesNotSatisfied: DEPENDENCIES_NOT_SATISFIED.
        TransitionRejected: TRANSITION_REJECTED.
        HandOffIncomplete: HANDOFF_INCOMPLETE: says what the work lacks.
        ReviewFeedbackRequired: REVIEW_FEEDBACK_REQUIRED.
        InvalidJson: INVALID_JSON: evidence or review result of another shape.
        SpecKittyError: As the acts of implementation and review.
    """
    request = request._replace(
        actor=recorded_name(request.actor),
        evidence=public_names(request.evidence),
        review_result=public_names(request.review_result),
    )
    package = find_work_package(mission, request.wp_id)
    lane = request.to_lane
    message = f"{package.id} {lane} by {request.actor} ({mission.slug})"
    with MissionStatus.change(mission_log(project, mission), message=message) as change:
        before = change.board.work_packages.get(package.id)
        start = Lane.PLANNED if before is None else before.lane
        no_op = _is_repeated(before, start, request)
        if not no_op:
            plan_unseen(change, mission, package, request.actor)
            _record_subtasks(change, mission, package, request)
            if request.force:
                # To name the review that asks for it is to say why.
                reason = request.note or request.review_ref
                _emit(project, mission, change, request, reason=reason)
            else:
                _refuse_second_holder(package, before, start, request)
                _act(project, mission, package, start, before, request, change)
    return LaneMoved(
        wp_id=package.id,
        from_lane=start,
        to_lane=lane,
        no_op=no_op,
        forced=request.force and not no_op,
        commit=change.result.commit,
        holder=_holder(change.board.work_packages.get(package.id)),
    )


def _holder(state: WorkPackageState | None) -> str | None:
    if state is None or state.lane not in (*_WORKING, Lane.IN_REVIEW):
        return None
    return state.reviewer if state.lane is Lane.IN_REVIEW else state.implementer


def _is_repeated(state: WorkPackageState | None, start: Lane, request: LaneRequest) -> bool:
    """Tell whether the work package is where it should go, by the one who asks."""
    if start is not request.to_lane:
        return False
    if state is None:
        return True
    if start in (*_WORKING, Lane.FOR_REVIEW):
        return state.implementer in (None, request.actor)
    if start is Lane.IN_REVIEW:
        return state.reviewer in (None, request.actor)
    if start is Lane.CANCELED and request.force and request.note:
        # What was canceled without a reason gets one.
        return state.cancellation is not None and bool((state.cancellation.reason or "").strip())
    return state.actor == request.actor


def _refuse_second_holder(
    package: WorkPackage, state: WorkPackageState | None, start: Lane, request: LaneRequest
) -> None:
    """Say who has it, where the table of edges would only say that it is there already.

    Raises:
        WorkPackageClaimed: WP_ALREADY_CLAIMED.
    """
    if state is None or start is not request.to_lane:
        return
    if start is Lane.IN_REVIEW:
        refuse_other_holder(package.id, state.reviewer, request.actor, task="reviewing")
    elif start in _WORKING:
        refuse_other_holder(package.id, state.implementer, request.actor)


def _act(
    project: Project,
    mission: Mission,
    package: WorkPackage,
    start: Lane,
    state: WorkPackageState | None,
    request: LaneRequest,
    change: StatusChange,
) -> None:
    """Do what belongs to the lane that is asked for."""
    lane, actor, policy = request.to_lane, request.actor, request.policy_metadata
    nobodys = state is not None and state.implementer is None
    if start is Lane.BLOCKED and lane is Lane.IN_PROGRESS and nobodys:
        # Nobody has it: it is planned again first, then claimed like any other.
        planned = request._replace(to_lane=Lane.PLANNED)
        _emit(project, mission, change, planned, reason=request.note)
        start_implementation(
            project, mission, package.id, actor=actor, change=change, policy_metadata=policy
        )
    elif start is Lane.CLAIMED and lane is Lane.IN_PROGRESS:
        start_implementation(
            project, mission, package.id, actor=actor, change=change, policy_metadata=policy
        )
    elif start is Lane.IN_PROGRESS and lane is Lane.FOR_REVIEW:
        _refuse_admitted_gaps(package, start, request)
        hand_off(project, mission, package.id, actor=actor, change=change, policy_metadata=policy)
    elif start is Lane.FOR_REVIEW and lane is Lane.IN_REVIEW:
        start_review(
            project,
            mission,
            package.id,
            actor=actor,
            change=change,
            policy_metadata=policy,
            review_ref=request.review_ref,
        )
    elif _is_reviewers_word(start, request):
        _judge(project, mission, package, request, change)
    else:
        _emit(project, mission, change, request, reason=request.note)


def _is_reviewers_word(start: Lane, request: LaneRequest) -> bool:
    """Tell whether the reviewer ends the review without a result of its own form."""
    if _result(request) is not None:
        return False
    if start is Lane.IN_REVIEW and request.to_lane is Lane.APPROVED:
        return True
    sent_back = start in _REVIEWED and request.to_lane in _SENT_BACK
    # Without a note there is nothing to write down for the implementer; a reference may do.
    return sent_back and (request.note is not None or request.review_ref is None)


def _judge(
    project: Project,
    mission: Mission,
    package: WorkPackage,
    request: LaneRequest,
    change: StatusChange,
) -> None:
    approved = request.to_lane is Lane.APPROVED
    record_verdict(
        project,
        mission,
        package.id,
        actor=request.actor,
        verdict=APPROVED_VERDICT if approved else CHANGES_REQUESTED,
        feedback=request.note,
        to_lane=request.to_lane,
        change=change,
        reference=request.review_ref,
        policy_metadata=request.policy_metadata,
    )


def _emit(
    project: Project,
    mission: Mission,
    change: StatusChange,
    request: LaneRequest,
    *,
    reason: str | None,
) -> None:
    """Record the change as it is asked for, with its guard and the rules of claims."""
    result = _result(request)
    start = change.board.lane(find_work_package(mission, request.wp_id).id)
    if result is None and not request.force and start in _REVIEWED and request.review_ref:
        result = _result_by_reference(request)
    emit_transition(
        project,
        mission,
        request.wp_id,
        request.to_lane.value,
        actor=request.actor,
        reason=reason,
        force=request.force,
        review_ref=request.review_ref,
        evidence=_evidence(request),
        review_result=result,
        subtasks_complete=request.subtasks_complete,
        implementation_evidence_present=request.evidence_present,
        policy_metadata=request.policy_metadata,
        change=change,
    )


def _refuse_admitted_gaps(package: WorkPackage, start: Lane, request: LaneRequest) -> None:
    """Refuse a hand-off whose caller says that something is missing.

    Raises:
        TransitionRejected: TRANSITION_REJECTED.
    """
    check_transition(
        start,
        TransitionRequest(
            wp_id=package.id,
            to_lane=request.to_lane,
            actor=request.actor,
            subtasks_complete=request.subtasks_complete is not False,
            implementation_evidence_present=request.evidence_present is not False,
        ),
    )


def _record_subtasks(
    change: StatusChange, mission: Mission, package: WorkPackage, request: LaneRequest
) -> None:
    """Record the subtasks that the caller vouches for."""
    if request.subtasks_complete is not True:
        return
    open_ones = outstanding_subtasks(mission, package, change.board)
    if open_ones:
        change.annotate(package.id, request.actor, {"subtasks": dict.fromkeys(open_ones, DONE)})


def _evidence(request: LaneRequest) -> JsonObject | None:
    """Return the evidence; the verdict of a review is one, too."""
    given = request.evidence
    result = request.review_result
    if given is not None or result is None or request.to_lane not in _JUDGED:
        return given
    return {"review": {key: result.get(key) for key in ("reviewer", "verdict", "reference")}}


def _result(request: LaneRequest) -> JsonObject | None:
    """Return the verdict of the review: as given, else as the evidence says."""
    if request.review_result is not None:
        return request.review_result
    evidence = _evidence(request)
    review = evidence.get("review") if evidence else None
    if not isinstance(review, dict):
        return None
    # Evidence may say less than the verdict of a review has to, or something else.
    reference = review.get("reference") or request.review_ref
    if reference is None or review.get("verdict") not in {APPROVED_VERDICT, CHANGES_REQUESTED}:
        return None
    return {**review, "reference": reference}


def _result_by_reference(request: LaneRequest) -> JsonObject | None:
    """Return the verdict that a step back from review speaks, which names the review and no more."""
    if request.to_lane not in _SENT_BACK:
        return None
    return {
        "reviewer": request.actor,
        "verdict": CHANGES_REQUESTED,
        "reference": request.review_ref,
    }
