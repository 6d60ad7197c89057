"""The low-level lane change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.gate import ContractViolation
from specify_cli.missions.emit import (
    Emitted,
    InvalidJson,
    UnknownExecutionMode,
    emit_transition,
    parse_object,
)
from specify_cli.missions.mission import mission_log
from specify_cli.missions.work_packages import WorkPackageNotFound
from specify_cli.status.lanes import UnknownLane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRejected
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

RESULT = {"reviewer": "rob", "verdict": "approved", "reference": "pull request 7"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    root = fresh_repository(tmp_path_factory.mktemp("emit") / "project")
    return make_project(root, {1: ()})


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def emit(work: MissionAtWork, to: str, actor: str = "ada", **options: object) -> Emitted:
    return emit_transition(work.project, work.mission, "wp1", to, actor=actor, **options)  # type: ignore[arg-type]


def test_a_work_package_goes_from_planned_to_done_by_emitting_alone(work: MissionAtWork) -> None:
    emit(work, "claimed")
    emit(work, "doing", workspace_context="somewhere else")
    done = emit(work, "for_review", subtasks_complete=True, implementation_evidence_present=True)
    assert (done.from_lane, done.to_lane) == ("in_progress", "for_review")
    emit(work, "in_review", "rob")
    emit(work, "approved", "rob", review_result=RESULT)
    emit(work, "done", "rob", evidence={"review": RESULT})
    assert work.lane("WP01") == "done"
    assert work.clean()


def test_the_answer_has_the_keys_of_the_existing_cli_and_its_commit(work: MissionAtWork) -> None:
    emitted = emit(work, "claimed").to_json()
    row = work.rows()[-1]
    assert emitted == {
        "result": "success",
        "mission_slug": SLUG,
        "event_id": row["event_id"],
        "wp_id": "WP01",
        "work_package_id": "WP01",
        "from_lane": "planned",
        "to_lane": "claimed",
        "actor": "ada",
        "status_events_path": f"kitty-specs/{SLUG}/status.events.jsonl",
        "self_review": False,
        "overridden": [],
        "commit": work.tip("HEAD"),
    }
    assert git(work.root, "log", "-1", "--format=%s") == f"WP01 claimed ({SLUG})"


def test_a_guard_that_is_not_met_names_what_it_needs(work: MissionAtWork) -> None:
    emit(work, "claimed")
    with pytest.raises(TransitionRejected, match="no workspace"):
        emit(work, "in_progress")
    emit(work, "in_progress", workspace_context="lane-a")
    with pytest.raises(TransitionRejected, match="not every subtask"):
        emit(work, "for_review", implementation_evidence_present=True)
    with pytest.raises(TransitionRejected, match="no commit"):
        emit(work, "for_review", subtasks_complete=True)
    work.finish_subtasks("WP01")
    assert emit(work, "for_review", implementation_evidence_present=True).to_lane == "for_review"


def test_unknown_words_are_refused_by_name(work: MissionAtWork) -> None:
    with pytest.raises(UnknownLane):
        emit(work, "bogus")
    with pytest.raises(UnknownExecutionMode):
        emit(work, "claimed", execution_mode="in my head")
    with pytest.raises(WorkPackageNotFound) as caught:
        emit_transition(work.project, work.mission, "WP77", "claimed", actor="ada")
    assert caught.value.code == "WP_NOT_FOUND"
    assert work.lane("WP01") == "planned"


def test_force_needs_a_reason_and_is_in_the_row(work: MissionAtWork) -> None:
    with pytest.raises(TransitionRejected, match="needs a reason"):
        emit(work, "done", force=True)
    emit(work, "done", "boss", force=True, reason="we did it by hand")
    row = work.rows()[-1]
    assert (row["force"], row["reason"], row["to_lane"]) == (True, "we did it by hand", "done")


@pytest.mark.parametrize(
    "evidence",
    [
        {"review": "rob said yes"},
        {"review": {"reviewer": 7, "verdict": "approved"}},
        {"review": {"reviewer": "rob"}},
        {"review": None, "repos": "mine"},
    ],
)
def test_evidence_of_another_shape_is_refused_before_anything_is_read(
    work: MissionAtWork, evidence: dict[str, object]
) -> None:
    with pytest.raises(InvalidJson, match="evidence"):
        emit(work, "claimed", evidence=evidence)


def test_evidence_that_breaks_the_contract_is_refused_by_the_gate(work: MissionAtWork) -> None:
    before = work.tip("HEAD")
    with pytest.raises(ContractViolation):
        emit(work, "done", force=True, reason="x", evidence={"repos": [{"repo": "no branch"}]})
    assert work.tip("HEAD") == before
    assert work.clean()


def test_a_review_result_without_its_parts_is_refused(work: MissionAtWork) -> None:
    with pytest.raises(InvalidJson, match="verdict"):
        emit(work, "claimed", review_result={"reviewer": "rob", "reference": "x"})


def test_a_json_argument_that_is_none_is_told_with_its_place() -> None:
    assert parse_object(None, option="--evidence-json") is None
    assert parse_object('{"a": 1}', option="--evidence-json") == {"a": 1}
    with pytest.raises(InvalidJson, match=r"--evidence-json is not JSON.*column 2"):
        parse_object("{nope", option="--evidence-json")
    with pytest.raises(InvalidJson, match="not a JSON object"):
        parse_object("[1]", option="--evidence-json")


def test_it_can_be_part_of_a_larger_change(work: MissionAtWork) -> None:
    with MissionStatus.change(mission_log(work.project, work.mission)) as change:
        first = emit(work, "claimed", change=change)
        emit(work, "in_progress", workspace_context="x", change=change)
    assert first.commit is None
    assert work.tip("HEAD^") == git(work.root, "rev-parse", f"{change.result.commit}^")
    assert work.lane("WP01") == "in_progress"
