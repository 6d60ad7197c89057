from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.finalize import finalize_tasks
from specify_cli.missions.mission import mission_log
from specify_cli.missions.subtasks import (
    SubtaskAmbiguous,
    SubtaskNotFound,
    mark_subtasks,
    outstanding_subtasks,
)
from specify_cli.missions.work_packages import find_work_package
from specify_cli.status.mission_status import MissionStatus
from tests.conftest import git
from tests.unit.missions.mission_files import (
    planned_mission,
    project_at,
    write_tasks_index,
    write_work_package,
)

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission


@pytest.fixture
def project(repository: Path) -> Project:
    return project_at(repository)


@pytest.fixture
def mission(project: Project) -> Mission:
    mission = planned_mission(project)
    write_tasks_index(mission, 1, 2)
    write_work_package(mission, 1)
    write_work_package(mission, 2)
    finalize_tasks(project, mission, actor="claude")
    return mission


def _outstanding(project: Project, mission: Mission, wp_id: str) -> tuple[str, ...]:
    board = MissionStatus.load(mission_log(project, mission)).board
    return outstanding_subtasks(mission, find_work_package(mission, wp_id), board)


def test_several_subtasks_are_marked_in_one_commit(project: Project, mission: Mission) -> None:
    before = int(git(project.root, "rev-list", "--count", "HEAD"))
    marked = mark_subtasks(project, mission, ["T011", "t022", "T012"], "done", "claude")
    assert marked.marked == (("T011", "WP01"), ("T022", "WP02"), ("T012", "WP01"))
    assert int(git(project.root, "rev-list", "--count", "HEAD")) == before + 1
    rows = [json.loads(line) for line in mission.log_file.read_text().splitlines()][-2:]
    assert [(row["kind"], row["wp_id"], row["delta"]["subtasks"]) for row in rows] == [
        ("annotation", "WP01", {"T011": "done", "T012": "done"}),
        ("annotation", "WP02", {"T022": "done"}),
    ]
    assert _outstanding(project, mission, "WP01") == ()
    assert _outstanding(project, mission, "WP02") == ("T021",)


def test_a_subtask_can_be_reopened(project: Project, mission: Mission) -> None:
    mark_subtasks(project, mission, ["T011"], "done", "claude")
    mark_subtasks(project, mission, ["T011"], "pending", "claude")
    assert _outstanding(project, mission, "WP01") == ("T011", "T012")


def test_marking_what_is_marked_already_writes_nothing(project: Project, mission: Mission) -> None:
    mark_subtasks(project, mission, ["T011"], "done", "claude")
    head = git(project.root, "rev-parse", "HEAD")
    again = mark_subtasks(project, mission, ["T011"], "done", "claude")
    assert (again.marked, again.unchanged, again.commit) == ((), ("T011",), None)
    assert git(project.root, "rev-parse", "HEAD") == head


def test_a_checkbox_counts_only_while_the_log_says_nothing(
    project: Project, mission: Mission
) -> None:
    path = mission.tasks_directory / "WP01-part.md"
    path.write_text(path.read_text().replace("[ ]", "[x]"), encoding="utf-8")
    assert _outstanding(project, mission, "WP01") == ()
    mark_subtasks(project, mission, ["T011"], "pending", "claude")
    assert _outstanding(project, mission, "WP01") == ("T011",)


def test_an_unknown_subtask_is_refused_with_the_known_ones(
    project: Project, mission: Mission
) -> None:
    with pytest.raises(SubtaskNotFound) as caught:
        mark_subtasks(project, mission, ["T011", "T999"], "done", "claude")
    assert caught.value.code == "SUBTASK_NOT_FOUND"
    assert "WP01:T011" in caught.value.fix
    assert _outstanding(project, mission, "WP01") == ("T011", "T012")


def test_a_subtask_id_of_two_work_packages_needs_the_work_package(
    project: Project, mission: Mission
) -> None:
    path = mission.tasks_directory / "WP02-part.md"
    path.write_text(path.read_text() + "\n- [ ] T011 The same id again\n", encoding="utf-8")
    with pytest.raises(SubtaskAmbiguous, match="WP01 and WP02"):
        mark_subtasks(project, mission, ["T011"], "done", "claude")
    marked = mark_subtasks(project, mission, ["wp2:T011"], "done", "claude")
    assert marked.marked == (("T011", "WP02"),)
    assert "T011 of WP02 is done." in marked.to_text()
    assert marked.to_json()["marked"] == [{"id": "T011", "wp_id": "WP02"}]


def test_subtasks_can_be_named_in_the_frontmatter_alone(project: Project, mission: Mission) -> None:
    write_work_package(mission, 3, body="# Part\n\nNo checkboxes here.\n")
    path = mission.tasks_directory / "WP03-part.md"
    path.write_text(
        path.read_text().replace("title:", "subtasks: [T900]\ntitle:"), encoding="utf-8"
    )
    assert _outstanding(project, mission, "WP03") == ("T900",)
