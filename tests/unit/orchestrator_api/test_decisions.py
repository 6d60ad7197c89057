"""Questions of a mission's planning, asked and closed by an orchestrator."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.decisions import list_decisions
from tests.conftest import git
from tests.unit.orchestrator_api.calls import IDENTITY, POLICY

if TYPE_CHECKING:
    from tests.unit.orchestrator_api.calls import Caller

NOBODY = "01M7ZE9XF2AFSKH4BZGE7KESPZ"
QUESTION: dict[str, Any] = {
    "origin": "specify",
    "slot_key": "specify.storage",
    "input_key": "storage",
    "question": "Where is it kept?",
    "options": ["a file", "a database"],
    "actor": "claude",
    "policy": POLICY,
}
CLOSING = ("resolve-decision", "defer-decision", "cancel-decision")


def closing(command: str, decision_id: str, **more: Any) -> dict[str, Any]:
    said = {"final_answer": "a file"} if command == "resolve-decision" else {"rationale": "Because"}
    return {"decision_id": decision_id, "actor": "claude", "policy": POLICY, **said, **more}


def test_a_question_is_asked_found_again_put_off_and_answered(call: Caller) -> None:
    asked = call.ok("open-decision", **QUESTION)
    assert asked.items() >= IDENTITY.items()
    assert (asked["status"], asked["idempotent"], asked["options"]) == (
        *("open", False),
        ["a file", "a database"],
    )
    assert asked["commit"] == git(call.work.root, "rev-parse", "HEAD")
    assert asked["event_lamport"] == call.rows()[-1]["lamport_clock"]
    again = call.ok("open-decision", **QUESTION)
    assert again == {**asked, "idempotent": True, "event_lamport": None, "commit": None}
    one = asked["decision_id"]
    put_off = call.ok("defer-decision", **closing("defer-decision", one))
    assert (put_off["status"], put_off["terminal_outcome"]) == ("deferred", "deferred")
    words = closing("resolve-decision", one, resolved_by="the-owner", rationale="Simple")
    done = call.ok("resolve-decision", **words)
    assert (done["final_answer"], done["resolved_by"], done["idempotent"]) == (
        *("a file", "the-owner"),
        False,
    )
    assert call.ok("resolve-decision", **words)["idempotent"]
    (decision,) = list_decisions(call.work.project, call.work.mission).decisions
    assert (decision.status, decision.rationale) == ("resolved", "Simple")


@pytest.mark.parametrize("command", ["open-decision", *CLOSING])
def test_each_needs_a_policy_before_anything_is_looked_up(call: Caller, command: str) -> None:
    said = QUESTION if command == "open-decision" else closing(command, NOBODY)
    none = {key: value for key, value in said.items() if key != "policy"}
    call.refused(command, "POLICY_METADATA_REQUIRED", **none, mission="nope")
    flagged = {**POLICY, "dangerous_flags": ["--yolo"]}
    call.refused(command, "POLICY_VALIDATION_FAILED", **none, policy=flagged)
    call.refused(command, "MISSION_NOT_FOUND", **said, mission="nope")


@pytest.mark.parametrize("command", CLOSING)
def test_what_is_closed_or_not_there_is_refused_with_a_fix_in_words_of_the_api(
    call: Caller, command: str
) -> None:
    missing = call.refused(command, "DECISION_NOT_FOUND", **closing(command, NOBODY))
    assert missing["fix"].startswith("design-status")
    one = call.ok("open-decision", **QUESTION)["decision_id"]
    call.ok("cancel-decision", **closing("cancel-decision", one, rationale="Not needed"))
    closed = call.refused(command, "DECISION_TERMINAL_CONFLICT", **closing(command, one))
    assert closed["existing_status"] == "canceled"
    assert "`input_key`" in closed["fix"]
    before = call.refused("open-decision", "DECISION_ALREADY_CLOSED", **QUESTION)
    assert (before["decision_id"], before["status"]) == (one, "canceled")


def test_a_question_that_was_put_off_is_not_asked_again_but_answered(call: Caller) -> None:
    one = call.ok("open-decision", **QUESTION)["decision_id"]
    call.ok("defer-decision", **closing("defer-decision", one))
    refused = call.refused("open-decision", "DECISION_ALREADY_CLOSED", **QUESTION)
    assert refused["fix"] == f"Answer it: resolve-decision with `decision_id`: {one}."


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ({"slot_key": None}, "DECISION_MISSING_STEP_OR_SLOT", "neither"),
        ({"step_id": "plan"}, "DECISION_MISSING_STEP_OR_SLOT", "a step and a slot"),
        ({"origin": "tasks"}, "USAGE_ERROR", "origin"),
        ({"question": "red \x1b[31m"}, "USAGE_ERROR", "U+001B"),
        ({"question": "x" * 10_001}, "USAGE_ERROR", "question"),
        ({"input_key": "../x"}, "USAGE_ERROR", "input_key"),
        ({"options": "a, b"}, "USAGE_ERROR", "options"),
        ({"actor": "a\nb"}, "USAGE_ERROR", "a\\nb"),
        ({"feature": "x"}, "USAGE_ERROR", "feature"),
    ],
)
def test_what_cannot_be_recorded_is_refused(
    call: Caller, said: dict[str, Any], code: str, told: str
) -> None:
    data = call.refused("open-decision", code, **{**QUESTION, **said})
    assert told in data["message"]


def test_a_damaged_index_is_a_file_that_cannot_be_used(call: Caller) -> None:
    call.ok("open-decision", **QUESTION)
    (call.work.mission.directory / "decisions" / "index.json").write_text("{", encoding="utf-8")
    data = call.refused("open-decision", "PROJECT_FILES_INVALID", **QUESTION)
    assert data["cause"] == "DECISION_INDEX_CORRUPT"
    assert call("design-status")["error_code"] == "PROJECT_FILES_INVALID"


def test_the_design_status_names_the_phase_what_it_lacks_and_what_waits(call: Caller) -> None:
    done = call.ok("design-status")
    assert done.items() >= {**IDENTITY, "current_phase": "implement", "missing": []}.items()
    assert (done["next_action"], done["open_decisions"]) == ("implement", [])
    one = call.ok("open-decision", **QUESTION)["decision_id"]
    two = call.ok("open-decision", **{**QUESTION, "input_key": "format"})["decision_id"]
    call.ok("defer-decision", **closing("defer-decision", two))
    waiting = call.ok("design-status")
    assert waiting["next_action"] == "resolve-decision"
    assert waiting["open_decisions"] == [
        {
            "decision_id": one,
            "origin": "specify",
            "input_key": "storage",
            "question": "Where is it kept?",
            "options": ["a file", "a database"],
        }
    ]
    assert [decision["decision_id"] for decision in waiting["deferred_decisions"]] == [two]
    call.ok("cancel-decision", **closing("cancel-decision", one))
    for name, phase in (("tasks.md", "tasks"), ("plan.md", "plan"), ("spec.md", "specify")):
        (call.work.mission.directory / name).unlink()
        status = call.ok("design-status")
        assert (status["current_phase"], status["next_action"]) == (phase, phase)
        assert status["missing"][0]["file"].endswith(name)
        assert status["missing"][0]["fix"]
    meta = call.work.mission.directory / "meta.json"
    merged = {**json.loads(meta.read_bytes()), "merged_at": "2026-11-21T07:13:00.123456+00:00"}
    meta.write_text(json.dumps(merged), encoding="utf-8")
    status = call.ok("design-status")
    assert (status["current_phase"], status["next_action"]) == ("done", None)
