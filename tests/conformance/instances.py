"""Documents that a schema admits, and single mutations of them, drawn by hypothesis."""

from __future__ import annotations

import copy
import json
import math
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from hypothesis import assume
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from hypothesis.strategies import SearchStrategy

Schema = Any
Draw = Any
"""Draws a value from a strategy: `DataObject.draw`, or what `st.composite` passes."""

_MAX_EXTRA_ITEMS = 2
_MAX_EXTRA_CHARACTERS = 8
_ROUNDS = 4
_TEXT = st.sampled_from(["", "text", "Ünïcode ✓", "two words", "日本", "0", "null", "x" * 300])
_ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.just(0.5), _TEXT),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=2),
    ),
    max_leaves=4,
)
_FORMATS: dict[str, SearchStrategy[str]] = {
    "date-time": st.datetimes().map(lambda moment: moment.isoformat() + "+00:00")
    | st.sampled_from(["2026-02-28T23:59:59Z", "2024-02-29T00:00:00.5-12:30"]),
    "date": st.dates().map(str),
    "uuid": st.uuids().map(str),
    "uri": st.sampled_from(["https://example.test/a?b=c#d", "http://example.test:8080/%20"]),
}


@cache
def _matching(pattern: str) -> SearchStrategy[str]:
    """Texts of a pattern; made once, as making it takes longer than drawing from it."""
    texts = st.from_regex(pattern, fullmatch="$" in pattern)
    return texts.filter(lambda drawn: not drawn.endswith("\n"))


_validators: dict[tuple[int, int], tuple[Schema, Schema, Draft202012Validator]] = {}


def validator(schema: Schema, root: Schema | None = None) -> Draft202012Validator:
    """The reference implementation, formats asserted, for a schema in the context of its file."""
    known = _validators.get((id(schema), id(root)))
    if known is None:
        names = ("$defs", "components")
        file = root or {}
        context = {name: file[name] for name in names if name in file}
        made = Draft202012Validator(context | schema, format_checker=FormatChecker())
        known = _validators[id(schema), id(root)] = (schema, root, made)  # keeps the ids in use
    return known[2]


class Named:
    """A schema of a file under a name; the name alone is what hypothesis prints.

    Documents of a `full` one have every optional key, and prefer something to null and to nothing.
    """

    def __init__(
        self, name: str, root: Schema, schema: Schema | None = None, *, full: bool = False
    ) -> None:
        self.name = name
        self.full = full
        self.root = root
        self.schema = root if schema is None else schema

    def __repr__(self) -> str:
        return self.name


@st.composite
def instances(draw: Draw, named: Named) -> Any:
    """Documents that conform to a schema."""
    document = _Drawing(draw, named.root, full=named.full).value(named.schema)
    assume(validator(named.schema, named.root).is_valid(document))
    return document


class _Drawing:
    """One drawn document."""

    def __init__(self, draw: Draw, root: Schema, *, full: bool) -> None:
        self.draw = draw
        self.root = root
        self.full = full

    def value(self, schema: Schema) -> Any:
        schema = self.resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            assume(schema["enum"])
            return self.draw(st.sampled_from(schema["enum"]))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                branches = [self.resolved(branch) for branch in schema[keyword]]
                if self.full:
                    branches = [x for x in branches if x.get("type") != "null"] or branches
                branch = self.draw(st.sampled_from(branches))
                rest = {key: value for key, value in schema.items() if key != keyword}
                return self.value(merged(rest, branch))
        leaves = list(self.leaves(schema)) if "if" in schema and "properties" not in schema else []
        if leaves:
            return self.value(self.draw(st.sampled_from(leaves)))
        kinds = schema.get("type") or _guessed_types(schema)
        if kinds is None:
            return self.draw(_ANY_JSON)
        kind = kinds if isinstance(kinds, str) else self.draw(st.sampled_from(kinds))
        drawn: Callable[[Schema], Any] = getattr(self, kind)
        value = drawn(schema)
        return self.repaired(value, schema) if isinstance(value, dict) else value

    def resolved(self, schema: Schema) -> Schema:
        if isinstance(schema, bool):
            return {}
        if "$ref" in schema:
            target = self.root
            for step in schema["$ref"].split("/")[1:]:
                target = target[step]
            siblings = {key: value for key, value in schema.items() if key != "$ref"}
            return merged(self.resolved(target), siblings)
        return schema

    def leaves(self, schema: Schema) -> Iterator[Schema]:
        """The references at the ends of an if-then-else chain."""
        for keyword in ("then", "else"):
            branch = schema.get(keyword, {})
            if "if" in branch:
                yield from self.leaves(branch)
            elif "$ref" in branch:
                yield branch

    def null(self, _: Schema) -> None:
        return None

    def boolean(self, _: Schema) -> bool:
        return bool(self.draw(st.booleans()))

    def integer(self, schema: Schema) -> int:
        low = max(schema.get("minimum", -9), schema.get("exclusiveMinimum", -10) + 1)
        return int(self.draw(st.integers(low, schema.get("maximum", low + 1000))))

    def number(self, schema: Schema) -> Any:
        low, high = schema.get("minimum", -9), schema.get("maximum", 1000)
        return self.draw(st.one_of(st.integers(int(low), int(high)), st.floats(low, high)))

    def string(self, schema: Schema) -> str:
        if "format" in schema:
            return str(self.draw(_FORMATS[schema["format"]]))
        if "pattern" in schema:
            return str(self.draw(_matching(schema["pattern"])))
        low: int = schema.get("minLength", 0)
        filler: str = self.draw(_TEXT)
        return filler[: schema.get("maxLength")].ljust(low, "-")

    def array(self, schema: Schema) -> list[Any]:
        low: int = schema.get("minItems", 0)
        high = max(min(schema.get("maxItems", low + _MAX_EXTRA_ITEMS), low + _MAX_EXTRA_ITEMS), low)
        size = self.draw(st.integers(max(low, min(1, high)) if self.full else low, high))
        items = [self.value(schema.get("items", {})) for _ in range(size)]
        if schema.get("uniqueItems"):
            items = list({json.dumps(item, sort_keys=True): item for item in items}.values())
        return items

    def object(self, schema: Schema) -> dict[str, Any]:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        optional = [name for name in properties if name not in required]
        bits = self.draw(st.integers(0, 2 ** len(optional) - 1))
        chosen = {name for number, name in enumerate(optional) if self.full or bits >> number & 1}
        names = [name for name in properties if name in required or name in chosen]
        names += [name for name in required if name not in properties]
        value = {
            name: self.value(properties.get(name, {}))
            for name in names
            if properties.get(name) is not False
        }
        further = schema.get("additionalProperties", True)
        wanted = max(schema.get("minProperties", 0) - len(value), 0)
        if further is not False:
            wanted = max(wanted, self.draw(st.integers(0, 1)))
            for number in range(wanted):
                value[self.name(schema, number)] = self.value(further)
        return value

    def name(self, schema: Schema, number: int) -> str:
        if "propertyNames" in schema:
            return self.string(self.resolved(schema["propertyNames"]))
        return f"further_{number}"

    def repaired(self, value: dict[str, Any], schema: Schema) -> dict[str, Any]:
        """Bring an object in line with the schema's conditions."""
        for _ in range(_ROUNDS):
            if validator(schema, self.root).is_valid(value):
                break
            for trigger, names in schema.get("dependentRequired", {}).items():
                for name in names if trigger in value else ():
                    value.setdefault(name, self.value(schema["properties"][name]))
            self.apply(value, schema, schema)
        for total, parts in schema.get("x-sum", {}).items():
            value[total] = sum(value[part] for part in parts)
        return value

    def apply(self, value: dict[str, Any], rules: Schema, schema: Schema) -> None:
        if isinstance(rules, bool):
            return
        if "if" in rules:
            holds = validator(rules["if"], self.root).is_valid(value)
            self.apply(value, rules.get("then" if holds else "else", True), schema)
        for inner in rules.get("allOf", ()):
            self.apply(value, inner, schema)
        if rules is schema:
            return
        properties = schema.get("properties", {})
        for name, inner in rules.get("properties", {}).items():
            needed = name in value or name in rules.get("required", ())
            if needed and not validator(inner, self.root).is_valid(value.get(name)):
                own = self.resolved(inner)
                is_whole = "type" in own or "enum" in own or "const" in own
                value[name] = self.value(own if is_whole else merged(properties[name], own))
        for name in rules.get("required", ()):
            if name not in value:
                value[name] = self.value(properties.get(name, {}))


def merged(left: Schema, right: Schema) -> Schema:
    """Both schemas as one; where both say something about a key, about that key both."""
    out = {**left, **right}
    if "properties" in left and "properties" in right:
        names = [*left["properties"], *right["properties"]]
        out["properties"] = {
            name: merged(left["properties"].get(name, {}), right["properties"].get(name, {}))
            for name in dict.fromkeys(names)
        }
    if "required" in left and "required" in right:
        out["required"] = list(dict.fromkeys([*left["required"], *right["required"]]))
    return out


def _guessed_types(schema: Schema) -> str | None:
    if "properties" in schema or "required" in schema:
        return "object"
    return "string" if {"pattern", "format", "minLength"} & set(schema) else None


# --- mutations -------------------------------------------------------------------------------

Spot = tuple[Any, Any]
"""A container and the key or index of one of its values."""

_ONE_OF_EACH_TYPE: tuple[Any, ...] = (None, True, 7, 2.5, "text", [], {}, ["text"], {"key": "text"})


def spots(document: Any) -> Iterator[Spot]:
    """Every value below the document's root."""
    entries: Any = ()
    if isinstance(document, dict):
        entries = document.items()
    elif isinstance(document, list):
        entries = enumerate(document)
    for key, value in entries:
        yield document, key
        yield from spots(value)


def _other_types(value: Any) -> list[Any]:
    return [other for other in _ONE_OF_EACH_TYPE if type(other) is not type(value)]


def _number_as_text(value: Any) -> list[Any]:
    return [str(value)] if type(value) in (int, float) else []


def _true_for_number(value: Any) -> list[Any]:
    return [True, False] if type(value) in (int, float) else []


def _whole_float(value: Any) -> list[Any]:
    return [float(value)] if type(value) is int else []


def _other_numbers(value: Any) -> list[Any]:
    return [-1, 0, 1, 5, -0.5, 10**30] if type(value) in (int, float) else []


def _other_texts(value: Any) -> list[Any]:
    if not isinstance(value, str):
        return []
    return ["", " ", value.upper(), value + "x", value[:-1], f" {value}", "2026-13-01T00:00:00Z"]


def _long_texts(value: Any) -> list[Any]:
    return [value + value[-1:] * 40, value + "x" * 150] if isinstance(value, str) else []


def _other_items(value: Any) -> list[Any]:
    return [value[1:], [*value, value[0]], []] if isinstance(value, list) and value else []


def _other_keys(value: Any) -> list[Any]:
    return [value | {"unexpected_key": 1}, {}] if isinstance(value, dict) else []


MUTATIONS: dict[str, Callable[[Any], list[Any]]] = {
    "type changed": _other_types,
    "number as text": _number_as_text,
    "true for a number": _true_for_number,
    "whole float for an integer": _whole_float,
    "another number": _other_numbers,
    "another text": _other_texts,
    "long text": _long_texts,
    "items changed": _other_items,
    "key added, or all removed": _other_keys,
}
"""Kind of mutation to the values that it puts in the place of a value."""


def mutants(draw: Draw, document: Any) -> Iterator[tuple[str, Any]]:
    """Copies of a document with one mutation each, one of every kind that applies to it."""
    wrapped = {"document": copy.deepcopy(document)}
    for kind, mutate in MUTATIONS.items():
        places = [spot for spot in spots(wrapped) if mutate(spot[0][spot[1]])]
        if places:
            holder, key = places[draw(st.integers(0, len(places) - 1))]
            value = holder[key]
            holder[key] = draw(st.sampled_from(mutate(value)))
            yield kind, copy.deepcopy(wrapped["document"])
            holder[key] = value
    keys = [spot for spot in spots(wrapped["document"]) if isinstance(spot[0], dict)]
    if keys:
        holder, key = keys[draw(st.integers(0, len(keys) - 1))]
        value = holder.pop(key)
        yield "key removed", copy.deepcopy(wrapped["document"])
        holder[key] = value


def all_mutants(document: Any) -> Iterator[Any]:
    """The document with every single mutation, one after the other; it is changed in place."""
    wrapped = {"document": document}
    for holder, key in list(spots(wrapped)):
        value = holder[key]
        for mutate in MUTATIONS.values():
            for other in mutate(value):
                holder[key] = other
                yield wrapped["document"]
        if isinstance(holder, dict) and holder is not wrapped:
            del holder[key]
            yield document
        holder[key] = value


def spread(draw: Draw, document: Any, limit: int) -> Iterator[Any]:
    """At most `limit` of all mutants, from every part of the document; it is changed in place."""
    count = sum(1 for _ in all_mutants(document))
    step = max(1, math.ceil(count / limit))
    return islice(all_mutants(document), draw(st.integers(0, step - 1)), None, step)


def planted(draw: Draw, document: Any, key: str) -> Any:
    """A copy of a document with a key planted in one of its objects, however deep."""
    wrapped = {"document": copy.deepcopy(document)}
    found = [holder[name] for holder, name in spots(wrapped) if isinstance(holder[name], dict)]
    found[draw(st.integers(0, len(found) - 1))][key] = "planted"
    return wrapped["document"]
