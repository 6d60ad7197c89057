"""A bar chart with a logarithmic scale, as SVG; small enough to need no plotting library."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, LEFT, RIGHT = 880, 300, 110
BAR, GAP, GROUP_GAP = 15, 3, 14
TOP, BOTTOM = 76, 44
_HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
    'height="{height}" role="img" aria-label="{title}" font-size="12" '
    'font-family="system-ui, -apple-system, Segoe UI, Roboto, sans-serif">'
)
COLOURS = ("#0f766e", "#5eb5a6", "#b45309")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar.

    Attributes:
        series: Which of the chart's series it belongs to.
        value: Its length.
        label: What is written at its end.
    """

    series: int
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars in groups.

    Attributes:
        title: Says what is shown.
        unit: What the scale counts.
        series: Their names, at most three.
        groups: Name of each group and its bars.
        limits: Values that are marked with a line, with what they mean.
    """

    title: str
    unit: str
    series: Sequence[str]
    groups: Sequence[tuple[str, Sequence[Bar]]]
    limits: Sequence[tuple[float, str]] = ()

    def svg(self) -> str:
        """Draw it. The background is white, so that it can be read on any page."""
        values = [bar.value for _, bars in self.groups for bar in bars]
        values += [value for value, _ in self.limits]
        low = math.floor(math.log10(min(values)) + 1e-9)
        high = max(math.ceil(math.log10(max(values)) - 1e-9), low + 1)
        inner = sum(len(bars) * (BAR + GAP) - GAP + GROUP_GAP for _, bars in self.groups)
        bottom = TOP + inner
        height = bottom + BOTTOM
        parts = [
            _HEAD.format(width=WIDTH, height=height, title=escape(self.title)),
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            _text(16, 26, self.title, size=16, weight=600),
        ]
        used = {bar.series for _, bars in self.groups for bar in bars}
        at = 16
        for number, name in enumerate(self.series):
            if number in used:
                parts.append(_box(at, 42, 12, 12, COLOURS[number]))
                parts.append(_text(at + 18, 52, name))
                at += 18 + 7 * len(name) + 24
        for power in range(low, high + 1):
            x = _position(10.0**power, low, high)
            parts.append(_line(x, TOP - 6, bottom, "#e5e7eb"))
            parts.append(
                _text(x, bottom + 16, f"{10.0**power:,.10g}", anchor="middle", fill="#6b7280")
            )
        parts.append(
            _text(
                WIDTH - RIGHT,
                bottom + 34,
                f"{self.unit}, logarithmic scale",
                anchor="end",
                fill="#6b7280",
            )
        )
        for value, name in self.limits:
            x = _position(value, low, high)
            parts.append(_line(x, TOP - 6, bottom, "#dc2626", dashes="4 3"))
            parts.append(_text(x, TOP - 10, name, anchor="middle", fill="#dc2626"))
        y = float(TOP)
        for name, bars in self.groups:
            whole = len(bars) * (BAR + GAP) - GAP
            parts.append(_text(LEFT - 10, y + whole / 2 + 4, name, anchor="end"))
            for bar in bars:
                end = _position(bar.value, low, high)
                parts.append(_box(LEFT, y, max(end - LEFT, 1), BAR, COLOURS[bar.series]))
                parts.append(_text(max(end, LEFT + 1) + 6, y + BAR - 3, bar.label, fill="#374151"))
                y += BAR + GAP
            y += GROUP_GAP - GAP
        return "\n".join([*parts, "</svg>", ""])


def _position(value: float, low: int, high: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - low) / (high - low)


def _text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 12,
    weight: int = 400,
    anchor: str = "start",
    fill: str = "#111827",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{fill}">{escape(words)}</text>'
    )


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'rx="2" fill="{fill}"/>'
    )


def _line(x: float, top: float, bottom: float, stroke: str, dashes: str = "none") -> str:
    return (
        f'<line x1="{x:.1f}" y1="{top:.1f}" x2="{x:.1f}" y2="{bottom:.1f}" '
        f'stroke="{stroke}" stroke-dasharray="{dashes}"/>'
    )
