"""Prompts for an agent that knows nothing of the tool."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.missions.documents import scaffold
from specify_cli.missions.work_packages import find_work_package
from specify_cli.next._internal_runtime.description import read_description
from specify_cli.next._internal_runtime.schema import InvalidMissionTemplate
from specify_cli.next.decision import Decision
from specify_cli.next.look import load_mission_type
from specify_cli.next.prompt import build_prompt, feedback_draft
from specify_cli.next.templates import PromptTemplateInvalid, PromptTemplateMissing
from tests.unit.next.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from specify_cli.mission_runtime.artefact import CommunicationArtefact

STEPS = ("discovery", "specify", "plan", "tasks", "accept")


@pytest.fixture
def lab(make_repository: Callable[..., Path]) -> Lab:
    return Lab.create(make_repository("my project"))


def prompt(lab: Lab, action: str, wp_id: str | None = None, **facts: Any) -> CommunicationArtefact:
    role: Any = action if wp_id else None
    decision = Decision("step", action, step_id=action, wp_id=wp_id, role=role, **facts)
    return build_prompt(
        lab.mission,
        load_mission_type(lab.project, lab.mission),
        decision,
        agent="claude",
        work_package=find_work_package(lab.mission, wp_id) if wp_id else None,
        board=lab.board,
    )


@pytest.mark.parametrize("step", STEPS)
def test_every_step_says_what_to_do_what_done_means_and_how_to_report(lab: Lab, step: str) -> None:
    found = prompt(lab, step)
    titles = [part.title for part in found.sections]
    for wanted in ("What this is about", "What to do", "Done means", "Rules", "If you are stuck"):
        assert wanted in titles
    text = found.to_text()
    assert "Todo app" in text
    assert str(lab.root) in text
    assert f"kitty-specs/{lab.slug}" in text
    reports = [command.line for command in found.commands]
    assert reports[0] == (f"spec-kitty next --agent claude --mission {lab.slug} --result success")
    assert any("--result blocked" in line for line in reports)
    assert all(line in text for line in reports)


@pytest.mark.parametrize("step", STEPS)
def test_no_gap_is_left_in_a_prompt(lab: Lab, step: str) -> None:
    text = prompt(lab, step).to_text()
    assert "None" not in text
    assert "$" not in text.replace("$(", "")


def test_the_prompts_show_the_very_shapes_that_the_guards_read(lab: Lab) -> None:
    assert scaffold("spec.md", lab.mission).rstrip() in prompt(lab, "specify").to_text()
    assert scaffold("plan.md", lab.mission).rstrip() in prompt(lab, "plan").to_text()
    assert scaffold("tasks/README.md", lab.mission).rstrip() in prompt(lab, "tasks").to_text()


def test_a_work_packages_prompt_holds_its_file_its_folder_and_its_commands(lab: Lab) -> None:
    lab.plan_out()
    found = prompt(lab, "implement", "WP02")
    text = found.to_text()
    package = find_work_package(lab.mission, "WP02")
    assert package.path.read_text(encoding="utf-8").rstrip() in text
    workspace = lab.root / ".worktrees" / f"{lab.slug}-lane-b"
    assert f"cd {shlex.quote(str(workspace))}" in text
    assert (
        f"mark-status WP02:T021 WP02:T022 --status done --agent claude --mission {lab.slug}" in text
    )
    assert "- `src/part2/**`" in text
    assert all("--wp WP02" in command.line for command in found.commands)
    assert found.title == "Implement: WP02 Part 2"


@pytest.mark.parametrize("action", ["implement", "review"])
def test_a_prompt_sends_nobody_to_a_document_that_is_not_there(lab: Lab, action: str) -> None:
    lab.plan_out()
    folder = lab.mission.directory
    assert f"Read `{folder / 'spec.md'}` and `{folder / 'plan.md'}`" in prompt(
        lab, action, "WP02"
    ).to_text().replace("\n", " ")
    (folder / "plan.md").unlink()
    text = prompt(lab, action, "WP02").to_text()
    assert f"Read `{folder / 'spec.md'}`, then the work package below" in text
    assert "plan.md`" not in text


def test_a_review_prompt_names_the_implementer_and_both_verdicts(lab: Lab) -> None:
    lab.plan_out()
    lab.work(lab.report("codex"))
    lab.report("codex", wp_id="WP01")
    found = prompt(lab, "review", "WP01")
    text = found.to_text()
    assert "codex implemented it" in text
    lines = [command.line for command in found.commands]
    assert "--verdict approved" in lines[0]
    assert "--verdict changes_requested" in lines[1]
    assert shlex.quote(str(feedback_draft(found.context))) in lines[1]
    assert "--feedback-file" in lines[1]
    assert "git diff " in text
    assert f"..kitty/mission-{lab.slug}-lane-a" in text


def test_a_self_review_says_so(lab: Lab) -> None:
    lab.plan_out()
    assert "yourself" in prompt(lab, "review", "WP01", self_review=True).to_text()
    assert "yourself." not in prompt(lab, "review", "WP01").notes


def test_rework_shows_the_latest_feedback_and_where_it_is_kept(lab: Lab) -> None:
    lab.plan_out()
    package = find_work_package(lab.mission, "WP01")
    folder = package.path.with_suffix("")
    folder.mkdir()
    (folder / "review-cycle-1.md").write_text("The first.\n", encoding="utf-8")
    (folder / "review-cycle-2.md").write_text("~~~~\nThe second: $5\n~~~~\n", encoding="utf-8")
    text = prompt(lab, "implement", "WP01", rework=True).to_text()
    assert "The second: $5" in text
    assert "The first." not in text
    assert lab.mission.relative(folder / "review-cycle-1.md") in text
    assert "A review asked for changes" in text


def test_a_prompt_rendered_twice_is_the_same(lab: Lab) -> None:
    lab.plan_out()
    assert prompt(lab, "implement", "WP01") == prompt(lab, "implement", "WP01")


def test_an_agent_with_a_space_in_its_name_gets_commands_it_can_paste(lab: Lab) -> None:
    lab.plan_out()
    loaded = load_mission_type(lab.project, lab.mission)
    decision = Decision("step", "accept", step_id="accept")
    found = build_prompt(
        lab.mission, loaded, decision, agent="my agent", work_package=None, board=lab.board
    )
    for command in found.commands:
        assert shlex.split(command.line)[3] == "my agent"
    assert "--agent 'my agent'" in found.to_text()


OWN_TYPE = """\
mission: {key: own, name: Own, version: "1"}
steps:
  - {id: look, title: Look around, prompt: "Look at $mission_title."}
  - {id: bad, title: Bad, prompt: "It costs $5 for $nobody.", depends_on: [look]}
"""


def own_type(lab: Lab) -> None:
    folder = lab.root / ".kittify" / "missions" / "own"
    folder.mkdir(parents=True)
    (folder / "mission-runtime.yaml").write_text(OWN_TYPE, encoding="utf-8")
    (folder.parent / "secret.md").write_text("secret", encoding="utf-8")
    path = lab.mission.directory / "meta.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"software-dev"', '"own"'), encoding="utf-8")


def test_a_mission_type_of_the_project_has_prompts_of_its_own(lab: Lab) -> None:
    own_type(lab)
    assert "Look at Todo app." in prompt(lab, "look").to_text()


@pytest.mark.parametrize("file", ["gone.md", "../secret.md", ".", "/etc/passwd"])
def test_a_template_that_is_not_beside_its_description_is_refused_with_its_line(
    lab: Lab, file: str
) -> None:
    own_type(lab)
    path = lab.root / ".kittify" / "missions" / "own" / "mission-runtime.yaml"
    more = f"  - {{id: gone, title: Gone, prompt_template: '{file}'}}\n"
    path.write_text(OWN_TYPE + more, encoding="utf-8")
    with pytest.raises(InvalidMissionTemplate, match=r"mission-runtime\.yaml line 5: no file"):
        read_description(path)
    path.write_text(OWN_TYPE, encoding="utf-8")
    assert read_description(path).template.step("look") is not None


def test_a_template_that_vanishes_later_is_refused_when_it_is_needed(lab: Lab) -> None:
    own_type(lab)
    folder = lab.root / ".kittify" / "missions" / "own"
    (folder / "gone.md").write_text("Look.", encoding="utf-8")
    path = folder / "mission-runtime.yaml"
    path.write_text(OWN_TYPE + "  - {id: gone, title: Gone, prompt_template: gone.md}\n", "utf-8")
    loaded = load_mission_type(lab.project, lab.mission)
    (folder / "gone.md").unlink()
    decision = Decision("step", "gone", step_id="gone")
    with pytest.raises(PromptTemplateMissing):
        build_prompt(
            lab.mission, loaded, decision, agent="claude", work_package=None, board=lab.board
        )


def test_a_template_that_asks_for_the_unknown_is_refused(lab: Lab) -> None:
    own_type(lab)
    with pytest.raises(PromptTemplateInvalid):
        prompt(lab, "bad")
