"""Schema files as the gate compiler sees them, and the keywords that it understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Schema = Any
"""A JSON Schema: an object or a boolean, as `json` reads it."""

TYPE_TESTS = {
    "string": "type({v}) is str",
    "integer": "type({v}) is int",
    "number": "(type({v}) is int or type({v}) is float)",
    "boolean": "type({v}) is bool",
    "null": "{v} is None",
    "array": "type({v}) is list",
    "object": "type({v}) is dict",
}
"""Strict tests: true is no integer, 1.0 is no integer, a subclass is not JSON."""

TYPE_NOUNS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "an array",
    "object": "an object",
}

FORMATS = {
    "date-time": ("is_date_time", "an RFC 3339 date-time with offset"),
    "date": ("is_date", "an RFC 3339 date"),
    "uuid": ("is_uuid", "a hyphenated UUID"),
    "uri": ("is_uri", "an absolute URI"),
}
"""Format to the runtime function that asserts it, and what it asks for in words."""

BY_TYPE = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems", "items"),
    "object": (
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "x-sum",
    ),
}
"""Keywords that concern values of one JSON type only."""

COMBINING = ("$ref", "allOf", "anyOf", "oneOf", "not", "if")
"""Keywords that apply further schemas to the same value."""

ANNOTATIONS = frozenset(
    (
        "$schema",
        "$id",
        "$comment",
        "$defs",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "discriminator",
    )
)
"""Keywords that constrain nothing; `discriminator` repeats what the union's constants say."""

_SUPPORTED = ANNOTATIONS.union(
    *BY_TYPE.values(), COMBINING, ("type", "enum", "const", "then", "else")
)
_HOLDS_ONE = ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else")
_HOLDS_MANY = ("allOf", "anyOf", "oneOf")
_HOLDS_NAMED = ("properties", "$defs", "patternProperties")


class GateBuildError(ValueError):
    """A schema or artefact that the gate compiler cannot turn into checks."""


@dataclass(frozen=True, slots=True)
class Document:
    """A schema file.

    Attributes:
        path: Path that violations name, from the project's root.
        root: Content of the file.
    """

    path: str
    root: Schema

    def at(self, pointer: str) -> Schema:
        """The subschema at a JSON pointer such as `#/$defs/Lane`.

        Raises:
            GateBuildError: The pointer leads nowhere or out of the file.
        """
        if not pointer.startswith("#"):
            raise GateBuildError(f"{self.path}: reference {pointer!r} leaves the file")
        node = self.root
        for step in pointer[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            try:
                node = node[int(key)] if isinstance(node, list) else node[key]
            except (KeyError, IndexError, TypeError, ValueError):
                raise GateBuildError(f"{self.path}: reference {pointer!r} leads nowhere") from None
        return node

    def resolved(self, schema: Schema) -> dict[str, Any]:
        """The schema behind a lone `$ref`, else the schema itself; booleans become empty."""
        while isinstance(schema, dict) and set(schema) - ANNOTATIONS == {"$ref"}:
            schema = self.at(schema["$ref"])
        return schema if isinstance(schema, dict) else {}

    def check(self, pointer: str = "#") -> None:
        """Make sure that every keyword below `pointer`, used or not, is one that is compiled.

        Raises:
            GateBuildError: There is an unknown keyword, type or format.
        """
        self._check(self.at(pointer), pointer)

    def _check(self, schema: Schema, pointer: str) -> None:
        if isinstance(schema, bool):
            return
        if not isinstance(schema, dict):
            raise GateBuildError(f"{self.path}{pointer}: {schema!r} is no schema")
        for keyword, value in schema.items():
            self._check_keyword(schema, keyword, value, f"{pointer}/{keyword}")
        if "if" not in schema and ("then" in schema or "else" in schema):
            raise GateBuildError(f"{self.path}{pointer}: `then` or `else` without `if`")

    def _check_keyword(self, schema: Schema, keyword: str, value: Any, where: str) -> None:
        if keyword not in _SUPPORTED:
            raise GateBuildError(f"{self.path}{where}: keyword {keyword!r} is not supported")
        if keyword in _HOLDS_NAMED:
            for name, inner in value.items():
                self._check(inner, f"{where}/{name}")
        elif keyword in _HOLDS_ONE:
            self._check(value, where)
        elif keyword in _HOLDS_MANY:
            for number, inner in enumerate(value):
                self._check(inner, f"{where}/{number}")
        elif keyword == "$ref":
            self.at(value)
        elif keyword == "type" and not set(types_of(schema) or ()) <= TYPE_TESTS.keys():
            raise GateBuildError(f"{self.path}{where}: unknown type {value!r}")
        elif keyword == "format" and value not in FORMATS:
            raise GateBuildError(f"{self.path}{where}: format {value!r} is not supported")


def types_of(schema: Schema) -> list[str] | None:
    """The `type` keyword as a list; None when there is none."""
    kind = schema.get("type")
    return [kind] if isinstance(kind, str) else kind


def is_scalar(schema: Schema) -> bool:
    """Whether a schema says nothing about what is inside an object or array."""
    if isinstance(schema, bool):
        return True
    return set(schema).isdisjoint((*BY_TYPE["object"], "items", *COMBINING))


def describe_types(types: list[str]) -> str:
    """JSON types in words, e.g. `a string or null`."""
    return " or ".join(dict.fromkeys(TYPE_NOUNS[name] for name in types))


def type_test(types: list[str], variable: str) -> str:
    """Expression that is true when a value is of one of the types."""
    tests = [TYPE_TESTS[name].format(v=variable) for name in types]
    return tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"


def json_types(document: Document, schema: Schema) -> list[str] | None:
    """JSON types that a schema admits; None when it does not say."""
    resolved = document.resolved(schema)
    types = types_of(resolved)
    if types is not None:
        return list(types)
    values = [resolved["const"]] if "const" in resolved else resolved.get("enum")
    if values is None:
        return None
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    if not all(value is None or type(value) in names for value in values):
        return None
    return list(dict.fromkeys(names.get(type(value), "null") for value in values))


def noun(document: Document, schema: Schema) -> str:
    """What a schema asks for, in a few words."""
    resolved = document.resolved(schema)
    for keyword in ("anyOf", "oneOf"):
        if keyword in resolved:
            nouns = [noun(document, branch) for branch in resolved[keyword]]
            return " or ".join(dict.fromkeys(nouns))
    types = json_types(document, resolved)
    if types == ["object"] and "title" in resolved:
        return f"an object ({resolved['title']})"
    return describe_types(types) if types else "a value"
