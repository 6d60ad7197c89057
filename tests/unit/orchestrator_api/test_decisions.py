"""Questions of a mission's planning, asked and closed by an orchestrator."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.decisions import list_decisions
from specify_cli.next import advance
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
REPLY: dict[str, Any] = {"agent": "claude", "answer": "north", "policy": POLICY}
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


@pytest.mark.parametrize("command", ["open-decision", "answer-decision", *CLOSING])
def test_each_needs_a_policy_before_anything_is_looked_up(call: Caller, command: str) -> None:
    said = QUESTION if command == "open-decision" else closing(command, NOBODY)
    said = REPLY if command == "answer-decision" else said
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


def test_the_question_of_a_run_is_answered_and_the_answer_says_what_comes_next(
    call: Caller,
) -> None:
    nothing = call.refused("answer-decision", "NO_PENDING_DECISION", **REPLY)
    assert "waits for no answer" in nothing["message"]
    waits_for(call, "region", "season")
    other = call.refused(
        "answer-decision", "DECISION_NOT_PENDING", **{**REPLY, "decision_id": "input:colour"}
    )
    assert other["cause"] == "NO_PENDING_DECISION"
    assert other["pending"] == ["input:region"]
    first = call.ok("answer-decision", **REPLY, result="success")
    assert (
        first.items()
        >= {
            **IDENTITY,
            "mission_type": "guide",
            "decision_id": "input:region",
            "answered": True,
        }.items()
    )
    assert (first["next_kind"], first["next_decision_id"]) == ("decision_required", "input:season")
    assert "season" in first["question"]
    last = call.ok("answer-decision", **REPLY, decision_id="input:season")
    assert (last["next_kind"], last["step_id"], last["next_decision_id"]) == (
        "step",
        "survey",
        None,
    )
    assert Path(last["prompt_path"]).is_file()
    call.refused("answer-decision", "NO_PENDING_DECISION", **REPLY)
    call.refused("answer-decision", "USAGE_ERROR", **REPLY, result="failed")


def test_a_mission_that_stays_blocked_after_an_answer_is_no_success(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specify_cli import next as door

    waits_for(call, "region")

    def blocked(*given: Any, **more: Any) -> Any:
        return {
            **answered(*given, **more),
            "kind": "blocked",
            "reason": "no tasks",
            "fix": "Write.",
        }

    answered = door.advance
    monkeypatch.setattr(door, "advance", blocked)
    envelope = call("answer-decision", **REPLY)
    assert (envelope["success"], envelope["error_code"]) == (False, "MISSION_BLOCKED")
    assert envelope["data"].items() >= {"answered": True, "reason": "no tasks"}.items()


def waits_for(call: Caller, *inputs: str) -> None:
    """Give the mission a type that asks, and let its run ask."""
    folder = call.work.root / ".kittify" / "missions" / "guide"
    folder.mkdir(parents=True)
    (folder / "mission-runtime.yaml").write_text(
        "mission: {key: guide, name: Guide}\n"
        "steps:\n"
        f"  - {{id: survey, title: Survey, prompt: Walk., requires_inputs: [{', '.join(inputs)}]}}\n",
        encoding="utf-8",
    )
    meta = call.work.mission.directory / "meta.json"
    document = {**json.loads(meta.read_bytes()), "mission_type": "guide"}
    meta.write_text(json.dumps(document), encoding="utf-8")
    git(call.work.root, "add", "-A")
    git(call.work.root, "commit", "-q", "-m", "Another type")
    asked = advance(call.work.project, call.work.mission, agent="claude", result="success")
    assert asked["kind"] == "decision_required"
