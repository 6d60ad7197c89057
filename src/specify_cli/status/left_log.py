"""How the last change left a log: a small record beside the mission's lock, outside the tree.

It tells without git whether a log still begins as a change left it, which it does as long as it only
grows. Whoever finds that it does not asks git which rows are missing (`status.lost_rows`).
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol
from zlib import crc32

from specify_cli.kernel.files import DISK, WriteFailed
from specify_cli.status.board import STATUS_FILE
from specify_cli.status.checkpoint import SMALLEST_LOG, FileIdentity, is_settled

if TYPE_CHECKING:
    from pathlib import Path


class Place(Protocol):
    """Where a log is; a `MissionLog` says so, too."""

    @property
    def worktree_root(self) -> Path:
        """The checkout that it is in."""
        ...

    @property
    def log_path(self) -> Path:
        """The log."""
        ...

    @property
    def lock_path(self) -> Path:
        """The mission's lock."""
        ...


class LogPlace(NamedTuple):
    """A log, and no more about its mission than that."""

    worktree_root: Path
    log_path: Path
    lock_path: Path


class Left(NamedTuple):
    """How a log was left.

    Attributes:
        log: Its file.
        digest: A checksum of its content; 0 for a long log.
        head: The commit that has it so; None when nobody knows.
        written_ns: When that was recorded, by the file system's clock.
    """

    log: FileIdentity
    digest: int
    head: str | None
    written_ns: int


def remember_log(mission_log: Place, head: str | None) -> None:
    """Record how a change leaves the log, so that the next one need not compare it with git.

    When that cannot be written, the next change compares, and that is all.

    Args:
        mission_log: Which log.
        head: The commit that has the log as it is.
    """
    with suppress(WriteFailed, FileNotFoundError), mission_log.log_path.open("rb") as stream:
        stat = mission_log.log_path.stat()
        digest = crc32(stream.read()) if stat.st_size < SMALLEST_LOG else 0
        record = {"log": FileIdentity.of(stat), "crc32": digest, "head": head}
        path = _record(mission_log)
        scratch = path.with_name(f".{path.name}.tmp")
        DISK.write_atomic(path, json.dumps(record).encode(), durable=False, scratch=scratch)


def read_left(place: Place) -> Left | None:
    """Return how the last change left a log; None when none was made here, or nobody can tell."""
    path = _record(place)
    try:
        record = json.loads(path.read_bytes())
        left = FileIdentity(*record["log"])
        head = record["head"]
        return Left(
            left, record["crc32"], head if isinstance(head, str) else None, path.stat().st_mtime_ns
        )
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return None


def begins_as_left(place: Place, left: Left) -> bool:
    """Tell whether a log certainly begins as it was left; for a change, which must be sure.

    Raises:
        OSError: The log cannot be read.
    """
    if left.log.size < SMALLEST_LOG:
        with place.log_path.open("rb") as stream:
            data = stream.read(left.log.size)
        return len(data) == left.log.size and crc32(data) == left.digest
    return FileIdentity.of(place.log_path.stat()) == left.log and is_settled(
        left.log, left.written_ns
    )


def looks_cut(place: Place) -> bool:
    """Tell whether committed rows may be missing; for readers, who only need to be told.

    Of a long log only the size is looked at: a reader must not read all of it.
    """
    left = read_left(place)
    if left is None:
        # Nothing was changed from this checkout yet: only a log that is gone is striking.
        return not place.log_path.exists() and place.log_path.with_name(STATUS_FILE).exists()
    try:
        if left.log.size >= SMALLEST_LOG:
            return place.log_path.stat().st_size < left.log.size
        return not begins_as_left(place, left)
    except OSError:
        return True


def _record(place: Place) -> Path:
    return place.lock_path.with_suffix(".left")
