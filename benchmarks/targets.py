"""What the comparison has to show, each target with what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.compared import COMMANDS, EMIT, LARGE, LONG_EVENTS, SMALL
from benchmarks.comparison import COLD, EXISTING, OURS, Comparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from benchmarks.compared import Size

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
        met: Whether it is reached; None when that was not measured, or not long enough.
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
            _ratios(comparison, everything, SMALL),
            SMALL_TIMES,
        ),
        *(
            _at_least(
                f"reads{words} at least {LARGE_TIMES:.0f} times as fast at {LARGE.name}",
                _ratios(comparison, reads, LARGE, who),
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
            words = f"{size.work_packages} work packages"
            here, there = (e.counted.own_cpu if e.counted else None for e in (long, short))
            if here and there:
                words += f"; processor time of our process alone: {here / there:.2f} times"
            yield words, long.own_seconds / short.own_seconds


def _ratios(
    comparison: Comparison, names: Iterable[str], size: Size, who: str = OURS
) -> Iterator[tuple[str, float | None, bool]]:
    """Yield name, ratio, and whether the existing CLI was stopped, so that it is a lower limit."""
    for name in names:
        theirs = comparison.find(name, size, EXISTING)
        yield name, comparison.ratio(name, size, who), theirs is not None and theirs.stopped


def _at_least(
    target: str, found: Iterable[tuple[str, float | None, bool]], limit: float
) -> Checked:
    every = list(found)
    known = [(ratio, name, stopped) for name, ratio, stopped in every if ratio is not None]
    if not known:
        return Checked(target, "", None)
    ratio, name, stopped = min(known)
    words = f"{'more than ' if stopped else ''}{ratio:.1f} times (`{name}`)"
    if len(known) < len(every):
        words += f", {len(known)} of {len(every)} measured"
    missed = any(ratio < limit and not stopped for ratio, _, stopped in known)
    certain = len(known) == len(every) and ratio >= limit
    return Checked(target, words, False if missed else (True if certain else None))


def _at_most(target: str, found: Iterable[tuple[str, float]], limit: float, words: str) -> Checked:
    known = [(value, name) for name, value in found]
    if not known:
        return Checked(target, "", None)
    value, name = max(known)
    return Checked(target, f"{words.format(value)} ({name})", value <= limit)
