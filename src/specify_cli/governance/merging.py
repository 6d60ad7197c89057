"""Merges what the layers say about an item, field by field; the higher layer wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.governance.places import BUILT_IN, PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from specify_cli.governance.declarations import Declaration
    from specify_cli.governance.kinds import Kind
    from specify_cli.governance.problems import Problem
    from specify_cli.kernel.json_types import JsonObject, JsonValue

_OWN = frozenset({"id", "profile-id", "schema_version"})


class Merged(NamedTuple):
    """One item over all layers.

    Attributes:
        kind: Its kind.
        identity: Its id.
        document: The merged document.
        declarations: What each layer said, lowest first.
    """

    kind: Kind
    identity: str
    document: JsonObject
    declarations: tuple[Declaration, ...]

    @property
    def top(self) -> Declaration:
        """The declaration of the highest layer."""
        return self.declarations[-1]

    def problem(self, path: str, message: str) -> Problem:
        """Return a problem, placed in the highest file that says anything at this path."""
        key = path.removeprefix("$").removeprefix(".").partition(".")[0].partition("[")[0]
        said = [part for part in self.declarations if key in part.document]
        return (said or self.declarations)[-1].problem(path, message)


class Override(NamedTuple):
    """A field that a higher layer changed.

    Attributes:
        declaration: Who changed it.
        field: Which one.
        below: The layer that said something else.
        weakens: Whether a required directive is no longer one.
    """

    declaration: Declaration
    field: str
    below: str
    weakens: bool


def merged_document(lower: Mapping[str, JsonValue], upper: Mapping[str, JsonValue]) -> JsonObject:
    """Lay one document over another: mappings key by key, anything else as a whole; null removes."""
    result = dict(lower)
    for key, value in upper.items():
        below = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(below, dict):
            result[key] = merged_document(below, value)
        else:
            result[key] = value
    return result


def merge_layers(found: Iterable[Declaration], problems: list[Problem]) -> dict[str, Merged]:
    """Merge declarations by item; conflicts are added to `problems`.

    Args:
        found: Declarations of items, lowest layer first.
        problems: Gets what cannot be decided here.
    """
    grouped: dict[str, list[Declaration]] = {}
    for declaration in found:
        if declaration.kind is not None:
            grouped.setdefault(declaration.target, []).append(declaration)
    items = {}
    for name, group in grouped.items():
        problems += _twice(name, group)
        problems += _packs_disagree(group)
        document: JsonObject = {}
        for declaration in group:
            document = merged_document(document, declaration.document)
        kind = group[0].kind
        if kind is not None:
            items[name] = Merged(kind, group[0].identity, document, tuple(group))
    return items


def overrides(item: Merged) -> list[Override]:
    """Return the fields of an item that a higher layer changed."""
    found = []
    for at, declaration in enumerate(item.declarations):
        for field, value in declaration.document.items():
            below = [d for d in item.declarations[:at] if field in d.document]
            if field not in _OWN and below and below[-1].document[field] != value:
                weakens = field == "enforcement" and below[-1].document[field] == "required"
                found.append(Override(declaration, field, below[-1].layer, weakens))
    return found


def _twice(name: str, group: list[Declaration]) -> list[Problem]:
    first: dict[str, Declaration] = {}
    found = []
    for declaration in group:
        other = first.setdefault(declaration.layer, declaration)
        if other is not declaration:
            message = f"{name} is declared in {other.file} too; one layer declares an item once"
            found.append(declaration.problem("$", message))
    return found


def _packs_disagree(group: list[Declaration]) -> list[Problem]:
    """Two organisation packs that differ leave the choice to the project."""
    decided = {field for d in group if d.layer == PROJECT for field in d.document}
    packs = [d for d in group if d.layer not in (BUILT_IN, PROJECT)]
    found = []
    for at, declaration in enumerate(packs):
        for field, value in declaration.document.items():
            if field in _OWN | decided:
                continue
            for other in packs[:at]:
                if field in other.document and other.document[field] != value:
                    where = f"{other.file} line {other.line(f'$.{field}')}"
                    message = (
                        f"{field} of {declaration.target} differs from {where}; "
                        "set it in the project's own file to decide"
                    )
                    found.append(declaration.problem(f"$.{field}", message))
    return found
