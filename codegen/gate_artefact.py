"""What the gate artefact and the cutover artefact ask of a surface, merged into its schema.

Both artefacts are read generically: the meaning of an entry follows from the form of its key
(`required_fields`, `forbidden_<x>_fields`, `allowed_<x>`, an object with `allowed`, `forbidden`
or `value`), never from a list of names kept here. An entry without a meaning stops the build.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.gate_document import Document, GateBuildError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from codegen.gate_document import Schema
    from codegen.sources import Sources

GATE_FILE = "contracts/vendored/gate/upstream_contract.json"
CUTOVER_FILE = "contracts/vendored/events/cutover_artifact.json"
FORBIDDEN_KEYS_FILE = "contracts/vendored/events/forbidden_keys.json"

EVENT_TYPE = "event_type"
"""Key of the envelope that names the payload's schema."""
PAYLOAD = "payload"
"""Key of the envelope that holds the payload; also how the gate artefact calls it."""
AGGREGATE_ID = "aggregate_id"
AGGREGATE_TYPE = "aggregate_type"

_CONSTRAINT_WORDS = {"allowed", "forbidden", "value"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of a section.

    Attributes:
        kind: `required`, `forbidden`, `allowed`, `not_allowed`, `value`.
        target: The key it is about, or for `required` and `forbidden` the key itself.
        inside: Name of the part of the document that holds the key; empty for the top level.
        values: Values that are (not) allowed.
        source: File and JSON pointer of the entry.
    """

    kind: str
    target: str
    inside: str
    values: tuple[str, ...]
    source: str


def section_rules(name: str, section: Schema) -> tuple[list[Rule], dict[str, tuple[str, ...]]]:
    """Read a section of the gate artefact.

    Returns:
        The rules about documents, and the rules about command-line options.

    Raises:
        GateBuildError: An entry has no meaning.
    """
    rules: list[Rule] = []
    options: dict[str, tuple[str, ...]] = {}
    for key, value in section.items():
        source = f"{GATE_FILE}#/{name}/{key}"
        if key.startswith("_"):
            continue
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            verb, _, noun = key.partition("_")
            if value and all(item.startswith("--") for item in value):
                options[verb] = tuple(value)
            else:
                rules += _list_rules(verb, noun, tuple(value), source)
        elif isinstance(value, dict) and set(value) <= _CONSTRAINT_WORDS:
            rules += _constraint_rules(key, value, source)
        else:
            raise GateBuildError(f"{source}: no rule can be read from this entry")
    return rules, options


def _list_rules(verb: str, noun: str, values: tuple[str, ...], source: str) -> Iterator[Rule]:
    if verb in ("required", "forbidden") and noun.split("_")[-1] == "fields":
        inside = noun.removesuffix("fields").rstrip("_")
        for number, value in enumerate(values):
            yield Rule(verb, value, inside, (), f"{source}/{number}")
    elif verb in ("allowed", "forbidden") and noun.endswith("s"):
        kind = "allowed" if verb == "allowed" else "not_allowed"
        yield Rule(kind, noun.removesuffix("s"), "", values, source)
    else:
        raise GateBuildError(f"{source}: no rule can be read from this entry")


def _constraint_rules(key: str, words: Schema, source: str) -> Iterator[Rule]:
    for word, value in words.items():
        where = f"{source}/{word}"
        if word == "value":
            yield Rule("value", key, "", (value,), where)
        elif isinstance(value, list):
            kind = "allowed" if word == "allowed" else "not_allowed"
            yield Rule(kind, key, "", tuple(value), where)
        else:
            raise GateBuildError(f"{where}: a list was expected")


def is_payload_section(name: str, section: Schema) -> bool:
    """Whether a top-level section describes a part of the envelope instead of a surface."""
    return name == PAYLOAD and all(isinstance(value, dict) for value in section.values())


def payload_rules(gate: Schema) -> dict[str, list[Rule]]:
    """Rules about payloads, by the name of the group of payloads that they concern.

    Raises:
        GateBuildError: An entry has no meaning.
    """
    groups: dict[str, list[Rule]] = {}
    for group, section in gate.get(PAYLOAD, {}).items():
        rules, options = section_rules(f"{PAYLOAD}/{group}", section)
        if options:
            raise GateBuildError(f"{GATE_FILE}#/{PAYLOAD}/{group}: options of a payload")
        groups[group] = rules
    return groups


def cutover_rules(cutover: Schema) -> list[Rule]:
    """Rules of the cutover artefact about the envelope.

    Raises:
        GateBuildError: The artefact has an entry without a meaning, or contradicts itself.
    """
    rules: list[Rule] = []
    for key, value in cutover.items():
        source = f"{CUTOVER_FILE}#/{key}"
        if key == "cutover_contract_version":
            if value.split(".")[0] != str(cutover["accepted_major"]):
                raise GateBuildError(f"{source}: {value!r} is not of the accepted major version")
            signal = cutover["signal_field_name"]
            rules += [
                Rule("required", signal, "", (), f"{CUTOVER_FILE}#/signal_field_name"),
                Rule("value", signal, "", (value,), source),
            ]
        elif key == "signal_location":
            if value != "event_envelope":
                raise GateBuildError(f"{source}: the signal is expected on the envelope")
        elif key == "forbidden_legacy_event_names":
            rules.append(Rule("not_allowed", EVENT_TYPE, "", tuple(value), source))
        elif key == "forbidden_legacy_aggregate_names":
            rules += [
                Rule("not_allowed_prefix", AGGREGATE_ID, "", tuple(value), source),
                Rule("not_allowed", AGGREGATE_TYPE, "", tuple(value), source),
            ]
        elif key not in _CUTOVER_NOT_ON_ENVELOPE:
            raise GateBuildError(f"{source}: no rule can be read from this entry")
    return rules


_CUTOVER_NOT_ON_ENVELOPE = frozenset(
    {
        "artifact_version",
        "release_version",
        "accepted_major",
        "signal_field_name",
        "forbidden_legacy_keys",
        "forbidden_legacy_contract_surfaces",
    }
)
"""Entries that describe the artefact, or that are read elsewhere (`legacy_keys`, surfaces)."""


def legacy_keys(sources: Sources) -> dict[str, str]:
    """Keys that no document may have at any depth, with the source of the rule.

    These are the lists of the cutover artefact and of the events package, and of every list of
    forbidden fields in the gate artefact that names one of them: such a list speaks of legacy
    names. Keys of such a list that a current schema declares (the gate artefact keeps lane
    fields out of the envelope, not out of its payload) stay forbidden only where the list says.

    Raises:
        GateBuildError: A schema declares a legacy key.
    """
    keys = {
        key: f"{CUTOVER_FILE}#/forbidden_legacy_keys/{number}"
        for number, key in enumerate(sources.cutover["forbidden_legacy_keys"])
    }
    for number, key in enumerate(sources.forbidden_keys):
        keys.setdefault(key, f"{FORBIDDEN_KEYS_FILE}#/forbidden_legacy_keys/{number}")
    declared = declared_keys(sources)
    certain = set(keys)
    for pointer, names in _forbidden_lists(sources.gate, "#"):
        if certain.isdisjoint(names):
            continue
        for number, key in enumerate(names):
            if key not in declared:
                keys.setdefault(key, f"{GATE_FILE}{pointer}/{number}")
    for key in sorted(certain & declared.keys()):
        raise GateBuildError(f"{declared[key]}: declares the legacy key {key!r}")
    return keys


def _forbidden_lists(node: Any, pointer: str) -> Iterator[tuple[str, list[str]]]:
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _forbidden_lists(value, f"{pointer}/{key}")
        elif key.startswith("forbidden") and key.endswith("fields"):
            yield f"{pointer}/{key}", value


def declared_keys(sources: Sources) -> dict[str, str]:
    """Every property name of every schema, with a document that declares it."""
    found: dict[str, str] = {}
    groups: Iterable[tuple[str, Any]] = (
        *(("events", item) for item in sources.events.items()),
        *(("websocket", item) for item in sources.websocket.items()),
        *(("published", item) for item in sources.published.items()),
        *(("saas", item) for item in sources.saas["components"]["schemas"].items()),
    )
    for group, (name, schema) in groups:
        for key in _property_names(schema):
            found.setdefault(key, f"{group}/{name}")
    return found


def _property_names(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        properties = node.get("properties")
        if isinstance(properties, dict):
            yield from properties
        for value in node.values():
            yield from _property_names(value)
    elif isinstance(node, list):
        for value in node:
            yield from _property_names(value)


def merged(
    document: Document,
    pointer: str,
    rules: Iterable[Rule],
    legacy: Iterable[str],
) -> Document:
    """The document with rules added to the object schema at `pointer`.

    Rules that the schema already contains are left out, so that a document which breaks them
    is told once. Legacy keys are left out too: they are refused at any depth.

    Raises:
        GateBuildError: A rule contradicts the schema, or speaks of a key that it lacks.
    """
    root = copy.deepcopy(document.root)
    result = Document(document.path, root)
    schema = result.at(pointer)
    skipped = set(legacy)
    for rule in rules:
        if rule.kind == "forbidden" and rule.target in skipped:
            continue
        if rule.inside:
            _merge_inside(result, schema, rule)
        else:
            _merge_rule(result, schema, rule)
    return result


def _merge_rule(document: Document, schema: Schema, rule: Rule) -> None:
    properties = schema.setdefault("properties", {})
    if rule.kind == "required":
        required = schema.setdefault("required", [])
        if rule.target not in required:
            required.append(rule.target)
            schema.setdefault("x-source", {})[f"required/{rule.target}"] = rule.source
        return
    if rule.kind == "forbidden":
        if rule.target in schema.get("required", ()):
            raise GateBuildError(f"{rule.source}: {document.path} requires {rule.target!r}")
        properties[rule.target] = {"x-forbidden": True, "x-source": {"forbidden": rule.source}}
        return
    if rule.target not in properties and rule.target not in schema.get("required", ()):
        raise GateBuildError(f"{rule.source}: {document.path} has no key {rule.target!r}")
    _merge_value_rule(document, properties.setdefault(rule.target, {}), rule)


def _merge_value_rule(document: Document, schema: Schema, rule: Rule) -> None:
    source = schema.setdefault("x-source", {})
    if rule.kind == "value":
        (value,) = rule.values
        if schema.get("const", value) != value:
            raise GateBuildError(f"{rule.source}: {document.path} has {schema['const']!r}")
        if "const" not in schema:
            schema["const"] = value
            source["const"] = rule.source
    elif rule.kind == "allowed" and "enum" in schema:
        _compare_with_enum(document, schema, rule)
    elif rule.kind == "allowed":
        schema["x-in"] = list(rule.values)
        source["x-in"] = rule.source
    else:
        keyword = "x-prefix-not-in" if rule.kind == "not_allowed_prefix" else "x-not-in"
        if set(rule.values) & set(schema.get("x-in", ())):
            raise GateBuildError(f"{rule.source}: also allows what it forbids")
        if "enum" in schema:
            _refuse_in_enum(document, schema, rule)
        elif "x-in" not in schema or keyword == "x-prefix-not-in":
            schema[keyword] = sorted({*schema.get(keyword, ()), *rule.values})
            source.setdefault(keyword, rule.source)


def _compare_with_enum(document: Document, schema: Schema, rule: Rule) -> None:
    """An enumeration in the schema must offer exactly the allowed values, bare or qualified."""
    offered = {value.rpartition(".")[2]: value for value in schema["enum"]}
    for value in rule.values:
        if value not in offered:
            raise GateBuildError(f"{rule.source}: {document.path} does not offer {value!r}")
    conditions = _constants(document.root)
    for bare, value in offered.items():
        if bare not in rule.values and value in conditions:
            raise GateBuildError(f"{rule.source}: {document.path} offers {value!r}")


def _refuse_in_enum(document: Document, schema: Schema, rule: Rule) -> None:
    for value in schema["enum"]:
        if value.rpartition(".")[2] in rule.values:
            raise GateBuildError(f"{rule.source}: {document.path} offers {value!r}")


def _constants(node: Any) -> set[Any]:
    found: set[Any] = set()
    if isinstance(node, dict):
        if isinstance(node.get("const"), str):
            found.add(node["const"])
        for value in node.values():
            found |= _constants(value)
    elif isinstance(node, list):
        for value in node:
            found |= _constants(value)
    return found


def _merge_inside(document: Document, schema: Schema, rule: Rule) -> None:
    """Apply a rule to those shapes of the document's inner object that declare the key."""
    shapes = list(_inner_shapes(document, schema))
    if not shapes:
        raise GateBuildError(f"{rule.source}: {document.path} has no inner object")
    concerned = [shape for shape in shapes if rule.target in shape.get("properties", {})]
    if rule.kind == "required" and not concerned:
        raise GateBuildError(f"{rule.source}: {document.path} has no key {rule.target!r}")
    for shape in concerned:
        _merge_rule(document, shape, rule)


def _inner_shapes(document: Document, schema: Schema) -> Iterator[Schema]:
    for inner in schema.get("properties", {}).values():
        for branch in inner.get("anyOf", inner.get("oneOf", [inner])):
            shape = document.at(branch["$ref"]) if "$ref" in branch else branch
            if shape.get("type") == "object":
                yield shape


def concerns(rules: Iterable[Rule], schema: Schema) -> bool:
    """Whether a payload schema has all the keys that rules require, so that they apply to it."""
    required = {rule.target for rule in rules if rule.kind == "required"}
    return required <= set(schema.get("properties", {}))
