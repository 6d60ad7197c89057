"""One assembly, two serialisations (seed 002, decision 4)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from specify_cli.mission_runtime.artefact import _FACTS, ReportCommand, assemble
from specify_cli.mission_runtime.assignment import Assignment, Delivery, Requirement
from specify_cli.mission_runtime.context import ExecutionContext
from specify_cli.mission_runtime.prompts import prompt_path, write_prompt
from specify_cli.missions.guards import GuardFailure

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.mission_runtime.artefact import CommunicationArtefact

TEMPLATE = """\
## What to do

Build $wp_id in $workspace. It costs $$5.

    cd $workspace

## Rules

- Keep to $owned.

~~~~
$document
~~~~
"""
DOCUMENT = "---\nprice: $5\n---\n\n## A heading of its own\n\n${not_ours} 100 %\n"


def context(**changes: object) -> ExecutionContext:
    root = Path("/project")
    whole = ExecutionContext(
        action="implement",
        agent="claude",
        mission_slug="todo-app-01KQ22DS",
        mission_id="01KQ22DSA8G3W5V7T9Y1B3D5F7",
        mission_type="software-dev",
        mission_title="Todo app",
        target_branch="kitty/mission-todo",
        branch="kitty/mission-todo-lane-a",
        primary_root=root,
        workspace=root / ".worktrees" / "todo-lane-a",
        read_dir=root / "kitty-specs" / "todo",
        write_dir=root / ".worktrees" / "todo-lane-a",
        wp_id="WP01",
        wp_title="Store of the items",
        wp_file="kitty-specs/todo/tasks/WP01-store.md",
        wp_lane="in_progress",
        lane_id="lane-a",
    )
    return whole._replace(**changes)  # type: ignore[arg-type]


def artefact(**changes: object) -> CommunicationArtefact:
    return assemble(
        TEMPLATE,
        context(**changes),
        title="Implement",
        values={"owned": "src/**", "document": DOCUMENT},
        commands=[ReportCommand("When it is done:", "spec-kitty next --result success")],
        notes=["A review asked for changes."],
        failures=[GuardFailure("src/a.py", "a commit", "none", "Commit it.")],
        assignment=Assignment(
            agent_profile="implementer",
            owned_files=("src/store/**", "tests/store/**"),
            requirements=(
                Requirement("FR-001", "Items survive a restart."),
                Requirement("C-002", ""),
            ),
            dependencies=(
                Delivery("WP00", "Format on disk", "approved", ("1a2b3c4 Write the format",)),
            ),
        ),
    )


def leaves(value: JsonValue) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [] if value is None else [str(value)]


@pytest.mark.proves("002 D-5")
def test_every_fact_of_the_json_is_in_the_text() -> None:
    found = artefact()
    text = found.to_text()
    for leaf in leaves(found.to_json()):
        assert leaf in text


@pytest.mark.proves("002 D-5")
def test_every_line_of_the_text_is_in_the_json() -> None:
    found = artefact()
    known = "\n".join(leaves(found.to_json()))
    labels = [label for label, _ in _FACTS]
    chrome = {
        "What is still missing",
        "How to report",
        "Facts",
        "Assignment",
        "Run one of these, from any folder of the project:",
    }
    for line in found.to_text().splitlines():
        said = line.strip().lstrip("#>- ").strip()
        for label in (*labels, "File", "Looked for", "Found", "Fix", "Work as", "Owned"):
            said = said.removeprefix(f"{label}: ")
        if said.startswith(("Requirement ", "Builds on ")):
            # These lines say several facts at once.
            said = re.sub(r"^(Requirement|Builds on) ", "", said)
            assert all(fact in known for fact in re.split(r" \(|\): |: ", said)), line
            continue
        assert not said or said in chrome or said in known, line


@pytest.mark.proves("002 D-5")
def test_every_fact_of_the_context_has_a_label_in_the_prompt() -> None:
    keys = [key for _, key in _FACTS]
    assert sorted(keys) == sorted(context().to_json())
    assert sorted(keys) == sorted(ExecutionContext._fields)


def test_what_a_document_contains_is_neither_substituted_nor_split() -> None:
    found = artefact()
    assert [part.title for part in found.sections] == ["What to do", "Rules"]
    assert "${not_ours} 100 %" in found.sections[1].body
    assert "It costs $5." in found.sections[0].body


def test_absent_facts_are_left_out_of_the_text() -> None:
    text = artefact(mission_id=None, write_dir=None).to_text()
    assert "None" not in text
    assert "Change files only below" not in text


def test_text_before_the_first_heading_is_what_to_do() -> None:
    found = assemble("Walk the $mission_slug.", context(), title="Survey", values={}, commands=[])
    assert [(s.title, s.body) for s in found.sections] == [
        ("What to do", "Walk the todo-app-01KQ22DS.")
    ]


@pytest.mark.parametrize("template", ["Do $unknown.", "It costs $5."])
def test_a_mistake_in_a_template_is_not_passed_on_to_the_agent(template: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        assemble(template, context(), title="T", values={}, commands=[])


def test_a_prompt_is_named_after_mission_step_work_package_and_agent() -> None:
    assert prompt_path(context()) == Path(
        "/project/.kittify/runtime/prompts/todo-app-01KQ22DS/implement-WP01-claude.md"
    )
    assert prompt_path(context(wp_id=None, action="plan")).name == "plan-claude.md"


def test_agents_with_awkward_names_get_prompts_of_their_own() -> None:
    names = ["claude/opus", "claude-opus", "claude:opus", "..", "名前", "a" * 100, "a" * 101]
    paths = [prompt_path(context(agent=name)) for name in names]
    assert len(set(paths)) == len(names)
    for path in paths:
        assert path.parent.name == "todo-app-01KQ22DS"
        assert len(path.name) < 100


def test_a_prompt_written_again_is_the_same_file(tmp_path: Path) -> None:
    found = artefact(primary_root=tmp_path)
    first = write_prompt(found)
    data = first.read_bytes()
    assert data.decode("utf-8") == found.to_text()
    assert write_prompt(found) == first
    assert first.read_bytes() == data
    assert b"\r" not in data
