"""Compiled schemas judge as the reference implementation does, and say where and why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from codegen.gate_document import Document, GateBuildError
from tests.unit.codegen.compiled_gate import PATH, compiled

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

KEYS = st.sampled_from(["a", "b", "c", "a b", "1"])
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.5, "", "a", "ab", "abc", "1", "2026-11-21T07:13:00Z"]),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "null", "array", "object"])
SMALL = st.integers(0, 3)


def _schemas(inner: SearchStrategy[Any]) -> SearchStrategy[Any]:
    several = st.lists(inner, min_size=1, max_size=3)
    keywords: dict[str, SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=3, unique=True),
        "const": VALUES,
        "enum": st.lists(LEAVES, min_size=1, max_size=3),
        "minLength": SMALL,
        "maxLength": SMALL,
        "pattern": st.sampled_from(["^a", "b$", "^[a-c]{1,2}$", "^[a-z]+$", "^(a|ab)$", r"\S"]),
        "format": st.just("date-time"),
        "minimum": SMALL,
        "maximum": SMALL,
        "exclusiveMinimum": SMALL,
        "exclusiveMaximum": SMALL,
        "multipleOf": st.integers(1, 3),
        "items": inner,
        "minItems": SMALL,
        "maxItems": SMALL,
        "uniqueItems": st.booleans(),
        "properties": st.dictionaries(KEYS, inner, max_size=3),
        "required": st.lists(KEYS, max_size=2, unique=True),
        "additionalProperties": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b"]), inner, max_size=2),
        "propertyNames": inner,
        "minProperties": SMALL,
        "maxProperties": SMALL,
        "dependentRequired": st.dictionaries(
            KEYS, st.lists(KEYS, max_size=2, unique=True), max_size=2
        ),
        "allOf": several,
        "anyOf": several,
        "oneOf": several,
        "not": inner,
        "$ref": st.just("#/$defs/Shared"),
    }
    plain = st.fixed_dictionaries({}, optional=keywords).map(_fewer)
    conditional = st.fixed_dictionaries(
        {"if": inner}, optional={"then": inner, "else": inner, "type": TYPES}
    )
    return st.one_of(st.booleans(), plain, plain, conditional)


def _fewer(schema: dict[str, Any]) -> dict[str, Any]:
    """Keep a few keywords, so that instances have a chance to conform."""
    names = sorted(schema, key=lambda name: hash((name, len(schema))))
    return {name: schema[name] for name in names[:4]}


SCHEMAS = st.recursive(
    st.fixed_dictionaries({}, optional={"type": TYPES, "const": LEAVES, "minLength": SMALL}),
    _schemas,
    max_leaves=8,
)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=SCHEMAS, shared=SCHEMAS, values=st.lists(VALUES, min_size=6, max_size=6))
def test_a_schema_judges_values_as_the_reference_implementation_does(
    schema: Any, shared: Any, values: list[Any]
) -> None:
    if isinstance(schema, bool) or not isinstance(shared, dict) or "$ref" in str(shared):
        return
    whole = schema | {"$defs": {"Shared": shared}}
    reference = Draft202012Validator(whole, format_checker=FormatChecker())
    gate = compiled(whole)
    for value in values:
        expected = reference.is_valid(value)
        assert (not gate.violations(value)) == expected, (whole, value, gate.text)
        assert gate.passes(value) == expected, (whole, value, gate.text)


@pytest.mark.parametrize(
    ("schema", "value", "found"),
    [
        ({"type": "integer"}, "3", {("$", "type")}),
        ({"type": "integer"}, True, {("$", "type")}),
        ({"type": "integer"}, 1.0, {("$", "type")}),
        ({"type": "number"}, False, {("$", "type")}),
        (
            {"type": "string", "minLength": 2, "pattern": "^a"},
            "b",
            {("$", "minLength"), ("$", "pattern")},
        ),
        (
            {"type": "object", "required": ["a", "b"], "additionalProperties": False},
            {"c": 1, "d e": 2},
            {
                ("$.a", "required"),
                ("$.b", "required"),
                ("$.c", "additionalProperties"),
                ("$['d e']", "additionalProperties"),
            },
        ),
        (
            {"properties": {"x": {"items": {"properties": {"y": {"type": "null"}}}}}},
            {"x": [{}, {"y": 1}, {"y": None}, {"y": 2}]},
            {("$.x[1].y", "type"), ("$.x[3].y", "type")},
        ),
        (
            {"additionalProperties": {"minimum": 2}},
            {"a": 1, "b c": 0, "d": 3},
            {("$.a", "minimum"), ("$['b c']", "minimum")},
        ),
        ({"propertyNames": {"pattern": "^a"}}, {"ab": 1, "b": 2}, {("$.b", "pattern")}),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, {("$.b", "required")}),
        (
            {"anyOf": [{"type": "string", "minLength": 1}, {"type": "null"}]},
            "",
            {("$", "minLength")},
        ),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 3, {("$", "type")}),
        ({"anyOf": [{"type": "string"}, {"type": "array"}]}, 3, {("$", "anyOf")}),
        (
            {"type": "object", "x-sum": {"c": ["a", "b"]}},
            {"a": 1, "b": 2, "c": 4},
            {("$.c", "sum")},
        ),
        ({"uniqueItems": True}, [1, True, 1.5, {"a": [1]}, {"a": [True]}], set()),
        ({"uniqueItems": True}, [{"a": [1]}, {"a": [1]}], {("$", "uniqueItems")}),
        ({"const": {"a": 1}}, {"a": True}, {("$", "const")}),
        ({"enum": ["a", 1, None]}, True, {("$", "enum")}),
    ],
)
def test_violations_name_the_path_and_the_rule(
    schema: Any, value: Any, found: set[tuple[str, str]]
) -> None:
    assert compiled(schema).found(value) == found


def test_a_union_with_a_tag_reports_only_the_branch_that_was_meant() -> None:
    schema = {
        "oneOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
        "$defs": {
            "A": {
                "type": "object",
                "properties": {"kind": {"const": "a"}, "n": {"type": "integer"}},
                "required": ["kind", "n"],
            },
            "B": {
                "type": "object",
                "properties": {"kind": {"enum": ["b", "c"]}},
                "required": ["kind"],
            },
        },
    }
    gate = compiled(schema)
    assert gate.found({"kind": "a", "n": "1"}) == {("$.n", "type")}
    assert gate.found({"kind": "c"}) == set()
    assert gate.found({"kind": "d"}) == {("$.kind", "oneOf")}
    assert gate.found("text") == {("$.kind", "oneOf")}


def test_a_union_without_a_tag_reports_the_closest_branch() -> None:
    schema = {
        "anyOf": [
            {"type": "object", "required": ["a", "b"]},
            {"type": "object", "required": ["c"], "properties": {"c": {"type": "null"}}},
        ]
    }
    assert compiled(schema).found({"c": 1}) == {("$", "anyOf"), ("$.c", "type")}


def test_a_recursive_schema_is_compiled_once_and_followed_down() -> None:
    schema = {
        "type": "object",
        "properties": {"next": {"$ref": "#"}, "n": {"type": "integer"}},
        "additionalProperties": False,
    }
    assert compiled(schema).found({"next": {"next": {"n": "x"}}}) == {("$.next.next.n", "type")}


def test_the_source_of_a_violation_is_a_pointer_into_the_schema_file() -> None:
    schema = {
        "properties": {
            "a/b": {"$ref": "#/$defs/Name"},
            "c": {"anyOf": [{"type": "object"}, {"type": "null"}]},
        },
        "$defs": {"Name": {"type": "string", "minLength": 3}},
        "allOf": [{"required": ["d"]}],
    }
    found = compiled(schema).violations({"a/b": "x", "c": 1})
    assert {violation.source for violation in found} == {
        f"{PATH}#/$defs/Name/minLength",
        f"{PATH}#/properties/c/anyOf/0/type",
        f"{PATH}#/allOf/0/required",
    }
    for violation in found:
        Document(PATH, schema).at(violation.source.partition(PATH)[2])


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"maxContains": 1}, "'maxContains' is not supported"),
        ({"properties": {"a": {"unevaluatedProperties": False}}}, "#/properties/a/unevaluated"),
        ({"$defs": {"Unused": {"nullable": True}}}, "#/$defs/Unused/nullable"),
        ({"items": {"x-anything": 1}}, "'x-anything' is not supported"),
        ({"type": "int"}, "unknown type 'int'"),
        ({"format": "email"}, "format 'email' is not supported"),
        ({"then": {}}, "without `if`"),
        ({"allOf": ["text"]}, "is no schema"),
        ({"$ref": "#/$defs/Nowhere"}, "leads nowhere"),
        ({"$ref": "other.schema.json"}, "leaves the file"),
        ({"pattern": "(?i)a"}, "unsupported group"),
        ({"multipleOf": 0.5}, "multipleOf 0.5"),
    ],
)
def test_what_cannot_be_compiled_stops_the_build_with_file_and_path(
    schema: Any, message: str
) -> None:
    with pytest.raises(GateBuildError) as refused:
        compiled(schema)
    assert message in str(refused.value)
    assert PATH in str(refused.value)
