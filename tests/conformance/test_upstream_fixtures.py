"""Every fixture of the events package is accepted or refused as its manifest says."""

from __future__ import annotations

from collections import Counter

import pytest

from spec_kitty_contracts.gate import violations
from tests.conformance.upstream_fixtures import Fixture, load_upstream_fixtures

FIXTURES = load_upstream_fixtures()

DISAGREEMENTS: dict[str, tuple[set[str], str]] = {
    **dict.fromkeys(
        (
            "event-valid",
            "event-uuid-hyphenated",
            "event-uuid-bare",
            "edge-event-all-optional-fields",
        ),
        ({"unknown_event_type"}, "its event type `TestEvent` has no schema (DESIGN.md D6)"),
    ),
    "edge-alias-doing-normalized": (
        {"enum"},
        "the alias `doing` is resolved by the model; the JSON Schema and the wire know lanes only",
    ),
    "wp-review-rejection-cycle-replay": (
        {"pattern", "minLength", "type"},
        "its ids are no ULIDs and it approves without evidence: the package's own model refuses it",
    ),
    "legacy-envelope-v1-pre30-normalizes": (
        {"required"},
        "valid as input of the normaliser; what has not been normalised does not pass the gate",
    ),
    "lane-mapping-unknown-lanes": (
        set(),
        "still lists `in_review` as unknown, a lane since release 5.0.0; the other two are refused",
    ),
}
"""Fixture to the rules that differ from the manifest, and why."""

EXPECTED_ENTRIES = 242
NOT_DOCUMENTS = {"reducer_output": 17, "timestamp_semantics": 3}


def rules_of(fixture: Fixture) -> list[set[str]]:
    """The rules that each document of a fixture breaks."""
    return [
        {violation.rule for violation in violations("envelope", document)}
        for document in fixture.documents
    ]


@pytest.mark.proves("001 C-001", "001 NFR-002")
@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.id)
def test_a_fixture_is_judged_as_its_manifest_says(fixture: Fixture) -> None:
    if fixture.not_judged is not None:
        assert not fixture.documents
        return
    assert fixture.documents
    broken = rules_of(fixture)
    agrees = not any(broken) if fixture.is_valid else all(broken)
    if fixture.id not in DISAGREEMENTS:
        assert agrees, broken
        return
    rules, reason = DISAGREEMENTS[fixture.id]
    assert not agrees, f"no longer a disagreement: {reason}"
    if fixture.is_valid:
        assert set().union(*broken) == rules


def test_a_payload_that_is_refused_is_refused_for_what_is_in_the_payload() -> None:
    wrapped = [
        fixture
        for fixture in FIXTURES
        if not fixture.is_valid
        and len(fixture.documents) == 1
        and isinstance(fixture.documents[0], dict)
        and fixture.documents[0].get("node_id") == "b805cd5cee74"
    ]
    assert len(wrapped) > 40
    for fixture in wrapped:
        found = violations("envelope", fixture.documents[0])
        assert all(violation.path.startswith("$.payload") for violation in found), fixture.id


@pytest.mark.proves("001 NFR-002")
def test_every_entry_of_the_manifest_is_accounted_for() -> None:
    assert len(FIXTURES) == EXPECTED_ENTRIES
    reasons = Counter(fixture.not_judged for fixture in FIXTURES if fixture.not_judged)
    assert sorted(reasons.values()) == sorted(NOT_DOCUMENTS.values())
    assert set(DISAGREEMENTS) <= {fixture.id for fixture in FIXTURES}


def test_only_the_stale_lane_of_the_unknown_lanes_is_accepted() -> None:
    (fixture,) = [entry for entry in FIXTURES if entry.id == "lane-mapping-unknown-lanes"]
    accepted = [
        document["payload"]["from_lane"]
        for document, rules in zip(fixture.documents, rules_of(fixture), strict=True)
        if not rules and isinstance(document, dict)
    ]
    assert accepted == ["in_review"]
