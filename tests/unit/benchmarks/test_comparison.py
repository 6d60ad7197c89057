"""The comparison runs both programs in turn, and its report says what was and was not reached."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import comparison, comparison_page
from benchmarks.compared import COMMANDS, EMIT, LARGE, SMALL, Compared, Size
from benchmarks.comparison import (
    COLD,
    EXISTING,
    FAILS,
    LEFT_OUT,
    OURS,
    Comparison,
    Entry,
    Plan,
    Runner,
)
from benchmarks.comparison_charts import charts
from benchmarks.cost import Cost
from benchmarks.processes import CommandFailed
from benchmarks.targets import check

if TYPE_CHECKING:
    from pathlib import Path

LONG = Size(3, 100_000)
READS = [c for c in COMMANDS if c.reads and c.of_mission]
SECONDS = {(OURS, SMALL): 0.08, (OURS, LARGE): 0.09, (COLD, LARGE): 0.12, (EXISTING, SMALL): 1.5,
           (EXISTING, LARGE): 25.0, (OURS, LONG): 0.1, (COLD, LONG): 0.5, (EXISTING, LONG): 12.0}  # fmt: skip


def cost(seconds: float = 0.1, *, git: float = 0.0, mib: int = 20, stopped: bool = False) -> Cost:
    return Cost(
        seconds, seconds, mib * 1024 * 1024, 2, git, 0, frozenset({"a", "b"}), None, stopped
    )


def entry(command: str, size: Size, who: str, *costs: Cost) -> Entry:
    return Entry(command, size, who, list(costs), costs[0] if costs else None)


def compared(**changes: Cost) -> Comparison:
    """Return a comparison that meets every target, but for one changed cost."""
    entries = [
        entry(c.name, size, who, cost(seconds))
        for (who, size), seconds in SECONDS.items()
        for c in COMMANDS
        if who != COLD or c in READS
    ]
    for key, changed in changes.items():
        number, size, who = key.split("__")
        name = [c.name for c in COMMANDS][int(number[1:])]
        [found] = [e for e in entries if (e.command, e.size, e.who) ==
                   (name, {"small": SMALL, "large": LARGE, "long": LONG}[size], who)]  # fmt: skip
        found.costs[:] = [changed]
    floor = entry("floor", SMALL, "floor", cost(0.07))
    return Comparison(entries, floor, floor, dict.fromkeys((SMALL, LARGE, LONG), 5_000), 40.0)


def met(comparison: Comparison) -> list[bool | None]:
    return [checked.met for checked in check(comparison)]


def test_a_target_is_met_by_the_worst_of_the_commands() -> None:
    assert met(compared()) == [True] * 7
    number = {c.name: n for n, c in enumerate(COMMANDS)}
    emit, state = number[EMIT], number["orchestrator-api mission-state"]
    cases: list[tuple[int, dict[str, Any]]] = [
        (0, {f"n{emit}__small__ours": cost(0.11)}),
        (1, {f"n{state}__large__ours": cost(0.26)}),
        (4, {f"n{state}__long__ours": cost(0.16)}),
        (5, {f"n{emit}__long__ours": cost(0.13)}),
        (6, {f"n{emit}__long__ours": cost(mib=121)}),
    ]
    for target, changes in cases:
        expected = [number != target for number in range(7)]
        assert met(compared(**changes)) == expected, changes


def test_gits_time_is_no_growth_of_emit() -> None:
    number = [c.name for c in COMMANDS].index(EMIT)
    assert met(compared(**{f"n{number}__long__ours": cost(1.08, git=1.0)})) == [True] * 7


def test_what_was_not_measured_is_not_met() -> None:
    whole = compared()
    ours = [e for e in whole.entries if e.who == OURS and e.size == SMALL]
    assert met(replace(whole, entries=ours)) == [None] * 7


def test_a_ratio_to_what_was_stopped_decides_nothing_but_success() -> None:
    number = [c.name for c in COMMANDS].index("orchestrator-api mission-state")
    for seconds, expected in ((40.0, True), (5.0, None)):
        whole = compared(**{f"n{number}__large__existing": cost(seconds, stopped=True)})
        assert met(whole)[1] is expected


def test_a_command_that_was_not_measured_is_missed_out_loud() -> None:
    whole = compared()
    some = [e for e in whole.entries if (e.command, e.size, e.who) != (EMIT, SMALL, EXISTING)]
    [first, *_] = check(replace(whole, entries=some))
    assert (first.met, first.measured.endswith("8 of 9 measured")) == (None, True)


def test_the_page_shows_ratios_and_what_was_stopped_or_left_out() -> None:
    number = [c.name for c in COMMANDS].index("agent tasks status --json")
    whole = compared(**{f"n{number}__large__existing": cost(40.0, stopped=True)})
    for found in whole.entries:
        if (found.command, found.size, found.who) == (EMIT, LONG, EXISTING):
            found.costs.clear()
            found.note = LEFT_OUT
    page = comparison_page.lines(whole, [("Title", "chart.svg")])
    [stopped] = [line for line in page if "| > 40 s |" in line]
    assert stopped.startswith("| `agent tasks status --json` | 90 | 120 | > 40 s | **≥ 444** |")
    assert any(line.startswith(f"| `{EMIT}` | 100 |  | left to --full |") for line in page)
    assert "![Title](chart.svg)" in page
    document = json.loads(json.dumps(comparison_page.document(whole)))
    assert len(document["targets"]) == 7
    assert {e["modules"] for e in document["entries"] if e["runs"]} == {2}


def test_the_charts_are_drawn_and_longer_times_have_longer_bars() -> None:
    found = dict(charts(compared()))
    assert list(found) == [
        "small-mission.svg",
        "large-mission.svg",
        "longer-logs.svg",
        "memory.svg",
    ]
    for chart in found.values():
        root = ET.fromstring(chart.svg())  # noqa: S314  (our own)
        bars = [
            b for b in root.iter("{http://www.w3.org/2000/svg}rect") if b.get("height") == "15.0"
        ]
        drawn = [bar for _, group in chart.groups for bar in group]
        assert len(bars) == len(drawn)
        widths = [(b.value, float(r.get("width", 0))) for b, r in zip(drawn, bars, strict=True)]
        assert sorted(widths) == sorted(widths, key=lambda pair: pair[1])


class FakeSide:
    """A program that takes as long as it is told."""

    def __init__(self, who: str, seconds: float, said: list[str]) -> None:
        self.who, self.seconds, self.said = who, seconds, said

    def run(
        self, _: Compared, *, counted: bool = False, cold: bool = False, limit: float = 1e9
    ) -> Cost:
        if self.seconds < 0:
            raise CommandFailed("ended with 1")
        self.said.append(f"{self.who}{' counted' * counted}{' cold' * cold}")
        return replace(cost(min(self.seconds, limit), stopped=self.seconds > limit), output="")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(Runner, "_floors", lambda _: None)
    return []


def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str], seconds: float, *sizes: Size
) -> Comparison:
    class FakeArena:
        def __init__(self, *_: object) -> None:
            self.ours, self.existing = (
                FakeSide("ours", 0.1, said),
                FakeSide("theirs", seconds, said),
            )

        def draw_out(self, _: int) -> None: ...

        def log_bytes(self) -> int:
            return 1

    monkeypatch.setattr(comparison, "Arena", FakeArena)
    plan = Plan(sizes, rounds=3, existing_rounds=(2, 1), limit=40.0)
    command = next(c for c in COMMANDS if c.name == "agent tasks status --json")
    runner = Runner(plan, tmp_path, tmp_path, tmp_path, lambda _: None, [command])
    return runner.run()


def test_both_programs_run_in_turn_after_a_run_that_counts_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    run(tmp_path, monkeypatch, said, 1.0, SMALL)
    assert said == [
        "ours counted",
        "theirs counted",
        *("ours", "theirs", "ours", "theirs", "ours"),
    ]


def test_a_slow_program_runs_once_and_ours_cold_and_warm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    found = run(tmp_path, monkeypatch, said, 25.0, LARGE)
    assert said == ["ours counted", "theirs counted", *["ours", "ours cold"] * 3]
    assert found.ratio("agent tasks status --json", LARGE) == pytest.approx(250)


def test_what_was_stopped_is_not_tried_with_more_work_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    found = run(tmp_path, monkeypatch, said, 99.0, SMALL, LARGE, Size(200, 10_000))
    assert said.count("theirs counted") == 1
    notes = [e.note for e in found.entries if e.who == EXISTING]
    assert notes == ["", "> 40 s with fewer work packages already", LEFT_OUT]


def test_an_existing_program_that_fails_is_a_result_and_ours_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    found = run(tmp_path, monkeypatch, said, -1.0, SMALL)
    assert said == ["ours counted", "ours", "ours", "ours"]
    assert [(e.note, e.costs) for e in found.entries if e.who == EXISTING] == [(FAILS, [])]
