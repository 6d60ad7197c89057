"""What a damaged log should hold: composed line by line from the log and from its commits.

Nothing is written here. Lines that certainly hold no row go; committed lines that are gone or changed
come back behind the committed line they followed, and what stands in their place goes; every other
line stays where it is, usable or not.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.status.idle_lines import (
    BLANK_LINE,
    CONFLICT_MARKER,
    NUL_LINE,
    ROW_FRAGMENT,
    TORN_TAIL,
    bare_line,
    events_in,
    idle_lines,
    sample,
)
from specify_cli.status.lines import UnusableRow, opened, parse_line
from specify_cli.status.lost_rows import committed_lines, lost_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from specify_cli.status.lost_rows import CommittedLine
    from specify_cli.status.mission_log import MissionLog

_WHY = {
    CONFLICT_MARKER: "a merge-conflict marker is no row; the rows of both sides stay",
    TORN_TAIL: "the end of the file is half a row, which was never acknowledged",
    ROW_FRAGMENT: "it is the beginning of a row whose rest was never written",
    BLANK_LINE: "the line is blank",
    NUL_LINE: "it holds NUL bytes only, as a crash of the machine leaves them",
}
_REPEATED = "the same row stands above, from the other side of the merge"
_DAMAGED = "it stands in the place of a committed row that comes back"
_CHANGED = "it is not what is committed under its event id, and that comes back"


class Removal(NamedTuple):
    """A line that goes.

    Attributes:
        line: Its number, from 1.
        offset: Where it begins, in bytes.
        text: Its beginning, for people.
        why: Why it goes.
    """

    line: int
    offset: int
    text: str
    why: str


class Mended(NamedTuple):
    """What a log should hold.

    Attributes:
        data: Its content.
        removals: Lines that go, in the order of the file.
        restored: Committed lines that come back.
    """

    data: bytes
    removals: tuple[Removal, ...]
    restored: tuple[CommittedLine, ...]


def mend(mission_log: MissionLog, *, other_sides: tuple[str, ...] = ()) -> Mended:
    """Compose what a log should hold.

    Args:
        mission_log: Which log.
        other_sides: Commits besides HEAD whose rows belong into the log: those that are merged.

    Raises:
        ReadFailed: READ_FAILED.
    """
    with opened(mission_log.log_path) as stream:
        lines = list(stream or ())
    idle = {line.line: line.kind for line in idle_lines(mission_log.log_path)}
    why = {number: _WHY[kind] for number, kind in idle.items()}
    if CONFLICT_MARKER in idle.values():
        why |= dict.fromkeys(_repeated(lines, idle), _REPEATED)
    lost = lost_lines(mission_log, ("HEAD", *other_sides))
    if lost:
        committed = {
            bare_line(raw, first=n == 0)
            for commit in ("HEAD", *other_sides)
            for n, raw in enumerate(committed_lines(mission_log, commit))
        }
        why |= dict(_replaced(lines, lost, committed, frozenset(why)))
    removals, offset = [], 0
    for number, raw in enumerate(lines, 1):
        if number in why:
            removals.append(Removal(number, offset, sample(raw), why[number]))
        offset += len(raw)
    return Mended(_composed(lines, frozenset(why), lost), tuple(removals), lost)


def _repeated(lines: Sequence[bytes], idle: dict[int, str]) -> Iterator[int]:
    """Find rows between the markers of a conflict that stand there twice."""
    seen: set[bytes] = set()
    inside = False
    for number, raw in enumerate(lines, 1):
        if idle.get(number) == CONFLICT_MARKER:
            inside = not raw.startswith(b">>>>>>>")
        elif number not in idle:
            bare = bare_line(raw, first=number == 1)
            if inside and bare in seen and _row_id(raw):
                yield number
            seen.add(bare)


def _replaced(
    lines: Sequence[bytes],
    lost: Sequence[CommittedLine],
    committed: set[bytes],
    gone: frozenset[int],
) -> Iterator[tuple[int, str]]:
    """Find what stands in the place of committed lines; a row of another event never does."""
    lost_ids = {_row_id(line.text) for line in lost} - {""}
    known_ids = {_row_id(line) for line in committed} - {""}
    bare = [bare_line(raw, first=n == 0) for n, raw in enumerate(lines)]
    last = max((n for n, line in enumerate(bare, 1) if line in committed), default=0)
    # Behind the last committed line that is there, only as many as are lost at the end.
    end = last + sum(line.before is None or line.before == bare[last - 1] for line in lost)
    for number, raw in enumerate(lines, 1):
        if number in gone or bare[number - 1] in committed:
            continue
        row_id = _row_id(raw, first=number == 1)
        if row_id in lost_ids:
            yield number, _CHANGED
        elif (
            number <= end
            and not _is_row(raw, first=number == 1)
            # Two rows on one line, say: one that is committed nowhere must not go with it.
            and all(str(event["event_id"]) in known_ids for event in events_in(raw))
        ):
            yield number, _DAMAGED


def _composed(lines: Sequence[bytes], gone: frozenset[int], lost: Sequence[CommittedLine]) -> bytes:
    behind: dict[bytes | None, list[bytes]] = defaultdict(list)
    for line in lost:
        behind[line.before].append(line.text + b"\n")
    parts = behind.pop(None, [])
    for number, raw in enumerate(lines, 1):
        if number not in gone:
            parts.append(raw)
        follow = behind.pop(bare_line(raw, first=number == 1), []) if behind else []
        parts += follow
    whole = [part if part.endswith(b"\n") else part + b"\n" for part in parts[:-1]]
    return b"".join([*whole, *parts[-1:]])


def _is_row(raw: bytes, *, first: bool) -> bool:
    try:
        return parse_line(raw, first=first) is not None
    except UnusableRow:
        return False


def _row_id(raw: bytes, *, first: bool = False) -> str:
    try:
        row = parse_line(raw, first=first)
    except UnusableRow:
        return ""
    found = row.get("event_id") if row else None
    return found if isinstance(found, str) else ""
