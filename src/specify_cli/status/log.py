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
from datetime import UTC, datetime
from io import BytesIO
from operator import itemgetter
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, TypeAlias

from specify_cli.kernel.clock import isoformat
from specify_cli.status.lanes import LANE_ALIASES, Lane
from specify_cli.status.lines import UnusableRow, opened, parse_line, parse_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonObject, JsonValue

LOG_FILE = "status.events.jsonl"

Actor: TypeAlias = "str | Mapping[str, JsonValue]"

_LANES: Mapping[str, Lane] = {lane.value: lane for lane in Lane} | LANE_ALIASES
_CHUNK_BYTES = 65536


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


class Transition(NamedTuple):
    """One lane change as read from a log.

    A tuple that begins with its sort key (at, event_id): plain tuple comparison is the fold's order.
    `at` is UTC text in the one form of `kernel.clock`, whatever the row says. `build_id` is None in
    rows of the existing CLI.
    """

    at: str
    event_id: str
    wp_id: str
    from_lane: Lane
    to_lane: Lane
    actor: Actor
    force: bool
    reason: str | None
    review_ref: str | None
    review_result: JsonObject | None
    reason_source: str | None
    build_id: str | None
    line: int


class Annotation(NamedTuple):
    """A fact about a work package that is no lane change; sorts like a transition."""

    at: str
    event_id: str
    wp_id: str
    actor: Actor
    delta: JsonObject
    build_id: str | None
    line: int


class OtherRow(NamedTuple):
    """A row that is kept as it was written: lifecycle, decision or unknown."""

    line: int
    row: JsonObject


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


def read_log(path: Path) -> Log:
    """Read a log; a missing file is an empty log.

    Never fails on what the file contains.

    Raises:
        ReadFailed: READ_FAILED: it is a folder, or there is no permission.
    """
    with opened(path) as stream:
        return Log() if stream is None else parse_log(stream)


def parse_log(stream: BinaryIO) -> Log:
    """Read a log from a binary stream, in one pass and line by line."""
    collector = _Collector()
    with collection_paused():
        size = collector.read(stream)
    return collector.finish(size)


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
    "mission_slug",
)


class _Collector:
    """Sorts rows by kind and shares the strings that repeat from row to row."""

    def __init__(self) -> None:
        self._problems: list[LogProblem] = []
        self._transitions: list[Transition] = []
        self._annotations: list[Annotation] = []
        self._lifecycle: list[OtherRow] = []
        self._decisions: list[OtherRow] = []
        self._unknown: list[OtherRow] = []
        shared: dict[str, str] = {}
        self._share = shared.setdefault
        self._clock = 0
        self._latest = ""

    def read(self, stream: BinaryIO) -> int:
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
        append, share, lanes = self._transitions.append, self._share, _LANES
        moment, latest, top, last_build = datetime.fromisoformat, self._latest, self._clock, ""
        for line, row in enumerate(rows, first):
            try:
                at, event_id, wp, source, target, actor, force, reason, ref, slug = (
                    _transition_values(row)
                )
                build, clock = row.get("build_id", ""), row.get("lamport_clock", 0)
                if (
                    at[26:] == "+00:00"
                    and at[10] == "T"
                    and actor.__class__ is str
                    and event_id.__class__ is str
                    and (reason is None or reason.__class__ is str)
                    and (ref is None or ref.__class__ is str)
                    and clock.__class__ is int
                    and (event_id and wp and slug and actor)
                    and "review_result" not in row
                    and "reason_source" not in row
                    and "event_type" not in row
                    and "kind" not in row
                ):
                    moment(at)
                    if build == last_build:
                        build = last_build
                    else:
                        build = last_build = share(build, build)
                    slim = (
                        at,
                        event_id,
                        share(wp, wp),
                        lanes[source],
                        lanes[target],
                        share(actor, actor),
                        force is True,
                        reason,
                        ref,
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
        if not isinstance(row, dict):
            raise UnusableRow("it is not a JSON object")
        if "event_type" in row:
            kind = self._lifecycle if "aggregate_id" in row else self._decisions
            kind.append(OtherRow(line, row))
        elif row.get("kind") == "annotation":
            self._annotations.append(self._annotation(row, line))
        elif "kind" not in row and "to_lane" in row:
            self._transitions.append(self._transition(row, line))
        else:
            self._unknown.append(OtherRow(line, row))
        clock = row.get("lamport_clock")
        if isinstance(clock, int):
            self._clock = max(self._clock, clock)

    def _transition(self, row: dict[str, Any], line: int) -> Transition:
        """Slim down a lane change that has a structured actor, another time form or fewer keys."""
        for key in ("event_id", "wp_id", "mission_slug"):
            if not isinstance(row.get(key), str) or not row[key]:
                raise UnusableRow(f"a transition without a usable {key}")
        actor, reason, ref = row.get("actor"), row.get("reason"), row.get("review_ref")
        if not isinstance(actor, str | dict) or not actor:
            raise UnusableRow("a transition without a usable actor")
        if not isinstance(reason, str | None) or not isinstance(ref, str | None):
            raise UnusableRow("a transition whose reason or review_ref is no text")
        at = self._moment(row, "a transition")
        build, result, source = (row.get(k) for k in ("build_id", "review_result", "reason_source"))
        return Transition(
            at,
            row["event_id"],
            self._share(row["wp_id"], row["wp_id"]),
            # The event contract allows null for the first lane change of a work package.
            _lane(row, "from_lane") if row.get("from_lane") is not None else Lane.GENESIS,
            _lane(row, "to_lane"),
            actor,
            row.get("force") is True,
            reason,
            ref,
            result if isinstance(result, dict) else None,
            source if isinstance(source, str) else None,
            build if isinstance(build, str) else None,
            line,
        )

    def _annotation(self, row: dict[str, Any], line: int) -> Annotation:
        event_id, wp_id, build = row.get("event_id"), row.get("wp_id"), row.get("build_id")
        actor, delta = row.get("actor", ""), row.get("delta")
        if not isinstance(event_id, str) or not event_id:
            raise UnusableRow("an annotation without a usable event_id")
        if not isinstance(wp_id, str) or not wp_id:
            raise UnusableRow("an annotation without a usable wp_id")
        if not isinstance(delta, dict) or not isinstance(actor, str | dict):
            raise UnusableRow("an annotation without a usable actor or delta")
        at = self._moment(row, "an annotation")
        build = build if isinstance(build, str) else None
        return Annotation(at, event_id, wp_id, actor, delta, build, line)

    def _moment(self, row: dict[str, Any], what: str) -> str:
        try:
            at = _canonical(row.get("at"))
        except ValueError as error:
            raise UnusableRow(f"{what} whose at is no time: {str(row.get('at'))[:40]!r}") from error
        self._latest = max(self._latest, at)
        return at

    def finish(self, size: int) -> Log:
        """Return everything that was collected."""
        return Log(
            transitions=tuple(self._transitions),
            annotations=tuple(self._annotations),
            lifecycle=tuple(self._lifecycle),
            decisions=tuple(self._decisions),
            unknown=tuple(self._unknown),
            problems=tuple(self._problems),
            size=size,
            lamport_clock=self._clock,
            latest=self._latest,
        )


# What keeps a line from being a plain lane change.
_UNUSUAL = (ValueError, KeyError, TypeError, IndexError, AttributeError)
# Without the named tuple's own constructor, which is Python code: half the cost.
_new_tuple: Callable[[type[Transition], tuple[Any, ...]], Transition] = tuple.__new__


def _canonical(at: object) -> str:
    """Render a time in the log's own form; a time without a zone is taken as UTC.

    Raises:
        ValueError: It is no ISO 8601 time.
    """
    if not isinstance(at, str):
        raise ValueError("not a time")  # noqa: TRY004 - one error for every unusable value
    moment = datetime.fromisoformat(at)
    return isoformat(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _lane(row: Mapping[str, Any], key: str) -> Lane:
    value = row[key]
    if not isinstance(value, str) or value not in _LANES:
        raise UnusableRow(f"a transition whose {key} is no lane: {str(value)[:40]!r}")
    return _LANES[value]
