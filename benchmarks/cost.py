"""What one run of a command costs: time, processor time, memory, processes and modules."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.processes import CommandFailed
from tools.environments import clean_variables

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE = Path(__file__).parent
NO_LIMIT = 3600.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run cost.

    Attributes:
        seconds: Wall time; the limit when it was stopped there.
        cpu: Processor time of the process and all that it waited for, user and system; None where
            the operating system does not tell.
        peak: Bytes of the largest of these processes at its largest; None likewise.
        git_processes: git processes that the command started itself.
        git_seconds: Their wall time, added up.
        other_processes: Other processes; None unless counted.
        modules: Names of the modules loaded when it ended; None unless counted.
        own_cpu: Processor time of the command's own process; None unless counted.
        stopped: Whether it was stopped at the limit.
        output: What it wrote to standard output.
    """

    seconds: float
    cpu: float | None
    peak: int | None
    git_processes: int
    git_seconds: float
    other_processes: int | None = None
    modules: frozenset[str] | None = None
    own_cpu: float | None = None
    stopped: bool = False
    output: str = ""

    @property
    def own_seconds(self) -> float:
        """Wall time without git's."""
        return max(self.seconds - self.git_seconds, 0.0)


def measure(
    argv: tuple[str, ...],
    cwd: Path,
    variables: Mapping[str, str],
    *,
    counted: bool = False,
    limit: float = NO_LIMIT,
) -> Cost:
    """Run a command once.

    Args:
        argv: The command line; its first word is a path.
        cwd: Where it runs.
        variables: What it sees besides the variables of this process.
        counted: Whether to count modules and processes too; that costs it some time.
        limit: Seconds after which it is stopped.

    Raises:
        CommandFailed: It ended with another status than 0 by itself.
    """
    with tempfile.TemporaryDirectory(prefix="spec-kitty-cost-") as name:
        folder = Path(name)
        trace, counts = folder / "trace", folder / "counts"
        trace.mkdir()
        counts.mkdir()
        environment = {**clean_variables(), **variables, "GIT_TRACE2_EVENT": str(trace)}
        if counted:
            environment["PYTHONPATH"] = str(HERE / "instruments")
            environment["SPEC_KITTY_BENCH_COUNTS"] = str(counts)
        files = [str(folder / part) for part in ("result", "out", "err")]
        launcher = (sys.executable, "-I", "-S", str(HERE / "launcher.py"))
        arguments = (files[0], str(limit), *files[1:], *argv)
        subprocess.run((*launcher, *arguments), cwd=cwd, env=environment, check=True)
        found = json.loads((folder / "result").read_text(encoding="utf-8"))
        output = (folder / "out").read_text(encoding="utf-8", errors="replace")
        if found["status"] != 0 and not found["late"]:
            words = output + (folder / "err").read_text(encoding="utf-8", errors="replace")
            raise CommandFailed(
                f"{' '.join(argv[1:5])} ended with {found['status']}: {words[-2000:]}"
            )
        git_processes, git_seconds = git_use(trace)
        modules, others, own_cpu = _counts(counts, found["pid"])
    return Cost(
        seconds=limit if found["late"] else found["seconds"],
        cpu=found["cpu"],
        peak=found["peak"],
        git_processes=git_processes,
        git_seconds=git_seconds,
        other_processes=others,
        modules=modules,
        own_cpu=own_cpu,
        stopped=found["late"],
        output=output,
    )


def git_use(trace: Path) -> tuple[int, float]:
    """Count the git processes that a command started itself, and add up their run times.

    Args:
        trace: The folder that `GIT_TRACE2_EVENT` named; one file per process.
    """
    number, seconds = 0, 0.0
    for path in trace.iterdir():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            # A process that was stopped may leave half a line.
            if not line.endswith("}"):
                continue
            event = json.loads(line)
            # A process that git itself started has its parent's id in front of its own.
            if "/" in event["sid"]:
                continue
            if event["event"] == "start":
                number += 1
            elif event["event"] == "atexit":
                seconds += event["t_abs"]
    return number, seconds


def _counts(folder: Path, pid: int) -> tuple[frozenset[str] | None, int | None, float | None]:
    """Return modules of the command, processes besides git of it and its own, and its own CPU."""
    documents = {
        int(path.stem): json.loads(path.read_text(encoding="utf-8")) for path in folder.iterdir()
    }
    if pid not in documents:
        return None, None, None
    started = [name for document in documents.values() for name in document["started"]]
    others = [name for name in started if name.removesuffix(".exe") != "git"]
    own = documents[pid]
    return frozenset(own["modules"]), len(others), own["cpu"]
