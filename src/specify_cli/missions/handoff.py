"""What a work package must show before it is handed off for review."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.branches import branch_tips
from specify_cli.git.process import run_git, split_nul
from specify_cli.git.worktrees import WORKTREES, dirty_files, list_worktrees
from specify_cli.missions.bookkeeping import is_bookkeeping
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

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.missions.lanes import MissionLane, MissionLanes
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board

_SHOWN = 5
# Begins each commit in git's output; no sane file name has a control character.
_COMMIT = "\x01commit"


class LaneWork(NamedTuple):
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
        raise branch_missing(repo, lane, board)
    state = board.work_packages.get(package.id)
    base = recorded_commit(state, BASE_COMMIT)
    others = [tips[dep.branch] for dep in _upstream(lanes, lane) if dep.branch in tips]
    if not lane.is_planning and mission.target_branch in tips:
        others.append(tips[mission.target_branch])
    if (coordination := mission.coordination_branch) in tips and coordination is not None:
        # The existing CLI cuts lanes from it, so its bookkeeping is in them.
        others.append(tips[coordination])
    without = (*([base] if base else []), *others)
    own = OwnCommits.read(repo, tip, without)
    reviewed = recorded_commit(state, REVIEWED_COMMIT)
    newer = OwnCommits.read(repo, tip, (*without, reviewed)) if reviewed else own
    failures = _checkout_failures(repo, mission, package, lane)
    if not newer.has_work:
        failures.append(_no_work(package, lane, after_review=reviewed is not None))
    if not lane.is_planning and own.bookkeeping:
        start = base or run_git(repo.root, "merge-base", mission.target_branch, tip).strip()
        failures += _bookkeeping_failures(repo, lane, own.bookkeeping, start, tip)
    failures += [
        GuardFailure(
            mission.relative(package.path),
            f"subtask {task} marked as done",
            "it is open",
            f"spec-kitty agent tasks mark-status {package.id}:{task} --status done "
            f"--mission {mission.slug}",
            "subtask_done",
            package.id,
        )
        for task in outstanding_subtasks(mission, package, board)
    ]
    return LaneWork(tip, tuple(failures))


class OwnCommits(NamedTuple):
    """Commits of a branch that are neither in what it was cut from nor in what was merged into it.

    Merge commits and commits that change nothing are left out.

    Attributes:
        files: For each commit, newest first, the files it changes.
    """

    files: tuple[tuple[str, ...], ...]

    @classmethod
    def read(cls, repo: Repository, tip: str, without: Sequence[str]) -> OwnCommits:
        """Read a branch's own commits (one git process).

        Args:
            repo: The repository.
            tip: The branch's tip.
            without: Commits whose history does not count.

        Raises:
            GitFailed: GIT_FAILED.
        """
        listed = run_git(
            repo.root,
            *(
                "log",
                "--no-merges",
                "--no-show-signature",
                f"--format=tformat:{_COMMIT}",
                "--name-only",
            ),
            *("--no-renames", "-z", tip, *(f"^{commit}" for commit in without), "--"),
        )
        commits = listed.split(f"{_COMMIT}\0")[1:]
        return cls(tuple(names for text in commits if (names := _names(text))))

    @property
    def has_work(self) -> bool:
        """Whether a commit changes anything but the program's own files."""
        return any(not is_bookkeeping(name) for names in self.files for name in names)

    @property
    def bookkeeping(self) -> tuple[str, ...]:
        """The program's own files that these commits change, sorted."""
        return tuple(
            sorted({name for names in self.files for name in names if is_bookkeeping(name)})
        )


def _names(text: str) -> tuple[str, ...]:
    # The first name follows a line end that closes the (empty) message.
    return tuple(name for name in text.removeprefix("\n").split("\0") if name)


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
        return uncommitted_failures(mission.root.name, _planned_files(mission, package))
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
    name = shown_worktree(checkout.path)
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
    return uncommitted_failures(name, dirty_files(checkout.path))


def shown_worktree(path: Path) -> str:
    """Return a worktree's folder as people find it from the main checkout: `.worktrees/<name>`."""
    return f"{path.parent.name}/{path.name}" if path.parent.name == WORKTREES else path.name


def _planned_files(mission: Mission, package: WorkPackage) -> tuple[str, ...]:
    """Return the uncommitted files of a planning work package: the user's others are not its."""
    folder = f"{mission.relative(mission.directory)}/"
    return tuple(
        file
        for file in dirty_files(mission.root)
        if file.startswith(folder)
        or any(globs_intersect(glob, file) for glob in package.owned_files)
    )


def uncommitted_failures(where: str, files: Sequence[str]) -> list[GuardFailure]:
    """Describe uncommitted files; none, no failure."""
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


def _no_work(package: WorkPackage, lane: MissionLane, *, after_review: bool) -> GuardFailure:
    after = " made after the review that asked for changes" if after_review else ""
    return GuardFailure(
        shown_worktree(lane.worktree),
        f"a commit of {package.id} on {lane.branch}{after}",
        "none",
        f'In {shown_worktree(lane.worktree)}: git add -A && git commit -m "{package.id}: ..."',
    )


def _bookkeeping_failures(
    repo: Repository, lane: MissionLane, touched: Sequence[str], start: str, tip: str
) -> list[GuardFailure]:
    changed = split_nul(
        run_git(
            repo.root,
            *("--literal-pathspecs", "diff-tree", "-r", "--no-renames", "--name-only", "-z"),
            *(start, tip, "--", *touched),
        )
    )
    where = shown_worktree(lane.worktree)
    return [
        GuardFailure(
            file,
            "no change: the program keeps this file on the mission's branch",
            f"a change to it in {where}",
            f"In {where}: git checkout {start} -- {file} && git commit -m "
            f'"Leave {file.rpartition("/")[2]} alone" (if it did not exist: git rm {file})',
        )
        for file in changed
    ]
