"""Reading and folding a long event log: time, and memory in times the log's size."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.environments import clean_variables

if TYPE_CHECKING:
    from pathlib import Path

EVENTS = 100_000
WORK_PACKAGES = 99
SECONDS_BUDGET = 0.5
MEMORY_BUDGET = 2.0

_MISSION = "01KQ22DSA8G3W5V7T9Y1B3D5F7"
_CYCLE = ("planned", "claimed", "in_progress", "for_review", "in_review")

_PROGRAM = """
import json, sys, time
from pathlib import Path
from specify_cli.status.board import fold
from specify_cli.status.log import read_log
try:
    import resource
    unit = 1 if sys.platform == "darwin" else 1024
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
except ImportError:
    peak = lambda: 0
before = peak()
started = time.perf_counter()
board = fold(read_log(Path(sys.argv[1])))
seconds = time.perf_counter() - started
json.dump({"seconds": seconds, "bytes": peak() - before, "events": board.event_count}, sys.stdout)
"""


@dataclass(frozen=True, slots=True)
class Folded:
    """What folding cost.

    Attributes:
        events: Rows in the log.
        log_bytes: Its size.
        seconds: The smallest time of the runs.
        memory_ratio: Extra memory at the peak, in times the log's size; 0 where it is not known.
    """

    events: int
    log_bytes: int
    seconds: float
    memory_ratio: float


def measure(folder: Path, *, events: int = EVENTS, rounds: int = 5) -> Folded:
    """Write a log and fold it in processes of their own."""
    path = folder / "status.events.jsonl"
    write_log(path, events)
    runs = [_fold(path) for _ in range(rounds)]
    counted = {run["events"] for run in runs}
    if counted != {events}:
        raise RuntimeError(f"{events} events were written and {counted} were folded")
    size = path.stat().st_size
    return Folded(
        events=events,
        log_bytes=size,
        seconds=min(run["seconds"] for run in runs),
        memory_ratio=min(run["bytes"] for run in runs) / size,
    )


def write_log(path: Path, events: int) -> None:
    """Write a log in which every work package goes round and round through review."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for number in range(events):
            stream.write(json.dumps(_row(number), sort_keys=True) + "\n")


def _row(number: int) -> dict[str, object]:
    turn, package = divmod(number, WORK_PACKAGES)
    source = "genesis" if turn == 0 else _CYCLE[(turn - 1) % len(_CYCLE)]
    target = _CYCLE[turn % len(_CYCLE)]
    second, micro = divmod(number * 1000, 1_000_000)
    return {
        "actor": "claude",
        "at": f"2026-11-21T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}"
        f".{micro:06}+00:00",
        "build_id": "01KQ22DSBB00000000000000B1",
        "event_id": f"01KQ22DT{number:018}",
        "evidence": None,
        "execution_mode": "worktree",
        "force": False,
        "from_lane": source,
        "lamport_clock": number + 1,
        "mission_id": _MISSION,
        "mission_slug": "benchmark-01KQ22DS",
        "policy_metadata": None,
        "reason": None,
        "review_ref": None,
        "to_lane": target,
        "wp_id": f"WP{package + 1:02}",
    }


def _fold(path: Path) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(path)],
        env=clean_variables(),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found
