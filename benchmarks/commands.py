"""Start-up, reading and advancing: ours beside the floor and beside the existing CLI."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cost import git_use
from benchmarks.processes import Case, interleaved
from benchmarks.projects import (
    advancing,
    existing_cli_project,
    fresh_project,
    planned_project,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COMMAND = Path(sys.executable).parent / (
    "spec-kitty.exe" if sys.platform == "win32" else "spec-kitty"
)

# Times the floor, from the budgets in docs/DESIGN.md.
BUDGETS: Mapping[str, float] = {
    "--version": 1.3,
    "agent tasks status --json": 1.3,
    "mission list --json": 1.3,
    "next --json (query)": 2.0,
    "next --result success (claims a work package, one commit), without git": 3.0,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """The samples of one command.

    Attributes:
        name: What was run.
        seconds: Wall time of each run.
        floor: The smallest time of the floor, measured in the same rounds.
        budget: What the design allows, in times the floor; None where it says nothing.
    """

    name: str
    seconds: tuple[float, ...]
    floor: float
    budget: float | None = None

    @property
    def ratio(self) -> float:
        """The smallest time, in times the floor."""
        return min(self.seconds) / self.floor


def measure_reads(folder: Path, *, rounds: int) -> list[Measured]:
    """Measure start-up and reading commands of the installed `spec-kitty`."""
    project = fresh_project(folder, COMMAND)
    query = ("next", "--mission", project.mission, "--json")
    cases = [
        Case.bare(),
        Case.floor(),
        Case("--version", (str(COMMAND), "--version"), project.root, project.variables),
        *(
            Case(name, (str(COMMAND), *arguments), project.root, project.variables)
            for name, arguments in (
                ("next --json (query)", query),
                ("agent tasks status --json", ("agent", "tasks", "status", "--json")),
                ("mission list --json", ("mission", "list", "--json")),
            )
        ),
    ]
    return _measured(cases, rounds)


def measure_claims(folder: Path, *, rounds: int) -> list[Measured]:
    """Measure advancing calls: each claims a work package, makes its worktree and commits once."""
    project = planned_project(folder, COMMAND, work_packages=rounds)
    whole, without_git, floor = [], [], []
    for number in range(rounds):
        trace = folder / f"trace-{number}"
        trace.mkdir()
        variables = {**project.variables, "GIT_TRACE2_EVENT": str(trace)}
        arguments = advancing(project.mission, f"agent-{number}")
        case = Case("claim", (str(COMMAND), *arguments), project.root, variables)
        floor.append(Case.floor().run())
        seconds = case.run()
        whole.append(seconds)
        without_git.append(max(seconds - git_use(trace)[1], 0.0))
    name = "next --result success (claims a work package, one commit)"
    return [
        Measured(name, tuple(whole), min(floor)),
        Measured(
            f"{name}, without git",
            tuple(without_git),
            min(floor),
            BUDGETS[f"{name}, without git"],
        ),
    ]


def measure_first_advance(folder: Path, *, rounds: int) -> Measured:
    """Measure the first advancing call of a fresh mission, each time in a fresh copy."""
    project = fresh_project(folder / "original", COMMAND)
    return _first_advance(folder, COMMAND, project.root, project.mission, project.variables, rounds)


def measure_existing_cli(folder: Path, command: Path, *, rounds: int) -> list[Measured]:
    """Measure start-up, a query and the first advancing call of the existing CLI."""
    project = existing_cli_project(folder / "original", command)
    query = ("next", "--agent", "claude", "--mission", project.mission, "--json")
    cases = [
        Case.floor(),
        Case("--version", (str(command), "--version"), project.root, project.variables),
        Case("next --json (query)", (str(command), *query), project.root, project.variables),
    ]
    found = [m for m in _measured(cases, rounds) if m.name != Case.floor().name]
    first = _first_advance(
        folder, command, project.root, project.mission, project.variables, rounds
    )
    return [*found, first]


def _first_advance(
    folder: Path,
    command: Path,
    root: Path,
    mission: str,
    variables: Mapping[str, str],
    rounds: int,
) -> Measured:
    seconds, floor = [], []
    for number in range(rounds):
        copy = folder / f"copy-{number}"
        shutil.copytree(root, copy, symlinks=True)
        case = Case("first", (str(command), *advancing(mission, "claude")), copy, variables)
        floor.append(Case.floor().run())
        seconds.append(case.run())
        shutil.rmtree(copy, ignore_errors=os.name == "nt")
    return Measured("next --result success (first of a mission)", tuple(seconds), min(floor))


def _measured(cases: Sequence[Case], rounds: int) -> list[Measured]:
    seconds = interleaved(cases, rounds=rounds)
    floor = min(seconds[Case.floor().name])
    return [
        Measured(case.name, tuple(seconds[case.name]), floor, BUDGETS.get(case.name))
        for case in cases
    ]
