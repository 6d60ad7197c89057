"""A mission that changes workflows is accepted only when a run of them is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.acceptance import MissionNotReady, accept_mission
from specify_cli.missions.merge import merge_mission
from specify_cli.missions.workflow_evidence import EVIDENCE_FILE, WorkflowEvidenceRequired
from specify_cli.status.lanes import Lane
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path

CI = ".github/workflows/ci.yml"
OLD = ".github/workflows/old.yml"
RUN = "https://github.com/door/counter/actions/runs/17"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """A mission of two approved work packages; the second has a commit about workflows to make."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    (root / OLD).parent.mkdir(parents=True)
    (root / OLD).write_text("on: push\n", encoding="utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "A workflow that was there before")
    work = make_project(root, {1: (), 2: ()})
    work.deliver("WP01")
    work.start("WP02")
    work.commit("lane-b", {"src/part2/work.txt": "x\n"})
    return work


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    """A project of its own for each test."""
    return copy_project(template, tmp_path / "project")


def approve(work: MissionAtWork, workflows: dict[str, str | None]) -> None:
    work.commit("lane-b", workflows, "Workflows")
    work.hand_off("WP02")
    work.review("WP02")


def refused(work: MissionAtWork) -> list[str]:
    """Return the workflows for which a run is missing; nothing is recorded."""
    with pytest.raises(WorkflowEvidenceRequired) as caught:
        accept_mission(work.project, work.mission, actor="ada")
    error = caught.value
    assert error.code == "WORKFLOW_EVIDENCE_REQUIRED"
    assert error.details["required_evidence_path"] == f"kitty-specs/{SLUG}/{EVIDENCE_FILE}"
    assert work.mission.accepted_at is None
    assert work.clean()
    files = error.details["workflow_files"]
    assert isinstance(files, list)
    return [str(file) for file in files]


def name_run(work: MissionAtWork, text: str) -> None:
    (work.mission.directory / EVIDENCE_FILE).write_text(text, encoding="utf-8")
    git(work.root, "add", "-A")
    git(work.root, "commit", "-q", "-m", "Evidence")


def accept(work: MissionAtWork) -> None:
    assert accept_mission(work.project, work.mission, actor="ada").commit is not None


def test_added_and_changed_workflows_need_a_run(work: MissionAtWork) -> None:
    approve(work, {CI: "on: push\n", OLD: "on: pull_request\n"})
    assert refused(work) == [CI, OLD]
    name_run(work, f"It ran: {RUN}\n")
    accept(work)


def test_a_workflow_that_is_gone_has_nothing_to_run(work: MissionAtWork) -> None:
    approve(work, {OLD: None, ".github/dependabot.yml": "version: 2\n"})
    accept(work)


def test_what_others_did_to_workflows_meanwhile_is_not_the_missions_change(
    work: MissionAtWork,
) -> None:
    (work.root / CI).write_text("on: push\n", encoding="utf-8")
    git(work.root, "add", "-A")
    git(work.root, "commit", "-q", "-m", "Somebody else's workflow")
    approve(work, {"src/part2/more.txt": "more\n"})
    accept(work)


@pytest.mark.parametrize(
    "text", [RUN, "run id: 1234567", "- Successful run #98765", "GitHub Actions run ID 1234567\n"]
)
def test_a_run_is_named_by_its_address_or_its_number(work: MissionAtWork, text: str) -> None:
    approve(work, {CI: "on: push\n"})
    name_run(work, f"# Evidence\n\n{text}\n")
    accept(work)


@pytest.mark.parametrize(
    "text", ["", "It ran, trust me.", "run id: TODO", "run 12", "https://github.com/door/counter"]
)
def test_words_are_no_run(work: MissionAtWork, text: str) -> None:
    approve(work, {CI: "on: push\n"})
    name_run(work, text)
    assert refused(work) == [CI]


def test_what_is_not_approved_is_told_first(work: MissionAtWork) -> None:
    work.commit("lane-b", {CI: "on: push\n"})
    with pytest.raises(MissionNotReady):
        accept_mission(work.project, work.mission, actor="ada")


def test_workflows_of_a_canceled_lane_are_not_in_what_is_accepted(work: MissionAtWork) -> None:
    work.commit("lane-b", {CI: "on: push\n"})
    work.move("WP02", Lane.CANCELED)
    accept(work)


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_merging_first_is_no_way_around_it(work: MissionAtWork, strategy: str) -> None:
    approve(work, {CI: "on: push\n"})
    merge_mission(work.project, work.mission, actor="ada", strategy=strategy)
    (work.root / "src" / "later.txt").write_text("later\n", encoding="utf-8")
    (work.root / OLD).write_text("on: never\n", encoding="utf-8")
    git(work.root, "add", "-A")
    git(work.root, "commit", "-q", "-m", "Not of this mission")
    assert refused(work) == [CI]
    name_run(work, RUN)
    accept(work)


def test_an_acceptance_stands_whatever_is_asked_for_since(work: MissionAtWork) -> None:
    approve(work, {CI: "on: push\n"})
    name_run(work, RUN)
    accept(work)
    (work.mission.directory / EVIDENCE_FILE).unlink()
    git(work.root, "commit", "-q", "-a", "-m", "Tidy up")
    assert accept_mission(work.project, work.mission, actor="ada").already_accepted
