"""What a contract says, and where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specify_cli.contract.documents import (
    PATCH_LIST,
    PINNED,
    SCHEMA_SUFFIX,
    UnknownSurface,
    at_pointer,
    packaged_document,
    surface,
    surfaces,
)

if TYPE_CHECKING:
    from specify_cli.contract.documents import Surface
    from specify_cli.kernel.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class SurfaceSummary:
    """One line of the overview.

    Attributes:
        name: Name of the surface.
        title: Name of the document's type.
        description: What the document is, in a sentence.
        source: File of its schema below `contracts/`.
    """

    name: str
    title: str
    description: str
    source: str


@dataclass(frozen=True, slots=True)
class ContractOverview:
    """All contracts of this release.

    Attributes:
        upstream: Release that the vendored schemas come from, e.g. `spec-kitty-events 6.1.0`.
        wire_version: Value of `schema_version` on the wire.
        surfaces: The surfaces of the gate.
        event_types: Event types that an envelope may carry.
    """

    upstream: str
    wire_version: str
    surfaces: tuple[SurfaceSummary, ...]
    event_types: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the overview as a JSON document."""
        return {
            "result": "success",
            "upstream": self.upstream,
            "wire_version": self.wire_version,
            "surfaces": [
                {
                    "name": entry.name,
                    "title": entry.title,
                    "description": entry.description,
                    "source": entry.source,
                }
                for entry in self.surfaces
            ],
            "event_types": list(self.event_types),
        }

    def to_text(self) -> str:
        """Return the overview for people."""
        width = max(len(entry.name) for entry in self.surfaces)
        lines = [
            f"Contracts of {self.upstream}; schema_version on the wire is {self.wire_version}.",
            "",
            *(f"{entry.name:{width}}  {entry.description}" for entry in self.surfaces),
            "",
            f"{len(self.event_types)} event types, such as `spec-kitty contract show MissionCreated`.",
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class ShownContract:
    """One contract in full.

    Attributes:
        name: Surface or event type.
        source: File and JSON pointer of the schema below `contracts/`.
        origin: Where the file comes from.
        schema: The JSON Schema; its references resolve in `definitions`.
        definitions: Types that the schema refers to, by the reference's last part.
        rules: What the gate artefact demands beyond the schema.
        patches: Corrections that were made to the upstream file, with their reasons.
        event_types: Event types whose payload schemas apply as well (envelopes only).
    """

    name: str
    source: str
    origin: str
    schema: JsonObject
    definitions: JsonObject
    rules: JsonObject
    patches: tuple[JsonObject, ...]
    event_types: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the contract as a JSON document."""
        return {
            "result": "success",
            "name": self.name,
            "source": self.source,
            "origin": self.origin,
            "schema": self.schema,
            "definitions": self.definitions,
            "rules": self.rules,
            "patches": list(self.patches),
            "event_types": list(self.event_types),
        }

    def to_text(self) -> str:
        """Return the contract for people."""
        lines = [f"{self.name}: {self.source}", f"origin: {self.origin}"]
        lines += [f"patched at {p['pointer']}: {p['reason']}" for p in self.patches]
        lines += ["", json.dumps(self.schema, indent=2, ensure_ascii=False)]
        if self.definitions:
            lines += ["", "Types:", json.dumps(self.definitions, indent=2, ensure_ascii=False)]
        if self.rules:
            lines += ["", "Rules beyond the schema:", json.dumps(self.rules, indent=2)]
        if self.event_types:
            lines += ["", "Event types:", *(f"  {name}" for name in self.event_types)]
        return "\n".join(lines)


def show(name: str | None = None) -> ContractOverview | ShownContract:
    """Show all contracts, or one.

    Args:
        name: A surface of the gate, or an event type; nothing for the overview.

    Raises:
        UnknownSurface: UNKNOWN_SURFACE.
    """
    if name is None:
        return _overview()
    if name in surfaces():
        return _shown_surface(surface(name))
    return _shown_event_type(name)


def _overview() -> ContractOverview:
    cutover = packaged_document("events/cutover_artifact.json")
    return ContractOverview(
        upstream=_origin("events/event.schema.json"),
        wire_version=str(cutover["cutover_contract_version"]),
        surfaces=tuple(_summary(entry) for entry in surfaces().values()),
        event_types=_event_types(),
    )


def _summary(entry: Surface) -> SurfaceSummary:
    schema = at_pointer(packaged_document(entry.document), entry.pointer)
    first = str(schema.get("description", "")).split("\n\n")[0]
    return SurfaceSummary(
        name=entry.name,
        title=str(schema.get("title", entry.name)),
        description=" ".join(first.split()),
        source=_source(entry.document, entry.pointer),
    )


def _shown_surface(entry: Surface) -> ShownContract:
    rules: JsonObject = {}
    if entry.rules:
        file, _, pointer = entry.rules.partition("#")
        rules = at_pointer(packaged_document(file), f"#{pointer}")
    is_envelope = entry.name == "envelope"
    if is_envelope:
        rules = {**rules, "cutover": packaged_document("events/cutover_artifact.json")}
    return _shown(
        entry.name,
        entry.document,
        entry.pointer,
        rules,
        _event_types() if is_envelope else (),
    )


def _shown_event_type(name: str) -> ShownContract:
    from spec_kitty_contracts.event_types import EVENT_TYPES

    if name not in EVENT_TYPES:
        known = sorted(surfaces())
        raise UnknownSurface(
            f"There is no contract called {name!r}.",
            fix=f"Use an event type of `spec-kitty contract show`, or one of: {', '.join(known)}.",
            details={"surface": name, "surfaces": list(known)},
        )
    pinned: Any = packaged_document(PINNED)["files"]
    file = EVENT_TYPES[name].schema + SCHEMA_SUFFIX
    document = next(path for path in (f"events/{file}", f"events/derived/{file}") if path in pinned)
    return _shown(name, document, "#", {}, ())


def _shown(
    name: str, document: str, pointer: str, rules: JsonObject, event_types: tuple[str, ...]
) -> ShownContract:
    whole = packaged_document(document)
    schema = {key: value for key, value in at_pointer(whole, pointer).items() if key != "$defs"}
    patches: Any = packaged_document(PATCH_LIST)["patches"]
    return ShownContract(
        name=name,
        source=_source(document, pointer),
        origin=_origin(document),
        schema=schema,
        definitions=_definitions(whole, schema),
        rules=rules,
        patches=tuple(patch for patch in patches if patch["file"] == document),
        event_types=event_types,
    )


def _definitions(document: JsonObject, schema: JsonObject) -> JsonObject:
    """Collect the types that a schema reaches through references within its document."""
    found: JsonObject = {}
    waiting = list(_references(schema))
    while waiting:
        target = waiting.pop()
        name = target.rpartition("/")[2]
        if name in found or not target.startswith("#/"):
            continue
        found[name] = at_pointer(document, target)
        waiting += _references(found[name])
    return dict(sorted(found.items()))


def _references(node: object) -> list[str]:
    if isinstance(node, list):
        return [target for value in node for target in _references(value)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [target for value in node.values() for target in _references(value)]


def _event_types() -> tuple[str, ...]:
    from spec_kitty_contracts.event_types import EVENT_TYPES

    return tuple(EVENT_TYPES)


def _origin(document: str) -> str:
    pinned: Any = packaged_document(PINNED)["files"]
    if document not in pinned:
        return "published by this project"
    entry = pinned[document]
    if entry["source"] == "authored":
        return f"authored from {entry['commit']} as of {entry['version']}"
    return f"{entry['source']} {entry['version']}"


def _source(document: str, pointer: str) -> str:
    folder = "" if document.startswith("published/") else "vendored/"
    return f"contracts/{folder}{document}" + (pointer if pointer != "#" else "")
