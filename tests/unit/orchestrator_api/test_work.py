"""Taking work packages up: one worktree, one commit, and never two agents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from specify_cli.orchestrator_api import execute
from tests.conftest import git
from tests.unit.missions.lane_missions import BRANCH, fresh_repository, make_project
from tests.unit.orchestrator_api.calls import BOTH, IDENTITY, POLICY, Caller, judged

if TYPE_CHECKING:
    from typing import Any


def commits(call: Caller) -> int:
    return int(git(call.work.root, "rev-list", "--count", BRANCH))


def test_starting_makes_worktree_and_prompt_and_records_the_policy_in_one_commit(
    call: Caller,
) -> None:
    before, rows = commits(call), len(call.rows())
    started = call.start("wp1", "claude")
    assert started.items() >= IDENTITY.items()
    assert (started["wp_id"], started["from_lane"]) == ("WP01", "planned")
    assert started["to_lane"] == call.work.lane("WP01") == "in_progress"
    assert (started["no_op"], started["policy_metadata_recorded"]) == (False, True)
    tree = Path(started["workspace_path"])
    assert git(tree, "branch", "--show-current") == started["lane_branch"]
    assert git(tree, "rev-parse", "HEAD") == started["lane_base_ref"]
    assert tree.name.endswith(started["lane_id"])
    prompt = Path(started["prompt_path"]).read_text("utf-8")
    assert "WP01" in prompt
    assert commits(call) == before + 1
    new = [row for row in call.rows()[rows:] if "to_lane" in row]
    assert [(row["to_lane"], row["actor"]) for row in new] == [
        ("claimed", "claude"),
        ("in_progress", "claude"),
    ]
    assert [row["policy_metadata"] for row in new] == [POLICY, POLICY]
    assert call.work.clean()


def test_starting_again_answers_the_same_and_records_nothing(call: Caller) -> None:
    first = call.start()
    before = call.state()
    second = call.start()
    assert call.state() == before
    assert second == first | {
        "from_lane": "in_progress",
        "no_op": True,
        "policy_metadata_recorded": False,
    }


def test_who_claimed_it_begins_with_one_event(call: Caller) -> None:
    call.move("claimed")
    rows = len(call.rows())
    assert call.start()["from_lane"] == "claimed"
    assert [row["to_lane"] for row in call.rows()[rows:] if "to_lane" in row] == ["in_progress"]


def test_another_actor_is_told_who_has_it(call: Caller) -> None:
    call.start("WP01", "claude")
    data = call.refused(
        "start-implementation", "WP_ALREADY_CLAIMED", wp="WP01", actor="codex", policy=POLICY
    )
    assert (data["claimed_by"], data["requesting_actor"]) == ("claude", "codex")
    assert data.items() >= IDENTITY.items()
    assert "cause" not in data


def test_dependencies_come_first(call: Caller) -> None:
    data = call.refused(
        "start-implementation", "DEPENDENCIES_NOT_SATISFIED", wp="WP03", actor="a", policy=POLICY
    )
    assert data["wp_id"] == "WP03"
    assert data["unsatisfied_dependencies"] == ["WP01", "WP02"]


def test_a_worktree_that_somebody_else_works_in_is_not_shared(tmp_path: Path) -> None:
    owns = {1: ["src/**"], 2: ["src/part2/**"]}
    root = fresh_repository(tmp_path / "shared")
    call = Caller(make_project(root, {1: (), 2: ()}, owns=owns))
    call.start("WP01", "claude")
    data = call.refused(
        "start-implementation", "LANE_ALLOCATION_FAILED", wp="WP02", actor="codex", policy=POLICY
    )
    assert data["cause"] == "LANE_BUSY"
    assert data["claimed_by"] == "claude"


def test_what_is_finished_cannot_be_started(call: Caller) -> None:
    call.deliver("WP01")
    data = call.refused(
        "start-implementation", "TRANSITION_REJECTED", wp="WP01", actor="claude", policy=POLICY
    )
    assert data["legal_targets"]


def test_a_work_package_that_the_log_does_not_know_is_planned_and_started(call: Caller) -> None:
    call.work.mission.log_file.unlink()
    (call.work.mission.directory / "status.json").unlink()
    git(call.work.root, "commit", "-q", "-a", "-m", "As another client seeds it")
    started = call.start()
    assert started["from_lane"] == "planned"
    lanes = [row["to_lane"] for row in call.rows() if "to_lane" in row]
    assert lanes == ["planned", "claimed", "in_progress"]
    assert call.work.clean()


@pytest.mark.parametrize("command", ["start-implementation", "start-review"])
def test_the_policy_is_judged_before_the_mission_is_looked_up(command: str, tmp_path: Path) -> None:
    arguments: dict[str, Any] = {"mission": "nowhere", "wp": "WP01", "actor": "a"}
    missing = judged(execute(command, arguments, start=tmp_path))
    assert missing["error_code"] == "POLICY_METADATA_REQUIRED"
    short = judged(execute(command, {**arguments, "policy": {}}, start=tmp_path))
    assert short["error_code"] == "POLICY_VALIDATION_FAILED"
    assert "policy.orchestrator_id" in short["data"]["message"]
    whole = judged(execute(command, {**arguments, "policy": POLICY}, start=tmp_path))
    assert whole["error_code"] == "STATUS_READ_PATH_NOT_FOUND"


def test_a_review_is_taken_once_and_by_one(call: Caller) -> None:
    call.build("WP01", "claude")
    taken = call.ok(
        "start-review", wp="WP01", actor="codex", policy=POLICY, review_ref="https://x.test/pull/1"
    )
    assert (taken["from_lane"], taken["to_lane"]) == ("for_review", "in_review")
    assert (taken["self_review"], taken["no_op"]) == (False, False)
    assert Path(taken["prompt_path"]).is_file()
    assert Path(taken["workspace_path"]).is_dir()
    row = next(row for row in reversed(call.rows()) if row.get("to_lane") == "in_review")
    assert (row["review_ref"], row["policy_metadata"]) == ("https://x.test/pull/1", POLICY)
    before = call.state()
    again = call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    assert (again["no_op"], again["policy_metadata_recorded"]) == (True, False)
    assert call.state() == before
    data = call.refused(
        "start-review", "WP_ALREADY_CLAIMED", wp="WP01", actor="gemini", policy=POLICY
    )
    assert (data["claimed_by"], data["requesting_actor"]) == ("codex", "gemini")


def test_who_reviews_their_own_work_is_told_so(call: Caller) -> None:
    call.build("WP01", "claude")
    taken = call.ok("start-review", wp="WP01", actor="claude", policy=POLICY)
    assert taken["self_review"] is True


def test_only_what_was_handed_off_is_reviewed(call: Caller) -> None:
    call.refused("start-review", "TRANSITION_REJECTED", wp="WP01", actor="codex", policy=POLICY)
    call.start()
    data = call.refused(
        "start-review", "TRANSITION_REJECTED", wp="WP01", actor="codex", policy=POLICY
    )
    assert "claude" in data["message"]


def test_the_wrong_branch_is_told_as_a_commit_that_cannot_be_made(call: Caller) -> None:
    git(call.work.root, "switch", "-q", "-c", "elsewhere")
    data = call.refused(
        "start-implementation", "SAFE_COMMIT_HEAD_MISMATCH", wp="WP01", actor="a", policy=POLICY
    )
    assert data["cause"] == "WRONG_BRANCH"
    assert data["fix"] == f"git switch {BRANCH}"


def test_the_prompts_of_the_api_let_the_orchestrator_report(call: Caller) -> None:
    started = Path(call.start()["prompt_path"]).read_text("utf-8")
    assert "spec-kitty next" not in started
    assert "mark-status" not in started
    assert "Commit your work in this worktree" in started
    assert "## When you are done" in started
    assert "## How to report" not in started
    call.work.commit("lane-a", {"src/part1/work.txt": "x"})
    call.move("for_review", **BOTH)
    taken = call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    review = Path(taken["prompt_path"]).read_text("utf-8")
    assert "spec-kitty next" not in review
    assert "--feedback-file" not in review
    assert "Say clearly whether you approve" in review


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("earlier", [False, True])
def test_a_rejection_that_only_names_its_review_is_the_latest_verdict_in_the_prompt(
    call: Caller, earlier: bool, force: bool
) -> None:
    call.build()
    if earlier:
        call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
        call.move("in_progress", actor="codex", note="The first remark.")
        call.work.commit("lane-a", {"src/part1/work.txt": "better"})
        call.move("for_review", **BOTH)
    call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    ref = "https://x.test/pull/1#r7"
    call.move("in_progress", actor="codex", review_ref=ref, force=force)
    at = next(row for row in reversed(call.rows()) if "to_lane" in row)["at"]
    prompt = Path(call.start()["prompt_path"]).read_text("utf-8")
    assert f"The latest verdict, by codex at {at}: changes requested." in prompt
    assert f"What has to change is in {ref}." in prompt
    assert "The latest says" not in prompt
    assert ("The first remark." in prompt) == earlier
    if earlier:
        assert prompt.index(ref) < prompt.index("The first remark.")


def test_a_forced_rejection_with_a_note_shows_the_note(call: Caller) -> None:
    call.build()
    call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    call.move("in_progress", actor="codex", force=True, note="Rename the counter.")
    prompt = Path(call.start()["prompt_path"]).read_text("utf-8")
    assert "Rename the counter." in prompt


def test_feedback_in_a_file_stays_the_latest_that_is_said(call: Caller) -> None:
    call.build()
    call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    call.move("in_progress", actor="codex", note="Rename it.")
    prompt = Path(call.start()["prompt_path"]).read_text("utf-8")
    assert "The latest says:" in prompt
    assert "Rename it." in prompt
    assert "The latest verdict" not in prompt
