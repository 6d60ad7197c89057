"""A kept fold of a long log, so that the next command need not read the log again.

A checkpoint says: the first so many bytes of the log, with this digest, fold into these totals. It lies
in the git folder, outside the tree, and is derived (DESIGN.md D4): without it, or with a damaged, old
or foreign one, every answer is the same and takes longer.

It is used without looking at the log when the log's file is, by everything the operating system tells,
the one that was read. As in git's index, that is believed only when the file was not changed at about
the time the checkpoint was written: a second change within one tick of the clock would not show.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from specify_cli import __version__
from specify_cli.kernel.files import DISK, WriteFailed
from specify_cli.status.log import LogProblem, LogSummary
from specify_cli.status.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from specify_cli.kernel.files import Disk

FORMAT = 2
"""Raise it with every change of what the fold computes or of how it is kept."""

SMALLEST_LOG = 262_144
"""Shorter logs, in bytes, are read as quickly as a checkpoint would be."""

_TICK_NS = 50_000_000
_COARSE_TICK_NS = 2_500_000_000
_SECOND_NS = 1_000_000_000


class FileIdentity(NamedTuple):
    """What the operating system tells about a file; it differs after every change of the file.

    Attributes:
        device: Its file system.
        inode: Its number there.
        size: In bytes.
        modified_ns: When its content changed, in nanoseconds.
        changed_ns: When anything about it changed (on Windows: when it was made).
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> FileIdentity:
        """Return the identity that a `stat` shows."""
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


class Prefix(NamedTuple):
    """The beginning of a file.

    Attributes:
        size: Its length in bytes.
        chain: The digest of its full blocks, in hexadecimal; empty when there is none.
        digest: The digest of all of it, in hexadecimal.
    """

    size: int
    chain: str
    digest: str


class Checkpoint(NamedTuple):
    """A fold of the first bytes of a log.

    Attributes:
        log: The log's file as it was when it was read to its end.
        prefix: Its length and digest.
        summary: What readers need besides the board.
        tally: The running totals; whoever goes on with them owns them.
    """

    log: FileIdentity
    prefix: Prefix
    summary: LogSummary
    tally: Tally


class Kept(NamedTuple):
    """A checkpoint as found.

    Attributes:
        checkpoint: What it says.
        written_ns: When it was written, by the clock of its file system, in nanoseconds.
    """

    checkpoint: Checkpoint
    written_ns: int

    def is_of(self, stat: os.stat_result) -> bool:
        """Tell whether the log is certainly the file that was read, unchanged."""
        log = self.checkpoint.log
        return FileIdentity.of(stat) == log and is_settled(log, self.written_ns)


def is_settled(log: FileIdentity, seen_ns: int) -> bool:
    """Tell whether a later change of a file would certainly show in its identity.

    Args:
        log: The file's identity.
        seen_ns: When it was taken down, by the clock of a file system, in nanoseconds.
    """
    touched = max(log.modified_ns, log.changed_ns)
    tick = _TICK_NS if log.modified_ns % _SECOND_NS else _COARSE_TICK_NS
    return touched + tick < seen_ns


def load_checkpoint(path: Path) -> Kept | None:
    """Read a checkpoint; None when there is none that this version can use."""
    try:
        with path.open("rb") as stream:
            written_ns = os.fstat(stream.fileno()).st_mtime_ns
            head, _, body = stream.read().partition(b"\n")
        if head != _head(body):
            return None
        return Kept(_parse(json.loads(body)), written_ns)
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        # Whatever is wrong with it: the log has it all.
        return None


def checkpoint_path(lock_path: Path) -> Path:
    """Return where the fold of a mission's log is kept: beside the locks, outside the tree."""
    return lock_path.parent.with_name("index") / f"{lock_path.stem}.json"


def save_checkpoint(path: Path, checkpoint: Checkpoint, disk: Disk = DISK) -> None:
    """Keep a checkpoint; a folder that cannot be written costs the checkpoint and nothing else."""
    body = json.dumps(
        {
            "log": checkpoint.log,
            "prefix": checkpoint.prefix,
            "summary": checkpoint.summary,
            "tally": checkpoint.tally.to_json(),
        }
    ).encode()
    with suppress(WriteFailed):
        disk.write_atomic(path, _head(body) + b"\n" + body, durable=False)
        _sweep(path)


def _sweep(path: Path) -> None:
    """Remove what crashes left of earlier ones; readers write without a lock, so only what is old."""
    for scrap in path.parent.glob(f".{path.name}.*.tmp"):
        with suppress(OSError):  # another reader was quicker
            if time.time() - scrap.stat().st_mtime > _SCRAP_SECONDS:
                scrap.unlink()


_SCRAP_SECONDS = 3600


def _head(body: bytes) -> bytes:
    """Return the first line: who wrote the body in which format, and its check sum."""
    head = {"format": FORMAT, "program": __version__, "bytes": len(body), "crc32": crc32(body)}
    return json.dumps(head).encode()


def _parse(document: Mapping[str, Any]) -> Checkpoint:
    summary = LogSummary(*document["summary"])
    return Checkpoint(
        FileIdentity(*document["log"]),
        Prefix(*document["prefix"]),
        summary._replace(problems=tuple(LogProblem(*problem) for problem in summary.problems)),
        Tally.from_json(document["tally"]),
    )
