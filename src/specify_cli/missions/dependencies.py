"""The order of things that depend on each other: cycles, topological order, depth."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board

_SATISFIED = frozenset({Lane.APPROVED, Lane.DONE})

Graph = dict[str, tuple[str, ...]]
"""Node to the nodes it depends on, in the order in which nodes are preferred."""


class DependencyCycle(SpecKittyError):
    """Work packages wait for each other; `details.members` lists them in order."""

    code = "DEPENDENCY_CYCLE"


class UnknownDependency(SpecKittyError):
    """A work package depends on one that does not exist."""

    code = "UNKNOWN_DEPENDENCY"


def unmet_dependencies(wp_ids: Iterable[str], board: Board) -> tuple[str, ...]:
    """Return those of the work packages that are not approved yet."""
    return tuple(wp_id for wp_id in wp_ids if board.lane(wp_id) not in _SATISFIED)


def dependency_graph(packages: Sequence[WorkPackage]) -> Graph:
    """Return who depends on whom; dependencies on unknown ids are left out."""
    known = {package.id for package in packages}
    return {
        package.id: tuple(wp_id for wp_id in package.dependencies if wp_id in known)
        for package in packages
    }


def check_dependencies(packages: Sequence[WorkPackage]) -> Graph:
    """Return the dependency graph of a consistent set of work packages.

    Raises:
        UnknownDependency: UNKNOWN_DEPENDENCY.
        DependencyCycle: DEPENDENCY_CYCLE with the members in `details.members`.
    """
    known = {package.id for package in packages}
    for package in packages:
        for wp_id in package.dependencies:
            if wp_id not in known:
                raise UnknownDependency(
                    f"{package.path.name}: {package.id} depends on {wp_id}, which does not exist.",
                    fix=f"Remove {wp_id} from dependencies, or write its file in tasks/.",
                    details={"wp_id": package.id, "dependency": wp_id},
                )
    graph = dependency_graph(packages)
    cycle = find_cycle(graph)
    if cycle:
        raise DependencyCycle(
            f"the work packages wait for each other: {' -> '.join((*cycle, cycle[0]))}.",
            fix=f"Remove one of these dependencies, for example {cycle[1 % len(cycle)]} from {cycle[0]}.",
            details={"members": [*cycle]},
        )
    return graph


def find_cycle(graph: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return the members of one cycle, each depending on the next; empty when there is none."""
    finished: set[str] = set()
    for start in graph:
        path: list[str] = []
        on_path: dict[str, int] = {}
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            node, leaving = stack.pop()
            if leaving:
                finished.add(node)
                path.pop()
                del on_path[node]
                continue
            if node in on_path:
                return tuple(path[on_path[node] :])
            if node in finished:
                continue
            on_path[node] = len(path)
            path.append(node)
            stack.append((node, True))
            # Reversed, because the stack hands them out from its end.
            stack.extend((child, False) for child in reversed(tuple(graph.get(node, ()))))
    return ()


def topological_order(graph: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Return every node after those it depends on; the graph's own order breaks ties.

    Nodes of a cycle are left out.
    """
    waiting = {
        node: {child for child in children if child in graph} for node, children in graph.items()
    }
    order: list[str] = []
    while True:
        ready = next((node for node, children in waiting.items() if not children), None)
        if ready is None:
            return tuple(order)
        del waiting[ready]
        order.append(ready)
        for children in waiting.values():
            children.discard(ready)


def depths(graph: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """Return the length of the longest chain below each node; 0 for one without dependencies."""
    depth: dict[str, int] = {}
    for node in topological_order(graph):
        depth[node] = max((depth[child] + 1 for child in graph[node] if child in depth), default=0)
    return depth


def reaches(graph: Mapping[str, Iterable[str]], start: str) -> frozenset[str]:
    """Return everything that `start` depends on, directly or through others."""
    seen: set[str] = set()
    todo = deque(graph.get(start, ()))
    while todo:
        node = todo.popleft()
        if node not in seen:
            seen.add(node)
            todo.extend(graph.get(node, ()))
    return frozenset(seen)
