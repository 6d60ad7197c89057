"""The contract documents that ship with the program."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specify_cli.kernel.errors import SpecKittyError, UsageError

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject

GATE_RULES: Final = "gate/upstream_contract.json"
PATCH_LIST: Final = "patches.json"
INDEX: Final = "index.json"
PINNED: Final = "PINNED.json"
SCHEMA_SUFFIX: Final = ".schema.json"


class UnknownSurface(UsageError):
    """There is no contract of that name."""

    code = "UNKNOWN_SURFACE"


class ContractUnreadable(SpecKittyError):
    """A contract document is missing or no JSON object."""

    code = "CONTRACT_UNREADABLE"


@dataclass(frozen=True, slots=True)
class Surface:
    """A kind of document that the gate checks.

    Attributes:
        name: Name for `gate.validate`.
        document: File with its schema, below the packaged schemas.
        pointer: JSON pointer of the schema in that file, `#` for the whole file.
        rules: File and JSON pointer of the gate artefact's section, when it has one.
    """

    name: str
    document: str
    pointer: str
    rules: str | None


def packaged_folder() -> Path:
    """Return the folder of the packaged documents; its layout is that of `contracts/`."""
    import spec_kitty_contracts

    return Path(spec_kitty_contracts.__path__[0], "schemas")


def packaged_document(name: str) -> JsonObject:
    """Read a packaged document.

    Args:
        name: Path below the packaged schemas, e.g. `events/event.schema.json`.

    Raises:
        ContractUnreadable: CONTRACT_UNREADABLE.
    """
    return read_document(packaged_folder() / name, shown=name)


def read_document(path: Path, *, shown: str | None = None) -> JsonObject:
    """Read a JSON object from a file.

    Args:
        path: The file.
        shown: How messages name it; its own name without this.

    Raises:
        ContractUnreadable: CONTRACT_UNREADABLE.
    """
    name = shown or path.name
    try:
        document: Any = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise _unreadable(name, reason or type(error).__name__) from error
    if not isinstance(document, dict):
        raise _unreadable(name, "it is no JSON object")
    return document


@cache
def surfaces() -> dict[str, Surface]:
    """Return the surfaces of the gate by name, in alphabetical order."""
    entries: Any = packaged_document(INDEX)["surfaces"]
    return {
        name: Surface(name, entry["document"], entry["pointer"], entry["rules"])
        for name, entry in sorted(entries.items())
    }


def surface(name: str) -> Surface:
    """Return a surface.

    Raises:
        UnknownSurface: UNKNOWN_SURFACE, listing what there is.
    """
    known = surfaces()
    if name in known:
        return known[name]
    raise UnknownSurface(
        f"There is no contract called {name!r}.",
        fix=f"Use one of: {', '.join(known)}.",
        details={"surface": name, "surfaces": list(known)},
    )


def at_pointer(document: JsonObject, pointer: str) -> JsonObject:
    """Return the object at a JSON pointer such as `#/$defs/Lane`.

    Raises:
        KeyError: There is nothing at that place.
    """
    node: Any = document
    for part in pointer.removeprefix("#").split("/")[1:]:
        node = node[part.replace("~1", "/").replace("~0", "~")]
    if not isinstance(node, dict):
        raise KeyError(pointer)
    return node


def _unreadable(name: str, reason: str) -> ContractUnreadable:
    return ContractUnreadable(
        f"The contract document {name} cannot be used: {reason}.",
        fix="Check the path; if the file ships with this program, install the program again.",
        details={"file": name, "reason": reason},
    )
