"""The planning of a mission by an orchestrator: a blocked answer is a failure, and asking twice is safe."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.missions.mission import list_missions
from specify_cli.orchestrator_api import OPERATIONS
from specify_cli.orchestrator_api.operations import query_arguments
from tests.conftest import git
from tests.unit.missions.mission_files import SLUG
from tests.unit.orchestrator_api.calls import IDENTITY, POLICY

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.orchestrator_api.calls import Caller

NEW: dict[str, Any] = {"mission": "Door bell", "mission_type": "software-dev", "policy": POLICY}
GIVEN: dict[str, Any] = {"policy": POLICY}
REPORT = (
    "# Analysis\n\nEvery requirement is met by a work package, no two of them change one file, and each "
    "names the tests that it needs.\n\nVerdict: ready.\n"
)


def folder(call: Caller) -> Path:
    return call.work.mission.directory


def head(call: Caller) -> str:
    return git(call.work.root, "rev-parse", "HEAD")


def commit(call: Caller) -> None:
    git(call.work.root, "add", "-A")
    git(call.work.root, "commit", "-q", "-m", "Change the planning")


# --- policy and arguments


@pytest.mark.parametrize("command", ["specify", "plan", "tasks", "record-analysis"])
def test_each_change_needs_a_policy_before_anything_is_looked_up(
    call: Caller, command: str
) -> None:
    said = {"mission": "nope"} | ({"mission_type": "nope"} if command == "specify" else {})
    call.refused(command, "POLICY_METADATA_REQUIRED", **said)
    flagged = {**POLICY, "dangerous_flags": ["--yolo"]}
    call.refused(command, "POLICY_VALIDATION_FAILED", **said, policy=flagged)


@pytest.mark.parametrize("command", ["plan", "tasks", "check-prerequisites", "record-analysis"])
def test_each_is_about_a_mission_that_is_there(call: Caller, command: str) -> None:
    said = {} if command == "check-prerequisites" else GIVEN
    call.refused(command, "MISSION_NOT_FOUND", mission="nope", **said)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("specify", {**NEW, "mission_type": None}),
        ("specify", {**NEW, "topology": "coord"}),
        ("specify", {**NEW, "mission": "!!"}),
        ("specify", {**NEW, "mission": "x" * 201}),
        ("specify", {**NEW, "mission": "Red \x1b[31m alert"}),
        ("specify", {**NEW, "mission": "Turned \u202e around"}),
        ("specify", {**NEW, "feature": "x"}),
        ("tasks", {**GIVEN, "actor": "a\nb"}),
        ("check-prerequisites", {"include_tasks": "true"}),
        ("check-prerequisites", {"policy": POLICY}),
        ("record-analysis", {**GIVEN, "report": 7}),
        ("record-analysis", {**GIVEN, "report": REPORT + "\x1b[2J"}),
        ("record-analysis", {**GIVEN, "report": REPORT, "agent": "-x"}),
    ],
)
def test_what_cannot_be_asked_is_a_wrong_call(
    call: Caller, command: str, said: dict[str, Any]
) -> None:
    call.refused(command, "USAGE_ERROR", **said)


def test_a_query_of_texts_means_truth_values_where_they_belong() -> None:
    asked = {"mission": "true", "include_tasks": "true", "more": "false"}
    assert query_arguments(OPERATIONS["check-prerequisites"], asked) == {
        **asked,
        "include_tasks": True,
    }
    python = {"include_tasks": "False"}
    assert query_arguments(OPERATIONS["check-prerequisites"], python) == {"include_tasks": False}
    odd = {"include_tasks": "yes"}
    assert query_arguments(OPERATIONS["check-prerequisites"], odd) == odd


# --- specify


def test_a_mission_is_made_once_however_often_it_is_asked_for(call: Caller) -> None:
    made = call.ok("specify", **NEW, topology="single_branch")
    assert (made["no_op"], made["friendly_name"], made["mission_type"]) == (
        *(False, "Door bell"),
        "software-dev",
    )
    assert made["commit"] == head(call)
    assert (call.work.root / made["spec_file"]).is_file()
    assert set(made["files"]) == set(
        git(call.work.root, "show", "--format=", "--name-only", "HEAD").split("\n")
    )
    again = call.ok("specify", **{**NEW, "mission": "door   BELL"})
    assert again == {
        **made,
        "no_op": True,
        "branch_created": False,
        "files": [],
        "commit": None,
    }
    assert head(call) == made["commit"]


def test_words_that_another_mission_has_are_refused_with_its_name(call: Caller) -> None:
    made = call.ok("specify", **NEW)
    other = call.refused("specify", "MISSION_ALREADY_EXISTS", **{**NEW, "mission_type": "research"})
    assert other["missions"] == [made["mission_slug"]]
    assert made["mission_slug"] in other["fix"]


def test_a_mission_on_a_branch_that_is_not_checked_out_is_not_made_twice(call: Caller) -> None:
    before = git(call.work.root, "branch", "--show-current")
    made = call.ok("specify", **NEW)
    assert made["branch_created"]
    git(call.work.root, "switch", "-q", before)
    hidden = call.refused("specify", "MISSION_ALREADY_EXISTS", **NEW)
    assert hidden["branches"] == [made["target_branch"]]
    assert f"git switch {made['target_branch']}" in hidden["fix"]


def test_a_merged_mission_stands_in_nobodys_way(call: Caller) -> None:
    made = call.ok("specify", **NEW)
    meta = call.work.root / made["mission_dir"] / "meta.json"
    merged = {**json.loads(meta.read_bytes()), "merged_at": "2026-11-21T07:13:00.123456+00:00"}
    meta.write_text(json.dumps(merged), encoding="utf-8")
    commit(call)
    second = call.ok("specify", **NEW)
    assert second["no_op"] is False
    assert second["mission_slug"] != made["mission_slug"]


def test_an_unknown_type_is_told_with_those_that_there_are(call: Caller) -> None:
    data = call.refused("specify", "MISSION_CREATE_FAILED", **{**NEW, "mission_type": "nope"})
    assert data["cause"] == "UNKNOWN_MISSION_TYPE"
    assert "software-dev" in data["known"]


def test_a_mission_of_another_type_begins_with_its_own_document_and_has_its_own_steps(
    call: Caller,
) -> None:
    made = call.ok("specify", **{**NEW, "mission_type": "research"})
    assert "tasks/README.md" not in str(made["files"])
    assert "uestion" in (call.work.root / made["spec_file"]).read_text(encoding="utf-8")
    mission = {"mission": made["mission_slug"]}
    for command, code in (("plan", "PLAN_SETUP_FAILED"), ("tasks", "TASKS_FINALIZE_FAILED")):
        refused = call.refused(command, code, **GIVEN, **mission)
        assert refused["cause"] == "STEP_NOT_IN_MISSION_TYPE"
        assert "scoping" in refused["steps"]
    status = call.ok("design-status", **mission)
    assert status["current_phase"] == "specify"
    assert status["missing"][0]["file"] == made["spec_file"]


def test_of_many_who_ask_at_once_all_get_the_same_mission(call: Caller) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: call.ok("specify", **NEW), range(4)))
    assert sorted(answer["no_op"] for answer in made) == [False, True, True, True]
    assert len({answer["mission_id"] for answer in made}) == 1
    slugs = {mission.slug for mission in list_missions(call.work.root)}
    assert slugs == {SLUG, made[0]["mission_slug"]}


# --- plan


def test_a_plan_that_cannot_be_started_is_no_success(call: Caller) -> None:
    (folder(call) / "spec.md").write_text("# Specification: nothing\n", encoding="utf-8")
    commit(call)
    data = call.refused("plan", "PLAN_SETUP_FAILED", **GIVEN)
    assert data["cause"] == "SPEC_NOT_READY"
    assert data["guard_failures"]
    assert data["fix"]


def test_a_plan_is_started_once_and_says_what_it_lacks(call: Caller) -> None:
    complete = call.ok("plan", **GIVEN)
    assert complete.items() >= {**IDENTITY, "phase_complete": True, "missing": []}.items()
    assert (complete["no_op"], complete["commit"]) == (True, None)
    (folder(call) / "plan.md").unlink()
    commit(call)
    started = call.ok("plan", **GIVEN)
    assert (started["no_op"], started["phase_complete"]) == (False, False)
    assert started["commit"] == head(call)
    assert started["missing"][0]["file"] == started["plan_file"]
    again = call.ok("plan", **GIVEN)
    assert again == {**started, "no_op": True, "commit": None}
    assert call("check-prerequisites")["success"] is False
    assert call.work.clean()


def test_of_many_who_start_a_plan_at_once_one_does(call: Caller) -> None:
    (folder(call) / "plan.md").unlink()
    commit(call)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: call.ok("plan", **GIVEN), range(4)))
    assert sorted(answer["no_op"] for answer in answers) == [False, True, True, True]
    assert call.work.clean()


# --- tasks


def unfinalise(call: Caller) -> None:
    for name in ("lanes.json", "status.events.jsonl", "status.json"):
        (folder(call) / name).unlink()
    commit(call)


def test_the_tasks_come_onto_the_board_once_with_the_policy_on_record(call: Caller) -> None:
    unfinalise(call)
    ended = call.ok("tasks", **GIVEN, actor="claude")
    assert ended["work_packages"] == ended["newly_seeded"] == ["WP01", "WP02", "WP03"]
    assert (ended["no_op"], ended["policy_metadata_recorded"]) == (False, True)
    assert ended["commit"] == head(call)
    assert ended["planning_commit"] == {"sha": head(call), "action": "created"}
    assert {wp for lane in ended["lanes"] for wp in lane["wp_ids"]} == set(ended["work_packages"])
    rows = call.rows()
    assert [row["to_lane"] for row in rows] == ["planned"] * 3
    assert {row["actor"] for row in rows} == {"claude"}
    assert all(row["policy_metadata"] == POLICY for row in rows)
    again = call.ok("tasks", **GIVEN)
    assert (again["no_op"], again["newly_seeded"], again["files"], again["commit"]) == (
        *(True, []),
        *([], None),
    )
    assert again["planning_commit"] == {
        "sha": ended["planning_commit"]["sha"],
        "action": "unchanged",
    }
    assert call.rows() == rows
    assert call.ok("check-prerequisites", include_tasks=True)["valid"]


def test_tasks_that_cannot_be_finalised_are_no_success_and_all_problems_are_told(
    call: Caller,
) -> None:
    for path in sorted((folder(call) / "tasks").glob("WP*.md"))[:2]:
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("dependencies: []", "dependencies: [WP77]"), encoding="utf-8")
    commit(call)
    data = call.refused("tasks", "TASKS_FINALIZE_FAILED", **GIVEN)
    assert data["cause"] == "TASKS_INVALID"
    assert len(data["problems"]) == 2


def test_of_many_who_finalise_at_once_each_work_package_is_seeded_by_one(call: Caller) -> None:
    unfinalise(call)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: call.ok("tasks", **GIVEN), range(4)))
    assert sorted(wp for answer in answers for wp in answer["newly_seeded"]) == [
        *("WP01", "WP02"),
        "WP03",
    ]
    assert len({answer["commit"] for answer in answers} - {None}) == 1
    assert [row["wp_id"] for row in call.rows()] == ["WP01", "WP02", "WP03"]
    assert call.work.clean()


# --- check-prerequisites, record-analysis


def test_a_planning_that_is_not_finished_is_no_success(call: Caller) -> None:
    met = call.ok("check-prerequisites", include_tasks=True)
    assert met.items() >= {**IDENTITY, "valid": True, "include_tasks": True}.items()
    (folder(call) / "lanes.json").unlink()
    commit(call)
    assert call.ok("check-prerequisites")["include_tasks"] is False
    data = call.refused("check-prerequisites", "CHECK_PREREQUISITES_FAILED", include_tasks=True)
    assert data["fix"] == data["guard_failures"][0]["fix"] == "Call tasks."
    assert len(data["errors"]) == len(data["guard_failures"]) == 1


def test_an_analysis_is_committed_once_and_a_trivial_one_never(call: Caller) -> None:
    (call.work.root / "mine.txt").write_text("mine\n", encoding="utf-8")
    said = {**GIVEN, "report": REPORT, "agent": "claude"}
    call.refused("record-analysis", "RECORD_ANALYSIS_INPUT_FILE_NOT_FOUND", **GIVEN)
    call.refused("record-analysis", "RECORD_ANALYSIS_EMPTY_BODY", **{**said, "report": ""})
    recorded = call.ok("record-analysis", **said)
    assert (recorded["no_op"], recorded["agent"], recorded["commit"]) == (
        *(False, "claude"),
        head(call),
    )
    assert git(call.work.root, "status", "--porcelain") == "?? mine.txt"
    assert call.ok("record-analysis", **said) == {**recorded, "no_op": True, "commit": None}
    assert "analysis-report.md" in call.ok("check-prerequisites")["available_docs"]
    (call.work.root / recorded["report_file"]).write_text("# Mine\n", encoding="utf-8")
    data = call.refused("record-analysis", "DIRTY_WORKTREE", **said)
    assert data["files"] == [recorded["report_file"]]


def test_nothing_is_committed_while_another_branch_is_checked_out(call: Caller) -> None:
    unfinalise(call)
    git(call.work.root, "switch", "-q", "-c", "elsewhere")
    call.refused("tasks", "SAFE_COMMIT_HEAD_MISMATCH", **GIVEN)
    call.refused("record-analysis", "SAFE_COMMIT_HEAD_MISMATCH", **GIVEN, report=REPORT)
    (folder(call) / "plan.md").unlink()
    call.refused("plan", "SAFE_COMMIT_HEAD_MISMATCH", **GIVEN)
