"""Merging what is only ever appended to: event logs row by row, traces at their end.

Rows are compared as bytes and written as they are; a row is parsed only to learn its id and its time.
"""

from __future__ import annotations

import heapq
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class Texts(NamedTuple):
    """The three versions of a file; when two of them agree in a merge, that is its result.

    Attributes:
        base: The common ancestor; empty when both sides made the file.
        ours: The version of the branch that is merged into.
        theirs: The version that is brought in.
    """

    base: bytes
    ours: bytes
    theirs: bytes


_Key = tuple[datetime, str]
_BEGINNING: _Key = (datetime.min.replace(tzinfo=UTC), "")


def merged_log(texts: Texts) -> Texts:
    """Merge two versions of an event log: every row of ours in its order, and those only theirs has.

    A row is known by its `event_id`, any other line by its bytes. Only what both sides appended is
    put into the order of time, and no two rows of one side change places. Damaged lines are kept.

    Returns:
        Both sides merged. They differ only in rows that have one id and say two things; `base` has
        none of those.
    """
    ours, theirs = _lines(texts.ours), _lines(texts.theirs)
    in_ours = {_bare(line) for line in ours}
    in_theirs = {_bare(line) for line in theirs}
    own_rows = [(line, _row(line)) for line in ours if _bare(line) not in in_theirs]
    by_id = {_id(row): (line, row) for line, row in own_rows if _id(row)}
    in_base = {_bare(line) for line in _lines(texts.base)}
    new: dict[bytes, dict[str, Any] | None] = {}
    other_versions: dict[bytes, bytes] = {}
    for line in theirs:
        bare = _bare(line)
        if not bare or bare in in_ours or bare in new:
            continue
        row = _row(line)
        line_of_ours, known = by_id.get(_id(row), (b"", None))
        if known is None:
            new[bare] = row
        elif not _equal(known, row) and bare not in in_base:
            other_versions[line_of_ours] = other_versions.get(line_of_ours, b"") + bare + b"\n"
    merged = _with_rows(ours, in_base, new) if new else ours
    if not other_versions:
        result = b"".join(merged)
        return Texts(result, result, result)
    whole = [(line, _whole(line)) for line in merged]
    return Texts(
        b"".join(text for line, text in whole if line not in other_versions),
        b"".join(text for _, text in whole),
        b"".join(other_versions.get(line, text) for line, text in whole),
    )


def merged_traces(texts: Texts) -> Texts | None:
    """Merge two versions of a document that both sides only appended to; None if they did more.

    What theirs added follows what ours added, in one piece: prose is not mixed line by line. Where
    they added the same, it stands there once.
    """
    base, ours, theirs = (_lines(text) for text in texts)
    base = [_whole(line) for line in base]
    ours, theirs = [_whole(line) for line in ours], [_whole(line) for line in theirs]
    if ours[: len(base)] != base or theirs[: len(base)] != base:
        return None
    same = len(base)
    while same < min(len(ours), len(theirs)) and ours[same] == theirs[same]:
        same += 1
    added = theirs[same:]
    if not _contains(ours[same:], added):
        ours += added
    result = b"".join(ours)
    return Texts(result, result, result)


def _with_rows(
    ours: Sequence[bytes], in_base: set[bytes], new: dict[bytes, dict[str, Any] | None]
) -> list[bytes]:
    """Put new rows among those that ours has added behind the last row of the common ancestor."""
    end = 1 + max((at for at, line in enumerate(ours) if _bare(line) in in_base), default=-1)
    added = _by_time((line, _row(line)) for line in ours[end:])
    brought = _by_time((bare + b"\n", row) for bare, row in new.items())
    merged = heapq.merge(added, brought, key=lambda keyed: keyed[0])
    # A torn last row gets its line end, so that it stays one bad line.
    return [_whole(line) for line in (*ours[:end], *(line for _, line in merged))]


def _by_time(rows: Iterable[tuple[bytes, dict[str, Any] | None]]) -> Iterator[tuple[_Key, bytes]]:
    """Yield lines with a key that never falls: one without a time stays behind the one before it."""
    latest = _BEGINNING
    for line, row in rows:
        latest = max(latest, _key(row))
        yield latest, line


def _key(row: dict[str, Any] | None) -> _Key:
    text = row.get("at") or row.get("timestamp") if row else None
    try:
        moment = datetime.fromisoformat(text)  # type: ignore[arg-type]  # anything can stand there
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return aware.astimezone(UTC), _id(row)
    except (TypeError, ValueError, OverflowError):
        return _BEGINNING


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _id(row: dict[str, Any] | None) -> str:
    found = row.get("event_id") if row else None
    return found if isinstance(found, str) else ""


def _equal(one: object, other: object) -> bool:
    # As text: for Python 1, 1.0 and True are equal.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _contains(lines: Sequence[bytes], part: Sequence[bytes]) -> bool:
    return any(lines[at : at + len(part)] == part for at in range(len(lines) - len(part) + 1))


def _lines(text: bytes) -> list[bytes]:
    return io.BytesIO(text).readlines()


def _bare(line: bytes) -> bytes:
    return line.rstrip(b"\r\n")


def _whole(line: bytes) -> bytes:
    return line if line.endswith(b"\n") else line + b"\n"
