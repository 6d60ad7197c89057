"""Eight processes change one mission at once, and processes die in the middle of it (P1, P2)."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project, load_identity
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionLog, MissionStatus
from specify_cli.status.transitions import TransitionRequest
from specify_cli.status.validate import validate_log
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path

PROCESSES, CHANGES = 8, 25
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

# Moves a package of its own round and round, and always tries for one that everybody wants. Prints
# each event id when, and only when, the change that wrote it has returned.
WORKER = """
import sys
from pathlib import Path
from tests.crash.test_concurrent_changes import the_mission
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRejected, TransitionRequest

root, name, wanted = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
mission_log = the_mission(root)
own, shared = f"WP{int(name):02d}", "WP99"
steps = {
    Lane.PLANNED: dict(to_lane=Lane.CLAIMED),
    Lane.CLAIMED: dict(to_lane=Lane.IN_PROGRESS, workspace_context="lane"),
    Lane.IN_PROGRESS: dict(to_lane=Lane.PLANNED, reason="again"),
}
done = 0
while done < wanted:
    with MissionStatus.change(mission_log, message=f"Step of {name}") as change:
        try:
            change.transition(TransitionRequest(shared, Lane.CLAIMED, name))
        except TransitionRejected:
            holder = change.board.work_packages[shared].implementer
            if holder == name:
                change.transition(TransitionRequest(shared, Lane.PLANNED, name, force=True, reason="yours"))
            else:
                step = steps[change.board.lane(own)]
                change.transition(TransitionRequest(own, actor=name, **step))
    for event_id in change.result.event_ids:
        print(event_id, flush=True)
        done += 1
"""


@dataclass(frozen=True)
class Lab:
    """A mission with packages for everybody."""

    root: Path
    mission_log: MissionLog
    seeded: int

    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.mission_log.log_path.read_bytes().splitlines()]


def the_mission(root: Path) -> MissionLog:
    """Describe the mission, as every process does for itself."""
    repository = open_repository(root)
    project = Project(repository.main_root, repository)
    return MissionLog(
        directory=root / "kitty-specs" / SLUG,
        mission_slug=SLUG,
        mission_id="01KQ22DSA8G3W5V7T9Y1B3D5F7",
        mission_number=None,
        mission_type="software-dev",
        worktree_root=root,
        target_branch=BRANCH,
        lock_path=repository.common_dir / "spec-kitty" / "locks" / "mission.lock",
        identity=lambda: load_identity(project),
    )


@pytest.fixture
def lab(repository: Path) -> Lab:
    git(repository, "switch", "-q", "-c", BRANCH)
    (repository / ".kittify").mkdir()
    (repository / ".kittify" / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (repository / "kitty-specs" / SLUG).mkdir(parents=True)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Start")
    mission_log = the_mission(repository)
    packages = [f"WP{number:02d}" for number in (*range(1, PROCESSES + 1), 99)]
    with MissionStatus.change(mission_log, message="Plan") as change:
        for wp_id in packages:
            change.transition(TransitionRequest(wp_id, Lane.PLANNED, "planner"))
    return Lab(repository, mission_log, len(packages))


def start(lab: Lab, name: str, wanted: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(lab.root), name, str(wanted)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_eight_writers_lose_and_duplicate_nothing(lab: Lab) -> None:
    before = int(git(lab.root, "rev-list", "--count", "HEAD"))
    workers = [start(lab, str(number), CHANGES) for number in range(1, PROCESSES + 1)]
    answers = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES, answers
    confirmed = [event_id for out, _ in answers for event_id in out.split()]
    rows = lab.rows()
    written = [row["event_id"] for row in rows[lab.seeded :]]
    assert len(confirmed) == PROCESSES * CHANGES
    assert Counter(written) == Counter(confirmed)
    # Written one after the other: times and clocks increase in file order.
    assert [row["lamport_clock"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["at"] for row in rows] == sorted({row["at"] for row in rows})
    report = validate_log(lab.mission_log)
    assert report.valid, report.to_text()
    assert git(lab.root, "status", "--porcelain", "--untracked-files=all") == ""
    assert int(git(lab.root, "rev-list", "--count", "HEAD")) == before + len(confirmed)
    assert len({row["actor"] for row in rows if row["wp_id"] == "WP99"}) > 1
    shown = json.loads(lab.mission_log.status_path.read_bytes())["work_packages"]
    board = MissionStatus.load(lab.mission_log).board
    assert {wp: state["lane"] for wp, state in shown.items()} == {
        wp: state.lane.value for wp, state in board.work_packages.items()
    }


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_confirmed_row_survives_kill_and_the_next_change_heals_the_rest(lab: Lab) -> None:
    dice = random.Random(20261121)  # noqa: S311 - moments to kill at, no secrets
    confirmed: list[str] = []
    for attempt in range(12):
        worker = start(lab, str(attempt % PROCESSES + 1), 1000)
        assert worker.stdout is not None
        confirmed.append(worker.stdout.readline().strip())
        time.sleep(dice.uniform(0, 0.06))
        worker.send_signal(signal.SIGKILL)
        rest, errors = worker.communicate(timeout=30)
        assert worker.returncode == -signal.SIGKILL, errors
        # A line cut off by the kill was not read by anybody.
        confirmed += [line for line in rest.split("\n")[:-1] if line]
    with MissionStatus.change(lab.mission_log, message="Heal") as change:
        change.annotate("WP01", "planner", {"note": "after the storm"})
    written = Counter(row["event_id"] for row in lab.rows())
    assert set(confirmed) <= set(written)
    assert set(written.values()) == {1}
    report = validate_log(lab.mission_log)
    assert report.valid, report.to_text()
    assert git(lab.root, "status", "--porcelain", "--untracked-files=all") == ""
