"""Finds the line at which a value of a document stands."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+', re.DOTALL)


class Lines(ABC):
    """Lines of the values of one document; looked for only when one is asked for."""

    def __init__(self, text: str, *, first: int) -> None:
        """Remember a text.

        Args:
            text: A valid document.
            first: Line of the file at which it begins.
        """
        self._text = text
        self._first = first
        self._found: dict[str, int] | None = None

    def __call__(self, path: str) -> int:
        """Return the line of a JSON path, or of the nearest value around it."""
        if self._found is None:
            self._found = dict(self._positions(self._text))
        while path not in self._found and len(path) > 1:
            path = path[: max(path.rfind("."), path.rfind("["), 1)]
        return self._first + self._found.get(path, 0)

    @abstractmethod
    def _positions(self, text: str) -> Iterator[tuple[str, int]]:
        """Yield the JSON path of each value with its line in the text, from 0."""
        ...


class JsonLines(Lines):
    """Lines of a JSON document."""

    def _positions(self, text: str) -> Iterator[tuple[str, int]]:
        from spec_kitty_contracts.gate.runtime import at_key

        containers: list[tuple[str, int | None]] = []
        path: str | None = "$"  # of the value that comes next; None where a key comes next
        line = counted = 0
        for match in _TOKEN.finditer(text):
            piece = match.group()
            if piece in "}]":
                containers.pop()
            elif piece == ",":
                holder, index = containers.pop()
                containers.append((holder, None if index is None else index + 1))
                path = None if index is None else f"{holder}[{index + 1}]"
            elif path is None:
                path = at_key(containers[-1][0], json.loads(piece))
            elif piece != ":":
                line += text.count("\n", counted, match.start())
                counted = match.start()
                yield path, line
                if piece == "{":
                    containers.append((path, None))
                    path = None
                elif piece == "[":
                    containers.append((path, 0))
                    path += "[0]"


class YamlLines(Lines):
    """Lines of a YAML document."""

    def _positions(self, text: str) -> Iterator[tuple[str, int]]:
        from ruamel.yaml import YAML

        root = YAML(typ="safe", pure=True).compose(text)
        if root is not None:
            yield from _yaml_values(root, "$", root.start_mark.line)


def _yaml_values(node: Any, path: str, line: int) -> Iterator[tuple[str, int]]:
    from spec_kitty_contracts.gate.runtime import at_key

    yield path, line
    if node.id == "mapping":
        for key, value in node.value:
            yield from _yaml_values(value, at_key(path, str(key.value)), key.start_mark.line)
    elif node.id == "sequence":
        for number, item in enumerate(node.value):
            yield from _yaml_values(item, f"{path}[{number}]", item.start_mark.line)
