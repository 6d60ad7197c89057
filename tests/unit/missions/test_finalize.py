from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.kernel.gate import check
from specify_cli.missions.finalize import TasksInvalid, finalize_tasks
from specify_cli.missions.lanes import load_lanes
from specify_cli.missions.mission import mission_log
from specify_cli.missions.work_packages import find_work_package
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest
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
    return planned_mission(project)


def _tasks(mission: Mission, *numbers: int) -> None:
    write_tasks_index(mission, *numbers)
    for number in numbers:
        write_work_package(mission, number)


def _problems(project: Project, mission: Mission) -> list[dict[str, Any]]:
    before = _state(mission)
    with pytest.raises(TasksInvalid) as caught:
        finalize_tasks(project, mission, actor="claude")
    assert caught.value.code == "TASKS_INVALID"
    assert _state(mission) == before
    problems: Any = caught.value.details["problems"]
    assert all(problem["file"] and problem["fix"] for problem in problems)
    return list(problems)


def _said(problems: list[dict[str, Any]]) -> str:
    return "\n".join(f"{item['file']}: {item['problem']}" for item in problems)


def _state(mission: Mission) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in mission.directory.rglob("*") if path.is_file()}


def _board(project: Project, mission: Mission) -> dict[str, Lane]:
    board = MissionStatus.load(mission_log(project, mission)).board
    return {wp_id: state.lane for wp_id, state in board.work_packages.items()}


def test_people_are_told_every_problem_with_its_fix(project: Project, mission: Mission) -> None:
    _tasks(mission, *range(1, 9))
    for path in mission.tasks_directory.glob("WP*.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("dependencies: [", "dependencies: [WP77, "), encoding="utf-8")
    with pytest.raises(TasksInvalid) as caught:
        finalize_tasks(project, mission, actor="claude")
    text = caught.value.to_text()
    problems: Any = caught.value.details["problems"]
    assert len(problems) > 5
    assert "more)" not in text
    for problem in problems:
        assert f": {problem['problem']}\n    fix: {problem['fix']}\n" in text


def test_the_report_names_the_next_command(project: Project, mission: Mission) -> None:
    _tasks(mission, 1)
    looked = finalize_tasks(project, mission, actor="claude", validate_only=True)
    assert looked.to_text().endswith(f"Next: spec-kitty tasks --mission {mission.slug}")
    done = finalize_tasks(project, mission, actor="claude").to_text()
    assert "Next: spec-kitty next --agent <your-name> --mission" in done.splitlines()[-1]


def test_finalising_seeds_every_work_package_in_one_commit(
    project: Project, mission: Mission
) -> None:
    _tasks(mission, 1, 2, 3)
    commits = git(project.root, "rev-list", "--count", "HEAD")
    report = finalize_tasks(project, mission, actor="claude")
    assert report.seeded == ("WP01", "WP02", "WP03")
    assert _board(project, mission) == dict.fromkeys(("WP01", "WP02", "WP03"), Lane.PLANNED)
    assert int(git(project.root, "rev-list", "--count", "HEAD")) == int(commits) + 1
    assert git(project.root, "rev-parse", "HEAD") == report.commit
    committed = git(project.root, "show", "--format=", "--name-only", "HEAD").splitlines()
    assert {name.rsplit("/", 1)[1] for name in committed} == {
        "WP01-part.md", "WP02-part.md", "WP03-part.md", "tasks.md", "lanes.json",
        "status.events.jsonl", "status.json",
    }  # fmt: skip
    assert git(project.root, "status", "--porcelain", "--", "kitty-specs") == ""


def test_each_seed_is_a_row_from_genesis_to_planned_by_the_actor(
    project: Project, mission: Mission
) -> None:
    _tasks(mission, 1)
    finalize_tasks(project, mission, actor="claude")
    row = json.loads(mission.log_file.read_text(encoding="utf-8").splitlines()[-1])
    assert (row["from_lane"], row["to_lane"], row["actor"]) == ("genesis", "planned", "claude")
    check("status_row", row)


def test_the_frontmatter_is_completed_and_keeps_comments_and_order(
    project: Project, mission: Mission
) -> None:
    _tasks(mission, 1)
    path = mission.tasks_directory / "WP01-part.md"
    text = path.read_text(encoding="utf-8").replace(
        "title: Part 1", "# a note of the author\ntitle: 'Part 1'\npriority: 3"
    )
    path.write_text(text, encoding="utf-8")
    finalize_tasks(project, mission, actor="claude")
    written = path.read_text(encoding="utf-8")
    assert "# a note of the author\ntitle: 'Part 1'\npriority: 3\n" in written
    assert written.split("---\n", 2)[2] == text.split("---\n", 2)[2]
    package = find_work_package(mission, "WP01")
    check("wp_frontmatter", dict(package.frontmatter))
    assert package.frontmatter["planning_base_branch"] == mission.target_branch
    assert package.frontmatter["merge_target_branch"] == mission.target_branch
    assert package.frontmatter["subtasks"] == ["T011", "T012"]


def test_windows_line_ends_of_a_work_package_stay(project: Project, mission: Mission) -> None:
    _tasks(mission, 1)
    path = mission.tasks_directory / "WP01-part.md"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    finalize_tasks(project, mission, actor="claude")
    data = path.read_bytes()
    assert b"planning_base_branch" in data
    assert data.count(b"\r\n") == data.count(b"\n")


def test_running_it_again_changes_nothing(project: Project, mission: Mission) -> None:
    _tasks(mission, 1, 2)
    finalize_tasks(project, mission, actor="claude")
    head, files = git(project.root, "rev-parse", "HEAD"), _state(mission)
    again = finalize_tasks(project, mission, actor="codex")
    assert (again.commit, again.seeded, again.files) == (None, (), ())
    assert git(project.root, "rev-parse", "HEAD") == head
    assert _state(mission) == files
    assert "nothing has changed" in again.to_text()


def test_a_work_package_written_later_is_added(project: Project, mission: Mission) -> None:
    _tasks(mission, 1)
    finalize_tasks(project, mission, actor="claude")
    _tasks(mission, 1, 2)
    report = finalize_tasks(project, mission, actor="claude")
    assert report.seeded == ("WP02",)
    assert load_lanes(mission).lane_of("WP02").lane_id == "lane-b"


def test_a_lane_with_work_in_it_stays_when_work_packages_are_added(
    project: Project, mission: Mission
) -> None:
    _tasks(mission, 2)
    finalize_tasks(project, mission, actor="claude")
    with MissionStatus.change(mission_log(project, mission), message="Claim WP02") as change:
        change.transition(TransitionRequest("WP02", Lane.CLAIMED, "claude"))
    _tasks(mission, 1)
    write_tasks_index(mission, 1, 2)
    finalize_tasks(project, mission, actor="claude")
    lanes = load_lanes(mission)
    assert lanes.lane_of("WP02").lane_id == "lane-a"
    assert lanes.lane_of("WP01").lane_id == "lane-b"


def test_two_lanes_with_work_in_them_are_never_united(project: Project, mission: Mission) -> None:
    _tasks(mission, 1, 2)
    finalize_tasks(project, mission, actor="claude")
    with MissionStatus.change(mission_log(project, mission), message="Claim both") as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
        change.transition(TransitionRequest("WP02", Lane.CLAIMED, "codex"))
    write_tasks_index(mission, 1, 2, 3)
    write_work_package(mission, 3, owns=["src/**"])
    problems = _problems(project, mission)
    assert [problem["code"] for problem in problems] == ["STARTED_LANES_COLLIDE"]


def test_validate_only_writes_nothing(project: Project, mission: Mission) -> None:
    _tasks(mission, 1)
    before = _state(mission)
    report = finalize_tasks(project, mission, actor="claude", validate_only=True)
    assert (report.validate_only, report.commit, report.seeded) == (True, None, ())
    assert report.lanes == {"lane-a": ("WP01",)}
    assert _state(mission) == before
    assert "nothing was written" in report.to_text()


def test_a_shared_lane_is_explained(project: Project, mission: Mission) -> None:
    write_tasks_index(mission, 1, 2)
    write_work_package(mission, 1, owns=["src/**"])
    write_work_package(mission, 2, owns=["src/a.py"])
    report = finalize_tasks(project, mission, actor="claude")
    assert report.lanes == {"lane-a": ("WP01", "WP02")}
    assert "WP01 and WP02 share lane-a" in report.notes[0]
    assert report.notes[0] in report.to_text()


def test_all_problems_are_reported_at_once(project: Project, mission: Mission) -> None:
    write_tasks_index(mission, 1, 2, 3)
    write_work_package(mission, 1, depends=[2])
    write_work_package(mission, 2, depends=[1, 7], refs=["FR-001", "FR-009"])
    path = write_work_package(mission, 3, refs=["FR-001"])
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r"owned_files: .*\n", "", text), encoding="utf-8")
    (mission.tasks_directory / "WP04-broken.md").write_text("---\na: [\n---\n", encoding="utf-8")
    said = _said(_problems(project, mission))
    for expected in (
        "WP04-broken.md: ",
        "tasks/WP03-part.md: the key owned_files is missing",
        "tasks/WP02-part.md: it depends on WP07, which does not exist",
        "tasks/WP02-part.md: requirement_refs: 'FR-009' is not in",
        "wait for each other: WP01 -> WP02 -> WP01",
    ):
        assert expected in said


@pytest.mark.parametrize("key", ["dependencies", "owned_files", "requirement_refs"])
def test_a_missing_key_is_a_problem_and_never_filled_with_a_guess(
    project: Project, mission: Mission, key: str
) -> None:
    _tasks(mission, 1)
    path = mission.tasks_directory / "WP01-part.md"
    text = re.sub(rf"^{key}: .*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    path.write_text(text, encoding="utf-8")
    assert f"the key {key} is missing" in _said(_problems(project, mission))


@pytest.mark.parametrize(
    ("owned", "problem"),
    [
        ([], "owned_files is empty"),
        (["../x"], "leaves the project"),
        (["/etc/x"], "not relative"),
        (["src\\x.py"], "backslash"),
        (["kitty-specs/x.md"], "cannot be changed from a worktree"),
        (["src/{a,b}.py"], "braces"),
    ],
)
def test_ownership_that_cannot_work_is_a_problem(
    project: Project, mission: Mission, owned: list[str], problem: str
) -> None:
    write_tasks_index(mission, 1)
    write_work_package(mission, 1, owns=owned)
    assert problem in _said(_problems(project, mission))


def test_files_to_create_must_be_owned(project: Project, mission: Mission) -> None:
    _tasks(mission, 1)
    path = mission.tasks_directory / "WP01-part.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("title:", "create_intent: [docs/x.md]\ntitle:"), encoding="utf-8")
    assert "'docs/x.md' is not among the owned files" in _said(_problems(project, mission))


def test_an_uncovered_functional_requirement_is_a_problem(
    project: Project, mission: Mission
) -> None:
    write_tasks_index(mission, 1)
    write_work_package(mission, 1, refs=["FR-001"])
    problems = _problems(project, mission)
    assert [problem["code"] for problem in problems] == ["UNCOVERED_REQUIREMENT"]
    assert "FR-002 is served by no work package" in problems[0]["problem"]


def test_two_files_with_one_id_are_a_problem_that_names_both(
    project: Project, mission: Mission
) -> None:
    _tasks(mission, 1)
    write_work_package(mission, 1, name="twin")
    problems = _problems(project, mission)
    assert problems[0]["code"] == "DUPLICATE_WP_ID"
    assert "WP01-part.md" in problems[0]["problem"]
    assert "WP01-twin.md" in problems[0]["problem"]


def test_one_subtask_id_in_two_work_packages_is_a_problem(
    project: Project, mission: Mission
) -> None:
    _tasks(mission, 1, 2)
    path = mission.tasks_directory / "WP02-part.md"
    path.write_text(path.read_text().replace("T021", "T011"), encoding="utf-8")
    assert "subtask T011 is in WP01 already" in _said(_problems(project, mission))


def test_a_missing_or_incomplete_tasks_md_is_a_problem(project: Project, mission: Mission) -> None:
    write_work_package(mission, 1)
    assert "tasks.md: looked for the document, found no such file" in _said(
        _problems(project, mission)
    )
    write_tasks_index(mission, 2)
    assert "tasks.md: it has no section for WP01" in _said(_problems(project, mission))


def test_a_mission_without_work_packages_cannot_be_finalised(
    project: Project, mission: Mission
) -> None:
    write_tasks_index(mission)
    assert "there are no work package files" in _said(_problems(project, mission))


def test_a_dependency_cycle_is_a_problem_with_its_members(
    project: Project, mission: Mission
) -> None:
    write_tasks_index(mission, 1, 2)
    write_work_package(mission, 1, depends=[2])
    write_work_package(mission, 2, depends=[1])
    problems = _problems(project, mission)
    assert [problem["code"] for problem in problems] == ["DEPENDENCY_CYCLE"]


def test_a_file_whose_name_is_nearly_right_is_pointed_out(
    project: Project, mission: Mission
) -> None:
    _tasks(mission, 1)
    (mission.tasks_directory / "wp2-store.md").write_text("x", encoding="utf-8")
    report = finalize_tasks(project, mission, actor="claude")
    assert "wp2-store.md is not taken for a work package" in report.notes[-1]


def test_the_example_in_the_tasks_readme_is_accepted_as_it_stands(
    project: Project, mission: Mission
) -> None:
    readme = (mission.tasks_directory / "README.md").read_text(encoding="utf-8")
    package, index = re.findall(r"```markdown\n(.*?)```", readme, re.DOTALL)
    (mission.tasks_directory / "WP01-store.md").write_text(package, encoding="utf-8")
    write_work_package(mission, 2, depends=[1], refs=["FR-002"])
    (mission.directory / "tasks.md").write_text(index, encoding="utf-8")
    report = finalize_tasks(project, mission, actor="claude")
    assert report.lanes == {"lane-a": ("WP01",), "lane-b": ("WP02",)}
    written = find_work_package(mission, "WP01").frontmatter
    documented = set(re.findall(r"^\| `([a-z_]+)` \|", readme, re.MULTILINE))
    added = {"planning_base_branch", "merge_target_branch"}
    assert set(written) <= documented | added
    assert all(f"`{key}`" in readme for key in written)
