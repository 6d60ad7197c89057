"""A merge that is killed anywhere is completed by running it again (DESIGN.md P5)."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.merge import merge_mission
from tests.conftest import git
from tests.crash.crash_lab import FULL
from tests.unit.missions.lane_missions import (
    BRANCH,
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path

KILLED = 137
# Dies right before the n-th step that changes something, which is right after the one before it.
DRIVER = """
import os, subprocess, sys
from pathlib import Path
from specify_cli.git import process
from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project
from specify_cli.kernel.files import Disk
from specify_cli.missions.merge import merge_mission
from specify_cli.missions.mission import load_mission

root, slug, strategy, limit = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
target = sys.argv[5] or None
CHANGING = {"merge", "update-ref", "commit", "add", "commit-tree", "worktree"}
passed = 0

def point():
    global passed
    passed += 1
    if passed == limit:
        os._exit(137)

def guarded(real, is_changing=lambda *args: True):
    def call(*args, **kwargs):
        if not is_changing(*args):
            return real(*args, **kwargs)
        point()
        return real(*args, **kwargs)
    return call

def changes(command, *rest):
    name = process.subcommand(tuple(command[1:]))
    return name in CHANGING and "list" not in command

subprocess.run = guarded(subprocess.run, changes)
if strategy == "merge":
    for name in ("write", "fsync", "rename", "truncate"):
        setattr(Disk, name, guarded(getattr(Disk, name)))
project = Project(root, open_repository(root))
merge_mission(project, load_mission(root, slug), actor="ada", target=target, strategy=strategy)
print(passed)
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """A finished mission of two lanes, one of which builds on the other."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    work = make_project(root, {1: (), 2: (1,)})
    work.deliver("WP01")
    work.deliver("WP02")
    return work


def run_until(
    work: MissionAtWork, strategy: str, target: str | None, limit: int
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DRIVER, str(work.root), SLUG, strategy, str(limit), target or ""],
        cwd=work.root,
        capture_output=True,
        text=True,
        check=False,
    )


def outcome(work: MissionAtWork) -> dict[str, object]:
    """What must be the same whether or not the merge was interrupted."""
    meta = json.loads((work.mission.directory / "meta.json").read_text(encoding="utf-8"))
    merged = str(meta["merged_commit"])
    git(work.root, "merge-base", "--is-ancestor", merged, BRANCH)
    rows = work.rows()
    since = f"{meta['baseline_merge_commit']}..{BRANCH}"
    return {
        "files": git(work.root, "ls-tree", "-r", "--name-only", BRANCH).splitlines(),
        "work": git(work.root, "rev-parse", f"{BRANCH}:src"),
        "merged work": git(work.root, "rev-parse", f"{merged}:src"),
        "landed": git(work.root, "rev-parse", "main^{tree}"),
        "same tree": git(work.root, "rev-parse", f"{BRANCH}^{{tree}}", "main^{tree}").split()[0],
        "baseline": meta["baseline_merge_commit"],
        "number": meta["mission_number"],
        "done": sorted(str(row["wp_id"]) for row in rows if row.get("to_lane") == "done"),
        "closed": [row["event_type"] for row in rows if row.get("event_type")],
        "branches": git(work.root, "branch", "--format=%(refname:short)").split(),
        "worktrees": len(git(work.root, "worktree", "list").splitlines()),
        "status": git(work.root, "status", "--porcelain", "--untracked-files=all"),
        "steps": git(work.root, "rev-list", "--count", "--first-parent", since),
        "merges": git(work.root, "rev-list", "--count", "--merges", since),
    }


@pytest.mark.parametrize(
    ("strategy", "target"), [("merge", "main"), ("squash", "main"), ("squash", None)]
)
def test_a_merge_killed_at_any_step_is_completed_by_running_it_again(
    template: MissionAtWork, tmp_path: Path, strategy: str, target: str | None
) -> None:
    straight = copy_project(template, tmp_path / "straight")
    done = run_until(straight, strategy, target, 0)
    assert done.returncode == 0, done.stderr
    points = int(done.stdout)
    assert points >= (20 if strategy == "merge" else 8)
    expected = outcome(straight)
    assert (expected["done"], expected["status"]) == (["WP01", "WP02"], "")
    assert expected["closed"] == ["MissionClosed"]
    varying = ("landed", "same tree")  # they hold the event ids and times of the run

    # `make test` takes every other step, and the last one.
    for limit in range(1, points + 1) if FULL else (*range(1, points, 2), points):
        work = copy_project(template, tmp_path / f"killed-{limit}")
        killed = run_until(work, strategy, target, limit)
        assert killed.returncode == KILLED, f"step {limit}: {killed.stderr}"
        merge_mission(work.project, work.mission, actor="ada", target=target, strategy=strategy)
        found = outcome(work)
        if target:
            assert found["landed"] == found["same tree"], f"killed at step {limit}"
        for key in varying:
            found[key] = expected[key]
        assert found == expected, f"killed at step {limit}"
