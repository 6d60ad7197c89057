"""Files that survive crashes: append once, replace whole, read forgivingly."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.files import (
    DISK,
    Disk,
    ReadFailed,
    WriteFailed,
    json_document,
    json_line,
    read_text,
)

if TYPE_CHECKING:
    from pathlib import Path


class FullDisk(Disk):
    """Writes a few bytes, then there is no space left."""

    def __init__(self, space: int) -> None:
        self.space = space

    def write(self, descriptor: int, data: bytes) -> int:
        if not self.space:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = super().write(descriptor, data[: self.space])
        self.space -= written
        return written


class CountingDisk(Disk):
    """Counts the fsyncs."""

    def __init__(self) -> None:
        self.fsyncs = 0

    def fsync(self, descriptor: int) -> None:
        self.fsyncs += 1
        super().fsync(descriptor)


class FailingDisk(Disk):
    """Fails at one primitive."""

    def __init__(self, primitive: str, error: BaseException) -> None:
        self.primitive = primitive
        self.error = error

    def fsync(self, descriptor: int) -> None:
        self._perhaps("fsync")
        super().fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._perhaps("rename")
        super().rename(source, target)

    def _perhaps(self, primitive: str) -> None:
        if primitive == self.primitive:
            raise self.error


def test_lines_are_appended_with_one_fsync_and_the_old_size_is_returned(tmp_path: Path) -> None:
    log, disk = tmp_path / "log", CountingDisk()
    assert disk.append_lines(log, [b"one", b"two\n"]) == 0
    assert disk.append_lines(log, [b"three"]) == 8
    assert log.read_bytes() == b"one\ntwo\nthree\n"
    assert disk.fsyncs == 2


def test_a_torn_last_line_is_ended_before_the_next_row(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b'{"a": 1}\n{"b"')
    DISK.append_lines(log, [b'{"c": 3}'])
    assert log.read_bytes() == b'{"a": 1}\n{"b"\n{"c": 3}\n'


def test_a_write_in_small_pieces_is_completed(tmp_path: Path) -> None:
    class Dribble(Disk):
        def write(self, descriptor: int, data: bytes) -> int:
            return super().write(descriptor, data[:3])

    log = tmp_path / "log"
    Dribble().append_lines(log, [b"0123456789"])
    assert log.read_bytes() == b"0123456789\n"


@pytest.mark.parametrize("space", range(12))
def test_a_full_disk_leaves_the_log_as_it_was(tmp_path: Path, space: int) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    with pytest.raises(WriteFailed) as refused:
        FullDisk(space).append_lines(log, [b"0123456789", b"more"])
    assert log.read_bytes() == b"before\n"
    assert refused.value.code == "WRITE_FAILED"
    assert refused.value.details["file"] == "log"


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_an_append_that_is_not_confirmed_is_taken_back(
    tmp_path: Path, error: BaseException
) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    with pytest.raises((WriteFailed, KeyboardInterrupt)):
        FailingDisk("fsync", error).append_lines(log, [b"row"])
    assert log.read_bytes() == b"before\n"


def test_appending_below_a_folder_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WriteFailed, match="log could not be written"):
        DISK.append_lines(tmp_path / "no" / "log", [b"row"])


def test_a_file_is_replaced_whole_and_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.json"
    DISK.write_atomic(path, b"one")
    DISK.write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert [entry.name for entry in path.parent.iterdir()] == ["b.json"]


def test_a_file_that_can_be_derived_again_costs_no_fsync(tmp_path: Path) -> None:
    disk = CountingDisk()
    disk.write_atomic(tmp_path / "a", b"x", durable=False)
    assert disk.fsyncs == 0
    disk.write_atomic(tmp_path / "a", b"x")
    assert disk.fsyncs == 1


@pytest.mark.parametrize("primitive", ["fsync", "rename"])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), KeyboardInterrupt()])
def test_a_failed_replacement_leaves_the_old_content_and_no_scrap(
    tmp_path: Path, primitive: str, error: BaseException
) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"old")
    with pytest.raises((WriteFailed, KeyboardInterrupt)):
        FailingDisk(primitive, error).write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.json"]


def test_a_file_in_the_way_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(WriteFailed):
        DISK.write_atomic(tmp_path / "a" / "b", b"x")


def test_a_file_is_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")
    DISK.truncate(path, 4)
    assert path.read_bytes() == b"0123"


def test_text_is_read_without_byte_order_mark_and_with_newlines_only(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read_text(path) == "one\ntwo\n"


def test_text_that_is_not_utf8_is_an_error_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ReadFailed) as refused:
        read_text(path)
    assert refused.value.code == "READ_FAILED"
    assert "a.md" in refused.value.message


def test_a_folder_cannot_be_read_as_text(tmp_path: Path) -> None:
    with pytest.raises(ReadFailed):
        read_text(tmp_path)


def test_a_missing_file_stays_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_text(tmp_path / "a")


def test_json_documents_have_one_form() -> None:
    assert (
        json_document({"b": "ä", "a": [1]}) == '{\n  "a": [\n    1\n  ],\n  "b": "ä"\n}\n'.encode()
    )


def test_a_json_line_has_sorted_keys_and_no_newline_whatever_it_holds() -> None:
    line = json_line({"b": "x\ny\u2028z", "a": 1})
    assert b"\n" not in line
    assert json.loads(line) == {"a": 1, "b": "x\ny\u2028z"}
    assert line.startswith(b'{"a": 1, "b": ')
