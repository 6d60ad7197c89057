"""Implementing a work package: take it up in its lane's worktree, hand it off for review."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.actors import recorded_name
from specify_cli.missions.bookkeeping import joined
from specify_cli.missions.guards import GuardsUnmet
from specify_cli.missions.handoff import examine
from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.mission import mission_log
from specify_cli.missions.seeding import plan_by_files
from specify_cli.missions.taking_up import (
    WORKING,
    check_taking_up,
    refuse_busy_lane,
    refuse_other_holder,
    refuse_unmet_dependencies,
)
from specify_cli.missions.work_packages import PLANNING_ARTIFACT, find_work_package
from specify_cli.missions.workspaces import (
    BASE_COMMIT,
    HEAD_COMMIT,
    ensure_workspace,
    record_commits,
    recorded_commit,
)
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import (
    TransitionRequest,
    check_transition,
)

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.missions.workspaces import Workspace
    from specify_cli.status.board import Board
    from specify_cli.status.mission_status import StatusChange

_STARTABLE = (Lane.PLANNED, *WORKING)


class HandOffIncomplete(GuardsUnmet):
    """The work is not ready for review."""

    code = "HANDOFF_INCOMPLETE"

    def __init__(self, wp_id: str, failures: tuple[GuardFailure, ...]) -> None:
        message = f"{wp_id} is not ready for review: {failures[0]}."
        super().__init__(message, failures=failures, details={"wp_id": wp_id})


class Started(NamedTuple):
    """A work package that is being implemented.

    Attributes:
        wp_id: Normalised id.
        workspace: Where to work.
        from_lane: Where it was.
        to_lane: In progress.
        no_op: The same actor had it in progress already; nothing was recorded.
    """

    wp_id: str
    workspace: Workspace
    from_lane: Lane
    to_lane: Lane
    no_op: bool


class HandedOff(NamedTuple):
    """A work package that waits for review.

    Attributes:
        wp_id: Normalised id.
        from_lane: Where it was.
        to_lane: For review.
        commit: The lane's tip that is to be reviewed.
        no_op: The same actor had handed it off already; nothing was recorded.
    """

    wp_id: str
    from_lane: Lane
    to_lane: Lane
    commit: str
    no_op: bool


def start_implementation(
    project: Project,
    mission: Mission,
    wp_id: str,
    *,
    actor: str,
    change: StatusChange | None = None,
    policy_metadata: JsonObject | None = None,
) -> Started:
    """Claim a work package and start work on it: planned → claimed → in_progress in one change.

    A work package that the log does not know, as in a project that another client seeded, is planned
    first. The actor recorded is the one given. Doing it again as the same actor records nothing and returns
    the workspace; so does going on after a review asked for changes. One that was blocked before its
    review is unblocked first, in the same change.

    Args:
        project: The project.
        mission: The mission, with finalised tasks.
        wp_id: The work package, in any notation.
        actor: Who implements it.
        change: A status change to join.
        policy_metadata: Recorded with the claim, as an orchestrator gave it.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND.
        WorkPackageClaimed: WP_ALREADY_CLAIMED: another actor implements it.
        DependenciesNotSatisfied: DEPENDENCIES_NOT_SATISFIED.
        LaneBusy: LANE_BUSY: another actor implements another work package of the lane.
        TransitionRejected: TRANSITION_REJECTED: it cannot be started from where it stands.
        SpecKittyError: As `ensure_workspace`.
    """
    actor = recorded_name(actor)
    package = find_work_package(mission, wp_id)
    message = f"{package.id} started by {actor} ({mission.slug})"
    with joined(project, mission, change, message) as change:
        found = plan_unseen(change, mission, package, actor)
        start = _unblocked(change, package, found, actor, policy_metadata)
        board = change.board
        if start in WORKING:
            refuse_other_holder(package.id, board.work_packages[package.id].implementer, actor)
            workspace = ensure_workspace(project, mission, package.id)
            if start is Lane.CLAIMED:
                _enter(change, package, workspace, actor, policy_metadata)
            no_op = found is Lane.IN_PROGRESS
            return Started(package.id, workspace, found, Lane.IN_PROGRESS, no_op=no_op)
        claim = TransitionRequest(
            wp_id=package.id,
            to_lane=Lane.CLAIMED,
            actor=actor,
            execution_mode=execution_mode(package),
            policy_metadata=policy_metadata,
        )
        # Refused here, the work package leaves no branch and no worktree behind.
        check_taking_up(mission, start, claim)
        refuse_unmet_dependencies(package, board)
        refuse_busy_lane(load_lanes(mission).lane_of(package.id), package.id, board, actor)
        workspace = ensure_workspace(project, mission, package.id)
        change.transition(claim)
        _enter(change, package, workspace, actor, policy_metadata)
        return Started(package.id, workspace, found, Lane.IN_PROGRESS, no_op=False)


def _unblocked(
    change: StatusChange,
    package: WorkPackage,
    lane: Lane,
    actor: str,
    policy_metadata: JsonObject | None,
) -> Lane:
    """Take a work package that was blocked before its review back to where its work goes on.

    Blocked from review or behind it, it goes back there first: that is no start of an implementation.
    """
    state = change.board.work_packages.get(package.id)
    if lane is not Lane.BLOCKED or state is None or state.blocked_from not in _STARTABLE:
        return lane
    refuse_other_holder(package.id, state.implementer, actor)
    change.transition(
        TransitionRequest(
            wp_id=package.id,
            to_lane=state.blocked_from,
            actor=actor,
            execution_mode=execution_mode(package),
            policy_metadata=policy_metadata,
        )
    )
    return state.blocked_from


def plan_unseen(change: StatusChange, mission: Mission, package: WorkPackage, actor: str) -> Lane:
    """Return where a work package stands; one that the log does not know is planned now.

    Args:
        change: The change to do it in.
        mission: The mission; the work package must have a lane in it, so that tasks which are not
            finalised stay unplanned.
        package: The work package.
        actor: Who takes it up.

    Raises:
        SpecKittyError: LANES_MISSING, LANES_CORRUPT, WP_NOT_IN_LANE.
    """
    lane = change.board.lane(package.id)
    if lane is not Lane.UNINITIALIZED:
        return lane
    load_lanes(mission).lane_of(package.id)
    plan_by_files(change, mission, actor)
    if change.board.lane(package.id) is not Lane.UNINITIALIZED:
        return change.board.lane(package.id)
    change.transition(
        TransitionRequest(
            wp_id=package.id,
            to_lane=Lane.PLANNED,
            actor=actor,
            execution_mode=execution_mode(package),
        )
    )
    return Lane.PLANNED


def handoff_problems(
    project: Project, mission: Mission, wp_id: str, *, board: Board | None = None
) -> tuple[GuardFailure, ...]:
    """Say what a work package in progress still lacks for its review; empty when it is ready.

    Needed: the lane's branch checked out in its worktree with nothing uncommitted, at least one commit
    of this work package (after a review that asked for changes: one more), no change to the files that
    the program keeps, and every subtask done.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation.
        board: The board to go by; read from the log when it is not given.

    Raises:
        SpecKittyError: WP_NOT_FOUND, LANES_MISSING, LANE_BRANCH_MISSING, GIT_FAILED.
    """
    if board is None:
        board = MissionStatus.load(mission_log(project, mission)).board
    return examine(project, mission, find_work_package(mission, wp_id), board).failures


def hand_off(
    project: Project,
    mission: Mission,
    wp_id: str,
    *,
    actor: str,
    change: StatusChange | None = None,
    policy_metadata: JsonObject | None = None,
) -> HandedOff:
    """Hand a work package off for review: in_progress → for_review, when nothing is missing.

    Doing it again as the same actor records nothing.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation.
        actor: Who implemented it.
        change: A status change to join.
        policy_metadata: Recorded with the change, as an orchestrator gave it.

    Raises:
        HandOffIncomplete: HANDOFF_INCOMPLETE with every guard failure.
        WorkPackageClaimed: WP_ALREADY_CLAIMED: another actor implements it.
        TransitionRejected: TRANSITION_REJECTED: it is not in progress.
        SpecKittyError: As `handoff_problems`.
    """
    actor = recorded_name(actor)
    package = find_work_package(mission, wp_id)
    message = f"{package.id} handed off by {actor} ({mission.slug})"
    with joined(project, mission, change, message) as change:
        board = change.board
        start = board.lane(package.id)
        request = TransitionRequest(
            wp_id=package.id,
            to_lane=Lane.FOR_REVIEW,
            actor=actor,
            subtasks_complete=True,
            implementation_evidence_present=True,
            execution_mode=execution_mode(package),
            policy_metadata=policy_metadata,
        )
        state = board.work_packages.get(package.id)
        if start is Lane.FOR_REVIEW and state is not None and state.implementer == actor:
            commit = recorded_commit(state, HEAD_COMMIT) or ""
            return HandedOff(package.id, start, Lane.FOR_REVIEW, commit, no_op=True)
        check_transition(start, request, blocked_from=state.blocked_from if state else None)
        if start is Lane.IN_PROGRESS and state is not None:
            refuse_other_holder(package.id, state.implementer, actor)
        work = examine(project, mission, package, board)
        if work.failures:
            raise HandOffIncomplete(package.id, work.failures)
        change.transition(request)
        record_commits(change, package.id, actor, {HEAD_COMMIT: work.tip})
        return HandedOff(package.id, start, Lane.FOR_REVIEW, work.tip, no_op=False)


def execution_mode(package: WorkPackage) -> str:
    """Return how the log calls the place of the work: in a worktree, or in the main checkout."""
    return "direct_repo" if package.execution_mode == PLANNING_ARTIFACT else "worktree"


def _enter(
    change: StatusChange,
    package: WorkPackage,
    workspace: Workspace,
    actor: str,
    policy_metadata: JsonObject | None,
) -> None:
    """Record claimed → in_progress, and the commit that the work starts from."""
    change.transition(
        TransitionRequest(
            wp_id=package.id,
            to_lane=Lane.IN_PROGRESS,
            actor=actor,
            workspace_context=f"{workspace.path.name} on {workspace.branch}",
            execution_mode=execution_mode(package),
            policy_metadata=policy_metadata,
        )
    )
    # A second claim goes on with the first one's work: the review must see all of it.
    if recorded_commit(change.board.work_packages[package.id], BASE_COMMIT) is None:
        record_commits(change, package.id, actor, {BASE_COMMIT: workspace.base_sha})
