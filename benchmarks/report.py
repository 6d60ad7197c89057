"""The result of one run as a page for people and a document for programs."""

from __future__ import annotations

import json
import platform
import statistics
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import comparison_page
from benchmarks.comparison_charts import charts
from benchmarks.fold import MEMORY_BUDGET, SECONDS_BUDGET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from benchmarks.chart import Chart
    from benchmarks.commands import Measured
    from benchmarks.comparison import Comparison
    from benchmarks.fold import Folded


@dataclass(frozen=True, slots=True)
class Results:
    """Everything that one run measured.

    Attributes:
        ours: Commands of this checkout, the floor among them.
        existing: The same commands of the existing CLI; empty when it could not be installed.
        existing_missing: Why, then.
        gate: What `benchmarks.gate.run` returned.
        folded: The fold of a long log.
        comparison: Every command at every size, side by side; None when it was not made.
    """

    ours: Sequence[Measured]
    existing: Sequence[Measured]
    existing_missing: str
    gate: Mapping[str, Any]
    folded: Folded
    comparison: Comparison | None = None

    def charts(self) -> list[tuple[str, Chart]]:
        """Return file name and chart of everything that is drawn."""
        return [] if self.comparison is None else charts(self.comparison)

    def document(self) -> dict[str, Any]:
        """Return the JSON document: no times of day, machine names or paths."""
        return {
            "python": platform.python_version(),
            "platform": sys.platform,
            "comparison": (
                None if self.comparison is None else comparison_page.document(self.comparison)
            ),
            "commands": [_entry(m) for m in self.ours],
            "existing_cli": {
                "missing": self.existing_missing or None,
                "commands": [_entry(m) for m in self.existing],
            },
            "gate": dict(self.gate),
            "fold": {
                "events": self.folded.events,
                "log_bytes": self.folded.log_bytes,
                "seconds": round(self.folded.seconds, 3),
                "seconds_budget": SECONDS_BUDGET,
                "memory_times_log": round(self.folded.memory_ratio, 2),
                "memory_budget": MEMORY_BUDGET,
            },
        }

    def page(self) -> str:
        """Return the page in Markdown."""
        fold = self.folded
        drawn = [(chart.title, name) for name, chart in self.charts()]
        compared = [] if self.comparison is None else comparison_page.lines(self.comparison, drawn)
        lines = [
            "# Benchmarks",
            "",
            "Written by `make bench`. Times are wall times of whole processes, in milliseconds; the",
            "floor is this Python importing cyclopts, measured in the same rounds. Compare ratios:",
            "times depend on the machine.",
            "",
            f"Python {platform.python_version()} on {sys.platform}.",
            "",
            *compared,
            "## Start-up and the loop",
            "",
            "A mission that has just been made, and one with independent work packages.",
            "",
            "| Command | min | median | runs | times the floor | budget | existing CLI | its ratio to ours |",
            "|---|---|---|---|---|---|---|---|",
            *(self._row(measured) for measured in self.ours),
            "",
        ]
        if self.existing_missing:
            lines += [f"The existing CLI could not be installed: {self.existing_missing}", ""]
        lines += ["## Gate", "", "| Measure | Value |", "|---|---|"]
        lines += [f"| {name} | {_shown(value)} |" for name, value in self.gate.items()]
        lines += [
            "",
            "## Fold",
            "",
            "| Measure | Value | Budget |",
            "|---|---|---|",
            f"| events | {fold.events:,} | |",
            f"| size of the log | {fold.log_bytes / 1e6:.1f} MB | |",
            f"| read and fold | {fold.seconds:.2f} s | {SECONDS_BUDGET:.2f} s |",
            f"| extra memory | {fold.memory_ratio:.2f} x the log | {MEMORY_BUDGET:.0f} x the log |",
            "",
        ]
        return "\n".join(lines)

    def _row(self, measured: Measured) -> str:
        others = {m.name: m for m in self.existing}
        other = others.get(measured.name)
        theirs = ratio = ""
        if other is not None:
            theirs = f"{min(other.seconds) * 1000:.0f} ({other.ratio:.1f} x its floor)"
            ratio = f"{other.ratio / measured.ratio:.1f} x"
        budget = ""
        if measured.budget is not None:
            within = "" if measured.ratio <= measured.budget else ", **missed**"
            budget = f"{measured.budget} x{within}"
        return (
            f"| `{measured.name}` | {min(measured.seconds) * 1000:.0f} "
            f"| {statistics.median(measured.seconds) * 1000:.0f} | {len(measured.seconds)} "
            f"| {measured.ratio:.2f} x | {budget} | {theirs} | {ratio} |"
        )


def write(results: Results, folder: Path) -> list[Path]:
    """Write `latest.md`, `latest.json` and the charts into a folder and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    page, document = folder / "latest.md", folder / "latest.json"
    page.write_text(results.page(), encoding="utf-8")
    text = json.dumps(results.document(), indent=2, ensure_ascii=False)
    document.write_text(text + "\n", encoding="utf-8")
    drawn = []
    for name, chart in results.charts():
        drawn.append(folder / name)
        drawn[-1].write_text(chart.svg(), encoding="utf-8")
    return [page, document, *drawn]


def _entry(measured: Measured) -> dict[str, Any]:
    return {
        "name": measured.name,
        "min_ms": round(min(measured.seconds) * 1000, 1),
        "median_ms": round(statistics.median(measured.seconds) * 1000, 1),
        "runs": len(measured.seconds),
        "times_floor": round(measured.ratio, 2),
        "budget": measured.budget,
    }


def _shown(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
