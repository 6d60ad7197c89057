"""The half row that a crash leaves at the end of a log: never acknowledged, so never committed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.status.lines import opened

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

    from specify_cli.status.mission_log import MissionLog

_BLOCK_BYTES = 65_536


class TornTail(NamedTuple):
    """Half a row at the end of a log.

    Attributes:
        offset: Where it begins, in bytes.
        data: It.
        kept: The file in the backups where it is kept when it is cut off.
    """

    offset: int
    data: bytes
    kept: Path

    def tell(self) -> None:
        """Note on standard error, or wherever the program logs to, that it was cut off."""
        import logging  # only when there is something to tell

        logging.getLogger("specify_cli").warning(
            "note: the log ended in half a row (%d bytes at byte %d), left by a crash before it was "
            "acknowledged; it is kept in %s",
            len(self.data),
            self.offset,
            self.kept,
        )


def uncommitted_tail(mission_log: MissionLog) -> TornTail | None:
    """Return the half row that a log ends in, if it is committed nowhere.

    Looks at the last byte only when the log ends as it should.

    Raises:
        ReadFailed: READ_FAILED.
    """
    with opened(mission_log.log_path) as stream:
        found = None if stream is None else _last_line(stream)
    if found is None:
        return None
    from specify_cli.status.idle_lines import NUL_LINE, TORN_TAIL, idle_kind
    from specify_cli.status.lost_rows import committed_lines

    offset, data = found
    if idle_kind(data, first=offset == 0) not in (TORN_TAIL, NUL_LINE):
        return None
    if any(line.strip() == data.strip() for line in committed_lines(mission_log)):
        return None
    from specify_cli.status.backups import new_backup

    kept = new_backup(mission_log) / f"torn.{mission_log.log_path.name}"
    return TornTail(offset, data, kept)


def _last_line(stream: BinaryIO) -> tuple[int, bytes] | None:
    """Return a last line without its line end, and where it begins."""
    end = stream.seek(0, os.SEEK_END)
    if end == 0:
        return None
    stream.seek(end - 1)
    if stream.read(1) == b"\n":
        return None
    start, data = end, b""
    while start and b"\n" not in data:
        step = min(start, _BLOCK_BYTES)
        start -= step
        stream.seek(start)
        data = stream.read(step) + data
    last = data.rpartition(b"\n")[2]
    return end - len(last), last
