"""The contracts can be read without a checkout."""

from __future__ import annotations

import json

import pytest

from spec_kitty_contracts.event_types import EVENT_TYPES
from spec_kitty_contracts.gate import SURFACES
from specify_cli.contract.documents import ContractUnreadable, UnknownSurface, read_document
from specify_cli.contract.show import ContractOverview, ShownContract, show


def shown(name: str) -> ShownContract:
    contract = show(name)
    assert isinstance(contract, ShownContract)
    return contract


def test_the_overview_lists_every_surface_of_the_gate_and_every_event_type() -> None:
    overview = show()
    assert isinstance(overview, ContractOverview)
    assert {entry.name for entry in overview.surfaces} == set(SURFACES)
    assert overview.event_types == tuple(EVENT_TYPES)
    assert overview.wire_version == "3.0.0"
    assert overview.upstream.startswith("spec-kitty-events 6.")
    text = overview.to_text()
    assert all(f"\n{name} " in text for name in SURFACES)
    assert json.loads(json.dumps(overview.to_json()))["result"] == "success"


@pytest.mark.parametrize("name", SURFACES)
def test_every_surface_can_be_shown_with_all_the_types_it_refers_to(name: str) -> None:
    contract = shown(name)
    document = json.dumps(contract.to_json())
    for target in document.split('"$ref": "#')[1:]:
        assert target.partition('"')[0].rpartition("/")[2] in contract.definitions
    assert contract.source.startswith("contracts/")
    assert contract.source in contract.to_text()


def test_the_envelope_shows_its_gate_rules_cutover_patches_and_event_types() -> None:
    contract = shown("envelope")
    assert contract.source == "contracts/vendored/events/event.schema.json"
    assert contract.origin.startswith("spec-kitty-events 6.")
    assert contract.rules["schema_version"] == {"value": "3.0.0"}
    assert "cutover" in contract.rules
    assert {patch["file"] for patch in contract.patches} == {"events/event.schema.json"}
    assert "WPStatusChanged" in contract.event_types
    assert "patched at /required" in contract.to_text()


@pytest.mark.parametrize("event_type", ["WPStatusChanged", "WPAssigned", "retrospective.started"])
def test_the_payload_of_an_event_type_can_be_shown(event_type: str) -> None:
    contract = shown(event_type)
    assert contract.source.startswith("contracts/vendored/events/")
    assert contract.schema["properties"]


def test_authored_and_published_contracts_name_their_origin() -> None:
    assert shown("local_commit").origin.startswith("authored from spec-kitty-saas @ 3a0e4af")
    assert shown("error").origin == "published by this project"
    assert shown("body_sync").source.endswith("openapi.json#/components/schemas/BodySyncPush")


def test_an_unknown_name_is_refused_with_what_there_is() -> None:
    with pytest.raises(UnknownSurface) as refused:
        show("FeatureCreated")
    assert refused.value.exit_code == 2
    assert refused.value.details["surfaces"] == sorted(SURFACES)


def test_a_document_that_is_no_json_object_is_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("documents")
    (folder / "list.json").write_text("[]", encoding="utf-8")
    (folder / "torn.json").write_text("{", encoding="utf-8")
    for name in ("list.json", "torn.json", "gone.json"):
        with pytest.raises(ContractUnreadable, match=name):
            read_document(folder / name)
