"""The comparison as Markdown tables and as a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.comparison import COLD, EXISTING, OURS, Comparison, Entry
from benchmarks.targets import MIB, check

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.compared import Size

_HEAD = (
    *("Command", "ours, ms", "cold, ms", "existing, ms", "times faster", "times the floor"),
    *("CPU, ms", "git itself, ms", "peak, MiB", "git processes", "others", "modules"),
)


def lines(comparison: Comparison, charts: Sequence[tuple[str, str]]) -> list[str]:
    """Return the targets, the charts and one table per mission.

    Args:
        comparison: What was measured.
        charts: Title and file name of each chart.
    """
    page = [
        "## Targets",
        "",
        *_table(
            ("Target", "Measured, the worst", ""),
            [(c.target, c.measured, _verdict(c.met)) for c in check(comparison)],
        ),
        "",
        "## Side by side",
        "",
        "Ours beside spec-kitty-cli 3.2.7, on the same mission with the same log, run in turn. Times",
        "are the least of the runs; medians are in `latest.json`. Where a cell has two numbers the",
        "first is ours and the second the existing CLI's. Cold: what is kept of the log was deleted",
        "first. Git itself: the wall time of the git processes that the command starts, part of",
        "the time before it. CPU and peak are those of the whole tree of processes and of the",
        "largest one in it. A mission whose work packages alone take more rows than asked for has a",
        "longer log. What writes runs in a fresh copy every time.",
        "",
        f"The existing CLI was stopped after {comparison.limit:.0f} s, and run once where it takes",
        "longer than 3 s.",
        "",
        *_table(
            ("Floor", "ms", "MiB", "modules"),
            [
                (f"`{e.command}`", _ms(e.seconds), _mib(e), _modules(e))
                for e in (comparison.bare, comparison.floor)
            ],
        ),
        "",
    ]
    if comparison.missing:
        page += [f"The existing CLI could not be measured: {comparison.missing}", ""]
    for title, name in charts:
        page += [f"![{title}]({name})", ""]
    for size in comparison.sizes():
        page += [f"### {size.name[0].upper()}{size.name[1:]}", ""]
        page += [f"The log has {comparison.log_bytes[size] / 1e6:.2f} MB.", ""]
        page += [*_table(_HEAD, _rows(comparison, size)), ""]
    return page


def document(comparison: Comparison) -> dict[str, Any]:
    """Return everything that was measured."""
    return {
        "limit_seconds": comparison.limit,
        "missing": comparison.missing or None,
        "targets": [
            {"target": c.target, "measured": c.measured, "met": c.met} for c in check(comparison)
        ],
        "floor": [_entry(entry) for entry in (comparison.bare, comparison.floor)],
        "log_bytes": [
            {"work_packages": size.work_packages, "events": size.rows, "bytes": number}
            for size, number in comparison.log_bytes.items()
        ],
        "entries": [
            {
                "work_packages": entry.size.work_packages,
                "events": entry.size.rows,
                "who": entry.who,
                **_entry(entry),
            }
            for entry in comparison.entries
        ],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    if not entry.costs:
        return {"command": entry.command, "runs": 0, "note": entry.note}
    counted = entry.counted
    return {
        "command": entry.command,
        "runs": len(entry.costs),
        "stopped": entry.stopped,
        "min_ms": round(entry.seconds * 1000, 1),
        "median_ms": round(entry.median * 1000, 1),
        "cpu_ms": None if entry.cpu is None else round(entry.cpu * 1000, 1),
        "own_process_cpu_ms": (
            round(counted.own_cpu * 1000, 1) if counted and counted.own_cpu is not None else None
        ),
        "without_git_ms": round(entry.own_seconds * 1000, 1),
        "git_ms": round(entry.git_seconds * 1000, 1),
        "peak_mib": None if entry.peak is None else round(entry.peak / MIB, 1),
        "git_processes": entry.costs[0].git_processes,
        "other_processes": counted.other_processes if counted else None,
        "modules": len(counted.modules) if counted and counted.modules else None,
    }


def _rows(comparison: Comparison, size: Size) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for ours in (e for e in comparison.entries if e.size == size and e.who == OURS):
        cold, theirs = (_same(comparison, ours, who) for who in (COLD, EXISTING))
        both = (ours, theirs)
        ratio = comparison.ratio(ours.command, size)
        least = "≥ " if theirs is not None and theirs.stopped else ""
        rows.append(
            (
                f"`{ours.command}`",
                _ms(ours.seconds),
                _ms(cold.seconds) if cold is not None and cold.costs else "",
                _existing(theirs, comparison.limit),
                "" if ratio is None else f"**{least}{ratio:.0f}**",
                f"{ours.seconds / comparison.floor.seconds:.2f}",
                _pair(*("" if e.cpu is None else _ms(e.cpu) for e in _run(both))),
                _pair(*(_ms(e.git_seconds) for e in _run(both))),
                _pair(*(_mib(e) for e in _run(both))),
                _pair(*(str(e.costs[0].git_processes) for e in _run(both))),
                _pair(*(_others(e) for e in _run(both))),
                _pair(*(_modules(e) for e in _run(both))),
            )
        )
    return rows


def _same(comparison: Comparison, ours: Entry, who: str) -> Entry | None:
    found = (
        e
        for e in comparison.entries
        if (e.command, e.size, e.who) == (ours.command, ours.size, who)
    )
    return next(found, None)


def _run(entries: Sequence[Entry | None]) -> list[Entry]:
    return [entry for entry in entries if entry is not None and entry.costs]


def _existing(entry: Entry | None, limit: float) -> str:
    if entry is None:
        return ""
    if not entry.costs:
        return entry.note
    return f"> {limit:.0f} s" if entry.stopped else _ms(entry.seconds)


def _pair(*words: str) -> str:
    return " / ".join(word for word in words if word)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f}"


def _mib(entry: Entry) -> str:
    return "" if entry.peak is None else f"{entry.peak / MIB:.0f}"


def _modules(entry: Entry) -> str:
    return str(len(entry.counted.modules)) if entry.counted and entry.counted.modules else ""


def _others(entry: Entry) -> str:
    counted = entry.counted
    return (
        "" if counted is None or counted.other_processes is None else str(counted.other_processes)
    )


def _verdict(met: bool | None) -> str:
    return "not decided" if met is None else ("met" if met else "**missed**")


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
        *(f"| {' | '.join(row)} |" for row in rows),
    ]
