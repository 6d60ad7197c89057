from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.mission_runtime.context import resolve_context
from specify_cli.missions.lanes import LanesMissing
from specify_cli.missions.work_packages import find_work_package
from tests.unit.missions.mission_files import write_work_package
from tests.unit.next.lab import Lab

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lab(repository: Path) -> Lab:
    return Lab.create(repository)


def test_a_planning_step_works_in_the_main_checkout_and_writes_the_missions_folder(
    lab: Lab,
) -> None:
    found = resolve_context(lab.mission, "plan", agent="claude")
    assert found.workspace == found.primary_root == lab.root
    assert found.read_dir == found.write_dir == lab.mission.directory
    assert found.branch == found.target_branch == f"kitty/mission-{lab.slug}"
    assert found.wp_id is None


def test_implementing_reads_the_main_checkout_and_writes_the_worktree(lab: Lab) -> None:
    lab.plan_out()
    package = find_work_package(lab.mission, "WP02")
    found = resolve_context(lab.mission, "implement", agent="claude", work_package=package)
    assert found.workspace == found.write_dir == lab.root / ".worktrees" / f"{lab.slug}-lane-b"
    assert found.read_dir == lab.mission.directory
    assert found.primary_root == lab.root
    assert found.branch == f"kitty/mission-{lab.slug}-lane-b"
    assert found.lane_id == "lane-b"
    assert found.target_branch == f"kitty/mission-{lab.slug}"


def test_a_review_writes_nothing(lab: Lab) -> None:
    lab.plan_out()
    package = find_work_package(lab.mission, "WP01")
    found = resolve_context(
        lab.mission, "review", agent="codex", work_package=package, wp_lane="in_review"
    )
    assert found.write_dir is None
    assert found.workspace.name == f"{lab.slug}-lane-a"
    assert found.to_json()["wp_lane"] == "in_review"


def test_a_review_of_the_whole_writes_its_report_into_the_missions_folder(lab: Lab) -> None:
    found = resolve_context(lab.mission, "review", agent="codex")
    assert found.write_dir == lab.mission.directory


def test_a_step_whose_work_is_elsewhere_writes_the_project(lab: Lab) -> None:
    found = resolve_context(lab.mission, "generate", agent="codex", writes_project=True)
    assert found.write_dir == found.workspace == lab.root


def test_a_planning_work_package_works_in_the_main_checkout(lab: Lab) -> None:
    path = write_work_package(lab.mission, 1, mode="planning_artifact", owns=["docs/**"])
    package = find_work_package(lab.mission, "WP01")
    assert package.path == path
    found = resolve_context(lab.mission, "implement", agent="claude", work_package=package)
    assert found.workspace == found.write_dir == lab.root
    assert found.branch == lab.mission.target_branch


def test_a_code_work_package_without_a_lane_is_refused(lab: Lab) -> None:
    write_work_package(lab.mission, 1)
    package = find_work_package(lab.mission, "WP01")
    with pytest.raises(LanesMissing):
        resolve_context(lab.mission, "implement", agent="claude", work_package=package)


@pytest.mark.proves("002 D-8")
def test_the_answer_does_not_depend_on_the_working_directory(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.plan_out()
    package = find_work_package(lab.mission, "WP01")
    lab.report("claude")
    answers = set()
    for folder in (lab.root, lab.mission.directory, lab.root / ".worktrees" / f"{lab.slug}-lane-a"):
        monkeypatch.chdir(folder)
        context = resolve_context(lab.mission, "implement", agent="a", work_package=package)
        answers.add(str(context.to_json()))
    assert len(answers) == 1
