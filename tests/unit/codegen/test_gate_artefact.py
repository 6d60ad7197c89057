"""The gate's rules are those of the artefacts: change an artefact and the gate changes, or stops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from codegen.gate import gate_modules
from codegen.gate_artefact import legacy_keys
from codegen.gate_document import GateBuildError
from spec_kitty_contracts.gate import LEGACY_KEYS, OPTIONS, SURFACES, violations
from tests.conformance.upstream_fixtures import envelope_for
from tests.unit.codegen.gate_sources import SOURCES, altered, built_gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CLOSED = envelope_for(
    "MissionClosed", {"mission_slug": "m", "mission_number": 1, "mission_type": "software-dev"}
)


def rules(gate: Any, document: object, surface: str = "envelope") -> set[tuple[str, str]]:
    """Path and rule of each violation."""
    return {(found.path, found.rule) for found in gate.violations(surface, document)}


@pytest.mark.proves("001 FR-013", "001 FR-023")
def test_the_legacy_keys_are_the_union_of_all_artefacts() -> None:
    assert set(LEGACY_KEYS) == {
        "feature_slug",
        "feature_number",
        "feature_type",
        "mission_key",
        "legacy_aggregate_id",
    }
    assert set(LEGACY_KEYS) >= set(SOURCES.cutover["forbidden_legacy_keys"])
    assert set(LEGACY_KEYS) >= set(SOURCES.forbidden_keys)


def test_every_section_and_every_published_document_is_a_surface() -> None:
    sections = {name for name in SOURCES.gate if not name.startswith("_")} - {"payload"}
    published = {
        name.removesuffix("s") if name.endswith("_rows") else name for name in SOURCES.published
    }
    assert set(SURFACES) == sections | published


def test_rules_about_options_are_handed_to_the_command_line() -> None:
    assert OPTIONS == {"orchestrator_api": {"allowed": ("--mission",), "forbidden": ("--feature",)}}


@pytest.mark.proves("001 FR-023")
def test_a_changed_artefact_changes_what_the_gate_admits(tmp_path: Path) -> None:
    def change_gate(gate: Any) -> None:
        gate["envelope"]["required_fields"].append("team_slug")
        gate["envelope"]["forbidden_fields"].append("git_branch")
        gate["envelope"]["aggregate_type"]["allowed"].remove("Mission")
        gate["payload"]["mission_scoped"]["forbidden_fields"].append("old_name")
        gate["payload"]["every_typed"] = {
            "required_fields": ["mission_slug", "mission_type"],
            "mission_type": {"allowed": ["research"]},
        }

    def change_cutover(cutover: Any) -> None:
        cutover["forbidden_legacy_keys"].append("bygone")
        cutover["forbidden_legacy_aggregate_names"].append("ancient")
        cutover["forbidden_legacy_event_names"].append("MissionClosed")

    gate = built_gate(altered(gate=change_gate, cutover=change_cutover), tmp_path)
    document = CLOSED | {"git_branch": "main", "aggregate_id": "ancient/1"}
    document["payload"] = CLOSED["payload"] | {"deep": [{"bygone": 1, "old_name": 2}]}
    assert rules(gate, document) == {
        ("$.team_slug", "required"),
        ("$.git_branch", "forbidden"),
        ("$.aggregate_type", "allowed"),
        ("$.aggregate_id", "forbidden"),
        ("$.event_type", "forbidden"),
        ("$.payload.mission_type", "allowed"),
        ("$.payload.deep", "additionalProperties"),
        ("$.payload.deep[0].bygone", "legacy_key"),
        ("$.payload.deep[0].old_name", "legacy_key"),
    }
    assert not violations("envelope", CLOSED)


def test_a_removed_legacy_key_is_no_longer_refused(tmp_path: Path) -> None:
    def change(forbidden: list[str]) -> None:
        forbidden.remove("legacy_aggregate_id")

    gate = built_gate(altered(forbidden_keys=change), tmp_path)
    document = CLOSED | {"legacy_aggregate_id": "x"}
    assert rules(gate, document) == set()
    assert [found.rule for found in violations("envelope", document)] == ["legacy_key"]


def test_the_contract_version_comes_from_the_artefacts(tmp_path: Path) -> None:
    def change_cutover(cutover: Any) -> None:
        cutover.update(cutover_contract_version="4.0.0", accepted_major=4)

    def change_gate(gate: Any) -> None:
        gate["envelope"]["schema_version"]["value"] = "4.0.0"

    gate = built_gate(altered(cutover=change_cutover, gate=change_gate), tmp_path)
    assert rules(gate, CLOSED) == {("$.schema_version", "const")}
    assert rules(gate, CLOSED | {"schema_version": "4.0.0"}) == set()


def test_the_payload_rule_applies_to_payloads_that_have_all_its_keys(tmp_path: Path) -> None:
    def change(events: Any) -> None:
        events["mission_closed_payload"]["required"] = []
        events["mission_started_payload"]["required"] = []

    gate = built_gate(altered(events=change), tmp_path)
    assert rules(gate, envelope_for("MissionClosed", {})) == {
        ("$.payload.mission_slug", "required"),
        ("$.payload.mission_number", "required"),
        ("$.payload.mission_type", "required"),
    }
    assert rules(gate, envelope_for("MissionStarted", {})) == set()


def test_allowed_error_codes_and_required_data_come_from_the_artefact(tmp_path: Path) -> None:
    failure = {
        "contract_version": "1.0.0",
        "command": "orchestrator-api.unknown",
        "timestamp": "2026-11-21T07:13:00Z",
        "correlation_id": "corr-" + "0" * 32,
        "success": False,
        "error_code": "USAGE_ERROR",
        "data": {"message": "no such command", "fix": "use another"},
    }

    def change(gate: Any) -> None:
        gate["orchestrator_api"]["allowed_error_codes"].remove("USAGE_ERROR")

    gate = built_gate(altered(gate=change), tmp_path)
    assert rules(gate, failure, "orchestrator_api") == {("$.error_code", "allowed")}
    assert not violations("orchestrator_api", failure)
    forbidden = failure | {"error_code": "FEATURE_NOT_FOUND"}
    assert [found.rule for found in violations("orchestrator_api", forbidden)] == ["allowed"]


def _set(*path: str, to: object) -> Callable[[Any], None]:
    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        document[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("field", "change", "message"),
    [
        ("gate", _set("envelope", "sorted_fields", to=["a"]), "#/envelope/sorted_fields: no rule"),
        (
            "gate",
            _set("envelope", "required_fields", to="a"),
            "#/envelope/required_fields: no rule",
        ),
        (
            "gate",
            _set("envelope", "event_type", to={"suffix": "x"}),
            "#/envelope/event_type: no rule",
        ),
        ("gate", _set("envelope", "event_type", to={"allowed": "x"}), "a list was expected"),
        ("gate", _set("envelope", "nothing_of_the_kind", to={"value": "x"}), "has no key"),
        ("gate", _set("envelope", "forbidden_fields", to=["build_id"]), "requires 'build_id'"),
        ("gate", _set("envelope", "schema_version", to={"value": "2.0.0"}), "has '3.0.0'"),
        (
            "gate",
            _set(
                "envelope", "aggregate_type", to={"allowed": ["Feature"], "forbidden": ["Feature"]}
            ),
            "also allows what it forbids",
        ),
        ("gate", _set("payload", "mission_scoped", "required_fields", to=7), "no rule"),
        ("gate", _set("payload", "mission_scoped", "forbidden_fields", to=["--x"]), "options"),
        ("gate", _set("orchestrator_api", "allowed_commands", to=["transition"]), "offers"),
        ("gate", _set("orchestrator_api", "allowed_commands", to=["dance"]), "does not offer"),
        ("gate", _set("orchestrator_api", "forbidden_commands", to=["transition"]), "offers"),
        ("gate", _set("orchestrator_api", "required_payload_fields", to=["dance"]), "has no key"),
        (
            "gate",
            _set("body_sync", "required_fields", to=["build_id", "project_uuid"]),
            "found: none",
        ),
        ("gate", _set("local_commit", "type", to={"value": "Commit"}), "has 'LocalCommit'"),
        ("gate", _set("mystery", to={"required_fields": ["a"]}), "#/mystery: one schema expected"),
        ("gate", _set("legacy-cleanup", to={"required_fields": ["hash_algorithm"]}), "forbids"),
        ("cutover", _set("accepted_major", to=4), "not of the accepted major"),
        ("cutover", _set("signal_location", to="payload"), "on the envelope"),
        ("cutover", _set("forbidden_legacy_colours", to=["red"]), "no rule can be read"),
        ("cutover", _set("forbidden_legacy_keys", to=["mission_slug"]), "declares the legacy key"),
        ("events", _set("lane", "x-unknown", to=1), "'x-unknown' is not supported"),
        ("published", _set("error", "maxContains", to=1), "'maxContains' is not supported"),
    ],
)
def test_what_the_compiler_cannot_read_stops_the_build(
    field: str, change: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(GateBuildError) as refused:
        gate_modules(altered(**{field: change}))
    assert message in str(refused.value)


def test_a_list_of_forbidden_fields_without_a_legacy_name_is_no_list_of_legacy_names() -> None:
    """The frame's forbidden fields are about people's machines; events may have them."""
    forbidden = SOURCES.gate["local_commit"]["forbidden_fields"]
    assert forbidden
    assert not set(forbidden) & set(legacy_keys(SOURCES))


def test_the_same_documents_give_the_same_gate() -> None:
    assert gate_modules(SOURCES) == gate_modules(altered(gate=lambda gate: None))
