"""Drawing a mission's board as text: lanes as columns, or one below the other where it is narrow."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.board import NOT_FINALIZED
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from specify_cli.missions.board import BoardEntry, MissionBoard

_GAP = 2
_CARD = 16
"""How narrow a column with work packages may get."""
_TITLE_LINES = 3
_BAR = 20
_PROBLEMS = 5

_BOLD, _DIM, _RED = "1", "2", "31"
_COLOURS = {
    Lane.CLAIMED: "36",
    Lane.IN_PROGRESS: "33",
    Lane.FOR_REVIEW: "35",
    Lane.IN_REVIEW: "35",
    Lane.APPROVED: "32",
    Lane.DONE: "32",
    Lane.BLOCKED: _RED,
    Lane.CANCELED: _DIM,
}


class _Text(NamedTuple):
    """A piece of one line: what stands there, and how it looks (an ANSI code, or nothing)."""

    text: str
    style: str = ""


_Line = tuple[_Text, ...]


def render_board(board: MissionBoard, *, width: int | None = None, colour: bool = False) -> str:
    """Draw a board as plain or coloured text, without a final newline.

    Args:
        board: The board.
        width: No line is wider than this. None means any width: the lanes below each other.
        colour: Use ANSI colours.
    """
    lanes = board.lanes()
    widths = None if width is None else _column_widths(lanes, width)
    lines = [*_head(board, lanes, width), ()]
    if not board.entries:
        lines.append((_Text("no work packages yet; finalize-tasks puts them on the board", _DIM),))
    elif any(entry.lane is Lane.UNINITIALIZED for entry in board.entries):
        hint = f"{NOT_FINALIZED} --mission {board.mission.slug}"
        lines += [(_Text(line, _DIM),) for line in _wrapped(hint, width, _TITLE_LINES)]
    lines += _stacked(lanes, width) if widths is None else _columns(lanes, widths)
    waiting = _waiting(board)
    if waiting:
        lines += [(), (_Text("waiting", _BOLD),)]
        lines += [(_Text(line),) for text in waiting for line in _indented(text, width)]
    lines += _problems(board, width)
    return "\n".join(_painted(line, width, colour) for line in lines)


def _head(
    board: MissionBoard, lanes: Mapping[Lane, Sequence[BoardEntry]], width: int | None
) -> list[_Line]:
    percent = board.weighted_percentage
    lines: list[_Line] = [
        (_Text(_clean(board.mission.friendly_name), _BOLD), _Text(f"  {board.mission.slug}", _DIM))
    ]
    filled = round(_BAR * percent / 100)
    counted = len(board.entries) - len(lanes[Lane.CANCELED])
    finished = f"{len(lanes[Lane.DONE])} done, {len(lanes[Lane.APPROVED])} approved of {counted}"
    bar: _Line = (
        _Text("[" + "#" * filled + "-" * (_BAR - filled) + "]", "32"),
        _Text(f" {percent:g} %"),
    )
    if width is not None and sum(len(piece.text) for piece in bar) + 2 + len(finished) > width:
        if width < _BAR + 8:  # the bar is the only thing that a narrow terminal can do without
            name = _wrapped(_clean(board.mission.friendly_name), width, _TITLE_LINES)
            lines, bar = [(_Text(part, _BOLD),) for part in name], (_Text(f"{percent:g} %"),)
        return [*lines, bar, *((_Text(part),) for part in _wrapped(finished, width, _TITLE_LINES))]
    return [*lines, (*bar, _Text(f"  {finished}"))]


def _column_widths(
    lanes: Mapping[Lane, Sequence[BoardEntry]], width: int
) -> dict[Lane, int] | None:
    """Share the width among nine columns; None when it is not enough."""
    widths = {
        lane: max(_width(_title(lane, entries)), _CARD if entries else 0)
        for lane, entries in lanes.items()
    }
    left = width - sum(widths.values()) - _GAP * (len(widths) - 1)
    if left < 0:
        return None
    wanted = {
        lane: max(_width(line.text) for entry in entries for line in _card(entry))
        for lane, entries in lanes.items()
        if entries
    }
    growing = [lane for lane, most in wanted.items() if most > widths[lane]]
    while left and growing:
        # One cell after the other, so that the widths do not depend on rounding.
        for lane in growing[:left]:
            widths[lane] += 1
        left -= min(left, len(growing))
        growing = [lane for lane in growing if wanted[lane] > widths[lane]]
    return widths


def _columns(lanes: Mapping[Lane, Sequence[BoardEntry]], widths: Mapping[Lane, int]) -> list[_Line]:
    cells = {
        lane: [
            _Text(_title(lane, entries), _COLOURS.get(lane, _BOLD)),
            _Text("-" * widths[lane], _DIM),
        ]
        for lane, entries in lanes.items()
    }
    for lane, entries in lanes.items():
        for entry in entries:
            for said in _card(entry):
                most = _TITLE_LINES if said.style == _BOLD else 2
                parts = _wrapped(said.text, widths[lane], most)
                cells[lane] += [_Text(part, said.style) for part in parts]
            cells[lane].append(_Text(""))
        if len(cells[lane]) > 2:
            cells[lane].pop()
    height = max(len(column) for column in cells.values())
    lines: list[_Line] = []
    for row in range(height):
        line: list[_Text] = []
        for lane, column in cells.items():
            cell = column[row] if row < len(column) else _Text("")
            padding = " " * (widths[lane] - _width(cell.text) + _GAP)
            line += [cell, _Text(padding)]
        lines.append(tuple(line))
    return lines


def _card(entry: BoardEntry) -> list[_Text]:
    """Return what a card says: the id and title, who has it, what it waits for."""
    card = [_Text(_clean(f"{entry.wp_id} {entry.title}"), _BOLD)]
    # The column says that it is a review.
    who = _who(entry).removeprefix("in review ")
    card += [_Text(fact) for fact in (who, _subtasks(entry)) if fact]
    if entry.waits_for:
        card.append(_Text(f"after {', '.join(entry.waits_for)}", _DIM))
    return card


def _stacked(lanes: Mapping[Lane, Sequence[BoardEntry]], width: int | None) -> list[_Line]:
    gutter = max(len(_title(lane, entries)) for lane, entries in lanes.items()) + _GAP
    if width is not None and width - gutter < _CARD:
        return _below_each_other(lanes, width)
    lines: list[_Line] = []
    for lane, entries in lanes.items():
        title = _Text(_title(lane, entries).ljust(gutter), _COLOURS.get(lane, _BOLD))
        if not entries:
            lines.append((_Text(title.text.rstrip(), _DIM),))
        for entry in entries:
            parts = [_clean(f"{entry.wp_id}  {entry.title}"), _subtasks(entry), _who(entry)]
            parts.append(f"after {', '.join(entry.waits_for)}" if entry.waits_for else "")
            for text in _filled(filter(None, parts), None if width is None else width - gutter):
                lines.append((title, _Text(text)))
                title = _Text(" " * gutter)
    return lines


def _below_each_other(lanes: Mapping[Lane, Sequence[BoardEntry]], width: int) -> list[_Line]:
    """Draw each lane's title on a line of its own, and its cards indented below."""
    lines: list[_Line] = []
    for lane, entries in lanes.items():
        style = _COLOURS.get(lane, _BOLD) if entries else _DIM
        lines.append((_Text(_title(lane, entries), style),))
        for entry in entries:
            for said in _card(entry):
                parts = _wrapped(said.text, width - 2, _TITLE_LINES)
                lines += [(_Text(f"  {part}", said.style),) for part in parts]
    return lines


def _filled(parts: Iterable[str], width: int | None) -> list[str]:
    """Put parts on as few lines as they fit on."""
    lines: list[str] = []
    for part in parts:
        joined = f"{lines[-1]}  {part}" if lines else part
        if lines and (width is None or _width(joined) <= width):
            lines[-1] = joined
        else:
            inner = 0 if not lines else 2
            room = None if width is None else width - inner
            lines += [" " * inner + line for line in _wrapped(part, room, _TITLE_LINES)]
    return lines


def _indented(text: str, width: int | None) -> list[str]:
    first, *rest = _wrapped(text, None if width is None else width - 4, _TITLE_LINES)
    return [f"  {first}", *(f"    {line}" for line in rest)]


def _title(lane: Lane, entries: Sequence[BoardEntry]) -> str:
    return f"{lane.value} {len(entries)}"


def _who(entry: BoardEntry) -> str:
    return _clean(entry.who())


def _subtasks(entry: BoardEntry) -> str:
    return f"{entry.subtasks_done}/{entry.subtasks_total} subtasks" if entry.subtasks_total else ""


def _waiting(board: MissionBoard) -> list[str]:
    """Say what waits on whom."""
    known = {entry.wp_id: entry for entry in board.entries}
    lines = []
    for entry in board.entries:
        if entry.lane is Lane.BLOCKED:
            why = f": {entry.blocked_for}" if entry.blocked_for else ""
            lines.append(_clean(f"{entry.wp_id} is blocked (by {entry.actor}){why}"))
        elif entry.waits_for:
            on = ", ".join(_state(wp_id, known) for wp_id in entry.waits_for)
            lines.append(f"{entry.wp_id} waits for {on}")
        elif entry.lane is Lane.FOR_REVIEW:
            other = f" other than {entry.implementer}" if entry.implementer else ""
            lines.append(_clean(f"{entry.wp_id} waits for a reviewer{other}"))
    return lines


def _state(wp_id: str, known: Mapping[str, BoardEntry]) -> str:
    entry = known.get(wp_id)
    if entry is None:
        return f"{wp_id} (no such work package)"
    return _clean(f"{wp_id} ({', '.join(filter(None, (entry.lane.shown, entry.who())))})")


def _problems(board: MissionBoard, width: int | None) -> list[_Line]:
    unknown = f"{board.unknown_rows} rows of a kind that this version does not know; they are kept"
    noted: list[_Line] = [(_Text(line),) for line in _indented(unknown, width)]
    head: list[_Line] = [(), (_Text("log", _RED if board.problems else _BOLD),)]
    if not board.problems:
        return [*head, *noted] if board.unknown_rows else []
    lines = [*head, *(noted if board.unknown_rows else ())]
    lines += [
        (_Text(line),)
        for problem in board.problems[:_PROBLEMS]
        for line in _indented(problem, width)
    ]
    more = len(board.problems) - _PROBLEMS
    if more > 0:
        lines.append((_Text(f"  and {more} more"),))
    fix = f"fix: spec-kitty agent status doctor --fix --mission {board.mission.slug}"
    return [*lines, *((_Text(line),) for line in _indented(fix, width))]


def _painted(line: _Line, width: int | None, colour: bool) -> str:
    """Render one line: nothing behind its last word, nothing beyond the width."""
    left = width
    pieces: list[tuple[str, str]] = []
    while line and not line[-1].text.strip():
        line = line[:-1]
    for piece in line:
        text = piece.text if left is None else _cut(piece.text, left)
        if left is not None:
            left -= _width(text)
        pieces.append((text, piece.style))
    if pieces:
        pieces[-1] = (pieces[-1][0].rstrip(), pieces[-1][1])
    return "".join(
        f"\x1b[{style}m{text}\x1b[0m" if colour and style and text.strip() else text
        for text, style in pieces
    )


def _wrapped(text: str, width: int | None, most: int) -> list[str]:
    """Break a text at its spaces into at most so many lines; what is left over is cut."""
    if width is None:
        return [text]
    lines: list[str] = []
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and (_width(joined) <= width or len(lines) == most):
            lines[-1] = joined
        else:
            lines.append(word)
    return [_cut(line, width) for line in lines]


def _cut(text: str, width: int) -> str:
    if _width(text) <= width:
        return text
    dots = "..." if width > 3 else ""
    kept, left = "", width - len(dots)
    for character in text:
        left -= _width(character)
        if left < 0:
            break
        kept += character
    return kept + dots


def _width(text: str) -> int:
    """Return how many cells a text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _clean(text: str) -> str:
    """Replace what would move a terminal's cursor: titles come out of files."""
    return "".join(c if c.isprintable() else " " for c in text)
