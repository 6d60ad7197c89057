"""A mission to break: the laboratory of the crash tests, for tests and for the processes they start."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project, load_identity
from specify_cli.status import (
    Lane,
    MissionLog,
    MissionStatus,
    TransitionRequest,
    fold,
    read_log,
    validate_log,
)
from specify_cli.status.checkpoint import SMALLEST_LOG
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from multiprocessing.process import BaseProcess
    from pathlib import Path

    from specify_cli.status import Board, Log

FULL = os.environ.get("SPEC_KITTY_CRASH") == "full"
"""Whether this is `make test-crash`, which takes its time; `make test` runs the same, bounded."""

BRANCH = "kitty/mission-todo-app-01KQ22DS"
SLUG = "todo-app-01KQ22DS"
CONFIG = """\
project:
  uuid: ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce
  slug: todo
build:
  id: 01KQ22DT0000000000000000B1
node:
  id: b805cd5cee74
"""


def sized(bounded: int, full: int) -> int:
    """Return how much to do: a bounded amount in `make test`, all of it in `make test-crash`."""
    return full if FULL else bounded


def start_process(target: Callable[..., None], *args: Any, **kwargs: Any) -> BaseProcess:
    """Start a process cheaply: a fork of one that has imported everything.

    That one has a single thread, unlike the test runner, so forking it is safe. `target` is a
    function of a module, never of a test file.
    """
    if sys.platform == "win32":
        process: BaseProcess = multiprocessing.Process(target=target, args=args, kwargs=kwargs)
    else:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.crash.crash_points", "tests.crash.workers"])
        process = context.Process(target=target, args=args, kwargs=kwargs)
    process.start()
    return process


@dataclass(frozen=True)
class Lab:
    """A repository with a mission."""

    root: Path

    @property
    def mission_log(self) -> MissionLog:
        return self.mission_in(SLUG)

    def mission_in(self, folder: str, lock: str = "mission.lock") -> MissionLog:
        """Describe a mission, as every process does for itself."""
        repository = open_repository(self.root)
        project = Project(repository.main_root, repository)
        return MissionLog(
            directory=self.directory.with_name(folder),
            mission_slug=SLUG,
            mission_id="01KQ22DSA8G3W5V7T9Y1B3D5F7",
            mission_number=None,
            mission_type="software-dev",
            worktree_root=self.root,
            target_branch=BRANCH,
            lock_path=repository.common_dir / "spec-kitty" / "locks" / lock,
            identity=lambda: load_identity(project),
        )

    @property
    def directory(self) -> Path:
        return self.root / "kitty-specs" / SLUG

    @property
    def log_path(self) -> Path:
        return self.directory / "status.events.jsonl"

    @property
    def log(self) -> Log:
        return read_log(self.log_path)

    @property
    def board(self) -> Board:
        return MissionStatus.load(self.mission_log).board

    def git(self, *args: str) -> str:
        return git(self.root, *args)

    def bytes(self) -> bytes:
        return self.log_path.read_bytes() if self.log_path.exists() else b""

    def rows(self) -> list[Any]:
        """Return every row of the log that is JSON."""
        rows = []
        for line in self.bytes().splitlines():
            try:
                rows.append(json.loads(line))
            except ValueError:
                continue
        return rows

    def plan(self, *wp_ids: str) -> None:
        with MissionStatus.change(self.mission_log, message="Plan") as change:
            for wp_id in wp_ids:
                change.transition(TransitionRequest(wp_id, Lane.PLANNED, "planner"))

    def lengthen(self) -> None:
        """Give the mission a log so long that its fold is kept beside it between commands."""
        with MissionStatus.change(self.mission_log, message="Long ago") as change:
            for number in range(300):
                lane = (Lane.PLANNED, Lane.CLAIMED)[number % 2]
                change.transition(
                    TransitionRequest("WP80", lane, "boss", force=True, reason="x" * 600)
                )
        assert self.log_path.stat().st_size > SMALLEST_LOG
        MissionStatus.load(self.mission_log)

    def note(self, text: str, wp_id: str = "WP90") -> str:
        """Make a small change and return its event id: the next command, whatever it is."""
        with MissionStatus.change(self.mission_log, message="Note") as change:
            return change.annotate(wp_id, "planner", {"note": text})

    def copy(self, root: Path) -> Lab:
        shutil.copytree(self.root, root, symlinks=True)
        return Lab(root)


def make_lab(root: Path) -> Lab:
    """Make a repository whose mission has no rows yet."""
    root.mkdir(parents=True)
    lab = Lab(root)
    # The sample hooks are most of a repository's files, and copying is most of a crash test.
    lab.git("init", "-q", "-b", BRANCH, "--template=")
    (root / ".kittify").mkdir()
    (root / ".kittify" / "config.yaml").write_text(CONFIG, encoding="utf-8")
    lab.directory.mkdir(parents=True)
    (lab.directory / "spec.md").write_text("# Todo app\n", encoding="utf-8")
    (lab.directory / "plan.md").write_text("# Plan\n", encoding="utf-8")
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "Start")
    return lab


def assert_sound(lab: Lab, acknowledged: Iterable[str], *, torn: int = 0) -> None:
    """Check what must hold of a mission's log, whatever happened to it.

    Args:
        lab: The mission.
        acknowledged: Event ids of changes that returned; each is in the log exactly once.
        torn: How many lines a crash may have left torn; everything else in the log is sound.
    """
    written = Counter(row["event_id"] for row in lab.rows())
    lost = set(acknowledged) - set(written)
    assert not lost, f"acknowledged and lost: {sorted(lost)}"
    assert set(written.values()) <= {1}, f"twice: {[i for i in written if written[i] > 1]}"
    report = validate_log(lab.mission_log)
    unusable = [problem for problem in report.problems if problem.kind == "unusable_line"]
    assert len(unusable) <= torn, report.to_text()
    assert len(report.problems) == len(unusable), report.to_text()
    board = lab.board
    assert board == fold(lab.log)
    assert replayed(lab) == {
        wp_id: state.lane.value
        for wp_id, state in board.work_packages.items()
        if state.last_event_id is not None
    }


def uncommitted(lab: Lab) -> str:
    """Return what `git status` shows."""
    return lab.git("status", "--porcelain", "--untracked-files=all")


def replayed(lab: Lab) -> dict[str, str]:
    """Replay a log that one writer after the other wrote, with nothing but its JSON."""
    lanes: dict[str, str] = {}
    for row in lab.rows():
        if "to_lane" in row:
            assert lanes.get(row["wp_id"], "genesis") == row["from_lane"], row
            lanes[row["wp_id"]] = row["to_lane"]
    return lanes


def scraps(lab: Lab) -> list[str]:
    """Return what a crashed change left in the user's folders, and its marker if it is still there."""
    found = [
        *lab.directory.rglob("*.tmp"),
        *lab.root.joinpath(".git", "spec-kitty").rglob("*.pending"),
    ]
    return sorted(path.name for path in found)


def hidden_scraps(lab: Lab) -> list[str]:
    """Return the half-written files that a crash left beside the locks, where nobody sees them."""
    locks = lab.mission_log.lock_path.parent
    return sorted(path.name for path in locks.rglob(".*.tmp"))
