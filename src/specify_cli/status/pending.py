"""The marker of a change in flight: which files it writes, and how to take it back.

The marker lies beside the mission's lock while a change writes. A process that dies leaves it behind.
With the last row of the change in the log, the change happened, and the next one commits it. Before
that it did not, and whoever comes next, reader or writer, puts back what it had written: no crash shows
half a change (DESIGN.md P1).
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from specify_cli.kernel.files import DISK, WriteFailed, write_failed
from specify_cli.kernel.locks import LockTimeout, LockUnavailable, file_lock

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from specify_cli.kernel.files import Disk
    from specify_cli.kernel.json_types import JsonValue


class Replacement(NamedTuple):
    """A file that a change replaces, makes or deletes.

    Attributes:
        path: The file.
        backup: Where its content is kept meanwhile; None for a file that was not there.
        digest: Tells its new content (`digest_of`); None for a file that is deleted.
    """

    path: Path
    backup: Path | None
    digest: str | None


class WayBack(NamedTuple):
    """How to take a change back.

    Attributes:
        replacements: The files to put back.
        log: The log.
        size: Its length in bytes before its rows.
        rows: What is appended to it. With all of it there, the change happened.
    """

    replacements: tuple[Replacement, ...]
    log: Path
    size: int
    rows: bytes

    @property
    def has_files(self) -> bool:
        """Whether more than the log is written."""
        return bool(self.replacements)


class Pending(NamedTuple):
    """What a marker says.

    Attributes:
        files: Every file that the change writes, and what an earlier one left uncommitted.
        way_back: None when nothing is left to take back: the change happened, or was taken back.
    """

    files: tuple[Path, ...]
    way_back: WayBack | None


def marker_path(lock: Path) -> Path:
    """Return where the marker of a mission lies, given its lock."""
    return lock.with_suffix(".pending")


def write_marker(
    marker: Path, root: Path, pending: Pending, disk: Disk, *, durable: bool = False
) -> None:
    """Write the marker of a change; only under the mission's lock.

    Args:
        marker: The file.
        root: The checkout that all paths are in.
        pending: What to say.
        disk: Where to write.
        durable: Whether it must outlive a power cut, because more than one step follows.

    Raises:
        WriteFailed: WRITE_FAILED.
    """
    document: dict[str, JsonValue] = {
        "files": [*sorted({path.relative_to(root).as_posix() for path in pending.files})]
    }
    back = pending.way_back
    if back is not None:
        document["replaced"] = [
            [path.relative_to(root).as_posix(), backup.name if backup else None, digest]
            for path, backup, digest in back.replacements
        ]
        document["log"] = back.log.relative_to(root).as_posix()
        document["size"] = back.size
        document["rows"] = back.rows.decode("utf-8", "surrogateescape")
    # One name, so that a crash leaves no more than one file; nobody else writes it under the lock.
    scratch = marker.with_name(f".{marker.name}.tmp")
    disk.write_atomic(marker, json.dumps(document).encode(), durable=durable, scratch=scratch)


def read_marker(marker: Path, root: Path) -> Pending | None:
    """Read a marker; None when there is none. A damaged one says nothing, so nothing is taken back."""
    try:
        document = json.loads(marker.read_bytes())
        files = tuple(_inside(root, name) for name in document["files"])
        if "rows" not in document:
            return Pending(files, None)
        replacements = tuple(_replacement(root, *entry) for entry in document["replaced"])
        rows = document["rows"].encode("utf-8", "surrogateescape")
        log = _inside(root, document["log"])
        return Pending(files, WayBack(replacements, log, int(document["size"]), rows))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Pending((), None)


def take_back(marker: Path, root: Path, disk: Disk) -> bool:
    """Put back what a crashed change wrote before all of its rows were in the log.

    Only under the mission's lock, and before the log is read. What somebody else changed since
    stays as it is.

    Args:
        marker: The mission's marker, which may not be there.
        root: The checkout that the change was made in.
        disk: Where to write.

    Returns:
        Whether there was anything to put back.

    Raises:
        WriteFailed: WRITE_FAILED: the next one tries again.
    """
    pending = read_marker(marker, root)
    if pending is None or pending.way_back is None:
        return False
    back = pending.way_back
    try:
        written = _from(back.log, back.size)
        # A last line that had no newline got one first.
        written = written[written.startswith(b"\n") :]
        if back.rows and written.startswith(back.rows):
            return False
        if not back.rows.startswith(written):
            return False  # another program appended since; its rows stay, and what is before them
        if written:
            disk.truncate(back.log, back.size)
        for replacement in back.replacements:
            _put_back(replacement, disk)
    except OSError as error:
        raise write_failed(back.log, error) from error
    sweep(pending.files)
    # Whatever is uncommitted still is; the next change commits it.
    write_marker(marker, root, Pending(pending.files, None), disk)
    return True


def take_back_if_crashed(lock: Path, root: Path, disk: Disk = DISK) -> bool:
    """Do as `take_back` before reading, unless a change is going on right now.

    A reader that may not write reads what is there; the next change takes it back or says why not.

    Args:
        lock: The mission's lock.
        root: The checkout that the mission's changes are made in.
        disk: Where to write.

    Returns:
        Whether anything was put back, so that what was read before must be read again.
    """
    marker = marker_path(lock)
    if not marker.exists():
        return False
    with suppress(LockTimeout, LockUnavailable, WriteFailed), file_lock(lock, timeout=0):
        return take_back(marker, root, disk)
    return False


def backup_beside(path: Path, name: str) -> Path:
    """Return where a file's content is kept while a change replaces it.

    Args:
        path: The file.
        name: A ULID.
    """
    return path.with_name(f".{path.name[:80]}.{name}.tmp")


def digest_of(data: bytes | None) -> str | None:
    """Return length and check sum of a content: enough to notice that somebody edited a file."""
    return None if data is None else f"{len(data)}-{crc32(data):08x}"


def sweep(paths: Iterable[Path]) -> None:
    """Remove the temporary files that a crash left beside files; nobody else writes these now."""
    from glob import escape  # only after a crash

    for path in set(paths):
        for temporary in path.parent.glob(f".{escape(path.name[:80])}.*.tmp"):
            temporary.unlink(missing_ok=True)


def way_back(
    replaced: Mapping[Path, bytes | None],
    backups: Mapping[Path, Path],
    log: Path,
    size: int,
    rows: bytes,
) -> WayBack | None:
    """Describe how to take a change back; None when it has but one step, which happens or does not.

    Args:
        replaced: The files it writes before its rows, with their new content.
        backups: Where the content of those that exist is kept.
        log: The log.
        size: Its length before the rows.
        rows: What is appended to it.
    """
    if not rows and len(replaced) < 2:
        return None
    replacements = tuple(
        Replacement(path, backups.get(path), digest_of(data)) for path, data in replaced.items()
    )
    return WayBack(replacements, log, size, rows)


def _put_back(replacement: Replacement, disk: Disk) -> None:
    path, backup, digest = replacement
    if digest_of(_content(path)) != digest:
        return  # not written yet, or changed since by somebody else
    if backup is None:
        path.unlink(missing_ok=True)
    elif backup.exists():
        disk.rename(backup, path)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _from(log: Path, size: int) -> bytes:
    """Return what a log has from an offset on."""
    try:
        with log.open("rb") as stream:
            stream.seek(size)
            return stream.read()
    except FileNotFoundError:
        return b""


def _inside(root: Path, name: object) -> Path:
    """Return the path of a file in the checkout.

    Raises:
        ValueError: It is elsewhere; such a marker is damaged.
    """
    if isinstance(name, str):
        path = root / name
        if path.is_relative_to(root) and ".." not in path.parts:
            return path
    raise ValueError(name)


def _replacement(root: Path, name: str, backup: str | None, digest: str | None) -> Replacement:
    path = _inside(root, name)
    kept = None if backup is None else path.with_name(backup)
    return Replacement(path, kept, digest)
