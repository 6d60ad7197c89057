"""What we use of the sibling packages is still there, in the shape we rely on (000 FR-009)."""

from __future__ import annotations

import dataclasses
import enum
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.consumer import surface as comparison
from tests.consumer.events_surface import EVENTS
from tests.consumer.surface import Surface, problems
from tests.consumer.tracker_surface import TRACKER
from tools.environments import find_uv, run

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]


@pytest.mark.proves("000 FR-004", "000 FR-009", "000 C-011")
@pytest.mark.parametrize("symbol", EVENTS.symbols())
def test_the_events_package_offers_what_we_use(symbol: str) -> None:
    assert problems(EVENTS, symbol) == []


@pytest.mark.proves("000 FR-005", "000 FR-009", "000 C-011")
@pytest.mark.parametrize("symbol", TRACKER.symbols())
def test_the_tracker_package_offers_what_we_use(symbol: str) -> None:
    assert problems(TRACKER, symbol) == []


@pytest.mark.needs_index
@pytest.mark.proves("000 FR-009", "000 C-011")
def test_the_lowest_releases_of_the_declared_ranges_offer_it_too(tmp_path: Path) -> None:
    uv = find_uv()
    assert uv is not None, "uv is needed: run `make test`, or put uv on the search path"
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    siblings = [
        requirement
        for requirement in document["project"]["dependencies"]
        if re.match(r"spec-kitty-(events|tracker)\b", requirement)
    ]
    command = [str(uv), "pip", "install", "--quiet", "--no-deps", "--resolution", "lowest-direct"]
    run([*command, "--python", sys.executable, "--target", str(tmp_path), *siblings])

    done = subprocess.run(
        [sys.executable, "-m", comparison.__name__],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert len(siblings) == 2
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.proves("000 C-011")
@pytest.mark.parametrize("sibling", ["spec-kitty-events", "spec-kitty-tracker"])
def test_a_declared_range_ends_where_the_locked_series_does(sibling: str) -> None:
    """The next series may break what is pinned here, and nobody has looked at it yet."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (declared,) = [d for d in document["project"]["dependencies"] if d.startswith(sibling)]
    limit = re.search(r"<(\d[\d.]*)", declared)
    assert limit is not None
    major, minor, *_ = map(int, importlib.metadata.version(sibling).split("."))
    assert limit[1] == (f"{major + 1}" if major else f"0.{minor + 1}")


class Colour(enum.Enum):
    """A stand-in for an enum of a sibling package."""

    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Record:
    """A stand-in for a dataclass of a sibling package."""

    name: str
    size: int | None = None


def fetch(key: str, *, strict: bool = False, limit: int = 3) -> list[str]:
    """A stand-in for a function of a sibling package."""
    return [key] * (limit if strict else 1)


async def push(key: str) -> None:
    """A stand-in for a method of a sibling package."""


HERE = __name__
SOUND = Surface(
    names=(f"{HERE}.Record",),
    values={f"{HERE}.Colour": ("red", "blue")},
    fields={f"{HERE}.Record": {"name": "str", "size": "int | None ="}},
    signatures={f"{HERE}.fetch": "(key: str, *, strict: bool = ...) -> list[str]"},
    coroutines={f"{HERE}.push": "(key: str) -> None"},
)


def test_a_matching_surface_has_no_problems_and_additions_are_none() -> None:
    # `limit` is a parameter of fetch that is not pinned: it has a default, so it may be there.
    assert comparison.all_problems([SOUND]) == []


@pytest.mark.proves("000 FR-009")
@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (Surface(names=(f"{HERE}.Gone",)), "Gone is gone"),
        (Surface(names=("no_such_package.Thing",)), "Thing is gone"),
        (Surface(names=("spec_kitty_events.models",)), "no longer in spec_kitty_events.__all__"),
        (Surface(values={f"{HERE}.Colour": ("red",)}), "expected ('red',), found ('red', 'blue')"),
        (Surface(fields={f"{HERE}.Record": {"size": "int | None ="}}), "new required field name"),
        (
            Surface(fields={f"{HERE}.Record": {"name": "int"}}),
            "field name: expected 'int', found 'str'",
        ),
        (
            Surface(fields={f"{HERE}.Record": {"name": "str ="}}),
            "field name: expected 'str =', found 'str'",
        ),
        (
            Surface(fields={f"{HERE}.Record": {"name": "str", "colour": "str"}}),
            "field colour is gone",
        ),
        (Surface(signatures={f"{HERE}.fetch": "() -> list[str]"}), "found (key: str) ->"),
        (
            Surface(signatures={f"{HERE}.fetch": "(key: str, strict: bool = ...) -> list[str]"}),
            "found (key: str, *, strict: bool = ...)",
        ),
        (Surface(signatures={f"{HERE}.fetch": "(key: str) -> str"}), "-> list[str]"),
        (
            Surface(coroutines={f"{HERE}.fetch": "(key: str) -> list[str]"}),
            "no coroutine function any more",
        ),
    ],
)
def test_a_breaking_change_is_reported_with_the_symbol(changed: Surface, words: str) -> None:
    found: Sequence[str] = comparison.all_problems([changed])
    assert len(found) == 1, found
    assert found[0].startswith(changed.symbols()[0])
    assert words in found[0]
