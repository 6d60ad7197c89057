"""Sets of contract documents to compare: a folder, this release, or the installed events package."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from specify_cli.contract.documents import (
    INDEX,
    PATCH_LIST,
    PINNED,
    packaged_document,
    packaged_folder,
    read_document,
)
from specify_cli.kernel.errors import UsageError

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject

THIS_RELEASE: Final = "installed"
EVENTS_PACKAGE: Final = "spec-kitty-events"


class ContractSetNotFound(UsageError):
    """What to compare with is no folder of schemas and no installed release."""

    code = "CONTRACT_SET_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class ContractSet:
    """Documents that belong together.

    Attributes:
        name: How messages call the set.
        documents: Document by its identity: `$id` of a schema, else the file's name.
        is_release: Whether the set holds everything; a folder may hold a part.
    """

    name: str
    documents: dict[str, JsonObject]
    is_release: bool


def load_contract_set(side: str) -> ContractSet:
    """Load one side of a comparison.

    Args:
        side: A folder (or one file), `installed` for the contracts this release was built from, or
            `spec-kitty-events` (also with `==version`) for the installed package.

    Raises:
        ContractSetNotFound: CONTRACT_SET_NOT_FOUND.
        ContractUnreadable: CONTRACT_UNREADABLE.
    """
    if side == THIS_RELEASE:
        return ContractSet(THIS_RELEASE, _identified(_unpatched()), is_release=True)
    package, _, version = side.partition("==")
    if package == EVENTS_PACKAGE:
        return _events_package(side, version)
    path = Path(side)
    if path.is_file():
        return ContractSet(side, _identified({path.name: read_document(path)}), is_release=False)
    files = sorted(path.rglob("*.json")) if path.is_dir() else []
    if not files:
        raise ContractSetNotFound(
            f"{side} is no folder with contract documents and no release.",
            fix="Give a folder of JSON Schemas, `installed`, or `spec-kitty-events==<version>`.",
            details={"side": side},
        )
    documents = {file.relative_to(path).as_posix(): read_document(file) for file in files}
    return ContractSet(side, _identified(documents), is_release=False)


def _events_package(side: str, version: str) -> ContractSet:
    from importlib import metadata, util

    spec = util.find_spec("spec_kitty_events")
    installed = metadata.version(EVENTS_PACKAGE) if spec else "no release"
    if spec is None or not spec.submodule_search_locations or version not in ("", installed):
        raise ContractSetNotFound(
            f"{side} is not installed; {installed} of {EVENTS_PACKAGE} is.",
            fix=f"Unpack that release and give its folder spec_kitty_events/schemas, "
            f"or use {EVENTS_PACKAGE} for the installed one.",
            details={"side": side, "installed": installed},
        )
    folder = Path(spec.submodule_search_locations[0], "schemas")
    documents = {file.name: read_document(file) for file in sorted(folder.glob("*.json"))}
    name = f"{EVENTS_PACKAGE} {installed}"
    return ContractSet(name, _identified(documents), is_release=True)


def _identified(documents: dict[str, JsonObject]) -> dict[str, JsonObject]:
    found: dict[str, JsonObject] = {}
    for name, document in documents.items():
        if Path(name).name in (INDEX, PATCH_LIST, PINNED):
            continue
        identity = document.get("$id")
        found[identity if isinstance(identity, str) else Path(name).name] = document
    return found


def _unpatched() -> dict[str, JsonObject]:
    """Return the packaged documents as they were received, without our corrections."""
    folder = packaged_folder()
    documents: dict[str, Any] = {
        file.relative_to(folder).as_posix(): read_document(file)
        for file in sorted(folder.rglob("*.json"))
    }
    patches: Any = packaged_document(PATCH_LIST)["patches"]
    for patch in reversed(patches):
        document = documents[patch["file"]] = copy.deepcopy(documents[patch["file"]])
        parts = [p.replace("~1", "/").replace("~0", "~") for p in patch["pointer"].split("/")[1:]]
        holder = document
        for part in parts[:-1]:
            holder = holder[int(part)] if isinstance(holder, list) else holder[part]
        if parts[-1] == "-":  # added at the end of a list, so it is the last one now
            holder.pop()
            continue
        key: Any = int(parts[-1]) if isinstance(holder, list) else parts[-1]
        if "old" in patch:
            holder[key] = patch["old"]
        else:
            del holder[key]
    return documents
