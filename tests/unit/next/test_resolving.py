"""The artefact of a step can be looked at without taking the step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.work_packages import WorkPackageNotFound
from specify_cli.next.resolving import UnknownAction, resolve_artefact
from tests.conftest import git
from tests.unit.next.lab import Lab, snapshot_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def lab(make_repository: Callable[..., Path]) -> Lab:
    lab = Lab.create(make_repository("my project"))
    lab.plan_out({1: [], 2: [1]})
    return lab


def test_every_step_of_a_mission_can_be_looked_at_and_nothing_is_written(lab: Lab) -> None:
    before = snapshot_of(lab.root)
    for action in ("discovery", "specify", "plan", "tasks", "accept"):
        found = resolve_artefact(lab.project, lab.mission, action, agent="claude")
        assert found.context.action == action
        assert found.assignment is None
    for action in ("implement", "review"):
        found = resolve_artefact(lab.project, lab.mission, action, agent="claude", wp_id="wp1")
        assert (found.context.action, found.context.wp_id) == (action, "WP01")
    assert snapshot_of(lab.root) == before


def test_the_prompt_that_is_handed_out_is_the_one_that_was_looked_at(lab: Lab) -> None:
    lab.report("claude")
    shown = resolve_artefact(
        lab.project, lab.mission, "implement", agent="claude", wp_id="WP01"
    ).to_text()
    decision = lab.ask("claude")
    assert (lab.root / decision["prompt_file"]).read_text(encoding="utf-8") == shown


def test_a_work_package_is_told_what_its_dependencies_delivered(lab: Lab) -> None:
    lab.work(lab.report("claude"), "store.py")
    review = lab.report("claude")  # hands it over; nobody else is there to review it
    assert (review["wp_id"], review["action"]) == ("WP01", "review")
    lab.report("claude", verdict="approved")
    found = resolve_artefact(lab.project, lab.mission, "implement", agent="claude", wp_id="WP02")
    assert found.assignment is not None
    (delivery,) = found.assignment.dependencies
    assert (delivery.wp_id, delivery.lane) == ("WP01", "approved")
    assert [commit.partition(" ")[2] for commit in delivery.commits] == ["WP01: store.py"]
    short = delivery.commits[0].partition(" ")[0]
    assert git(lab.root, "log", "-1", "--format=%s", short) == "WP01: store.py"


def test_a_dependency_that_nobody_began_has_delivered_nothing(lab: Lab) -> None:
    found = resolve_artefact(lab.project, lab.mission, "implement", agent="claude", wp_id="WP02")
    assert found.assignment is not None
    assert [(d.wp_id, d.lane, d.commits) for d in found.assignment.dependencies] == [
        ("WP01", "planned", ())
    ]


def test_requirements_are_told_with_what_the_specification_says(lab: Lab) -> None:
    found = resolve_artefact(lab.project, lab.mission, "implement", agent="claude", wp_id="WP01")
    assert found.assignment is not None
    assert found.assignment.requirements
    spec = (lab.mission.directory / "spec.md").read_text(encoding="utf-8")
    for requirement in found.assignment.requirements:
        assert requirement.text
        assert requirement.text in spec
        assert requirement.text in found.to_text()


def test_what_governs_a_step_is_in_its_prompt_and_in_its_json_with_hashes(lab: Lab) -> None:
    for action, wp_id in (("specify", None), ("implement", "WP01"), ("review", "WP01")):
        found = resolve_artefact(lab.project, lab.mission, action, agent="claude", wp_id=wp_id)
        assert found.governance is not None
        assert found.governance.profile is not None
        assert any(item.mandatory for item in found.governance.items)
        text, document = found.to_text(), found.to_json()["governance"]
        assert document == found.governance.to_json()
        for item in found.governance.items:
            assert item.id in text
            assert item.content_hash in text
            assert item.text.splitlines()[0] in text


def test_an_unknown_step_is_refused_with_those_that_exist(lab: Lab) -> None:
    with pytest.raises(UnknownAction, match="no step 'build'") as refused:
        resolve_artefact(lab.project, lab.mission, "build", agent="claude")
    assert "implement" in refused.value.fix


def test_a_step_of_work_packages_needs_one(lab: Lab) -> None:
    with pytest.raises(UnknownAction, match="one work package at a time") as refused:
        resolve_artefact(lab.project, lab.mission, "review", agent="claude")
    assert "--wp-id" in refused.value.fix
    with pytest.raises(WorkPackageNotFound):
        resolve_artefact(lab.project, lab.mission, "review", agent="claude", wp_id="WP77")
