"""The lines of a JSONL log: which of them hold a JSON object, and why the others do not."""

from __future__ import annotations

import json
from contextlib import contextmanager
from json.scanner import make_scanner
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from specify_cli.kernel.files import ReadFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BOM = b"\xef\xbb\xbf"
_CONFLICT_MARKERS = (b"<<<<<<<", b"=======", b">>>>>>>", b"|||||||")

_scan = make_scanner(json.JSONDecoder())  # type: ignore[arg-type]  # stubs: its own class


class UnusableRow(Exception):
    """A line that is no row; the text says why."""


class RowLine(NamedTuple):
    """One line of a log that is not blank: its whole row, or why there is none.

    `line` counts from 1, `offset` is where the line begins, in bytes.
    """

    line: int
    offset: int
    row: dict[str, Any] | None
    problem: str | None


def iter_rows(path: Path) -> Iterator[RowLine]:
    """Yield every line of a log that is not blank, with its whole row; a missing file has none.

    Raises:
        ReadFailed: READ_FAILED.
    """
    with opened(path) as stream:
        offset = 0
        for number, raw in enumerate(stream or (), 1):
            try:
                row = parse_line(raw, first=number == 1)
                if row is not None:
                    yield RowLine(number, offset, row, None)
            except UnusableRow as problem:
                yield RowLine(number, offset, None, str(problem))
            offset += len(raw)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO | None]:
    """Open a log for reading; None if there is none.

    Raises:
        ReadFailed: READ_FAILED: it is a folder, or there is no permission.
    """
    try:
        with path.open("rb") as stream:
            yield stream
    except FileNotFoundError:
        yield None
    except OSError as error:
        raise ReadFailed(
            f"{path.name} cannot be read: {error.strerror}.",
            fix=f"Make {path.name} a readable file, then run the command again.",
            details={"file": path.name},
        ) from error


def parse_lines(block: bytes) -> list[Any] | None:
    """Parse whole lines in one call, as the elements of one array; None if any line is unusual.

    Much faster than line by line. It cannot pass a damaged line off as a good one: no string may span
    two lines, and a line that leaves a bracket open swallows the next, so that the number of values
    is no longer the number of lines.

    Args:
        block: Lines, each with its newline.
    """
    if b"\\" in block and (b"\\ud" in block or b"\\uD" in block):
        return None
    try:
        text = (b"[" + block[:-1].replace(b"\n", b"\n,") + b"]").decode()
        rows, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError):
        return None
    return rows if end == len(text) and len(rows) == block.count(b"\n") else None


def parse_line(raw: bytes, *, first: bool = False) -> dict[str, Any] | None:
    """Parse one line of a log; None for a blank one.

    Args:
        raw: The line with its line end, if it has one.
        first: It is the first line, so a byte order mark may precede it.

    Raises:
        UnusableRow: It holds no JSON object.
    """
    if first and raw.startswith(_BOM):
        raw = raw[len(_BOM) :]
    stripped = raw.strip()
    if not stripped:
        return None
    try:
        text = stripped.decode()
        row, end = _scan(text, 0)
    except (ValueError, StopIteration, RecursionError) as error:
        raise UnusableRow(_why(stripped, torn=not raw.endswith(b"\n"))) from error
    if end != len(text):
        raise UnusableRow("there is more than one JSON value on the line")
    if not isinstance(row, dict):
        raise UnusableRow("it is not a JSON object")
    if b"\\u" in stripped:
        _refuse_lone_surrogates(row)
    return row


def _why(line: bytes, *, torn: bool) -> str:
    """Say why a line is not JSON, most specific first."""
    if line.startswith(_CONFLICT_MARKERS):
        return "it is a merge-conflict marker"
    if b"\0" in line:
        return "it contains NUL bytes, as a crash of the machine leaves them"
    try:
        line.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8 text"
    if torn:
        return "it is torn: the file ends in the middle of a row"
    return "it is not valid JSON"


def _refuse_lone_surrogates(row: dict[str, Any]) -> None:
    """Refuse text that could never be written as UTF-8 again."""
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UnusableRow("it contains half a surrogate pair") from error
