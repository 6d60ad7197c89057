"""The low-level lane change: exactly what is asked for, nothing inferred but the subtasks.

The other ways into a lane look at the worktree, make it and write review files. This one is for
programs that keep track of that themselves; guards and the rules of claims hold here too.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.events.free_text import public_actor
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.names import check_agent
from specify_cli.missions.bookkeeping import joined
from specify_cli.missions.claims import change_lane
from specify_cli.missions.implementation import execution_mode as mode_of
from specify_cli.missions.mission import mission_log
from specify_cli.missions.seeding import plan_by_files
from specify_cli.missions.subtasks import outstanding_subtasks
from specify_cli.missions.work_packages import (
    WorkPackageNotFound,
    find_work_package,
    normalise_wp_id,
    only_logged,
)
from specify_cli.status.lanes import Lane, parse_lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.definitions import ReviewResult, RowEvidence
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.log import Actor
    from specify_cli.status.mission_status import StatusChange

EXECUTION_MODES = ("worktree", "direct_repo")


class InvalidJson(UsageError):
    """A JSON argument that is not JSON, or not of the needed shape."""

    code = "INVALID_JSON"


class UnknownExecutionMode(UsageError):
    """A word that is no execution mode of a lane change."""

    code = "UNKNOWN_EXECUTION_MODE"


class Emitted(NamedTuple):
    """A lane change that is recorded.

    Attributes:
        mission_slug: The mission.
        event_id: Its row in the log.
        wp_id: The work package.
        from_lane: Where it was.
        to_lane: Where it is now.
        actor: Who moved it, as given.
        status_events_path: The log, relative to the project root.
        self_review: Whether it is a review by the one who implemented it.
        overridden: The rules that force went past, each as `CODE: what it says`.
        commit: The commit; None while the change that it is part of is not finished.
    """

    mission_slug: str
    event_id: str
    wp_id: str
    from_lane: Lane
    to_lane: Lane
    actor: Actor
    status_events_path: str
    self_review: bool
    overridden: tuple[str, ...]
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent status emit`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "event_id": self.event_id,
            "wp_id": self.wp_id,
            "work_package_id": self.wp_id,
            "from_lane": self.from_lane.value,
            "to_lane": self.to_lane.value,
            "actor": self.actor if isinstance(self.actor, str) else dict(self.actor),
            "status_events_path": self.status_events_path,
            "self_review": self.self_review,
            "overridden": list(self.overridden),
            "commit": self.commit,
        }

    def to_text(self) -> str:
        """Return the same for people."""
        lines = [f"{self.wp_id}: {self.from_lane.shown} → {self.to_lane} (event {self.event_id})"]
        if self.self_review:
            lines.append("  note  a self-review: the reviewer implemented it")
        lines += [f"  force went past  {rule}" for rule in self.overridden]
        return "\n".join(lines)


def emit_transition(
    project: Project,
    mission: Mission,
    wp_id: str,
    to: str,
    *,
    actor: Actor,
    reason: str | None = None,
    force: bool = False,
    review_ref: str | None = None,
    evidence: JsonObject | None = None,
    review_result: JsonObject | None = None,
    workspace_context: str | None = None,
    subtasks_complete: bool | None = None,
    implementation_evidence_present: bool | None = None,
    execution_mode: str | None = None,
    policy_metadata: JsonObject | None = None,
    change: StatusChange | None = None,
) -> Emitted:
    """Record one lane change, with its guard and the rules of claims, in one commit.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation; to cancel it, it needs no file.
        to: The lane's name; `doing` means in_progress.
        actor: Who moves it.
        reason: Why.
        force: Go past edge, guard and the rules of claims; needs a reason. The log says so.
        review_ref: The review that the change refers to.
        evidence: What approved and done rest on: `review`, `repos`, `verification`.
        review_result: The verdict of the review that ends here.
        workspace_context: The worktree or branch that the work happens in.
        subtasks_complete: Whether every subtask is done; None looks at the log.
        implementation_evidence_present: Whether the work is committed; nobody looks.
        execution_mode: `worktree` or `direct_repo`; None takes it from the work package.
        policy_metadata: Policy of the orchestrator that asks, as given.
        change: A status change to join.

    Raises:
        UnknownLane: UNKNOWN_LANE.
        UnusableName: INVALID_ACTOR.
        InvalidJson: INVALID_JSON: evidence or review result of another shape.
        UnknownExecutionMode: UNKNOWN_EXECUTION_MODE.
        WorkPackageNotFound: WP_NOT_FOUND.
        WorkPackageClaimed: WP_ALREADY_CLAIMED.
        DependenciesNotSatisfied: DEPENDENCIES_NOT_SATISFIED.
        TransitionRejected: TRANSITION_REJECTED: names the guard and what would satisfy it.
        ContractViolation: CONTRACT_VIOLATION.
        SpecKittyError: Whatever committing raises.
    """
    if isinstance(actor, str):
        check_agent(actor)
    actor = public_actor(actor)
    lane = parse_lane(to)
    if execution_mode is not None and execution_mode not in EXECUTION_MODES:
        raise UnknownExecutionMode(
            f"{execution_mode[:60]!r} is not an execution mode.",
            fix=f"Use {' or '.join(EXECUTION_MODES)}.",
            details={"execution_mode": execution_mode[:200], "known": list(EXECUTION_MODES)},
        )
    package = _package(project, mission, wp_id, lane)
    message = f"{package.id} {lane} ({mission.slug})"
    with joined(project, mission, change, message) as joint:
        plan_by_files(joint, mission, actor)
        start = joint.board.lane(package.id)
        if subtasks_complete is None and lane is Lane.FOR_REVIEW:
            subtasks_complete = not outstanding_subtasks(mission, package, joint.board)
        request = TransitionRequest(
            wp_id=package.id,
            to_lane=lane,
            actor=actor,
            force=force,
            reason=reason,
            evidence=cast("RowEvidence | None", _evidence(evidence)),
            review_ref=review_ref,
            review_result=cast("ReviewResult | None", _texts(review_result, "review result")),
            workspace_context=workspace_context,
            subtasks_complete=subtasks_complete,
            implementation_evidence_present=implementation_evidence_present,
            execution_mode=execution_mode or mode_of(package),
            policy_metadata=policy_metadata,
        )
        done = change_lane(joint, package, request)
    return Emitted(
        mission_slug=mission.slug,
        event_id=done.event_id,
        wp_id=package.id,
        from_lane=start,
        to_lane=lane,
        actor=actor,
        status_events_path=mission.relative(mission.log_file),
        self_review=done.self_review,
        overridden=done.overridden,
        commit=joint.result.commit if change is None else None,
    )


def _package(project: Project, mission: Mission, wp_id: str, lane: Lane) -> WorkPackage:
    """Find a work package; one that only the log knows can still be canceled.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND.
    """
    try:
        return find_work_package(mission, wp_id)
    except WorkPackageNotFound:
        wanted = normalise_wp_id(wp_id)
        if lane is not Lane.CANCELED or wanted is None:
            raise
        board = MissionStatus.load(mission_log(project, mission)).board
        if wanted not in board.work_packages:
            raise
        return only_logged(mission, wanted)


def parse_object(text: str | None, *, option: str) -> JsonObject | None:
    """Parse a JSON object from a command line; None stays None.

    Raises:
        InvalidJson: INVALID_JSON: with the position of what is wrong.
    """
    if text is None:
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be parsed"
        raise InvalidJson(
            f"the value of {option} is not JSON: {where}.",
            fix=f'Give one JSON object: {option} \'{{"key": "value"}}\'',
            details={"option": option},
        ) from error
    if not isinstance(document, dict):
        raise InvalidJson(
            f"the value of {option} is not a JSON object.",
            fix=f'Give one JSON object: {option} \'{{"key": "value"}}\'',
            details={"option": option},
        )
    return document


def _evidence(document: JsonObject | None) -> JsonObject | None:
    """Check the shape that guards rely on; the gate checks the rest before it is written."""
    if document is None:
        return None
    review, repos = document.get("review"), document.get("repos", [])
    if not isinstance(review, dict | None):
        raise _shape("the evidence's review is not an object")
    if not isinstance(repos, list):
        raise _shape("the evidence's repos is not a list")
    _texts(review, "evidence's review")
    # The row of the contract always has repos; where there are none, they are filled in.
    return {**document, "repos": repos}


def _texts(document: Mapping[str, JsonValue] | None, what: str) -> Mapping[str, JsonValue] | None:
    if document is None:
        return None
    for key in ("reviewer", "verdict", "reference"):
        value = document.get(key)
        if not isinstance(value, str | None) or (key != "reference" and not (value or "").strip()):
            raise _shape(f"the {what} has no {key} that is text")
    return document


def _shape(problem: str) -> InvalidJson:
    return InvalidJson(
        f"{problem}.",
        fix='It needs {"reviewer": "NAME", "verdict": "approved", "reference": "WHERE"}; evidence '
        'has that below "review".',
    )
