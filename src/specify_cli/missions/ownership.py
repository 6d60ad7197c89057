"""Which files a work package may change: globs, and whether two of them can mean the same file.

A glob is matched segment by segment: `**` stands for any number of folders, `*` for any run of
characters inside one segment, `?` for one character, `[a-z]` and `[!a-z]` for one of a set. A glob
whose last segment may name a folder (no wildcard, no extension, or a slash at the end) also owns
everything below it: `src/foo` owns `src/foo/bar.py`, and never `src/foobar.py`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

# A set of characters as closed intervals of code points, or STAR.
_Interval = tuple[int, int]
_Token = tuple[_Interval, ...]
_STAR: _Token = ()
_DEEP = "**"
_SLASH = ord("/")
_ANY: _Token = ((0, _SLASH - 1), (_SLASH + 1, 0x10FFFF))
# A name with a wildcard or an extension; `.github` has none.
_FILE_NAME = re.compile(r"[*?\[]|.\.")
_DRIVE = re.compile(r"[A-Za-z]:")


def globs_intersect(a: str, b: str) -> bool:
    """Tell whether some path is matched by both globs.

    This is exact, not a prefix test: the two globs are walked together, and the answer is yes when
    a common path can be spelled out.
    """
    return _paths_intersect(_segments(a), _segments(b))


def first_overlap(a: Iterable[str], b: Iterable[str]) -> tuple[str, str] | None:
    """Return the first pair of globs, one from each side, that can mean the same file."""
    others = tuple(b)
    for mine in a:
        for other in others:
            if globs_intersect(mine, other):
                return mine, other
    return None


def glob_problem(glob: str) -> str | None:
    """Say why a text cannot be used as a glob below the project root, or None when it can."""
    if "\\" in glob:
        return "it has a backslash; folders are separated by '/'"
    if glob.startswith(("/", "~")) or _DRIVE.match(glob):
        return "it is not relative to the project root"
    if ".." in glob.split("/"):
        return "it leaves the project ('..')"
    if re.search(r"\{[^/{}]*,[^/{}]*\}", glob):
        return "braces are not supported; write one glob for each alternative"
    if not _segments(glob):
        return "it names nothing"
    return None


@lru_cache(maxsize=4096)
def _segments(glob: str) -> tuple[str, ...]:
    parts = [part for part in glob.split("/") if part not in ("", ".")]
    if parts and (glob.endswith("/") or _FILE_NAME.search(parts[-1]) is None):
        parts.append(_DEEP)
    return tuple(parts)


def _paths_intersect(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    # Reachable pairs of positions, walked as a product of two small automata.
    seen = {(0, 0)}
    todo = [(0, 0)]

    def visit(i: int, j: int) -> None:
        if (i, j) not in seen:
            seen.add((i, j))
            todo.append((i, j))

    while todo:
        i, j = todo.pop()
        if i == len(a) and j == len(b):
            return True
        if i < len(a) and a[i] == _DEEP:
            visit(i + 1, j)
            if j < len(b) and b[j] != _DEEP:
                visit(i, j + 1)
        if j < len(b) and b[j] == _DEEP:
            visit(i, j + 1)
            if i < len(a) and a[i] != _DEEP:
                visit(i + 1, j)
        if (
            i < len(a)
            and j < len(b)
            and _DEEP not in (a[i], b[j])
            and _names_intersect(_tokens(a[i]), _tokens(b[j]))
        ):
            visit(i + 1, j + 1)
    return False


def _names_intersect(a: tuple[_Token, ...], b: tuple[_Token, ...]) -> bool:
    seen = {(0, 0)}
    todo = [(0, 0)]

    def visit(i: int, j: int) -> None:
        if (i, j) not in seen:
            seen.add((i, j))
            todo.append((i, j))

    while todo:
        i, j = todo.pop()
        if i == len(a) and j == len(b):
            return True
        left = a[i] if i < len(a) else None
        right = b[j] if j < len(b) else None
        if left is _STAR:
            visit(i + 1, j)
            if right is not None:
                visit(i, j + 1)
        if right is _STAR:
            visit(i, j + 1)
            if left is not None:
                visit(i + 1, j)
        if left and right and _sets_intersect(left, right):
            visit(i + 1, j + 1)
    return False


def _sets_intersect(a: _Token, b: _Token) -> bool:
    return any(
        low <= other_high and other_low <= high for low, high in a for other_low, other_high in b
    )


@lru_cache(maxsize=4096)
def _tokens(segment: str) -> tuple[_Token, ...]:
    tokens: list[_Token] = []
    position = 0
    while position < len(segment):
        character = segment[position]
        position += 1
        if character == "*":
            if not tokens or tokens[-1] is not _STAR:
                tokens.append(_STAR)
        elif character == "?":
            tokens.append(_ANY)
        elif character == "[" and (end := _class_end(segment, position)) is not None:
            tokens.append(_character_class(segment[position:end]))
            position = end + 1
        else:
            tokens.append(((ord(character), ord(character)),))
    return tuple(tokens)


def _class_end(segment: str, start: int) -> int | None:
    position = start
    if segment[position : position + 1] in ("!", "^"):
        position += 1
    # A "]" that comes first is a member, not the end.
    end = segment.find("]", position + 1)
    return end if end >= 0 else None


def _character_class(text: str) -> _Token:
    negated = text[:1] in ("!", "^")
    members = text[1:] if negated else text
    intervals: list[_Interval] = []
    position = 0
    while position < len(members):
        low = ord(members[position])
        high = low
        if members[position + 1 : position + 2] == "-" and position + 2 < len(members):
            high = ord(members[position + 2])
            position += 2
        position += 1
        if low <= high:
            intervals.append((low, high))
    if negated:
        intervals = _complement(intervals)
    within = [piece for interval in intervals for piece in _clip(interval)]
    # An empty class matches nothing: an interval that ends before it starts meets no other.
    return tuple(within) or ((-1, -2),)


def _complement(intervals: list[_Interval]) -> list[_Interval]:
    gaps: list[_Interval] = []
    start = 0
    for low, high in sorted(intervals):
        if start < low:
            gaps.append((start, low - 1))
        start = max(start, high + 1)
    gaps.append((start, 0x10FFFF))
    return gaps


def _clip(interval: _Interval) -> list[_Interval]:
    low, high = interval
    pieces = [(max(low, side_low), min(high, side_high)) for side_low, side_high in _ANY]
    return [piece for piece in pieces if piece[0] <= piece[1]]
