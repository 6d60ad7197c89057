"""What a merge would do, computed without touching a branch, a file or a worktree.

The merge commits are made off to the side: nothing refers to them until the merge moves the branch.
Each carries trailers that say which lane tips it holds, so a merge that was interrupted, or a squash
that leaves no ancestry, is recognised from the target branch alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from specify_cli.git.branches import branch_tips
from specify_cli.git.merging import is_ancestor, merge_commit, merge_keeping
from specify_cli.git.process import run_git
from specify_cli.git.replaying import own_commits, replay
from specify_cli.git.worktrees import list_worktrees
from specify_cli.missions.bookkeeping import is_bookkeeping
from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.merge_preflight import (
    lane_conflicts,
    overwritten_files,
    uncommitted_work,
    unfinished_mission,
    unfinished_steps,
    unreviewed_work,
)
from specify_cli.missions.unfinished import unreviewed_commits
from specify_cli.missions.workspaces import (
    branch_missing,
    has_only_missions,
    target_missing,
    was_started,
)
from specify_cli.status.lanes import TERMINAL_LANES, Lane

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from specify_cli.git.repository import Repository
    from specify_cli.kernel.errors import SpecKittyError
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.unfinished import StepsEnd
    from specify_cli.status.board import Board

Strategy = Literal["merge", "squash", "rebase"]
Outcome = Literal["merge", "merged", "canceled", "no_work", "conflict", "missing"]
MISSION_TRAILER = "Spec-Kitty-Mission"
LANE_TRAILER = "Spec-Kitty-Lane"
BASELINE_TRAILER = "Spec-Kitty-Baseline"


@dataclass(frozen=True, slots=True)
class LanePlan:
    """What happens to one lane.

    Attributes:
        lane_id: Such as "lane-a".
        branch: Its branch.
        wp_ids: Its work packages.
        tip: The branch's tip, None when the branch is gone.
        checkout: Where the branch is checked out, None when it is nowhere.
        outcome: "merge"; "merged" (the target has it); "canceled" (all its work packages are, it is
            left alone); "no_work" (nobody ever started it); "conflict"; "missing".
        conflicts: Files that conflict.
        conflicts_with: What they conflict with: the target branch or lanes merged before.
    """

    lane_id: str
    branch: str
    wp_ids: tuple[str, ...]
    tip: str | None
    checkout: Path | None
    outcome: Outcome
    conflicts: tuple[str, ...] = ()
    conflicts_with: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """Return the lane as it stands in the report."""
        return {
            "lane_id": self.lane_id,
            "branch": self.branch,
            "wp_ids": list(self.wp_ids),
            "tip": self.tip,
            "outcome": self.outcome,
            "conflicts": list(self.conflicts),
            "conflicts_with": list(self.conflicts_with),
        }


@dataclass(frozen=True, slots=True)
class MergePlan:
    """What a merge would do.

    Attributes:
        target_branch: Where the lanes go.
        target_tip: Its tip now.
        result: The commit it would move to; `target_tip` when there is nothing to merge or when
            there are conflicts.
        merged_commit: The commit that holds the mission's work, of this or an interrupted run.
        baseline: The target's tip before the first lane was merged.
        earlier_strategy: How an earlier run merged, as the commits show; None when there was none.
        lanes: In merge order.
        blockers: What keeps the merge from happening, most important first.
        warnings: What is worth knowing.
    """

    target_branch: str
    target_tip: str
    result: str
    merged_commit: str
    baseline: str
    earlier_strategy: Strategy | None
    lanes: tuple[LanePlan, ...]
    blockers: tuple[SpecKittyError, ...]
    warnings: tuple[str, ...]

    @property
    def moves(self) -> bool:
        """Whether the branch moves: a lane is merged now."""
        return self.result != self.target_tip


def plan_merge(
    repo: Repository,
    mission: Mission,
    board: Board,
    strategy: Strategy,
    *,
    allow_unreviewed: bool = False,
    steps: StepsEnd | None = None,
) -> MergePlan:
    """Compute how a mission's lanes land on its target branch.

    Lanes go in manifest order: by depth, then by name. Files that the program keeps stay as the target
    has them, and a conflict is never resolved by preferring a side.

    Args:
        repo: The main checkout.
        mission: The mission.
        board: Its board.
        strategy: "merge": one merge commit for each lane; "squash": one commit for all of them;
            "rebase": the lanes' commits in a row, without merge commits.
        allow_unreviewed: Commits made after the last review are a warning and keep nothing back.
        steps: How far its steps have come, for a mission without work packages: it has no lanes, and
            its documents are on the target branch already.

    Raises:
        TargetBranchMissing: TARGET_BRANCH_MISSING.
        LanesMissing: LANES_MISSING.
        GitFailed: GIT_FAILED.
    """
    tips = branch_tips(repo)
    target_tip = tips.get(mission.target_branch)
    if target_tip is None:
        raise target_missing(mission.target_branch)
    trees = list_worktrees(repo)
    found = () if steps is not None else load_lanes(mission).lanes
    lanes = [lane for lane in found if not lane.is_planning]
    earlier = earlier_merges(
        repo, mission, target_tip, [tips[lane.branch] for lane in lanes if lane.branch in tips]
    )
    checkouts = {tree.branch: tree.path for tree in trees if tree.branch and not tree.missing}
    planned = [
        _lane_plan(
            repo,
            lane,
            tips.get(lane.branch),
            checkouts.get(lane.branch),
            board,
            earlier,
            target_tip,
        )
        for lane in lanes
    ]
    baseline = earlier.baseline or target_tip
    result, planned = _merge_lanes(repo, mission, strategy, target_tip, baseline, planned)
    overwritten = overwritten_files(repo, mission.target_branch, target_tip, result, trees)
    there = {plan.branch for plan in planned if plan.outcome == "merged"}
    unseen = tuple(unreviewed_commits(repo, mission, board, lanes, tips, merged=there))
    blockers = [
        *(unfinished_mission(mission, board) if steps is None else ()),
        *(unfinished_steps(mission, board, steps) if steps is not None else ()),
        *([] if allow_unreviewed else unreviewed_work(mission, board, unseen)),
        *(
            branch_missing(repo, lane, board)
            for lane, plan in zip(lanes, planned, strict=True)
            if plan.outcome == "missing"
        ),
        *uncommitted_work(planned, lanes, trees, overwritten),
        *lane_conflicts(mission, planned),
    ]
    return MergePlan(
        target_branch=mission.target_branch,
        target_tip=target_tip,
        result=result,
        merged_commit=result if result != target_tip else (earlier.commit or target_tip),
        baseline=baseline,
        earlier_strategy=earlier.strategy,
        lanes=tuple(planned),
        blockers=tuple(blockers),
        warnings=(
            *not_accepted(mission),
            *(f"{one.file}: {one.found}." for one in unseen),
            *_nowhere_else(mission, tips),
        ),
    )


@dataclass(frozen=True, slots=True)
class EarlierMerges:
    """What the target branch already holds of a mission, as its commits' trailers say.

    Attributes:
        commit: The latest commit that brought a lane in, None if there is none.
        baseline: The target's tip before the first of them.
        lanes: Lane id to the tip that was brought in last.
        strategy: How that latest commit was made; None if there is none.
    """

    commit: str | None
    baseline: str | None
    lanes: Mapping[str, str]
    strategy: Strategy | None = None


def earlier_merges(
    repo: Repository, mission: Mission, target_tip: str, lane_tips: Sequence[str]
) -> EarlierMerges:
    """Read what an earlier run, or a squash, has brought in.

    Only commits that the lanes do not hold are looked at: those made since the lanes were cut.
    """
    listed = run_git(
        repo.root,
        *("log", "--topo-order", "--no-show-signature", "--format=%H %P%n%B%x00", target_tip),
        *(f"^{tip}" for tip in lane_tips),
        *("--fixed-strings", f"--grep={MISSION_TRAILER}: {mission.slug}"),
    )
    commit: str | None = None
    baseline: str | None = None
    lanes: dict[str, str] = {}
    strategy: Strategy | None = None
    for entry in listed.split("\0"):
        ids, _, body = entry.strip("\n").partition("\n")
        sha, *parents = ids.split() or [""]
        trailers = [line.partition(": ")[::2] for line in body.splitlines()]
        if (MISSION_TRAILER, mission.slug) not in trailers:
            continue
        found = {value for key, value in trailers if key == LANE_TRAILER}
        if not found:
            continue
        # Newest first: the first commit is the latest, and so is the first tip of a lane.
        commit = commit or sha
        strategy = strategy or made_by(mission, len(parents), body)
        baseline = dict(trailers).get(BASELINE_TRAILER, baseline)
        for value in found:
            lane_id, _, tip = value.partition(" ")
            lanes.setdefault(lane_id, tip)
    return EarlierMerges(commit, baseline, lanes, strategy)


def made_by(mission: Mission, parents: int, message: str) -> Strategy:
    """Tell from a commit that brought work of a mission in how it did.

    Args:
        mission: The mission.
        parents: How many parents the commit has.
        message: Its message, or its subject alone.
    """
    if parents > 1:
        return "merge"
    # What is replayed keeps its own subject; a squash bears the mission's name.
    return "squash" if message.splitlines()[:1] == [title(mission)] else "rebase"


def title(mission: Mission) -> str:
    """Return the subject of a commit that holds a mission's work as a whole."""
    return f"{mission.friendly_name} ({mission.slug})"


def _lane_plan(
    repo: Repository,
    lane: MissionLane,
    tip: str | None,
    checkout: Path | None,
    board: Board,
    earlier: EarlierMerges,
    target_tip: str,
) -> LanePlan:
    lanes_of = {board.lane(wp_id) for wp_id in lane.wp_ids}
    outcome: Outcome
    if lanes_of == {Lane.CANCELED}:
        outcome = "canceled"
    elif tip is None:
        if lanes_of <= TERMINAL_LANES:
            outcome = "merged"
        else:
            outcome = "missing" if was_started(board, lane) else "no_work"
    elif earlier.lanes.get(lane.lane_id) == tip or is_ancestor(repo, tip, target_tip):
        outcome = "merged"
    else:
        outcome = "merge"
    return LanePlan(lane.lane_id, lane.branch, lane.wp_ids, tip, checkout, outcome)


def _merge_lanes(
    repo: Repository,
    mission: Mission,
    strategy: Strategy,
    target_tip: str,
    baseline: str,
    planned: Sequence[LanePlan],
) -> tuple[str, list[LanePlan]]:
    """Chain the lanes' merges off to the side; return the last commit, the tip on a conflict."""
    tip = row = target_tip
    done: list[LanePlan] = []
    merged: list[LanePlan] = []
    for plan in planned:
        if plan.outcome != "merge" or plan.tip is None:
            done.append(plan)
            continue
        forecast = merge_keeping(repo, tip, plan.tip, is_bookkeeping)
        if forecast.tree is None:
            done.append(_conflicting(repo, mission, plan, forecast.conflicts, target_tip, merged))
            continue
        message = _message(mission, [plan], baseline, f"Merge {plan.lane_id} of {mission.slug}")
        tip = merge_commit(repo, forecast.tree, (tip, plan.tip), message)
        if strategy == "rebase":
            # In a row the lanes lose their common history, so the merges above decide what comes out.
            known = (target_tip, *(other.tip for other in merged if other.tip))
            row = replay(
                repo,
                row,
                own_commits(repo, plan.tip, known),
                tree=forecast.tree,
                message=message,
                keep_ours=is_bookkeeping,
            )
        merged.append(plan)
        done.append(plan)
    if any(plan.outcome == "conflict" for plan in done):
        return target_tip, done
    if strategy == "squash" and merged:
        message = _message(mission, merged, baseline, title(mission))
        tip = merge_commit(repo, f"{tip}^{{tree}}", (target_tip,), message)
    return (row if strategy == "rebase" else tip), done


def _conflicting(
    repo: Repository,
    mission: Mission,
    plan: LanePlan,
    files: tuple[str, ...],
    target_tip: str,
    merged: Sequence[LanePlan],
) -> LanePlan:
    """Find out what a lane conflicts with, for the message."""
    candidates = [(mission.target_branch, target_tip)]
    candidates += [(other.lane_id, other.tip) for other in merged if other.tip]
    guilty = tuple(
        name
        for name, tip in candidates
        if plan.tip and merge_keeping(repo, tip, plan.tip, is_bookkeeping).tree is None
    )
    names = guilty or tuple(name for name, _ in candidates)
    return replace(plan, outcome="conflict", conflicts=files, conflicts_with=names)


def _message(mission: Mission, plans: Sequence[LanePlan], baseline: str, subject: str) -> str:
    lines = [subject, ""]
    lines += [f"{plan.lane_id}: {', '.join(plan.wp_ids)}" for plan in plans]
    lines += ["", f"{MISSION_TRAILER}: {mission.slug}"]
    lines += [f"{LANE_TRAILER}: {plan.lane_id} {plan.tip}" for plan in plans]
    lines += [f"{BASELINE_TRAILER}: {baseline}", ""]
    return "\n".join(lines)


def _nowhere_else(mission: Mission, tips: Mapping[str, str]) -> tuple[str, ...]:
    """Say that the work is on the mission's branch and there is no other; empty when there is."""
    if not has_only_missions(tips):
        return ()
    told = "this repository began with a mission and has no branch such as main yet"
    return (f"{told}: git branch main {mission.target_branch}",)


def not_accepted(mission: Mission) -> tuple[str, ...]:
    """Say that a mission was never accepted; empty when it was."""
    if mission.accepted_at is not None:
        return ()
    return (
        (
            f"{mission.slug} was never accepted; `spec-kitty accept --mission {mission.slug}` looks at "
            "the whole once more."
        ),
    )
