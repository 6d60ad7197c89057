"""The work packages of a mission as a list, and who depends on one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.board import mission_board
from specify_cli.missions.dependencies import dependency_graph, reaches
from specify_cli.missions.work_packages import find_work_package, load_work_packages
from specify_cli.status.lanes import Lane, parse_lane

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.board import BoardEntry
    from specify_cli.missions.mission import Mission


class TaskList(NamedTuple):
    """Work packages, all or those of one lane.

    Attributes:
        mission_slug: The mission.
        lane: The lane asked for; None for all.
        tasks: By number.
    """

    mission_slug: str
    lane: Lane | None
    tasks: tuple[BoardEntry, ...]

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent tasks list`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "lane": None if self.lane is None else self.lane.value,
            "tasks": [task.to_json() for task in self.tasks],
            "count": len(self.tasks),
        }

    def to_text(self) -> str:
        """Return one line for each work package."""
        if not self.tasks:
            return f"No work package is in {self.lane}." if self.lane else "No work packages yet."
        return "\n".join(f"{task.lane.shown:<13} {task.to_line()}" for task in self.tasks)


class Dependents(NamedTuple):
    """Who waits for a work package, and what it waits for itself.

    Attributes:
        mission_slug: The mission.
        wp_id: The work package.
        depends_on: What it names as its dependencies.
        direct: Those that name it.
        transitive: Those that depend on it through others only.
    """

    mission_slug: str
    wp_id: str
    depends_on: tuple[str, ...]
    direct: tuple[str, ...]
    transitive: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent tasks list-dependents`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "wp_id": self.wp_id,
            "depends_on": list(self.depends_on),
            "direct_dependents": list(self.direct),
            "transitive_dependents": list(self.transitive),
        }

    def to_text(self) -> str:
        """Return the same for people."""
        lines = [f"{self.wp_id} depends on {', '.join(self.depends_on) or 'nothing'}."]
        if not self.direct:
            lines.append(f"Nothing depends on {self.wp_id}.")
            return "\n".join(lines)
        lines.append(f"On {self.wp_id} depend {', '.join(self.direct)}")
        if self.transitive:
            lines[-1] += f", and through them {', '.join(self.transitive)}"
        lines[-1] += "."
        return "\n".join(lines)


def task_list(mission: Mission, *, lane: str | None = None) -> TaskList:
    """List work packages. Writes nothing.

    Args:
        mission: The mission.
        lane: Only those of this lane; `doing` means in_progress. One that the log does not know
            counts as planned.

    Raises:
        UnknownLane: UNKNOWN_LANE.
        SpecKittyError: As `missions.board.mission_board`.
    """
    wanted = None if lane is None else parse_lane(lane)
    board = mission_board(mission)
    tasks = board.entries if wanted is None else board.lanes()[wanted]
    return TaskList(mission.slug, wanted, tasks)


def dependents(mission: Mission, wp_id: str) -> Dependents:
    """Tell who depends on a work package, directly and through others. Writes nothing.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND.
        SpecKittyError: INVALID_WORK_PACKAGE, DUPLICATE_WP_ID.
    """
    package = find_work_package(mission, wp_id)
    graph = dependency_graph(load_work_packages(mission))
    direct = tuple(one for one, needs in graph.items() if package.id in needs)
    through = tuple(one for one in graph if one not in direct and package.id in reaches(graph, one))
    return Dependents(mission.slug, package.id, package.dependencies, direct, through)
