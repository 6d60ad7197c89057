"""A mission begins with the documents that its type's description names, and with no others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.creation import UnknownMissionType, create_mission
from specify_cli.missions.step_documents import check_document
from specify_cli.next.beginning import begin_mission
from specify_cli.next.mission_types import new_mission_type
from tests.conftest import git
from tests.unit.missions.mission_files import project_at

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission

KEPT = {"meta.json", "status.events.jsonl", "status.json"}
BACKWARDS = """
steps:
  - {id: b, title: T, prompt: x, depends_on: [a], expected_output: report.md, guard: document}
  - {id: a, title: T, prompt: x, guard: purpose}
  - {id: c, title: T, prompt: x, guard: tasks}
"""


@pytest.fixture
def project(repository: Path) -> Project:
    return project_at(repository)


def documents(mission: Mission) -> set[str]:
    folder = mission.directory
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    return found - KEPT


@pytest.mark.parametrize(
    ("mission_type", "files", "heading"),
    [
        ("software-dev", {"spec.md", "tasks/README.md"}, "## Functional requirements"),
        ("research", {"spec.md"}, "## What counts as an answer"),
        ("documentation", {"spec.md"}, "## Who reads"),
        ("plan", {"spec.md"}, "## Constraints"),
    ],
)
def test_each_built_in_type_begins_with_its_own_documents(
    project: Project, mission_type: str, files: set[str], heading: str
) -> None:
    created = begin_mission(project, "Which {pump}", mission_type=mission_type)
    mission = created.mission
    assert documents(mission) == files
    text = (mission.directory / "spec.md").read_text(encoding="utf-8")
    assert heading in text
    assert "Which {pump}" in text.splitlines()[0]
    assert "{{" not in text
    assert created.to_json()["spec_file"] == f"kitty-specs/{mission.slug}/spec.md"
    assert git(project.root, "status", "--porcelain", "--", "kitty-specs") == ""


def describe(project: Project, steps: str, shapes: dict[str, str]) -> None:
    new_mission_type(project, "own")
    folder = project.root / ".kittify" / "missions" / "own"
    head = 'mission: {key: own, name: Own, version: "1"}\n'
    (folder / "mission-runtime.yaml").write_text(f"{head}{steps}", encoding="utf-8")
    for name, text in shapes.items():
        (folder / "templates" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "templates" / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("steps", "files"),
    [
        (
            "steps: [{id: a, title: T, prompt: x, expected_output: report.md, guard: document}]",
            {"report.md"},
        ),
        (
            "steps: [{id: a, title: T, prompt: x, expected_output: other.md, guard: document}]",
            set(),
        ),
        ("steps: [{id: a, title: T, prompt: x}]", set()),
        # Nothing outside the folder of templates is read, nothing outside the mission's is written.
        ("steps: [{id: a, title: T, prompt: x, expected_output: ../write.md}]", set()),
        ("steps: [{id: a, title: T, prompt: x, expected_output: meta.json}]", set()),
        ("steps: [{id: a, title: T, prompt: x, guard: plan}]", {"plan.md"}),
        (
            BACKWARDS,
            {"spec.md", "tasks/README.md"},
        ),
    ],
)
def test_what_a_project_type_begins_with_follows_from_its_description(
    project: Project, steps: str, files: set[str]
) -> None:
    describe(project, steps, {"meta.json": "{}"})
    created = begin_mission(project, "Birds", mission_type="own")
    assert documents(created.mission) == files
    assert (created.to_json()["spec_file"] is None) == ("spec.md" not in files)


def test_the_untouched_document_of_a_type_is_called_that(project: Project) -> None:
    mission = begin_mission(project, "Which pump", mission_type="research").mission
    shape = (mission.directory / "spec.md").read_text(encoding="utf-8")
    (failure,) = check_document(mission, "spec.md", shape=shape)
    assert failure.found == "the untouched scaffold"


def test_an_unknown_type_is_refused_before_anything_is_made(project: Project) -> None:
    with pytest.raises(UnknownMissionType, match="nonsense"):
        begin_mission(project, "Birds", mission_type="nonsense")
    assert not (project.root / "kitty-specs").exists()


def test_whoever_names_no_documents_gets_none_of_another_type(project: Project) -> None:
    assert documents(create_mission(project, "Pump", mission_type="research").mission) == set()
