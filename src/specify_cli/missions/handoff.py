"""What a work package must show before it is handed off for review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tips
from specify_cli.git.process import run_git, split_nul
from specify_cli.git.worktrees import dirty_files, list_worktrees
from specify_cli.missions.bookkeeping import PATHSPECS
from specify_cli.missions.guards import GuardFailure
from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.ownership import globs_intersect
from specify_cli.missions.subtasks import outstanding_subtasks
from specify_cli.missions.workspaces import (
    BASE_COMMIT,
    REVIEWED_COMMIT,
    branch_missing,
    main_checkout,
    recorded_commit,
)
from specify_cli.status.log import read_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.missions.lanes import MissionLane, MissionLanes
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board

_SHOWN = 5
_NOT_BOOKKEEPING = tuple(spec.replace(":(top,", ":(top,exclude,", 1) for spec in PATHSPECS)


@dataclass(frozen=True, slots=True)
class LaneWork:
    """What was found in a work package's workspace.

    Attributes:
        tip: The tip of the lane's branch.
        failures: What is missing.
    """

    tip: str
    failures: tuple[GuardFailure, ...]


def examine(project: Project, mission: Mission, package: WorkPackage, board: Board) -> LaneWork:
    """Look at a work package's commits, files and subtasks.

    Raises:
        LanesMissing: LANES_MISSING.
        LaneBranchMissing: LANE_BRANCH_MISSING.
        GitFailed: GIT_FAILED.
    """
    lanes = load_lanes(mission)
    lane = lanes.lane_of(package.id)
    repo = main_checkout(project)
    tips = branch_tips(repo)
    tip = tips.get(lane.branch)
    if tip is None:
        raise branch_missing(repo, lane, read_log(mission.log_file))
    state = board.work_packages.get(package.id)
    base = recorded_commit(state, BASE_COMMIT)
    others = [tips[dep.branch] for dep in _upstream(lanes, lane) if dep.branch in tips]
    if not lane.is_planning and mission.target_branch in tips:
        others.append(tips[mission.target_branch])
    commits = OwnCommits(repo, tip, (*([base] if base else []), *others))
    failures = _checkout_failures(repo, mission, package, lane)
    failures += _commit_failures(package, lane, commits, recorded_commit(state, REVIEWED_COMMIT))
    if not lane.is_planning:
        failures += _bookkeeping_failures(mission, lane, commits, base)
    failures += [
        GuardFailure(
            mission.relative(package.path),
            f"subtask {task} marked as done",
            "it is open",
            f"spec-kitty agent tasks mark-status {package.id}:{task} --status done "
            f"--mission {mission.slug}",
        )
        for task in outstanding_subtasks(mission, package, board)
    ]
    return LaneWork(tip, tuple(failures))


@dataclass(frozen=True, slots=True)
class OwnCommits:
    """Commits of a branch that are neither in what it was cut from nor in what was merged into it.

    Attributes:
        repo: The repository.
        tip: The branch's tip.
        without: Commits whose history does not count.
    """

    repo: Repository
    tip: str
    without: tuple[str, ...]

    def count(self, *, since: str | None = None) -> int:
        """Count commits that change anything but the program's own files.

        Args:
            since: Leave out the history of this commit too.
        """
        without = (*self.without, *([since] if since else []))
        counted = run_git(
            self.repo.root,
            *("rev-list", "--count", "--no-merges", self.tip),
            *(f"^{commit}" for commit in without),
            *("--", ":(top)", *_NOT_BOOKKEEPING),
        )
        return int(counted)

    def touched_bookkeeping(self) -> tuple[str, ...]:
        """Return the program's own files that these commits change."""
        listed = run_git(
            self.repo.root,
            *("log", "--no-merges", "--format=", "--name-only", "-z", self.tip),
            *(f"^{commit}" for commit in self.without),
            *("--", *PATHSPECS),
        )
        return tuple(sorted({name.strip("\n") for name in split_nul(listed)}))


def _upstream(lanes: MissionLanes, lane: MissionLane) -> tuple[MissionLane, ...]:
    """Return the lanes that a lane builds on, directly or through others."""
    wanted = set(lane.depends_on_lanes)
    found: list[MissionLane] = []
    # Manifest order is by depth, so one pass from the deepest reaches all.
    for other in reversed(lanes.lanes):
        if other.lane_id in wanted and not other.is_planning:
            found.append(other)
            wanted.update(other.depends_on_lanes)
    return tuple(found)


def _checkout_failures(
    repo: Repository, mission: Mission, package: WorkPackage, lane: MissionLane
) -> list[GuardFailure]:
    if lane.is_planning:
        return _uncommitted(mission.root.name, _planned_files(mission, package))
    checkout = None
    for tree in list_worktrees(repo):
        if tree.missing:
            continue
        if tree.branch == lane.branch:
            checkout = tree
            break
        if tree.path == lane.worktree:
            checkout = tree
    if checkout is None:
        # Without a worktree there can be no uncommitted file in it.
        return []
    name = checkout.path.name
    if checkout.branch != lane.branch:
        work = checkout.branch or checkout.head
        return [
            GuardFailure(
                name,
                f"branch {lane.branch} checked out",
                f"branch {checkout.branch}" if checkout.branch else "a detached HEAD",
                f"In {name}: git switch {lane.branch} && git merge {work}",
            )
        ]
    return _uncommitted(name, dirty_files(checkout.path))


def _planned_files(mission: Mission, package: WorkPackage) -> tuple[str, ...]:
    """Return the uncommitted files of a planning work package: the user's others are not its."""
    folder = f"{mission.relative(mission.directory)}/"
    return tuple(
        file
        for file in dirty_files(mission.root)
        if file.startswith(folder)
        or any(globs_intersect(glob, file) for glob in package.owned_files)
    )


def _uncommitted(where: str, files: Sequence[str]) -> list[GuardFailure]:
    if not files:
        return []
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return [
        GuardFailure(
            where,
            "every file committed",
            f"uncommitted: {', '.join(files[:_SHOWN])}{more}",
            f"Commit what belongs to the work in {where}, and delete or ignore the rest.",
        )
    ]


def _commit_failures(
    package: WorkPackage, lane: MissionLane, commits: OwnCommits, reviewed: str | None
) -> list[GuardFailure]:
    if commits.count(since=reviewed):
        return []
    after = " made after the review that asked for changes" if reviewed else ""
    return [
        GuardFailure(
            lane.worktree.name,
            f"a commit of {package.id} on {lane.branch}{after}",
            "none",
            f'In {lane.worktree.name}: git add -A && git commit -m "{package.id}: ..."',
        )
    ]


def _bookkeeping_failures(
    mission: Mission, lane: MissionLane, commits: OwnCommits, base: str | None
) -> list[GuardFailure]:
    touched = commits.touched_bookkeeping()
    if not touched:
        return []
    repo = commits.repo
    before = base or run_git(repo.root, "merge-base", mission.target_branch, commits.tip).strip()
    changed = split_nul(
        run_git(
            repo.root,
            *("--literal-pathspecs", "diff-tree", "-r", "--no-renames", "--name-only", "-z"),
            *(before, commits.tip, "--", *touched),
        )
    )
    where = lane.worktree.name
    return [
        GuardFailure(
            file,
            "no change: the program keeps this file on the mission's branch",
            f"a change to it in {where}",
            f"In {where}: git checkout {before} -- {file} && git commit -m "
            f'"Leave {file.rpartition("/")[2]} alone" (if it did not exist: git rm {file})',
        )
        for file in changed
    ]
