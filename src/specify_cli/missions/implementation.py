"""Implementing a work package: take it up in its lane's worktree, hand it off for review."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.free_text import public_name
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.bookkeeping import joined
from specify_cli.missions.dependencies import unmet_dependencies
from specify_cli.missions.guards import GuardsUnmet
from specify_cli.missions.handoff import examine
from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.mission import mission_log
from specify_cli.missions.seeding import plan_by_files
from specify_cli.missions.work_packages import PLANNING_ARTIFACT, find_work_package
from specify_cli.missions.workspaces import (
    BASE_COMMIT,
    HEAD_COMMIT,
    ensure_workspace,
    record_commits,
    recorded_commit,
)
from specify_cli.status.board import actor_label
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import (
    TransitionRejected,
    TransitionRequest,
    check_transition,
)

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.missions.workspaces import Workspace
    from specify_cli.status.board import Board
    from specify_cli.status.mission_status import StatusChange

_WORKING = (Lane.CLAIMED, Lane.IN_PROGRESS)
_STARTABLE = (Lane.PLANNED, *_WORKING)
_UNPLANNED = (Lane.GENESIS, Lane.UNINITIALIZED)


class DependenciesNotSatisfied(SpecKittyError):
    """Work packages that this one builds on are not approved yet."""

    code = "DEPENDENCIES_NOT_SATISFIED"


class WorkPackageClaimed(SpecKittyError):
    """Somebody else has the work package."""

    code = "WP_ALREADY_CLAIMED"


class LaneBusy(SpecKittyError):
    """Somebody else works in the lane's worktree, on another work package."""

    code = "LANE_BUSY"


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
    actor = public_name(actor)
    package = find_work_package(mission, wp_id)
    message = f"{package.id} started by {actor} ({mission.slug})"
    with joined(project, mission, change, message) as change:
        found = plan_unseen(change, mission, package, actor)
        start = _unblocked(change, package, found, actor, policy_metadata)
        board = change.board
        if start in _WORKING:
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
        _refuse_busy_lane(load_lanes(mission).lane_of(package.id), package.id, board, actor)
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
    actor = public_name(actor)
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


def check_taking_up(
    mission: Mission, start: Lane, request: TransitionRequest, *, blocked_from: Lane | None = None
) -> None:
    """Check a lane change that a command without `--force` asks for.

    Raises:
        TransitionRejected: TRANSITION_REJECTED; the fix is a command that leads on from there.
    """
    try:
        check_transition(start, request, blocked_from=blocked_from)
    except TransitionRejected as error:
        if error.details.get("guard") == "edge" and start not in _UNPLANNED:
            error.fix = _way_on(mission, start, request)
        raise


def _way_on(mission: Mission, start: Lane, request: TransitionRequest) -> str:
    who, tasks = shlex.quote(actor_label(request.actor)), "spec-kitty agent tasks"
    where = f"--agent {who} --mission {mission.slug}"
    if start is Lane.PLANNED:
        return f"spec-kitty implement {request.wp_id} {where}"
    if start is Lane.FOR_REVIEW:
        return f"It waits for a review: spec-kitty agent action review {request.wp_id} {where}"
    if start is Lane.IN_REVIEW:
        return f"It is under review: {tasks} status --mission {mission.slug} tells by whom."
    move = f"{tasks} move-task {request.wp_id}"
    if start is Lane.BLOCKED:
        return f"{move} --to in_progress {where}"
    return f'Reopen it: {move} --to planned {where} --force --note "There is more to do."'


def execution_mode(package: WorkPackage) -> str:
    """Return how the log calls the place of the work: in a worktree, or in the main checkout."""
    return "direct_repo" if package.execution_mode == PLANNING_ARTIFACT else "worktree"


def refuse_other_holder(wp_id: str, holder: str | None, actor: str, *, task: str = "") -> None:
    """Refuse when somebody else has a work package.

    Args:
        wp_id: The work package.
        holder: Who has it, None for nobody.
        actor: Who asks.
        task: What the holder does with it; "implementing" when empty.

    Raises:
        WorkPackageClaimed: WP_ALREADY_CLAIMED.
    """
    if holder is None or holder == actor:
        return
    back = "for_review" if task else "planned"
    raise WorkPackageClaimed(
        f"{holder} is {task or 'implementing'} {wp_id}, not {actor}.",
        fix=f"Take another work package (spec-kitty next --agent {actor}). If {holder} will not go "
        f"on: spec-kitty agent tasks move-task {wp_id} --to {back} --agent {actor} --force "
        f'--note "{holder} is gone"',
        details={
            "wp_id": wp_id,
            "claimed_by": holder,
            "requesting_actor": actor,
            "task": task or "implementing",
        },
    )


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


def refuse_unmet_dependencies(package: WorkPackage, board: Board) -> None:
    """Refuse while work that a work package builds on is not approved.

    Raises:
        DependenciesNotSatisfied: DEPENDENCIES_NOT_SATISFIED.
    """
    unmet = {wp_id: board.lane(wp_id) for wp_id in unmet_dependencies(package.dependencies, board)}
    if not unmet:
        return
    listed = ", ".join(f"{wp_id} ({lane.shown})" for wp_id, lane in unmet.items())
    raise DependenciesNotSatisfied(
        f"{package.id} builds on work that is not approved yet: {listed}.",
        fix=f"Finish {' and '.join(unmet)} first, or remove what is not needed from `dependencies` in "
        f"{package.path.name} and run finalize-tasks.",
        details={
            "wp_id": package.id,
            "unsatisfied_dependencies": list(unmet),
            "lanes": {wp: lane.value for wp, lane in unmet.items()},
        },
    )


def _refuse_busy_lane(lane: MissionLane, wp_id: str, board: Board, actor: str) -> None:
    if lane.is_planning:
        return
    for other in lane.wp_ids:
        state = board.work_packages.get(other)
        if other == wp_id or state is None or state.lane not in _WORKING:
            continue
        if state.implementer not in (None, actor):
            raise LaneBusy(
                f"{state.implementer} is implementing {other} in the worktree that {wp_id} shares.",
                fix=f"Take another work package, or wait until {other} is handed off.",
                details={
                    "wp_id": wp_id,
                    "lane_id": lane.lane_id,
                    "busy_with": other,
                    "claimed_by": state.implementer,
                    "requesting_actor": actor,
                },
            )
