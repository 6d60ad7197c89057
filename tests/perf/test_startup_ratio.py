"""Start-up and reading, as ratios to the floor in the same run (DESIGN.md, budgets).

The floor is this Python importing cyclopts. Ratios of minima of interleaved runs say more than times:
load on the machine hits both sides. A budget is missed only when it is missed in three attempts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.commands import BUDGETS as TABLE
from benchmarks.processes import Case, interleaved
from benchmarks.projects import fresh_project, planned_project
from tests.conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

ATTEMPTS = 3
ROUNDS = 12

BUDGETS = {
    ("--version",): TABLE["--version"],
    ("agent", "tasks", "status", "--json"): TABLE["agent tasks status --json"],
    ("mission", "list", "--json"): TABLE["mission list --json"],
    ("next", "--json"): TABLE["next --json (query)"],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one fresh mission."""
    return fresh_project(tmp_path_factory.mktemp("ratio") / "fresh", COMMAND).root


@pytest.mark.parametrize("arguments", BUDGETS, ids=" ".join)
def test_a_read_stays_within_its_ratio_to_the_floor(
    arguments: tuple[str, ...], project: Path
) -> None:
    stays_within(BUDGETS[arguments], arguments, project)


def test_a_board_stays_within_its_ratio_with_work_packages_on_it(tmp_path: Path) -> None:
    root = planned_project(tmp_path / "planned", COMMAND, work_packages=6).root
    arguments = ("agent", "tasks", "status", "--json")
    stays_within(BUDGETS[arguments], arguments, root)


def stays_within(budget: float, arguments: tuple[str, ...], project: Path) -> None:
    """Fail when a command misses its budget in every attempt."""
    floor = Case.floor()
    command = Case("command", (str(COMMAND), *arguments), project)
    ratios = []
    for _ in range(ATTEMPTS):
        seconds = interleaved([floor, command], rounds=ROUNDS)
        ratios.append(min(seconds["command"]) / min(seconds[floor.name]))
        if ratios[-1] <= budget:
            return
    pytest.fail(f"{ratios} times the floor; the budget is {budget}")
