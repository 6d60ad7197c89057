"""A lane's workspace: its branch, cut from the right base, and the worktree it is checked out in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.git.branches import branch_tips
from specify_cli.git.merging import advance_branch, is_ancestor, merge_commit, merge_keeping
from specify_cli.git.process import try_git
from specify_cli.git.worktrees import add_worktree, dirty_files, list_worktrees, shown_folder
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.locks import file_lock
from specify_cli.missions.bookkeeping import is_bookkeeping
from specify_cli.missions.dependencies import dependency_graph, reaches
from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.locks import lock_path
from specify_cli.missions.mission import BRANCH_PREFIX, folded_log
from specify_cli.missions.work_packages import find_work_package, scan_work_packages
from specify_cli.status.lanes import TERMINAL_LANES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.status_rows import AnnotationDelta
    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.missions.lanes import MissionLane, MissionLanes
    from specify_cli.missions.mission import Mission
    from specify_cli.status.board import Board, WorkPackageState
    from specify_cli.status.mission_status import StatusChange

BASE_COMMIT = "base_commit"
HEAD_COMMIT = "head_commit"
REVIEWED_COMMIT = "reviewed_commit"
"""Keys of annotations: a lane's tip when a work package was claimed, handed off, and reviewed."""


class TargetBranchMissing(SpecKittyError):
    """A branch that work is to be merged into does not exist."""

    code = "TARGET_BRANCH_MISSING"


class LaneBranchMissing(SpecKittyError):
    """Work was done on a lane's branch, and the branch is gone."""

    code = "LANE_BRANCH_MISSING"


class DependencyLaneMergeConflict(SpecKittyError):
    """Lanes that a work package builds on conflict with each other or with the target branch."""

    code = "DEPENDENCY_LANE_MERGE_CONFLICT"


class Workspace(NamedTuple):
    """Where a work package is worked on.

    Attributes:
        path: The checkout: the lane's worktree, or the main checkout for the planning lane.
        branch: The branch that is checked out there.
        lane_id: Such as "lane-a".
        base_sha: The branch's tip when the workspace was handed out.
        created: Whether this call made the branch or the worktree.
        stale: Why newer work of dependency lanes could not be brought in, one sentence each.
    """

    path: Path
    branch: str
    lane_id: str
    base_sha: str
    created: bool
    stale: tuple[str, ...] = ()


def main_checkout(project: Project) -> Repository:
    """Return the project's main checkout, whatever checkout the command was run from.

    `head` is not filled in for a command that runs elsewhere.
    """
    repository = project.repository
    if repository.root == project.root:
        return repository
    return repository._replace(
        root=project.root,
        git_dir=repository.common_dir,
        branch=None,
        head=None,
    )


def ensure_workspace(
    project: Project, mission: Mission, wp_id: str, *, refresh: bool = True
) -> Workspace:
    """Return the workspace of a work package; make what is missing of it.

    A new lane branch starts at the target branch's tip with the lanes of the work package's
    dependencies merged in. A lane that exists is never cut again: only its worktree is made anew when
    it is gone, and newer work of dependency lanes is merged in when that is clean on both sides.

    Args:
        project: The project.
        mission: The mission, with finalised tasks.
        wp_id: The work package, in any notation.
        refresh: Bring newer work of dependency lanes into a lane that exists.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND.
        LanesMissing: LANES_MISSING.
        TargetBranchMissing: TARGET_BRANCH_MISSING.
        LaneBranchMissing: LANE_BRANCH_MISSING: the log says that it existed.
        DependencyLaneMergeConflict: DEPENDENCY_LANE_MERGE_CONFLICT: nothing was made.
        SpecKittyError: WORKTREE_PATH_TAKEN, BRANCH_IN_USE, GIT_FAILED.
    """
    package = find_work_package(mission, wp_id)
    lanes = load_lanes(mission)
    lane = lanes.lane_of(package.id)
    repo = main_checkout(project)
    with file_lock(lock_path(repo.common_dir, f"workspaces-{mission.slug}")):
        tips = branch_tips(repo)
        target_tip = tips.get(mission.target_branch)
        if target_tip is None:
            raise target_missing(mission.target_branch)
        if lane.is_planning:
            return Workspace(lane.worktree, lane.branch, lane.lane_id, target_tip, created=False)
        board = folded_log(mission).board()
        needed = [
            (dep, tips[dep.branch])
            for dep in _dependency_lanes(mission, lanes, lane, package.id)
            if _is_present(repo, dep, tips, board)
        ]
        if lane.branch not in tips:
            if was_started(board, lane):
                raise branch_missing(repo, lane, board)
            base = _base(repo, mission, lane, target_tip, needed)
            add_worktree(repo, lane.worktree, branch=lane.branch, base=base)
            return Workspace(lane.worktree, lane.branch, lane.lane_id, base, created=True)
        path, created = lane_checkout(repo, lane), False
        if path is None or path == mission.root:
            # In the main checkout it would get in the way of the mission's own branch: refused.
            add_worktree(repo, lane.worktree, branch=lane.branch, base=None)
            path, created = lane.worktree, True
        tip = tips[lane.branch]
        stale: tuple[str, ...] = ()
        if refresh:
            tip, stale = _bring_in(repo, mission, lane, path, tip, needed)
        return Workspace(path, lane.branch, lane.lane_id, tip, created, stale)


def lane_checkout(repo: Repository, lane: MissionLane) -> Path | None:
    """Return where a lane's branch is checked out, None when it is nowhere."""
    for tree in list_worktrees(repo):
        if tree.branch == lane.branch and not tree.missing:
            return tree.path
    return None


def was_started(board: Board, lane: MissionLane) -> bool:
    """Tell whether work on a lane ever began, so that its branch must have existed."""
    return last_recorded_commit(board, lane) is not None or any(
        state.started for state in _states(board, lane)
    )


def last_recorded_commit(board: Board, lane: MissionLane) -> str | None:
    """Return the lane tip that was recorded last with a work package of the lane, if any was."""
    recorded = [
        (state.noted_at[key], place, commit)
        for state in _states(board, lane)
        for place, key in enumerate((BASE_COMMIT, HEAD_COMMIT, REVIEWED_COMMIT))
        if isinstance(commit := state.notes.get(key), str)
    ]
    return max(recorded)[2] if recorded else None


def _states(board: Board, lane: MissionLane) -> list[WorkPackageState]:
    return [board.work_packages[wp] for wp in lane.wp_ids if wp in board.work_packages]


def record_commits(
    change: StatusChange, wp_id: str, actor: str, commits: Mapping[str, str]
) -> None:
    """Record tips of a lane's branch with a work package."""
    # The contract of annotations is open to further keys; its type cannot say so.
    change.annotate(wp_id, actor, cast("AnnotationDelta", dict(commits)))


def recorded_commit(state: WorkPackageState | None, key: str) -> str | None:
    """Return a lane tip recorded with a work package, None if there is none."""
    commit = state.notes.get(key) if state is not None else None
    return commit if isinstance(commit, str) else None


def target_missing(branch: str, *, began_with: str | None = None) -> TargetBranchMissing:
    """Describe a target branch that does not exist here.

    Args:
        branch: The branch.
        began_with: The first commit of a repository that has no other branch than its missions'.
    """
    fix = (
        f"Fetch it (git fetch <remote> {branch}:{branch}) or make it: git branch {branch} <commit>"
    )
    if began_with is not None:
        fix = f"Make it where this repository began, then merge again: git branch {branch} {began_with}"
    return TargetBranchMissing(
        f"there is no branch {branch} to merge into.", fix=fix, details={"branch": branch}
    )


def has_only_missions(tips: Iterable[str]) -> bool:
    """Tell whether every branch is a mission's, as in a repository that began with one."""
    return all(name.startswith(BRANCH_PREFIX) for name in tips)


def branch_missing(repo: Repository, lane: MissionLane, board: Board) -> LaneBranchMissing:
    """Describe a lane's branch that is gone, with the way to get its work back."""
    last = last_recorded_commit(board, lane)
    details: dict[str, JsonValue] = {
        "lane_id": lane.lane_id,
        "branch": lane.branch,
        "last_known_commit": last,
    }
    if last and try_git(repo.root, "cat-file", "-e", f"{last}^{{commit}}").code == 0:
        fix = f"git branch {lane.branch} {last}"
    else:
        fix = (
            f"Fetch it from where the work was done: git fetch <remote> {lane.branch}:{lane.branch}"
        )
    return LaneBranchMissing(
        f"work was done on branch {lane.branch}, but the branch is gone; cutting it again would "
        f"leave that work behind.",
        fix=fix,
        details=details,
    )


def _dependency_lanes(
    mission: Mission, lanes: MissionLanes, lane: MissionLane, wp_id: str
) -> tuple[MissionLane, ...]:
    """Return the other lanes that hold a dependency of the work package, in merge order.

    Lanes that only another work package of this lane depends on are left out: their work may not be
    approved yet.
    """
    graph = dependency_graph(scan_work_packages(mission).work_packages)
    wanted = reaches(graph, wp_id)
    return tuple(
        other
        for other in lanes.lanes
        if other is not lane and not other.is_planning and wanted.intersection(other.wp_ids)
    )


def _is_present(repo: Repository, dep: MissionLane, tips: Mapping[str, str], board: Board) -> bool:
    if dep.branch in tips:
        return True
    finished = all(board.lane(wp_id) in TERMINAL_LANES for wp_id in dep.wp_ids)
    # The branch of a lane whose work is merged has been deleted; the target branch has the work.
    if was_started(board, dep) and not finished:
        raise branch_missing(repo, dep, board)
    return False


def _base(
    repo: Repository,
    mission: Mission,
    lane: MissionLane,
    target_tip: str,
    needed: Sequence[tuple[MissionLane, str]],
) -> str:
    """Return the commit that a new lane starts at: target plus dependency lanes, made aside."""
    base = target_tip
    for position, (dep, tip) in enumerate(needed):
        if is_ancestor(repo, tip, base):
            continue
        merged = merge_keeping(repo, base, tip, is_bookkeeping)
        if merged.tree is None:
            into = [mission.target_branch, *(other.lane_id for other, _ in needed[:position])]
            raise _conflict(lane, dep, into, merged.conflicts)
        base = merge_commit(repo, merged.tree, (base, tip), _message(mission, lane, dep))
    return base


def _bring_in(
    repo: Repository,
    mission: Mission,
    lane: MissionLane,
    path: Path,
    tip: str,
    needed: Sequence[tuple[MissionLane, str]],
) -> tuple[str, tuple[str, ...]]:
    """Merge newer work of dependency lanes into a lane; say what could not be."""
    newer = [(dep, theirs) for dep, theirs in needed if not is_ancestor(repo, theirs, tip)]
    if not newer:
        return tip, ()
    if dirty_files(path):
        names = ", ".join(dep.lane_id for dep, _ in newer)
        return tip, (
            f"{names} has newer work; it is brought in once {path.name} has no uncommitted files.",
        )
    new = tip
    stale: list[str] = []
    for dep, theirs in newer:
        merged = merge_keeping(repo, new, theirs, is_bookkeeping)
        if merged.tree is None:
            stale.append(
                f"{dep.lane_id} has newer work that conflicts in {', '.join(merged.conflicts)}: "
                f"run `git merge {dep.branch}` in {path.name} and resolve it."
            )
            continue
        new = merge_commit(repo, merged.tree, (new, theirs), _message(mission, lane, dep))
    if new != tip:
        advance_branch(repo, lane.branch, new, tip)
    return new, tuple(stale)


def _message(mission: Mission, lane: MissionLane, dep: MissionLane) -> str:
    return f"Bring {dep.lane_id} into {lane.lane_id} ({mission.slug})\n"


def _conflict(
    lane: MissionLane, dep: MissionLane, into: Sequence[str], files: Sequence[str]
) -> DependencyLaneMergeConflict:
    return DependencyLaneMergeConflict(
        f"{lane.lane_id} cannot start: {dep.lane_id} conflicts with {' and '.join(into)} in "
        f"{', '.join(files)}.",
        fix=f"Resolve it in {shown_folder(dep.worktree)}: git merge {into[0]}, commit, then run the command "
        "again.",
        details={
            "lane_id": lane.lane_id,
            "dependency_lane": dep.lane_id,
            "into": list(into),
            "files": list(files),
        },
    )
