"""Named types are collected once, sorted into families and reduced to what a type can say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from codegen.definitions import collect
from codegen.patches import ABSENT, PATCHES, Patch, apply_patches
from codegen.sources import load_documents, load_sources
from codegen.tree import PipelineError
from codegen.typing_view import typing_view

if TYPE_CHECKING:
    from codegen.tree import Tree


def change(tree: Tree, name: str, edit: Any) -> None:
    path = tree.root / "contracts" / name
    document = json.loads(path.read_bytes())
    edit(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_a_type_that_several_families_use_is_defined_once_for_all(tree: Tree) -> None:
    definitions = collect(load_sources(tree.root))
    for name in ("RuntimeActorIdentity", "Lane", "Ulid", "ParticipantExternalRefs"):
        assert definitions[name].family == "definitions"
    assert definitions["LocalNamespaceTuple"].family == "dossier"
    assert definitions["Event"].family == "envelope"
    assert definitions["DecisionPointOpenedPayload"].family == "decision"


def test_two_different_types_of_one_name_are_refused(tree: Tree) -> None:
    def widen(document: Any) -> None:
        document["$defs"]["Lane"]["enum"].append("parked")

    change(tree, "published/status_rows.schema.json", widen)
    with pytest.raises(PipelineError, match=r"status_rows\.schema\.json: Lane differs") as refused:
        collect(load_sources(tree.root))
    assert "contracts/vendored/events/lane.schema.json" in str(refused.value)


def test_another_description_does_not_make_another_type(tree: Tree) -> None:
    def reword(document: Any) -> None:
        document["$defs"]["Lane"]["description"] = "Where it is."

    change(tree, "published/status_rows.schema.json", reword)
    collect(load_sources(tree.root))


def test_a_property_called_title_or_description_is_part_of_a_type(tree: Tree) -> None:
    def add(document: Any) -> None:
        document["$defs"]["Progress"] = {
            "type": "object",
            "properties": {"title": {"type": "string"}},
        }

    change(tree, "published/run_state.schema.json", add)
    change(tree, "published/next_decision.schema.json", add)
    collect(load_sources(tree.root))

    def retype(document: Any) -> None:
        document["$defs"]["Progress"]["properties"]["title"] = {"type": "integer"}

    change(tree, "published/run_state.schema.json", retype)
    with pytest.raises(PipelineError, match="Progress differs"):
        collect(load_sources(tree.root))


def test_a_new_upstream_schema_needs_a_family(tree: Tree) -> None:
    path = tree.vendored / "events" / "brand_new_payload.schema.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(PipelineError, match=r"brand_new_payload\.schema\.json.*no family"):
        collect(load_sources(tree.root))


def test_a_family_must_not_name_a_schema_that_is_gone(tree: Tree) -> None:
    (tree.vendored / "events" / "thread_ref.schema.json").unlink()
    with pytest.raises(PipelineError, match="EVENT_FAMILIES names 'thread_ref'"):
        collect(load_sources(tree.root))


def test_a_reference_that_leads_nowhere_is_refused(tree: Tree) -> None:
    def dangle(document: Any) -> None:
        document["properties"]["message"] = {"$ref": "#/$defs/Nothing"}

    change(tree, "published/error.schema.json", dangle)
    with pytest.raises(
        PipelineError, match=r"error\.schema\.json: ErrorDocument refers to Nothing"
    ):
        collect(load_sources(tree.root))


def test_an_unreadable_document_is_named(tree: Tree) -> None:
    (tree.published / "error.schema.json").write_text("{", encoding="utf-8")
    (tree.published / "run_state.schema.json").write_text("[]", encoding="utf-8")
    with pytest.raises(PipelineError) as refused:
        load_documents(tree.published)
    assert [finding.partition(": ")[0] for finding in refused.value.findings] == [
        "contracts/published/error.schema.json",
        "contracts/published/run_state.schema.json",
    ]


def test_an_event_type_without_a_schema_is_refused(tree: Tree) -> None:
    from codegen.registry import registry_module

    def rename(document: Any) -> None:
        document["event_types"]["MissionClosed"] = "mission_shut_payload"

    change(tree, "vendored/events/event_types.json", rename)
    sources = load_sources(tree.root)
    with pytest.raises(PipelineError, match="MissionClosed maps to the schema"):
        registry_module(sources, collect(sources))


def test_conditions_are_left_to_the_gate() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string", "title": "A"}, "not": {"type": "string"}},
        "allOf": [{"if": {"required": ["a"]}, "then": {"required": ["b"]}}],
        "dependentRequired": {"a": ["b"]},
        "x-sum": {"a": ["b"]},
    }
    assert typing_view("Thing", schema) == {
        "title": "Thing",
        "type": "object",
        "properties": {"a": {"type": "string"}, "not": {"type": "string"}},
    }


def test_a_chain_of_conditions_that_picks_a_type_is_a_union() -> None:
    chain = {"if": {}, "then": {"$ref": "#/$defs/A"}, "else": {"$ref": "#/$defs/B"}}
    schema = {"type": "object", "if": {}, "then": {"$ref": "#/$defs/C"}, "else": chain}
    assert typing_view("Row", schema) == {
        "title": "Row",
        "anyOf": [{"$ref": "#/$defs/C"}, {"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
    }


def test_a_patch_replaces_adds_and_removes_without_touching_its_input() -> None:
    documents = {"a.json": {"list": [1, 2], "x/y": {"k": True}}}
    patched = apply_patches(
        documents,
        [
            Patch("a.json", "/list/1", 2, 3, "replaced"),
            Patch("a.json", "/new", ABSENT, {"k": 1}, "added"),
            Patch("a.json", "/x~1y/k", True, ABSENT, "removed"),
        ],
    )
    assert patched == {"a.json": {"list": [1, 3], "x/y": {}, "new": {"k": 1}}}
    assert documents == {"a.json": {"list": [1, 2], "x/y": {"k": True}}}


@pytest.mark.parametrize(
    ("patch", "problem"),
    [
        (Patch("b.json", "/a", 1, 2, ""), "there is no such file"),
        (Patch("a.json", "/a", 2, 3, ""), "expected 2, found 1"),
        (Patch("a.json", "/a", True, 3, ""), "expected true, found 1"),
        (Patch("a.json", "/a", ABSENT, 3, ""), "expected nothing, found 1"),
        (Patch("a.json", "/b", 1, 3, ""), "expected 1, found nothing"),
        (Patch("a.json", "/b/c", 1, 3, ""), "there is no 'b' on the way"),
        (Patch("a.json", "/list/7", 1, 3, ""), "expected 1, found nothing"),
    ],
)
def test_a_patch_whose_place_changed_says_what_it_expected(patch: Patch, problem: str) -> None:
    with pytest.raises(PipelineError) as refused:
        apply_patches({"a.json": {"a": 1, "list": []}}, [patch])
    assert f"{patch.file}: patch at {patch.pointer} no longer applies: {problem}" in str(
        refused.value
    )


def test_every_patch_says_why() -> None:
    assert all(len(patch.reason) > 20 for patch in PATCHES)
    # A pointer that ends in "-" adds to a list, and a list can be added to more than once.
    places = [(p.file, p.pointer, repr(p.new) * p.pointer.endswith("-")) for p in PATCHES]
    assert len(set(places)) == len(places)
