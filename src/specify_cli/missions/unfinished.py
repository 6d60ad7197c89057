"""What is missing before a mission may be accepted or merged: the same rules for both.

A work package ends approved or done, or canceled with a reason of the operator (domain 3.6); at least
one of them delivers something; and no commit of a lane is newer than the review that approved it. A
mission whose type makes documents and no work packages ends with its steps instead (`StepsEnd`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from specify_cli.git.process import run_git
from specify_cli.git.worktrees import WORKTREES
from specify_cli.missions.guards import GuardFailure, GuardsUnmet
from specify_cli.missions.work_packages import scan_work_packages
from specify_cli.missions.workspaces import REVIEWED_COMMIT, recorded_commit
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from specify_cli.git.repository import Repository
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission
    from specify_cli.status.board import Board

    Steps = Callable[[Mission], "StepsEnd"]
    """Tells how far the steps of a mission without work packages have come."""

_REVIEWED = (Lane.APPROVED, Lane.DONE)
_FINISHED = (*_REVIEWED, Lane.CANCELED)
_OPERATOR: Final = "operator"


class StepsEnd(NamedTuple):
    """How far the steps of a mission have come whose type makes documents and no work packages.

    Attributes:
        completed: The steps and audits that are complete, in their order.
        problems: What is missing in the others, and documents that do not pass any more.
    """

    completed: tuple[str, ...]
    problems: tuple[GuardFailure, ...]


class MissionNotReady(GuardsUnmet):
    """The mission is not finished; `details` lists what is missing."""

    code = "MISSION_NOT_READY"

    def to_text(self) -> str:
        """Return everything that is missing, for people."""
        if len(self.failures) < 2:
            return super().to_text()
        lines = [f"Error: {self.message.partition(':')[0]}:"]
        for one in self.failures:
            lines.append(f"  - {one.file}: looked for {one.looked_for}; {one.found}")
            lines.append(f"    fix: {one.fix}")
        return "\n".join(lines)


def not_ready(
    mission: Mission, board: Board, failures: tuple[GuardFailure, ...], *, step: str
) -> MissionNotReady:
    """Describe what keeps a mission from a step.

    Args:
        mission: The mission.
        board: Its board.
        failures: What is missing; the first one is told first.
        step: "accepted" or "merged".
    """
    more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
    return MissionNotReady(
        f"mission {mission.slug} cannot be {step}: {failures[0]}{more}",
        failures=failures,
        details={
            "mission_slug": mission.slug,
            "incomplete_wps": list(incomplete_work_packages(mission, board)),
        },
    )


def incomplete_work_packages(mission: Mission, board: Board) -> tuple[str, ...]:
    """Return the work packages that are neither approved, done nor canceled."""
    return tuple(wp for wp in _all(mission, board) if board.lane(wp) not in _FINISHED)


def work_package_problems(mission: Mission, board: Board) -> list[GuardFailure]:
    """Find work packages without an acceptable end, and a mission that would deliver nothing."""
    ids = _all(mission, board)
    folder = f"{mission.relative(mission.tasks_directory)}/"
    if not ids:
        fix = f"spec-kitty next --agent <your-name> --mission {mission.slug}"
        return [GuardFailure(folder, "work packages", "none", fix, "planned")]
    problems = []
    if all(board.lane(wp_id) is Lane.CANCELED for wp_id in ids):
        problems.append(
            GuardFailure(
                folder,
                "a work package that delivers something",
                "all of them canceled",
                "Plan a work package that delivers something, or leave the mission as it is.",
            )
        )
    files = {
        package.id: mission.relative(package.path)
        for package in scan_work_packages(mission).work_packages
    }
    for wp_id in ids:
        found = _without_end(mission, board, wp_id, files.get(wp_id, folder))
        problems += [found] if found else []
    return problems


def _without_end(mission: Mission, board: Board, wp_id: str, file: str) -> GuardFailure | None:
    lane = board.lane(wp_id)
    if lane not in _FINISHED:
        return GuardFailure(
            file,
            f"{wp_id} approved",
            f"{wp_id} is {lane.shown}",
            f"spec-kitty next --agent <your-name> --mission {mission.slug} --wp {wp_id}",
            f"unfinished_{lane}",
            wp_id,
        )
    state = board.work_packages.get(wp_id)
    given = state.cancellation if state is not None else None
    if given is None or (given.source == _OPERATOR and (given.reason or "").strip()):
        return None
    return GuardFailure(
        file,
        f"{wp_id} canceled with a reason of the operator",
        f"the reason comes from {given.source}" if (given.reason or "").strip() else "no reason",
        f"spec-kitty agent tasks move-task {wp_id} --to canceled --agent operator --force "
        f'--note "not needed" --mission {mission.slug} (say why it is canceled)',
        "canceled_for_a_reason",
        wp_id,
    )


def unreviewed_commits(
    repo: Repository,
    mission: Mission,
    board: Board,
    lanes: Sequence[MissionLane],
    tips: Mapping[str, str],
    *,
    merged: Collection[str] = (),
) -> list[GuardFailure]:
    """Find lanes with commits of their own that were made after their last review.

    Merge commits do not count: with them a lane takes in what another one, or the target, holds.
    Neither do lanes where somebody is still at work, or whose approval names no commit.

    Args:
        repo: The repository.
        mission: The mission.
        board: Its board.
        lanes: All of its lanes.
        tips: Branch name to tip, of all branches.
        merged: Branches that are on the target as they are: it is too late for a review.
    """
    problems = []
    for lane in lanes:
        kept = [wp_id for wp_id in lane.wp_ids if board.lane(wp_id) is not Lane.CANCELED]
        tip = tips.get(lane.branch)
        if lane.is_planning or tip is None or lane.branch in merged:
            continue
        states = [board.work_packages.get(wp_id) for wp_id in kept]
        reviewed = [commit for s in states if (commit := recorded_commit(s, REVIEWED_COMMIT))]
        at_work = any(board.lane(wp_id) not in _REVIEWED for wp_id in kept)
        if not kept or at_work or len(reviewed) < len(kept) or tip in reviewed:
            continue
        known = {other.branch for other in lanes if other is not lane}
        known |= {mission.target_branch, mission.coordination_branch or mission.target_branch}
        others = [tips[branch] for branch in sorted(known) if branch in tips]
        count = run_git(
            repo.root,
            *("rev-list", "--count", "--no-merges", tip),
            *(f"^{commit}" for commit in (*reviewed, *others)),
        ).strip()
        if count != "0":
            problems.append(_unreviewed(mission, lane, kept[-1], count))
    return problems


def _unreviewed(mission: Mission, lane: MissionLane, wp_id: str, count: str) -> GuardFailure:
    return GuardFailure(
        f"{WORKTREES}/{lane.worktree.name}",
        "nothing but reviewed commits",
        f"{count} commit(s) on {lane.branch} made after the last review",
        # Not by way of in_progress: from there nothing is handed over without one more commit.
        f"Have them reviewed: spec-kitty agent tasks move-task {wp_id} --to for_review "
        f'--agent operator --force --note "There are newer commits." --mission {mission.slug}, then '
        f"spec-kitty agent action review {wp_id} --agent <reviewer> --mission {mission.slug}",
        "reviewed_commits",
        wp_id,
    )


def _all(mission: Mission, board: Board) -> tuple[str, ...]:
    """Return the work packages that have a file or stand on the board."""
    packages = scan_work_packages(mission).work_packages
    return tuple(dict.fromkeys([*(package.id for package in packages), *board.work_packages]))
