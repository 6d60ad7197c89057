"""Looks at a mission: reads the files and the board, and makes the view that decisions are made from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.clock import utc_now
from specify_cli.mission_runtime.placement import ArtefactKind, place
from specify_cli.missions.lanes import LanesMissing, WorkPackageNotInLane, load_lanes
from specify_cli.missions.packs import configured_packs
from specify_cli.missions.work_packages import load_work_packages, scan_work_packages
from specify_cli.next._internal_runtime.description import shown_name
from specify_cli.next._internal_runtime.discovery import (
    RESERVED_KEYS,
    DiscoveryContext,
    load_mission_template,
)
from specify_cli.next.frontier import find_frontier
from specify_cli.next.guards import check_guard, refuse_unknown_guards
from specify_cli.next.view import MissionView, WorkPackageView
from specify_cli.status.board import WorkPackageState
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.missions.lanes import MissionLanes
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next._internal_runtime.schema import MissionRunSnapshot
    from specify_cli.status.board import Board


class Look(NamedTuple):
    """What was seen.

    Attributes:
        view: For the decision.
        work_packages: The files behind it.
        proven: Steps that the repository proves to be complete and nobody has reported.
    """

    view: MissionView
    work_packages: tuple[WorkPackage, ...]
    proven: tuple[str, ...]

    def work_package(self, wp_id: str) -> WorkPackage | None:
        """Return a work package's file by its id."""
        return next((package for package in self.work_packages if package.id == wp_id), None)


def description_cache(project: Project) -> Path:
    """Return the folder of parsed mission descriptions."""
    return place(ArtefactKind.DESCRIPTION_CACHE, project.root, digest="-").parent


def discovery_context(project: Project, key: str | None = None) -> DiscoveryContext:
    """Return where the mission types of a project are looked for.

    Args:
        project: The project.
        key: The type that is looked for; a built-in one needs no look at the configuration.

    Raises:
        SpecKittyError: INVALID_YAML, CONFIG_INVALID, READ_FAILED.
    """
    packs = () if key in RESERVED_KEYS else configured_packs(project.root)
    return DiscoveryContext(project_dir=project.root, user_home=Path.home(), packs=packs)


def load_mission_type(project: Project, mission: Mission) -> LoadedMission:
    """Load the description of a mission's type, with every guard it names checked.

    Raises:
        MissionRuntimeError: UNKNOWN_MISSION_TYPE, INVALID_MISSION_TEMPLATE,
            MISSION_TEMPLATE_HAS_NO_STEPS.
        YamlError: INVALID_YAML.
    """
    loaded = load_mission_template(
        mission.mission_type,
        discovery_context(project, mission.mission_type),
        cache=description_cache(project),
    )
    refuse_unknown_guards(loaded.description.template, shown_name(loaded.description.path))
    return loaded


def look(
    mission: Mission,
    loaded: LoadedMission,
    run: MissionRunSnapshot,
    board: Board,
    *,
    agent: str | None,
    wanted: str | None = None,
) -> Look:
    """Look at a mission. Reads only.

    Args:
        mission: The mission.
        loaded: Its type.
        run: Its run, or an unstarted one.
        board: Its board, including rows that are about to be written.
        agent: Who asks.
        wanted: The work package that is asked for.

    Raises:
        SpecKittyError: INVALID_WORK_PACKAGE and DUPLICATE_WP_ID once the tasks are finalised,
            LANES_CORRUPT, READ_FAILED, GIT_FAILED.
    """
    on_board = any(state.lane is not Lane.UNINITIALIZED for state in board.work_packages.values())
    # Before the tasks are finalised a broken file is the guard's to report, later it is an error:
    # a work package must never be overlooked.
    files = load_work_packages(mission) if on_board else scan_work_packages(mission).work_packages
    lanes = _lanes(mission) if on_board or mission.is_planned_by_files else None
    packages = _packages(mission, files, board, lanes)
    template = loaded.description.template
    frontier = find_frontier(
        template,
        run,
        packages,
        lambda step: check_guard(mission, step, loaded.folder),
        planned=mission.is_planned_by_files,
    )
    seen = {name for p in packages for name in (p.implementer, p.reviewer) if name is not None}
    seen.update(run.agents)
    if agent is not None:
        seen.add(agent)
    view = MissionView(
        mission_slug=mission.slug,
        agent=agent,
        now=utc_now(),
        template=template,
        run=frontier.run,
        work_packages=packages,
        failures=frontier.failures,
        agents=frozenset(seen),
        accepted_at=mission.accepted_at,
        merged_at=mission.merged_at,
        target_branch=mission.target_branch,
        wanted=wanted,
        meaning=loaded.description.meaning,
    )
    return Look(view, files, frontier.proven)


def with_board(seen: Look, mission: Mission, board: Board) -> Look:
    """Return the same look with the work packages where they are after a claim."""
    packages = _packages(mission, seen.work_packages, board, _lanes(mission))
    return seen._replace(view=seen.view._replace(work_packages=packages))


def _lanes(mission: Mission) -> MissionLanes | None:
    try:
        return load_lanes(mission)
    except LanesMissing:
        return None


def _packages(
    mission: Mission, files: tuple[WorkPackage, ...], board: Board, lanes: MissionLanes | None
) -> tuple[WorkPackageView, ...]:
    known = {package.id: package for package in files}
    unseen = Lane.PLANNED if mission.is_planned_by_files else Lane.UNINITIALIZED
    # One that only the board knows still holds the mission up.
    ids = [*known, *(wp_id for wp_id in board.work_packages if wp_id not in known)]
    return tuple(
        _package(wp_id, known.get(wp_id), board.work_packages.get(wp_id), lanes, unseen)
        for wp_id in ids
    )


def _package(
    wp_id: str,
    file: WorkPackage | None,
    state: WorkPackageState | None,
    lanes: MissionLanes | None,
    unseen: Lane,
) -> WorkPackageView:
    state = state or WorkPackageState()
    return WorkPackageView(
        id=wp_id,
        title=file.title if file else wp_id,
        dependencies=file.dependencies if file else (),
        lane=unseen if state.lane is Lane.UNINITIALIZED else state.lane,
        lane_id=_lane_id(lanes, wp_id),
        implementer=state.implementer,
        reviewer=state.reviewer,
        last_actor=state.actor,
        since=state.last_transition_at,
        review_ref=state.review_ref,
        blocked_from=state.blocked_from,
    )


def _lane_id(lanes: MissionLanes | None, wp_id: str) -> str | None:
    if lanes is None:
        return None
    try:
        lane = lanes.lane_of(wp_id)
    except WorkPackageNotInLane:
        return None
    # The planning lane is the main checkout; nobody has it to himself.
    return None if lane.is_planning else lane.lane_id
