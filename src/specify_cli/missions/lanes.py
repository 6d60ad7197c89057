"""The lanes of a mission, as `lanes.json` (version 1) records them: branches and worktrees."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.worktrees import WORKTREES
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import read_text
from specify_cli.missions.mission import BRANCH_PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specify_cli.missions.mission import Mission

LANES_FILE = "lanes.json"
PLANNING_LANE = "lane-planning"
VERSION = 1
_LANE_ID = r"lane-[a-z]+\Z"
_FINALIZE = "spec-kitty agent mission finalize-tasks"


class LanesMissing(SpecKittyError):
    """The mission has no `lanes.json` yet."""

    code = "LANES_MISSING"


class LanesCorrupt(SpecKittyError):
    """`lanes.json` cannot be used."""

    code = "LANES_CORRUPT"


class WorkPackageNotInLane(SpecKittyError):
    """A work package is in no lane: it was written after the tasks were finalised."""

    code = "WP_NOT_IN_LANE"


class MissionLane(NamedTuple):
    """One lane.

    Attributes:
        lane_id: "lane-a", or "lane-planning".
        wp_ids: Its work packages in the order in which they are to be done.
        branch: The branch of its worktree; for the planning lane the mission's own branch.
        worktree: Absolute path; for the planning lane the main checkout.
        depends_on_lanes: Ids of the lanes whose work must be merged in first.
        parallel_group: Depth in the lane graph; lanes of one group can run side by side.
        write_scope: The globs that its work packages own.
    """

    lane_id: str
    wp_ids: tuple[str, ...]
    branch: str
    worktree: Path
    depends_on_lanes: tuple[str, ...]
    parallel_group: int
    write_scope: tuple[str, ...] = ()

    @property
    def is_planning(self) -> bool:
        """Whether it works in the main checkout instead of a worktree of its own."""
        return self.lane_id == PLANNING_LANE


class MissionLanes(NamedTuple):
    """The content of a mission's `lanes.json`.

    Attributes:
        lanes: In the order in which they are merged: by depth, then by name.
        manifest: The document as read.
    """

    mission_slug: str
    lanes: tuple[MissionLane, ...]
    manifest: Mapping[str, object]

    def lane(self, lane_id: str) -> MissionLane | None:
        """Return a lane by its id, or None."""
        return next((lane for lane in self.lanes if lane.lane_id == lane_id), None)

    def lane_of(self, wp_id: str) -> MissionLane:
        """Return the lane of a work package.

        Raises:
            WorkPackageNotInLane: WP_NOT_IN_LANE.
        """
        for lane in self.lanes:
            if wp_id in lane.wp_ids:
                return lane
        raise WorkPackageNotInLane(
            f"{wp_id} of mission {self.mission_slug} is in no lane.",
            fix=f"{_FINALIZE} --mission {self.mission_slug}",
            details={"wp_id": wp_id, "mission_slug": self.mission_slug},
        )


def lane_branch(mission: Mission, lane_id: str) -> str:
    """Return the branch of a lane."""
    if lane_id == PLANNING_LANE:
        return mission.target_branch
    return f"{BRANCH_PREFIX}{mission.slug}-{lane_id}"


def lane_worktree(mission: Mission, lane_id: str) -> Path:
    """Return the folder that a lane works in."""
    if lane_id == PLANNING_LANE:
        return mission.root
    return mission.root / WORKTREES / f"{mission.slug}-{lane_id}"


def load_lanes(mission: Mission) -> MissionLanes:
    """Read a mission's `lanes.json`.

    Without one, a mission that is planned by its files alone has a lane for each work package.

    Raises:
        LanesMissing: LANES_MISSING: the tasks are not finalised.
        LanesCorrupt: LANES_CORRUPT: not JSON, or not a lanes manifest.
    """
    path = mission.directory / LANES_FILE
    file = mission.relative(path)
    try:
        document = json.loads(read_text(path))
    except FileNotFoundError:
        if mission.is_planned_by_files:
            return _lanes_of_files(mission)
        raise LanesMissing(
            f"{file} does not exist: the tasks of mission {mission.slug} are not finalised.",
            fix=f"{_FINALIZE} --mission {mission.slug}",
            details={"file": file},
        ) from None
    except json.JSONDecodeError as error:
        raise _corrupt(file, error.lineno, f"it is not JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        raise _corrupt(file, None, "a number is too long, or it is nested too deeply") from error
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise _corrupt(file, None, f"it is not a lanes manifest of version {VERSION}")
    entries = document.get("lanes")
    if not isinstance(entries, list):
        raise _corrupt(file, None, '"lanes" is not a list')
    lanes = [_lane(mission, entry, file) for entry in entries]
    _check_members(lanes, file)
    lanes.sort(key=lambda lane: (lane.parallel_group, len(lane.lane_id), lane.lane_id))
    return MissionLanes(mission.slug, tuple(lanes), document)


def _lanes_of_files(mission: Mission) -> MissionLanes:
    """Derive a lane for each work package file, named after its number.

    The name does not depend on the other files, so a work package that is added later renames nobody.

    Raises:
        UnknownDependency: UNKNOWN_DEPENDENCY.
        DependencyCycle: DEPENDENCY_CYCLE.
    """
    from specify_cli.missions.dependencies import check_dependencies, depths
    from specify_cli.missions.work_packages import PLANNING_ARTIFACT, scan_work_packages

    packages = scan_work_packages(mission).work_packages
    graph = check_dependencies(packages)
    depth = depths(graph)
    own = {
        package.id: lane_name(int(package.id.removeprefix("WP")) - 1)
        for package in packages
        if package.execution_mode != PLANNING_ARTIFACT and package.id != "WP00"
    }
    planning = tuple(package.id for package in packages if package.id not in own)
    lanes = [
        MissionLane(
            lane_id=lane_id,
            wp_ids=(wp_id,),
            branch=lane_branch(mission, lane_id),
            worktree=lane_worktree(mission, lane_id),
            depends_on_lanes=tuple(own[needed] for needed in graph[wp_id] if needed in own),
            parallel_group=depth[wp_id],
        )
        for wp_id, lane_id in own.items()
    ]
    if planning:
        branch, worktree = (
            lane_branch(mission, PLANNING_LANE),
            lane_worktree(mission, PLANNING_LANE),
        )
        lanes.append(MissionLane(PLANNING_LANE, planning, branch, worktree, (), 0))
    lanes.sort(key=lambda lane: (lane.parallel_group, len(lane.lane_id), lane.lane_id))
    return MissionLanes(mission.slug, tuple(lanes), {})


def _lane(mission: Mission, entry: object, file: str) -> MissionLane:
    # Read by hand and forgivingly about further keys: newer versions of 3.2.x may add some.
    if not isinstance(entry, dict):
        raise _corrupt(file, None, "a lane is not an object")
    lane_id, group = entry.get("lane_id"), entry.get("parallel_group", 0)
    if not isinstance(lane_id, str) or re.match(_LANE_ID, lane_id) is None:
        # The id becomes part of a branch and a folder name.
        raise _corrupt(file, None, f"{str(lane_id)[:60]!r} is not a lane_id such as lane-a")
    if not isinstance(group, int) or isinstance(group, bool):
        raise _corrupt(file, None, f"parallel_group of {lane_id} is not a number")
    return MissionLane(
        lane_id=lane_id,
        wp_ids=_texts(entry.get("wp_ids"), lane_id, "wp_ids", file),
        branch=lane_branch(mission, lane_id),
        worktree=lane_worktree(mission, lane_id),
        depends_on_lanes=_texts(
            entry.get("depends_on_lanes", []), lane_id, "depends_on_lanes", file
        ),
        parallel_group=group,
        write_scope=_texts(entry.get("write_scope", []), lane_id, "write_scope", file),
    )


def _texts(value: object, lane_id: str, key: str, file: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _corrupt(file, None, f"{key} of {lane_id} is not a list of texts")
    return tuple(value)


def _check_members(lanes: list[MissionLane], file: str) -> None:
    ids = [lane.lane_id for lane in lanes]
    if len(set(ids)) != len(ids):
        raise _corrupt(file, None, "two lanes have the same lane_id")
    seen: set[str] = set()
    for lane in lanes:
        unknown = [name for name in lane.depends_on_lanes if name not in ids]
        if unknown:
            raise _corrupt(file, None, f"{lane.lane_id} depends on {unknown[0]}, which is no lane")
        twice = seen.intersection(lane.wp_ids)
        if twice:
            raise _corrupt(file, None, f"{min(twice)} is in more than one lane")
        seen.update(lane.wp_ids)


def lane_name(index: int) -> str:
    """Return the name of the n-th lane: lane-a ... lane-z, lane-aa, lane-ab ..."""
    letters = ""
    index += 1
    while index:
        index, digit = divmod(index - 1, 26)
        letters = chr(ord("a") + digit) + letters
    return f"lane-{letters}"


def _corrupt(file: str, line: int | None, problem: str) -> LanesCorrupt:
    where = file if line is None else f"{file} line {line}"
    return LanesCorrupt(
        f"{where}: {problem.rstrip('.')}.",
        fix=f"{_FINALIZE} (it computes {LANES_FILE} anew)",
        details={"file": file, "line": line},
    )
