"""What keeps a merge from happening, found before anything is touched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.git.merging import changed_between
from specify_cli.git.process import run_git, split_nul
from specify_cli.git.worktrees import dirty_files, shown_folder
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.unfinished import (
    MissionNotReady,
    incomplete_work_packages,
    not_ready,
    work_package_problems,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from specify_cli.git.repository import Repository
    from specify_cli.git.worktrees import Worktree
    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.merge_plan import LanePlan
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.unfinished import StepsEnd
    from specify_cli.status.board import Board

_SHOWN = 5


class PreflightFailed(SpecKittyError):
    """Uncommitted work is in the way of the merge; nothing was changed."""

    code = "PREFLIGHT_FAILED"


class MergeConflict(SpecKittyError):
    """What is to be merged conflicts; nothing was changed."""

    code = "MERGE_CONFLICT"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A checkout that the merge cannot deal with without losing something.

    Attributes:
        worktree: The checkout's folder name.
        files: Uncommitted files that would be lost or overwritten.
        problem: What is wrong, continuing a sentence that begins with the name.
        fix: What to do.
    """

    worktree: str
    files: tuple[str, ...]
    problem: str
    fix: str


def unfinished_mission(mission: Mission, board: Board) -> list[SpecKittyError]:
    """Find work packages without an acceptable end, and a mission that would deliver nothing."""
    problems = tuple(work_package_problems(mission, board))
    if not problems:
        return []
    incomplete = incomplete_work_packages(mission, board)
    if not incomplete:
        return [not_ready(mission, board, problems, step="merged")]
    listed = ", ".join(f"{wp_id} ({board.lane(wp_id).shown})" for wp_id in incomplete)
    error = MissionNotReady(
        f"mission {mission.slug} cannot be merged: not approved yet: {listed}.",
        failures=problems,
        details={"mission_slug": mission.slug, "incomplete_wps": list(incomplete)},
    )
    error.fix = f"spec-kitty next --agent <your-name> --mission {mission.slug}"
    return [error]


def unfinished_steps(mission: Mission, board: Board, steps: StepsEnd) -> list[SpecKittyError]:
    """Find steps of a mission without work packages that are not complete."""
    return [not_ready(mission, board, steps.problems, step="merged")] if steps.problems else []


def unreviewed_work(
    mission: Mission, board: Board, unseen: tuple[GuardFailure, ...]
) -> list[SpecKittyError]:
    """Describe commits that no review has seen, with the way to go on knowingly."""
    if not unseen:
        return []
    error = not_ready(mission, board, unseen, step="merged")
    error.fix += (
        f" Or merge them as they are: spec-kitty merge --mission {mission.slug} --allow-unreviewed"
    )
    return [error]


def uncommitted_work(
    planned: Sequence[LanePlan],
    lanes: Sequence[MissionLane],
    trees: Sequence[Worktree],
    overwritten: Sequence[Obstacle],
) -> list[SpecKittyError]:
    """Find uncommitted work that the merge would leave behind, lose or overwrite.

    Args:
        planned: The lanes' plans.
        lanes: The same lanes.
        trees: All checkouts.
        overwritten: What was found in the checkouts that the merge changes.
    """
    obstacles = []
    for plan, lane in zip(planned, lanes, strict=True):
        if plan.outcome not in ("merge", "merged", "conflict"):
            continue
        if plan.checkout is not None:
            files = dirty_files(plan.checkout)
            if files:
                name = plan.checkout.name
                fix = (
                    f"Commit them in {shown_folder(plan.checkout)} (and have them reviewed), or "
                    "delete what is not needed."
                )
                obstacles.append(Obstacle(name, files, "has uncommitted files", fix))
            continue
        astray = next((t for t in trees if t.path == lane.worktree and not t.missing), None)
        if astray is not None:
            on = (
                f"on branch {astray.branch}" if astray.branch else "on no branch (HEAD is detached)"
            )
            fix = (
                f"In {shown_folder(astray.path)}: git switch {lane.branch}, and merge what belongs "
                "to it."
            )
            obstacles.append(Obstacle(astray.path.name, dirty_files(astray.path), f"is {on}", fix))
    return preflight_failed([*obstacles, *overwritten])


def preflight_failed(obstacles: Sequence[Obstacle]) -> list[SpecKittyError]:
    """Describe obstacles in one error; none, no error."""
    if not obstacles:
        return []
    found = "; ".join(
        f"{item.worktree} {item.problem}{': ' if item.files else ''}{_shown(item.files)}"
        for item in obstacles
    )
    worktrees: list[JsonValue] = [
        {"worktree": item.worktree, "files": list(item.files), "problem": item.problem}
        for item in obstacles
    ]
    return [
        PreflightFailed(
            f"work that is not committed is in the way of the merge: {found}. Nothing was changed.",
            fix=f"{obstacles[0].fix} Then run the command again.",
            details={"worktrees": worktrees},
        )
    ]


def lane_conflicts(mission: Mission, planned: Sequence[LanePlan]) -> list[SpecKittyError]:
    """Describe the conflicts of the lanes in one error."""
    conflicting = [plan for plan in planned if plan.outcome == "conflict"]
    if not conflicting:
        return []
    found = "; ".join(
        f"{plan.lane_id} with {' and '.join(plan.conflicts_with)} in {_shown(plan.conflicts)}"
        for plan in conflicting
    )
    first = conflicting[0]
    others = [plan for plan in planned if plan.lane_id in first.conflicts_with]
    other = others[0].branch if others else mission.target_branch
    conflicts: list[JsonValue] = [
        {
            "lane_id": plan.lane_id,
            "wp_ids": list(plan.wp_ids),
            "with": list(plan.conflicts_with),
            "files": list(plan.conflicts),
        }
        for plan in conflicting
    ]
    where = f"a checkout of {first.branch}"
    if first.checkout is not None:
        where = shown_folder(first.checkout)
    return [
        MergeConflict(
            f"the lanes of {mission.slug} conflict: {found}. Nothing was changed.",
            fix=f"In {where}: git merge {other}, resolve the conflicts, commit; then run the command "
            "again.",
            details={"conflicts": conflicts},
        )
    ]


def overwritten_files(
    repo: Repository, branch: str, old: str, new: str, trees: Iterable[Worktree]
) -> list[Obstacle]:
    """Find uncommitted files that moving a branch from `old` to `new` would overwrite.

    Args:
        repo: The repository.
        branch: The branch.
        old: Its tip.
        new: The commit or tree that it moves to.
        trees: All checkouts; only the one that is on the branch matters.
    """
    tree = next((tree for tree in trees if tree.branch == branch and not tree.missing), None)
    if tree is None or old == new:
        return []
    touched = changed_between(repo, old, new)
    added = split_nul(
        run_git(
            repo.root,
            *("diff-tree", "-r", "--no-renames", "--diff-filter=A", "--name-only", "-z", old, new),
        )
    )
    # An ignored file does not count as dirty, and yet a new file of its name would replace it.
    local = {*dirty_files(tree.path), *(file for file in added if (tree.path / file).is_file())}
    files = _in_the_way(local, touched)
    if not files:
        return []
    fix = f"Commit, move or delete them in {shown_folder(tree.path)}."
    problem = f"has files that the merge into {branch} would overwrite"
    return [Obstacle(tree.path.name, files, problem, fix)]


def _in_the_way(local: Iterable[str], touched: Iterable[str]) -> tuple[str, ...]:
    """Return local files that are touched, or that stand where a folder is to be, or inside a file."""
    paths = set(touched)
    folders = {folder for path in paths for folder in _folders(path)}
    found = []
    for file in local:
        name = file.rstrip("/")
        if name in paths or name in folders or not paths.isdisjoint(_folders(name)):
            found.append(file)
    return tuple(sorted(found))


def _folders(path: str) -> Iterator[str]:
    position = path.find("/")
    while position >= 0:
        yield path[:position]
        position = path.find("/", position + 1)


def _shown(files: Sequence[str]) -> str:
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    return f"{', '.join(files[:_SHOWN])}{more}"
