"""What a run cost is measured of the command alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.cost import measure
from benchmarks.processes import CommandFailed

if TYPE_CHECKING:
    from pathlib import Path

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
MIB = 1024 * 1024


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


@POSIX
def test_the_peak_is_that_of_the_command_and_not_of_the_process_that_measures(
    tmp_path: Path,
) -> None:
    ballast = bytearray(100 * MIB)
    small = measure(python("pass"), tmp_path, {})
    large = measure(python("bytearray(80 * 1024 * 1024)"), tmp_path, {})
    assert len(ballast) == 100 * MIB
    assert small.peak is not None
    assert large.peak is not None
    assert small.peak < 30 * MIB
    assert large.peak - small.peak > 75 * MIB


@POSIX
def test_processor_time_includes_the_processes_that_were_waited_for(tmp_path: Path) -> None:
    work = "sum(range(6_000_000))"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {work!r}])"
    idle = measure(python("import subprocess"), tmp_path, {})
    busy = measure(python(child), tmp_path, {}, counted=True)
    assert idle.cpu is not None
    assert busy.cpu is not None
    assert busy.cpu > idle.cpu + 0.03
    assert busy.own_cpu is not None
    assert busy.own_cpu < busy.cpu - 0.03


def test_processes_are_counted_git_apart_from_others(tmp_path: Path) -> None:
    program = (
        "import subprocess, sys\n"
        "subprocess.run(['git', '--version'])\n"
        "subprocess.run(['git', 'version'])\n"
        "subprocess.run([sys.executable, '-c', 'pass'])\n"
    )
    cost = measure(python(program), tmp_path, {}, counted=True)
    assert (cost.git_processes, cost.other_processes) == (2, 1)
    assert 0 < cost.git_seconds < cost.seconds
    assert cost.own_seconds == pytest.approx(cost.seconds - cost.git_seconds)
    assert "git version" in cost.output


@POSIX
def test_a_process_that_was_started_without_subprocess_is_counted_once(tmp_path: Path) -> None:
    spawn = "os.waitpid(os.posix_spawn('/bin/sh', ['sh', '-c', ':'], os.environ), 0)"
    quick = "subprocess.run(['/bin/sh', '-c', ':'], close_fds=False)"
    cost = measure(python(f"import os, subprocess; {spawn}; {quick}"), tmp_path, {}, counted=True)
    assert cost.other_processes == 2


def test_modules_are_those_of_the_command_and_only_counted_when_asked_for(tmp_path: Path) -> None:
    counted = measure(python("import colorsys"), tmp_path, {}, counted=True)
    assert counted.modules is not None
    assert "colorsys" in counted.modules
    assert "json" not in counted.modules
    assert measure(python("import colorsys"), tmp_path, {}).modules is None


def test_what_takes_too_long_is_stopped_and_says_so(tmp_path: Path) -> None:
    cost = measure(python("import time; time.sleep(60)"), tmp_path, {}, limit=0.5)
    assert cost.stopped
    assert cost.seconds == 0.5


def test_a_command_that_fails_costs_nothing_that_counts(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="ended with 3: why"):
        measure(python("print('why'); raise SystemExit(3)"), tmp_path, {})
