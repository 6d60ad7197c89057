"""Contract sets are compared document by document, and the code that is concerned is named."""

from __future__ import annotations

import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.contract.contract_sets import ContractSetNotFound
from specify_cli.contract.diff import diff
from specify_cli.contract.usage import modules_using

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT / "contracts"


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """A copy of the contracts that a test may change."""
    return shutil.copytree(CONTRACTS, tmp_path / "newer")


def edit(path: Path, change: Callable[[Any], object]) -> None:
    document = json.loads(path.read_bytes())
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def test_the_installed_contracts_equal_those_of_the_checkout_they_came_from() -> None:
    assert diff("installed", str(CONTRACTS)).changes == ()
    assert diff(str(CONTRACTS), "installed").changes == ()
    assert "No difference" in diff("installed", "installed").to_text()


def test_the_vendored_schemas_equal_those_of_the_installed_package() -> None:
    version = metadata.version("spec-kitty-events")
    difference = diff(f"spec-kitty-events=={version}", str(CONTRACTS / "vendored" / "events"))
    assert difference.changes == ()
    assert difference.old == f"spec-kitty-events {version}"


def test_a_change_names_the_modules_that_use_it(newer: Path) -> None:
    rows = newer / "published" / "status_rows.schema.json"
    edit(rows, lambda document: document["$defs"]["TransitionRow"]["properties"].pop("reason"))
    difference = diff("installed", str(newer))
    (change,) = difference.changes
    assert change.document == "spec-kitty-cli/published/status_rows"
    assert change.pointer == "#/$defs/TransitionRow/properties/reason"
    assert change.breaking
    assert "specify_cli.events.envelope" in change.used_by
    text = difference.to_text()
    assert "breaking  spec-kitty-cli/published/status_rows#/$defs/TransitionRow" in text
    assert "used by specify_cli.events.envelope" in text
    assert text.endswith("1 breaking, 0 additive.")


def test_breaking_changes_come_first_and_are_counted(newer: Path) -> None:
    def lanes(document: Any) -> None:
        document["enum"].remove("in_review")
        document["enum"].append("parked")

    edit(newer / "vendored" / "events" / "lane.schema.json", lanes)
    edit(
        newer / "vendored" / "gate" / "upstream_contract.json",
        lambda document: document["envelope"]["required_fields"].append("team_slug"),
    )
    document = diff(str(CONTRACTS), str(newer)).to_json()
    assert document["breaking"] == 2
    assert document["additive"] == 1
    changes: Any = document["changes"]
    assert [change["effect"] for change in changes] == ["breaking", "breaking", "additive"]
    assert {change["pointer"] for change in changes} == {"#/enum", "#/envelope/required_fields"}


def test_new_and_missing_documents_and_messages_are_reported(newer: Path) -> None:
    (newer / "vendored" / "events" / "thread_ref.schema.json").unlink()
    (newer / "vendored" / "events" / "brand_new.schema.json").write_text(
        '{"$id": "spec-kitty-events/brand_new", "type": "object"}', encoding="utf-8"
    )

    def messages(document: Any) -> None:
        schemas = document["components"]["schemas"]
        del schemas["SyncHealth"]
        schemas["SyncState"] = {"type": "object"}
        schemas["BodySyncPush"]["required"].remove("hash_algorithm")
        schemas["TrackerProvider"]["enum"].remove("jira")
        del document["paths"]["/api/v1/sync/health/"]

    edit(newer / "vendored" / "saas" / "openapi.json", messages)
    found = {
        (change.document, change.pointer, change.kind): change.breaking
        for change in diff(str(CONTRACTS), str(newer)).changes
    }
    api = "openapi.json"
    assert found == {
        ("spec-kitty-events/thread_ref", "#", "document_removed"): True,
        ("spec-kitty-events/brand_new", "#", "document_added"): False,
        (api, "#/components/schemas/SyncHealth", "message_removed"): True,
        (api, "#/components/schemas/SyncState", "message_added"): False,
        (
            api,
            "#/components/schemas/BodySyncPush/properties/hash_algorithm",
            "property_optional",
        ): False,
        (api, "#/components/schemas/TrackerProvider/enum", "value_removed"): True,
        (api, "#/paths/~1api~1v1~1sync~1health~1", "entry_removed"): True,
    }


def test_a_folder_with_a_part_of_the_contracts_is_compared_with_that_part_only() -> None:
    assert diff("installed", str(CONTRACTS / "published")).changes == ()
    assert (
        diff("installed", str(CONTRACTS / "published" / "error.schema.json")).to_json()["additive"]
        == 0
    )


@pytest.mark.parametrize("side", ["no/such/folder", "spec-kitty-events==1.0.0", "spec-kitty-saas"])
def test_a_side_that_does_not_exist_is_refused(side: str) -> None:
    with pytest.raises(ContractSetNotFound) as refused:
        diff("installed", side)
    assert refused.value.code == "CONTRACT_SET_NOT_FOUND"
    assert refused.value.exit_code == 2
    assert refused.value.details["side"] == side


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractSetNotFound):
        diff("installed", str(tmp_path))


def test_users_are_found_by_type_by_family_and_by_surface() -> None:
    assert "specify_cli.events.envelope" in modules_using("spec-kitty-events/event", "Event")
    assert modules_using("spec-kitty-events/thread_ref", "ThreadRef") == ()


def test_the_installed_set_does_not_differ_from_itself() -> None:
    # Its patches are taken back on both sides, those that add to the end of a list included.
    assert diff("installed", "installed").changes == ()
