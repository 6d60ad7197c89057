"""Work that changes hands, or waits: taken over by force, blocked, and gone on with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from specify_cli.missions.board import mission_board
from specify_cli.missions.history import work_package_history
from specify_cli.missions.mission import mission_log
from specify_cli.missions.moves import move_work_package
from specify_cli.missions.standing import mission_standing
from specify_cli.status.log import read_log
from specify_cli.status.timeline import timeline
from specify_cli.status.transitions import TransitionRejected
from specify_cli.status.validate import validate_log
from tests.conftest import git
from tests.unit.orchestrator_api.calls import BOTH, POLICY

if TYPE_CHECKING:
    from tests.unit.missions.lane_missions import MissionAtWork
    from tests.unit.orchestrator_api.calls import Caller

import pytest


def taken_over(call: Caller) -> None:
    """WP01 is begun by claude, and codex takes it over and commits."""
    lane = call.start()["lane_id"]
    call.move("in_progress", actor="codex", force=True, note="claude is gone")
    call.work.commit(lane, {"src/part1/work.txt": "x"})


def noted_self_review(work: MissionAtWork) -> Any:
    return work.board.work_packages["WP01"].notes.get("self_review")


def test_who_takes_work_over_by_force_implements_it_and_a_review_of_it_is_a_self_review(
    call: Caller,
) -> None:
    taken_over(call)
    assert call.work.board.work_packages["WP01"].implementer == "codex"
    call.move("for_review", actor="codex", **BOTH)
    assert call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)["self_review"] is True
    assert noted_self_review(call.work) is True


def test_who_had_it_before_a_takeover_reviews_his_own_work_too(call: Caller) -> None:
    taken_over(call)
    call.move("for_review", actor="codex", **BOTH)
    assert call.ok("start-review", wp="WP01", actor="claude", policy=POLICY)["self_review"] is True


def test_who_hands_over_by_force_what_somebody_else_implements_is_told_of_a_self_review(
    call: Caller,
) -> None:
    call.work.commit(call.start()["lane_id"], {"src/part1/work.txt": "x"})
    call.move("for_review", actor="codex", force=True, note="claude is gone", **BOTH)
    assert call.work.board.work_packages["WP01"].implementer == "claude"
    assert call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)["self_review"] is True


def test_a_reviewer_who_forces_rework_stays_a_stranger_to_the_work(call: Caller) -> None:
    call.build()
    call.ok("start-review", wp="WP01", actor="codex", policy=POLICY)
    call.move("in_progress", actor="codex", force=True, note="Rename the counter.")
    state = call.work.board.work_packages["WP01"]
    assert (state.implementer, state.hands) == ("claude", ("claude",))


@pytest.mark.parametrize("steps", [("claimed",), ("claimed", "in_progress"), ()])
def test_blocked_before_its_review_work_is_started_again_where_it_was(
    call: Caller, steps: tuple[str, ...]
) -> None:
    for lane in steps:
        call.move(lane)
    call.ok("transition", wp="WP01", to="blocked", actor="claude", note="No network.")
    started = call.start()
    assert (started["from_lane"], started["no_op"]) == ("blocked", False)
    assert call.work.lane("WP01") == "in_progress"
    assert call.work.worktree("lane-a").is_dir()


def test_blocked_work_of_somebody_else_is_not_started(call: Caller) -> None:
    call.move("claimed")
    call.ok("transition", wp="WP01", to="blocked", actor="claude")
    call.refused(
        "start-implementation", "WP_ALREADY_CLAIMED", wp="WP01", actor="codex", policy=POLICY
    )


def test_work_that_was_blocked_in_review_is_no_implementation_to_start(call: Caller) -> None:
    call.build()
    call.ok("transition", wp="WP01", to="blocked", actor="claude")
    call.refused(
        "start-implementation", "TRANSITION_REJECTED", wp="WP01", actor="claude", policy=POLICY
    )


def test_approved_work_that_was_blocked_is_approved_again_by_the_review_it_had(
    call: Caller,
) -> None:
    call.deliver(reviewer="codex")
    call.ok("transition", wp="WP01", to="blocked", actor="ada", note="Wait for the release.")
    moved = call.move("approved", actor="claude")
    assert (moved["from_lane"], moved["to_lane"], moved["forced"]) == ("blocked", "approved", False)
    review = call.rows()[-1]["evidence"]["review"]
    assert (review["reviewer"], review["verdict"]) == ("codex", "approved")
    # Going back is no review: the implementer who does it reviews nothing.
    assert noted_self_review(call.work) is None


def test_approved_by_force_and_blocked_goes_back_without_a_verdict_nobody_gave(
    call: Caller,
) -> None:
    call.build()
    call.move("approved", actor="ada", force=True, note="Looked at it myself.")
    call.ok("transition", wp="WP01", to="blocked", actor="ada")
    call.move("approved", actor="ada")
    assert call.rows()[-1]["evidence"]["review"]["verdict"] == "unblocked"


def test_what_only_the_contract_wants_forced_is_told_from_what_somebody_forced(
    call: Caller,
) -> None:
    call.ok("transition", wp="WP01", to="blocked", actor="claude")
    assert call.ok("transition", wp="WP01", to="planned", actor="claude")["forced"] is False
    row = call.rows()[-1]
    assert (row["force"], row["force_source"]) == (True, "wire")
    (shown,) = mission_standing(call.work.mission, "WP01").work_packages
    assert (shown.forced, shown.wire_forces, shown.to_json()["force_count"]) == (0, 1, 1)
    assert "forced" not in shown.to_text()
    assert "(forced)" not in work_package_history(call.work.mission, "WP01").to_text()
    assert [entry.forced for entry in timeline(read_log(call.work.mission.log_file))] == [False] * 5

    call.ok("transition", wp="WP01", to="done", actor="ada", force=True, note="By hand.")
    assert "force_source" not in call.rows()[-1]
    (shown,) = mission_standing(call.work.mission, "WP01").work_packages
    assert "forced       once" in shown.to_text()
    assert work_package_history(call.work.mission, "WP01").to_text().count("(forced)") == 1


@pytest.mark.plants_rows
def test_rows_of_an_unknown_kind_are_counted_and_shown_everywhere(call: Caller) -> None:
    mission = call.work.mission
    odd = {"kind": "weather", "wp_id": "WP1", "actor": "zoe", "at": "2030-01-01T00:00:00+00:00"}
    with mission.log_file.open("a", encoding="utf-8") as log:
        log.write(json.dumps(odd) + "\n")
    assert call.ok("mission-state")["log_unknown_rows"] == 1
    assert call.ok("mission-state")["log_problems"] == []
    standing = mission_standing(mission)
    assert standing.to_json()["log_unknown_rows"] == 1
    assert "1 rows of a kind unknown" in standing.to_text()
    (row,) = [row for row in work_package_history(mission, "WP01").rows if row.kind == "unknown"]
    assert row.actor == "zoe"
    assert "zoe: (a kind unknown to this version)" in row.to_text()
    (entry,) = [e for e in timeline(read_log(mission.log_file)) if e.event_type == "unknown"]
    assert (entry.wp_id, entry.actor) == ("WP01", "zoe")
    assert "a row by zoe of a kind unknown to this version" in entry.to_text()


def cut_to(work: MissionAtWork, lines: int) -> None:
    log = work.mission.log_file
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:lines]))


@pytest.mark.plants_rows
@pytest.mark.parametrize("left", [None, 0, 2])
def test_every_read_says_that_committed_rows_are_missing(call: Caller, left: int | None) -> None:
    call.start()
    if left is None:
        call.work.mission.log_file.unlink()
    else:
        cut_to(call.work, left)
    for command in ("mission-state", "list-ready"):
        (problem,) = call.ok(command)["log_problems"]
        assert "committed rows are gone or changed" in problem
        assert f"line {(left or 0) + 1} " in problem
    assert "committed rows are gone" in mission_board(call.work.mission).to_text()
    assert "committed rows are gone" in mission_standing(call.work.mission).to_text()
    report = validate_log(mission_log(call.work.project, call.work.mission))
    assert report.problems[0].kind == "committed_rows_missing"
    git(call.work.root, "checkout", "--", ".")
    assert call.ok("mission-state")["log_problems"] == []


def test_a_read_starts_no_git_while_nothing_is_wrong(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specify_cli.git import process
    from specify_cli.status import lost_rows

    call.start()
    asked: list[Any] = []

    def counted(*args: Any) -> Any:
        asked.append(args)
        return process.try_git(*args)

    monkeypatch.setattr(lost_rows, "try_git", counted)
    mission_board(call.work.mission)
    assert asked == []
    # Merged rows may stand anywhere: git is asked once, and then no more.
    log = call.work.mission.log_file
    log.write_bytes(b"".join(reversed(log.read_bytes().splitlines(keepends=True))))
    assert mission_board(call.work.mission).problems == ()
    assert asked
    asked.clear()
    assert mission_board(call.work.mission).problems == ()
    assert asked == []


def test_a_dependency_without_brackets_is_one(call: Caller) -> None:
    (file,) = call.work.mission.tasks_directory.glob("WP02*.md")
    text = file.read_text("utf-8")
    lines = [line for line in text.split("\n") if not line.startswith(("dependencies", "- WP"))]
    file.write_text("\n".join([lines[0], "dependencies: WP1", *lines[1:]]), "utf-8")
    packages = {wp["wp_id"]: wp for wp in call.ok("mission-state")["work_packages"]}
    assert packages["WP02"]["dependencies"] == ["WP01"]
    assert [wp["wp_id"] for wp in call.ok("list-ready")["ready_work_packages"]] == ["WP01"]


def test_work_in_progress_is_not_moved_to_claimed(call: Caller) -> None:
    call.start()
    with pytest.raises(TransitionRejected) as refused:
        move_work_package(call.work.project, call.work.mission, "WP01", "claimed", actor="claude")
    assert refused.value.details["guard"] == "edge"
    call.refused(
        "transition", "TRANSITION_REJECTED", wp="WP01", to="claimed", actor="claude", policy=POLICY
    )
