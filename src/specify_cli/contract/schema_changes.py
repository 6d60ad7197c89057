"""Compares two JSON Schemas and says what each difference does to the documents they describe.

A change is **breaking** when a document that conformed before may be refused now, or when a part of
it that programs know by name is gone. Everything else is **additive**. A value that joins an
enumeration is additive: what we write stays valid, and a reader has to expect it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from specify_cli.kernel.json_types import JsonObject

# Keyword -> whether a larger value refuses more documents.
_BOUNDS: Final = {
    "minLength": True,
    "minItems": True,
    "minProperties": True,
    "minimum": True,
    "exclusiveMinimum": True,
    "maxLength": False,
    "maxItems": False,
    "maxProperties": False,
    "maximum": False,
    "exclusiveMaximum": False,
}
# Keywords of which any new form may refuse documents that the old one took.
_OPAQUE: Final = (
    "pattern",
    "format",
    "multipleOf",
    "uniqueItems",
    "contains",
    "prefixItems",
    "patternProperties",
    "dependentRequired",
    "dependentSchemas",
    "not",
    "if",
    "then",
    "else",
    "allOf",
    "unevaluatedProperties",
)
_TYPES: Final = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_ANNOTATIONS: Final = frozenset(
    {"title", "description", "examples", "$comment", "$id", "$schema", "deprecated"}
)
_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One difference between two schemas.

    Attributes:
        pointer: JSON pointer of the place, `#` for the whole document.
        kind: Stable name, e.g. `property_removed`.
        breaking: Whether documents or programs that worked before may fail now.
        text: The change in words.
    """

    pointer: str
    kind: str
    breaking: bool
    text: str


def compare_schemas(old: JsonObject, new: JsonObject) -> list[SchemaChange]:
    """Compare two versions of a schema document, each with its own `$defs`.

    Returns:
        The changes, each at the place where it is written; a shared type is reported once.
    """
    comparison = _Comparison(old, new)
    return [*comparison.schema(old, new, "#"), *comparison.definitions()]


class _Comparison:
    """Walks two documents side by side, following the references of each."""

    def __init__(self, old: Any, new: Any) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str]] = set()

    def schema(self, old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
        """Yield the changes between two subschemas."""
        targets = (_reference(old), _reference(new))
        if any(target and not target.startswith("#") for target in targets):
            # Another document, which is compared on its own.
            if targets[0] != targets[1]:
                text = f"another document is meant: {targets[0] or '-'} became {targets[1] or '-'}"
                yield SchemaChange(f"{pointer}/$ref", "rule_changed", True, text)
            return
        if any(targets):
            if targets in self._seen:
                return
            self._seen.add((str(targets[0]), str(targets[1])))
            pointer = targets[1] or targets[0] or pointer
            old, new = self._resolved(self._old, old), self._resolved(self._new, new)
        old, new = _as_object(old), _as_object(new)
        yield from _types(old, new, pointer)
        yield from _values(old, new, pointer)
        yield from _bounds(old, new, pointer)
        yield from _opaque(old, new, pointer)
        yield from _default(old, new, pointer)
        yield from self._properties(old, new, pointer)
        yield from self._contents(old, new, pointer)
        for keyword in ("anyOf", "oneOf"):
            yield from self._branches(old, new, pointer, keyword)

    def definitions(self) -> Iterator[SchemaChange]:
        """Yield the changes of the named types that were not reached so far."""
        before, after = self._old.get("$defs", {}), self._new.get("$defs", {})
        for name in sorted({*before, *after}):
            target = f"#/$defs/{name}"
            if name not in after:
                yield SchemaChange(target, "type_removed", True, f"type {name} is gone")
            elif name not in before:
                yield SchemaChange(target, "type_added", False, f"type {name} is new")
            else:
                yield from self.schema({"$ref": target}, {"$ref": target}, target)

    def _resolved(self, document: Any, schema: Any) -> Any:
        """Follow references; keywords beside one are kept."""
        seen = set()
        while isinstance(schema, dict) and "$ref" in schema and schema["$ref"] not in seen:
            seen.add(schema["$ref"])
            target: Any = document
            for part in str(schema["$ref"]).partition("#")[2].split("/")[1:]:
                target = target.get(part, {}) if isinstance(target, dict) else {}
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**target, **beside} if isinstance(target, dict) else target
        return schema

    def _properties(self, old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed_before, needed_after = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted({*before, *after, *needed_before, *needed_after}):
            place = f"{pointer}/properties/{name.replace('~', '~0').replace('/', '~1')}"
            if name in before and name not in after:
                yield SchemaChange(place, "property_removed", True, f"property {name} is gone")
            elif name not in before and name in after:
                if name in needed_after:
                    text = f"property {name} is new and required"
                    yield SchemaChange(place, "required_property_added", True, text)
                else:
                    text = f"property {name} is new and optional"
                    yield SchemaChange(place, "optional_property_added", False, text)
            else:
                if name in needed_after - needed_before:
                    text = f"property {name} is required now"
                    yield SchemaChange(place, "property_required", True, text)
                elif name in needed_before - needed_after:
                    text = f"property {name} is optional now; readers must expect its absence"
                    yield SchemaChange(place, "property_optional", False, text)
                yield from self.schema(before.get(name, True), after.get(name, True), place)

    def _contents(self, old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
        was, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        place = f"{pointer}/additionalProperties"
        if now is False and was is not False:
            yield SchemaChange(place, "closed", True, "further keys are refused now")
        elif was is False and now is not False:
            yield SchemaChange(place, "opened", False, "further keys are allowed now")
        elif isinstance(was, dict) or isinstance(now, dict):
            yield from self.schema(was, now, place)
        for keyword in ("items", "propertyNames"):
            if keyword in old or keyword in new:
                place = f"{pointer}/{keyword}"
                yield from self.schema(old.get(keyword, True), new.get(keyword, True), place)

    def _branches(self, old: Any, new: Any, pointer: str, keyword: str) -> Iterator[SchemaChange]:
        before = {self._label(self._old, branch): branch for branch in old.get(keyword, ())}
        after = {self._label(self._new, branch): branch for branch in new.get(keyword, ())}
        if not before and not after:
            return
        place = f"{pointer}/{keyword}"
        if not before or not after:
            kind, verb = ("union_added", "is new") if after else ("union_removed", "is gone")
            yield SchemaChange(place, kind, bool(after), f"the list of alternatives {verb}")
            return
        for label in sorted({*before, *after}):
            if label not in after:
                text = f"alternative {label} is gone"
                yield SchemaChange(place, "alternative_removed", True, text)
            elif label not in before:
                text = f"alternative {label} is new"
                yield SchemaChange(place, "alternative_added", False, text)
            else:
                index = list(after).index(label)
                yield from self.schema(before[label], after[label], f"{place}/{index}")

    def _label(self, document: Any, branch: Any) -> str:
        """Return what tells a branch from its siblings: its name, its type, or all of it."""
        target = _reference(branch)
        if target:
            return target.rpartition("/")[2]
        resolved = _as_object(self._resolved(document, branch))
        kind = resolved.get("type")
        if isinstance(kind, str):
            return kind
        return json.dumps(_meaning(resolved), sort_keys=True)


def _types(old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
    was, now = _type_set(old), _type_set(new)
    place = f"{pointer}/type"
    if was - now:
        text = f"{_listed(was - now)} is refused now"
        yield SchemaChange(place, "type_narrowed", True, text)
    if now - was:
        yield SchemaChange(place, "type_widened", False, f"{_listed(now - was)} is accepted now")


def _values(old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
    was, now = _value_set(old), _value_set(new)
    place = f"{pointer}/{'const' if 'const' in new or 'const' in old else 'enum'}"
    if was is None and now is not None:
        text = f"only {', '.join(sorted(now))} is accepted now"
        yield SchemaChange(place, "values_restricted", True, text)
    elif was is not None and now is None:
        yield SchemaChange(place, "values_freed", False, "any value is accepted now")
    elif was is not None and now is not None:
        for value in sorted(was - now):
            yield SchemaChange(place, "value_removed", True, f"value {value} is gone")
        for value in sorted(now - was):
            text = f"value {value} is new; readers must expect it"
            yield SchemaChange(place, "value_added", False, text)


def _bounds(old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
    for keyword, larger_is_stricter in _BOUNDS.items():
        was, now = old.get(keyword), new.get(keyword)
        if was == now:
            continue
        stricter = was is None or (now is not None and (now > was) is larger_is_stricter)
        kind = "bound_tightened" if stricter else "bound_loosened"
        text = f"{keyword} changes from {_shown(was)} to {_shown(now)}"
        yield SchemaChange(f"{pointer}/{keyword}", kind, stricter, text)


def _opaque(old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
    for keyword in _OPAQUE:
        was, now = old.get(keyword), new.get(keyword)
        if _meaning(was, is_map=keyword in _MAPS) == _meaning(now, is_map=keyword in _MAPS):
            continue
        place = f"{pointer}/{keyword}"
        if now is None:
            yield SchemaChange(place, "rule_removed", False, f"the rule {keyword} is gone")
        elif was is None:
            yield SchemaChange(place, "rule_added", True, f"the rule {keyword} is new")
        else:
            text = f"the rule {keyword} is another one: {_shown(was)} became {_shown(now)}"
            yield SchemaChange(place, "rule_changed", True, text)


def _default(old: Any, new: Any, pointer: str) -> Iterator[SchemaChange]:
    if "default" in old and "default" in new and _shown(old["default"]) != _shown(new["default"]):
        text = f"an absent value means {_shown(new['default'])}, not {_shown(old['default'])}"
        yield SchemaChange(f"{pointer}/default", "default_changed", True, text)


def _type_set(schema: Any) -> frozenset[str]:
    declared = schema.get("type")
    if declared is None:
        return _TYPES
    names = {declared} if isinstance(declared, str) else set(declared)
    if "number" in names:
        names.add("integer")
    return frozenset(names)


def _value_set(schema: Any) -> set[str] | None:
    if "const" in schema:
        return {_shown(schema["const"])}
    if "enum" in schema:
        return {_shown(value) for value in schema["enum"]}
    return None


def _reference(schema: Any) -> str:
    target = schema.get("$ref") if isinstance(schema, dict) else None
    return target if isinstance(target, str) else ""


def _as_object(schema: Any) -> Any:
    """Write the schemas `true` and `false` as objects."""
    if isinstance(schema, dict):
        return schema
    return {} if schema else {"not": {}}


def _meaning(schema: Any, *, is_map: bool = False) -> Any:
    """Return a schema without its annotations."""
    if isinstance(schema, list):
        return [_meaning(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _meaning(value, is_map=not is_map and key in _MAPS)
        for key, value in schema.items()
        if is_map or key not in _ANNOTATIONS
    }


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names))


def _shown(value: object) -> str:
    return "nothing" if value is None else json.dumps(value, sort_keys=True, ensure_ascii=False)
