"""What changed between two contract sets, what it breaks, and whose code it concerns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specify_cli.contract.contract_sets import load_contract_set
from specify_cli.contract.data_changes import compare_data
from specify_cli.contract.schema_changes import SchemaChange, compare_schemas
from specify_cli.contract.usage import modules_using

if TYPE_CHECKING:
    from collections.abc import Iterator

    from specify_cli.contract.contract_sets import ContractSet
    from specify_cli.kernel.json_types import JsonObject

_TYPE_IN_POINTER = re.compile(r"^#/(?:\$defs|components/schemas)/(\w+)")


@dataclass(frozen=True, slots=True)
class ContractChange:
    """One change of one document.

    Attributes:
        document: Identity of the document: `$id` of a schema, else the file's name.
        pointer: JSON pointer in it.
        kind: Stable name, e.g. `property_removed`.
        breaking: Whether documents or programs that worked before may fail now.
        text: The change in words.
        used_by: Modules of this program that use what changed.
    """

    document: str
    pointer: str
    kind: str
    breaking: bool
    text: str
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContractDifference:
    """Everything that differs between two contract sets.

    Attributes:
        old: Name of the old set.
        new: Name of the new set.
        changes: The changes, breaking ones first.
    """

    old: str
    new: str
    changes: tuple[ContractChange, ...]

    @property
    def breaking(self) -> tuple[ContractChange, ...]:
        """The changes that break something."""
        return tuple(change for change in self.changes if change.breaking)

    def to_json(self) -> JsonObject:
        """Return the difference as a JSON document."""
        return {
            "result": "success",
            "old": self.old,
            "new": self.new,
            "breaking": len(self.breaking),
            "additive": len(self.changes) - len(self.breaking),
            "changes": [
                {
                    "document": change.document,
                    "pointer": change.pointer,
                    "kind": change.kind,
                    "effect": "breaking" if change.breaking else "additive",
                    "text": change.text,
                    "used_by": list(change.used_by),
                }
                for change in self.changes
            ],
        }

    def to_text(self) -> str:
        """Return the difference for people."""
        if not self.changes:
            return f"No difference between {self.old} and {self.new}."
        lines = []
        for change in self.changes:
            effect = "breaking" if change.breaking else "additive"
            lines.append(f"{effect}  {change.document}{change.pointer}: {change.text}")
            lines += [f"          used by {module}" for module in change.used_by]
        additive = len(self.changes) - len(self.breaking)
        lines.append(f"{len(self.breaking)} breaking, {additive} additive.")
        return "\n".join(lines)


def diff(old: str, new: str) -> ContractDifference:
    """Compare two contract sets.

    Args:
        old: A folder or file, `installed` (the contracts that this release was built from), or
            `spec-kitty-events[==version]` (the installed package).
        new: The same for the other side. Where a side is a release, only the groups of documents
            that both sides have are compared.

    Raises:
        ContractSetNotFound: CONTRACT_SET_NOT_FOUND.
        ContractUnreadable: CONTRACT_UNREADABLE.
    """
    before, after = load_contract_set(old), load_contract_set(new)
    old_documents, new_documents = _comparable(before, after), _comparable(after, before)
    changes = [
        _located(identity, change, new_documents.get(identity))
        for identity in sorted({*old_documents, *new_documents})
        for change in _document_changes(old_documents.get(identity), new_documents.get(identity))
    ]
    changes.sort(key=lambda change: (not change.breaking, change.document, change.pointer))
    return ContractDifference(before.name, after.name, tuple(changes))


def _comparable(side: ContractSet, other: ContractSet) -> dict[str, JsonObject]:
    if not (side.is_release or other.is_release):
        return side.documents
    groups = {_group(identity) for identity in other.documents}
    return {
        identity: document
        for identity, document in side.documents.items()
        if _group(identity) in groups
    }


def _group(identity: str) -> str:
    """Return what the `$id`s of one folder have in common; a file without one is on its own."""
    folder, slash, _ = identity.rpartition("/")
    return folder if slash else identity


def _document_changes(old: Any, new: Any) -> Iterator[SchemaChange]:
    if new is None:
        yield SchemaChange("#", "document_removed", True, "the document is gone")
    elif old is None:
        yield SchemaChange("#", "document_added", False, "the document is new")
    elif "openapi" in old and "openapi" in new:
        yield from _api_changes(old, new)
    elif _is_schema(old) and _is_schema(new):
        yield from compare_schemas(old, new)
    else:
        yield from compare_data(old, new)


def _api_changes(old: Any, new: Any) -> Iterator[SchemaChange]:
    before, after = old["components"]["schemas"], new["components"]["schemas"]
    for name in sorted({*before, *after}):
        place = f"#/components/schemas/{name}"
        if name not in after:
            yield SchemaChange(place, "message_removed", True, f"message {name} is gone")
        elif name not in before:
            yield SchemaChange(place, "message_added", False, f"message {name} is new")
        else:
            roots = ({**old, **before[name]}, {**new, **after[name]})
            for change in compare_schemas(*roots):
                pointer = change.pointer
                if not pointer.startswith("#/components/"):
                    pointer = place + pointer.removeprefix("#")
                yield SchemaChange(pointer, change.kind, change.breaking, change.text)
    yield from compare_data(old["paths"], new["paths"], "#/paths")


def _is_schema(document: Any) -> bool:
    return any(key in document for key in ("$schema", "properties", "$defs", "type", "enum"))


def _located(identity: str, change: SchemaChange, document: Any) -> ContractChange:
    match = _TYPE_IN_POINTER.match(change.pointer)
    name = match.group(1) if match else (document or {}).get("title")
    if not isinstance(name, str):
        parts = identity.rpartition("/")[2].partition(".")[0].split("_")
        name = "".join(part.capitalize() for part in parts)
    return ContractChange(
        document=identity,
        pointer=change.pointer,
        kind=change.kind,
        breaking=change.breaking,
        text=change.text,
        used_by=modules_using(identity, name),
    )
