"""Parses governance files: what each declares, and on which line each value stands."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, cast

from specify_cli.governance.kinds import ACTIONS_SUFFIX, kind_of_file, target
from specify_cli.governance.places import BUILT_IN
from specify_cli.governance.problems import Problem
from specify_cli.kernel.yaml import YamlError, load_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from specify_cli.governance.kinds import Kind
    from specify_cli.governance.sources import SourceFile
    from specify_cli.kernel.json_types import JsonObject

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")

MAX_DEPTH = 50
_NESTING = re.compile(
    rf"[\[{{}}\]]|(?:[-?] +){{{MAX_DEPTH},}}|^ {{{MAX_DEPTH * 4},}}", re.MULTILINE
)


class Declaration:
    """What one file says about one item, or about the actions of one mission type.

    Attributes:
        kind: The kind; None for an action index.
        identity: The item's id, or the mission type.
        layer: Where it comes from.
        file: The file, for messages.
        document: What it says.
    """

    def __init__(
        self, kind: Kind | None, identity: str, source: SourceFile, document: JsonObject
    ) -> None:
        """Hold a parsed file; lines are looked for when one is asked for."""
        self.kind = kind
        self.identity = identity
        self.layer = source.layer
        self.file = source.file
        self.document = document
        self._text = source.text

    @property
    def target(self) -> str:
        """How the item is pointed to; empty for an action index."""
        return target(self.kind.name, self.identity) if self.kind else ""

    def problem(self, path: str, message: str) -> Problem:
        """Return a problem at the line of a JSON path such as `$.requires[0]`."""
        return Problem(self.file, self.line(path), message)

    def line(self, path: str) -> int | None:
        """Return the line of a JSON path, or of the nearest value around it."""
        return None if self.layer == BUILT_IN else self._lines(path)

    @cached_property
    def _lines(self) -> Callable[[str], int]:
        return lines_of(self._text)


def lines_of(text: str) -> Callable[[str], int]:
    """Return a function that finds the line of a JSON path in a valid YAML text."""
    from specify_cli.contract.positions import YamlLines

    return YamlLines(text, first=1)


def parsed(source: SourceFile, problems: list[Problem]) -> JsonObject | None:
    """Parse a YAML file that holds a mapping; add to `problems` when it does not."""
    hostile = _hostile(source.text)
    if hostile is not None:
        problems.append(Problem(source.file, *hostile))
        return None
    try:
        document = load_yaml(source.text, source=source.file)
    except YamlError as error:
        at = error.details.get("line")
        message = error.message.rstrip(".").partition(": ")[2] or error.message
        if "'\\t'" in message:
            message = "a tab cannot indent YAML; use spaces"
        problems.append(Problem(source.file, at if isinstance(at, int) else None, message))
        return None
    if not isinstance(document, dict) or any(not isinstance(key, str) for key in document):
        problems.append(Problem(source.file, 1, "it is not a mapping of keys to values"))
        return None
    return cast("JsonObject", document)


def _hostile(text: str) -> tuple[int, str] | None:
    """Return the line of what must not reach the parser, and why.

    The parser takes minutes for what is nested thousands of levels deep. Brackets inside of texts
    are counted too: nobody needs so many that stay open.
    """
    control = _CONTROL.search(text)
    if control is not None:
        line = text.count("\n", 0, control.start()) + 1
        return line, f"it holds the control character {control[0]!r}"
    depth = 0
    for found in _NESTING.finditer(text):
        opens = found[0] in "[{"
        depth = max(0, depth + (1 if opens else -1)) if len(found[0]) == 1 else depth
        if depth > MAX_DEPTH or len(found[0]) > 1:
            line = text.count("\n", 0, found.start()) + 1
            return line, f"it is nested more than {MAX_DEPTH} levels deep"
    return None


def declarations(files: Iterable[SourceFile], problems: list[Problem]) -> list[Declaration]:
    """Parse files; those that declare nothing usable are added to `problems`."""
    found: list[Declaration] = []
    for source in files:
        name = source.file.rpartition("/")[2]
        kind = kind_of_file(name)
        if kind is None and not name.endswith(ACTIONS_SUFFIX):
            problems.append(Problem(source.file, None, _NO_KIND))
            continue
        document = parsed(source, problems)
        if document is None:
            continue
        key = kind.id_key if kind else "mission_type"
        identity = document.get(key)
        if not isinstance(identity, str) or not identity:
            problems.append(
                Problem(source.file, lines_of(source.text)(f"$.{key}"), f"{key} is not a text")
                if key in document
                else Problem(source.file, 1, f"{key} is missing")
            )
            continue
        found.append(Declaration(kind, identity, source, document))
    return found


_NO_KIND = (
    "its name tells no kind; let it end in .directive.yaml, .tactic.yaml, .styleguide.yaml, "
    ".procedure.yaml, .toolguide.yaml, .paradigm.yaml, .agent.yaml or .actions.yaml"
)
