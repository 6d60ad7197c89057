"""The frontmatter of work package files, read without loading a YAML library when it is simple.

Almost every file holds plain scalars and lists of them; a YAML parser costs 30 ms to import and
some milliseconds a file, on every command. Whatever is not certainly simple goes to the real
parser, so both readings agree (a property test compares them).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject, JsonScalar, JsonValue

# Compiled on first use: not every mission has files to read.
_KEY = r"([A-Za-z_][A-Za-z0-9_-]*):(?: +(.*))?\Z"
_ITEM = r"( *)- +(\S.*)\Z"
# A plain scalar starts with a letter (or a slash) and holds neither ": " nor " #". Inside a flow list
# the list's own punctuation ends it.
_PLAIN = r"[A-Za-z_/](?:[^\n\t:#]|:(?=[^\s])|(?<=\S)#)*\Z"
_PLAIN_IN_LIST = r"[A-Za-z_/][^\n\t:#,\[\]{}\"'\\]*\Z"
_INTEGER = r"(?:0|[1-9][0-9]{0,8})\Z"
# Words that some YAML version reads as something else than text.
_SPECIAL = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})


class _NotSimple(Exception):
    """The text needs the real parser."""


def read_frontmatter(text: str, *, source: str) -> tuple[JsonObject, str]:
    """Split a Markdown file into frontmatter and body; no frontmatter reads as an empty one.

    Args:
        text: The file, with newlines as line ends.
        source: The file's name, for messages.

    Raises:
        YamlError: INVALID_YAML with the line in the file.
    """
    if not text.startswith("---\n"):
        return {}, text
    end = text.find("\n---\n", 3)
    if end >= 0:
        block, body = text[4 : end + 1], text[end + 5 :]
        simple = parse_simple_mapping(block)
        if simple is not None:
            return simple, body
    return _read_with_parser(text, source)


def parse_simple_mapping(block: str) -> JsonObject | None:
    """Parse a mapping of plain scalars and lists of them; None when it is not certainly one."""
    document: JsonObject = {}
    pending: str | None = None
    items: list[JsonValue] = []
    indent = ""
    try:
        for line in block.split("\n"):
            stripped = line.strip(" ")
            if not stripped or stripped.startswith("#"):
                continue
            item = re.match(_ITEM, line)
            if item is not None:
                if pending is None or (items and item.group(1) != indent):
                    return None
                indent = item.group(1)
                items.append(_scalar(item.group(2).rstrip(" ")))
                document[pending] = items
                continue
            key = re.match(_KEY, line.rstrip(" "))
            if key is None or key.group(1) in document or key.group(1).lower() in _SPECIAL:
                return None
            name, value = key.group(1), key.group(2)
            if value:
                document[name], pending = _value(value), None
            else:
                # "key:" alone is null unless a list follows.
                document[name], pending, items = None, name, []
    except _NotSimple:
        return None
    return document


def _value(text: str) -> JsonValue:
    if not text.startswith("["):
        return _scalar(text)
    if not text.endswith("]"):
        raise _NotSimple
    inner = text[1:-1].strip(" ")
    if not inner:
        return []
    return [_scalar(part.strip(" "), _PLAIN_IN_LIST) for part in inner.split(",")]


def _scalar(text: str, plain: str = _PLAIN) -> JsonScalar:
    quote = text[:1]
    if quote in ("'", '"'):
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != quote or quote in inner or "\\" in inner or "," in inner:
            raise _NotSimple
        if not inner.isprintable():
            raise _NotSimple
        return inner
    if re.match(_INTEGER, text):
        return int(text)
    if re.match(plain, text) and text.isprintable():
        if text.lower() in _SPECIAL or text.endswith(":"):
            raise _NotSimple
        return text
    raise _NotSimple


def _read_with_parser(text: str, source: str) -> tuple[JsonObject, str]:
    from specify_cli.kernel.yaml import YamlError, load_yaml, split_frontmatter

    closing = re.search(r"^---[ \t]*$", text[4:], re.MULTILINE)
    if closing is None:
        return split_frontmatter(text, source=source)  # which says that the end is missing
    # The leading newline stands for the opening fence, so that line numbers are those of the file.
    document = load_yaml("\n" + text[4 : 4 + closing.start()], source=source)
    body = text[4 + closing.end() :].removeprefix("\n")
    if document is None:
        return {}, body
    if not isinstance(document, dict):
        raise YamlError(
            f"{source} line 2: the frontmatter is not a mapping of keys to values.",
            fix=f"Write `key: value` lines between the '---' lines of {source}.",
            details={"file": source, "line": 2},
        )
    return {str(key): value for key, value in document.items()}, body
