"""Which lane changes are legal: the edges as data, the guards as small functions.

The 29 edges are those of the existing CLI. One rule is ours: a blocked work
package may also go back to the lane it was blocked from. Upstream offers only in_progress and
canceled, so a package that was blocked before anybody claimed it would resume as work in progress of
nobody. The log already says where it came from, so nothing new is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.status.lanes import TERMINAL_LANES, Lane

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.definitions import ReviewResult, RowEvidence
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.log import Actor

APPROVED_VERDICT = "approved"


class TransitionRejected(SpecKittyError):
    """The lane change is not legal from where the work package stands."""

    code = "TRANSITION_REJECTED"


class TransitionRequest(NamedTuple):
    """A lane change that somebody asks for, with what its guard looks at.

    Attributes:
        wp_id: The work package, such as `WP01`.
        to_lane: Where it should go.
        actor: Who asks: a name, or the structured form (role, profile, tool, model).
        force: Override edge and guard; needs an actor and a reason.
        reason: Why.
        evidence: Repositories, checks and review verdict behind approved and done.
        review_ref: The review that this change refers to, such as a review-cycle file.
        review_result: The verdict of the review that ends here.
        workspace_context: The worktree or branch the work happens in.
        subtasks_complete: Whether every subtask is done; None when nobody looked.
        implementation_evidence_present: Whether the lane branch has a commit of its own.
        execution_mode: `worktree` or `direct_repo`.
        policy_metadata: Policy of the orchestrator that asked, as given.
        reason_source: Who gave the reason, such as `operator`.
    """

    wp_id: str
    to_lane: Lane
    actor: Actor
    force: bool = False
    reason: str | None = None
    evidence: RowEvidence | None = None
    review_ref: str | None = None
    review_result: ReviewResult | None = None
    workspace_context: str | None = None
    subtasks_complete: bool | None = None
    implementation_evidence_present: bool | None = None
    execution_mode: str = "worktree"
    policy_metadata: JsonObject | None = None
    reason_source: str | None = None


class Unmet(NamedTuple):
    """A guard that said no.

    Attributes:
        guard: Its name, stable for programs.
        problem: What is missing, in words.
        fix: What would satisfy it.
    """

    guard: str
    problem: str
    fix: str


Guard: TypeAlias = Callable[[TransitionRequest], Unmet | None]


def _free(_: TransitionRequest) -> Unmet | None:
    return None


def _actor_present(request: TransitionRequest) -> Unmet | None:
    if _named(request.actor):
        return None
    return Unmet("actor_present", "nobody is named as the actor", "Name who does it with --agent.")


def _workspace_present(request: TransitionRequest) -> Unmet | None:
    if _said(request.workspace_context):
        return None
    return Unmet(
        "workspace_present",
        "there is no workspace to work in",
        f"Run `spec-kitty implement {request.wp_id}`, which makes the worktree.",
    )


def _work_complete(request: TransitionRequest) -> Unmet | None:
    if request.subtasks_complete is not True:
        return Unmet(
            "subtasks_complete",
            "not every subtask is marked as done",
            "Finish the subtasks and run `spec-kitty agent tasks mark-status <task> --status done`.",
        )
    if request.implementation_evidence_present is not True:
        return Unmet(
            "implementation_evidence",
            "the work package's branch has no commit of its own",
            "Commit the work in the work package's worktree.",
        )
    return None


def _review_evidence(request: TransitionRequest) -> Unmet | None:
    review = request.evidence.get("review") if request.evidence else None
    if (
        review is not None
        and _said(review.get("reviewer"))
        and review.get("verdict") == APPROVED_VERDICT
        and _said(review.get("reference"))
    ):
        return None
    return Unmet(
        "review_evidence",
        "there is no review evidence with a reviewer, the verdict approved and a reference",
        f"Have it reviewed: `spec-kitty agent action review {request.wp_id} --agent <reviewer>`.",
    )


def _review_approves(request: TransitionRequest) -> Unmet | None:
    unmet = _review_done(request)
    if unmet is not None or request.review_result is None:
        return unmet
    if request.review_result["verdict"] != APPROVED_VERDICT:
        return Unmet(
            "review_approves",
            f"the review's verdict is {request.review_result['verdict']}",
            "Send it back to in_progress, or have it reviewed again.",
        )
    review = request.evidence.get("review") if request.evidence else None
    if review is not None and (
        review.get("verdict") != APPROVED_VERDICT
        or review.get("reviewer") != request.review_result["reviewer"]
    ):
        return Unmet(
            "review_consistent",
            "the evidence names another reviewer or verdict than the review result",
            "Give evidence of the same review.",
        )
    return None


def _review_rejects(request: TransitionRequest) -> Unmet | None:
    unmet = _review_done(request)
    if unmet is not None or request.review_result is None:
        return unmet
    if request.review_result["verdict"] == APPROVED_VERDICT:
        return Unmet(
            "review_rejects",
            "the review's verdict is approved",
            "Move it to approved, or record the verdict changes_requested.",
        )
    return None


def _review_done(request: TransitionRequest) -> Unmet | None:
    result = request.review_result
    if result is None or not all(
        _said(result.get(key)) for key in ("reviewer", "verdict", "reference")
    ):
        return Unmet(
            "review_result",
            "there is no review result with reviewer, verdict and reference",
            "Record the verdict: `spec-kitty next --agent <reviewer> --verdict <verdict>`.",
        )
    if request.review_ref is not None and request.review_ref != result["reference"]:
        return Unmet(
            "review_consistent",
            "review_ref and the review result's reference differ",
            "Refer to one review.",
        )
    return None


def _reason_given(request: TransitionRequest) -> Unmet | None:
    if _said(request.reason):
        return None
    return Unmet("reason_given", "no reason is given", "Say why with --reason.")


def _review_referenced(request: TransitionRequest) -> Unmet | None:
    if _said(request.review_ref):
        return None
    return Unmet(
        "review_ref",
        "the review that asks for it is not named",
        "Name the review with --review-ref.",
    )


EDGES: Mapping[Lane, Mapping[Lane, Guard]] = {
    Lane.GENESIS: {Lane.PLANNED: _free, Lane.CANCELED: _free},
    Lane.PLANNED: {Lane.CLAIMED: _actor_present, Lane.BLOCKED: _free, Lane.CANCELED: _free},
    Lane.CLAIMED: {
        Lane.IN_PROGRESS: _workspace_present,
        Lane.BLOCKED: _free,
        Lane.CANCELED: _free,
    },
    Lane.IN_PROGRESS: {
        Lane.FOR_REVIEW: _work_complete,
        Lane.APPROVED: _review_evidence,
        Lane.PLANNED: _reason_given,
        Lane.BLOCKED: _free,
        Lane.CANCELED: _free,
    },
    Lane.FOR_REVIEW: {Lane.IN_REVIEW: _actor_present, Lane.BLOCKED: _free, Lane.CANCELED: _free},
    Lane.IN_REVIEW: {
        Lane.APPROVED: _review_approves,
        Lane.DONE: _review_approves,
        Lane.IN_PROGRESS: _review_rejects,
        Lane.PLANNED: _review_rejects,
        Lane.BLOCKED: _review_done,
        Lane.CANCELED: _review_done,
    },
    Lane.APPROVED: {
        Lane.DONE: _review_evidence,
        Lane.IN_PROGRESS: _review_referenced,
        Lane.PLANNED: _review_referenced,
        Lane.BLOCKED: _free,
        Lane.CANCELED: _free,
    },
    Lane.BLOCKED: {Lane.IN_PROGRESS: _free, Lane.CANCELED: _free},
    Lane.DONE: {},
    Lane.CANCELED: {},
}
"""Every legal edge with its guard; what is not here needs force."""

RESUME: Mapping[Lane, Guard] = {
    Lane.PLANNED: _free,
    Lane.CLAIMED: _actor_present,
    Lane.FOR_REVIEW: _free,
    Lane.IN_REVIEW: _actor_present,
    # The review that approved it still holds.
    Lane.APPROVED: _free,
}
"""Lanes that a blocked work package may return to when it was blocked from them (ours)."""


NEEDS: Mapping[Guard, str] = {
    _free: "nothing",
    _actor_present: "an actor",
    _workspace_present: "a workspace to work in",
    _work_complete: "every subtask done and a commit of its own",
    _review_evidence: "evidence of a review that approves it: reviewer, verdict, reference",
    _review_approves: "the review's verdict approved, with reviewer and reference",
    _review_rejects: "the review's verdict changes_requested, with reviewer and reference",
    _review_done: "the review's verdict, with reviewer and reference",
    _reason_given: "a reason",
    _review_referenced: "the review that asks for it",
}
"""What each guard asks for, in words."""


def needs(from_lane: Lane, to_lane: Lane, blocked_from: Lane | None = None) -> str | None:
    """Return what a step asks for, in words; None when there is no such step."""
    source = Lane.GENESIS if from_lane is Lane.UNINITIALIZED else from_lane
    guard = _guard(source, to_lane, blocked_from)
    return None if guard is None else NEEDS[guard]


def check_transition(
    from_lane: Lane, request: TransitionRequest, *, blocked_from: Lane | None = None
) -> None:
    """Let a lane change pass only if its edge exists and its guard is satisfied.

    Args:
        from_lane: Where the work package stands; `UNINITIALIZED` counts as `GENESIS`.
        request: The change.
        blocked_from: The lane that a blocked work package came from, if the log knows it.

    Raises:
        TransitionRejected: TRANSITION_REJECTED; names the guard and what would satisfy it.
    """
    source = Lane.GENESIS if from_lane is Lane.UNINITIALIZED else from_lane
    target = request.to_lane
    unmet = _check(source, target, request, blocked_from)
    if unmet is None:
        return
    raise TransitionRejected(
        f"{request.wp_id} cannot go from {source} to {target}: {unmet.problem}.",
        fix=unmet.fix,
        details={
            "wp_id": request.wp_id,
            "from_lane": source.value,
            "to_lane": target.value,
            "guard": unmet.guard,
            "legal_targets": [lane.value for lane in legal_targets(source, blocked_from)],
        },
    )


def legal_targets(from_lane: Lane, blocked_from: Lane | None = None) -> tuple[Lane, ...]:
    """Return the lanes that can be reached without force, in board order."""
    source = Lane.GENESIS if from_lane is Lane.UNINITIALIZED else from_lane
    targets = set(EDGES[source])
    if source is Lane.BLOCKED and blocked_from is not None and blocked_from in RESUME:
        targets.add(blocked_from)
    return tuple(lane for lane in Lane if lane in targets)


def is_legal(from_lane: Lane, to_lane: Lane, blocked_from: Lane | None = None) -> bool:
    """Tell whether an edge exists, guards aside."""
    return to_lane in legal_targets(from_lane, blocked_from)


def _check(
    source: Lane, target: Lane, request: TransitionRequest, blocked_from: Lane | None
) -> Unmet | None:
    if target in (Lane.GENESIS, Lane.UNINITIALIZED):
        return Unmet("target", f"{target} is never a target", "Choose one of the displayed lanes.")
    if request.force:
        return _force_allowed(request)
    guard = _guard(source, target, blocked_from)
    if guard is None:
        return _no_edge(source, target, request, blocked_from)
    # Upstream asks for an actor on two edges only; a move by nobody tells nobody anything.
    return _actor_present(request) or guard(request)


def _guard(source: Lane, target: Lane, blocked_from: Lane | None) -> Guard | None:
    if source is Lane.BLOCKED and target is blocked_from and target not in EDGES[source]:
        return RESUME.get(target)
    return EDGES[source].get(target)


def _force_allowed(request: TransitionRequest) -> Unmet | None:
    if not _named(request.actor):
        return Unmet("force_actor", "a forced change needs an actor", "Name who does it.")
    if not _said(request.reason):
        return Unmet("force_reason", "a forced change needs a reason", "Say why with --reason.")
    return None


def _no_edge(
    source: Lane, target: Lane, request: TransitionRequest, blocked_from: Lane | None
) -> Unmet:
    if source is target:
        return Unmet("edge", f"it is in {target} already", "Nothing needs to be done.")
    if source in TERMINAL_LANES:
        return Unmet(
            "edge",
            f"{source} is final",
            "Reopen it with --force and a --reason, or plan a new work package.",
        )
    if source is Lane.GENESIS:
        return Unmet(
            "edge",
            f"{request.wp_id} has not been planned yet",
            "Run `spec-kitty agent mission finalize-tasks` first.",
        )
    targets = ", ".join(legal_targets(source, blocked_from))
    return Unmet(
        "edge",
        "there is no such step",
        f"From {source} it can go to {targets}; anything else needs --force and a --reason.",
    )


def _said(text: object) -> bool:
    return isinstance(text, str) and bool(text.strip())


def _named(actor: Actor) -> bool:
    if isinstance(actor, str):
        return bool(actor.strip())
    return any(_said(value) for value in actor.values())
