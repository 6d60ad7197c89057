"""Durable files: append with one fsync, replace atomically, read forgivingly.

Every write goes through a `Disk`, whose primitives (write, fsync, rename, truncate) a test can make
fail at the n-th call.
"""

from __future__ import annotations

import codecs
import errno
import json
import os
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class WriteFailed(SpecKittyError):
    """A file could not be written; what was there before is still there."""

    code = "WRITE_FAILED"


class ReadFailed(SpecKittyError):
    """A file exists but cannot be read."""

    code = "READ_FAILED"


class LinkLeadsOut(SpecKittyError):
    """A file or folder of the project is a link to somewhere else."""

    code = "LINK_LEADS_OUT"


class Disk:
    """The file operations that change something, as overridable primitives."""

    def write(self, descriptor: int, data: bytes) -> int:
        """Write bytes; may write fewer, like `os.write`."""
        return os.write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        """Force a file's data to the disk."""
        os.fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Replace `target` by `source` in one step."""
        source.replace(target)

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file back to `size` bytes."""
        os.truncate(path, size)

    def append_lines(self, path: Path, lines: Iterable[bytes]) -> int:
        """Append whole lines with one write and one fsync; return the size before.

        A torn last line of an earlier crash gets its newline first, so that it stays one bad line
        and never swallows a good one. When the write fails, the file is cut back to its old size.

        Raises:
            WriteFailed: WRITE_FAILED: disk full, read-only, or no such folder.
        """
        data = joined(lines)
        try:
            descriptor = os.open(path, _APPEND_FLAGS, 0o644)
        except OSError as error:
            raise write_failed(path, error) from error
        try:
            size = os.fstat(descriptor).st_size
            if size and _last_byte(path, size) != b"\n":
                data = b"\n" + data
            try:
                self._write_all(descriptor, data)
                self._force(descriptor)
            except BaseException as error:
                # An interrupt must not leave half a row behind either.
                _cut_back(descriptor, size)
                if isinstance(error, OSError):
                    raise write_failed(path, error) from error
                raise
        finally:
            os.close(descriptor)
        return size

    def write_atomic(
        self, path: Path, data: bytes, *, durable: bool = True, scratch: Path | None = None
    ) -> None:
        """Replace a file's content: temporary file beside it, fsync, rename.

        Args:
            path: The file; missing folders above it are made.
            data: Its whole new content.
            durable: False skips the fsync, for files that can be derived again.
            scratch: The temporary file, for a writer who is alone (holds a lock): what a crash
                leaves of it, the next write takes. By default it has a name of its own.

        Raises:
            WriteFailed: WRITE_FAILED: the old content is untouched.
        """
        temporary = scratch or path.with_name(f".{path.name[:80]}.{new_ulid()}.tmp")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            flags = _CREATE_FLAGS | (os.O_TRUNC if scratch else os.O_EXCL)
            descriptor = os.open(temporary, flags, 0o644)
            try:
                self._write_all(descriptor, data)
                if durable:
                    self._force(descriptor)
            finally:
                os.close(descriptor)
            self._rename_patiently(temporary, path)
        except OSError as error:
            _forget(temporary)
            raise write_failed(path, error) from error
        except BaseException:
            _forget(temporary)
            raise

    def _write_all(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self.write(descriptor, bytes(view)) :]

    def _force(self, descriptor: int) -> None:
        """Force data to the disk, where the file system knows how to; some network ones do not."""
        try:
            self.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NO_FSYNC:
                raise

    def _rename_patiently(self, source: Path, target: Path) -> None:
        """Rename; on Windows, a reader of the target or a virus scanner is in the way for a moment."""
        for pause in _RENAME_PAUSES:
            try:
                return self.rename(source, target)
            except PermissionError:
                time.sleep(pause)
        return self.rename(source, target)


_BINARY = getattr(os, "O_BINARY", 0)
_APPEND_FLAGS = os.O_APPEND | os.O_CREAT | os.O_RDWR | _BINARY
_NO_FSYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})
_RENAME_PAUSES = (0.01, 0.02, 0.04, 0.08)
_CREATE_FLAGS = os.O_CREAT | os.O_WRONLY | _BINARY

DISK = Disk()


def read_text(path: Path) -> str:
    """Read a UTF-8 file; a byte order mark is dropped, line ends become newlines.

    Raises:
        FileNotFoundError: There is no such file.
        ReadFailed: READ_FAILED: not UTF-8, a folder, or no permission.
    """
    try:
        # Decoded here: the codec utf-8-sig and the translating reader cost a millisecond to load.
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8).decode("utf-8")
        return text.replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ReadFailed(
            f"{path.name} cannot be read: {reason}.",
            fix=f"Check the file's permissions and encoding (UTF-8): {path.name}",
            details={"file": path.name},
        ) from error


def leads_outside(path: Path, boundary: Path) -> bool:
    """Whether a path, followed through all links, leaves a folder; a link that leads nowhere does."""
    try:
        return not path.resolve(strict=True).is_relative_to(boundary.resolve())
    except (OSError, RuntimeError):  # a circle of links
        return True


def refuse_link_out(path: Path, boundary: Path) -> None:
    """Refuse a link that leads out of a folder: what is read and written there is not the project's.

    Args:
        path: What may be a link; it lies below the boundary, and need not exist.
        boundary: The folder, such as the main checkout.

    Raises:
        LinkLeadsOut: LINK_LEADS_OUT.
    """
    if path.is_symlink() and leads_outside(path, boundary):
        shown = path.relative_to(boundary).as_posix()
        raise LinkLeadsOut(
            f"{shown} is a link that leads out of the project.",
            fix=f"Put the file or folder itself at {shown}, in place of the link.",
            details={"file": shown},
        )


def refuse_links_out_of(folder: Path, boundary: Path) -> None:
    """Refuse links directly in a folder, if it exists, that lead out of the boundary.

    Raises:
        LinkLeadsOut: LINK_LEADS_OUT.
    """
    # No folder, no links in it.
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                refuse_link_out(folder / entry.name, boundary)


def json_document(document: object) -> bytes:
    """Render a JSON file as the project writes it: sorted keys, two spaces, final newline."""
    text = json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False)
    return (text + "\n").encode("utf-8")


def joined(lines: Iterable[bytes]) -> bytes:
    """Return lines as one text, each with exactly one newline."""
    return b"".join(line.rstrip(b"\n") + b"\n" for line in lines)


def json_line(row: object) -> bytes:
    """Render one row of a JSONL file, without the newline."""
    return json.dumps(row, sort_keys=True, ensure_ascii=False).encode("utf-8")


def _last_byte(path: Path, size: int) -> bytes:
    with path.open("rb") as stream:
        stream.seek(size - 1)
        return stream.read(1)


def _cut_back(descriptor: int, size: int) -> None:
    # A disk that refuses this too leaves a torn line, which the next append ends and readers report.
    with suppress(OSError):
        os.ftruncate(descriptor, size)


def _forget(temporary: Path) -> None:
    # The folder may not even exist, or be a file; the error that led here is the one to tell.
    with suppress(OSError):
        temporary.unlink(missing_ok=True)


def write_failed(path: Path, error: OSError) -> WriteFailed:
    """Describe a refusal of the operating system to change a file."""
    reason = error.strerror or type(error).__name__
    return WriteFailed(
        f"{path.name} could not be written: {reason}. Nothing was changed.",
        fix=f"Free disk space or make {path.parent.name or 'the folder'} writable, then run the command again.",
        details={"file": path.name, "reason": reason, "platform": sys.platform},
    )
