"""Collects the named types of all contract documents, each once, sorted into families."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from codegen.families import DEFINITIONS, check_event_families, family_of_event_schema
from codegen.tree import PipelineError, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from codegen.sources import Sources

_ANNOTATIONS: Final = frozenset({"$id", "$schema", "$comment", "description", "title", "examples"})
_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_HOMES: Final = {"Event": "envelope"}
"""Types that stay in their family although others use them: the server's batch holds envelopes."""
_REFERENCE: Final = re.compile(r"^(?:[\w./-]*)#/(?:\$defs|components/schemas)/(\w+)$")


@dataclass(frozen=True, slots=True)
class Definition:
    """A type with a name.

    Attributes:
        name: Class name in the generated code.
        schema: Its schema; references are `#/$defs/<name>`.
        family: Generated module.
        source: Document that it comes from, below `contracts/`.
    """

    name: str
    schema: Schema
    family: str
    source: str


def collect(sources: Sources) -> dict[str, Definition]:
    """Return every named type by name, shared types moved to the `definitions` family.

    Raises:
        PipelineError: Two documents define different types under one name, or a schema of the
            events package belongs to no family.
    """
    check_event_families(sources.events)
    found: dict[str, Definition] = {}
    users: dict[str, set[str]] = {}
    findings: list[str] = []
    for definition in _all_definitions(sources):
        known = found.setdefault(definition.name, definition)
        if known is not definition and _meaning(known.schema) != _meaning(definition.schema):
            findings.append(
                f"contracts/{definition.source}: {definition.name} differs from the type of that "
                f"name in contracts/{known.source}; give one of them another title"
            )
        users.setdefault(definition.name, set()).add(definition.family)
    if findings:
        raise PipelineError(*findings)
    _add_indirect_users(found, users)
    return {
        name: Definition(
            name,
            definition.schema,
            _HOMES.get(name)
            or (definition.family if users[name] == {definition.family} else DEFINITIONS),
            definition.source,
        )
        for name, definition in sorted(found.items())
    }


def root_name(schema: Schema, name: str) -> str:
    """Return the class name of a document: its title, or its file name in camel case."""
    title = schema.get("title")
    if isinstance(title, str) and re.fullmatch(r"[A-Z]\w+", title):
        return title
    return "".join(part.capitalize() for part in name.split("_"))


def references(schema: object) -> Iterator[str]:
    """Yield the names that a schema refers to."""
    if isinstance(schema, dict):
        target = schema.get("$ref")
        if isinstance(target, str):
            yield _referred_name(target)
        for value in schema.values():
            yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def _all_definitions(sources: Sources) -> Iterator[Definition]:
    for name, schema in sources.events.items():
        folder = "events/derived" if "/derived/" in schema.get("$id", "") else "events"
        yield from _document(
            schema, name, family_of_event_schema(name), f"vendored/{folder}/{name}"
        )
    for name, schema in sources.websocket.items():
        yield from _document(schema, name, "websocket", f"vendored/websocket/{name}")
    for name, schema in sources.saas.get("components", {}).get("schemas", {}).items():
        source = f"vendored/saas/openapi.json#/components/schemas/{name}"
        yield Definition(name, _local_references(schema), "saas", source)
    for name, schema in sources.published.items():
        yield from _document(schema, name, name, f"published/{name}")


def _document(schema: Schema, name: str, family: str, source: str) -> Iterator[Definition]:
    file = f"{source}.schema.json"
    body = {key: value for key, value in schema.items() if key not in ("$defs", "$id", "$schema")}
    local = schema.get("$defs", {})
    for local_name, definition in local.items():
        yield Definition(local_name, _local_references(definition), family, file)
    yield Definition(root_name(schema, name), _local_references(body), family, file)


def _local_references(schema: Any) -> Any:
    if isinstance(schema, dict):
        rewritten = {key: _local_references(value) for key, value in schema.items()}
        target = schema.get("$ref")
        if isinstance(target, str):
            rewritten["$ref"] = f"#/$defs/{_referred_name(target)}"
        return rewritten
    if isinstance(schema, list):
        return [_local_references(value) for value in schema]
    return schema


def _referred_name(target: str) -> str:
    if target.endswith("/event.schema.json"):
        return "Event"
    match = _REFERENCE.match(target)
    if match is None:
        raise PipelineError(f"the reference {target!r} is not supported")
    return match.group(1)


def _add_indirect_users(found: Mapping[str, Definition], users: dict[str, set[str]]) -> None:
    """A type is used wherever a type that refers to it is used."""
    changed = True
    while changed:
        changed = False
        for name, definition in found.items():
            for target in references(definition.schema):
                if target not in users:
                    raise PipelineError(
                        f"contracts/{definition.source}: {name} refers to {target}, "
                        "which is defined nowhere"
                    )
                if not users[name] <= users[target]:
                    users[target] |= users[name]
                    changed = True


def _meaning(schema: Schema) -> str:
    return json.dumps(without_annotations(schema), sort_keys=True)


def without_annotations(schema: Any, *, is_map: bool = False) -> Any:
    """Return a schema without titles, descriptions, examples and identifiers."""
    if isinstance(schema, list):
        return [without_annotations(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    if is_map:
        return {key: without_annotations(value) for key, value in schema.items()}
    return {
        key: without_annotations(value, is_map=key in _MAPS)
        for key, value in schema.items()
        if key not in _ANNOTATIONS
    }
