"""A call that is stopped, or cannot tell its answer, ends well: one answer, and the truth in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import COMMAND, git
from tests.integration.test_orchestrator_api import GIVEN
from tests.unit.orchestrator_api.calls import judged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")

# Runs the command with a signal in the middle of an import of a given module.
_STRUCK = """
import os, signal, sys
class Strike:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            os.kill(os.getpid(), signal.{number})
        return None
sys.meta_path.insert(0, Strike())
sys.argv = ["spec-kitty", *{words!r}]
from specify_cli.__main__ import main
main()
"""
# A git that takes its time for one subcommand, before or after it does it.
_SLOW_GIT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import pathlib, subprocess, sys, time
slow = {subcommand!r} in sys.argv
if slow and {before}:
    pathlib.Path({mark!r}).touch()
    time.sleep(60)
status = subprocess.run([{git!r}, *sys.argv[1:]]).returncode
if slow:
    pathlib.Path({mark!r}).touch()
    time.sleep(1)
sys.exit(status)
"""


def struck(words: tuple[str, ...], module: str, number: str, cwd: Path) -> tuple[int, Any]:
    """Run a command that gets a signal when it imports a module; its status and its envelope."""
    done = subprocess.run(
        [sys.executable, "-c", _STRUCK.format(module=module, number=number, words=words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.stderr == ""
    return done.returncode, judged(json.loads(done.stdout))


@posix
@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize("module", ["specify_cli.cli.run", "specify_cli.cli.plain_calls"])
def test_a_signal_while_the_program_starts_is_answered_by_the_command_that_was_asked(
    module: str, number: str, tmp_path: Path
) -> None:
    words = ("orchestrator-api", "mission-state", "--mission", "x")
    status, envelope = struck(words, module, number, tmp_path)
    assert (status, envelope["error_code"]) == (2, "USAGE_ERROR")
    assert envelope["command"] == "orchestrator-api.mission-state"
    assert envelope["data"]["cause"] == "INTERRUPTED"
    assert envelope["data"]["message"] == "mission-state was stopped; nothing was recorded."


@posix
def test_a_signal_while_a_module_is_imported_does_not_get_lost_in_the_import(
    finalized_mission: Path,
) -> None:
    root, slug = finalized_mission.parent.parent, finalized_mission.name
    words = ("orchestrator-api", "append-history", "--mission", slug, "--wp", "WP01")
    before = git(root, "rev-parse", "HEAD")
    status, envelope = struck(
        (*words, "--actor", "a", "--note", "x"), "specify_cli.missions.history", "SIGINT", root
    )
    # Noticed at the next git process, or at the latest before something is written.
    assert (status, envelope["data"].get("cause")) == (2, "INTERRUPTED")
    assert git(root, "rev-parse", "HEAD") == before
    assert git(root, "status", "--porcelain") == ""


def slow_git(folder: Path, subcommand: str, *, before: bool = False) -> tuple[dict[str, str], Path]:
    """Put a slow git first on the search path; the environment, and the file it makes when it did it."""
    real, mark = shutil.which("git"), folder / "done"
    script = folder / "bin" / "git"
    script.parent.mkdir()
    script.write_text(
        _SLOW_GIT.format(
            python=sys.executable,
            git=real,
            mark=str(mark),
            subcommand=subcommand,
            before=before,
        ),
        "utf-8",
    )
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{script.parent}{os.pathsep}{os.environ['PATH']}"}, mark


def stopped_at(words: tuple[str, ...], cwd: Path, env: dict[str, str], mark: Path) -> Any:
    """Run a command in a group of its own and stop the whole group, as a terminal does, at a mark."""
    running = subprocess.Popen(
        [str(COMMAND), *words],
        cwd=cwd,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
    )
    deadline = time.monotonic() + 30
    while not mark.exists():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    said, complaint = running.communicate(timeout=30)
    assert complaint == ""
    return running.returncode, judged(json.loads(said))


@posix
def test_what_is_being_committed_is_finished_and_its_success_told(
    finalized_mission: Path, tmp_path: Path
) -> None:
    root, slug = finalized_mission.parent.parent, finalized_mission.name
    env, mark = slow_git(tmp_path, "commit")
    words = ("orchestrator-api", "start-implementation", "--mission", slug, "--wp", "WP01")
    status, envelope = stopped_at((*words, "--actor", "claude", *GIVEN), root, env, mark)
    assert (status, envelope["success"]) == (0, True)
    assert envelope["data"]["to_lane"] == "in_progress"
    assert "in_progress" in (finalized_mission / "status.events.jsonl").read_text("utf-8")
    assert git(root, "status", "--porcelain") == ""


@posix
def test_a_stop_before_anything_is_recorded_says_so(
    finalized_mission: Path, tmp_path: Path
) -> None:
    root, slug = finalized_mission.parent.parent, finalized_mission.name
    env, mark = slow_git(tmp_path, "worktree")
    log = (finalized_mission / "status.events.jsonl").read_bytes()
    words = ("orchestrator-api", "start-implementation", "--mission", slug, "--wp", "WP01")
    status, envelope = stopped_at((*words, "--actor", "claude", *GIVEN), root, env, mark)
    assert (status, envelope["data"].get("cause")) == (2, "INTERRUPTED")
    assert envelope["command"] == "orchestrator-api.start-implementation"
    assert (finalized_mission / "status.events.jsonl").read_bytes() == log
    assert git(root, "status", "--porcelain") == ""


@posix
def test_a_push_that_never_ends_can_be_stopped_and_the_merge_is_told(tmp_path: Path) -> None:
    from tests.unit.missions.lane_missions import BRANCH, fresh_repository, make_project
    from tests.unit.missions.mission_files import SLUG

    work = make_project(fresh_repository(tmp_path / "project"), {1: ()})
    work.deliver("WP01")
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(work.root, "remote", "add", "origin", str(tmp_path / "remote.git"))
    env, mark = slow_git(tmp_path, "push", before=True)
    words = ("orchestrator-api", "merge-mission", "--mission", SLUG, "--push")
    status, envelope = stopped_at(words, work.root, env, mark)
    assert (status, envelope["error_code"]) == (1, "PREFLIGHT_FAILED")
    data = envelope["data"]
    assert (data["cause"], data["merged"], data["commit"]) == (
        "PUSH_FAILED",
        True,
        work.tip(BRANCH),
    )
    assert work.lane("WP01") == "done"


@posix
@pytest.mark.parametrize(
    "words",
    [
        ("orchestrator-api", "contract-version"),
        ("orchestrator-api", "bogus"),
        ("--version",),
        ("--help",),
        ("contract", "show", "error", "--json"),
    ],
    ids=" ".join,
)
def test_an_answer_that_nobody_can_get_is_a_failure_without_a_traceback(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    command = " ".join([f'"{COMMAND}"', *words])
    for target, why in ((">&-", "closed"), (">/dev/full", "No space left")):
        if target == ">/dev/full" and not os.path.exists("/dev/full"):  # noqa: PTH110
            continue
        done = subprocess.run(
            ["sh", "-c", f"{command} {target}"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: the answer is lost: standard output")
        assert why in done.stderr
        assert len(done.stderr.splitlines()) == 1
        silent = subprocess.run(
            ["sh", "-c", f"{command} {target} 2>&-"],
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
        assert (silent.returncode, silent.stdout, silent.stderr) == (1, b"", b"")


@posix
def test_a_folder_that_is_gone_is_named_and_the_variable_leads_on(
    finalized_mission: Path, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    asked = f'rmdir "{gone}"; "{COMMAND}" orchestrator-api mission-state --mission door-counter'

    def run(**more: str) -> tuple[int, Any]:
        gone.mkdir(exist_ok=True)
        done = subprocess.run(
            ["sh", "-c", asked],
            cwd=gone,
            env={**os.environ, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, judged(json.loads(done.stdout))

    status, lost = run()
    assert (status, lost["error_code"]) == (1, "STATUS_READ_PATH_NOT_FOUND")
    assert lost["data"]["message"] == (
        "the folder that this was started in does not exist any more."
    )
    assert lost["data"]["fix"].startswith("cd into your project's folder")
    root = str(finalized_mission.parent.parent)
    status, found = run(SPECIFY_REPO_ROOT=root)
    assert (status, found["data"]["mission_slug"]) == (0, finalized_mission.name)


def test_a_wrong_call_says_plainly_what_is_missing(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    for words, told in (
        (("mission-state",), "mission-state: --mission is required."),
        (("mission-state", "--mission"), "mission-state: --mission needs a value."),
    ):
        ran = cli(tmp_path, "orchestrator-api", *words)
        envelope = judged(json.loads(ran.stdout))
        assert envelope["command"] == "orchestrator-api.unknown"
        assert envelope["data"]["message"] == told
