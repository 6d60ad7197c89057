"""Worktrees and branches after a merge: what the target holds is removed, anything else is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tip, delete_branch
from specify_cli.git.merging import is_ancestor
from specify_cli.git.process import GitFailed
from specify_cli.git.worktrees import (
    WORKTREES,
    WorktreeDirty,
    forget_missing,
    ignored_files,
    remove_worktree,
)
from specify_cli.missions.consolidation import remove_coordination
from specify_cli.missions.merge_plan import earlier_merges
from specify_cli.missions.merge_report import Cleanup

if TYPE_CHECKING:
    from specify_cli.git.repository import Repository
    from specify_cli.missions.merge_plan import LanePlan, MergePlan
    from specify_cli.missions.mission import Mission

_SHOWN = 5


def clean_up(repo: Repository, mission: Mission, plan: MergePlan) -> Cleanup:
    """Remove merged lanes' worktrees that hold nothing else, and branches the target contains.

    Args:
        repo: The main checkout.
        mission: The mission as it was before the merge.
        plan: What was merged.

    Raises:
        GitFailed: GIT_FAILED.
    """
    removed: list[str] = []
    deleted: list[str] = []
    kept: list[tuple[str, str]] = []
    for lane in plan.lanes:
        if lane.outcome == "canceled" and lane.checkout is not None:
            kept.append((lane.checkout.name, "its work packages are canceled: it was not merged"))
        if lane.outcome not in ("merge", "merged") or lane.tip is None:
            continue
        if lane.checkout is not None:
            reason = _remove(repo, lane.checkout)
            if reason is not None:
                kept.append((lane.checkout.name, reason))
                continue
            removed.append(lane.checkout.name)
        reason = _delete(repo, mission, lane)
        if reason is None:
            deleted.append(lane.branch)
        else:
            kept.append((lane.branch, reason))
    if mission.coordination_branch is not None:
        gone, reason = remove_coordination(repo, mission)
        if gone is not None:
            removed.append(gone)
            deleted.append(mission.coordination_branch)
        elif reason is not None:
            kept.append((mission.coordination_branch, reason))
    forget_missing(repo, [f"{mission.slug}-{lane.lane_id}" for lane in plan.lanes])
    folder = mission.root / WORKTREES
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
    return Cleanup(tuple(removed), tuple(deleted), tuple(kept))


def _remove(repo: Repository, path: Path) -> str | None:
    if _stands_in(path):
        return "you are in it; run the command again from the main checkout"
    try:
        precious = ignored_files(path)
        if precious:
            return f"it holds files that git ignores: {', '.join(precious[:_SHOWN])}"
        remove_worktree(repo, path)
    except (WorktreeDirty, GitFailed) as error:
        return error.message
    return None


def _stands_in(path: Path) -> bool:
    try:
        return Path.cwd().is_relative_to(path)
    except FileNotFoundError:  # in a folder that is gone
        return False


def _delete(repo: Repository, mission: Mission, lane: LanePlan) -> str | None:
    """Delete a lane's branch if the target holds its tip, by ancestry or as recorded by a squash."""
    tip = branch_tip(repo, lane.branch)
    if tip is None:
        return None
    target = branch_tip(repo, mission.target_branch)
    if target is None:
        return f"{mission.target_branch} is gone"
    squashed = earlier_merges(repo, mission, target, [tip]).lanes.get(lane.lane_id) == tip
    if not squashed and not is_ancestor(repo, tip, target):
        return "it has commits that are not merged"
    delete_branch(repo, lane.branch, tip)
    return None
