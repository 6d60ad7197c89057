"""Which work packages share a lane, and what each lane builds on.

Work packages whose owned files can overlap share a lane, so that two worktrees never change one
file. Dependencies do not unite; they become edges between lanes.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from specify_cli.kernel import gate
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import json_document
from specify_cli.missions.dependencies import (
    check_dependencies,
    depths,
    find_cycle,
    reaches,
    topological_order,
)
from specify_cli.missions.lanes import PLANNING_LANE, lane_name
from specify_cli.missions.ownership import first_overlap
from specify_cli.missions.work_packages import PLANNING_ARTIFACT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spec_kitty_contracts.wire.lanes_manifest import (
        CollapseEvent,
        CollapseReport,
        LanesManifest,
    )
    from specify_cli.missions.dependencies import Graph
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage

SURFACE = "lanes_manifest"
COMPUTED_FROM = "dependency_graph+ownership"
_OVERLAP = "write_scope_overlap"
_CYCLE = "lane_cycle"


class LaneDependencyCycle(SpecKittyError):
    """Lanes wait for each other although their work packages do not."""

    code = "LANE_DEPENDENCY_CYCLE"


class StartedLanesCollide(SpecKittyError):
    """Two lanes that both have work in them would have to become one."""

    code = "STARTED_LANES_COLLIDE"


def compute_lanes(
    mission: Mission,
    packages: Sequence[WorkPackage],
    *,
    computed_at: str,
    planning_commit_sha: str | None,
    started: Mapping[str, Sequence[str]] | None = None,
) -> LanesManifest:
    """Compute the lanes of a mission's work packages.

    Args:
        mission: The mission.
        packages: All its work packages, in the order of their numbers.
        computed_at: The moment to record.
        planning_commit_sha: The commit that holds the plan, or None before the first commit.
        started: Lanes that already have a branch, with their work packages: they keep their name
            and their members, so that no worktree is pulled from under an agent.

    Raises:
        UnknownDependency: UNKNOWN_DEPENDENCY.
        DependencyCycle: DEPENDENCY_CYCLE.
        LaneDependencyCycle: LANE_DEPENDENCY_CYCLE: planning work packages and a code lane wait for
            each other; that lane cannot be folded into a worktree.
        StartedLanesCollide: STARTED_LANES_COLLIDE.
        ContractViolation: CONTRACT_VIOLATION.
    """
    graph = check_dependencies(packages)
    code = [package for package in packages if package.execution_mode != PLANNING_ARTIFACT]
    planning = [package for package in packages if package.execution_mode == PLANNING_ARTIFACT]
    events: list[CollapseEvent] = []
    groups = _Groups([package.id for package in code])
    kept = _unite_started(started or {}, groups)
    _unite_overlaps(code, graph, groups, events)
    _unite_cycles(graph, groups, events)

    members = _named(groups, kept)
    if planning:
        members[PLANNING_LANE] = [package.id for package in planning]
    lane_of = {wp_id: lane for lane, wp_ids in members.items() for wp_id in wp_ids}
    edges = _lane_edges(members, lane_of, graph)
    _refuse_lane_cycle(edges, members)

    order = topological_order(graph)
    depth = depths(edges)
    scope = {package.id: package.owned_files for package in packages}
    manifest: LanesManifest = {
        "version": 1,
        "mission_slug": mission.slug,
        "mission_id": mission.mission_id,
        "mission_branch": mission.target_branch,
        "target_branch": mission.target_branch,
        "lanes": [
            {
                "lane_id": lane,
                "wp_ids": [wp_id for wp_id in order if wp_id in wp_ids],
                "write_scope": sorted({glob for wp_id in wp_ids for glob in scope[wp_id]}),
                "predicted_surfaces": ["planning"] if lane == PLANNING_LANE else [],
                "depends_on_lanes": list(edges[lane]),
                "parallel_group": depth[lane],
            }
            for lane, wp_ids in members.items()
        ],
        "computed_at": computed_at,
        "computed_from": COMPUTED_FROM,
        "planning_artifact_wps": [package.id for package in planning],
        "planning_commit_sha": planning_commit_sha,
        "collapse_report": _report(events, graph),
    }
    gate.check(SURFACE, manifest)
    return manifest


def lanes_bytes(manifest: LanesManifest) -> bytes:
    """Render `lanes.json`."""
    return json_document(manifest)


class _Groups:
    """Union-find over work package ids; a group is named by its smallest member."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._rank = {wp_id: rank for rank, wp_id in enumerate(ids)}
        self._parent = {wp_id: wp_id for wp_id in ids}

    def __contains__(self, wp_id: str) -> bool:
        return wp_id in self._rank

    def find(self, wp_id: str) -> str:
        while self._parent[wp_id] != wp_id:
            self._parent[wp_id] = self._parent[self._parent[wp_id]]
            wp_id = self._parent[wp_id]
        return wp_id

    def unite(self, a: str, b: str) -> bool:
        first, second = sorted((self.find(a), self.find(b)), key=self._rank.__getitem__)
        self._parent[second] = first
        return first != second

    def groups(self) -> list[list[str]]:
        found: dict[str, list[str]] = {}
        for wp_id in self._parent:
            found.setdefault(self.find(wp_id), []).append(wp_id)
        return sorted(found.values(), key=lambda group: self._rank[group[0]])


def _unite_started(
    started: Mapping[str, Sequence[str]], groups: _Groups
) -> dict[str, tuple[str, ...]]:
    kept: dict[str, tuple[str, ...]] = {}
    for lane, wp_ids in started.items():
        present = tuple(wp_id for wp_id in wp_ids if wp_id in groups)
        if present and lane != PLANNING_LANE:
            kept[lane] = present
            for wp_id in present[1:]:
                groups.unite(present[0], wp_id)
    return kept


def _named(groups: _Groups, kept: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Name the groups: started lanes keep theirs, the others take the free letters in order."""
    name_of: dict[str, str] = {}
    for lane, wp_ids in kept.items():
        group = groups.find(wp_ids[0])
        if group in name_of:
            raise StartedLanesCollide(
                f"{name_of[group]} and {lane} would have to become one lane, but both have work in "
                "them.",
                fix="Narrow owned_files or dependencies of the new work packages, so that none of "
                f"them ties {name_of[group]} and {lane} together.",
                details={"lanes": [name_of[group], lane]},
            )
        name_of[group] = lane
    free = (name for name in map(lane_name, count()) if name not in kept)
    named = {
        name_of[group[0]] if group[0] in name_of else next(free): group for group in groups.groups()
    }
    return dict(sorted(named.items(), key=lambda item: (len(item[0]), item[0])))


def _unite_overlaps(
    code: Sequence[WorkPackage], graph: Graph, groups: _Groups, events: list[CollapseEvent]
) -> None:
    for position, package in enumerate(code):
        for other in code[position + 1 :]:
            if groups.find(package.id) == groups.find(other.id):
                continue
            overlap = first_overlap(package.owned_files, other.owned_files)
            if overlap is not None and groups.unite(package.id, other.id):
                evidence = f"both may change the same file: '{overlap[0]}' and '{overlap[1]}'"
                ordered = _ordered(graph, package.id, other.id)
                if ordered:
                    evidence += f"; {ordered}"
                events.append(
                    {"wp_a": package.id, "wp_b": other.id, "rule": _OVERLAP, "evidence": evidence}
                )


def _unite_cycles(graph: Graph, groups: _Groups, events: list[CollapseEvent]) -> None:
    """Fold lanes that would wait for each other into one: slower, but it can be done."""
    while True:
        lanes = {group[0]: group for group in groups.groups()}
        lane_of = {wp_id: lane for lane, group in lanes.items() for wp_id in group}
        cycle = find_cycle(_lane_edges(lanes, lane_of, graph))
        if not cycle:
            return
        listed = ", ".join("+".join(lanes[lane]) for lane in cycle)
        for lane in cycle[1:]:
            groups.unite(cycle[0], lane)
            events.append(
                {
                    "wp_a": cycle[0],
                    "wp_b": lane,
                    "rule": _CYCLE,
                    "evidence": f"as lanes of their own they would wait for each other: {listed}",
                }
            )


def _lane_edges(
    members: Mapping[str, Sequence[str]], lane_of: Mapping[str, str], graph: Graph
) -> Graph:
    position = {lane: index for index, lane in enumerate(members)}
    return {
        lane: tuple(
            sorted(
                {
                    lane_of[needed]
                    for wp_id in wp_ids
                    for needed in graph[wp_id]
                    if lane_of.get(needed, lane) != lane
                },
                key=position.__getitem__,
            )
        )
        for lane, wp_ids in members.items()
    }


def _refuse_lane_cycle(edges: Graph, members: Mapping[str, Sequence[str]]) -> None:
    cycle = find_cycle(edges)
    if cycle:
        listed = " -> ".join(f"{lane} ({', '.join(members[lane])})" for lane in cycle)
        raise LaneDependencyCycle(
            f"these lanes wait for each other: {listed} -> {cycle[0]}.",
            fix="Split the planning_artifact work packages: those that code needs first and those "
            "that need code must not depend on each other through one code lane.",
            details={"members": {lane: [*members[lane]] for lane in cycle}},
        )


def _ordered(graph: Graph, a: str, b: str) -> str | None:
    if a in reaches(graph, b):
        return f"{b} depends on {a}"
    if b in reaches(graph, a):
        return f"{a} depends on {b}"
    return None


def _report(events: list[CollapseEvent], graph: Graph) -> CollapseReport:
    by_rule: dict[str, int] = {}
    for event in events:
        by_rule[event["rule"]] = by_rule.get(event["rule"], 0) + 1
    independent = {
        wp_id
        for event in events
        if _ordered(graph, event["wp_a"], event["wp_b"]) is None
        for wp_id in (event["wp_a"], event["wp_b"])
    }
    return {
        "events": events,
        "total_merges": len(events),
        "independent_wps_collapsed": len(independent),
        "by_rule": by_rule,
    }
