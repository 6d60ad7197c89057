"""Lane changes that a program asks for: claims are checked, vouched-for subtasks are recorded."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.orchestrator_api import execute, exit_status
from specify_cli.orchestrator_api.transition import NEEDS_POLICY
from specify_cli.status.lanes import DISPLAY_LANES
from tests.conftest import git
from tests.unit.missions.mission_files import SLUG
from tests.unit.orchestrator_api.calls import BOTH, IDENTITY, POLICY, Caller, judged

if TYPE_CHECKING:
    from pathlib import Path

APPROVAL = {"reviewer": "codex", "verdict": "approved", "reference": "https://x.test/pull/1"}
CHECKS = [{"command": "make test", "result": "pass", "summary": "all of them"}]
REJECTION = {**APPROVAL, "verdict": "changes_requested"}


def last(call: Caller, wp: str = "WP01") -> Any:
    """The last lane change of a work package."""
    return next(row for row in reversed(call.rows()) if row.get("wp_id") == wp and "to_lane" in row)


def under_review(call: Caller, reviewer: str = "codex") -> None:
    call.build()
    call.ok("start-review", wp="WP01", actor=reviewer, policy=POLICY)


def test_a_move_answers_with_both_lanes_and_records_the_policy(call: Caller) -> None:
    moved = call.move("claimed")
    assert moved == {
        **IDENTITY,
        "wp_id": "WP01",
        "from_lane": "planned",
        "to_lane": "claimed",
        "policy_metadata_recorded": True,
        "no_op": False,
        "forced": False,
        "claimed_by": "claude",
    }
    assert last(call)["policy_metadata"] == POLICY
    blocked = call.ok("transition", wp="WP01", to="blocked", actor="claude", note="No network.")
    assert blocked["policy_metadata_recorded"] is False
    assert (last(call)["reason"], last(call)["policy_metadata"]) == ("No network.", None)
    assert call.work.clean()


def test_a_lane_that_does_not_exist_is_a_wrong_call(call: Caller, tmp_path: Path) -> None:
    data = call.refused("transition", "USAGE_ERROR", wp="WP01", to="bogus", actor="a")
    assert data["cause"] == "UNKNOWN_LANE"
    assert data["lanes"] == [lane.value for lane in DISPLAY_LANES]
    for lane in ("genesis", "uninitialized"):
        call.refused("transition", "USAGE_ERROR", wp="WP01", to=lane, actor="a")
    nowhere = {"mission": "nowhere", "wp": "WP01", "to": "bogus", "actor": "a"}
    envelope = judged(execute("transition", nowhere, start=tmp_path))
    assert (envelope["error_code"], exit_status(envelope)) == ("USAGE_ERROR", 2)


@pytest.mark.parametrize("lane", [lane.value for lane in DISPLAY_LANES])
def test_lanes_of_work_need_a_policy_and_the_others_judge_one(lane: str, tmp_path: Path) -> None:
    asked = {"mission": "nowhere", "wp": "WP01", "to": lane, "actor": "a"}
    needed = lane in {"claimed", "in_progress", "for_review", "in_review", "approved"}
    assert needed == (lane in NEEDS_POLICY)
    without = judged(execute("transition", asked, start=tmp_path))
    code = "POLICY_METADATA_REQUIRED" if needed else "STATUS_READ_PATH_NOT_FOUND"
    assert without["error_code"] == code
    bad = {**asked, "policy": {**POLICY, "dangerous_flags": ["--yolo"]}}
    assert (
        judged(execute("transition", bad, start=tmp_path))["error_code"]
        == "POLICY_VALIDATION_FAILED"
    )


@pytest.mark.parametrize("alias", ["doing", "Doing", "in-progress", "IN_PROGRESS"])
def test_people_s_words_for_a_lane_are_understood(call: Caller, alias: str) -> None:
    call.move("claimed")
    moved = call.move(alias)
    assert moved["to_lane"] == last(call)["to_lane"] == "in_progress"
    # A worktree belongs to it, as to every start.
    assert call.work.worktree("lane-a").is_dir()


def test_a_claim_is_refused_to_a_second_and_before_its_dependencies(call: Caller) -> None:
    call.move("claimed")
    refused = {"wp": "WP01", "actor": "codex", "policy": POLICY}
    for lane in ("claimed", "in_progress"):
        data = call.refused("transition", "WP_ALREADY_CLAIMED", to=lane, **refused)
        assert (data["claimed_by"], data["requesting_actor"]) == ("claude", "codex")
    data = call.refused(
        "transition",
        "DEPENDENCIES_NOT_SATISFIED",
        wp="WP03",
        to="claimed",
        actor="a",
        policy=POLICY,
    )
    assert data["unsatisfied_dependencies"] == ["WP01", "WP02"]


@pytest.mark.parametrize(
    "steps",
    [("claimed",), ("claimed", "in_progress"), ("blocked",), ("canceled",), ("planned",)],
)
def test_asking_again_as_the_same_actor_records_nothing(
    call: Caller, steps: tuple[str, ...]
) -> None:
    actor = "ada" if steps == ("planned",) else "claude"
    for lane in steps:
        call.move(lane, actor=actor, note="first")
    before = call.state()
    again = call.move(steps[-1], actor=actor, force=True, note="again")
    assert (again["no_op"], again["policy_metadata_recorded"], again["forced"]) == (
        True,
        False,
        False,
    )
    assert call.state() == before


def test_what_another_actor_put_there_is_there_already(call: Caller) -> None:
    call.move("blocked")
    data = call.refused("transition", "TRANSITION_REJECTED", wp="WP01", to="blocked", actor="codex")
    assert "already" in data["message"]


def test_vouched_for_subtasks_are_recorded_as_done_with_the_hand_off(call: Caller) -> None:
    started = call.start()
    call.work.commit(started["lane_id"], {"src/part1/work.txt": "x"})
    before = int(git(call.work.root, "rev-list", "--count", "HEAD"))
    handed = call.move("for_review", **BOTH)
    assert (handed["from_lane"], handed["to_lane"]) == ("in_progress", "for_review")
    assert int(git(call.work.root, "rev-list", "--count", "HEAD")) == before + 1
    noted = [row for row in call.rows() if "subtasks" in (row.get("delta") or {})]
    assert [(row["actor"], set(row["delta"]["subtasks"].values())) for row in noted] == [
        ("claude", {"done"})
    ]
    assert last(call)["policy_metadata"] == POLICY
    again = call.move("for_review", **BOTH)
    assert again["no_op"] is True


@pytest.mark.parametrize(
    ("claims", "told"),
    [
        ({}, "subtask"),
        ({"subtasks_complete": False, "implementation_evidence_present": True}, "subtask"),
        (
            {"subtasks_complete": True, "implementation_evidence_present": False},
            "commit of its own",
        ),
        (BOTH, "a commit of WP01"),
    ],
)
def test_a_hand_off_whose_claims_do_not_hold_is_refused_and_says_what_is_missing(
    call: Caller, claims: dict[str, bool], told: str
) -> None:
    started = call.start()
    if claims != BOTH:
        call.work.commit(started["lane_id"], {"src/part1/work.txt": "x"})
    data = call.refused(
        "transition", "TRANSITION_REJECTED", wp="WP01", to="for_review", actor="claude",
        policy=POLICY, **claims,
    )  # fmt: skip
    assert told in data["message"]


def test_a_claim_of_evidence_is_checked_in_the_worktree(call: Caller) -> None:
    started = call.start()
    call.work.commit(started["lane_id"], {"src/part1/work.txt": "x"})
    (call.work.worktree(started["lane_id"]) / "src/part1/forgotten.txt").write_text("x", "utf-8")
    data = call.refused(
        "transition", "TRANSITION_REJECTED", wp="WP01", to="for_review", actor="claude",
        policy=POLICY, **BOTH,
    )  # fmt: skip
    assert data["cause"] == "HANDOFF_INCOMPLETE"
    assert "forgotten.txt" in json.dumps(data["guard_failures"])


def test_force_goes_past_says_so_and_needs_a_note(call: Caller) -> None:
    call.start()
    data = call.refused(
        "transition", "TRANSITION_REJECTED", wp="WP01", to="for_review", actor="claude",
        policy=POLICY, force=True, **BOTH,
    )  # fmt: skip
    assert (data["guard"], data["fix"]) == ("force_reason", "Say why in `note`.")
    forced = call.move("for_review", force=True, note="Tested by hand.", **BOTH)
    assert (forced["forced"], forced["no_op"]) == (True, False)
    row = last(call)
    assert (row["force"], row["actor"]) == (True, "claude")
    assert row["reason"] == "Tested by hand."
    call.move("done", force=True, note="Reviewed by hand.", actor="codex")
    assert last(call)["reason"] == "Reviewed by hand."
    assert call.work.lane("WP01") == "done"
    assert call.work.clean()


def test_the_reviewer_who_has_it_approves(call: Caller) -> None:
    under_review(call)
    data = call.refused(
        "transition", "WP_ALREADY_CLAIMED", wp="WP01", to="approved", actor="gemini", policy=POLICY
    )
    assert data["claimed_by"] == "codex"
    call.move("approved", actor="codex")
    row = last(call)
    assert row["review_result"]["reviewer"] == "codex"
    assert row["review_result"]["verdict"] == "approved"
    assert row["policy_metadata"] == POLICY


@pytest.mark.parametrize(
    "given",
    [
        {"review_result": APPROVAL},
        {"evidence": {"review": APPROVAL}},
        {"evidence": {"review": APPROVAL, "verification": CHECKS}},
        {"review_result": APPROVAL, "evidence": {"review": APPROVAL, "repos": []}},
    ],
)
@pytest.mark.parametrize("lane", ["approved", "done"])
def test_a_program_passes_on_the_reviewers_approval(
    call: Caller, lane: str, given: dict[str, Any]
) -> None:
    under_review(call)
    call.move(lane, actor="orchestrator", **given)
    row = last(call)
    assert (row["to_lane"], row["force"]) == (lane, False)
    assert row["review_result"] == APPROVAL
    assert row["evidence"]["review"] == APPROVAL
    assert row["evidence"].get("verification") == given.get("evidence", {}).get("verification")


def test_done_from_review_needs_the_verdict(call: Caller) -> None:
    under_review(call)
    data = call.refused("transition", "TRANSITION_REJECTED", wp="WP01", to="done", actor="codex")
    assert data["guard"] == "review_result"
    call.refused("transition", "TRANSITION_REJECTED", wp="WP01", to="done", actor="codex",
                 review_result=REJECTION)  # fmt: skip


def test_an_approved_work_package_is_done_with_the_evidence_of_its_review(call: Caller) -> None:
    call.deliver()
    call.refused("transition", "TRANSITION_REJECTED", wp="WP01", to="done", actor="codex")
    call.ok("transition", wp="WP01", to="done", actor="codex", review_result=APPROVAL)
    assert call.work.lane("WP01") == "done"


@pytest.mark.parametrize("lane", ["in_progress", "planned"])
def test_a_note_is_the_feedback_of_a_rejection(call: Caller, lane: str) -> None:
    under_review(call)
    call.move(lane, actor="codex", note="The second test fails.")
    row = last(call)
    assert row["to_lane"] == lane
    assert row["review_result"]["verdict"] == "changes_requested"
    file = call.work.root / row["review_ref"]
    assert "The second test fails." in file.read_text("utf-8")
    assert call.work.clean()


def test_a_reference_alone_is_enough_for_a_rejection(call: Caller) -> None:
    under_review(call)
    call.move("in_progress", actor="codex", review_ref="https://x.test/pull/1#r7")
    row = last(call)
    assert row["review_ref"] == "https://x.test/pull/1#r7"
    assert row["review_result"]["verdict"] == "changes_requested"


def test_a_note_and_a_reference_are_both_kept(call: Caller) -> None:
    under_review(call)
    call.move("in_progress", actor="codex", note="Rename it.", review_ref="https://x.test/r7")
    row = last(call)
    assert row["review_ref"] == "https://x.test/r7"
    assert "Rename it." in (call.work.root / row["review_result"]["feedback_path"]).read_text(
        "utf-8"
    )


def test_a_rejection_without_a_word_is_refused(call: Caller) -> None:
    under_review(call)
    data = call.refused(
        "transition",
        "TRANSITION_REJECTED",
        wp="WP01",
        to="in_progress",
        actor="codex",
        policy=POLICY,
    )
    assert data["cause"] == "REVIEW_FEEDBACK_REQUIRED"


def test_rework_goes_round_again(call: Caller) -> None:
    under_review(call)
    call.move("in_progress", actor="codex", note="Again.")
    assert call.start()["no_op"] is True
    call.work.commit("lane-a", {"src/part1/work.txt": "better"})
    call.move("for_review", **BOTH)
    call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    call.move("approved", actor="codex")
    assert call.work.lane("WP01") == "approved"


def test_blocked_work_goes_on_where_it_was_or_is_claimed_anew(call: Caller) -> None:
    call.start()
    call.ok("transition", wp="WP01", to="blocked", actor="claude", note="No network.")
    call.move("in_progress")
    assert call.work.board.work_packages["WP01"].implementer == "claude"
    call.ok("transition", wp="WP02", to="blocked", actor="claude")
    call.move("in_progress", "WP02", "codex")
    assert call.work.board.work_packages["WP02"].implementer == "codex"
    assert call.work.worktree("lane-b").is_dir()


def test_what_is_canceled_stays_so_without_force(call: Caller) -> None:
    call.ok("transition", wp="WP01", to="canceled", actor="claude", note="Not needed.")
    data = call.refused(
        "transition", "TRANSITION_REJECTED", wp="WP01", to="planned", actor="claude"
    )
    assert data["guard"] == "edge"
    call.ok("transition", wp="WP01", to="planned", actor="claude", force=True, note="Needed.")
    assert call.work.lane("WP01") == "planned"


def test_a_step_that_does_not_exist_names_those_that_do(call: Caller) -> None:
    data = call.refused(
        "transition", "TRANSITION_REJECTED", wp="WP01", to="in_progress", actor="a", policy=POLICY
    )
    assert data["legal_targets"] == ["claimed", "blocked", "canceled"]


@pytest.mark.parametrize(
    "given",
    [
        {"review_result": {"verdict": "approved"}},
        {"review_result": {"reviewer": 7, "verdict": "approved", "reference": "x"}},
        {"evidence": {"review": "fine"}},
        {"evidence": {"review": APPROVAL, "repos": 3}},
        {"evidence": {"verification": CHECKS}},
        {"evidence": APPROVAL},
        {"review_result": {**APPROVAL, "verdict": "fine"}},
        {"evidence": [1]},
        {"review_result": "approved"},
        {"evidence": {"feature_slug": "x"}},
    ],
)
def test_evidence_of_another_shape_is_a_wrong_call(call: Caller, given: dict[str, Any]) -> None:
    under_review(call)
    call.refused("transition", "USAGE_ERROR", wp="WP01", to="approved", actor="codex",
                 policy=POLICY, **given)  # fmt: skip


def test_work_packages_that_the_log_does_not_know_are_moved_from_planned(call: Caller) -> None:
    call.work.mission.log_file.unlink()
    (call.work.mission.directory / "status.json").unlink()
    git(call.work.root, "commit", "-q", "-a", "-m", "As another client seeds it")
    nothing = call.ok("transition", wp="WP01", to="planned", actor="claude")
    assert nothing["no_op"] is True
    assert not call.work.mission.log_file.exists()
    moved = call.ok("transition", wp="WP01", to="blocked", actor="claude")
    assert (moved["from_lane"], moved["to_lane"]) == ("planned", "blocked")
    assert [row["to_lane"] for row in call.rows() if "to_lane" in row] == [
        "planned",
        "blocked",
    ]


def test_the_mission_is_found_by_its_words_and_its_id(call: Caller) -> None:
    for handle in ("todo-app", "01KQ22DS", "01KQ22DSA8G3W5V7T9Y1B3D5F7", SLUG):
        assert call.ok("mission-state", mission=handle)["mission_slug"] == SLUG
