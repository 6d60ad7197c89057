"""Reading commands answer from the files and the log, and write nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import git
from tests.unit.missions.lane_missions import fresh_repository, make_project
from tests.unit.orchestrator_api.calls import IDENTITY, POLICY, Caller

if TYPE_CHECKING:
    from pathlib import Path

NINE = [
    *("planned", "claimed", "in_progress", "for_review", "in_review", "approved", "done"),
    *("blocked", "canceled"),
]


def ready(call: Caller, lane: str = "planned") -> list[str]:
    found = call.ok("list-ready")["ready_work_packages"]
    assert all(entry["dependencies_satisfied"] is True for entry in found)
    return [entry["wp_id"] for entry in found if entry["lane"] == lane]


def test_the_state_names_every_work_package_with_who_moved_it_last(call: Caller) -> None:
    call.start("WP02", "claude")
    state = call.ok("mission-state")
    assert state.items() >= IDENTITY.items()
    assert list(state["summary"]) == NINE
    assert sum(state["summary"].values()) == 3
    assert (state["summary"]["planned"], state["summary"]["in_progress"]) == (2, 1)
    assert [tuple(entry.values()) for entry in state["work_packages"]] == [
        ("WP01", "planned", [], "ada"),
        ("WP02", "in_progress", [], "claude"),
        ("WP03", "planned", ["WP01", "WP02"], "ada"),
    ]


def test_a_damaged_log_is_told_by_every_read(call: Caller) -> None:
    assert call.ok("mission-state")["log_problems"] == []
    assert call.ok("list-ready")["log_problems"] == []
    log = call.work.mission.log_file
    size, lines = log.stat().st_size, len(log.read_bytes().splitlines())
    with log.open("ab") as stream:
        stream.write(b"X{}\n")
    told = [f"line {lines + 1} (byte {size}): it is not valid JSON"]
    assert call.ok("mission-state")["log_problems"] == told
    assert call.ok("list-ready")["log_problems"] == told


def test_work_packages_without_events_are_planned_and_nobodys(call: Caller) -> None:
    call.work.mission.log_file.unlink()
    state = call.ok("mission-state")
    assert [entry["lane"] for entry in state["work_packages"]] == ["planned"] * 3
    assert [entry["last_actor"] for entry in state["work_packages"]] == [None] * 3
    assert state["summary"]["planned"] == 3
    assert ready(call) == ["WP01", "WP02"]


def test_what_is_being_implemented_is_named_too_so_that_a_restarted_client_finds_it(
    call: Caller,
) -> None:
    call.start("WP02", "claude")
    assert ready(call) == ["WP01"]
    assert ready(call, "in_progress") == ["WP02"]


def test_a_hundred_work_packages_are_sorted_by_number(tmp_path: Path) -> None:
    root = fresh_repository(tmp_path / "big")
    call = Caller(make_project(root, {9: (), 10: (), 99: (), 100: ()}))
    found = call.ok("mission-state")["work_packages"]
    assert [entry["wp_id"] for entry in found] == ["WP09", "WP10", "WP99", "WP100"]


def test_a_work_package_is_ready_when_what_it_builds_on_is_approved(call: Caller) -> None:
    assert ready(call) == ["WP01", "WP02"]
    call.deliver("WP01")
    assert ready(call) == ["WP02"]
    call.build("WP02")
    assert ready(call) == []
    call.ok("start-review", wp="WP02", actor="codex", policy=POLICY)
    call.move("approved", "WP02", "codex")
    assert ready(call) == ["WP03"]


def test_of_work_packages_that_share_a_worktree_one_is_ready_at_a_time(tmp_path: Path) -> None:
    owns = {1: ["src/**"], 2: ["src/part2/**"]}
    root = fresh_repository(tmp_path / "shared")
    call = Caller(make_project(root, {1: (), 2: ()}, owns=owns))
    assert ready(call) == ["WP01"]
    call.start("WP01")
    assert ready(call) == []
    call.ok("transition", wp="WP01", to="blocked", actor="claude", note="waiting")
    assert ready(call) == ["WP02"]


def test_the_workspace_is_told_without_being_made(call: Caller) -> None:
    before = call.state()
    told = call.ok("resolve-workspace", wp="wp-1")
    assert call.state() == before
    assert told.items() >= IDENTITY.items()
    assert told["wp_id"] == "WP01"
    assert told["workspace_exists"] is False
    assert told["lane_base_ref"] is None
    assert told["prompt_path"].endswith("/tasks/WP01-part.md")
    started = call.start()
    again = call.ok("resolve-workspace", wp="WP01")
    assert again["workspace_exists"] is True
    for key in ("workspace_path", "lane_id", "lane_branch", "lane_base_ref"):
        assert again[key] == started[key]
    assert git(call.work.root, "rev-parse", told["lane_branch"]) == started["lane_base_ref"]


def test_without_finalised_tasks_there_is_no_workspace(call: Caller) -> None:
    (call.work.mission.directory / "lanes.json").unlink()
    data = call.refused("resolve-workspace", "LANE_ALLOCATION_FAILED", wp="WP01")
    assert data["cause"] == "LANES_MISSING"
    assert "finalize-tasks" in data["fix"]


def test_reading_writes_nothing_and_a_broken_file_is_named(call: Caller) -> None:
    before = call.state()
    stored = (call.work.mission.directory / "status.json").read_bytes()
    for command in ("mission-state", "list-ready"):
        call.ok(command)
    assert call.state() == before
    assert (call.work.mission.directory / "status.json").read_bytes() == stored
    (call.work.mission.tasks_directory / "WP02-part.md").write_text(
        "---\nwork_package_id: WP07\n---\n", "utf-8"
    )
    data = call.refused("mission-state", "PROJECT_FILES_INVALID")
    assert data["cause"] == "INVALID_WORK_PACKAGE"
    assert "WP02-part.md" in data["message"]


@pytest.mark.parametrize("command", ["contract-version", "mission-state", "list-ready"])
def test_a_read_loads_neither_the_other_commands_nor_what_writes(
    call: Caller, command: str
) -> None:
    arguments = {} if command == "contract-version" else {"mission": call.work.mission.slug}
    script = (
        "import json, sys\n"
        "from specify_cli.orchestrator_api import execute\n"
        f"assert execute({command!r}, {arguments!r})['success']\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=call.work.root,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    loaded = set(json.loads(done.stdout))
    own = {
        name.rpartition(".")[2] for name in loaded if name.startswith("specify_cli.orchestrator")
    }
    expected = {"orchestrator_api", "operations", "envelope", "reads"}
    assert own == expected | ({"scope"} if command != "contract-version" else set())
    heavy = ("pydantic", "jsonschema", "ruamel", "asyncio", "starlette", "cyclopts")
    writing = ("specify_cli.status.mission_status", "specify_cli.next.actions")
    assert loaded.isdisjoint((*heavy, *writing))


def test_what_can_be_started_names_its_holder(call: Caller) -> None:
    call.start("WP02", "claude")
    found = call.ok("list-ready")["ready_work_packages"]
    assert [(entry["wp_id"], entry["claimed_by"]) for entry in found] == [
        ("WP01", None),
        ("WP02", "claude"),
    ]
    call.ok("transition", wp="WP02", to="planned", actor="claude", note="Later.")
    assert {entry["claimed_by"] for entry in call.ok("list-ready")["ready_work_packages"]} == {None}
