"""Lines of a log that certainly hold no row: left markers, blank lines, pieces of a row.

A line that is merely unreadable is not among them: it may hold what somebody can still mend.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from specify_cli.status.lines import UnusableRow, opened, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONFLICT_MARKER = "conflict_marker"
TORN_TAIL = "torn_tail"
ROW_FRAGMENT = "row_fragment"
BLANK_LINE = "blank_line"
NUL_LINE = "nul_line"

BOM = b"\xef\xbb\xbf"

_MARKER = re.compile(rb"(?:<{7}|>{7}|\|{7})(?: [^{}]*)?\Z|={7}\Z")
_SPACE = b" \t\r\n\x0b\x0c"
_SAMPLE = 60
# What the end of a file can leave of a word, a number or an escape.
_CUT_WORD = re.compile(r"(?:t|tr|tru|f|fa|fal|fals|n|nu|nul|-|u?[0-9a-fA-F]{0,4})\Z")


class IdleLine(NamedTuple):
    """A line of a log that certainly holds no row.

    Attributes:
        kind: `conflict_marker`, `torn_tail`, `row_fragment`, `blank_line` or `nul_line`.
        line: Its number, from 1.
        offset: Where it begins, in bytes.
        size: How long it is with its line end, in bytes.
        text: Its beginning, for people.
    """

    kind: str
    line: int
    offset: int
    size: int
    text: str


def idle_lines(log: Path) -> tuple[IdleLine, ...]:
    """Return the lines of a log that certainly hold no row.

    Raises:
        ReadFailed: READ_FAILED.
    """
    found = []
    with opened(log) as stream:
        offset = 0
        for number, raw in enumerate(stream or (), 1):
            kind = idle_kind(raw, first=number == 1)
            if kind is not None:
                found.append(IdleLine(kind, number, offset, len(raw), sample(raw)))
            offset += len(raw)
    return tuple(found)


def idle_kind(raw: bytes, *, first: bool = False) -> str | None:
    """Tell why a line certainly holds no row; None when it is one, or may hold one.

    Args:
        raw: The line with its line end, if it has one.
        first: It is the first line, so a byte order mark may precede it.
    """
    try:
        if parse_line(raw, first=first) is not None:
            return None
    except UnusableRow:
        pass
    text = raw.removeprefix(BOM) if first else raw
    bare = text.strip(b"\0" + _SPACE)
    if not bare:
        return BLANK_LINE if not text.strip(_SPACE) else NUL_LINE
    if _MARKER.match(bare):
        return CONFLICT_MARKER
    if not bare.startswith(b"{") or any(events_in(bare)):
        return None
    # Only the last line has no line end. What a crash cut off was never acknowledged to anybody.
    if not raw.endswith(b"\n"):
        return TORN_TAIL
    return ROW_FRAGMENT if _is_cut_off(bare) else None


def events_in(line: bytes) -> Iterator[dict[str, Any]]:
    """Yield the whole events in a line, also in a torn one, as writers without a lock leave it."""
    for match in re.finditer(rb'\{\s*"', line):
        try:
            text = line[match.start() :].decode("utf-8", "replace")
            value, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "event_id" in value:
            yield value


def bare_line(raw: bytes, *, first: bool = False) -> bytes:
    """Return what two copies of a line have in common: no line end, no byte order mark."""
    return (raw.removeprefix(BOM) if first else raw).strip()


def sample(raw: bytes) -> str:
    """Return the beginning of a line, for people."""
    return raw.decode("utf-8", "replace").strip("\0\r\n\ufeff")[:_SAMPLE]


def _is_cut_off(line: bytes) -> bool:
    """Tell whether a row just ends too early; one that is damaged inside may be mended."""
    text = line.decode("utf-8", "replace")
    if any(events_in(line + b"}")):
        return False  # all of it is there but for the last character
    try:
        json.JSONDecoder().raw_decode(text)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated string"):
            return not text.endswith("}")
        return bool(_CUT_WORD.match(text[error.pos :]))
    except (ValueError, RecursionError):
        return False
    return False
