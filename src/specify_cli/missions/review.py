"""Reviewing a work package: take it up, then approve it or ask for changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal, NamedTuple

from specify_cli.events.free_text import without_personal_data
from specify_cli.git.branches import branch_tip
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.missions.actors import recorded_name
from specify_cli.missions.bookkeeping import REVIEW_CYCLE, joined
from specify_cli.missions.claims import note_self_review
from specify_cli.missions.implementation import execution_mode
from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.mission import TASKS_FOLDER
from specify_cli.missions.taking_up import check_taking_up, refuse_other_holder
from specify_cli.missions.work_packages import find_work_package
from specify_cli.missions.workspaces import (
    BASE_COMMIT,
    HEAD_COMMIT,
    REVIEWED_COMMIT,
    branch_missing,
    ensure_workspace,
    main_checkout,
    record_commits,
    recorded_commit,
)
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import (
    APPROVED_VERDICT,
    TransitionRejected,
    TransitionRequest,
)

if TYPE_CHECKING:
    from pathlib import Path

    from spec_kitty_contracts.wire.definitions import ReviewResult, RowEvidence
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.missions.workspaces import Workspace
    from specify_cli.status.mission_status import StatusChange

Verdict = Literal["approved", "changes_requested"]
VERDICTS: tuple[Verdict, ...] = ("approved", "changes_requested")


class ReviewFeedbackRequired(SpecKittyError):
    """Changes were asked for without saying which."""

    code = "REVIEW_FEEDBACK_REQUIRED"


class UnknownVerdict(UsageError):
    """A word that is no verdict."""

    code = "UNKNOWN_VERDICT"


class ReviewStarted(NamedTuple):
    """A work package under review.

    Attributes:
        wp_id: Normalised id.
        workspace: Where its work can be looked at and tried.
        from_lane: Where it was.
        to_lane: In review.
        no_op: The same reviewer had it already; nothing was recorded.
        self_review: The reviewer implemented it.
        implementer: Who implemented it, if the log says so.
        base_commit: The commit that the work started from, if the log says so.
        head_commit: The commit that was handed off; else the lane's tip.
        cycle: The number of this review, counted from 1.
    """

    wp_id: str
    workspace: Workspace
    from_lane: Lane
    to_lane: Lane
    no_op: bool
    self_review: bool
    implementer: str | None
    base_commit: str | None
    head_commit: str
    cycle: int


class VerdictRecorded(NamedTuple):
    """The end of a review.

    Attributes:
        wp_id: Normalised id.
        verdict: What the reviewer said.
        from_lane: In review.
        to_lane: Where it is now.
        commit: The lane's tip that was judged.
        review_ref: What the log refers to: the review's file, or the commit.
        feedback_file: The review's file relative to the project root, if one was written.
        self_review: The reviewer implemented it.
    """

    wp_id: str
    verdict: Verdict
    from_lane: Lane
    to_lane: Lane
    commit: str
    review_ref: str
    feedback_file: str | None
    self_review: bool


def start_review(
    project: Project,
    mission: Mission,
    wp_id: str,
    *,
    actor: str,
    change: StatusChange | None = None,
    policy_metadata: JsonObject | None = None,
    review_ref: str | None = None,
) -> ReviewStarted:
    """Take a work package into review: for_review → in_review.

    Doing it again as the same reviewer records nothing. A reviewer who implemented the work is let
    through and told so.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation.
        actor: Who reviews.
        change: A status change to join.
        policy_metadata: Recorded with the claim, as an orchestrator gave it.
        review_ref: What the review refers to, such as a pull request.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND.
        WorkPackageClaimed: WP_ALREADY_CLAIMED: another reviewer has it.
        TransitionRejected: TRANSITION_REJECTED: it does not wait for review.
        SpecKittyError: As `ensure_workspace`.
    """
    actor = recorded_name(actor)
    package = find_work_package(mission, wp_id)
    message = f"{package.id} under review by {actor} ({mission.slug})"
    with joined(project, mission, change, message) as change:
        start = change.board.lane(package.id)
        state = change.board.work_packages.get(package.id)
        request = TransitionRequest(
            wp_id=package.id,
            to_lane=Lane.IN_REVIEW,
            actor=actor,
            review_ref=review_ref,
            execution_mode=execution_mode(package),
            policy_metadata=policy_metadata,
        )
        if start is Lane.IN_REVIEW and state is not None:
            refuse_other_holder(package.id, state.reviewer, actor, task="reviewing")
        elif start in (Lane.CLAIMED, Lane.IN_PROGRESS):
            who = (state.implementer if state else None) or "somebody"
            raise TransitionRejected(
                f"{package.id} is still being implemented by {who}; nothing was handed over yet.",
                fix=f"Wait for it: spec-kitty agent tasks status --mission {mission.slug}",
                details={"wp_id": package.id, "lane": start.value, "implementer": who},
            )
        else:
            blocked_from = state.blocked_from if state else None
            check_taking_up(mission, start, request, blocked_from=blocked_from)
        workspace = ensure_workspace(project, mission, package.id, refresh=False)
        implementer = state.implementer if state is not None else None
        own = state is not None and state.is_by(actor)
        if start is not Lane.IN_REVIEW:
            change.transition(request)
            note_self_review(change, package.id, actor, state, own)
        return ReviewStarted(
            wp_id=package.id,
            workspace=workspace,
            from_lane=start,
            to_lane=Lane.IN_REVIEW,
            no_op=start is Lane.IN_REVIEW,
            self_review=own,
            implementer=implementer,
            base_commit=recorded_commit(state, BASE_COMMIT),
            head_commit=recorded_commit(state, HEAD_COMMIT) or workspace.base_sha,
            cycle=next_cycle(mission, package),
        )


def record_verdict(
    project: Project,
    mission: Mission,
    wp_id: str,
    *,
    actor: str,
    verdict: str,
    feedback: str | None = None,
    to_lane: Lane = Lane.IN_PROGRESS,
    change: StatusChange | None = None,
    reference: str | None = None,
    policy_metadata: JsonObject | None = None,
) -> VerdictRecorded:
    """End a review: approve the work, or send it back with what has to change.

    Feedback is stored as `tasks/<work package file>/review-cycle-N.md` in the same commit. An approval
    after an earlier rejection gets such a file too, so that the latest one always holds the verdict.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation.
        actor: The reviewer who has it.
        verdict: "approved" or "changes_requested".
        feedback: What has to change; required unless approved.
        to_lane: Where rejected work goes: in_progress, or planned to free it for anybody.
        change: A status change to join.
        reference: What the log is to refer to; by default the feedback's file or the lane's tip.
        policy_metadata: Recorded with the change, as an orchestrator gave it.

    Raises:
        UnknownVerdict: UNKNOWN_VERDICT.
        ReviewFeedbackRequired: REVIEW_FEEDBACK_REQUIRED.
        WorkPackageClaimed: WP_ALREADY_CLAIMED: another reviewer has it.
        TransitionRejected: TRANSITION_REJECTED: it is not in review.
        LaneBranchMissing: LANE_BRANCH_MISSING.
    """
    actor = recorded_name(actor)
    said = _verdict(verdict)
    package = find_work_package(mission, wp_id)
    text = (feedback or "").strip()
    if said != APPROVED_VERDICT and not text:
        raise ReviewFeedbackRequired(
            f"{package.id} cannot be sent back without saying what has to change.",
            fix="Write it into a file and name that file with --feedback-file.",
            details={"wp_id": package.id},
        )
    message = f"{package.id} {said.replace('_', ' ')} by {actor} ({mission.slug})"
    with joined(project, mission, change, message) as change:
        start = change.board.lane(package.id)
        state = change.board.work_packages.get(package.id)
        if start is Lane.IN_REVIEW and state is not None:
            refuse_other_holder(package.id, state.reviewer, actor, task="reviewing")
        lane = load_lanes(mission).lane_of(package.id)
        repo = main_checkout(project)
        tip = branch_tip(repo, lane.branch)
        if tip is None:
            raise branch_missing(repo, lane, change.board)
        cycle = next_cycle(mission, package)
        path = _cycle_file(mission, package, cycle) if text or cycle > 1 else None
        file = _named(mission, path) if path is not None else None
        reference = reference or file or f"{lane.branch}@{tip}"
        result: ReviewResult = {"reviewer": actor, "verdict": said, "reference": reference}
        if file is not None:
            result["feedback_path"] = file
        target = Lane.APPROVED if said == APPROVED_VERDICT else to_lane
        evidence: RowEvidence | None = None
        if target is Lane.APPROVED:
            identity = change.identity
            evidence = {
                "repos": [
                    {
                        "repo": identity.repo_slug or identity.project_slug,
                        "branch": lane.branch,
                        "commit": tip,
                    }
                ],
                "review": {"reviewer": actor, "verdict": said, "reference": reference},
            }
        change.transition(
            TransitionRequest(
                wp_id=package.id,
                to_lane=target,
                actor=actor,
                evidence=evidence,
                review_ref=reference,
                review_result=result,
                execution_mode=execution_mode(package),
                policy_metadata=policy_metadata,
            )
        )
        own = state is not None and state.is_by(actor)
        note_self_review(change, package.id, actor, state, own)
        record_commits(change, package.id, actor, {REVIEWED_COMMIT: tip})
        if path is not None:
            body = without_personal_data(text, change.surroundings) or "Approved without remarks."
            change.include(path, _cycle_text(mission, package, cycle, actor, said, tip, body))
        return VerdictRecorded(
            wp_id=package.id,
            verdict=said,
            from_lane=start,
            to_lane=target,
            commit=tip,
            review_ref=reference,
            feedback_file=file,
            self_review=own,
        )


def review_files(mission: Mission, package: WorkPackage) -> tuple[Path, ...]:
    """Return the stored reviews of a work package, oldest first."""
    folder = _cycles_folder(mission, package)
    if not folder.is_dir():
        return ()
    numbered = [
        (int(match.group(1)), entry)
        for entry in folder.iterdir()
        if (match := REVIEW_CYCLE.match(entry.name)) is not None
    ]
    return tuple(path for _, path in sorted(numbered))


def next_cycle(mission: Mission, package: WorkPackage) -> int:
    """Return the number of the review that comes next or is going on."""
    files = review_files(mission, package)
    match = REVIEW_CYCLE.match(files[-1].name) if files else None
    return int(match.group(1)) + 1 if match else 1


def _verdict(text: str) -> Verdict:
    for verdict in VERDICTS:
        if text == verdict:
            return verdict
    raise UnknownVerdict(
        f"{text[:60]!r} is not a verdict.",
        fix=f"Use {' or '.join(VERDICTS)}.",
        details={"verdict": text[:200], "verdicts": list(VERDICTS)},
    )


def _cycles_folder(mission: Mission, package: WorkPackage) -> Path:
    # Beside the log, which may be on a branch of its own.
    return mission.status_directory / TASKS_FOLDER / package.path.stem


def _named(mission: Mission, path: Path) -> str:
    """Return the path below the checkout that holds it: the same once the mission is merged."""
    root = mission.coordination_root or mission.root
    return path.relative_to(root).as_posix()


def _cycle_file(mission: Mission, package: WorkPackage, cycle: int) -> Path:
    return _cycles_folder(mission, package) / f"review-cycle-{cycle}.md"


def _cycle_text(
    mission: Mission,
    package: WorkPackage,
    cycle: int,
    reviewer: str,
    verdict: Verdict,
    commit: str,
    body: str,
) -> bytes:
    """Render a review as the existing CLI does (its seven keys), plus verdict and commit."""
    head = {
        "affected_files": [],
        "cycle_number": cycle,
        "mission_slug": mission.slug,
        "reproduction_command": None,
        "reviewed_at": isoformat(utc_now()),
        "reviewer_agent": reviewer,
        "wp_id": package.id,
        "verdict": verdict,
        "commit": commit,
    }
    # JSON scalars are YAML; a YAML library would cost more than the rest of the command.
    lines = [f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in head.items()]
    return "\n".join(["---", *lines, "---", "", body, ""]).encode()
