"""Changing a mission's status: whole or not at all, in one commit, gate first."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.events.envelope import mission_created
from specify_cli.git.safe_commit import ProtectedBranch
from specify_cli.identity.build import build_id
from specify_cli.kernel import clock
from specify_cli.kernel.clock import utc_now
from specify_cli.kernel.gate import ContractViolation, check
from specify_cli.kernel.locks import LockTimeout, file_lock
from specify_cli.status import mission_status
from specify_cli.status.lanes import Lane
from specify_cli.status.lost_rows import LogRowsLost
from specify_cli.status.mission_status import MissionStatus, WrongBranch
from specify_cli.status.rows import InvalidActor
from specify_cli.status.transitions import TransitionRejected, TransitionRequest
from tests.unit.status.log_rows import MISSION_ID, MISSION_SLUG, text_of, transition

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.mission import MissionCreatedPayload
    from tests.unit.status.conftest import Lab

CREATED: MissionCreatedPayload = {
    "mission_slug": MISSION_SLUG,
    "mission_number": None,
    "mission_type": "software-dev",
    "friendly_name": "Todo app",
    "purpose_tldr": "Keep a list.",
    "purpose_context": "People forget things.",
    "target_branch": "kitty/mission-todo-app-01KQ22DS",
    "wp_count": 0,
    "mission_id": MISSION_ID,
}


def rows_of(lab: Lab) -> list[Any]:
    return [json.loads(line) for line in lab.log.read_bytes().splitlines()]


@pytest.mark.proves("002 D-2")
def test_loading_reads_and_writes_nothing(lab: Lab) -> None:
    status = MissionStatus.load(lab.mission_log, wp_ids=["WP01"])
    assert status.board.lane("WP01") is Lane.UNINITIALIZED
    assert lab.git("status", "--porcelain", "--untracked-files=all") == ""
    assert not (lab.root / ".git" / "spec-kitty").exists()


@pytest.mark.proves("002 D-2", "002 D-4")
def test_all_rows_of_a_change_are_one_commit_with_the_snapshot_and_a_clean_tree(lab: Lab) -> None:
    before = lab.git("rev-list", "--count", "HEAD")
    with MissionStatus.change(lab.mission_log, message="Plan the work") as change:
        first = change.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))
        second = change.transition(TransitionRequest("WP02", Lane.PLANNED, "planner"))
        third = change.annotate("WP01", "planner", {"note": "small"})
        change.include(lab.mission_log.directory / "tasks" / "WP01.md", b"# WP01\n")
    assert change.result.event_ids == (first, second, third)
    assert change.result.commit == lab.git("rev-parse", "HEAD")
    assert int(lab.git("rev-list", "--count", "HEAD")) == int(before) + 1
    assert lab.git("log", "-1", "--format=%s") == "Plan the work"
    assert lab.git("show", "--format=", "--name-only", "HEAD").splitlines() == [
        f"kitty-specs/{MISSION_SLUG}/status.events.jsonl",
        f"kitty-specs/{MISSION_SLUG}/status.json",
        f"kitty-specs/{MISSION_SLUG}/tasks/WP01.md",
    ]
    assert lab.git("status", "--porcelain") == ""
    assert [row["event_id"] for row in rows_of(lab)] == [first, second, third]


def test_a_commit_without_a_message_says_what_moved_where(lab: Lab) -> None:
    with MissionStatus.change(lab.mission_log) as change:
        change.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))
        change.transition(TransitionRequest("WP02", Lane.PLANNED, "planner"))
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
    assert lab.git("log", "-1", "--format=%s") == f"WP01 claimed, WP02 planned ({MISSION_SLUG})"
    with MissionStatus.change(lab.mission_log) as change:
        change.annotate("WP01", "claude", {"note": "x"})
    assert lab.git("log", "-1", "--format=%s") == f"Add a note ({MISSION_SLUG})"


@pytest.mark.parametrize("damage", ["cut", "deleted"])
def test_a_log_that_lost_committed_rows_is_refused_and_not_committed(lab: Lab, damage: str) -> None:
    for wp_id in ("WP01", "WP02"):
        with MissionStatus.change(lab.mission_log) as change:
            change.transition(TransitionRequest(wp_id, Lane.PLANNED, "claude"))
    whole = lab.log.read_bytes()
    if damage == "cut":
        lab.log.write_bytes(whole[: whole.index(b"\n") + 1])
    else:
        lab.log.unlink()
    with (
        pytest.raises(LogRowsLost) as caught,
        MissionStatus.change(lab.mission_log) as change,
    ):
        change.transition(TransitionRequest("WP01", Lane.CANCELED, "claude"))
    assert caught.value.fix.startswith("spec-kitty agent status doctor --fix ")
    assert caught.value.details["line"] == (2 if damage == "cut" else 1)
    lab.log.write_bytes(whole)
    with MissionStatus.change(lab.mission_log) as change:
        change.transition(TransitionRequest("WP01", Lane.CANCELED, "claude"))
    assert lab.log.read_bytes().startswith(whole)


def test_a_row_has_exactly_the_keys_of_the_existing_cli_and_two_more(lab: Lab) -> None:
    lab.seed("WP01")
    (row,) = rows_of(lab)
    assert set(row) == set(transition(1, "WP01", "genesis", "planned")) | {
        "build_id",
        "lamport_clock",
    }
    assert lab.log.read_bytes() == text_of(row)


@pytest.mark.proves("001 FR-006", "001 FR-008")
def test_every_row_carries_the_build_id_of_the_checkout_that_wrote_it(lab: Lab) -> None:
    lab.seed("WP01", "WP02")
    assert {row["build_id"] for row in rows_of(lab)} == {build_id(lab.root / ".git")}


def test_logical_time_counts_on_from_the_highest_seen(lab: Lab) -> None:
    lab.log.write_bytes(
        text_of(
            transition(
                1,
                "WP09",
                "genesis",
                "planned",
                build_id="01KQ22DT0000000000000000B9",
                lamport_clock=41,
            )
        )
    )
    lab.seed("WP01", "WP02")
    assert [row["lamport_clock"] for row in rows_of(lab)] == [41, 42, 43]


def test_the_board_of_a_change_includes_its_own_earlier_rows(lab: Lab) -> None:
    with MissionStatus.change(lab.mission_log, message="Go") as change:
        change.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))
        assert change.board.lane("WP01") is Lane.PLANNED
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
        assert change.board.work_packages["WP01"].implementer == "claude"
        with pytest.raises(TransitionRejected):
            change.transition(TransitionRequest("WP01", Lane.CLAIMED, "codex"))
    assert len(change.log.transitions) == 2
    assert len(rows_of(lab)) == 2


def test_the_snapshot_on_disk_is_what_the_log_folds_into(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.CLAIMED, Lane.IN_PROGRESS)
    document = json.loads(lab.status.read_bytes())
    check("status_snapshot", document)
    assert document["work_packages"]["WP01"]["lane"] == "in_progress"
    lab.status.unlink()
    lab.git("commit", "-qam", "Lose the snapshot")
    with MissionStatus.change(lab.mission_log, message="Add a file") as change:
        change.include(lab.mission_log.directory / "more.md", b"more\n")
    assert json.loads(lab.status.read_bytes()) == document


def test_a_snapshot_says_nothing_about_the_moment_it_was_written(lab: Lab) -> None:
    lab.seed("WP01")
    first = lab.status.read_bytes()
    assert json.loads(first)["materialized_at"] == rows_of(lab)[-1]["at"]
    lab.status.write_bytes(b"{}")
    with MissionStatus.change(lab.mission_log, message="Add a file") as change:
        change.include(lab.mission_log.directory / "more.md", b"more\n")
    assert lab.status.read_bytes() == first


@pytest.mark.proves("002 D-2")
def test_an_error_inside_the_block_writes_nothing(lab: Lab) -> None:
    head = lab.git("rev-parse", "HEAD")
    with (
        pytest.raises(TransitionRejected),
        MissionStatus.change(lab.mission_log, message="Go") as c,
    ):
        c.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))
        c.include(lab.mission_log.directory / "more.md", b"x")
        c.transition(TransitionRequest("WP01", Lane.DONE, "planner"))
    assert lab.git("rev-parse", "HEAD") == head
    assert lab.git("status", "--porcelain", "--untracked-files=all") == ""
    assert not lab.log.exists()
    with pytest.raises(RuntimeError):
        _ = c.result


def test_a_change_that_asks_for_nothing_makes_no_commit(lab: Lab) -> None:
    lab.seed("WP01")
    head = lab.git("rev-parse", "HEAD")
    with MissionStatus.change(lab.mission_log, message="Nothing") as change:
        assert change.board.lane("WP01") is Lane.PLANNED
    assert (change.result.event_ids, change.result.commit) == ((), None)
    assert lab.git("rev-parse", "HEAD") == head


def test_the_users_other_work_stays_as_it_is(lab: Lab) -> None:
    (lab.root / "staged.txt").write_text("staged\n", encoding="utf-8")
    lab.git("add", "staged.txt")
    (lab.root / "README.md").write_text("changed\n", encoding="utf-8")
    (lab.root / "untracked.txt").write_text("new\n", encoding="utf-8")
    before = lab.git("status", "--porcelain")
    lab.seed("WP01")
    assert lab.git("status", "--porcelain") == before


@pytest.mark.proves("001 FR-012")
def test_a_row_that_breaks_its_contract_is_never_written(lab: Lab) -> None:
    with pytest.raises(ContractViolation) as refused, MissionStatus.change(lab.mission_log, message="Go") as change:  # fmt: skip
        change.transition(TransitionRequest("first", Lane.PLANNED, "planner"))
    assert refused.value.details["surface"] == "status_row"
    assert not lab.log.exists()


def test_a_row_that_is_no_event_on_the_wire_is_never_written(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a row it conforms; on the wire a step back to planned needs force.
    monkeypatch.setattr("specify_cli.status.rows._FORCED_ON_THE_WIRE", frozenset())
    lab.seed("WP01")
    lab.move("WP01", Lane.IN_PROGRESS)
    before = lab.log.read_bytes()
    with pytest.raises(ContractViolation) as refused, MissionStatus.change(lab.mission_log, message="Go") as change:  # fmt: skip
        change.transition(TransitionRequest("WP01", Lane.PLANNED, "claude", reason="no time"))
    assert refused.value.details["surface"] == "envelope"
    assert lab.log.read_bytes() == before


def test_an_annotation_that_breaks_its_contract_is_never_written(lab: Lab) -> None:
    with pytest.raises(ContractViolation), MissionStatus.change(lab.mission_log, message="Go") as c:
        c.annotate("WP01", "claude", {})
    assert not lab.log.exists()


@pytest.mark.proves("001 FR-002")
def test_an_event_about_the_mission_is_recorded_as_the_envelope_it_is(lab: Lab) -> None:
    with MissionStatus.change(lab.mission_log, message="Create") as change:
        envelope = mission_created(
            change.identity, CREATED, change.stamp(), correlation_id=change.correlation_id
        )
        recorded = change.record(envelope)
    (row,) = rows_of(lab)
    assert row == envelope
    assert row["event_id"] == recorded == change.result.event_ids[0]
    assert len(MissionStatus.load(lab.mission_log).log.lifecycle) == 1


def test_a_mission_event_that_breaks_its_contract_is_never_written(lab: Lab) -> None:
    with pytest.raises(ContractViolation), MissionStatus.change(lab.mission_log, message="Go") as c:
        envelope = mission_created(c.identity, CREATED, c.stamp())
        c.record({**envelope, "aggregate_type": "Nonsense"})
    assert not lab.log.exists()


@pytest.mark.proves("004 FR-006")
def test_personal_data_is_removed_before_a_row_is_written(lab: Lab) -> None:
    with MissionStatus.change(lab.mission_log, message="Go") as change:
        change.transition(
            TransitionRequest(
                "WP01",
                Lane.PLANNED,
                "planner",
                policy_metadata={"hostname": "box", "limits": [{"developer_name": "Ann", "n": 1}]},
            )
        )
        noted: Any = {"note": "x", "workspace_path": "/home/ann/todo"}
        change.annotate("WP01", "planner", noted)
    text = lab.log.read_text(encoding="utf-8")
    assert not any(word in text for word in ("box", "Ann", "/home/ann"))
    assert rows_of(lab)[0]["policy_metadata"] == {"limits": [{"n": 1}]}


def test_a_structured_actor_is_written_with_all_four_keys(lab: Lab) -> None:
    with MissionStatus.change(lab.mission_log, message="Go") as change:
        change.transition(
            TransitionRequest("WP01", Lane.PLANNED, {"tool": "claude", "role": "planner"})
        )
    assert rows_of(lab)[0]["actor"] == {
        "role": "planner",
        "profile": None,
        "tool": "claude",
        "model": None,
    }


def test_who_gave_the_reason_is_written_when_it_was_said(lab: Lab) -> None:
    lab.seed("WP01")
    with MissionStatus.change(lab.mission_log) as change:
        change.transition(
            TransitionRequest("WP01", Lane.CANCELED, "x", reason="no", reason_source="agent")
        )
    assert rows_of(lab)[-1]["reason_source"] == "agent"
    cancellation = MissionStatus.load(lab.mission_log).board.work_packages["WP01"].cancellation
    assert cancellation is not None
    assert (cancellation.reason, cancellation.source) == ("no", "agent")


def test_an_actor_that_the_existing_cli_would_choke_on_is_refused(lab: Lab) -> None:
    with pytest.raises(InvalidActor) as refused, MissionStatus.change(lab.mission_log, message="Go") as c:  # fmt: skip
        c.transition(TransitionRequest("WP01", Lane.PLANNED, {"tool": "x", "shoe_size": "44"}))
    assert refused.value.code == "INVALID_ACTOR"
    assert refused.value.details["unknown"] == ["shoe_size"]


def test_an_approval_without_evidence_says_where_the_work_is_and_who_approved(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.IN_REVIEW)
    head = lab.git("rev-parse", "HEAD")
    with MissionStatus.change(lab.mission_log, message="Approve") as change:
        change.transition(
            TransitionRequest(
                "WP01",
                Lane.APPROVED,
                "rev",
                review_result={"reviewer": "rev", "verdict": "approved", "reference": "review-1"},
            )
        )
    row = rows_of(lab)[-1]
    assert row["evidence"] == {
        "repos": [{"repo": "todo", "branch": lab.mission_log.target_branch, "commit": head}],
        "review": {"reviewer": "rev", "verdict": "approved", "reference": "review-1"},
    }
    assert row["review_ref"] == "review-1"


def test_evidence_that_was_given_is_kept(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.APPROVED)
    evidence: Any = {
        "repos": [{"repo": "todo", "branch": "lane-a", "commit": "abc"}],
        "review": {"reviewer": "rev", "verdict": "approved", "reference": "review-1"},
        "verification": [{"command": "make test", "result": "passed"}],
    }
    with MissionStatus.change(lab.mission_log, message="Done") as change:
        change.transition(TransitionRequest("WP01", Lane.DONE, "rev", evidence=evidence))
    assert rows_of(lab)[-1]["evidence"] == evidence


def test_evidence_without_repositories_is_completed(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.APPROVED)
    evidence: Any = {"review": {"reviewer": "rev", "verdict": "approved", "reference": "review-1"}}
    with MissionStatus.change(lab.mission_log, message="Done") as change:
        change.transition(TransitionRequest("WP01", Lane.DONE, "rev", evidence=evidence))
    assert rows_of(lab)[-1]["evidence"]["review"] == evidence["review"]
    assert rows_of(lab)[-1]["evidence"]["repos"][0]["branch"] == lab.mission_log.target_branch


def test_a_forced_approval_says_that_it_was_forced_and_invents_no_verdict(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.DONE, actor="boss")
    assert rows_of(lab)[-1]["evidence"]["review"] == {
        "reviewer": "boss",
        "verdict": "forced",
        "reference": "test",
    }


def test_a_blocked_package_returns_and_the_row_says_why(lab: Lab) -> None:
    lab.seed("WP01")
    with MissionStatus.change(lab.mission_log, message="Wait") as change:
        change.transition(TransitionRequest("WP01", Lane.BLOCKED, "claude", reason="waiting"))
    with MissionStatus.change(lab.mission_log, message="Go on") as change:
        change.transition(TransitionRequest("WP01", Lane.PLANNED, "claude"))
    row = rows_of(lab)[-1]
    assert (row["to_lane"], row["force"]) == ("planned", True)
    assert row["reason"] == "no longer blocked; back to planned"


def test_times_increase_even_when_the_last_writers_clock_runs_ahead(lab: Lab) -> None:
    ahead = clock.isoformat(utc_now() + timedelta(hours=1))
    lab.log.write_bytes(text_of(transition(1, "WP01", "genesis", "planned", at=ahead)))
    with MissionStatus.change(lab.mission_log, message="Go") as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
        change.transition(TransitionRequest("WP01", Lane.BLOCKED, "claude"))
    times = [row["at"] for row in rows_of(lab)]
    assert times == sorted(set(times))
    assert times[0] == ahead
    assert MissionStatus.load(lab.mission_log).board.lane("WP01") is Lane.BLOCKED


def test_times_increase_even_when_the_clock_stands_still(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = utc_now()
    monkeypatch.setattr(mission_status, "utc_now", lambda: now)
    lab.seed("WP01", "WP02", "WP03")
    times = [row["at"] for row in rows_of(lab)]
    assert times == sorted(set(times))


@pytest.mark.parametrize("state", ["another branch", "detached"])
def test_on_the_wrong_branch_nothing_happens_and_the_fix_switches(lab: Lab, state: str) -> None:
    lab.git("switch", "-q", "main") if state == "another branch" else lab.git(
        "switch", "-q", "--detach"
    )
    with pytest.raises(WrongBranch) as refused:
        lab.seed("WP01")
    assert refused.value.code == "WRONG_BRANCH"
    assert refused.value.fix == f"git switch {lab.mission_log.target_branch}"
    assert not lab.log.exists()


def test_a_protected_branch_is_refused_and_everything_put_back(lab: Lab) -> None:
    lab.git("switch", "-q", "-C", "main")
    on_main = lab.mission_log._replace(target_branch="main")
    with pytest.raises(ProtectedBranch), MissionStatus.change(on_main, message="Go") as change:
        change.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))
    assert lab.git("status", "--porcelain", "--untracked-files=all") == ""


def test_a_second_writer_waits_for_the_lock(lab: Lab) -> None:
    with (
        file_lock(lab.mission_log.lock_path),
        pytest.raises(LockTimeout),
        MissionStatus.change(lab.mission_log, message="Go", timeout=0.05),
    ):
        pass


def test_a_log_with_damaged_lines_can_still_be_changed_and_keeps_them(lab: Lab) -> None:
    lab.seed("WP01")
    damaged = lab.log.read_bytes() + b"<<<<<<< HEAD\n" + b'{"torn": '
    lab.log.write_bytes(damaged)
    lab.git("commit", "-qam", "Damage")
    lab.move("WP01", Lane.CLAIMED)
    assert lab.log.read_bytes().startswith(damaged + b"\n")
    status = MissionStatus.load(lab.mission_log)
    assert status.board.lane("WP01") is Lane.CLAIMED
    assert [problem.line for problem in status.log.problems] == [2, 3]
    assert lab.git("status", "--porcelain") == ""


def test_a_file_can_be_deleted_in_the_same_commit(lab: Lab) -> None:
    spec = lab.mission_log.directory / "spec.md"
    with MissionStatus.change(lab.mission_log, message="Remove the spec") as change:
        change.include(spec, None)
        change.include(lab.mission_log.directory / "never-there.md", None)
    assert not spec.exists()
    assert lab.git("status", "--porcelain") == ""
    assert "spec.md" in lab.git("show", "--format=", "--name-status", "HEAD")


def test_the_first_row_of_a_mission_can_come_with_its_folder(lab: Lab) -> None:
    directory = lab.root / "kitty-specs" / "other-01KQ22DT"
    other = lab.mission_log._replace(directory=directory, mission_slug="other-01KQ22DT")
    with MissionStatus.change(other, message="Create") as change:
        change.include(directory / "meta.json", b"{}\n")
        change.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))
    assert (directory / "status.events.jsonl").exists()
    assert lab.git("status", "--porcelain") == ""
