"""Worktrees and branches of a mission that nobody needs any more, or that somebody misses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tip
from specify_cli.git.merging import is_ancestor
from specify_cli.git.worktrees import WORKTREES, ignored_files, list_worktrees
from specify_cli.missions.merge_plan import earlier_merges
from specify_cli.missions.mission import BRANCH_PREFIX
from specify_cli.missions.workspaces import branch_missing, was_started
from specify_cli.status.doctor import Finding
from specify_cli.status.lanes import TERMINAL_LANES, Lane

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from specify_cli.git.repository import Repository
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission
    from specify_cli.status.board import Board

ORPHANED_WORKTREE = "orphaned_worktree"
ORPHANED_BRANCH = "orphaned_branch"
LANE_BRANCH_MISSING = "lane_branch_missing"
WORKTREE_MISSING = "worktree_missing"

LANE_NAME = r"(lane-[a-z]+)"
_CANCELED = frozenset({Lane.CANCELED})
_SHOWN = 5


def left_behind(
    repo: Repository,
    mission: Mission,
    board: Board,
    lanes: tuple[MissionLane, ...],
    branches: Mapping[str, str],
) -> Iterator[Finding]:
    """Find what is left of lanes that are over, and what lanes lack that are not.

    Args:
        repo: The repository.
        mission: The mission.
        board: Where its work packages stand.
        lanes: Its lanes.
        branches: Its lane branches with their tips.
    """
    trees = {tree.path: tree for tree in list_worktrees(repo)}
    wanted = {lane.branch: lane for lane in lanes if not lane.is_planning}
    over = {
        lane.branch
        for lane in wanted.values()
        # What is done is still to be merged; what is canceled never will be.
        if all(
            board.lane(wp_id) in (TERMINAL_LANES if mission.merged_at else _CANCELED)
            for wp_id in lane.wp_ids
        )
    }
    kept: set[str] = set()
    for folder in _worktree_folders(mission):
        name = f"{WORKTREES}/{folder.name}"
        branch = BRANCH_PREFIX + folder.name
        if folder not in trees:
            yield Finding(
                ORPHANED_WORKTREE,
                f"{name} is a folder that git does not know as a worktree; keep what is of use in it, "
                "then delete it",
                file=name,
            )
        elif branch not in wanted or branch in over:
            found = _worktree(folder, name, _why_not_needed(branch in wanted))
            if found.fix is None:
                kept.add(branch)
            yield found
    for branch, tip in branches.items():
        if branch not in wanted or branch in over:
            yield _branch(repo, mission, branch, tip, wanted.get(branch), in_use=branch in kept)
    for branch, lane in wanted.items():
        if branch in over:
            continue
        if branch not in branches and was_started(board, lane):
            error = branch_missing(repo, lane, board)
            pasteable = error.fix.startswith("git branch ")
            yield Finding(
                LANE_BRANCH_MISSING,
                error.message.rstrip(".") + ("" if pasteable else f" ({error.fix})"),
                error.fix if pasteable else None,
            )
        elif branch in branches and not any(
            tree.branch == branch and not tree.missing for tree in trees.values()
        ):
            yield Finding(
                WORKTREE_MISSING,
                f"{branch} is checked out nowhere; its worktree is made again when it is needed",
                note=True,
            )


def _worktree(folder: Path, name: str, why: str) -> Finding:
    """Tell about a worktree; git removes one with all the files that it ignores."""
    ignored = ignored_files(folder)
    if not ignored:
        fix = f"git worktree remove {name}"
        return Finding(ORPHANED_WORKTREE, f"{name} is not needed: {why}", fix, file=name)
    more = f" and {len(ignored) - _SHOWN} more" if len(ignored) > _SHOWN else ""
    return Finding(
        ORPHANED_WORKTREE,
        f"{name} is not needed: {why}; but it holds files that git ignores and would delete with it: "
        f"{', '.join(ignored[:_SHOWN])}{more}. Move them out of it first",
        file=name,
    )


def _branch(
    repo: Repository,
    mission: Mission,
    branch: str,
    tip: str,
    lane: MissionLane | None,
    *,
    in_use: bool,
) -> Finding:
    message = f"branch {branch} is not needed: {_why_not_needed(lane is not None)}"
    if in_use:
        return Finding(ORPHANED_BRANCH, f"{message}; its worktree has to go first")
    if is_ancestor(repo, tip, "HEAD"):
        return Finding(ORPHANED_BRANCH, message, f"git branch -d {branch}")
    target = branch_tip(repo, mission.target_branch)
    lane_id = branch.removeprefix(f"{BRANCH_PREFIX}{mission.slug}-")
    if target is not None and (
        is_ancestor(repo, tip, target)
        or earlier_merges(repo, mission, target, [tip]).lanes.get(lane_id) == tip
    ):
        # Git itself does not know: a squash or a rebase has made other commits of it.
        message += f" (all of it is on {mission.target_branch})"
        return Finding(ORPHANED_BRANCH, message, f"git branch -D {branch}")
    return Finding(
        ORPHANED_BRANCH,
        f"{message}; it has commits that are not merged, and whoever deletes it gives them up",
        note=True,
    )


def _why_not_needed(is_lane: bool) -> str:
    return "its work is merged or canceled" if is_lane else "it is no lane of the mission"


def _worktree_folders(mission: Mission) -> list[Path]:
    parent = mission.root / WORKTREES
    if not parent.is_dir():
        return []
    own = re.compile(re.escape(mission.slug) + "-" + LANE_NAME)
    return sorted(path for path in parent.iterdir() if path.is_dir() and own.fullmatch(path.name))
