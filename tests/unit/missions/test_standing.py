"""Where work packages stand, lists of them, and who depends on whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.emit import emit_transition
from specify_cli.missions.standing import mission_standing
from specify_cli.missions.task_list import dependents, task_list
from specify_cli.missions.work_packages import WorkPackageNotFound
from specify_cli.status.lanes import Lane, UnknownLane
from specify_cli.status.transitions import EDGES, NEEDS, RESUME, legal_targets, needs
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.status.log_rows import text_of, transition

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    root = fresh_repository(tmp_path_factory.mktemp("standing") / "project")
    return make_project(root, {1: (), 2: (1,), 3: (2,)})


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def test_a_standing_says_who_has_it_since_when_and_where_it_can_go(work: MissionAtWork) -> None:
    work.start("WP01")
    (one,) = mission_standing(work.mission, "wp1").work_packages
    assert (one.lane, one.implementer, one.actor) == ("in_progress", "ada", "ada")
    assert one.since == work.board.work_packages["WP01"].last_transition_at
    assert {step.to_lane: step.needs for step in one.next} == {
        Lane.PLANNED: "a reason",
        Lane.FOR_REVIEW: "every subtask done and a commit of its own",
        Lane.APPROVED: "evidence of a review that approves it: reviewer, verdict, reference",
        Lane.BLOCKED: "nothing",
        Lane.CANCELED: "nothing",
    }
    text = mission_standing(work.mission, "WP01").to_text()
    assert "for_review (needs every subtask done and a commit of its own)" in text
    assert "implementer  ada" in text


def test_every_work_package_is_shown_with_what_it_waits_for(work: MissionAtWork) -> None:
    document = mission_standing(work.mission).to_json()
    packages = document["work_packages"]
    assert isinstance(packages, list)
    assert [(p["wp_id"], p["waits_for"]) for p in packages if isinstance(p, dict)] == [
        ("WP01", []),
        ("WP02", ["WP01"]),
        ("WP03", ["WP02"]),
    ]


def test_a_blocked_one_can_go_back_to_where_it_came_from(work: MissionAtWork) -> None:
    emit_transition(work.project, work.mission, "WP01", "blocked", actor="ada")
    (one,) = mission_standing(work.mission, "WP01").work_packages
    assert one.blocked_from is Lane.PLANNED
    assert [step.to_lane for step in one.next] == [Lane.PLANNED, Lane.IN_PROGRESS, Lane.CANCELED]
    assert "blocked from planned" in one.to_text()
    assert "because" not in one.to_text()


def test_a_blocked_one_says_why_until_it_goes_on(work: MissionAtWork) -> None:
    for lane, reason in (("blocked", "no key"), ("planned", "got it")):
        emit_transition(work.project, work.mission, "WP01", lane, actor="ada", reason=reason)
        (one,) = mission_standing(work.mission, "WP01").work_packages
        assert ("because      no key" in one.to_text()) == (lane == "blocked")
        assert one.to_json()["blocked_reason"] == ("no key" if lane == "blocked" else None)


def test_a_finished_one_goes_nowhere_without_force(work: MissionAtWork) -> None:
    work.move("WP01", Lane.DONE)
    (one,) = mission_standing(work.mission, "WP01").work_packages
    assert (one.next, one.forced) == ((), 1)
    assert "nothing without --force" in one.to_text()


def test_one_that_only_the_log_knows_is_shown(work: MissionAtWork) -> None:
    with work.mission.log_file.open("ab") as stream:
        stream.write(text_of(transition(1, "WP09", "genesis", "planned")) + b"<<<<<<< x\n")
    standing = mission_standing(work.mission, "WP9")
    assert (standing.work_packages[0].wp_id, standing.work_packages[0].title) == ("WP09", None)
    assert standing.problems
    with pytest.raises(WorkPackageNotFound):
        mission_standing(work.mission, "WP77")


def test_every_step_says_what_it_needs() -> None:
    for source, targets in EDGES.items():
        for target in targets:
            assert needs(source, target) in NEEDS.values()
    for origin in RESUME:
        assert needs(Lane.BLOCKED, origin, origin) in NEEDS.values()
        assert origin in legal_targets(Lane.BLOCKED, origin)
    assert needs(Lane.PLANNED, Lane.DONE) is None
    assert needs(Lane.UNINITIALIZED, Lane.PLANNED) == "nothing"


def test_a_list_has_all_or_those_of_one_lane(work: MissionAtWork) -> None:
    work.start("WP01")
    assert [task.wp_id for task in task_list(work.mission).tasks] == ["WP01", "WP02", "WP03"]
    doing = task_list(work.mission, lane="doing")
    assert [task.wp_id for task in doing.tasks] == ["WP01"]
    assert doing.to_json()["lane"] == "in_progress"
    assert doing.to_json()["count"] == 1
    assert task_list(work.mission, lane="done").to_text() == "No work package is in done."
    with pytest.raises(UnknownLane):
        task_list(work.mission, lane="bogus")


def test_dependents_are_direct_or_through_others(work: MissionAtWork) -> None:
    found = dependents(work.mission, "wp1")
    assert (found.depends_on, found.direct, found.transitive) == ((), ("WP02",), ("WP03",))
    assert found.to_text() == (
        "WP01 depends on nothing.\nOn WP01 depend WP02, and through them WP03."
    )
    last = dependents(work.mission, "WP03").to_json()
    assert (last["depends_on"], last["direct_dependents"]) == (["WP02"], [])
    with pytest.raises(WorkPackageNotFound):
        dependents(work.mission, "WP77")
