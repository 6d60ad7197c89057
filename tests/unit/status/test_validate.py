"""Checking a log: every kind of damage is found, named and placed, and nothing is raised."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest
from specify_cli.status.validate import LogNotSound, validate_log
from tests.unit.status.log_rows import (
    BUILD_ID,
    annotation,
    decision,
    lifecycle,
    text_of,
    transition,
    walk,
)

if TYPE_CHECKING:
    from tests.unit.status.conftest import Lab

pytestmark = pytest.mark.plants_rows


def plant(lab: Lab, *rows: dict[str, Any] | bytes) -> None:
    """Write a log, and the snapshot that it folds into."""
    lab.log.write_bytes(b"".join(row if isinstance(row, bytes) else text_of(row) for row in rows))
    lanes = MissionStatus.load(lab.mission_log).board.work_packages
    lab.status.write_text(
        json.dumps({"work_packages": {wp: {"lane": state.lane} for wp, state in lanes.items()}}),
        encoding="utf-8",
    )


def found(lab: Lab) -> list[tuple[str, int | None, str | None]]:
    return [(p.kind, p.line, p.path) for p in validate_log(lab.mission_log).problems]


def test_a_log_that_this_program_wrote_is_sound(lab: Lab) -> None:
    lab.seed("WP01", "WP02")
    lab.move("WP01", Lane.CLAIMED, Lane.IN_PROGRESS, Lane.DONE, Lane.IN_PROGRESS)
    with MissionStatus.change(lab.mission_log, message="Wait") as change:
        change.transition(TransitionRequest("WP02", Lane.BLOCKED, "claude"))
        change.transition(TransitionRequest("WP02", Lane.PLANNED, "claude"))
        change.annotate("WP02", "claude", {"note": "x"})
    report = validate_log(lab.mission_log)
    assert report.problems == ()
    assert report.valid
    assert (report.transitions, report.annotations, report.other_rows, report.event_count) == (
        8,
        1,
        0,
        8,
    )
    assert report.to_text() == "The log of todo-app-01KQ22DS is sound: 9 rows, no problems."


@pytest.mark.proves("001 C-004")
def test_a_log_of_the_existing_cli_is_sound(lab: Lab) -> None:
    plant(
        lab,
        lifecycle(1),
        *walk(2, "WP01", "genesis", "planned", "claimed", "in_progress"),
        annotation(9, "WP01", {"subtasks": {"T001": "done"}, "shell_pid": 7}),
        decision(10),
        transition(11, "WP01", "in_progress", "planned", reason="no time"),
    )
    assert found(lab) == []


@pytest.mark.proves("001 FR-015")
def test_a_row_from_before_the_cutover_is_a_problem_of_the_contract(lab: Lab) -> None:
    row = transition(1, "WP01", "genesis", "planned")
    plant(lab, {k: v for k, v in row.items() if k != "mission_slug"} | {"feature_slug": "001-x"})
    assert {(kind, line) for kind, line, _ in found(lab)} == {("contract_violation", 1)}


def test_rows_of_a_kind_that_nobody_knows_are_counted_and_no_problem(lab: Lab) -> None:
    plant(lab, {"kind": "weather", "at": "x"}, {"hello": 1}, *walk(2, "WP01", "genesis", "planned"))
    report = validate_log(lab.mission_log)
    assert (report.unknown_rows, report.other_rows, report.transitions) == (2, 2, 1)
    assert report.to_json()["unknown_rows"] == 2
    assert report.valid
    assert "2 rows are of a kind that this version does not know" in report.to_text()


def test_a_snapshot_that_spells_an_id_like_the_log_does_is_no_drift(lab: Lab) -> None:
    plant(lab, *walk(1, "WP1", "genesis", "planned", "claimed"))
    document = {"work_packages": {"WP1": {"lane": "claimed"}}}
    lab.status.write_text(json.dumps(document), encoding="utf-8")
    assert "snapshot_drift" not in {kind for kind, _, _ in found(lab)}


def test_a_mission_without_a_log_is_sound(lab: Lab) -> None:
    assert validate_log(lab.mission_log).valid


def test_lines_that_cannot_be_used_are_placed(lab: Lab) -> None:
    good = transition(1, "WP01", "genesis", "planned")
    plant(lab, good, b"<<<<<<< HEAD\n", transition(2, "WP01", "planned", "limbo"), b'{"torn')
    report = validate_log(lab.mission_log)
    size = len(text_of(good))
    assert [(p.kind, p.line, p.offset) for p in report.problems] == [
        ("unusable_line", 2, size),
        ("unusable_line", 3, size + 13),
        ("unusable_line", 4, size + 13 + len(text_of(transition(2, "WP01", "planned", "limbo")))),
    ]
    assert f"status.events.jsonl:2 (byte {size}): it is a merge-conflict marker" in report.to_text()
    assert report.to_text().startswith("The log of todo-app-01KQ22DS has 3 problems in 1 row:")
    assert report.event_count == 1


def test_rows_that_break_their_contract_are_placed_with_the_json_path(lab: Lab) -> None:
    plant(
        lab,
        transition(1, "WP01", "genesis", "planned", shoe_size=44),
        transition(2, "WP01", "planned", "claimed", execution_mode="bicycle"),
        annotation(3, "WP01", {}),
    )
    assert found(lab) == [
        ("contract_violation", 1, "$.shoe_size"),
        ("contract_violation", 2, "$.execution_mode"),
        ("contract_violation", 3, "$.delta"),
    ]


def test_a_row_of_ours_must_also_be_an_event_on_the_wire(lab: Lab) -> None:
    mine = {"build_id": BUILD_ID, "lamport_clock": 1}
    plant(
        lab,
        transition(1, "WP01", "genesis", "planned", **mine),
        transition(2, "WP01", "planned", "approved", force=True, reason="x", **mine),
        {**lifecycle(3), "build_id": BUILD_ID, "lamport_clock": 2, "node_id": "b805cd5cee74",
         "correlation_id": "01KQ22DT0000000000000000C1", "schema_version": "3.0.0",
         "event_type": "MissionClosed"},
    )  # fmt: skip
    assert found(lab) == [
        ("contract_violation", 2, "$.payload.evidence"),
        ("contract_violation", 3, "$.payload.mission_number"),
        ("contract_violation", 3, "$.payload.mission_type"),
    ]


def test_a_change_without_edge_or_force_is_illegal(lab: Lab) -> None:
    plant(
        lab,
        transition(1, "WP01", "genesis", "planned"),
        transition(2, "WP01", "planned", "for_review"),
        transition(3, "WP01", "for_review", "done", force=True, reason="x"),
        transition(4, "WP01", "done", "planned"),
    )
    report = validate_log(lab.mission_log)
    assert [(p.kind, p.line, p.wp_id) for p in report.problems] == [
        ("illegal_transition", 2, "WP01"),
        ("illegal_transition", 4, "WP01"),
    ]
    assert "from planned it can go to claimed, blocked, canceled" in report.problems[0].message
    assert "from done it can go to nowhere" in report.problems[1].message


def test_a_return_from_blocked_is_legal_only_to_where_it_came_from(lab: Lab) -> None:
    plant(
        lab,
        *walk(1, "WP01", "genesis", "planned", "blocked", "planned"),
        *walk(11, "WP02", "genesis", "planned", "claimed", "blocked", "planned"),
    )
    assert found(lab) == [("illegal_transition", 7, None)]


def test_a_row_that_starts_where_the_package_is_not_breaks_the_chain(lab: Lab) -> None:
    plant(
        lab,
        transition(1, "WP01", "genesis", "planned"),
        transition(2, "WP01", "planned", "claimed"),
        transition(3, "WP01", "planned", "blocked"),
        transition(4, "WP02", "for_review", "in_review"),
    )
    report = validate_log(lab.mission_log)
    assert [(p.kind, p.line) for p in report.problems] == [("broken_chain", 3), ("broken_chain", 4)]
    assert "WP01 was in claimed, not in planned" in report.problems[0].message


def test_the_order_is_that_of_time_not_of_the_file(lab: Lab) -> None:
    plant(lab, *reversed(walk(1, "WP01", "genesis", "planned", "claimed", "in_progress")))
    assert found(lab) == []


def test_a_change_that_lost_against_a_rollback_is_named(lab: Lab) -> None:
    rows = walk(
        1, "WP01", "genesis", "planned", "claimed", "in_progress", "for_review", "in_review"
    )
    back = transition(10, "WP01", "in_review", "in_progress")
    forward = transition(10, "WP01", "in_review", "approved", event_id="01KQ22DT0000000000000000ZZ")
    plant(lab, *rows, back, forward)
    assert found(lab) == [("broken_chain", 7, None)]


def test_repeated_rows_are_harmless_and_reused_ids_are_not(lab: Lab) -> None:
    row = transition(1, "WP01", "genesis", "planned")
    plant(lab, row, row, {**row, "to_lane": "canceled"}, annotation(1, "WP01", {"note": "x"}))
    assert found(lab) == [("event_id_reused", 3, None), ("event_id_reused", 4, None)]


def test_a_snapshot_that_shows_other_lanes_has_drifted(lab: Lab) -> None:
    plant(lab, transition(1, "WP01", "genesis", "planned"))
    lab.status.write_text(
        '{"work_packages": {"WP01": {"lane": "done"}, "WP02": {"lane": "planned"}, "WP03": 5}}',
        encoding="utf-8",
    )
    report = validate_log(lab.mission_log)
    assert [(p.kind, p.file, p.path) for p in report.problems] == [
        ("snapshot_drift", "status.json", "$.work_packages.WP01.lane"),
        ("snapshot_drift", "status.json", "$.work_packages.WP02.lane"),
        ("snapshot_drift", "status.json", "$.work_packages.WP03.lane"),
    ]
    assert "WP01 is in planned by the log, but the snapshot says done" in report.to_text()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"work_packages": []}', b"\xff"])
def test_a_snapshot_that_cannot_be_read_has_drifted(lab: Lab, content: bytes) -> None:
    plant(lab, transition(1, "WP01", "genesis", "planned"))
    lab.status.write_bytes(content)
    assert found(lab) == [("snapshot_drift", None, None)]


def test_a_snapshot_that_is_missing_has_drifted(lab: Lab) -> None:
    plant(lab, transition(1, "WP01", "genesis", "planned"))
    lab.status.unlink()
    assert found(lab) == [("snapshot_drift", None, None)]


def test_a_report_is_plain_json(lab: Lab) -> None:
    plant(lab, b"{\n")
    assert json.loads(json.dumps(validate_log(lab.mission_log).to_json())) == {
        "result": "success",
        "mission_slug": "todo-app-01KQ22DS",
        "valid": False,
        "transitions": 0,
        "annotations": 0,
        "other_rows": 0,
        "unknown_rows": 0,
        "event_count": 0,
        "problems": [
            {
                "kind": "unusable_line",
                "file": "status.events.jsonl",
                "line": 1,
                "offset": 0,
                "path": None,
                "wp_id": None,
                "message": "it is not valid JSON",
            }
        ],
    }


def test_binary_garbage_is_only_reported(lab: Lab) -> None:
    lab.log.write_bytes(bytes(range(256)) * 40)
    report = validate_log(lab.mission_log)
    assert not report.valid
    assert {problem.kind for problem in report.problems} == {"unusable_line"}


def test_rows_that_nobody_can_repair_are_said_to_need_nothing(lab: Lab) -> None:
    odd = {**transition(1, "WP01", "genesis", "planned"), "feature_slug": "todo"}
    plant(lab, odd, b"{half a row\n", transition(2, "WP01", "planned", "claimed"))
    report = validate_log(lab.mission_log)
    assert {problem.kind for problem in report.problems} >= {"unusable_line", "contract_violation"}
    assert LogNotSound(report).fix.startswith("Nothing has to be done")
    assert "doctor" not in LogNotSound(report).fix


def test_rows_that_can_be_repaired_are_sent_to_the_doctor(lab: Lab) -> None:
    plant(lab, transition(1, "WP01", "genesis", "planned"), b"<<<<<<< HEAD\n")
    assert "doctor --fix" in LogNotSound(validate_log(lab.mission_log)).fix
