from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.documents import check_plan, check_spec, check_tasks, scaffold
from specify_cli.missions.finalize import finalize_tasks
from tests.conftest import git
from tests.unit.missions.mission_files import (
    PLAN,
    SPEC,
    planned_mission,
    project_at,
    write_tasks_index,
    write_work_package,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.mission import Mission


@pytest.fixture
def project(repository: Path) -> Project:
    return project_at(repository)


@pytest.fixture
def mission(project: Project) -> Mission:
    return planned_mission(project)


def _commit(mission: Mission, name: str, text: str) -> None:
    (mission.directory / name).write_text(text, encoding="utf-8")
    git(mission.root, "add", "kitty-specs")
    git(mission.root, "commit", "-q", "--allow-empty", "-m", f"Write {name}")


def _looked_for(failures: tuple[GuardFailure, ...]) -> str:
    return "; ".join(failure.looked_for for failure in failures)


def test_a_finished_committed_spec_and_plan_pass(mission: Mission) -> None:
    assert check_spec(mission) == ()
    assert check_plan(mission) == ()


@pytest.mark.parametrize(("check", "name"), [(check_spec, "spec.md"), (check_plan, "plan.md")])
def test_a_missing_document_does_not_pass(
    mission: Mission, check: Callable[[Mission], tuple[GuardFailure, ...]], name: str
) -> None:
    (mission.directory / name).unlink()
    failures = check(mission)
    assert [failure.found for failure in failures] == ["no such file"]
    assert failures[0].file == f"kitty-specs/{mission.slug}/{name}"
    assert failures[0].fix


@pytest.mark.parametrize(("check", "name"), [(check_spec, "spec.md"), (check_plan, "plan.md")])
def test_an_untouched_scaffold_does_not_pass_even_when_committed(
    mission: Mission, check: Callable[[Mission], tuple[GuardFailure, ...]], name: str
) -> None:
    _commit(mission, name, scaffold(name, mission).replace("\n\n", "\n\n\n"))
    assert [failure.found for failure in check(mission)] == ["the untouched scaffold"]


@pytest.mark.parametrize(("check", "name"), [(check_spec, "spec.md"), (check_plan, "plan.md")])
def test_a_scaffold_with_one_word_changed_does_not_pass(
    mission: Mission, check: Callable[[Mission], tuple[GuardFailure, ...]], name: str
) -> None:
    _commit(mission, name, scaffold(name, mission).replace("[FILL IN", "Something [FILL IN", 1))
    assert "text without gaps" in _looked_for(check(mission))


def test_placeholder_text_does_not_pass_and_its_line_is_told(mission: Mission) -> None:
    _commit(mission, "spec.md", SPEC + "\n## Limits\n\nTBD\n")
    failures = check_spec(mission)
    assert len(failures) == 1
    assert f"line {SPEC.count(chr(10)) + 4}: TBD" in failures[0].found


@pytest.mark.parametrize("name", ["spec.md", "plan.md"])
@pytest.mark.parametrize("state", ["changed", "untracked", "staged", "ignored"])
def test_an_uncommitted_document_does_not_pass(mission: Mission, name: str, state: str) -> None:
    path = mission.directory / name
    if state == "changed":
        path.write_text(path.read_text() + "\nMore.\n", encoding="utf-8")
    else:
        git(mission.root, "rm", "-q", "--cached", str(path))
        git(mission.root, "commit", "-q", "-m", "Forget it")
        if state == "staged":
            git(mission.root, "add", str(path))
        if state == "ignored":
            (mission.root / ".gitignore").write_text(f"{name}\n", encoding="utf-8")
    failures = (check_spec if name == "spec.md" else check_plan)(mission)
    assert _looked_for(failures) == "the file in a commit"
    assert "git commit" in failures[0].fix


@pytest.mark.parametrize(
    ("old", "new", "looked_for"),
    [
        ("| FR-001 | The program stores an item with its title |\n| FR-002 | The program lists all items in order |\n", "", "functional requirement"),
        ("The program stores an item with its title", "x", ""),
        ("## User scenarios", "## Notes", "user scenarios"),
        ("## Success criteria", "## Notes", "success criteria"),
        ("1. An item that was added yesterday is listed today, after a restart of the machine.", "1. It works.", "8 words on success criteria"),
    ],
)  # fmt: skip
def test_a_spec_without_one_of_its_parts_does_not_pass(
    mission: Mission, old: str, new: str, looked_for: str
) -> None:
    assert old in SPEC
    _commit(mission, "spec.md", SPEC.replace(old, new))
    failures = check_spec(mission)
    assert looked_for in _looked_for(failures)
    assert bool(failures) is bool(looked_for)


@pytest.mark.parametrize(
    ("heading", "looked_for"),
    [
        ("## Technical approach", "the technical approach"),
        ("## Files and structure", "files and structure"),
        ("## Test approach", "the test approach"),
    ],
)
def test_a_plan_without_one_of_its_parts_does_not_pass(
    mission: Mission, heading: str, looked_for: str
) -> None:
    _commit(mission, "plan.md", PLAN.replace(heading, "## Notes"))
    assert looked_for in _looked_for(check_plan(mission))


def test_the_name_of_the_mission_is_no_section(mission: Mission) -> None:
    text = SPEC.replace("## User scenarios", "## Notes").replace("Todo app", "User scenarios", 1)
    _commit(mission, "spec.md", text)
    assert "user scenarios" in _looked_for(check_spec(mission))


def test_a_few_words_are_not_a_document(mission: Mission) -> None:
    _commit(mission, "spec.md", "# Spec\n\n## User scenarios\n\nUse it.\n")
    failures = check_spec(mission)
    assert "at least 40 words" in _looked_for(failures)


def test_a_mission_named_after_a_placeholder_can_be_specified(project: Project) -> None:
    mission = planned_mission(project, "TODO: tidy up")
    _commit(mission, "spec.md", SPEC.replace("Todo app", "TODO: tidy up", 1))
    assert check_spec(mission) == ()


def test_tasks_pass_only_when_written_finalised_and_committed(
    project: Project, mission: Mission
) -> None:
    assert "tasks.md" in check_tasks(mission)[0].file
    assert "work package files" in _looked_for(check_tasks(mission))
    write_tasks_index(mission, 1)
    write_work_package(mission, 1)
    unfinished = check_tasks(mission)
    assert "a lane for each work package" in _looked_for(unfinished)
    assert "finalize-tasks" in "".join(failure.fix for failure in unfinished)
    finalize_tasks(project, mission, actor="claude")
    assert check_tasks(mission) == ()
    path = write_work_package(mission, 2)
    failures = check_tasks(mission)
    assert "none for WP02" in failures[0].found
    path.write_text("---\ntitle: [\n---\n", encoding="utf-8")
    assert "a work package file that can be read" in _looked_for(check_tasks(mission))


def test_a_work_package_with_gaps_or_without_text_does_not_pass(
    project: Project, mission: Mission
) -> None:
    write_tasks_index(mission, 1)
    write_work_package(mission, 1)
    finalize_tasks(project, mission, actor="claude")
    path = mission.tasks_directory / "WP01-part.md"
    text = path.read_text(encoding="utf-8")
    _commit(mission, "tasks/WP01-part.md", text + "\nTBD\n")
    assert "text without gaps" in _looked_for(check_tasks(mission))
    _commit(mission, "tasks/WP01-part.md", text[: text.index("# Store")] + "Do it.\n")
    assert "at least 20 words" in _looked_for(check_tasks(mission))
