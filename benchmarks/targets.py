"""What the comparison has to show, each target with what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.compared import COMMANDS, EMIT, LARGE, LONG_EVENTS, SMALL
from benchmarks.comparison import COLD, OURS, Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SMALL_TIMES, LARGE_TIMES = 15.0, 100.0
COLD_SECONDS, WARM_SECONDS = 0.6, 0.15
EMIT_TIMES = 1.3
PEAK_MIB = 120.0
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Checked:
    """One target.

    Attributes:
        target: What is to be reached.
        measured: The worst that was measured, in words; empty when nothing was.
        met: Whether it is reached; None when nothing was measured.
    """

    target: str
    measured: str
    met: bool | None


def check(comparison: Comparison) -> list[Checked]:
    """Hold what was measured against every target."""
    reads = [c.name for c in COMMANDS if c.reads and c.of_mission]
    everything = [c.name for c in COMMANDS]
    long_sizes = [s for s in comparison.sizes() if s.events == LONG_EVENTS]
    return [
        _at_least(
            f"every command at least {SMALL_TIMES:.0f} times as fast as the existing CLI on the "
            f"small mission ({SMALL.name})",
            ((name, comparison.ratio(name, SMALL)) for name in everything),
            SMALL_TIMES,
        ),
        *(
            _at_least(
                f"reads{words} at least {LARGE_TIMES:.0f} times as fast at {LARGE.name}",
                ((name, comparison.ratio(name, LARGE, who)) for name in reads),
                LARGE_TIMES,
            )
            for who, words in ((OURS, ""), (COLD, " without what is kept of the log"))
        ),
        *(
            _at_most(
                f"reads at {LONG_EVENTS:,} events {words} in at most {seconds} s",
                (
                    (f"{name}, {size.work_packages} work packages", entry.seconds)
                    for name in reads
                    for size in long_sizes
                    if (entry := comparison.find(name, size, who))
                ),
                seconds,
                "{:.3f} s",
            )
            for who, words, seconds in (
                (COLD, "cold", COLD_SECONDS),
                (OURS, "warm", WARM_SECONDS),
            )
        ),
        _at_most(
            f"`{EMIT}` without git takes at {LONG_EVENTS:,} events at most {EMIT_TIMES} times as "
            "long as on the shortest log",
            _emit_growth(comparison),
            EMIT_TIMES,
            "{:.2f} times",
        ),
        _at_most(
            f"at most {PEAK_MIB:.0f} MiB at {LONG_EVENTS:,} events",
            (
                (f"{entry.command} ({entry.who}), {entry.size.work_packages} work packages",
                 entry.peak / MIB)
                for entry in comparison.entries
                if entry.who in (OURS, COLD) and entry.size in long_sizes and entry.costs
                and entry.peak is not None
            ),
            PEAK_MIB,
            "{:.0f} MiB",
        ),
    ]  # fmt: skip


def _emit_growth(comparison: Comparison) -> Iterator[tuple[str, float]]:
    sizes = comparison.sizes()
    for size in sizes:
        shortest = min(s for s in sizes if s.work_packages == size.work_packages)
        long, short = (comparison.find(EMIT, s, OURS) for s in (size, shortest))
        if size.events == LONG_EVENTS and size != shortest and long and short:
            yield f"{size.work_packages} work packages", long.own_seconds / short.own_seconds


def _at_least(target: str, found: Iterable[tuple[str, float | None]], limit: float) -> Checked:
    known = [(ratio, name) for name, ratio in found if ratio is not None]
    if not known:
        return Checked(target, "", None)
    ratio, name = min(known)
    return Checked(target, f"{ratio:.1f} times (`{name}`)", ratio >= limit)


def _at_most(target: str, found: Iterable[tuple[str, float]], limit: float, words: str) -> Checked:
    known = [(value, name) for name, value in found]
    if not known:
        return Checked(target, "", None)
    value, name = max(known)
    return Checked(target, f"{words.format(value)} ({name})", value <= limit)
