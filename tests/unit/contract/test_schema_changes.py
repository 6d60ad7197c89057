"""Each difference between two schemas is breaking or additive, and the verdict is true."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from specify_cli.contract.data_changes import compare_data
from specify_cli.contract.schema_changes import compare_schemas

BASE: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Thing",
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "description": "A name."},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "count": {"type": "integer", "maximum": 9, "default": 0},
        "lane": {"$ref": "#/$defs/Lane"},
        "maybe": {"anyOf": [{"$ref": "#/$defs/Lane"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"Lane": {"type": "string", "enum": ["x", "y"]}, "Spare": {"type": "string"}},
}
PLACE = {"p": "/properties", "d": "/$defs"}


def changed(**edits: Any) -> dict[str, Any]:
    """Return the schema with values replaced at `a__b__c` paths; None removes."""
    schema = copy.deepcopy(BASE)
    for path, value in edits.items():
        holder: Any = schema
        *parts, last = path.replace("defs", "$defs").split("__")
        for part in parts:
            holder = holder[int(part) if isinstance(holder, list) else part]
        if value is None:
            del holder[last]
        else:
            holder[last] = value
    return schema


@pytest.mark.parametrize(
    ("edits", "pointer", "kind", "breaking"),
    [
        ({"properties__tags": None}, "#/properties/tags", "property_removed", True),
        ({"properties__new": {}}, "#/properties/new", "optional_property_added", False),
        (
            {"properties__new": {}, "required": ["name", "new"]},
            "#/properties/new",
            "required_property_added",
            True,
        ),
        ({"required": ["name", "kind"]}, "#/properties/kind", "property_required", True),
        ({"required": []}, "#/properties/name", "property_optional", False),
        ({"properties__kind__enum": ["a"]}, "#/properties/kind/enum", "value_removed", True),
        (
            {"properties__kind__enum": ["a", "b", "c"]},
            "#/properties/kind/enum",
            "value_added",
            False,
        ),
        ({"properties__kind__enum": None}, "#/properties/kind/enum", "values_freed", False),
        ({"properties__name__const": "n"}, "#/properties/name/const", "values_restricted", True),
        (
            {"properties__count__type": "string"},
            "#/properties/count/type",
            "type_narrowed",
            True,
        ),
        (
            {"properties__count__type": "number"},
            "#/properties/count/type",
            "type_widened",
            False,
        ),
        ({"properties__name__type": None}, "#/properties/name/type", "type_widened", False),
        (
            {"properties__name__minLength": 2},
            "#/properties/name/minLength",
            "bound_tightened",
            True,
        ),
        (
            {"properties__name__minLength": None},
            "#/properties/name/minLength",
            "bound_loosened",
            False,
        ),
        ({"properties__count__maximum": 5}, "#/properties/count/maximum", "bound_tightened", True),
        ({"properties__count__maximum": 50}, "#/properties/count/maximum", "bound_loosened", False),
        ({"properties__name__pattern": "x"}, "#/properties/name/pattern", "rule_added", True),
        ({"properties__count__default": 1}, "#/properties/count/default", "default_changed", True),
        ({"additionalProperties": True}, "#/additionalProperties", "opened", False),
        ({"additionalProperties": None}, "#/additionalProperties", "opened", False),
        (
            {"properties__tags__items__type": "integer"},
            "#/properties/tags/items/type",
            "type_narrowed",
            True,
        ),
        ({"defs__Lane__enum": ["x"]}, "#/$defs/Lane/enum", "value_removed", True),
        ({"defs__Spare__minLength": 1}, "#/$defs/Spare/minLength", "bound_tightened", True),
        ({"defs__Spare": None}, "#/$defs/Spare", "type_removed", True),
        ({"defs__Other": {}}, "#/$defs/Other", "type_added", False),
        (
            {"properties__maybe__anyOf": [{"$ref": "#/$defs/Lane"}]},
            "#/properties/maybe/anyOf",
            "alternative_removed",
            True,
        ),
        ({"allOf": [{"required": ["kind"]}]}, "#/allOf", "rule_added", True),
    ],
)
def test_each_kind_of_change(
    edits: dict[str, Any], pointer: str, kind: str, breaking: bool
) -> None:
    found = {(c.pointer, c.kind): c.breaking for c in compare_schemas(BASE, changed(**edits))}
    assert found.get((pointer, kind)) is breaking, found


def test_closing_an_object_and_dropping_or_swapping_a_rule() -> None:
    opened = changed(additionalProperties=True)
    assert [c.kind for c in compare_schemas(opened, BASE)] == ["closed"]
    patterned = changed(properties__name__pattern="a")
    assert [c.kind for c in compare_schemas(patterned, BASE)] == ["rule_removed"]
    other = changed(properties__name__pattern="b")
    assert [(c.kind, c.breaking) for c in compare_schemas(patterned, other)] == [
        ("rule_changed", True)
    ]


def test_titles_descriptions_and_examples_are_no_change() -> None:
    reworded = changed(title="Other", properties__name__description="Other.")
    reworded["examples"] = [{"name": "n"}]
    assert compare_schemas(BASE, reworded) == []


def test_a_property_called_like_a_keyword_is_compared() -> None:
    old = {"properties": {"description": {"type": "string"}, "title": {"type": "string"}}}
    new = {"properties": {"description": {"type": "integer"}}}
    assert {(c.pointer, c.kind) for c in compare_schemas(old, new)} >= {  # type: ignore[arg-type]
        ("#/properties/description/type", "type_narrowed"),
        ("#/properties/title", "property_removed"),
    }


def test_a_reference_to_another_document_is_compared_by_its_name() -> None:
    old = {"items": {"$ref": "../events/event.schema.json"}}
    new = {"items": {"$ref": "../events/other.schema.json"}}
    assert compare_schemas(old, old) == []  # type: ignore[arg-type]
    assert [c.pointer for c in compare_schemas(old, new)] == ["#/items/$ref"]  # type: ignore[arg-type]


def test_a_shared_type_is_reported_once_and_recursion_ends() -> None:
    old = changed(defs__Lane={"type": "object", "properties": {"next": {"$ref": "#/$defs/Lane"}}})
    new = copy.deepcopy(old)
    new["$defs"]["Lane"]["required"] = ["next"]
    assert [c.pointer for c in compare_schemas(old, new)] == ["#/$defs/Lane/properties/next"]


_SCALARS = st.sampled_from(
    [
        {"type": "string"},
        {"type": "string", "minLength": 2},
        {"type": "string", "enum": ["a", "bb"]},
        {"type": "string", "enum": ["a", "bb", "ccc"]},
        {"const": "a"},
        {"type": "integer"},
        {"type": "integer", "minimum": 1},
        {"type": "integer", "maximum": 1},
        {"type": "number"},
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": "array", "items": {"type": "integer"}},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
        {"type": "string", "pattern": "^a"},
        {"$ref": "#/$defs/T"},
        True,
    ]
)
_SCHEMAS = st.builds(
    lambda properties, required, closed, shared: {
        "type": "object",
        "properties": properties,
        "required": sorted(set(required) & set(properties)),
        "additionalProperties": not closed,
        "$defs": {"T": shared},
    },
    st.dictionaries(st.sampled_from("pqr"), _SCALARS, max_size=3),
    st.lists(st.sampled_from("pqr")),
    st.booleans(),
    st.sampled_from([{"type": "string"}, {"type": "integer"}, {"enum": ["a", 1]}, {}]),
)
_VALUES = st.sampled_from(["a", "bb", "ccc", "", 0, 1, 2, -1, 1.5, None, [], [1], ["a"], True])
_INSTANCES = st.dictionaries(st.sampled_from("pqr"), _VALUES, max_size=3)


@settings(max_examples=400, deadline=None)
@given(_SCHEMAS, _SCHEMAS, st.lists(_INSTANCES, min_size=8, max_size=8))
def test_without_a_breaking_change_what_conformed_still_conforms(
    old: dict[str, Any], new: dict[str, Any], instances: list[dict[str, Any]]
) -> None:
    changes = compare_schemas(old, new)
    if any(change.breaking for change in changes):
        return
    declared = set(old["properties"])
    before, after = Draft202012Validator(old), Draft202012Validator(new)
    for instance in instances:
        # A key that an open object did not declare has no promise to keep.
        if set(instance) <= declared and before.is_valid(instance):
            assert after.is_valid(instance), changes


def test_data_artefacts_go_by_the_words_of_their_keys() -> None:
    old = {
        "_comment": "x",
        "required_fields": ["a"],
        "forbidden_fields": ["b"],
        "allowed": ["c"],
        "value": "3.0.0",
        "gone": 1,
    }
    new = {
        "_comment": "y",
        "required_fields": ["a", "a2"],
        "forbidden_fields": [],
        "allowed": ["c2"],
        "value": "3.0.1",
        "new": 1,
    }
    found = {(c.pointer, c.kind): c.breaking for c in compare_data(old, new)}
    assert found == {
        ("#/required_fields", "entry_added"): True,
        ("#/forbidden_fields", "entry_removed"): False,
        ("#/allowed", "entry_removed"): True,
        ("#/allowed", "entry_added"): False,
        ("#/value", "value_changed"): True,
        ("#/gone", "entry_removed"): True,
        ("#/new", "entry_added"): False,
    }
