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
    from collections.abc import Callable

    from specify_cli.status.log import ByteStream
    from specify_cli.status.row_reader import Annotation, OtherKind
    from specify_cli.status.tally import Tally

_CHUNK_BYTES = 65536

_CONTROLS = bytes(set(range(0x20)) - {0x0A})
_MOMENT = r'"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}\+00:00)"'  # RFC 3339
_WHOLE_NUMBER = r"(0|[1-9][0-9]{0,14})"


def _plain_changes(character: str) -> Callable[[str], list[tuple[str, ...]]]:
    """Return what takes each line of a text apart; the parts of one that is no plain change are empty.

    Args:
        character: The class of characters that a text may consist of.
    """
    text, skipped = f'"({character}+)"', f'(?:null|"{character}*")'
    text_or_null, member = f'(null|"{character}*")', f'"{character}*": {skipped}'
    return re.compile(
        rf'\{{"actor": {text}, "at": {_MOMENT}, (?:"build_id": {skipped}, )?"event_id": {text}, '
        rf'"evidence": null, "execution_mode": {skipped}, "force": (true|false), '
        rf'"from_lane": {text}, (?:"lamport_clock": {_WHOLE_NUMBER}, )?"mission_id": {skipped}, '
        rf'"mission_slug": {skipped}, "policy_metadata": null, "reason": {text_or_null}, '
        rf'"review_ref": {text_or_null}, '
        rf'(?:"review_result": (null|\{{{member}(?:, {member})*\}}), )?'
        rf'"to_lane": {text}, "wp_id": {text}\}}\r?\n|[^\n]*\n'
    ).findall


_exactly = _plain_changes(r'[^"\\\x00-\x1f]')
# Twice as quick, and as exact in a block without a backslash or a control character.
_quickly = _plain_changes('[^"]')
_BLOCKED = Lane.BLOCKED.value
# Who gave the reason of a cancellation is left out of the pattern.
_EDGES = {pair: edge for pair, edge in EDGES.items() if edge.target is not Lane.CANCELED}


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
        self._verdicts: dict[str, str] = {}  # of plain rows, unparsed: only the last one counts
        self._problems = list(before.problems)
        self._moves = self._notes = 0
        self._others: dict[OtherKind, int] = {"lifecycle": 0, "decision": 0, "unknown": 0}
        self._line, self._size = before.lines, before.size
        self._clock, self._latest = before.lamport_clock, before.latest

    def read(self, stream: ByteStream) -> None:
        """Take in every line."""
        while block := stream.read(_CHUNK_BYTES) + stream.readline():
            rows = _rows_of(block)
            lines = BytesIO(block).readlines() if not rows else []
            if rows:
                self._add_rows(rows, block)
            for index in range(len(lines)):
                self._add_line(lines, index)
            if len(self._ids) != self._moves + self._notes:
                raise NotInOrder
            self._line += len(rows) or len(lines)
            self._size += len(block)
        for wp_id in list(self._verdicts):
            self._settle_verdict(wp_id)

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
        verdicts = self._verdicts
        lines: list[bytes] = []
        top, plain = self._clock, 0
        for index, row in enumerate(rows):
            actor, at, event_id, force, source, clock, reason, ref, verdict, target, wp = row
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
            wp_id = wp_ids[wp]
            totals = package(wp_id)
            counts = totals.move(
                at, event_id, edge, actor, force == "true", None if ref == "null" else ref[1:-1]
            )
            if counts and target == _BLOCKED:
                totals.blocked_for = None if reason == "null" else reason[1:-1]
            if counts and verdict and verdict != "null":
                verdicts[wp_id] = verdict
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
            self._settle_verdict(item.wp_id)
            tally.add_move(item)
            self._moves += 1
        else:
            tally.add_note(item)
            self._notes += 1
        self._ids.add(item.event_id)
        self._latest = max(self._latest, item.at)

    def _settle_verdict(self, wp_id: str) -> None:
        """Parse the verdict of a plain row that no later one has replaced."""
        verdict = self._verdicts.pop(wp_id, None)
        if verdict is not None:
            self._tally.package(wp_id).review_result = parse_line(verdict.encode())


def _rows_of(block: bytes) -> list[tuple[str, ...]]:
    """Take whole lines apart; empty when one is damaged or torn, which the JSON parser will tell."""
    try:
        text = block.decode() if block.endswith(b"\n") else ""
    except UnicodeDecodeError:
        return []
    if b"\\" in block or len(block.translate(None, _CONTROLS)) < len(block):
        return _exactly(text)
    rows = _quickly(text)
    # A text that runs over the end of its line makes one row of two.
    return rows if len(rows) == block.count(b"\n") else _exactly(text)
