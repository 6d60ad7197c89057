"""A step of `next` is no slower than it was before the cutover (000 NFR-003).

The baseline is the existing CLI, measured by `make bench` on a mission of the same kind and kept in
`docs/benchmarks/latest.json` as a ratio to the floor, so that it holds on any machine.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.commands import COMMAND, measure_first_advance
from benchmarks.processes import Case, interleaved
from benchmarks.projects import fresh_project

BASELINE = Path(__file__).parents[2] / "docs" / "benchmarks" / "latest.json"
ALLOWED = 1.2
STEP = "next --result success (first of a mission)"
QUERY = "next --json (query)"


def baseline(name: str) -> float:
    """Return what the existing CLI took, in times the floor."""
    document = json.loads(BASELINE.read_text(encoding="utf-8"))
    [entry] = [e for e in document["existing_cli"]["commands"] if e["name"] == name]
    return float(entry["times_floor"])


@pytest.mark.proves("000 NFR-003")
def test_a_step_takes_at_most_a_fifth_longer_than_before_the_cutover(tmp_path: Path) -> None:
    assert measure_first_advance(tmp_path, rounds=3).ratio <= ALLOWED * baseline(STEP)


@pytest.mark.proves("000 NFR-003")
def test_a_query_takes_at_most_a_fifth_longer_than_before_the_cutover(tmp_path: Path) -> None:
    project = fresh_project(tmp_path / "p", COMMAND)
    case = Case(QUERY, (str(COMMAND), "next", "--json"), project.root, project.variables)
    seconds = interleaved([Case.floor(), case], rounds=5)
    ratio = min(seconds[QUERY]) / min(seconds[Case.floor().name])
    assert ratio <= ALLOWED * baseline(QUERY)
