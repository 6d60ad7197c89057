"""How many git processes a command starts (DESIGN.md, budgets: none for a simple read, at most three for any)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.projects import Project, fresh_project, planned_project
from tests.conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

READS = (
    ("--version",),
    ("next", "--json"),
    ("next", "--agent", "claude", "--json"),
    ("agent", "tasks", "status", "--json"),
    ("mission", "list", "--json"),
    ("agent", "status", "validate", "--json"),
)
AT_MOST = 3
SIMPLE = (
    ("agent", "tasks", "status", "--json"),
    ("mission", "list", "--json"),
    ("mission", "show", "--json"),
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with one fresh mission."""
    return fresh_project(tmp_path_factory.mktemp("fresh") / "p", COMMAND)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose mission has three planned work packages."""
    return planned_project(tmp_path_factory.mktemp("planned") / "p", COMMAND, work_packages=3)


def git_commands(
    project: Project, trace: Path, *arguments: str, cwd: Path | None = None
) -> list[str]:
    """Run a command and return the git commands that it started, without those git started."""
    done = subprocess.run(
        [str(COMMAND), *arguments],
        cwd=cwd or project.root,
        env={**os.environ, **project.variables, "GIT_TRACE2_EVENT": str(trace)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    events = [
        json.loads(line)
        for path in trace.iterdir()
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return [
        " ".join(event["argv"][1:])
        for event in events
        if event["event"] == "start" and "/" not in event["sid"]
    ]


@pytest.mark.parametrize("arguments", READS, ids=" ".join)
@pytest.mark.parametrize("state", ["fresh", "planned"])
def test_a_read_starts_at_most_three_git_processes(
    request: pytest.FixtureRequest, tmp_path: Path, state: str, arguments: tuple[str, ...]
) -> None:
    started = git_commands(request.getfixturevalue(state), tmp_path, *arguments)
    assert len(started) <= AT_MOST, started


@pytest.mark.skipif(sys.platform == "win32", reason="git is asked on Windows")
@pytest.mark.parametrize("arguments", SIMPLE, ids=" ".join)
def test_a_simple_read_starts_no_git_process_wherever_it_is_run(
    planned: Project, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    linked, trace = tmp_path / "linked", tmp_path / "trace"
    planned.run("git", "worktree", "add", "-q", "--detach", str(linked))
    trace.mkdir()
    for cwd in (planned.root, planned.root / "kitty-specs", linked, linked / "kitty-specs"):
        assert git_commands(planned, trace, *arguments, cwd=cwd) == []


def test_recording_a_lane_change_starts_one_git_process_the_commit(
    planned: Project, tmp_path: Path
) -> None:
    started = []
    for lane in ("blocked", "planned"):
        trace = tmp_path / lane
        trace.mkdir()
        emit = ("agent", "status", "emit", "WP03", "--to", lane, "--actor", "ada", "--json")
        started.append(git_commands(planned, trace, *emit))
    assert [len(commands) for commands in started] == [1, 1], started
    assert all(" commit --only " in commands[0] for commands in started)


def test_the_count_sees_the_processes_of_a_writing_command(
    planned: Project, tmp_path: Path
) -> None:
    arguments = ("next", "--agent", "claude", "--result", "success", "--json")
    started = git_commands(planned, tmp_path, *arguments)
    assert any(command.startswith("worktree add") for command in started), started
    assert len(started) > AT_MOST
