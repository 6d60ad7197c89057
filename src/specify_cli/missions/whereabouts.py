"""Where a work package is worked on, or will be: looked up, never made."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.mission import folded_log
from specify_cli.missions.work_packages import find_work_package
from specify_cli.missions.workspaces import (
    BASE_COMMIT,
    lane_checkout,
    main_checkout,
    recorded_commit,
)

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission


class Whereabouts(NamedTuple):
    """Where a work package is worked on.

    Attributes:
        wp_id: Normalised id.
        lane: The lane that it belongs to.
        path: Where the lane's branch is checked out, else where it will be.
        exists: Whether that folder is there now.
        work_package_file: The work package's file, absolute.
        base_commit: The commit that the work started from, None before it was started.
    """

    wp_id: str
    lane: MissionLane
    path: Path
    exists: bool
    work_package_file: Path
    base_commit: str | None


def work_package_whereabouts(project: Project, mission: Mission, wp_id: str) -> Whereabouts:
    """Look up where a work package is worked on. Reads only.

    Args:
        project: The project.
        mission: The mission, with finalised tasks.
        wp_id: The work package, in any notation.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND.
        SpecKittyError: INVALID_WORK_PACKAGE, DUPLICATE_WP_ID, LANES_MISSING, LANES_CORRUPT,
            WP_NOT_IN_LANE, READ_FAILED, GIT_FAILED.
    """
    package = find_work_package(mission, wp_id)
    lane = load_lanes(mission).lane_of(package.id)
    path = lane.worktree
    if not lane.is_planning:
        path = lane_checkout(main_checkout(project), lane) or lane.worktree
    state = folded_log(mission).board().work_packages.get(package.id)
    return Whereabouts(
        package.id,
        lane,
        path,
        path.is_dir(),
        package.path,
        recorded_commit(state, BASE_COMMIT),
    )
