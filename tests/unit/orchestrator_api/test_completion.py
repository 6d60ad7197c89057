"""Notes, acceptance and merge through the API."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.kernel.locks import file_lock
from specify_cli.missions.mission import mission_log
from specify_cli.orchestrator_api import execute
from tests.conftest import git
from tests.unit.missions.lane_missions import BRANCH, fresh_repository, make_project
from tests.unit.orchestrator_api.calls import IDENTITY, POLICY, Caller, judged

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def small(tmp_path: Path) -> Caller:
    """A mission of one work package, approved."""
    call = Caller(make_project(fresh_repository(tmp_path / "small"), {1: ()}))
    call.deliver("WP01")
    return call


def test_a_note_stands_in_the_file_and_the_log_and_is_committed(call: Caller) -> None:
    entry = call.ok("append-history", wp="wp1", actor="claude", note="- Tests\npass.")
    assert entry.items() >= IDENTITY.items()
    assert entry["wp_id"] == "WP01"
    assert re.fullmatch("hist-[0-9a-f]{32}", entry["history_entry_id"])
    text = (call.work.mission.tasks_directory / "WP01-part.md").read_text("utf-8")
    assert re.search(r"## Activity Log\n\n- \S+Z claude: - Tests\n    pass\.\n\Z", text)
    assert call.rows()[-1]["delta"]["history_entry_id"] == entry["history_entry_id"]
    assert git(call.work.root, "rev-parse", "HEAD") == entry["commit"]
    assert git(call.work.root, "log", "-1", "--format=%s").startswith("hist: ")
    assert call.work.clean()


def test_a_note_about_nothing_or_by_nobody_is_refused(call: Caller) -> None:
    call.refused("append-history", "WP_NOT_FOUND", wp="WP99", actor="a", note="x")
    data = call.refused("append-history", "USAGE_ERROR", wp="WP01", actor="a", note="  \n ")
    assert data["cause"] == "INVALID_NOTE"
    call.refused("append-history", "USAGE_ERROR", wp="WP01", actor="a", note="x", policy=POLICY)


def test_a_note_that_cannot_be_committed_leaves_the_file_as_it_was(call: Caller) -> None:
    (call.work.root / ".git" / "index.lock").touch()
    data = call.refused("append-history", "HISTORY_COMMIT_FAILED", wp="WP01", actor="a", note="x")
    assert data["cause"] == "SAFE_COMMIT_INDEX_LOCKED"
    assert data.items() >= IDENTITY.items()


def test_a_mission_that_somebody_else_is_changing_is_busy(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = mission_log(call.work.project, call.work.mission)
    monkeypatch.setattr("specify_cli.status.mission_status.file_lock", impatient)
    with file_lock(log.lock_path):
        data = call.refused("append-history", "LOCK_TIMEOUT", wp="WP01", actor="a", note="x")
    assert "cause" not in data


def impatient(path: Path, *, timeout: float) -> Any:
    return file_lock(path, timeout=0.05)


def test_accepting_tells_what_is_in_and_is_committed(small: Caller) -> None:
    accepted = small.ok("accept-mission", actor="codex")
    assert accepted.items() >= {**IDENTITY, "accepted": True, "mode": "auto"}.items()
    assert accepted["accepted_wps"] == accepted["approved_wps"] == ["WP01"]
    assert (accepted["done_wps"], accepted["merge_pending_wps"]) == ([], ["WP01"])
    assert small.work.mission.accepted_at == accepted["accepted_at"]
    assert small.work.clean()
    before = small.state()
    assert small.ok("accept-mission", actor="codex")["accepted_at"] == accepted["accepted_at"]
    assert small.state() == before


def test_what_is_not_approved_is_neither_accepted_nor_merged(call: Caller) -> None:
    call.build("WP01")
    for command, who in (("accept-mission", {"actor": "codex"}), ("merge-mission", {})):
        data = call.refused(command, "MISSION_NOT_READY", **who)
        assert data["incomplete_wps"] == ["WP01", "WP02", "WP03"]
        assert data.items() >= IDENTITY.items()


def test_changed_workflows_need_the_proof_of_a_run_before_they_are_accepted(
    tmp_path: Path,
) -> None:
    call = Caller(make_project(fresh_repository(tmp_path / "small"), {1: ()}))
    call.start()
    call.work.commit("lane-a", {".github/workflows/ci.yml": "on: push\n"})
    call.deliver()
    data = call.refused("accept-mission", "WORKFLOW_EVIDENCE_REQUIRED", actor="codex")
    assert data.items() >= IDENTITY.items()
    assert data["workflow_files"] == [".github/workflows/ci.yml"]
    evidence = call.work.root / data["required_evidence_path"]
    assert evidence.parent == call.work.mission.directory
    evidence.write_text("https://github.com/door/counter/actions/runs/17\n", encoding="utf-8")
    git(call.work.root, "add", "-A")
    git(call.work.root, "commit", "-q", "-m", "Name the run")
    assert call.ok("accept-mission", actor="codex")["accepted"] is True


@pytest.mark.parametrize("strategy", [None, "merge", "squash", "rebase"])
def test_merging_brings_the_work_home_and_tells_the_truth(
    small: Caller, strategy: str | None
) -> None:
    merged = small.ok("merge-mission", strategy=strategy, actor="codex")
    assert merged.items() >= {**IDENTITY, "mission_number": 1}.items()
    assert merged["merged"] is True
    assert (merged["target_branch"], merged["strategy"]) == (BRANCH, strategy or "merge")
    assert (merged["merged_wps"], merged["pushed"]) == (["WP01"], False)
    assert merged["worktree_removed"] is True
    assert not list(small.work.root.glob(".worktrees/*"))
    assert merged["commit"] == small.work.tip(BRANCH)
    assert git(small.work.root, "show", "HEAD:src/part1/work.txt") == "x"
    assert small.work.clean()


def test_a_worktree_that_is_kept_is_not_called_removed(small: Caller) -> None:
    tree = small.work.worktree("lane-a")
    exclude = small.work.root / ".git" / "info" / "exclude"
    exclude.write_text("precious.env\n", encoding="utf-8")
    (tree / "precious.env").write_text("x", encoding="utf-8")
    assert small.ok("merge-mission")["worktree_removed"] is False
    assert (tree / "precious.env").is_file()


def test_a_target_that_is_no_branch_name_is_a_wrong_call(small: Caller) -> None:
    for name in ("a b", "-x", "a\0b"):
        refused = small.refused("merge-mission", "USAGE_ERROR", target=name, push=True)
        assert refused["cause"] == "INVALID_BRANCH_NAME"


def test_merging_onto_another_branch_and_pushing_it(small: Caller, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(small.work.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(small.work.root, "push", "-q", "-u", "origin", "main")
    merged = small.ok("merge-mission", target="main", push=True)
    assert (merged["target_branch"], merged["pushed"]) == ("main", True)
    assert merged["commit"] == small.work.tip("main")
    assert git(tmp_path / "remote.git", "rev-parse", "main") == merged["commit"]


def test_uncommitted_work_stops_a_merge_and_is_named(small: Caller) -> None:
    (small.work.worktree("lane-a") / "src/part1/unsaved.txt").write_text("x", encoding="utf-8")
    data = small.refused("merge-mission", "PREFLIGHT_FAILED")
    assert data["target_branch"] == BRANCH
    assert "src/part1/unsaved.txt" in data["errors"][0]
    assert data["worktrees"][0]["files"] == ["src/part1/unsaved.txt"]
    assert "cause" not in data


def test_conflicts_and_a_missing_branch_are_preflight_failures_with_their_cause(
    small: Caller,
) -> None:
    data = small.refused("merge-mission", "PREFLIGHT_FAILED", target="nowhere")
    assert (data["cause"], data["target_branch"]) == ("TARGET_BRANCH_MISSING", "nowhere")
    (small.work.root / "src/part1/work.txt").write_text("theirs", encoding="utf-8")
    git(small.work.root, "add", "-A")
    git(small.work.root, "commit", "-q", "-m", "In the way")
    conflict = small.refused("merge-mission", "PREFLIGHT_FAILED")
    assert conflict["cause"] == "MERGE_CONFLICT"
    assert "src/part1/work.txt" in conflict["errors"][0]


def test_a_strategy_that_does_not_exist_is_refused_before_the_mission_is_looked_up(
    tmp_path: Path,
) -> None:
    asked = {"mission": "nowhere", "strategy": "octopus"}
    envelope = judged(execute("merge-mission", asked, start=tmp_path))
    assert envelope["error_code"] == "UNSUPPORTED_STRATEGY"
    assert envelope["data"]["strategy"] == "octopus"
    assert sorted(envelope["data"]["supported"]) == ["merge", "rebase", "squash"]


def test_a_whole_mission_is_driven_through_the_api_alone(call: Caller) -> None:
    for wp in ("WP01", "WP02", "WP03"):
        call.deliver(wp)
        call.ok("append-history", wp=wp, actor="claude", note=f"{wp} is through")
    call.ok("accept-mission", actor="codex")
    merged = call.ok("merge-mission", target="main")
    assert merged["merged_wps"] == ["WP01", "WP02", "WP03"]
    assert call.ok("mission-state")["summary"]["done"] == 3
    assert "WP03 is through" in git(
        call.work.root, "show", f"main:kitty-specs/{IDENTITY['mission_slug']}/tasks/WP03-part.md"
    )
    assert call.work.clean()


def test_a_mission_that_was_never_accepted_is_merged_and_says_so(small: Caller) -> None:
    merged = small.ok("merge-mission")
    assert merged["accepted"] is False
    assert "never accepted" in merged["warnings"][0]
    assert "--mission" not in merged["warnings"][0]


def test_an_accepted_mission_is_merged_without_a_warning(small: Caller) -> None:
    small.ok("accept-mission", actor="codex")
    merged = small.ok("merge-mission")
    assert (merged["accepted"], merged["warnings"]) == (True, [])


@pytest.mark.parametrize("used", ["merge", "squash", "rebase"])
@pytest.mark.parametrize("target", [None, "main"])
def test_a_merge_that_was_done_before_tells_how_it_was_done(
    small: Caller, used: str, target: str | None
) -> None:
    # So that no landing is a fast-forward.
    git(small.work.root, "switch", "-q", "main")
    git(small.work.root, "commit", "-q", "--allow-empty", "-m", "On main")
    git(small.work.root, "switch", "-q", BRANCH)
    first = small.ok("merge-mission", strategy=used, target=target)
    assert (first["strategy"], first["no_op"]) == (used, False)
    assert small.work.mission.metadata["merge_strategy"] == used
    before = small.state()
    for asked in ("merge", "squash", "rebase"):
        again = small.ok("merge-mission", strategy=asked, target=target)
        assert (again["strategy"], again["no_op"], again["merged"]) == (used, True, True)
    assert small.state() == before


def test_a_landing_that_follows_later_is_no_repetition(small: Caller) -> None:
    small.ok("merge-mission", strategy="squash")
    landed = small.ok("merge-mission", strategy="merge", target="main")
    assert (landed["strategy"], landed["no_op"]) == ("merge", False)
    own = small.ok("merge-mission", strategy="rebase")
    assert (own["strategy"], own["no_op"]) == ("squash", True)


def test_what_a_merge_keeps_is_named_with_its_reason(small: Caller) -> None:
    exclude = small.work.root / ".git" / "info" / "exclude"
    exclude.write_text("precious.env\n", encoding="utf-8")
    (small.work.worktree("lane-a") / "precious.env").write_text("x", encoding="utf-8")
    merged = small.ok("merge-mission")
    assert merged["kept"] == [
        {
            "name": small.work.worktree("lane-a").name,
            "reason": "it holds files that git ignores: precious.env",
        }
    ]


def test_a_canceled_lane_that_stays_is_named_too(tmp_path: Path) -> None:
    call = Caller(make_project(fresh_repository(tmp_path / "two"), {1: (), 2: ()}))
    call.deliver("WP01")
    call.start("WP02")
    call.ok("transition", wp="WP02", to="canceled", actor="claude", note="Not needed.")
    merged = call.ok("merge-mission")
    assert merged["worktree_removed"] is False
    assert [entry["name"] for entry in merged["kept"]] == [call.work.worktree("lane-b").name]
    assert "canceled" in merged["kept"][0]["reason"]


def test_a_push_that_the_remote_refuses_tells_that_the_merge_is_done(
    small: Caller, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(small.work.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(small.work.root, "push", "-q", "-u", "origin", "main")
    git(tmp_path, "clone", "-q", "-b", "main", str(tmp_path / "remote.git"), "other")
    git(tmp_path / "other", "commit", "-q", "--allow-empty", "-m", "Somebody else")
    git(tmp_path / "other", "push", "-q", "origin", "main")
    envelope = small("merge-mission", target="main", push=True)
    data = envelope["data"]
    assert (envelope["error_code"], data["cause"]) == ("PREFLIGHT_FAILED", "PUSH_FAILED")
    assert (data["merged"], data["commit"]) == (True, small.work.tip("main"))
    assert "git fetch origin" in data["fix"]
    assert "git merge origin/main" in data["fix"]
    # The fix can be run as it stands, and then the push is there.
    for line in data["fix"].partition(": ")[2].split(" && "):
        git(small.work.root, *line.split()[1:], *(["-q"] if "push" in line else []))
    assert git(tmp_path / "remote.git", "rev-parse", "main") == small.work.tip("main")
