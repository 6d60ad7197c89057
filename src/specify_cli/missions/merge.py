"""Merging a mission: its lanes onto its branch, and if asked, its branch onto another.

The steps: refuse what is unsafe; move the branch once, by a fast-forward to merge commits made aside;
record done, `meta.json` and MissionClosed in one commit; land; clean up. Each step looks at what is
there and does what is missing, so running the command again after a crash goes on where it stopped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.envelope import MISSION_CLOSED, mission_closed
from specify_cli.git.branches import branch_tip, check_branch_name, landing_place
from specify_cli.git.merging import advance_branch
from specify_cli.git.pushing import PushFailed, push_branch, remote_of
from specify_cli.git.safe_commit import Capability
from specify_cli.kernel import stopping
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.locks import file_lock
from specify_cli.missions.actors import recorded_name
from specify_cli.missions.consolidation import bring_status_home
from specify_cli.missions.home import documents_target, write_documents
from specify_cli.missions.landing import land, plan_landing
from specify_cli.missions.locks import lock_path
from specify_cli.missions.merge_cleanup import clean_up
from specify_cli.missions.merge_plan import plan_merge
from specify_cli.missions.merge_report import Cleanup, MergeReport
from specify_cli.missions.metadata import META_FILE, read_metadata, updated_metadata
from specify_cli.missions.mission import load_mission, mission_log
from specify_cli.missions.numbers import mission_number
from specify_cli.missions.seeding import beginning
from specify_cli.missions.workspaces import main_checkout
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import APPROVED_VERDICT, TransitionRequest

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.definitions import RowEvidence, RowReview
    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.landing import LandingPlan
    from specify_cli.missions.merge_plan import MergePlan, Strategy
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.unfinished import Steps
    from specify_cli.status.log import Log
    from specify_cli.status.mission_status import StatusChange

STRATEGIES: tuple[Strategy, ...] = ("merge", "rebase", "squash")


class UnsupportedStrategy(SpecKittyError):
    """A merge strategy that does not exist."""

    code = "UNSUPPORTED_STRATEGY"


def merge_mission(
    project: Project,
    mission: Mission,
    *,
    actor: str,
    target: str | None = None,
    strategy: str = "merge",
    push: bool = False,
    dry_run: bool = False,
    allow_unreviewed: bool = False,
    steps: Steps | None = None,
) -> MergeReport:
    """Merge a mission's lanes into its target branch, record it, and clean up.

    `specify_cli.next.ending` does it for a mission of any type.

    An uncommitted file is never lost: while a lane's worktree has one, or the merge would overwrite
    one, nothing is done. Conflicts are found before anything is touched, and no strategy prefers a
    side. The target branch moves once.

    Args:
        project: The project.
        mission: The mission.
        actor: Who merges.
        target: Another branch to bring the mission's branch onto afterwards, such as main.
        strategy: "merge", "squash" or "rebase"; with another `target` it says how that one is
            reached, and the lanes are merged (with "rebase": put in a row).
        push: Push the branch that holds the work at the end to its remote.
        dry_run: Return what would happen, blockers included, and do nothing.
        allow_unreviewed: Merge commits that were made after the last review, too, with a warning.
        steps: Tells how far its steps have come; None for a mission with work packages.

    Raises:
        UnsupportedStrategy: UNSUPPORTED_STRATEGY.
        MissionNotReady: MISSION_NOT_READY with `incomplete_wps` and `guard_failures`.
        PreflightFailed: PREFLIGHT_FAILED with worktrees and files.
        MergeConflict: MERGE_CONFLICT with lanes and files.
        LaneBranchMissing: LANE_BRANCH_MISSING.
        TargetBranchMissing: TARGET_BRANCH_MISSING.
        WrongBranch: WRONG_BRANCH: the main checkout is not on the mission's branch.
        InvalidBranchName: INVALID_BRANCH_NAME.
        PushFailed: PUSH_FAILED: before anything is done when there is no remote; else the merge is done.
        SpecKittyError: LANES_MISSING, LOCK_TIMEOUT, GIT_FAILED, SAFE_COMMIT_*.
    """
    actor, chosen = recorded_name(actor), merge_strategy(strategy)
    landing_branch = target if target and target != mission.target_branch else None
    lane_strategy: Strategy = chosen if landing_branch is None or chosen == "rebase" else "merge"
    repo = main_checkout(project)
    if landing_branch is not None:
        check_branch_name(repo, landing_branch)
    final_branch = landing_branch or mission.target_branch
    remote = remote_of(repo, final_branch) if push else None
    if dry_run:
        return _dry_run(
            project, repo, mission, landing_branch, chosen, lane_strategy, allow_unreviewed, steps
        )
    # One merge at a time in the repository, and no status change of this mission while it runs.
    with file_lock(lock_path(repo.common_dir, "merge")):
        # Read again: whoever had the lock before may have merged this mission or taken its number.
        mission = load_mission(mission.root, mission.slug)
        number = mission_number(repo, mission, landing_branch)
        with MissionStatus.change(
            mission_log(project, mission)._replace(mission_number=number),
            message=f"Merge {mission.slug} into {mission.target_branch}",
            capability=Capability.MERGE_BOOKKEEPING,
        ) as change:
            plan = plan_merge(
                repo,
                mission,
                change.board,
                lane_strategy,
                allow_unreviewed=allow_unreviewed,
                steps=None if steps is None else steps(mission),
            )
            landing = _forecast_landing(repo, mission, plan, landing_branch)
            _refuse(*plan.blockers, *(landing.blockers if landing else ()))
            documents_target(mission)
            # A branch that has moved is a change, and what belongs to it follows.
            stopping.hold(changing=True)
            advance_branch(repo, mission.target_branch, plan.result, plan.target_tip)
            strategies = _Strategies(chosen, plan, mission.metadata.get("merge_strategy"))
            used = strategies.of_lanes() if landing is None else chosen
            _record(project, change, mission, actor, number, plan, used)
            done = change.board.in_lane(Lane.DONE)
        bring_status_home(project, mission)
        landed_commit: str | None = None
        if landing_branch is not None:
            source = branch_tip(repo, mission.target_branch) or plan.result
            landing = plan_landing(repo, mission, landing_branch, source)
            _refuse(*landing.blockers)
            landed_commit = land(repo, mission, landing, chosen)
            used = strategies.of_landing(landing)
        cleanup = clean_up(repo, mission, plan)
        if remote is not None:
            try:
                push_branch(repo, final_branch, remote)
            except PushFailed as error:
                error.details |= {"merged": True, "commit": branch_tip(repo, final_branch)}
                raise
    return MergeReport(
        mission_slug=mission.slug,
        mission_number=number,
        target_branch=mission.target_branch,
        strategy=used,
        dry_run=False,
        lanes=plan.lanes,
        merged_commit=plan.merged_commit,
        bookkeeping_commit=change.result.commit,
        done_wps=done,
        landing=landing,
        landed_commit=landed_commit,
        tip=branch_tip(repo, final_branch),
        cleanup=cleanup,
        pushed_to=remote,
        warnings=(*plan.warnings, *_stays(repo, mission, landing, steps)),
        no_op=not plan.moves
        and change.result.commit is None
        and (landing is None or landing.outcome == "landed"),
    )


class _Strategies(NamedTuple):
    """How a mission's work came where it is: now, or when an earlier run brought it there.

    Attributes:
        chosen: What was asked for now.
        plan: What is done now, and what earlier commits show.
        recorded: What `meta.json` says.
    """

    chosen: Strategy
    plan: MergePlan
    recorded: object

    def of_lanes(self) -> Strategy:
        """Return how the lanes were merged."""
        return self.chosen if self.plan.moves else self._earlier(self.plan.earlier_strategy)

    def of_landing(self, landing: LandingPlan) -> Strategy:
        """Return how the mission was brought onto the other branch."""
        return self.chosen if landing.outcome == "land" else self._earlier(landing.strategy)

    def _earlier(self, shown: Strategy | None) -> Strategy:
        known = next((one for one in STRATEGIES if one == self.recorded), None)
        return shown or known or self.chosen


def _dry_run(
    project: Project,
    repo: Repository,
    mission: Mission,
    landing_branch: str | None,
    strategy: Strategy,
    lane_strategy: Strategy,
    allow_unreviewed: bool,
    steps: Steps | None,
) -> MergeReport:
    board = MissionStatus.load(mission_log(project, mission)).board
    plan = plan_merge(
        repo,
        mission,
        board,
        lane_strategy,
        allow_unreviewed=allow_unreviewed,
        steps=None if steps is None else steps(mission),
    )
    landing = _forecast_landing(repo, mission, plan, landing_branch)
    return MergeReport(
        mission_slug=mission.slug,
        mission_number=mission_number(repo, mission, landing_branch),
        target_branch=mission.target_branch,
        strategy=strategy,
        dry_run=True,
        lanes=plan.lanes,
        merged_commit=None,
        bookkeeping_commit=None,
        done_wps=(),
        landing=landing,
        landed_commit=None,
        cleanup=Cleanup(),
        blockers=(*plan.blockers, *(landing.blockers if landing else ())),
        warnings=(*plan.warnings, *_stays(repo, mission, landing, steps)),
    )


def _stays(
    repo: Repository, mission: Mission, landing: LandingPlan | None, steps: Steps | None
) -> tuple[str, ...]:
    """Say that documents are nowhere but on the mission's branch; empty when they are, or belong there."""
    place = landing_place(repo) if steps is not None and landing is None else None
    if place is None or place == mission.target_branch:
        return ()
    told = (
        f"its documents are on {mission.target_branch} only: name {place} as the target, or merge"
    )
    return (f"{told} that branch by hand.",)


def _refuse(*blockers: SpecKittyError) -> None:
    """Raise the most important of the blockers, if there are any."""
    if blockers:
        raise blockers[0]


def merge_strategy(text: str) -> Strategy:
    """Return the strategy of a name.

    Raises:
        UnsupportedStrategy: UNSUPPORTED_STRATEGY, with the supported ones.
    """
    for strategy in STRATEGIES:
        if text == strategy:
            return strategy
    raise UnsupportedStrategy(
        f"there is no merge strategy {text[:60]!r}.",
        fix=f"Use {' or '.join(STRATEGIES)}.",
        details={"strategy": text[:200], "supported": list(STRATEGIES)},
    )


def _forecast_landing(
    repo: Repository, mission: Mission, plan: MergePlan, branch: str | None
) -> LandingPlan | None:
    """Look ahead at the landing; the commit that records the merge cannot add conflicts to it."""
    if branch is None:
        return None
    return plan_landing(repo, mission, branch, plan.result)


def _record(
    project: Project,
    change: StatusChange,
    mission: Mission,
    actor: str,
    number: int,
    plan: MergePlan,
    strategy: Strategy,
) -> None:
    """Record what is not recorded yet: done, MissionClosed, `meta.json`."""
    for wp_id in change.board.in_lane(Lane.APPROVED):
        change.transition(
            TransitionRequest(
                wp_id=wp_id,
                to_lane=Lane.DONE,
                actor=actor,
                evidence=_evidence(change, mission, wp_id, actor, plan),
            )
        )
    if not any(row.row.get("event_type") == MISSION_CLOSED for row in change.log.lifecycle):
        change.record(
            mission_closed(
                change.identity,
                {
                    "mission_slug": mission.slug,
                    "mission_number": number,
                    "mission_type": mission.mission_type,
                },
                change.stamp(),
                mission_id=mission.mission_id,
                correlation_id=change.correlation_id,
            )
        )
    source = mission.relative(mission.directory)
    if read_metadata(mission.directory, source=source).merged_at is None:
        facts: JsonObject = {
            "mission_number": number,
            "merged_at": isoformat(utc_now()),
            "merged_by": actor,
            "merged_commit": plan.merged_commit,
            "merge_strategy": strategy,
            "baseline_merge_commit": plan.baseline,
        }
        path = mission.directory / META_FILE
        branch = mission.target_branch
        meta = updated_metadata(
            mission.directory,
            facts,
            source=source,
            branch=branch,
            began_at=lambda: beginning(change.log),
        )
        write_documents(
            project, mission, change, {path: meta}, f"Merge {mission.slug} into {branch}"
        )


def _evidence(
    change: StatusChange, mission: Mission, wp_id: str, actor: str, plan: MergePlan
) -> RowEvidence:
    """Say where the work is now, and repeat the review that approved it."""
    state = change.board.work_packages[wp_id]
    given = _approval(change.log, wp_id)
    review: RowReview = {
        # An approval that was forced names nobody; then it is the merge that vouches for it.
        "reviewer": given.get("reviewer") or state.reviewer or state.actor or actor,
        "verdict": APPROVED_VERDICT,
        "reference": given.get("reference")
        or state.review_ref
        or f"{mission.target_branch}@{plan.merged_commit}",
    }
    identity = change.identity
    return {
        "repos": [
            {
                "repo": identity.repo_slug or identity.project_slug,
                "branch": mission.target_branch,
                "commit": plan.merged_commit,
            }
        ],
        "review": review,
    }


def _approval(log: Log, wp_id: str) -> dict[str, str]:
    """Return who approved a work package last and where that is written; empty when unknown."""
    for row in reversed(log.transitions):
        if row.wp_id == wp_id and row.to_lane is Lane.APPROVED:
            result = row.review_result or {}
            return {key: value for key, value in result.items() if isinstance(value, str)}
    return {}
