"""Reads JSON, JSONL, YAML and frontmatter files strictly, remembering where each value stands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from specify_cli.contract.positions import JsonLines, YamlLines
from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LINES: Final = frozenset({".jsonl", ".ndjson"})
_YAML: Final = frozenset({".yaml", ".yml"})
_MARKDOWN: Final = frozenset({".md", ".markdown"})


class FileUnreadable(SpecKittyError):
    """The file to validate cannot be read."""

    code = "FILE_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Unparsable:
    """A document that is no JSON or YAML.

    Attributes:
        line: Line in the file, from 1.
        rule: What kind of fault: `encoding`, `json`, `torn_line`, `duplicate_key`, `yaml`.
        found: What is there.
        expected: What should be there.
    """

    line: int
    rule: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document of a file.

    Attributes:
        line: Line at which it begins, from 1.
        value: The document.
        line_of: Finds the line of a JSON path in it.
    """

    line: int
    value: object
    line_of: Callable[[str], int]


def read_documents(path: Path) -> Iterator[Parsed | Unparsable]:
    """Yield each document of a file: one per line of a JSONL file, one for any other.

    A file without a telling suffix that holds one JSON object per line is read as JSONL.

    Raises:
        FileUnreadable: FILE_UNREADABLE.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileUnreadable(
            f"{path.name} cannot be read: {reason}.",
            fix="Give the path of an existing JSON, JSONL, YAML or Markdown file.",
            details={"file": path.name, "reason": reason},
        ) from error
    suffix = path.suffix.lower()
    if suffix in _LINES:
        yield from _json_lines(data)
    elif suffix in _YAML or suffix in _MARKDOWN:
        yield from _yaml_document(data, path.name, is_markdown=suffix in _MARKDOWN)
    else:
        yield from _json_document(data)


def _json_lines(data: bytes) -> Iterator[Parsed | Unparsable]:
    lines = data.split(b"\n")
    torn = lines.pop() if lines else b""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _json(line, number)
    if torn.strip():
        last = len(lines) + 1
        document = _json(torn, last)
        if isinstance(document, Unparsable):
            whole = "a whole line that ends with a newline"
            document = Unparsable(
                last, "torn_line", f"the file ends in it: {document.found}", whole
            )
        yield document


def _json_document(data: bytes) -> Iterator[Parsed | Unparsable]:
    document = _json(data, 1)
    if isinstance(document, Unparsable) and document.found.startswith("Extra data"):
        first = data.lstrip().partition(b"\n")[0]
        if isinstance(_json(first, 1), Parsed):
            yield from _json_lines(data)
            return
    yield document


def _json(data: bytes, line: int) -> Parsed | Unparsable:
    try:
        text = data.decode("utf-8-sig" if line == 1 else "utf-8")
    except UnicodeDecodeError as error:
        at = line + data.count(b"\n", 0, error.start)
        return Unparsable(at, "encoding", f"byte {error.start} is no UTF-8", "UTF-8 text")
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object)
    except _DuplicateKey as error:
        return Unparsable(line, "duplicate_key", f"{error.args[0]!r} twice", "each key once")
    except json.JSONDecodeError as error:
        found = f"{error.msg} in column {error.colno}"
        return Unparsable(line + error.lineno - 1, "json", found, "a JSON document")
    except (ValueError, RecursionError) as error:
        return Unparsable(line, "json", str(error).partition("\n")[0], "a JSON document")
    return Parsed(line, value, JsonLines(text, first=line))


def _yaml_document(data: bytes, name: str, *, is_markdown: bool) -> Iterator[Parsed | Unparsable]:
    from specify_cli.kernel.yaml import YamlError, load_yaml, split_frontmatter

    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        if is_markdown:
            value: object = split_frontmatter(text, source=name)[0]
        else:
            value = load_yaml(text, source=name)
    except UnicodeDecodeError as error:
        at = 1 + data.count(b"\n", 0, error.start)
        yield Unparsable(at, "encoding", f"byte {error.start} is no UTF-8", "UTF-8 text")
    except YamlError as error:
        at_line = error.details.get("line")
        yield Unparsable(
            at_line if isinstance(at_line, int) else 1, "yaml", error.message, "a YAML document"
        )
    else:
        block = text.partition("\n---")[0].removeprefix("---") if is_markdown else text
        yield Parsed(1, value, YamlLines(block, first=1))


class _DuplicateKey(Exception):
    """A key that stands twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _DuplicateKey(next(key for key in keys if keys.count(key) > 1))
    return found


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON number")
