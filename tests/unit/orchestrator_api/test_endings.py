"""What ends a mission: only reviewed work is merged, and every refusal says what the API can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import git
from tests.unit.missions.lane_missions import BRANCH, fresh_repository, make_project
from tests.unit.orchestrator_api.calls import BOTH, POLICY, Caller

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Caller:
    """A mission of one work package, approved."""
    call = Caller(make_project(fresh_repository(tmp_path / "small"), {1: ()}))
    call.deliver("WP01")
    return call


@pytest.fixture
def two(tmp_path: Path) -> Caller:
    """A mission of two work packages, the first approved."""
    call = Caller(make_project(fresh_repository(tmp_path / "two"), {1: (), 2: ()}))
    call.deliver("WP01")
    return call


def test_commits_that_no_review_has_seen_are_not_merged_whether_accepted_or_not(
    small: Caller,
) -> None:
    small.ok("accept-mission", actor="codex")
    small.work.commit("lane-a", {"src/part1/unseen.txt": "unseen"})
    data = small.refused("merge-mission", "MISSION_NOT_READY", target="main")
    assert data["incomplete_wps"] == []
    (failure,) = data["guard_failures"]
    assert "1 commit(s)" in failure["found"]
    # What is advised can be called as it stands, and then the mission is merged.
    assert data["fix"] == failure["fix"]
    assert "transition WP01 with `to`: for_review, `force`: true and a `note`" in data["fix"]
    small.move("for_review", actor="codex", force=True, note="Look at the rest.")
    small.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    small.move("approved", actor="codex")
    assert small.ok("merge-mission", target="main")["merged"] is True


def test_a_conflict_that_a_merge_commit_resolves_is_no_unseen_work(small: Caller) -> None:
    (small.work.root / "src/part1/work.txt").write_text("theirs", encoding="utf-8")
    git(small.work.root, "add", "-A")
    git(small.work.root, "commit", "-q", "-m", "In the way")
    tree = small.work.worktree("lane-a")
    git(tree, "merge", "-q", "-X", "ours", "-m", "Resolve", BRANCH)
    assert small.ok("merge-mission")["merged"] is True


def test_a_mission_whose_work_is_all_canceled_is_not_merged(tmp_path: Path) -> None:
    call = Caller(make_project(fresh_repository(tmp_path / "none"), {1: ()}))
    call.ok("transition", wp="WP01", to="canceled", actor="claude", note="Not needed.")
    for command, who in (("accept-mission", {"actor": "codex"}), ("merge-mission", {})):
        data = call.refused(command, "MISSION_NOT_READY", **who)
        assert "all of them canceled" in data["message"]


def test_a_worktree_that_never_was_is_not_called_removed(two: Caller) -> None:
    git(two.work.root, "worktree", "remove", str(two.work.worktree("lane-a")))
    two.ok("transition", wp="WP02", to="canceled", actor="claude", note="Not needed.")
    assert two.ok("merge-mission")["worktree_removed"] is True
    planning = Caller(
        make_project(
            fresh_repository(two.work.root.parent / "planning"),
            {1: ()},
            modes={1: "planning_artifact"},
            owns={1: ["docs/**"]},
        )
    )
    planning.start()
    (planning.work.root / "docs").mkdir()
    (planning.work.root / "docs/plan.md").write_text("plan", encoding="utf-8")
    git(planning.work.root, "add", "docs")
    git(planning.work.root, "commit", "-q", "-m", "WP01: plan")
    planning.move("for_review", **BOTH)
    planning.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    planning.move("approved", actor="codex")
    assert planning.ok("merge-mission")["worktree_removed"] is False


def test_what_is_canceled_without_a_reason_is_no_end(two: Caller) -> None:
    two.ok("transition", wp="WP02", to="canceled", actor="claude")
    for command, who in (("accept-mission", {"actor": "codex"}), ("merge-mission", {})):
        data = two.refused(command, "MISSION_NOT_READY", **who)
        assert "WP02 canceled with a reason" in data["message"]
        assert "`to`: canceled, `force`: true and a `note`" in data["fix"]
    why = {"to": "canceled", "actor": "claude", "force": True, "note": "Not needed."}
    assert two.ok("transition", wp="WP02", **why)["no_op"] is False
    assert two.ok("transition", wp="WP02", **why)["no_op"] is True
    assert two.ok("accept-mission", actor="codex")["accepted_wps"] == ["WP01"]
    assert two.ok("merge-mission")["merged_wps"] == ["WP01"]


def test_uncommitted_files_in_a_worktree_keep_a_mission_from_being_accepted(small: Caller) -> None:
    (small.work.worktree("lane-a") / "unsaved.txt").write_text("x", encoding="utf-8")
    data = small.refused("accept-mission", "MISSION_NOT_READY", actor="codex")
    assert "unsaved.txt" in data["guard_failures"][0]["found"]


@pytest.mark.parametrize("target", [None, "main"])
def test_a_merge_that_is_repeated_answers_the_same_commit(
    small: Caller, target: str | None
) -> None:
    first = small.ok("merge-mission", target=target)
    again = small.ok("merge-mission", target=target)
    assert again["no_op"] is True
    assert first["commit"] == again["commit"] == small.work.tip(target or BRANCH)
    assert first["worktree_removed"] == again["worktree_removed"]


def test_every_guard_of_a_refusal_names_a_call_of_the_api(call: Caller) -> None:
    call.build("WP01")
    call.start("WP02")
    data = call.refused("accept-mission", "MISSION_NOT_READY", actor="codex")
    fixes = [failure["fix"] for failure in data["guard_failures"]]
    assert fixes[0] == "start-review WP01"
    assert fixes[1].endswith("transition WP02 with `to`: for_review.")
    assert fixes[2] == "start-implementation WP03"
    assert not [fix for fix in fixes if "<" in fix or "spec-kitty" in fix]


def test_work_under_way_is_not_told_to_be_sent_back(small: Caller) -> None:
    small.move("in_progress", actor="codex", note="More.")
    small.work.commit("lane-a", {"src/part1/more.txt": "more"})
    for _ in range(2):
        data = small.refused("accept-mission", "MISSION_NOT_READY", actor="codex")
        assert [failure["looked_for"] for failure in data["guard_failures"]] == ["WP01 approved"]
        if small.work.lane("WP01") == "in_progress":
            small.move("for_review", **BOTH)
            small.ok("start-review", wp="WP01", actor="codex", policy=POLICY)


def test_who_cannot_start_is_told_what_can_be_called(two: Caller) -> None:
    two.start("WP02")
    two.ok("transition", wp="WP02", to="blocked", actor="claude", note="No network.")
    for wp, command, told in (
        ("WP01", "start-implementation", "transition WP01 with `to`: planned, `force`: true"),
        ("WP01", "start-review", "transition WP01 with `to`: planned, `force`: true"),
    ):
        data = two.refused(command, "TRANSITION_REJECTED", wp=wp, actor="codex", policy=POLICY)
        assert told in data["fix"]
    held = two.refused(
        "start-implementation", "WP_ALREADY_CLAIMED", wp="WP02", actor="codex", policy=POLICY
    )
    assert "claude" in held["message"]


def test_unblocked_work_is_answered_with_its_holder(call: Caller) -> None:
    call.start("WP01", "claude")
    blocked = call.ok("transition", wp="WP01", to="blocked", actor="claude", note="No network.")
    assert blocked["claimed_by"] is None
    assert call.move("in_progress", actor="codex")["claimed_by"] == "claude"
