"""Eight processes change one mission at once, and processes are killed in the middle of it (P1, P2)."""

from __future__ import annotations

import json
import random
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.status import MissionStatus
from tests.crash.crash_lab import (
    Lab,
    assert_sound,
    make_lab,
    scraps,
    sized,
    start_process,
    uncommitted,
)
from tests.crash.workers import REFUSED, SHARED, work

if TYPE_CHECKING:
    from pathlib import Path

WORKERS = tuple(f"WP{number:02d}" for number in range(1, 9))
STEPS = sized(20, 200)
KILLS = sized(12, 100)
ROUNDS = sized(25, 500)
SECONDS = 600  # for all workers of a test together

DICE = random.Random(20261121)  # noqa: S311 - moments to kill at, no secrets


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = make_lab(tmp_path / "project")
    lab.plan(*WORKERS, SHARED)
    return lab


@pytest.fixture
def long_lab(lab: Lab) -> Lab:
    """A mission whose log is long enough for a checkpoint of its fold."""
    lab.lengthen()
    return lab


class Crew:
    """The workers of one mission, and what they answered."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self._running: dict[Any, Path] = {}

    def start(self, name: str, steps: int, *, shared: bool) -> Any:
        answers = self.folder / f"{name}-{len(self._running)}.answers"
        worker = start_process(work, str(self.lab.root), name, steps, str(answers), shared=shared)
        self._running[worker] = answers
        return worker

    def wait(self) -> None:
        """Wait until every worker is done; none may have failed by itself."""
        deadline = time.monotonic() + SECONDS
        for worker in self._running:
            worker.join(max(0.0, deadline - time.monotonic()))
            worker.kill()
            worker.join()
        assert self.errors() == []

    def codes(self) -> Counter[int | None]:
        return Counter(worker.exitcode for worker in self._running)

    def answered(self, worker: Any) -> list[str]:
        """Return what a worker answered so far."""
        file = self._running[worker]
        return file.read_text(encoding="utf-8").split() if file.exists() else []

    def let_work(self, worker: Any) -> None:
        """Wait until a worker has answered for the first time, and then a random while."""
        deadline = time.monotonic() + SECONDS
        while not self.answered(worker):
            assert worker.is_alive(), self.errors()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(DICE.uniform(0, 0.06))

    def errors(self) -> list[str]:
        return [file.read_text(encoding="utf-8") for file in self.folder.glob("*.error")]

    @property
    def answers(self) -> list[str]:
        return [answer for worker in self._running for answer in self.answered(worker)]

    @property
    def confirmed(self) -> list[str]:
        return [answer for answer in self.answers if answer != REFUSED]


@pytest.fixture
def crew(lab: Lab, tmp_path: Path) -> Crew:
    return Crew(lab, tmp_path)


def assert_in_order(lab: Lab) -> None:
    """Rows were written one after the other: times and clocks increase in file order."""
    rows = lab.rows()
    assert [row["lamport_clock"] for row in rows] == list(range(1, len(rows) + 1))
    times = [row["at"] for row in rows]
    assert times == sorted(set(times))


@pytest.mark.parametrize("shared", [True, False], ids=["one package", "eight packages"])
def test_eight_processes_lose_and_duplicate_nothing_and_take_no_illegal_step(
    lab: Lab, crew: Crew, shared: bool
) -> None:
    seeded = len(lab.rows())
    commits = int(lab.git("rev-list", "--count", "HEAD"))
    for name in WORKERS:
        crew.start(name, STEPS, shared=shared)
    crew.wait()
    assert crew.codes() == {0: len(WORKERS)}
    assert len(crew.confirmed) == len(WORKERS) * STEPS
    assert Counter(row["event_id"] for row in lab.rows()[seeded:]) == Counter(crew.confirmed)
    # They did get into each other's way, or this proves nothing.
    assert (REFUSED in crew.answers) == shared
    assert_sound(lab, crew.confirmed)
    assert_in_order(lab)
    assert (uncommitted(lab), scraps(lab)) == ("", [])
    assert int(lab.git("rev-list", "--count", "HEAD")) == commits + len(crew.confirmed)
    movers = Counter(row["actor"] for row in lab.rows()[seeded:])
    assert movers == dict.fromkeys(WORKERS, STEPS)
    shown = json.loads((lab.directory / "status.json").read_bytes())["work_packages"]
    assert {wp: state["lane"] for wp, state in shown.items()} == {
        wp: state.lane.value for wp, state in lab.board.work_packages.items()
    }


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("shared", [True, False], ids=["one package", "eight packages"])
def test_eight_processes_of_which_some_are_killed_lose_nothing_that_was_confirmed(
    lab: Lab, crew: Crew, shared: bool
) -> None:
    running = [crew.start(name, STEPS * 100, shared=shared) for name in WORKERS]
    for kill in range(KILLS):
        place = kill % len(running)
        crew.let_work(running[place])
        running[place].kill()
        running[place].join(10)
        running[place] = crew.start(WORKERS[place], STEPS * 100, shared=shared)
    for worker in running:
        worker.kill()
        worker.join(10)
    crew.wait()
    assert set(crew.codes()) == {-9}
    assert len(crew.confirmed) >= KILLS
    next_id = lab.note("after the storm")
    assert_sound(lab, [*crew.confirmed, next_id], torn=KILLS)
    assert (uncommitted(lab), scraps(lab)) == ("", [])


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_process_killed_at_any_moment_leaves_a_mission_that_goes_on(lab: Lab, crew: Crew) -> None:
    """One worker after the other: each starts on what the last one's death has left."""
    for number in range(ROUNDS):
        log, name = lab.bytes(), WORKERS[number % len(WORKERS)]
        before = lab.board
        worker = crew.start(name, STEPS * 100, shared=False)
        crew.let_work(worker)
        worker.kill()
        worker.join(10)
        assert worker.exitcode == -9, crew.answered(worker)
        # Nobody repaired anything yet, and reading works.
        found, status = lab.bytes(), MissionStatus.load(lab.mission_log)
        assert found.startswith(log)
        assert len(status.log.problems) <= number
        answered = crew.answered(worker)
        moved = len(status.log.transitions) - before.event_count
        assert moved in (len(answered), len(answered) + 1), f"round {number}"
        others = {wp: state for wp, state in status.board.work_packages.items() if wp != name}
        assert others == {wp: state for wp, state in before.work_packages.items() if wp != name}
    crew.wait()
    assert len(crew.confirmed) >= ROUNDS
    next_id = lab.note("after the storm")
    assert_sound(lab, [*crew.confirmed, next_id], torn=ROUNDS)
    assert_in_order(lab)
    assert (uncommitted(lab), scraps(lab)) == ("", [])
