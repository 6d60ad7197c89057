"""The charts of the comparison: how long, how much longer with a longer log, how much memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.chart import Bar, Chart
from benchmarks.compared import COMMANDS, EMIT, LARGE, LONG_EVENTS, SMALL, STATE
from benchmarks.comparison import COLD, EXISTING, OURS, Comparison, Entry
from benchmarks.targets import COLD_SECONDS, MIB, PEAK_MIB

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.compared import Size

SERIES = (OURS, COLD, EXISTING)
NAMES = ("ours", "ours, cold (nothing kept of the log)", "spec-kitty-cli 3.2.7")


def charts(comparison: Comparison) -> list[tuple[str, Chart]]:
    """Return file name and chart; what was not measured is left out."""
    sizes = comparison.sizes()
    commands = [c.name for c in COMMANDS]
    reads = [c.name for c in COMMANDS if c.reads and c.of_mission]
    found = [
        (
            "small-mission.svg",
            _times(comparison, f"Wall time, {SMALL.name}", [(c, c, SMALL) for c in commands]),
        ),
        (
            "large-mission.svg",
            _times(comparison, f"Wall time, {LARGE.name}", [(c, c, LARGE) for c in commands]),
        ),
        (
            "longer-logs.svg",
            _times(
                comparison,
                "Wall time as the log grows, 3 work packages",
                [
                    (f"{name}, {size.rows:,} events", name, size)
                    for name in (STATE, EMIT)
                    for size in sizes
                    if size.work_packages == SMALL.work_packages
                ],
                limits=((COLD_SECONDS * 1000, "0.6 s"),),
            ),
        ),
        (
            "memory.svg",
            _chart(
                comparison,
                f"Memory at the peak, 3 work packages, {LONG_EVENTS:,} events",
                "MiB",
                [
                    (name, name, size)
                    for name in (*reads, EMIT)
                    for size in sizes
                    if (size.work_packages, size.events) == (SMALL.work_packages, LONG_EVENTS)
                ],
                lambda entry: (entry.peak or 0) / MIB,
                limits=((PEAK_MIB, f"{PEAK_MIB:.0f} MiB"),),
            ),
        ),
    ]
    return [(name, chart) for name, chart in found if chart.groups]


def _times(
    comparison: Comparison,
    title: str,
    groups: Sequence[tuple[str, str, Size]],
    limits: Sequence[tuple[float, str]] = (),
) -> Chart:
    return _chart(comparison, title, "milliseconds", groups, lambda e: e.seconds * 1000, limits)


def _chart(
    comparison: Comparison,
    title: str,
    unit: str,
    groups: Sequence[tuple[str, str, Size]],
    value: Callable[[Entry], float],
    limits: Sequence[tuple[float, str]] = (),
) -> Chart:
    drawn = []
    for label, command, size in groups:
        entries = [comparison.find(command, size, who) for who in SERIES]
        bars = [
            Bar(number, value(e), f"{'> ' if e.stopped else ''}{value(e):,.0f}")
            for number, e in enumerate(entries)
            if e is not None and value(e) > 0
        ]
        if bars:
            drawn.append((label, bars))
    return Chart(title, unit, NAMES, drawn, limits)
