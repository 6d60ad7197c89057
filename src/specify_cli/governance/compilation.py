"""Compiles the layers of governance into one catalogue, or says everything that is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.governance.charter import compiled_charter
from specify_cli.governance.compiled import content_hash
from specify_cli.governance.declarations import declarations
from specify_cli.governance.graph import check_relations, replacements, specialised, targets
from specify_cli.governance.kinds import PROFILE
from specify_cli.governance.merging import merge_layers
from specify_cli.governance.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from specify_cli.governance.compiled import (
        Compiled,
        CompiledAction,
        CompiledItem,
        CompiledProfile,
    )
    from specify_cli.governance.declarations import Declaration
    from specify_cli.governance.merging import Merged
    from specify_cli.governance.problems import Problem
    from specify_cli.governance.sources import Sources
    from specify_cli.kernel.json_types import JsonObject, JsonValue

EVERY_ACTION = "*"
_LEGACY = {
    "directive-references": "directive",
    "tactic-references": "tactic",
    "toolguide-references": "toolguide",
}


class Compilation(NamedTuple):
    """A catalogue, and what it was made of.

    Attributes:
        compiled: The catalogue; not to be used while there are problems.
        items: Each item over all layers.
        problems: Everything that is wrong.
    """

    compiled: Compiled
    items: Mapping[str, Merged]
    problems: tuple[Problem, ...]


def compile_governance(built_in: Sequence[Declaration], sources: Sources) -> Compilation:
    """Merge, check and render all layers.

    Args:
        built_in: What the built-in pack declares.
        sources: What the project has.
    """
    problems = list(sources.problems)
    found = [*built_in, *declarations(sources.files, problems)]
    items = merge_layers(found, problems)
    problems += check_relations(items)
    documents = {name: item.document for name, item in items.items()}
    if not problems:
        # Taking over fields is only defined once every target is there and nothing goes in a circle.
        documents = specialised(items)
    broken = set()
    for name, item in items.items():
        violations = _violations(item, documents[name])
        broken |= {name} if violations else set()
        problems += violations
    known: dict[str, CompiledItem] = {}
    profiles: dict[str, CompiledProfile] = {}
    for name in sorted(items.keys() - broken):
        item = items[name]
        if item.kind == PROFILE:
            profiles[item.identity] = _profile(item, documents[name], items)
        else:
            known[name] = _item(item, documents[name], items)
    index = _index(found, items, problems)
    layers = list(dict.fromkeys(declaration.layer for declaration in found))
    compiled: Compiled = {
        "items": known,
        "profiles": profiles,
        "replaced": replacements(items),
        "index": index,
        "layers": layers,
        "charter": compiled_charter(sources, set(items), problems),
    }
    return Compilation(compiled, items, tuple(problems))


def _violations(item: Merged, document: JsonObject) -> list[Problem]:
    from spec_kitty_contracts.gate import violations

    return [
        item.problem(
            found.path,
            f"{found.path.removeprefix('$.')}: {found.expected} is needed, found {found.found}",
        )
        for found in violations(item.kind.surface, document)
    ]


def _item(item: Merged, document: JsonObject, items: Mapping[str, Merged]) -> CompiledItem:
    text = rendered(item.kind.name, document)
    suggested = [name for name, _ in targets(document, "suggests")]
    return {
        "title": " ".join(str(document.get(item.kind.title_key, item.identity)).split()),
        "text": text,
        "layer": item.top.layer,
        "hash": content_hash(text),
        "requires": [name for name, _ in targets(document, "requires")],
        "suggests": list(dict.fromkeys([*suggested, *_foreign(document, items)])),
        "required": document.get("enforcement") == "required",
        "languages": [word.lower() for word in _texts(document.get("applies_to_languages"))],
        "actions": _texts(document.get("applies_to_actions")),
        "mission_types": _texts(document.get("applies_to_mission_types")),
    }


def _profile(item: Merged, document: JsonObject, items: Mapping[str, Merged]) -> CompiledProfile:
    return {
        **_item(item, document, items),
        "roles": _texts(document.get("roles")),
        "aliases": _texts(document.get("aliases")),
    }


def _foreign(document: JsonObject, items: Mapping[str, Merged]) -> list[str]:
    """Return what is pointed to in the forms of the existing CLI, as far as it is known here."""
    references = document.get("references")
    found = [
        f"{entry.get('type')}:{entry.get('id')}"
        for entry in (references if isinstance(references, list) else [])
        if isinstance(entry, dict)
    ]
    for key, kind in _LEGACY.items():
        listed = document.get(key)
        for entry in listed if isinstance(listed, list) else []:
            identity = (entry.get("id") or entry.get("code")) if isinstance(entry, dict) else entry
            found.append(f"{kind}:{identity}")
    paradigm = document.get("directive_refs")
    found += [f"directive:{identity}" for identity in _texts(paradigm)]
    return [name for name in found if name in items]


def _index(
    found: Iterable[Declaration], items: Mapping[str, Merged], problems: list[Problem]
) -> dict[str, dict[str, CompiledAction]]:
    """Collect the action indexes: a layer adds to those below it, and never takes away."""
    from spec_kitty_contracts.gate import violations

    index: dict[str, dict[str, CompiledAction]] = {}
    for declaration in found:
        if declaration.kind is not None:
            continue
        refused = [
            declaration.problem(
                v.path, f"{v.path.removeprefix('$.')}: {v.expected} is needed, found {v.found}"
            )
            for v in violations("governance_action_index", declaration.document)
        ]
        problems += refused
        actions = declaration.document.get("actions")
        if refused or not isinstance(actions, dict):
            continue
        known = index.setdefault(declaration.identity, {})
        for action, entry in actions.items():
            if isinstance(entry, dict):
                problems += _unknown(declaration, action, entry, items)
                compiled = known.setdefault(
                    action, {"mandatory": [], "suggested": [], "profile": ""}
                )
                _add(compiled, entry)
    return index


def _add(action: CompiledAction, entry: Mapping[str, JsonValue]) -> None:
    mandatory = dict.fromkeys([*action["mandatory"], *_texts(entry.get("mandatory"))])
    action["mandatory"] = list(mandatory)
    suggested = dict.fromkeys([*action["suggested"], *_texts(entry.get("suggested"))])
    action["suggested"] = [name for name in suggested if name not in mandatory]
    action["profile"] = str(entry.get("profile") or action["profile"])


def _unknown(
    declaration: Declaration,
    action: str,
    entry: Mapping[str, JsonValue],
    items: Mapping[str, Merged],
) -> list[Problem]:
    from spec_kitty_contracts.gate.runtime import at_key

    place = at_key("$.actions", action)
    found = []
    for key in ("mandatory", "suggested"):
        for at, name in enumerate(_texts(entry.get(key))):
            if name not in items:
                message = f"{key} of {action} names {name}, which no layer declares"
                found.append(declaration.problem(f"{place}.{key}[{at}]", message))
            elif name.partition(":")[0] == PROFILE.name:
                message = f"{key} of {action} names a profile; it belongs under profile"
                found.append(declaration.problem(f"{place}.{key}[{at}]", message))
    profile = entry.get("profile")
    if profile and f"{PROFILE.name}:{profile}" not in items:
        message = f"the profile {profile} of {action} is declared by no layer"
        found.append(declaration.problem(f"{place}.profile", message))
    return found


def _texts(value: JsonValue) -> list[str]:
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []
