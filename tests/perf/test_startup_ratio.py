"""Start-up and reading, as ratios to the floor in the same run (DESIGN.md, budgets).

The floor is this Python importing cyclopts. Ratios of minima of interleaved runs say more than times:
load on the machine hits both sides. A budget is missed only when it is missed in three attempts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks.commands import BUDGETS as TABLE
from benchmarks.processes import Case, interleaved
from benchmarks.projects import fresh_project
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
    floor = Case.floor()
    command = Case("command", (str(COMMAND), *arguments), project)
    ratios = []
    for _ in range(ATTEMPTS):
        seconds = interleaved([floor, command], rounds=ROUNDS)
        ratios.append(min(seconds["command"]) / min(seconds[floor.name]))
        if ratios[-1] <= BUDGETS[arguments]:
            return
    pytest.fail(f"{ratios} times the floor; the budget is {BUDGETS[arguments]}")
