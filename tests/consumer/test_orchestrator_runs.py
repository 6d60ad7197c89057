"""The real orchestrator drives missions of ours (001 FR-013, orchestrator API contract 1.5.0)."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import git
from tests.consumer.real_client import ACTOR, Orchestra, kill, wait_for
from tests.integration.seeded_missions import SEEDED, seed_mission
from tests.unit.missions.lane_missions import copy_project, fresh_repository, make_project
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.missions.lane_missions import MissionAtWork
    from tools.environments import Environment

pytestmark = [
    pytest.mark.needs_index,
    pytest.mark.skipif(sys.platform == "win32", reason="the agents are scripts with a #! line"),
]

ALL_DONE = {"WP01": "done", "WP02": "done", "WP03": "done"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """A finalised mission: two parallel work packages and one that builds on both."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    work = make_project(root, {1: (), 2: (), 3: (1, 2)})
    configure(root)
    return work


def configure(root: Path) -> None:
    """Let the client give up after one retry; its own files are nobody's business."""
    settings = '[agents]\nmax_retries = 1\nimplementation = ["claude-code"]\nreview = ["codex"]\n'
    (root / ".kittify" / "orchestrator.toml").write_text(settings, encoding="utf-8")
    ignored = ".worktrees/\n.kittify/logs/\n.kittify/orchestrator-run-state.json\n"
    (root / ".gitignore").write_text(ignored, encoding="utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Configure the orchestrator")


@pytest.fixture
def orchestra(template: MissionAtWork, installed: Environment, tmp_path: Path) -> Orchestra:
    work = copy_project(template, tmp_path / "project")
    return Orchestra.make(work.root, SLUG, installed, tmp_path)


def assert_sound(orchestra: Orchestra) -> None:
    """The log has no problem, nothing is left uncommitted, and every row of the client says so."""
    report = orchestra.root / "kitty-specs" / orchestra.slug / "status.events.jsonl"
    rows = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    moved = [row for row in rows if row.get("actor") == ACTOR and "to_lane" in row]
    # Work packages that nobody had planned are planned with the first claim; that is no agent's act.
    driven = [row for row in moved if row["from_lane"] != "genesis"]
    assert driven
    assert all(row["policy_metadata"]["orchestrator_id"] == ACTOR for row in driven)
    assert git(orchestra.root, "status", "--porcelain") == ""


def test_a_mission_of_three_work_packages_is_driven_to_done(orchestra: Orchestra) -> None:
    output = orchestra.orchestrate()
    assert "Orchestration completed successfully" in output
    assert "ERROR" not in output
    assert orchestra.lanes() == ALL_DONE
    assert_sound(orchestra)
    # WP03 builds on both others and starts with their work in its worktree.
    lane = orchestra.asked("claude", "WP03")[0].split()[1]
    present = git(orchestra.root / ".worktrees" / lane, "ls-files", "src").splitlines()
    assert {f"src/part{n}/work.txt" for n in (1, 2, 3)} <= set(present)


def test_what_the_client_drove_to_done_can_be_merged(orchestra: Orchestra) -> None:
    orchestra.orchestrate()
    merged = orchestra.api("merge-mission", "--mission", orchestra.slug, "--target", "main")
    assert merged["success"], merged
    assert merged["data"]["merged_wps"] == ["WP01", "WP02", "WP03"]
    on_main = git(orchestra.root, "ls-tree", "-r", "--name-only", "main", "src").splitlines()
    assert {f"src/part{n}/work.txt" for n in (1, 2, 3)} <= set(on_main)


def test_rejected_work_is_done_again_and_then_approved(orchestra: Orchestra) -> None:
    orchestra.script({"codex": {"WP01": ["reject", "ok"]}})
    orchestra.orchestrate()
    assert orchestra.lanes() == ALL_DONE
    assert len(orchestra.asked("claude", "WP01")) == 2
    assert_sound(orchestra)
    lane = orchestra.asked("claude", "WP01")[0].split()[1]
    text = (orchestra.root / ".worktrees" / lane / "src/part1/work.txt").read_text(encoding="utf-8")
    assert text == "WP01, attempt 2\n"


def test_a_failing_implementation_agent_leaves_its_work_package_blocked(
    orchestra: Orchestra,
) -> None:
    orchestra.script({"claude": {"WP02": ["fail"]}})
    process = orchestra.start(
        *("orchestrate", "--mission", orchestra.slug),
        *("--impl-agent", "claude-code", "--review-agent", "codex"),
    )
    output, _ = process.communicate(timeout=180)
    # WP03 waits for WP02 for ever, and the client says so instead of waiting.
    assert process.returncode == 1, output
    assert "deadlock" in output.lower()
    assert orchestra.lanes() == {"WP01": "done", "WP02": "blocked", "WP03": "planned"}
    assert [entry.split()[0] for entry in orchestra.asked("claude", "WP02")] == ["fail", "fail"]
    assert_sound(orchestra)


def test_a_killed_run_is_resumed_and_ends_done(orchestra: Orchestra) -> None:
    orchestra.script({"claude": {"WP01": ["hang", "ok"], "WP02": ["hang", "ok"]}})
    process = orchestra.start(
        *("orchestrate", "--mission", orchestra.slug),
        *("--impl-agent", "claude-code", "--review-agent", "codex"),
    )
    both = ("WP01", "WP02")
    wait_for(lambda: all(orchestra.asked("claude", wp) for wp in both), "both agents are at work")
    kill(process)
    assert orchestra.lanes() == {"WP01": "in_progress", "WP02": "in_progress", "WP03": "planned"}
    orchestra.run("resume")
    assert orchestra.lanes() == ALL_DONE
    assert_sound(orchestra)


def test_a_mission_that_a_client_seeded_is_driven_to_done_on_main(
    installed: Environment, tmp_path: Path
) -> None:
    """No log, no lanes.json, no id, an empty `.kittify/`, and `main` is checked out."""
    root = fresh_repository(tmp_path / "project")
    (root / ".kittify").mkdir()
    configure(root)
    seed_mission(root, packages=3)
    orchestra = Orchestra.make(root, SEEDED, installed, tmp_path)
    assert "Orchestration completed successfully" in orchestra.orchestrate()
    assert orchestra.lanes() == ALL_DONE
    assert_sound(orchestra)
    merged = orchestra.api("merge-mission", "--mission", SEEDED, "--target", "main")
    assert merged["success"], merged
    on_main = git(root, "ls-tree", "-r", "--name-only", "main", "src").splitlines()
    assert on_main == [f"src/part{n}/work.txt" for n in (1, 2, 3)]
