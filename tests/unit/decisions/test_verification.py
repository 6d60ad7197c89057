"""Whether documents mark what was put off, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from specify_cli.decisions.closing import cancel_decision, defer_decision, resolve_decision
from specify_cli.decisions.opening import open_decision
from specify_cli.decisions.verification import DecisionReport, verify_decisions
from specify_cli.missions.markdown import deferred_questions
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "01M7ZE9XF2AFSKH4BZGE7KESPZ"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    return make_project(fresh_repository(tmp_path_factory.mktemp("verify") / "project"), {1: ()})


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def ask(work: MissionAtWork, key: str) -> str:
    opened = open_decision(
        work.project, work.mission, origin_flow="plan", step_id="plan", input_key=key,
        question=f"Which {key} [exactly]?", actor="claude",
    )  # fmt: skip
    return opened.decision.decision_id


def put_off(work: MissionAtWork, key: str) -> str:
    one = ask(work, key)
    defer_decision(work.project, work.mission, one, rationale="Later", actor="claude")
    return one


def write(work: MissionAtWork, name: str, *lines: str) -> None:
    (work.mission.directory / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def mark(decision_id: str) -> str:
    return f"[NEEDS CLARIFICATION: what?] <!-- decision_id: {decision_id} -->"


def look(work: MissionAtWork) -> DecisionReport:
    return verify_decisions(work.project, work.mission)


def kinds(report: DecisionReport) -> list[tuple[str, str, str | None]]:
    return [(one.kind, one.decision_id, one.location) for one in report.findings]


def test_a_question_that_was_put_off_needs_a_marker_and_the_fix_is_one(work: MissionAtWork) -> None:
    one = put_off(work, "storage")
    report = look(work)
    assert kinds(report) == [("DEFERRED_WITHOUT_MARKER", one, None)]
    refusal = report.refusal()
    assert refusal is not None
    assert (refusal.code, refusal.details["status"]) == ("DECISION_VERIFY_DRIFT", "drift")
    marker = refusal.fix.partition(": ")[2]
    write(work, "plan.md", "# Plan", f"- {marker}")
    found = look(work)
    assert (found.clean, found.deferred_count, found.marker_count) == (True, 1, 1)
    assert found.refusal() is None
    assert found.to_json()["status"] == "clean"
    assert "agree (1 deferred, 1 marked)" in found.to_text()


def test_markers_in_code_are_no_markers(work: MissionAtWork) -> None:
    one = put_off(work, "storage")
    write(
        work, "spec.md", "```", mark(one), "```", "~~~~md", mark(NOBODY), "~~~", "~~~~",
        f"`{mark(NOBODY)}`",
    )  # fmt: skip
    assert kinds(look(work)) == [("DEFERRED_WITHOUT_MARKER", one, None)]
    # A fence that is never closed hides nothing.
    write(work, "spec.md", "```", mark(one))
    assert look(work).clean


def test_a_marker_of_nobody_or_of_a_closed_or_open_question_is_told_with_its_line(
    work: MissionAtWork,
) -> None:
    answered, dropped, still = ask(work, "one"), ask(work, "two"), ask(work, "three")
    resolve_decision(work.project, work.mission, answered, final_answer="x", actor="ada")
    cancel_decision(work.project, work.mission, dropped, rationale="No", actor="ada")
    write(work, "spec.md", "# Spec", mark(answered), mark(NOBODY), "", mark(still))
    write(work, "plan.md", mark(dropped), mark(""))
    report = look(work)
    assert kinds(report) == [
        ("STALE_MARKER", answered, "spec.md:L2"),
        ("MARKER_WITHOUT_DECISION", NOBODY, "spec.md:L3"),
        ("STALE_MARKER", still, "spec.md:L5"),
        ("STALE_MARKER", dropped, "plan.md:L1"),
        ("MARKER_WITHOUT_DECISION", "", "plan.md:L2"),
    ]
    assert f"decision defer {still}" in report.findings[2].fix
    assert report.marker_count == 5
    lenient = report.refusal(fail_on_stale=False)
    assert lenient is not None
    assert "2 places" in lenient.message
    write(work, "spec.md", mark(answered))
    write(work, "plan.md", "")
    assert look(work).refusal(fail_on_stale=False) is None
    assert look(work).refusal() is not None


def test_missing_documents_are_no_drift(work: MissionAtWork) -> None:
    for name in ("spec.md", "plan.md"):
        (work.mission.directory / name).unlink()
    assert look(work).clean


def test_an_index_that_says_something_else_than_the_log_is_told(work: MissionAtWork) -> None:
    one = ask(work, "one")
    index = work.mission.directory / "decisions" / "index.json"
    good = index.read_bytes()
    document = json.loads(good)
    document["entries"][0]["status"] = "canceled"
    index.write_text(json.dumps(document), encoding="utf-8")
    assert kinds(look(work)) == [("INDEX_OUT_OF_DATE", one, None)]
    index.write_bytes(b"{")
    (finding,) = look(work).findings
    assert "is not JSON" in finding.detail
    assert finding.fix.startswith("spec-kitty agent decision rebuild")
    index.unlink()
    assert kinds(look(work)) == [("INDEX_OUT_OF_DATE", one, None)]
    index.write_bytes(good)
    assert look(work).clean


def test_a_marker_may_stand_apart_from_its_id() -> None:
    text = "a\n\n[NEEDS CLARIFICATION: x]\n<!--decision_id:ABC-->"
    assert [(found.line, found.decision_id) for found in deferred_questions(text)] == [(3, "ABC")]
    assert deferred_questions("[NEEDS CLARIFICATION: x] <!-- something else -->") == ()
