"""Folding a log while reading it, without keeping its rows.

Nearly every row of a log is a plain lane change, written by this program or the existing CLI 3.2.x
with its keys sorted. One pattern takes what the fold needs out of such lines; every other line goes
through the JSON parser. Both ways say the same about a line (`tests/unit/status/test_stream.py`).

Running totals need the rows in the fold's order. A log whose rows are not, as after a merge of two
branches of it, is no stream: `NotInOrder`, and the caller sorts.
"""

from __future__ import annotations

import re
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING

from specify_cli.status.lanes import Lane
from specify_cli.status.lines import UnusableRow, parse_line
from specify_cli.status.log import LogProblem, LogSummary, collection_paused
from specify_cli.status.row_reader import RowReader, Transition
from specify_cli.status.tally import EDGES

if TYPE_CHECKING:
    from specify_cli.status.log import ByteStream
    from specify_cli.status.row_reader import Annotation, OtherKind
    from specify_cli.status.tally import Tally

_CHUNK_BYTES = 65536

_TEXT = r'"([^"\\\x00-\x1f]+)"'
_TEXT_OR_NULL = r'(null|"[^"\\\x00-\x1f]*")'
_SKIPPED = r'(?:null|"[^"\\\x00-\x1f]*")'
_LANE = r'"([a-z_]+)"'
_WHOLE_NUMBER = r"(0|[1-9][0-9]{0,14})"
_MOMENT = r'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00)"'  # RFC 3339
_PLAIN = (
    rf'\{{"actor": {_TEXT}, "at": {_MOMENT}, (?:"build_id": {_SKIPPED}, )?"event_id": {_TEXT}, '
    rf'"evidence": null, "execution_mode": {_SKIPPED}, "force": (true|false), '
    rf'"from_lane": {_LANE}, (?:"lamport_clock": {_WHOLE_NUMBER}, )?"mission_id": {_SKIPPED}, '
    rf'"mission_slug": {_SKIPPED}, "policy_metadata": null, "reason": {_SKIPPED}, '
    rf'"review_ref": {_TEXT_OR_NULL}, "to_lane": {_LANE}, "wp_id": {_TEXT}\}}\r?\n'
)
# Every line is one match; the groups are empty for one that is no plain lane change.
_plain_changes = re.compile(rf"{_PLAIN}|[^\n]*\n").findall
# A cancellation and a block have a reason, which the pattern leaves out.
_EDGES = {
    pair: edge
    for pair, edge in EDGES.items()
    if edge.target is not Lane.CANCELED and edge.target is not Lane.BLOCKED
}


class NotInOrder(Exception):
    """A row that sorts before an earlier one, or has the id of an earlier one."""


def fold_stream(stream: ByteStream, tally: Tally, before: LogSummary) -> LogSummary:
    """Take the lines of a stream into running totals, line by line.

    Args:
        stream: The log, or the part of it that follows what was read before.
        tally: The totals of what was read before; useless after an error.
        before: The summary of what was read before; `LogSummary()` at the start of a log.

    Raises:
        NotInOrder: These rows cannot be taken in one by one.
    """
    folder = _Folder(tally, before)
    with collection_paused():
        folder.read(stream)
    return folder.summary()


class _Folder:
    """One pass over a log, or over its tail."""

    def __init__(self, tally: Tally, before: LogSummary) -> None:
        self._tally = tally
        self._before = before
        self._reader = RowReader()
        self._ids: set[str] = set()
        self._problems = list(before.problems)
        self._moves = self._notes = 0
        self._others: dict[OtherKind, int] = {"lifecycle": 0, "decision": 0, "unknown": 0}
        self._line, self._size = before.lines, before.size
        self._clock, self._latest = before.lamport_clock, before.latest

    def read(self, stream: ByteStream) -> None:
        """Take in every line."""
        while block := stream.read(_CHUNK_BYTES) + stream.readline():
            rows = _plain_changes(_text_of(block))
            lines = BytesIO(block).readlines() if not rows else []
            if rows:
                self._add_rows(rows, block)
            for index in range(len(lines)):
                self._add_line(lines, index)
            if len(self._ids) != self._moves + self._notes:
                raise NotInOrder
            self._line += len(rows) or len(lines)
            self._size += len(block)

    def summary(self) -> LogSummary:
        """Return the summary of everything read, now and before."""
        before = self._before
        return LogSummary(
            transitions=before.transitions + self._moves,
            annotations=before.annotations + self._notes,
            lifecycle=before.lifecycle + self._others["lifecycle"],
            decisions=before.decisions + self._others["decision"],
            unknown=before.unknown + self._others["unknown"],
            problems=tuple(self._problems),
            lines=self._line,
            size=self._size,
            lamport_clock=self._clock,
            latest=max(self._latest, self._tally.last_at),
            top_event_id=max(self._ids, default=before.top_event_id),
        )

    def _add_rows(self, rows: list[tuple[str, ...]], block: bytes) -> None:
        """Take in the lines of a block, each as the pattern took it apart.

        In one piece, for every row of a log comes through here.
        """
        tally, moment, edges, add_id = self._tally, datetime.fromisoformat, _EDGES, self._ids.add
        package, wp_ids, floor = tally.package, self._reader.wp_ids, self._before.top_event_id
        lines: list[bytes] = []
        top, plain = self._clock, 0
        for index, (actor, at, event_id, force, source, clock, ref, target, wp) in enumerate(rows):
            try:
                moment(at)
                edge = edges[source, target]
            except (ValueError, KeyError):
                lines = lines or BytesIO(block).readlines()
                self._add_line(lines, index)
                continue
            last = tally.last_at
            if (at <= last and (at, event_id) <= (last, tally.last_id)) or event_id <= floor:
                raise NotInOrder
            tally.last_at, tally.last_id = at, event_id
            package(wp_ids[wp]).move(
                at, event_id, edge, actor, force == "true", None if ref == "null" else ref[1:-1]
            )
            add_id(event_id)
            plain += 1
            if clock and (number := int(clock)) > top:
                top = number
        tally.event_count += plain
        self._moves += plain
        self._clock = max(self._clock, top)

    def _add_line(self, lines: list[bytes], index: int) -> None:
        """Take in one line of a block, whatever it holds."""
        number = self._line + index + 1
        try:
            row = parse_line(lines[index], first=number == 1)
            if row is None:
                return
            item = self._reader.read(row, number)
        except UnusableRow as problem:
            offset = self._size + sum(map(len, lines[:index]))
            self._problems.append(LogProblem(number, offset, str(problem)))
            return
        clock = row.get("lamport_clock")
        if isinstance(clock, int):
            self._clock = max(self._clock, clock)
        if isinstance(item, str):
            self._others[item] += 1
        else:
            self._add_item(item)

    def _add_item(self, item: Transition | Annotation) -> None:
        tally, key = self._tally, (item.at, item.event_id)
        moves = isinstance(item, Transition)
        last = (tally.last_at, tally.last_id) if moves else tally.last_note
        if key <= last or item.event_id <= self._before.top_event_id:
            raise NotInOrder
        if isinstance(item, Transition):
            tally.add_move(item)
            self._moves += 1
        else:
            tally.add_note(item)
            self._notes += 1
        self._ids.add(item.event_id)
        self._latest = max(self._latest, item.at)


def _text_of(block: bytes) -> str:
    """Decode whole lines; empty when one is damaged or torn, which the JSON parser will tell."""
    try:
        return block.decode() if block.endswith(b"\n") else ""
    except UnicodeDecodeError:
        return ""
