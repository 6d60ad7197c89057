"""Where one step is done: resolved once per command, the same from every working directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.lanes import LanesMissing, WorkPackageNotInLane, load_lanes
from specify_cli.missions.work_packages import PLANNING_ARTIFACT

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage

IMPLEMENT = "implement"
REVIEW = "review"


class ExecutionContext(NamedTuple):
    """Everything about the place and the part of one step.

    Read, write and working directories are separate answers: a review reads a worktree and writes
    nothing, a planning step writes the mission's folder.

    Attributes:
        action: The step, such as "specify" or "implement".
        agent: Who does it.
        mission_slug: The mission.
        mission_id: ULID, or None in a project that another client seeded without one.
        mission_type: Such as "software-dev".
        mission_title: The title for people.
        target_branch: The branch that the mission lives on.
        wp_id: The work package, or None.
        wp_title: Its title, or None.
        wp_file: Its file relative to `primary_root`, or None.
        wp_lane: Its lane on the board, or None.
        lane_id: The lane of worktrees it belongs to, such as "lane-a", or None.
        branch: The branch that the step's commits go to.
        primary_root: The main checkout, absolute.
        workspace: The folder to work in, absolute.
        read_dir: The mission's folder in the main checkout, absolute: spec, plan and work packages
            are read there, whatever a worktree's copy says.
        write_dir: The folder below which the step changes files, absolute; None for the review of a
            work package, which changes nothing.
    """

    action: str
    agent: str
    mission_slug: str
    mission_id: str | None
    mission_type: str
    mission_title: str
    target_branch: str
    branch: str
    primary_root: Path
    workspace: Path
    read_dir: Path
    write_dir: Path | None
    wp_id: str | None = None
    wp_title: str | None = None
    wp_file: str | None = None
    wp_lane: str | None = None
    lane_id: str | None = None

    def to_json(self) -> JsonObject:
        """Return the flat JSON view; paths are text, absent facts are null."""
        return {
            "action": self.action,
            "agent": self.agent,
            "mission_slug": self.mission_slug,
            "mission_id": self.mission_id,
            "mission_type": self.mission_type,
            "mission_title": self.mission_title,
            "target_branch": self.target_branch,
            "wp_id": self.wp_id,
            "wp_title": self.wp_title,
            "wp_file": self.wp_file,
            "wp_lane": self.wp_lane,
            "lane_id": self.lane_id,
            "branch": self.branch,
            "primary_root": str(self.primary_root),
            "workspace": str(self.workspace),
            "read_dir": str(self.read_dir),
            "write_dir": None if self.write_dir is None else str(self.write_dir),
        }


def resolve_context(
    mission: Mission,
    action: str,
    *,
    agent: str,
    work_package: WorkPackage | None = None,
    wp_lane: str | None = None,
    writes_project: bool = False,
) -> ExecutionContext:
    """Resolve the context of a step.

    Args:
        mission: The mission.
        action: The step; "implement" and "review" need a work package.
        agent: Who does it.
        work_package: The work package it is about.
        wp_lane: That work package's lane on the board.
        writes_project: The step is done for the mission as a whole, and its work is not only in the
            mission's folder.

    Raises:
        LanesMissing: LANES_MISSING: a work package of a mission whose tasks are not finalised.
        LanesCorrupt: LANES_CORRUPT.
        WorkPackageNotInLane: WP_NOT_IN_LANE.
    """
    lane = None if work_package is None else _lane(mission, work_package)
    workspace = mission.root if lane is None else lane.worktree
    in_worktree = lane is not None and not lane.is_planning
    write_dir: Path | None = workspace if in_worktree else mission.directory
    if writes_project:
        write_dir = mission.root
    elif action == REVIEW and work_package is not None:
        write_dir = None
    elif work_package is not None:
        write_dir = workspace
    return ExecutionContext(
        action=action,
        agent=agent,
        mission_slug=mission.slug,
        mission_id=mission.mission_id,
        mission_type=mission.mission_type,
        mission_title=mission.friendly_name,
        target_branch=mission.target_branch,
        branch=mission.target_branch if lane is None else lane.branch,
        primary_root=mission.root,
        workspace=workspace,
        read_dir=mission.directory,
        write_dir=write_dir,
        wp_id=work_package.id if work_package else None,
        wp_title=work_package.title if work_package else None,
        wp_file=mission.relative(work_package.path) if work_package else None,
        wp_lane=wp_lane,
        lane_id=lane.lane_id if lane else None,
    )


def _lane(mission: Mission, work_package: WorkPackage) -> MissionLane | None:
    try:
        return load_lanes(mission).lane_of(work_package.id)
    except (LanesMissing, WorkPackageNotInLane):
        if work_package.execution_mode == PLANNING_ARTIFACT:
            return None  # it works in the main checkout, with or without a manifest
        raise
