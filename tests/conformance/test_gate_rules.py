"""Every entry of the gate artefact and of the cutover artefact is a rule that refuses something."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.gate import SMALL_ENVELOPE
from spec_kitty_contracts.gate import LEGACY_KEYS, SURFACES, violations
from tests.conformance.upstream_fixtures import envelope_for
from tests.unit.codegen.gate_sources import SOURCES

DOCUMENTS: dict[str, Any] = {
    name.removesuffix("s") if name.endswith("_rows") else name: schema["examples"][0]
    for name, schema in (SOURCES.published | SOURCES.websocket).items()
    if "examples" in schema
}
DOCUMENTS |= {
    "envelope": SMALL_ENVELOPE,
    "body_sync": {
        "project_uuid": "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
        "mission_slug": "todo-app-01KQ22DS",
        "target_branch": "kitty/mission-todo-app-01KQ22DS",
        "mission_type": "software-dev",
        "manifest_version": "1",
        "artifact_path": "spec.md",
        "content_hash": "0" * 64,
        "hash_algorithm": "sha256",
        "content_body": "# Todo app\n",
    },
    "tracker_bind": {
        "uuid": "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
        "slug": "todo",
        "node_id": "b805cd5cee74",
        "repo_slug": None,
        "build_id": "01KQ22DT0000000000000000B1",
    },
}
"""A conforming document of every surface."""

SECTIONS = {name: section for name, section in SOURCES.gate.items() if name in SURFACES}
SCOPED = SOURCES.gate["payload"]["mission_scoped"]
FAILURE: dict[str, Any] = {
    "contract_version": "1.0.0",
    "command": "orchestrator-api.unknown",
    "timestamp": "2026-11-21T07:13:00+00:00",
    "correlation_id": "corr-" + "0" * 32,
    "success": False,
    "error_code": "USAGE_ERROR",
    "data": {"message": "no such command", "fix": "see --help"},
}

HISTORY: dict[str, Any] = FAILURE | {
    "command": "orchestrator-api.append-history",
    "success": True,
    "error_code": None,
    "data": {
        "mission_slug": "todo-app-01KQ22DS",
        "mission_number": None,
        "mission_type": "software-dev",
        "mission_id": None,
        "wp_id": "WP01",
        "history_entry_id": "hist-" + "0" * 32,
    },
}


def entries(key: str) -> list[tuple[str, str]]:
    """Surface and name of every entry in the lists with this key."""
    return [(name, entry) for name, section in SECTIONS.items() for entry in section.get(key, ())]


def found(surface: str, document: object) -> set[tuple[str, str]]:
    """Path and rule of every violation."""
    return {(violation.path, violation.rule) for violation in violations(surface, document)}


def test_there_is_a_document_for_every_surface() -> None:
    assert set(DOCUMENTS) >= set(SURFACES)


@pytest.mark.proves("001 NFR-002", "001 C-003")
@pytest.mark.parametrize("surface", SURFACES)
def test_a_conforming_document_passes(surface: str) -> None:
    assert found(surface, DOCUMENTS[surface]) == set()


@pytest.mark.proves("001 FR-007")
@pytest.mark.parametrize(("surface", "name"), entries("required_fields"))
def test_a_required_field_is_demanded(surface: str, name: str) -> None:
    document = {key: value for key, value in DOCUMENTS[surface].items() if key != name}
    assert (f"$.{name}", "required") in found(surface, document)


@pytest.mark.parametrize(("surface", "name"), entries("forbidden_fields"))
def test_a_forbidden_field_is_refused(surface: str, name: str) -> None:
    rule = "legacy_key" if name in LEGACY_KEYS else "forbidden"
    values: tuple[object, ...] = (None, "x", {})
    for value in values:
        assert (f"$.{name}", rule) in found(surface, DOCUMENTS[surface] | {name: value})


@pytest.mark.proves("001 FR-015")
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("key", LEGACY_KEYS)
def test_a_legacy_key_is_refused_on_every_surface_at_any_depth(surface: str, key: str) -> None:
    document = DOCUMENTS[surface]
    assert (f"$.{key}", "legacy_key") in found(surface, document | {key: 1})
    for name in document:
        deep = document | {name: [{"a": {key: 1}}]}
        where = f"$.{name}" if name.isidentifier() else f"$['{name}']"
        assert (f"{where}[0].a.{key}", "legacy_key") in found(surface, deep)


@pytest.mark.proves("001 FR-018")
def test_aggregates_are_those_of_the_artefacts() -> None:
    words = SECTIONS["envelope"]["aggregate_type"]
    for name in words["allowed"]:
        assert found("envelope", SMALL_ENVELOPE | {"aggregate_type": name}) == set()
    retired = SOURCES.cutover["forbidden_legacy_aggregate_names"]
    for name in (*words["forbidden"], *retired, "mission", ""):
        assert ("$.aggregate_type", "allowed") in found(
            "envelope", SMALL_ENVELOPE | {"aggregate_type": name}
        )
    for name in retired:
        for identity in (name, f"{name}/", f"{name}/x/y"):
            expected = {("$.aggregate_id", "forbidden")}
            assert found("envelope", SMALL_ENVELOPE | {"aggregate_id": identity}) == expected
        for identity in (f"{name}s/1", f"x/{name}", f"{name}-1"):
            assert found("envelope", SMALL_ENVELOPE | {"aggregate_id": identity}) == set()


@pytest.mark.proves("001 FR-018")
def test_retired_event_names_are_refused_as_such() -> None:
    names = {
        *SECTIONS["envelope"]["event_type"]["forbidden"],
        *SOURCES.cutover["forbidden_legacy_event_names"],
    }
    for name in names:
        document = envelope_for(name, {})
        assert ("$.event_type", "forbidden") in found("envelope", document)


@pytest.mark.proves("001 FR-007")
@pytest.mark.parametrize("event_type", ["MissionCreated", "MissionClosed"])
def test_the_payloads_of_a_mission_name_it(event_type: str) -> None:
    for name in SCOPED["required_fields"]:
        assert (f"$.payload.{name}", "required") in found("envelope", envelope_for(event_type, {}))
    for name in SCOPED["forbidden_fields"]:
        document = envelope_for(event_type, {name: 1})
        assert (f"$.payload.{name}", "legacy_key") in found("envelope", document)


def test_the_answer_of_the_orchestrator_api_has_an_allowed_command_and_error_code() -> None:
    section = SECTIONS["orchestrator_api"]
    assert found("orchestrator_api", FAILURE) == set()
    for code in section["allowed_error_codes"]:
        assert found("orchestrator_api", FAILURE | {"error_code": code}) == set()
    for code in (*section["forbidden_error_codes"], "SOMETHING_ELSE"):
        document = FAILURE | {"error_code": code}
        assert found("orchestrator_api", document) == {("$.error_code", "allowed")}
    for name in section["allowed_commands"]:
        document = FAILURE | {"command": f"orchestrator-api.{name}"}
        assert found("orchestrator_api", document) == set()
    retired = [f"orchestrator-api.{name}" for name in section["forbidden_commands"]]
    for command in (*retired, *section["allowed_commands"], "orchestrator-api."):
        document = FAILURE | {"command": command}
        assert found("orchestrator_api", document) == {("$.command", "enum")}


def test_the_answer_of_the_orchestrator_api_is_closed_and_its_data_belongs_to_its_command() -> None:
    success = DOCUMENTS["orchestrator_api"]
    assert success["success"] is True
    assert len(success) == 7
    assert found("orchestrator_api", HISTORY) == set()
    for name in success:
        shorter = {key: value for key, value in success.items() if key != name}
        assert (f"$.{name}", "required") in found("orchestrator_api", shorter)
    assert ("$.more", "additionalProperties") in found("orchestrator_api", success | {"more": 1})
    assert ("$.error_code", "type") in found(
        "orchestrator_api", success | {"error_code": "USAGE_ERROR"}
    )
    assert ("$.error_code", "type") in found("orchestrator_api", FAILURE | {"error_code": None})
    for name in SECTIONS["orchestrator_api"]["allowed_commands"]:
        command = f"orchestrator-api.{name}"
        if command != success["command"]:
            assert found("orchestrator_api", success | {"command": command}), name
    for name in SECTIONS["orchestrator_api"]["required_payload_fields"]:
        data = {key: value for key, value in HISTORY["data"].items() if key != name}
        assert (f"$.data.{name}", "required") in found("orchestrator_api", HISTORY | {"data": data})


def test_a_violation_names_the_artefact_that_has_the_rule() -> None:
    document = SMALL_ENVELOPE | {
        "schema_version": "2.0.0",
        "to_lane": "x",
        "aggregate_id": "feature/1",
        "mission_key": "x",
        "event_type": "Nope",
    }
    sources = {violation.path: violation.source for violation in violations("envelope", document)}
    cutover = "contracts/vendored/events/cutover_artifact.json#/"
    assert sources["$.schema_version"] == f"{cutover}cutover_contract_version"
    assert sources["$.aggregate_id"] == f"{cutover}forbidden_legacy_aggregate_names"
    assert sources["$.mission_key"].startswith(f"{cutover}forbidden_legacy_keys/")
    gate = "contracts/vendored/gate/upstream_contract.json#/"
    assert sources["$.to_lane"].startswith(f"{gate}envelope/forbidden_fields/")
    assert sources["$.event_type"].startswith("contracts/vendored/events/event_types.json#/")


def typed_keys(*kinds: str) -> list[tuple[str, str]]:
    """Event type and name of every payload key that has one of these types and no other."""
    return [
        (event_type, name)
        for event_type, schema in SOURCES.event_types.items()
        for name, inner in SOURCES.events[schema].get("properties", {}).items()
        if inner.get("type") in kinds
    ]


@pytest.mark.parametrize(("event_type", "name"), typed_keys("integer"))
def test_an_integer_is_neither_a_text_nor_true_nor_a_float(event_type: str, name: str) -> None:
    values: tuple[object, ...] = ("3", True, False, 3.0, None, [3])
    for value in values:
        document = envelope_for(event_type, {name: value})
        assert (f"$.payload.{name}", "type") in found("envelope", document), value


@pytest.mark.parametrize(("event_type", "name"), typed_keys("number"))
def test_a_number_is_neither_a_text_nor_true(event_type: str, name: str) -> None:
    values: tuple[object, ...] = ("0.5", True, False, None)
    for value in values:
        document = envelope_for(event_type, {name: value})
        assert (f"$.payload.{name}", "type") in found("envelope", document), value
    for value in (0, 0.5, 1.0):
        document = envelope_for(event_type, {name: value})
        assert (f"$.payload.{name}", "type") not in found("envelope", document), value


def test_a_pattern_ends_where_the_text_ends() -> None:
    assert found("orchestrator_api", FAILURE | {"contract_version": "1.0.0\n"}) == {
        ("$.contract_version", "pattern")
    }
    assert found("orchestrator_api", FAILURE | {"contract_version": "1.0.\u0663"}) == {
        ("$.contract_version", "pattern")
    }
    assert found("local_commit", DOCUMENTS["local_commit"] | {"git_hash": "0" * 40 + "\n"}) == {
        ("$.git_hash", "pattern")
    }
    for name in ("event_id", "correlation_id"):
        document = SMALL_ENVELOPE | {name: SMALL_ENVELOPE[name] + "\n"}
        assert found("envelope", document) == {(f"$.{name}", "pattern")}
