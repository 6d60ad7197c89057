"""Reading `status.events.jsonl`: one pass over the bytes that no damaged line can stop.

The log is the truth about a mission (DESIGN.md D4). It may hold four kinds of row, some written by the
existing CLI 3.2.x, and the traces of crashes, editors and git merges. Every line that cannot be used
is reported with its number and offset, and everything else is read (DESIGN.md P3).

A log of 100,000 rows is to be read and folded within half a second and twice its own size in memory
(DESIGN.md, budgets). Therefore a lane change becomes a slim tuple with what boards and timelines
need, and repeated strings are shared; who needs a whole row reads it with `iter_rows`.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from datetime import datetime
from io import BytesIO
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from specify_cli.status.lines import UnusableRow, opened, parse_line, parse_lines
from specify_cli.status.row_reader import LANES, Actor, Annotation, OtherRow, RowReader, Transition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from specify_cli.status.row_reader import OtherKind

__all__ = [
    "LOG_FILE",
    "Actor",
    "Annotation",
    "ByteStream",
    "Log",
    "LogProblem",
    "LogSummary",
    "OtherRow",
    "Transition",
    "collection_paused",
    "parse_log",
    "read_log",
    "summary_of",
]

LOG_FILE = "status.events.jsonl"

_CHUNK_BYTES = 65536


class ByteStream(Protocol):
    """What a log is read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        ...

    def readline(self) -> bytes:
        """Return the rest of the line, with its newline if it has one."""
        ...


class LogProblem(NamedTuple):
    """A line of a log that could not be used.

    Attributes:
        line: Its number, from 1.
        offset: Where it begins, in bytes from the start of the file.
        reason: What is wrong with it.
    """

    line: int
    offset: int
    reason: str


class Log(NamedTuple):
    """A mission's log as read, in file order, duplicates included.

    Attributes:
        transitions: Lane changes.
        annotations: Facts that are no lane changes.
        lifecycle: Events about the mission itself, each a whole envelope.
        decisions: Decision events of the existing CLI.
        unknown: JSON objects of a kind that this version does not know.
        problems: Lines that could not be used.
        size: Bytes read.
        lamport_clock: The highest logical clock seen; 0 when no row has one.
        latest: The latest moment of any row; empty when there is none.
    """

    transitions: tuple[Transition, ...] = ()
    annotations: tuple[Annotation, ...] = ()
    lifecycle: tuple[OtherRow, ...] = ()
    decisions: tuple[OtherRow, ...] = ()
    unknown: tuple[OtherRow, ...] = ()
    problems: tuple[LogProblem, ...] = ()
    size: int = 0
    lamport_clock: int = 0
    latest: str = ""

    def extended(self, later: Log) -> Log:
        """Return this log with the rows of a later part behind its own."""
        return Log(
            transitions=self.transitions + later.transitions,
            annotations=self.annotations + later.annotations,
            lifecycle=self.lifecycle + later.lifecycle,
            decisions=self.decisions + later.decisions,
            unknown=self.unknown + later.unknown,
            problems=self.problems + later.problems,
            size=self.size + later.size,
            lamport_clock=max(self.lamport_clock, later.lamport_clock),
            latest=max(self.latest, later.latest),
        )


class LogSummary(NamedTuple):
    """What readers need of a log besides the board.

    Attributes:
        transitions: Lane changes read, duplicates included.
        annotations: Annotations read.
        lifecycle: Events about the mission itself.
        decisions: Decision events of the existing CLI.
        unknown: Rows of a kind that this version does not know; they stay in the log.
        problems: Lines that could not be used.
        lines: Lines read, the last one too if it has no newline.
        size: Bytes read.
        lamport_clock: The highest logical clock seen; 0 when no row has one.
        latest: The latest moment of any row; empty when there is none.
        top_event_id: The highest id of a lane change or annotation.
    """

    transitions: int = 0
    annotations: int = 0
    lifecycle: int = 0
    decisions: int = 0
    unknown: int = 0
    problems: tuple[LogProblem, ...] = ()
    lines: int = 0
    size: int = 0
    lamport_clock: int = 0
    latest: str = ""
    top_event_id: str = ""

    def extended(self, later: LogSummary) -> LogSummary:
        """Return the summary of this log with the rows of a later part behind its own."""
        return LogSummary(
            transitions=self.transitions + later.transitions,
            annotations=self.annotations + later.annotations,
            lifecycle=self.lifecycle + later.lifecycle,
            decisions=self.decisions + later.decisions,
            unknown=self.unknown + later.unknown,
            problems=self.problems + later.problems,
            lines=self.lines + later.lines,
            size=self.size + later.size,
            lamport_clock=max(self.lamport_clock, later.lamport_clock),
            latest=max(self.latest, later.latest),
            top_event_id=max(self.top_event_id, later.top_event_id),
        )


def read_log(path: Path) -> Log:
    """Read a log; a missing file is an empty log.

    Never fails on what the file contains.

    Raises:
        ReadFailed: READ_FAILED: it is a folder, or there is no permission.
    """
    with opened(path) as stream:
        return Log() if stream is None else parse_log(stream)


def parse_log(stream: ByteStream) -> Log:
    """Read a log from a binary stream, in one pass and line by line."""
    collector = _Collector()
    with collection_paused():
        size = collector.read(stream)
    return collector.finish(size)


def summary_of(log: Log, lines: int) -> LogSummary:
    """Return the summary of a log that was read with its rows."""
    ids = [row.event_id for rows in (log.transitions, log.annotations) for row in rows]
    return LogSummary(
        transitions=len(log.transitions),
        annotations=len(log.annotations),
        lifecycle=len(log.lifecycle),
        decisions=len(log.decisions),
        unknown=len(log.unknown),
        problems=log.problems,
        lines=lines,
        size=log.size,
        lamport_clock=log.lamport_clock,
        latest=log.latest,
        top_event_id=max(ids, default=""),
    )


@contextmanager
def collection_paused() -> Iterator[None]:
    """Spare the cycle collector from looking at every young row again and again (a tenth of the time).

    Rows hold no cycles.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


# What every transition row of 3.2.x and of ours has; one C call fetches them all.
_transition_values = itemgetter(
    "at",
    "event_id",
    "wp_id",
    "from_lane",
    "to_lane",
    "actor",
    "force",
    "reason",
    "review_ref",
)


class _Collector:
    """Sorts rows by kind and shares the strings that repeat from row to row."""

    def __init__(self) -> None:
        self._problems: list[LogProblem] = []
        self._transitions: list[Transition] = []
        self._annotations: list[Annotation] = []
        self._others: dict[OtherKind, list[OtherRow]] = {
            "lifecycle": [],
            "decision": [],
            "unknown": [],
        }
        self._reader = RowReader()
        self._clock = 0
        self._latest = ""

    def read(self, stream: ByteStream) -> int:
        """File every line and return the stream's size in bytes."""
        size, line = 0, 1
        while block := stream.read(_CHUNK_BYTES) + stream.readline():
            rows = parse_lines(block) if block.endswith(b"\n") else None
            if rows is None:
                offset = size
                for number, raw in enumerate(BytesIO(block), line):
                    self._add_line(number, offset, raw)
                    offset += len(raw)
            else:
                self._add_rows(rows, line, size, block)
            size += len(block)
            line += block.count(b"\n")
        return size

    def _add_rows(self, rows: list[Any], first: int, offset: int, block: bytes) -> None:
        """File parsed rows.

        The loop handles the plain lane change itself, which nearly every row is: no call, no repeated
        lookup, no copy of a string seen before. Anything unusual goes to `_add`, which takes its time.
        """
        append, share, lanes = self._transitions.append, self._reader.share, LANES
        wp_ids = self._reader.wp_ids
        moment, latest, top, last_build = datetime.fromisoformat, self._latest, self._clock, ""
        for line, row in enumerate(rows, first):
            try:
                at, event_id, wp, source, target, actor, force, reason, ref = _transition_values(
                    row
                )
                build, clock = row.get("build_id", ""), row.get("lamport_clock", 0)
                if (
                    at[26:] == "+00:00"
                    and (at[7], at[10], at[19]) == ("-", "T", ".")
                    and actor.__class__ is str
                    and event_id.__class__ is str
                    and (reason is None or reason.__class__ is str)
                    and (ref is None or ref.__class__ is str)
                    and clock.__class__ is int
                    and (event_id and wp and actor)
                    and "review_result" not in row
                    and "reason_source" not in row
                    and "force_source" not in row
                    and "event_type" not in row
                    and "kind" not in row
                ):
                    moment(at)
                    if build == last_build:
                        build = last_build
                    else:
                        build = last_build = share(build)
                    slim = (
                        at,
                        event_id,
                        wp_ids[wp],
                        lanes[source],
                        lanes[target],
                        share(actor),
                        force is True,
                        reason,
                        ref,
                        None,
                        None,
                        None,
                        build or None,
                        line,
                    )
                    append(_new_tuple(Transition, slim))
                    if at > latest:
                        latest = at
                    if clock > top:
                        top = clock
                    continue
            except _UNUSUAL:
                pass
            try:
                self._add(row, line)
            except UnusableRow as problem:
                start = offset + sum(map(len, block.split(b"\n")[: line - first])) + line - first
                self._problems.append(LogProblem(line, start, str(problem)))
        self._latest, self._clock = max(self._latest, latest), max(self._clock, top)

    def _add_line(self, line: int, offset: int, raw: bytes) -> None:
        try:
            row = parse_line(raw, first=line == 1)
            if row is not None:
                self._add(row, line)
        except UnusableRow as problem:
            self._problems.append(LogProblem(line, offset, str(problem)))

    def _add(self, row: Any, line: int) -> None:
        """File a row under its kind.

        Raises:
            UnusableRow: It is no object, or a transition or annotation with unusable values.
        """
        item = self._reader.read(row, line)
        if isinstance(item, Transition):
            self._transitions.append(item)
            self._latest = max(self._latest, item.at)
        elif isinstance(item, Annotation):
            self._annotations.append(item)
            self._latest = max(self._latest, item.at)
        else:
            self._others[item].append(OtherRow(line, row))
        clock = row.get("lamport_clock")
        if isinstance(clock, int):
            self._clock = max(self._clock, clock)

    def finish(self, size: int) -> Log:
        """Return everything that was collected."""
        return Log(
            transitions=tuple(self._transitions),
            annotations=tuple(self._annotations),
            lifecycle=tuple(self._others["lifecycle"]),
            decisions=tuple(self._others["decision"]),
            unknown=tuple(self._others["unknown"]),
            problems=tuple(self._problems),
            size=size,
            lamport_clock=self._clock,
            latest=self._latest,
        )


# What keeps a line from being a plain lane change.
_UNUSUAL = (ValueError, KeyError, TypeError, IndexError, AttributeError)
# Without the named tuple's own constructor, which is Python code: half the cost.
_new_tuple: Callable[[type[Transition], tuple[Any, ...]], Transition] = tuple.__new__
