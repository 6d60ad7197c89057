"""Whether a planning is finished is what the guards of the mission's type say, all at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from specify_cli.next.prerequisites import (
    PrerequisitesUnmet,
    check_prerequisites,
    mission_documents,
)
from tests.conftest import git
from tests.unit.missions.lane_missions import MissionAtWork, make_project

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(repository: Path) -> MissionAtWork:
    return make_project(repository, {1: (), 2: (1,)})


def missing(work: MissionAtWork, *, include_tasks: bool = False) -> list[str]:
    """The files that are not as they have to be, relative to the mission's folder."""
    with pytest.raises(PrerequisitesUnmet) as caught:
        check_prerequisites(work.project, work.mission, include_tasks=include_tasks)
    error = caught.value
    assert error.details["errors"] == [str(failure) for failure in error.failures]
    assert all(failure.fix in error.to_text() for failure in error.failures)
    folder = work.mission.relative(work.mission.directory)
    return [failure.file.removeprefix(f"{folder}/") for failure in error.failures]


def of_type(work: MissionAtWork, kind: str) -> None:
    path = work.mission.directory / "meta.json"
    document = {**json.loads(path.read_bytes()), "mission_type": kind}
    path.write_text(json.dumps(document), encoding="utf-8")


def test_a_finished_planning_passes_and_says_where_everything_is(work: MissionAtWork) -> None:
    met = check_prerequisites(work.project, work.mission, include_tasks=True)
    folder = work.mission.relative(work.mission.directory)
    assert met.to_json() == {
        "result": "success",
        "mission_slug": work.mission.slug,
        "valid": True,
        "include_tasks": True,
        "paths": {
            "mission_dir": folder,
            "spec_file": f"{folder}/spec.md",
            "plan_file": f"{folder}/plan.md",
            "tasks_file": f"{folder}/tasks.md",
            "tasks_dir": f"{folder}/tasks",
            "analysis_file": f"{folder}/analysis-report.md",
        },
        "available_docs": [*met.available],
    }
    assert {"spec.md", "plan.md", "tasks.md"} <= set(met.available)
    assert any(name.startswith("tasks/WP01") for name in met.available)
    assert work.clean()


def test_everything_that_is_missing_is_told_at_once(work: MissionAtWork) -> None:
    (work.mission.directory / "spec.md").write_text("# Specification: x\n", encoding="utf-8")
    (work.mission.directory / "plan.md").unlink()
    (work.mission.directory / "lanes.json").unlink()
    told = missing(work, include_tasks=True)
    assert {"spec.md", "plan.md", "lanes.json"} == set(told)
    assert "lanes.json" not in missing(work)


def test_tasks_count_only_when_they_are_asked_for(work: MissionAtWork) -> None:
    git(work.root, "rm", "-q", "--", str(work.mission.directory / "lanes.json"))
    git(work.root, "commit", "-q", "-m", "Unfinalise")
    assert check_prerequisites(work.project, work.mission).include_tasks is False
    assert missing(work, include_tasks=True) == ["lanes.json"]


def test_an_uncommitted_plan_is_not_finished(work: MissionAtWork) -> None:
    plan = work.mission.directory / "plan.md"
    plan.write_text(plan.read_text(encoding="utf-8") + "\nOne more thought.\n", encoding="utf-8")
    assert missing(work) == ["plan.md"]


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        ("research", {"spec.md", "plan.md"}),
        ("plan", {"spec.md", "plan.md", "research.md"}),
        ("documentation", {"spec.md", "plan.md", "gap-analysis.md"}),
    ],
)
def test_other_types_are_asked_for_what_they_plan_with(
    work: MissionAtWork, kind: str, asked: set[str]
) -> None:
    of_type(work, kind)
    for name in ("spec.md", "plan.md"):
        (work.mission.directory / name).unlink()
    assert set(missing(work)) == asked
    assert set(missing(work, include_tasks=True)) == {
        *asked,
        f"{work.mission.tasks_directory.name}",
    }


def test_the_paths_alone_are_told_whatever_is_there(work: MissionAtWork) -> None:
    (work.mission.directory / "spec.md").unlink()
    found = mission_documents(work.mission)
    assert "valid" not in found.to_json()
    assert "spec.md" not in found.available
    assert found.documents.spec_file in found.to_text()
