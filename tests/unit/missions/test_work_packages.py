from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.work_packages import (
    DuplicateWorkPackage,
    InvalidWorkPackage,
    WorkPackageNotFound,
    checkboxes,
    find_work_package,
    load_work_packages,
    normalise_wp_id,
    scan_work_packages,
)
from tests.unit.missions.mission_files import make_mission, write_work_package

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.missions.mission import Mission


@pytest.fixture
def mission(tmp_path: Path) -> Mission:
    return make_mission(tmp_path)


@pytest.mark.parametrize(
    ("given", "canonical"),
    [("WP1", "WP01"), ("wp01", "WP01"), ("WP100", "WP100"), ("WP001", "WP01"), ("WP-7", "WP07")],
)
def test_a_work_package_id_is_understood_in_any_notation(given: str, canonical: str) -> None:
    assert normalise_wp_id(given) == canonical


@pytest.mark.parametrize("text", ["", "WP", "01", "WP1x", "../WP01", "WP٣"])
def test_what_is_no_work_package_id_is_not_taken_for_one(text: str) -> None:
    assert normalise_wp_id(text) is None


def test_work_packages_come_in_the_order_of_their_numbers(mission: Mission) -> None:
    for number in (100, 2, 10, 1):
        write_work_package(mission, number)
    assert [package.id for package in load_work_packages(mission)] == [
        "WP01", "WP02", "WP10", "WP100",
    ]  # fmt: skip


def test_a_work_package_is_read_with_all_its_keys(mission: Mission) -> None:
    path = write_work_package(mission, 2, depends=[1], owns=["src/a.py"], refs=["FR-001"])
    package = find_work_package(mission, "WP2")
    assert package.path == path
    assert package.dependencies == ("WP01",)
    assert package.owned_files == ("src/a.py",)
    assert package.requirement_refs == ("FR-001",)
    assert package.subtasks == ("T021", "T022")
    assert package.execution_mode == "code_change"


def test_a_file_seeded_by_another_client_is_read(mission: Mission) -> None:
    (mission.tasks_directory / "WP01-add.md").write_text(
        '---\nwork_package_id: "WP01"\ntitle: "Add"\nlane: "planned"\ndependencies: []\nagent: ""\n---\nDo it\n',
        encoding="utf-8",
    )
    package = find_work_package(mission, "WP01")
    assert (package.title, package.dependencies, package.owned_files) == ("Add", (), ())


def test_a_file_without_frontmatter_takes_id_and_title_from_name_and_heading(
    mission: Mission,
) -> None:
    (mission.tasks_directory / "WP3.md").write_text("# The store\n", encoding="utf-8")
    package = load_work_packages(mission)[0]
    assert (package.id, package.title) == ("WP03", "The store")


def test_two_files_with_one_id_are_an_error_that_names_both(mission: Mission) -> None:
    write_work_package(mission, 1, name="one")
    (mission.tasks_directory / "WP1-two.md").write_text("# Two\n", encoding="utf-8")
    for call in (lambda: load_work_packages(mission), lambda: find_work_package(mission, "WP01")):
        with pytest.raises(DuplicateWorkPackage) as caught:
            call()
        assert "WP01-one.md" in caught.value.message
        assert "WP1-two.md" in caught.value.message


def test_an_id_that_differs_from_the_file_name_is_an_error_with_its_line(mission: Mission) -> None:
    path = write_work_package(mission, 1)
    path.write_text(path.read_text().replace("id: WP01", "id: WP02"), encoding="utf-8")
    with pytest.raises(InvalidWorkPackage, match="line 2: work_package_id is 'WP02'"):
        load_work_packages(mission)


def test_malformed_yaml_is_an_error_with_file_and_line(mission: Mission) -> None:
    (mission.tasks_directory / "WP01-x.md").write_text(
        "---\ntitle: [a\nother: b\n---\n", encoding="utf-8"
    )
    with pytest.raises(InvalidWorkPackage, match=r"tasks/WP01-x\.md line 3"):
        load_work_packages(mission)


def test_every_problem_of_every_file_is_found_at_once(mission: Mission) -> None:
    (mission.tasks_directory / "WP01-x.md").write_text(
        "---\ntitle: [a]\ndependencies: [one]\nowned_files: src\nexecution_mode: magic\n---\n",
        encoding="utf-8",
    )
    (mission.tasks_directory / "WP02-y.md").write_bytes(b"\xff\xfe")
    problems = scan_work_packages(mission).problems
    assert [(problem.file[-9:], problem.line) for problem in problems] == [
        ("WP01-x.md", 5), ("WP01-x.md", 2), ("WP01-x.md", 3), ("WP01-x.md", 4), ("WP02-y.md", None),
    ]  # fmt: skip
    assert all(problem.fix for problem in problems)


def test_a_broken_file_does_not_hide_the_others(mission: Mission) -> None:
    write_work_package(mission, 1)
    (mission.tasks_directory / "WP02-y.md").write_text("---\na: [\n---\n", encoding="utf-8")
    assert find_work_package(mission, "WP01").id == "WP01"
    assert [package.id for package in scan_work_packages(mission).work_packages] == ["WP01"]


def test_an_unknown_work_package_is_refused_with_the_known_ones(mission: Mission) -> None:
    write_work_package(mission, 1)
    for handle in ("WP02", "nonsense", "../x"):
        with pytest.raises(WorkPackageNotFound) as caught:
            find_work_package(mission, handle)
        assert caught.value.code == "WP_NOT_FOUND"
        assert "WP01" in caught.value.fix


def test_a_mission_without_a_tasks_folder_has_no_work_packages(mission: Mission) -> None:
    mission.tasks_directory.rmdir()
    assert load_work_packages(mission) == ()


def test_checkboxes_in_code_blocks_are_not_subtasks() -> None:
    text = "- [ ] T001 One\n* [x] **T002**: Two\n```\n- [ ] T003 Three\n```\n- [ ] no id\n"
    assert [(box.id, box.description, box.checked) for box in checkboxes(text)] == [
        ("T001", "One", False),
        ("T002", "Two", True),
    ]
