"""Timing whole processes, interleaved, so that a busy machine slows every candidate alike."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tools.environments import clean_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FLOOR_PROGRAM = "import cyclopts"


class CommandFailed(Exception):
    """A command that is measured did not do its work; its time would mean nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """A command to measure.

    Attributes:
        name: Its name in the results.
        argv: The command line.
        cwd: Where it runs.
        variables: Variables it sees besides those of this process.
    """

    name: str
    argv: tuple[str, ...]
    cwd: Path = field(default_factory=Path.cwd)
    variables: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def bare() -> Case:
        """Python that does nothing."""
        return Case("python -c pass", (sys.executable, "-c", "pass"))

    @staticmethod
    def floor() -> Case:
        """Python that imports the command-line library and does nothing else."""
        return Case("python + import cyclopts", (sys.executable, "-c", FLOOR_PROGRAM))

    def run(self) -> float:
        """Run the command once and return its wall time in seconds.

        Raises:
            CommandFailed: It did not end with status 0.
        """
        started = time.perf_counter()
        done = subprocess.run(
            self.argv,
            cwd=self.cwd,
            env={**clean_variables(), **self.variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            words = (done.stdout + done.stderr).decode("utf-8", "replace")
            raise CommandFailed(f"{self.name} ended with {done.returncode}: {words[-2000:]}")
        return seconds


def interleaved(cases: Sequence[Case], *, rounds: int) -> dict[str, list[float]]:
    """Run every case once per round, after one round that is not counted.

    Raises:
        CommandFailed: A command failed.
    """
    seconds: dict[str, list[float]] = {case.name: [] for case in cases}
    for number in range(rounds + 1):
        for case in cases:
            spent = case.run()
            if number:
                seconds[case.name].append(spent)
    return seconds
