"""What each command of the benchmark loads, and how much (DESIGN.md D10 and budgets).

Start-up is most of what a command costs, and most of start-up is imports: a budget of modules holds on
every machine, busy or not.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from benchmarks.arena import Arena
from benchmarks.compared import COMMANDS, SMALL, Compared
from benchmarks.cost import measure
from tests.conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.plants_rows

HEAVY = (
    *("asyncio", "email", "httpx", "importlib.metadata", "jsonschema", "multiprocessing"),
    *("pydantic", "pydantic_core", "rich", "spec_kitty_contracts.models", "spec_kitty_events"),
    *("spec_kitty_tracker", "sqlite3", "ssl", "starlette", "uvicorn", "websockets"),
)
# Reading starts no process; on Windows git is asked where the repository is.
READS_TOO = ("ruamel", *(() if sys.platform == "win32" else ("subprocess",)))
# Each class costs half a millisecond; the engine behind next has some.
CLASSES = ("dataclasses",)
HAS_CLASSES = ("next --json (query)",)
MODULES = {
    "--version": 10,
    "next --json (query)": 165,
    "next --result success (first)": 215,
    "next --result success (claims work)": 215,
    "orchestrator-api mission-state": 120,
    "orchestrator-api list-ready": 120,
    "agent tasks status --json": 108,
    "agent status emit": 178,
    "agent status materialize": 150,
}
"""At most so many modules beyond those that Python loads to do nothing."""


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    """The small mission of the benchmark."""
    folder = tmp_path_factory.mktemp("imports")
    made = Arena(folder, SMALL.work_packages, COMMAND, None, folder / "home")
    made.draw_out(SMALL.events)
    return made


def loaded(arena: Arena, compared: Compared) -> frozenset[str]:
    """Return the modules that a command loads."""
    cost = arena.ours.run(compared, counted=True)
    assert cost.modules is not None
    return cost.modules


def below(modules: frozenset[str], names: tuple[str, ...]) -> list[str]:
    """Return the modules that are one of these or part of one."""
    return sorted(m for m in modules if any(m == n or m.startswith(f"{n}.") for n in names))


def nothing(tmp_path: Path, program: str = "pass") -> frozenset[str]:
    """Return the modules that Python itself loads."""
    cost = measure((sys.executable, "-c", program), tmp_path, {}, counted=True)
    assert cost.modules is not None
    return cost.modules


def test_every_command_of_the_benchmark_has_a_budget() -> None:
    assert set(MODULES) == {compared.name for compared in COMMANDS}


@pytest.mark.parametrize("compared", COMMANDS, ids=lambda compared: compared.name)
def test_a_command_loads_nothing_heavy_and_no_more_than_its_budget(
    arena: Arena, tmp_path: Path, compared: Compared
) -> None:
    modules = loaded(arena, compared)
    assert "specify_cli" in modules
    forbidden: tuple[str, ...] = HEAVY
    if compared.reads:
        forbidden += READS_TOO if compared.name in HAS_CLASSES else (*READS_TOO, *CLASSES)
    assert below(modules, forbidden) == []
    beyond = modules - nothing(tmp_path)
    assert len(beyond) <= MODULES[compared.name], sorted(beyond)


def test_the_count_sees_what_is_loaded_late(tmp_path: Path) -> None:
    program = "def late():\n    import asyncio\nlate()"
    found = nothing(tmp_path, program) - nothing(tmp_path)
    assert {"asyncio", "ssl"} <= set(below(found, HEAVY))
    assert len(found) > 40
