"""Reduces a schema to what a static type can say.

Conditions between fields (`if`/`then`, `dependentRequired`, `not`) are the gate's work; left in, the
model generator would turn them into wrong or unreadable types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from codegen.tree import Schema

_DROPPED: Final = frozenset(
    {
        "$comment",
        "$id",
        "$schema",
        "dependentRequired",
        "dependentSchemas",
        "examples",
        "if",
        "then",
        "else",
        "not",
    }
)
_MAPS: Final = frozenset({"properties", "patternProperties"})


def typing_view(name: str, schema: Schema) -> Schema:
    """Return the schema that the model generator sees.

    Args:
        name: Class name; becomes the title.
        schema: Schema of one definition.
    """
    alternatives = _leaves(schema)
    if len(alternatives) > 1:
        reduced: Schema = {"anyOf": [{"$ref": target} for target in alternatives]}
        if "description" in schema:
            reduced["description"] = schema["description"]
    else:
        reduced = _reduced(schema)
    reduced["title"] = name
    if "description" in reduced:
        reduced["description"] = _summary(reduced["description"])
    return reduced


def _reduced(schema: Any, *, is_map: bool = False) -> Any:
    if isinstance(schema, list):
        return [_reduced(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    if is_map:
        return {key: _property(value) for key, value in schema.items()}
    reduced = {
        key: _reduced(value, is_map=key in _MAPS)
        for key, value in schema.items()
        if key not in _DROPPED and not key.startswith("x-")
    }
    if "anyOf" in reduced:
        reduced = _nullable(reduced)
    for alternatives in ("anyOf", "oneOf"):
        if alternatives in reduced and "properties" in reduced:
            # They are about keys that are already declared, e.g. "at least one of these".
            del reduced[alternatives]
    if "allOf" in reduced:
        parts = [part for part in reduced["allOf"] if part]
        if parts:
            reduced["allOf"] = parts
        else:
            del reduced["allOf"]
    if "discriminator" in reduced:
        # The field is the same; the mapping repeats what the constants of the variants say.
        reduced["discriminator"] = {"propertyName": reduced["discriminator"]["propertyName"]}
    return reduced


def _nullable(schema: Schema) -> Schema:
    """Write `anyOf` of one plain type and null as a type list, which gets no name of its own.

    The keywords of a plain type say nothing about null, so that both forms mean the same.
    """
    others = [part for part in schema["anyOf"] if part != {"type": "null"}]
    if len(others) != 1 or len(schema["anyOf"]) != 2 or "enum" in others[0]:
        return {**schema, "anyOf": [_unconstrained(part) for part in schema["anyOf"]]}
    kind = others[0].get("type")
    if kind not in ("string", "integer", "number", "boolean"):
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**others[0], **rest, "type": [kind, "null"]}


def _unconstrained(branch: Schema) -> Schema:
    """Drop the constraints of text inside a union, which would get a type name of its own."""
    if branch.get("type") != "string":
        return branch
    return {k: v for k, v in branch.items() if k not in ("pattern", "minLength", "maxLength")}


def _property(schema: Any) -> Any:
    reduced = _reduced(schema)
    if isinstance(reduced, dict):
        # The title of a property repeats its name and would become a class name.
        reduced.pop("title", None)
        if "description" in reduced:
            reduced["description"] = _summary(reduced["description"])
    return reduced


def _leaves(schema: object) -> list[str]:
    """Return the references at the ends of an if/then/else chain, in order, each once."""
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        return [schema["$ref"]]
    found: list[str] = []
    for branch in ("then", "else"):
        found += [target for target in _leaves(schema.get(branch)) if target not in found]
    return found


def _summary(description: str) -> str:
    """Return the first paragraph on one line; the rest stays in the schema."""
    return " ".join(description.split("\n\n")[0].split())
