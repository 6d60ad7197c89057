"""The planning of a mission through the orchestrator API: the installed command, HTTP, and `agent mission`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.orchestrator_api import http_status
from specify_cli.orchestrator_api.examples import REPORT
from tests.conftest import Ran, git
from tests.integration.conftest import PLAN, SPEC, TASKS, work_package, write
from tests.integration.http_lab import POLICY, Lab, get, post
from tests.integration.seeded_missions import give_coordination, seed_mission
from tests.unit.orchestrator_api.calls import judged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

GIVEN = ("--policy", json.dumps(POLICY))


def commit(root: Path, *files: str) -> None:
    git(root, "add", "--", *files)
    git(root, "commit", "-q", "-m", "Write", "--", *files)


def write_tasks(mission: Path) -> None:
    write(mission / "tasks.md", TASKS)
    write(mission / "tasks/WP01-total.md", work_package("WP01", "The total", owned="counter.py"))
    two = work_package("WP02", "The command line", owned="door.py", refs="[FR-002]")
    write(mission / "tasks/WP02-door.md", two)


@pytest.mark.proves("001 FR-004")
def test_a_mission_is_planned_by_envelopes_alone(
    project: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    def call(command: str, mission: str, *options: str, status: int = 0) -> Any:
        ran = cli(project, "orchestrator-api", command, "--mission", mission, *options)
        assert ran.status == status, ran.stdout + ran.stderr
        assert ran.stderr == ""
        envelope = judged(json.loads(ran.stdout))
        assert envelope["command"] == f"orchestrator-api.{command}"
        assert envelope["success"] is (status == 0)
        return envelope["data"] if status == 0 else envelope["error_code"]

    (project / "mine.txt").write_text("mine\n", encoding="utf-8")
    made = call("specify", "Door counter", "--mission-type", "software-dev", *GIVEN)
    slug, folder = made["mission_slug"], project / made["mission_dir"]
    again = call("specify", "Door counter", "--mission-type", "software-dev", *GIVEN)
    assert (again["no_op"], again["mission_slug"]) == (True, slug)
    assert call("design-status", slug)["next_action"] == "specify"
    assert call("plan", slug, *GIVEN, status=1) == "PLAN_SETUP_FAILED"
    write(folder / "spec.md", SPEC)
    commit(project, made["spec_file"])
    started = call("plan", slug, *GIVEN)
    assert (started["no_op"], started["phase_complete"]) == (False, False)
    assert call("check-prerequisites", slug, status=1) == "CHECK_PREREQUISITES_FAILED"
    write(folder / "plan.md", PLAN)
    commit(project, started["plan_file"])
    assert call("plan", slug, *GIVEN)["phase_complete"] is True
    assert call("check-prerequisites", slug)["valid"] is True
    assert call("tasks", slug, *GIVEN, status=1) == "TASKS_FINALIZE_FAILED"
    write_tasks(folder)
    needed = ("--include-tasks",)
    assert call("check-prerequisites", slug, *needed, status=1) == "CHECK_PREREQUISITES_FAILED"
    ended = call("tasks", slug, "--actor", "claude", *GIVEN)
    assert ended["planning_commit"] == {"sha": ended["commit"], "action": "created"}
    assert call("tasks", slug, *GIVEN)["no_op"] is True
    assert call("check-prerequisites", slug, *needed)["include_tasks"] is True
    missing = ("--input-file", str(tmp_path / "none.md"))
    code = "RECORD_ANALYSIS_INPUT_FILE_NOT_FOUND"
    assert call("record-analysis", slug, *missing, *GIVEN, status=1) == code
    (tmp_path / "report.md").write_text(REPORT, encoding="utf-8")
    named = ("--input-file", str(tmp_path / "report.md"), "--agent", "claude")
    assert call("record-analysis", slug, *named, *GIVEN)["agent"] == "claude"
    assert call("record-analysis", slug, "--report", REPORT, *GIVEN)["no_op"] is True
    (tmp_path / "empty.md").write_text("", encoding="utf-8")
    empty = ("--input-file", str(tmp_path / "empty.md"))
    assert call("record-analysis", slug, *empty, *GIVEN, status=1) == "RECORD_ANALYSIS_EMPTY_BODY"
    ready = call("list-ready", slug)["ready_work_packages"]
    assert [entry["wp_id"] for entry in ready] == ["WP01", "WP02"]
    assert call("design-status", slug)["current_phase"] == "implement"
    assert git(project, "status", "--porcelain") == "?? mine.txt"
    assert "mine.txt" not in git(project, "log", "--name-only", "--format=")


def test_two_reports_at_once_are_a_wrong_call(mission: Path, cli: Callable[..., Ran]) -> None:
    root = mission.parent.parent
    two = ("--report", "x", "--input-file", "y", *GIVEN)
    words = ("orchestrator-api", "record-analysis", "--mission", mission.name, *two)
    envelope = judged(json.loads(cli(root, *words).stdout))
    assert envelope["error_code"] == "USAGE_ERROR"


def test_a_mission_is_planned_over_http(written_mission: Path) -> None:
    root, slug = written_mission.parent.parent, written_mission.name
    application = Lab(root, slug).application
    asked = f"/v1/check-prerequisites?mission={slug}"

    def done(command: str, **arguments: object) -> Any:
        answer = post(application, command, **{"mission": slug, "policy": POLICY, **arguments})
        assert answer.status == 200, answer.body
        return judged(answer.document)["data"]

    assert get(application, asked).status == 200
    unmet = get(application, f"{asked}&include_tasks=true")
    assert (unmet.status, unmet.document["error_code"]) == (409, "CHECK_PREREQUISITES_FAILED")
    assert get(application, f"{asked}&include_tasks=maybe").status == 400
    assert get(application, f"{asked}&include_tasks=false").status == 200
    assert done("plan")["phase_complete"] is True
    assert done("tasks")["newly_seeded"] == ["WP01", "WP02"]
    met = get(application, f"{asked}&include_tasks=true")
    assert (met.status, met.document["data"]["include_tasks"]) == (200, True)
    assert done("record-analysis", report=REPORT)["no_op"] is False
    said = {"mission": "Door counter", "mission_type": "software-dev"}
    assert done("specify", **said)["mission_slug"] == slug
    for status, changed in (
        (409, {"mission_type": "research"}),
        (422, {"mission_type": "nope"}),
        (422, {"mission": "!!"}),
        (422, {"policy": None}),
        (400, {"topology": "coord"}),
    ):
        arguments = {**said, "policy": POLICY, **changed}
        given = {name: value for name, value in arguments.items() if value is not None}
        answer = post(application, "specify", **given)
        assert answer.status == status == http_status.status_of(judged(answer.document))
    assert git(root, "status", "--porcelain") == ""


def test_an_agent_asks_for_prerequisites_and_is_told_by_the_exit_status(
    written_mission: Path, cli: Callable[..., Ran]
) -> None:
    root = written_mission.parent.parent
    check = ("agent", "mission", "check-prerequisites")
    assert cli(root, *check, "--json").document["valid"] is True
    for option in ("--include-tasks", "--require-tasks"):
        unmet = cli(root, *check, option, "--json")
        assert (unmet.status, unmet.document["result"]) == (1, "error")
        assert unmet.document["error_code"] == "CHECK_PREREQUISITES_FAILED"
        assert unmet.document["details"]["guard_failures"]
    told = cli(root, *check, "--include-tasks")
    assert told.status == 1
    assert "finalize-tasks" in told.stderr
    (written_mission / "plan.md").unlink()
    paths = cli(root, *check, "--paths-only", "--json")
    assert (paths.status, "valid" in paths.document) == (0, False)
    assert paths.document["paths"]["plan_file"].endswith("/plan.md")
    assert cli(root, *check).status == 1


def test_an_agent_records_the_report_that_it_wrote(
    written_mission: Path, cli: Callable[..., Ran]
) -> None:
    root = written_mission.parent.parent
    record = ("agent", "mission", "record-analysis")
    missing = cli(root, *record, "--json")
    assert missing.status == 1
    assert missing.document["error_code"] == "RECORD_ANALYSIS_INPUT_FILE_NOT_FOUND"
    (root / "mine.txt").write_text("mine\n", encoding="utf-8")
    write(written_mission / "analysis-report.md", REPORT)
    done = cli(root, *record, "--agent", "claude", "--json").document
    assert (done["no_op"], done["agent"]) == (False, "claude")
    assert cli(root, *record).stdout.endswith("was recorded before.\n")
    assert git(root, "status", "--porcelain") == "?? mine.txt"


@pytest.mark.parametrize("kind", ["seeded without a log", "coordinated"])
def test_documents_of_missions_that_other_programs_made_are_committed_where_they_live(
    kind: str, finalized_mission: Path, cli: Callable[..., Ran]
) -> None:
    project = finalized_mission.parent.parent
    if kind == "coordinated":
        mission = finalized_mission
        give_coordination(mission)
    else:
        git(project, "switch", "-q", "main")
        mission = seed_mission(project)
    for name, text in (("spec.md", SPEC), ("plan.md", "")):
        (mission / name).unlink(missing_ok=True)
        if text:
            write(mission / name, text)
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "A specification, no plan")
    branch = git(project, "branch", "--show-current")
    for command, options in (("plan", ()), ("record-analysis", ("--report", REPORT))):
        words = ("orchestrator-api", command, "--mission", mission.name, *options, *GIVEN)
        data = judged(json.loads(cli(project, *words).stdout))["data"]
        assert data.get("commit") == git(project, "rev-parse", branch), data
    assert git(project, "status", "--porcelain", "--", "kitty-specs") == ""
