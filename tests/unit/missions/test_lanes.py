from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.missions.dependencies import DependencyCycle, UnknownDependency, find_cycle
from specify_cli.missions.lane_assignment import (
    LaneDependencyCycle,
    StartedLanesCollide,
    compute_lanes,
    lanes_bytes,
)
from specify_cli.missions.lanes import (
    LanesCorrupt,
    LanesMissing,
    WorkPackageNotInLane,
    lane_name,
    load_lanes,
)
from specify_cli.missions.work_packages import load_work_packages
from tests.unit.missions.mission_files import SLUG, make_mission, write_work_package

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.missions.mission import Mission

_NOW = "2026-11-21T07:13:00.123456+00:00"


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    return make_mission(tmp_path)


def _compute(mission: Mission, **options: Any) -> dict[str, Any]:
    manifest = compute_lanes(
        mission,
        load_work_packages(mission),
        computed_at=_NOW,
        planning_commit_sha=None,
        **options,
    )
    # Through JSON, as a reader sees it.
    document: dict[str, Any] = json.loads(lanes_bytes(manifest))
    return document


def _members(manifest: dict[str, Any]) -> dict[str, list[str]]:
    return {lane["lane_id"]: lane["wp_ids"] for lane in manifest["lanes"]}


def test_independent_work_packages_get_lanes_of_their_own(mission: Mission) -> None:
    write_work_package(mission, 1)
    write_work_package(mission, 2)
    write_work_package(mission, 3, depends=[1, 2])
    manifest = _compute(mission)
    assert _members(manifest) == {"lane-a": ["WP01"], "lane-b": ["WP02"], "lane-c": ["WP03"]}
    third = manifest["lanes"][2]
    assert third["depends_on_lanes"] == ["lane-a", "lane-b"]
    assert [lane["parallel_group"] for lane in manifest["lanes"]] == [0, 0, 1]
    assert manifest["mission_branch"] == manifest["target_branch"] == "kitty/mission-todo"


def test_work_packages_that_may_change_one_file_share_a_lane_in_dependency_order(
    mission: Mission,
) -> None:
    write_work_package(mission, 1, owns=["src/**"], depends=[3])
    write_work_package(mission, 2, owns=["docs/a.md"])
    write_work_package(mission, 3, owns=["src/a.py"])
    manifest = _compute(mission)
    assert _members(manifest) == {"lane-a": ["WP03", "WP01"], "lane-b": ["WP02"]}
    assert manifest["lanes"][0]["write_scope"] == ["src/**", "src/a.py"]
    report = manifest["collapse_report"]
    assert report["by_rule"] == {"write_scope_overlap": 1}
    assert report["independent_wps_collapsed"] == 0
    assert "'src/**' and 'src/a.py'" in report["events"][0]["evidence"]


def test_a_folder_and_a_file_whose_name_begins_alike_do_not_share_a_lane(mission: Mission) -> None:
    write_work_package(mission, 1, owns=["src/foo"])
    write_work_package(mission, 2, owns=["src/foobar.py"])
    assert len(_members(_compute(mission))) == 2


def test_planning_work_packages_share_the_lane_of_the_main_checkout(mission: Mission) -> None:
    write_work_package(mission, 1)
    write_work_package(mission, 2, mode="planning_artifact", depends=[1], owns=["docs/**"])
    write_work_package(mission, 3, mode="planning_artifact", owns=["docs/**"])
    manifest = _compute(mission)
    assert _members(manifest) == {"lane-a": ["WP01"], "lane-planning": ["WP02", "WP03"]}
    assert manifest["planning_artifact_wps"] == ["WP02", "WP03"]
    (mission.directory / "lanes.json").write_text(json.dumps(manifest), encoding="utf-8")
    lane = load_lanes(mission).lane_of("WP02")
    assert (lane.branch, lane.worktree, lane.is_planning) == (
        mission.target_branch,
        mission.root,
        True,
    )


def test_lanes_that_would_wait_for_each_other_become_one(mission: Mission) -> None:
    # WP01 and WP04 share files; WP02 sits between them.
    write_work_package(mission, 1, owns=["src/a.py"])
    write_work_package(mission, 2, owns=["src/b.py"], depends=[1])
    write_work_package(mission, 3, owns=["src/c.py"])
    write_work_package(mission, 4, owns=["src/a.py"], depends=[2])
    manifest = _compute(mission)
    assert _members(manifest) == {"lane-a": ["WP01", "WP02", "WP04"], "lane-b": ["WP03"]}
    assert manifest["collapse_report"]["by_rule"] == {"lane_cycle": 1, "write_scope_overlap": 1}


def test_a_cycle_through_the_planning_lane_is_refused_with_its_members(mission: Mission) -> None:
    write_work_package(mission, 1, mode="planning_artifact", owns=["docs/a.md"])
    write_work_package(mission, 2, depends=[1])
    write_work_package(mission, 3, mode="planning_artifact", owns=["docs/b.md"], depends=[2])
    with pytest.raises(LaneDependencyCycle) as caught:
        _compute(mission)
    assert caught.value.code == "LANE_DEPENDENCY_CYCLE"
    assert caught.value.details["members"] == {
        "lane-a": ["WP02"],
        "lane-planning": ["WP01", "WP03"],
    }


def test_a_dependency_cycle_is_refused_with_its_members(mission: Mission) -> None:
    write_work_package(mission, 1)
    write_work_package(mission, 2, depends=[4])
    write_work_package(mission, 3, depends=[2])
    write_work_package(mission, 4, depends=[3])
    with pytest.raises(DependencyCycle) as caught:
        _compute(mission)
    assert caught.value.code == "DEPENDENCY_CYCLE"
    assert caught.value.details["members"] == ["WP02", "WP04", "WP03"]


def test_a_dependency_on_itself_is_a_cycle(mission: Mission) -> None:
    write_work_package(mission, 1, depends=[1])
    with pytest.raises(DependencyCycle, match="WP01 -> WP01"):
        _compute(mission)


def test_an_unknown_dependency_is_refused(mission: Mission) -> None:
    write_work_package(mission, 1, depends=[9])
    with pytest.raises(UnknownDependency, match="WP09"):
        _compute(mission)


def test_lane_names_carry_over_after_z() -> None:
    names = [lane_name(index) for index in (0, 25, 26, 27, 51, 52, 701, 702)]
    assert names == [
        "lane-a", "lane-z", "lane-aa", "lane-ab", "lane-az", "lane-ba", "lane-zz", "lane-aaa",
    ]  # fmt: skip
    assert len({lane_name(index) for index in range(2000)}) == 2000


def test_forty_lanes_are_named_and_ordered_by_length_then_name(mission: Mission) -> None:
    for number in range(1, 41):
        write_work_package(mission, number)
    manifest = _compute(mission)
    assert [lane["lane_id"] for lane in manifest["lanes"]] == [lane_name(i) for i in range(40)]
    (mission.directory / "lanes.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert [lane.lane_id for lane in load_lanes(mission).lanes][24:28] == [
        "lane-y", "lane-z", "lane-aa", "lane-ab",
    ]  # fmt: skip


def test_a_started_lane_keeps_its_name_and_members_when_work_packages_are_added(
    mission: Mission,
) -> None:
    write_work_package(mission, 2)
    write_work_package(mission, 4)
    before = _members(_compute(mission))
    assert before == {"lane-a": ["WP02"], "lane-b": ["WP04"]}
    write_work_package(mission, 1)
    write_work_package(mission, 5, owns=["src/part4/x.py"])
    after = _members(_compute(mission, started={"lane-b": ["WP04"]}))
    assert after == {"lane-a": ["WP01"], "lane-b": ["WP04", "WP05"], "lane-c": ["WP02"]}


def test_a_new_work_package_cannot_tie_two_started_lanes_together(mission: Mission) -> None:
    write_work_package(mission, 1)
    write_work_package(mission, 2)
    write_work_package(mission, 3, owns=["src/**"])
    with pytest.raises(StartedLanesCollide) as caught:
        _compute(mission, started={"lane-a": ["WP01"], "lane-b": ["WP02"]})
    assert caught.value.details["lanes"] == ["lane-a", "lane-b"]


def test_a_lane_knows_its_branch_and_its_worktree(mission: Mission) -> None:
    write_work_package(mission, 1)
    (mission.directory / "lanes.json").write_text(json.dumps(_compute(mission)), encoding="utf-8")
    lanes = load_lanes(mission)
    lane = lanes.lane_of("WP01")
    assert lane.branch == f"kitty/mission-{SLUG}-lane-a"
    assert lane.worktree == mission.root / ".worktrees" / f"{SLUG}-lane-a"
    assert lanes.lane("lane-a") == lane
    assert lanes.lane("lane-b") is None
    with pytest.raises(WorkPackageNotInLane) as caught:
        lanes.lane_of("WP02")
    assert "finalize-tasks" in caught.value.fix


def test_missing_lanes_say_how_to_make_them(mission: Mission) -> None:
    with pytest.raises(LanesMissing) as caught:
        load_lanes(mission)
    assert "finalize-tasks" in caught.value.fix


def _lane(**changes: Any) -> dict[str, Any]:
    return {"lane_id": "lane-a", "wp_ids": ["WP01"], "depends_on_lanes": [], **changes}


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "[]",
        {"version": 2, "lanes": []},
        {"version": 1},
        {"version": 1, "lanes": ["lane-a"]},
        {"version": 1, "lanes": [_lane(lane_id="../../x")]},
        {"version": 1, "lanes": [_lane(wp_ids="WP01")]},
        {"version": 1, "lanes": [_lane(parallel_group="1")]},
        {"version": 1, "lanes": [_lane(depends_on_lanes=["lane-x"])]},
        {"version": 1, "lanes": [_lane(), _lane()]},
        {"version": 1, "lanes": [_lane(), _lane(lane_id="lane-b")]},
    ],
)
def test_unusable_lanes_are_an_error_that_names_the_file(
    mission: Mission, document: dict[str, Any] | str
) -> None:
    text = document if isinstance(document, str) else json.dumps(document)
    (mission.directory / "lanes.json").write_text(text, encoding="utf-8")
    with pytest.raises(LanesCorrupt, match=rf"kitty-specs/{SLUG}/lanes\.json"):
        load_lanes(mission)


def test_lanes_with_keys_of_a_newer_version_are_read(mission: Mission) -> None:
    document = {"version": 1, "lanes": [_lane(colour="red")], "more": 1}
    (mission.directory / "lanes.json").write_text(json.dumps(document), encoding="utf-8")
    assert load_lanes(mission).lane_of("WP01").lane_id == "lane-a"


def test_a_cycle_deep_in_a_long_chain_is_found() -> None:
    graph = {str(node): (str(node + 1),) for node in range(5000)}
    assert find_cycle(graph) == ()
    graph["4999"] = ("4998",)
    assert find_cycle(graph) == ("4998", "4999")
