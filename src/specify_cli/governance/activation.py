"""Activating items for a project, and taking them away, in `charter.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.charter import deactivations
from specify_cli.governance.charter_files import charter_lock, read_charter, write_files
from specify_cli.governance.kinds import KINDS, PROFILE
from specify_cli.governance.places import CHARTER_FILE
from specify_cli.governance.problems import UnknownGovernanceItem
from specify_cli.governance.selection import in_force
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.gate import check
from specify_cli.kernel.yaml import edit_mapping, load_yaml

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.governance.compiled import Compiled, CompiledDeactivation
    from specify_cli.kernel.json_types import JsonObject, JsonValue


class ReasonRequired(UsageError):
    """Taking away a mandatory item needs a reason."""

    code = "REASON_REQUIRED"


class CharterChange(NamedTuple):
    """What the charter says after a change.

    Attributes:
        target: The item that it was about.
        written: Files that are new or different.
        activated: Items that it activates.
        deactivated: Items that it takes away, each with its reason.
    """

    target: str
    written: tuple[str, ...]
    activated: tuple[str, ...]
    deactivated: tuple[tuple[str, str], ...]


def activate(root: Path, item: str) -> CharterChange:
    """Let an item apply in the project, besides those of the mission type.

    Args:
        root: The main checkout.
        item: `kind:id`, or the id alone where only one kind has it.

    Raises:
        UnknownGovernanceItem: UNKNOWN_GOVERNANCE_ITEM.
        GovernanceInvalid: GOVERNANCE_INVALID.
        WriteFailed: WRITE_FAILED.
    """
    with charter_lock(root):
        governance = load_catalogue(root)
        name = find_item(governance, item)
        text, document = read_charter(root)
        changes: JsonObject = {}
        left = [entry for entry in deactivations(document) if entry["item"] != name]
        if len(left) != len(deactivations(document)):
            changes["deactivated"] = _entries(left)
        charter = governance["charter"]
        if charter is None or name not in charter["activated"]:
            key, listed = _activated(document, name)
            changes[key] = cast("JsonValue", [*listed, name.partition(":")[2]])
        return _write(root, name, text, document, changes)


def deactivate(root: Path, item: str, *, reason: str = "") -> CharterChange:
    """Take an item away from the project, wherever it would apply.

    Args:
        root: The main checkout.
        item: `kind:id`, or the id alone where only one kind has it.
        reason: Why; needed for an item that is mandatory somewhere. It is shown in every prompt.

    Raises:
        ReasonRequired: REASON_REQUIRED.
        UnknownGovernanceItem: UNKNOWN_GOVERNANCE_ITEM.
        GovernanceInvalid: GOVERNANCE_INVALID.
        WriteFailed: WRITE_FAILED.
    """
    from specify_cli.events.free_text import surroundings, without_personal_data

    said = " ".join(without_personal_data(reason, surroundings([root])).split())
    with charter_lock(root):
        governance = load_catalogue(root)
        name = find_item(governance, item)
        if not said and name in mandatory_somewhere(governance):
            raise ReasonRequired(
                f"{name} is mandatory for some actions; taking it away needs a reason.",
                fix=f'spec-kitty charter deactivate {name} --reason "why it does not fit here"',
                details={"item": name},
            )
        text, document = read_charter(root)
        changes: JsonObject = {}
        key, listed = _activated(document, name)
        identity = name.partition(":")[2]
        if identity in listed:
            changes[key] = cast("JsonValue", [entry for entry in listed if entry != identity])
        entries = [entry for entry in deactivations(document) if entry["item"] != name]
        entries.append({"item": name, "reason": said})
        if entries != deactivations(document):
            changes["deactivated"] = _entries(entries)
        return _write(root, name, text, document, changes)


def find_item(governance: Compiled, item: str) -> str:
    """Return the item that is meant.

    Raises:
        UnknownGovernanceItem: UNKNOWN_GOVERNANCE_ITEM: none, or more than one kind has that id.
    """
    items = governance["items"]
    named = [item] if item in items else [name for name in items if name.partition(":")[2] == item]
    if len(named) == 1:
        return named[0]
    if item.removeprefix(f"{PROFILE.name}:") in governance["profiles"]:
        raise UnknownGovernanceItem(
            "agent profiles apply where a work package or an action names them; none is activated.",
            fix="Name the profile in the work package (agent_profile), or in an .actions.yaml file.",
            details={"item": item[:200]},
        )
    from difflib import get_close_matches

    bare = {name.partition(":")[2]: name for name in items}
    near = named or [
        *get_close_matches(item, items, n=3),
        *(bare[word] for word in get_close_matches(item.partition(":")[2] or item, bare, n=3)),
    ]
    nearest = list(dict.fromkeys(near))
    raise UnknownGovernanceItem(
        f"{item[:200]!r} is {'more than one item' if named else 'declared by no layer'}.",
        fix=f"Did you mean {' or '.join(nearest)}?" if nearest else "spec-kitty charter show",
        details={"item": item[:200], "near": [*nearest]},
    )


def mandatory_somewhere(governance: Compiled) -> frozenset[str]:
    """Return the items that are mandatory for any action of any mission type."""
    waiting = [
        name
        for actions in governance["index"].values()
        for entry in actions.values()
        for name in entry["mandatory"]
    ]
    found: set[str] = set()
    while waiting:
        name = in_force(governance, waiting.pop())
        if name not in found and name in governance["items"]:
            found.add(name)
            waiting += governance["items"][name]["requires"]
    return frozenset(found)


def _activated(document: JsonObject, name: str) -> tuple[str, list[str]]:
    kind, _, _ = name.partition(":")
    key = f"activated_{KINDS[kind].plural}"
    return key, cast("list[str]", document.get(key) or [])


def _entries(listed: list[CompiledDeactivation]) -> JsonValue:
    return [
        {"item": entry["item"], **({"reason": entry["reason"]} if entry["reason"] else {})}
        for entry in listed
    ]


def _write(
    root: Path, name: str, text: str, document: JsonObject, changes: JsonObject
) -> CharterChange:
    from specify_cli.governance.generation import SCHEMA_VERSION

    written: tuple[str, ...] = ()
    if changes:
        if "schema_version" not in document:
            changes = {"schema_version": SCHEMA_VERSION, **changes}
        edited = edit_mapping(text, changes, source=CHARTER_FILE)
        after = load_yaml(edited, source=CHARTER_FILE)
        # Null stands for "nothing chosen" in charters of the existing CLI.
        whole = {k: v for k, v in after.items() if v is not None} if isinstance(after, dict) else {}
        check("charter", whole)
        written = write_files(root, {CHARTER_FILE: edited})
    charter = load_catalogue(root)["charter"]
    if charter is None:
        return CharterChange(name, written, (), ())
    gone = tuple((entry["item"], entry["reason"]) for entry in charter["deactivated"])
    return CharterChange(name, written, tuple(charter["activated"]), gone)
