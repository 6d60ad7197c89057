"""What a refusal tells its caller to do: arguments of the API, never commands of people and agents."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.orchestrator_api import execute, exit_status
from tests.conftest import git
from tests.unit.orchestrator_api.calls import BOTH, POLICY, judged
from tests.unit.orchestrator_api.test_transition import under_review

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.orchestrator_api.calls import Caller

FOREIGN = ("--", "spec-kitty next", "agent tasks", "agent action", "implement`")


def told(call: Caller, command: str, code: str, **arguments: Any) -> str:
    """The fix of a refusal; it speaks no language but the API's."""
    fix = str(call.refused(command, code, **arguments)["fix"])
    assert not [word for word in FOREIGN if word in fix], fix
    return fix


def move(call: Caller, to: str, code: str = "TRANSITION_REJECTED", **more: Any) -> str:
    asked = {"wp": "WP01", "actor": "codex", "policy": POLICY, **more}
    return told(call, "transition", code, to=to, **asked)


def test_a_rejection_without_a_word_asks_for_a_note_or_a_reference(call: Caller) -> None:
    under_review(call)
    fix = move(call, "in_progress")
    assert "`note`" in fix
    assert "`review_ref`" in fix


def test_a_step_that_needs_force_says_how_to_force_it(call: Caller) -> None:
    fix = move(call, "done")
    assert "claimed, blocked, canceled" in fix
    assert "`force`: true and a `note`" in fix
    call.ok("transition", wp="WP01", to="canceled", actor="codex", note="No.")
    assert move(call, "planned").startswith("Reopen it with `force`: true and a `note`")


def test_a_claim_of_another_says_what_else_to_take_and_how_to_free_it(call: Caller) -> None:
    call.start("WP01", "claude")
    taken = {"wp": "WP01", "actor": "codex", "policy": POLICY}
    for command, more in (
        ("start-implementation", {}),
        ("transition", {"to": "in_progress"}),
    ):
        fix = told(call, command, "WP_ALREADY_CLAIMED", **taken, **more)
        assert "list-ready" in fix
        assert "If claude will not go on: transition WP01 with `to`: planned, `force`: true" in fix


def test_a_review_of_another_is_freed_for_review(call: Caller) -> None:
    under_review(call)
    fix = told(call, "start-review", "WP_ALREADY_CLAIMED", wp="WP01", actor="gemini", policy=POLICY)
    assert "`to`: for_review" in fix


def test_work_that_others_build_on_is_named_completely(call: Caller) -> None:
    fix = told(
        call,
        "start-implementation",
        "DEPENDENCIES_NOT_SATISFIED",
        wp="WP03",
        actor="a",
        policy=POLICY,
    )
    assert fix.startswith("Get WP01 and WP02 approved first")


def test_a_hand_off_names_the_argument_that_vouches(call: Caller) -> None:
    call.start("WP01", "codex")
    assert "`subtasks_complete`: true" in move(call, "for_review", subtasks_complete=False)
    gap = move(call, "for_review", subtasks_complete=True, implementation_evidence_present=False)
    assert "`implementation_evidence_present`: true" in gap
    assert "commit" in move(call, "for_review", **BOTH)


def test_guards_of_reviews_name_their_arguments(call: Caller) -> None:
    call.start("WP01", "codex")
    assert "`evidence`" in move(call, "approved")
    assert "`note`" in move(call, "planned")
    assert told(
        call, "start-review", "TRANSITION_REJECTED", wp="WP01", actor="gemini", policy=POLICY
    ).startswith("Wait until codex has handed it over")


def test_a_done_without_its_review_asks_for_the_result(call: Caller) -> None:
    under_review(call)
    assert "`review_result`" in move(call, "done")


def test_a_mission_that_is_not_ready_says_where_it_stands(call: Caller) -> None:
    for command, who in (("accept-mission", {"actor": "codex"}), ("merge-mission", {})):
        fix = told(call, command, "MISSION_NOT_READY", **who)
        assert fix.startswith("Get WP01, WP02, WP03 approved first; mission-state")


def test_a_missing_policy_is_asked_for_by_its_argument(call: Caller) -> None:
    fix = told(call, "start-review", "POLICY_METADATA_REQUIRED", wp="WP01", actor="a")
    assert fix.startswith("Give `policy`")


@pytest.mark.parametrize("name", ["evidence", "review_result"])
def test_text_that_is_no_json_is_told_with_its_position(name: str, tmp_path: Path) -> None:
    asked = {"mission": "m", "wp": "WP01", "to": "approved", "actor": "a", "policy": POLICY}
    for text, why in (
        ('{"review": }', "it is not JSON (Expecting value: line 1 column 12"),
        ("[" * 5000, "it is not JSON"),
        ("[1]", "it is not a JSON object"),
    ):
        envelope = judged(execute("transition", {**asked, name: text}, start=tmp_path))
        assert envelope["error_code"] == "USAGE_ERROR"
        assert f"{name}: {why}" in envelope["data"]["message"]
        assert "expected an object" not in envelope["data"]["message"]


def test_a_deep_policy_is_no_json_and_no_defect(tmp_path: Path) -> None:
    asked = {"mission": "m", "wp": "WP01", "actor": "a", "policy": "[" * 5000}
    envelope = judged(execute("start-review", asked, start=tmp_path))
    assert envelope["error_code"] == "POLICY_VALIDATION_FAILED"
    assert "it is not JSON" in envelope["data"]["message"]


def test_every_missing_field_of_a_policy_is_named_at_once(tmp_path: Path) -> None:
    asked = {"mission": "m", "wp": "WP01", "actor": "a", "policy": {}}
    message = judged(execute("start-review", asked, start=tmp_path))["data"]["message"]
    assert all(f"policy.{name}: " in message for name in POLICY)


def test_a_name_that_is_none_is_told_in_words(tmp_path: Path) -> None:
    for actor in ("", " x", "-x"):
        asked = {"mission": "m", "actor": actor}
        data = judged(execute("accept-mission", asked, start=tmp_path))["data"]
        assert "the name of an agent or a person" in data["message"]
        assert "^" not in data["message"]
    assert data["fix"].startswith(
        "accept-mission needs mission, actor and takes no other argument."
    )


def test_a_mission_on_another_branch_leads_to_its_branch(call: Caller) -> None:
    root, slug = call.work.root, "guest-book-01KQ77AA"
    git(root, "branch", f"kitty/mission-{slug}")
    git(root, "branch", "kitty/mission-other-01KQ88BB")
    for handle in (slug, "guest-book", "01KQ77AA"):
        data = call.refused("mission-state", "MISSION_NOT_FOUND", mission=handle)
        assert data["fix"] == f"git switch kitty/mission-{slug}"
    data = call.refused("mission-state", "MISSION_NOT_FOUND", mission="nothing")
    assert "kitty/mission-other-01KQ88BB" in data["fix"]
    assert "uninitialized" not in json.dumps(data)


@pytest.mark.parametrize("value", [[], [1], 7, None])
def test_a_document_of_another_kind_is_named_with_what_was_expected(
    value: object, tmp_path: Path
) -> None:
    asked = {"mission": "m", "wp": "WP01", "to": "approved", "actor": "a", "policy": POLICY}
    envelope = judged(execute("transition", {**asked, "evidence": value}, start=tmp_path))
    assert "evidence: it is not a JSON object" in envelope["data"]["message"]
    assert (envelope["error_code"], envelope["data"]["cause"]) == (
        "USAGE_ERROR",
        "INVALID_DOCUMENT",
    )
    assert exit_status(envelope) == 1
    both = judged(execute("transition", {**asked, "evidence": value, "x": 1}, start=tmp_path))
    assert "evidence: it is not a JSON object" in both["data"]["message"]
    assert exit_status(both) == 2


@pytest.mark.parametrize("value", [float("inf"), "half \ud800", [["\udc00"]]])
def test_what_cannot_be_written_down_is_refused_by_its_name(value: object, tmp_path: Path) -> None:
    asked = {"mission": "m", "wp": "WP01", "to": "approved", "actor": "a", "policy": POLICY}
    policy = judged(execute("transition", {**asked, "policy": {"x": value}}, start=tmp_path))
    assert policy["error_code"] == "POLICY_VALIDATION_FAILED"
    assert policy["data"]["path"] == "policy"
    note = judged(execute("transition", {**asked, "note": value}, start=tmp_path))
    assert note["error_code"] == "USAGE_ERROR"
    assert "note: it is not usable as JSON" in note["data"]["message"]
    stranger = judged(execute("accept-mission", {**asked, "policy": value}, start=tmp_path))
    assert stranger["error_code"] == "USAGE_ERROR"


def test_the_form_of_a_policy_is_told_by_a_command(call: Caller) -> None:
    fix = call.refused("start-review", "POLICY_METADATA_REQUIRED", wp="WP01", actor="a")["fix"]
    assert "`Policy` in what `spec-kitty orchestrator-api openapi` prints" in fix
