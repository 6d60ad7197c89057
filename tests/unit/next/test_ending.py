"""Ending missions without work packages, through the functions that programs call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.unfinished import MissionNotReady
from specify_cli.next.beginning import StepNotInType, begin_mission, refuse_other_types
from specify_cli.next.ending import accept, merge, steps_of
from specify_cli.next.mission_types import new_mission_type
from tests.conftest import git
from tests.unit.missions.mission_files import project_at
from tests.unit.next.lab import Lab

if TYPE_CHECKING:
    from pathlib import Path

STEPS = """
mission: {key: own, name: Own, version: "1"}
steps:
  - {id: write, title: Write, prompt: Write., expected_output: report.md, guard: document}
audit_steps:
  - id: sign-off
    title: Sign-off
    depends_on: [write]
    audit: {trigger_mode: manual, enforcement: blocking}
"""
WORDS = "This says in plain and sufficient words what was really found out and why it matters. "


@pytest.fixture
def lab(repository: Path) -> Lab:
    project = project_at(repository)
    new_mission_type(project, "own")
    folder = repository / ".kittify" / "missions" / "own"
    (folder / "mission-runtime.yaml").write_text(STEPS, encoding="utf-8")
    with (repository / ".kittify" / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("mission:\n  owner: ada\n")
    (repository / ".gitignore").write_text(".kittify/runtime/\n", encoding="utf-8")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Set up")
    return Lab(repository, begin_mission(project, "Pump", mission_type="own").mission.slug)


def test_such_a_mission_ends_when_its_steps_do(lab: Lab) -> None:
    with pytest.raises(MissionNotReady) as early:
        accept(lab.project, lab.mission, actor="ada")
    assert [one.rule for one in early.value.failures] == ["step_complete"] * 2
    text = f"# Pump\n\n## What was found\n\n{WORDS * 3}\n\n## What follows from it\n\n{WORDS}\n"
    lab.write("report.md", text)
    with pytest.raises(MissionNotReady, match="the audit sign-off"):
        merge(lab.project, lab.mission, actor="ada", target="main")
    lab.report("claude")
    lab.report("ada", None, answer="approve", actor_type="human")
    accepted = accept(lab.project, lab.mission, actor="ada")
    assert accepted.completed_steps == ("write", "sign-off")
    assert (accepted.landing, accepted.merged) == ("main", False)
    assert accept(lab.project, lab.mission, actor="eve").accepted_by == "ada"
    lab.write("report.md", "TBD\n")
    with pytest.raises(MissionNotReady, match=r"report\.md"):
        merge(lab.project, lab.mission, actor="ada")
    lab.write("report.md", text)
    preview = merge(lab.project, lab.mission, actor="ada", dry_run=True)
    assert preview.to_text().startswith(f"Closing {lab.slug} on ")
    stays = merge(lab.project, lab.mission, actor="ada")
    assert stays.warnings[0].endswith("name main as the target, or merge that branch by hand.")
    landed = merge(lab.project, lab.mission, actor="ada", target="main")
    assert (landed.lanes, landed.warnings, landed.done_wps) == ((), (), ())
    assert "is closed on" in landed.to_text()


def test_work_packages_decide_where_there_are_some_or_should_be(lab: Lab) -> None:
    assert steps_of(lab.project, lab.mission) is not None
    lab.mission.tasks_directory.mkdir()
    (lab.mission.tasks_directory / "WP01-broken.md").write_text("x", encoding="utf-8")
    assert steps_of(lab.project, lab.mission) is None
    other = begin_mission(lab.project, "Code", mission_type="software-dev").mission
    assert steps_of(lab.project, other) is None
    meta = other.directory / "meta.json"
    text = meta.read_text(encoding="utf-8").replace('"software-dev"', '"nobody-knows"')
    meta.write_text(text, encoding="utf-8")
    assert steps_of(lab.project, Lab(lab.root, other.slug).mission) is None


def test_commands_of_other_types_are_refused_with_the_steps_there_are(lab: Lab) -> None:
    for guard in ("plan", "tasks"):
        with pytest.raises(StepNotInType, match="their steps are write"):
            refuse_other_types(lab.project, lab.mission, guard)
    lab.mission.tasks_directory.mkdir()
    refuse_other_types(lab.project, lab.mission, "tasks")
