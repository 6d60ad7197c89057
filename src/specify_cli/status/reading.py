"""Reading a mission's log for its board: from a checkpoint if it can be, from the log if it must be."""

from __future__ import annotations

import os
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.status.board import board_of, tally_of
from specify_cli.status.checkpoint import (
    SMALLEST_LOG,
    Checkpoint,
    FileIdentity,
    checkpoint_path,
    load_checkpoint,
    save_checkpoint,
)
from specify_cli.status.left_log import LogPlace as LogPlace
from specify_cli.status.left_log import looks_cut
from specify_cli.status.lines import opened
from specify_cli.status.log import Log, LogSummary, parse_log, summary_of
from specify_cli.status.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

    from specify_cli.status.board import Board
    from specify_cli.status.left_log import Place
    from specify_cli.status.log import LogProblem


class Appended(NamedTuple):
    """What the operating system told about a log right before and right after it was appended to."""

    before: os.stat_result
    after: os.stat_result


class FoldedLog(NamedTuple):
    """A log as read for its board.

    Attributes:
        path: The log.
        summary: What readers need besides the board.
        tally: The running totals; whoever goes on with them owns them.
        checkpoint: What is kept of it; None for a short log, or one that cannot be kept.
        rows: The log with its rows, when they were read anyway.
    """

    path: Path
    summary: LogSummary
    tally: Tally
    checkpoint: Checkpoint | None = None
    rows: Log | None = None

    def board(self, wp_ids: Iterable[str] = ()) -> Board:
        """Return the board.

        Args:
            wp_ids: Work packages to show even if the log does not know them.
        """
        return board_of(self.tally, wp_ids)

    @property
    def problems(self) -> tuple[LogProblem, ...]:
        """Lines that could not be used."""
        return self.summary.problems

    def log(self) -> Log:
        """Return the log with its rows, as it was when it was folded; reads it if need be.

        Raises:
            ReadFailed: READ_FAILED.
        """
        if self.rows is not None:
            return self.rows
        with opened(self.path) as stream:
            return Log() if stream is None else parse_log(_Beginning(stream, self.summary.size))


def fold_log(path: Path, checkpoint: Path | None = None) -> FoldedLog:
    """Read a log for its board; a missing file is an empty log.

    Takes no lock. Writes nothing but the checkpoint, and that only for a long log.

    Args:
        path: The log.
        checkpoint: Where its fold is kept; None keeps nothing.

    Raises:
        ReadFailed: READ_FAILED: it is a folder, or there is no permission.
    """
    with opened(path) as stream:
        if stream is None:
            return FoldedLog(path, LogSummary(), Tally(), rows=Log())
        stat = os.fstat(stream.fileno())
        if stat.st_size < SMALLEST_LOG:
            data = stream.read()
            log = parse_log(BytesIO(data))
            lines = data.count(b"\n") + (data[-1:] not in (b"", b"\n"))
            return FoldedLog(path, summary_of(log, lines), tally_of(log), rows=log)
        kept = None if checkpoint is None else load_checkpoint(checkpoint)
        if kept is not None and kept.is_of(stat):
            found = kept.checkpoint
            return FoldedLog(path, found.summary, found.tally, found)
        return _read(path, stream, checkpoint, kept.checkpoint if kept is not None else None)


def read_folded(place: Place) -> FoldedLog:
    """Read a log for its board, and tell which committed rows it lacks, as one of its problems.

    Git is asked only when the log does not begin as the last change left it.

    Raises:
        ReadFailed: READ_FAILED: it is a folder, or there is no permission.
    """
    folded = fold_log(place.log_path, checkpoint_path(place.lock_path))
    if not looks_cut(place):
        return folded
    from specify_cli.status.lost_rows import problem_of_lost_rows

    lost = problem_of_lost_rows(place)
    if lost is None:
        return folded
    summary = folded.summary._replace(problems=(*folded.problems, lost))
    return folded._replace(summary=summary)


def keep_appended(base: Checkpoint, now: FoldedLog, appended: Appended, kept: Path) -> None:
    """Keep the fold of a log that this process has appended to, without reading the log again.

    Nothing is kept when the log was not, right before, what the base says: the next reader looks.

    Args:
        base: What was kept of the log before.
        now: The log with the new rows.
        appended: How the log's file was before and after.
        kept: Where to keep it.
    """
    from specify_cli.status.digest import PrefixDigest, feed_tail

    log = FileIdentity.of(appended.after)
    if FileIdentity.of(appended.before) != base.log or log.size != now.summary.size:
        return
    digest = PrefixDigest(base.prefix)
    with opened(now.path) as stream:
        if stream is not None and feed_tail(stream, base.prefix, digest, log.size):
            save_checkpoint(kept, Checkpoint(log, digest.prefix(), now.summary, now.tally))


def _read(
    path: Path, stream: BinaryIO, checkpoint: Path | None, old: Checkpoint | None
) -> FoldedLog:
    """Read a long log, or what is new of it, and keep its fold."""
    from specify_cli.status.digest import DigestingStream, PrefixDigest, is_unchanged
    from specify_cli.status.stream import NotInOrder, fold_stream

    before = FileIdentity.of(os.fstat(stream.fileno()))
    source = DigestingStream(stream, PrefixDigest())
    grown = old is not None and is_unchanged(stream, old.prefix, source.digest)
    try:
        if old is not None and grown:
            tally, summary = old.tally, fold_stream(source, old.tally, old.summary)
        else:
            stream.seek(0)
            source, tally = DigestingStream(stream, PrefixDigest()), Tally()
            summary = fold_stream(source, tally, LogSummary())
    except NotInOrder:
        # All rows at once, to be sorted: as after a merge of two branches of the log.
        stream.seek(0)
        source = DigestingStream(stream, PrefixDigest())
        log = parse_log(source)
        tally, summary = tally_of(log), summary_of(log, source.lines + (not source.whole))
    after = FileIdentity.of(os.fstat(stream.fileno()))
    # A last line without its newline may become another line when the log grows.
    if checkpoint is None or after != before or after.size != summary.size or not source.whole:
        return FoldedLog(path, summary, tally)
    found = Checkpoint(after, source.digest.prefix(), summary, tally)
    save_checkpoint(checkpoint, found)
    return FoldedLog(path, summary, tally, found)


class _Beginning:
    """The first bytes of a stream, however far it goes."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream, self._left = stream, size

    def read(self, size: int, /) -> bytes:
        return self._counted(self._stream.read(min(size, self._left)))

    def readline(self) -> bytes:
        return self._counted(self._stream.readline(self._left))

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        return data
