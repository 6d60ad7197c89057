"""The gate says what its two oracles say: the reference implementation and upstream's validator.

Whatever the gate accepts, both accept. What it refuses although one of them accepts is refused by
a rule in `STRICTER_THAN_SCHEMA` or `STRICTER_THAN_UPSTREAM`, each of which has its reason.
"""

from __future__ import annotations

import copy
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from spec_kitty_events.conformance import validate_event

from codegen.gate_artefact import legacy_keys
from codegen.gate_document import Document
from codegen.patches import apply_patches
from codegen.sources import load_documents, load_sources
from codegen.tree import Tree
from spec_kitty_contracts.gate import Violation, violations
from tests.conformance.instances import (
    Named,
    all_mutants,
    instances,
    mutants,
    planted,
    spread,
    validator,
)
from tests.conformance.upstream_fixtures import envelope_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
SOURCES = load_sources(ROOT)
VENDORED = load_documents(Tree(ROOT).vendored)
FILES = {
    **{f"contracts/vendored/{name}": x for name, x in apply_patches(VENDORED).items()},
    **{
        f"contracts/published/{name}": x for name, x in load_documents(Tree(ROOT).published).items()
    },
}
"""Every contract file as the gate was compiled from it."""
LEGACY = legacy_keys(SOURCES)
EVENT_TYPES = sorted(SOURCES.event_types)
DOCUMENTS = {
    **{
        name.removesuffix("s") if name.endswith("_rows") else name: (schema, schema)
        for name, schema in SOURCES.published.items()
    },
    "local_commit": (SOURCES.websocket["local_commit"],) * 2,
    "local_commit_ack": (SOURCES.websocket["local_commit_ack"],) * 2,
    "body_sync": (SOURCES.saas, SOURCES.saas["components"]["schemas"]["BodySyncPush"]),
    "tracker_bind": (SOURCES.saas, SOURCES.saas["components"]["schemas"]["ProjectIdentityRef"]),
}
"""Surface to schema file and schema, for the surfaces without event types."""

EXAMPLES = int(os.environ.get("SPEC_KITTY_EXAMPLES", "4"))
PROPERTY = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="SPEC_KITTY_EXAMPLES" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # a mutation is small enough; shrinking the rest takes minutes
)

MUTANTS = 25 * EXAMPLES
"""How many mutants of one drawn document are judged; of the examples, every one is."""
EXHAUSTIVE = settings(PROPERTY, max_examples=max(1, EXAMPLES // 2))


def is_from_artefact(violation: Violation) -> bool:
    """The rule is in the gate artefact, the cutover artefact or the list of event types."""
    return "/gate/upstream_contract.json" in violation.source or any(
        violation.source.startswith(f"contracts/vendored/events/{name}.json")
        for name in ("cutover_artifact", "event_types", "forbidden_keys")
    )


def is_whole_float(violation: Violation) -> bool:
    """A float without fraction stands where an integer is asked for."""
    if violation.rule != "type" or "an integer" not in violation.expected:
        return False
    try:
        return float(violation.found).is_integer() and not violation.found.isdigit()
    except ValueError:
        return False


STRICTER_THAN_SCHEMA: dict[str, Callable[[Violation], bool]] = {
    "the artefacts' rules are outside the schemas": is_from_artefact,
    "1.0 is no integer: readers in other languages tell them apart": is_whole_float,
    "JSON Schema has no word for a sum": lambda found: found.rule == "sum",
    "this reference implementation does not assert `uri` without a further package": (
        lambda found: found.rule == "format" and found.expected == "an absolute URI"
    ),
    "its `$`, `.` and `\\d` are those of Python, not those of ECMA 262": (
        lambda found: found.rule == "pattern" and any(f"\\{x}" in found.found for x in "nrux")
    ),
}
ENVELOPE_ADDITIONS: set[str] = set(SOURCES.events["event"]["properties"]) - set(
    VENDORED["events/event.schema.json"]["properties"]
)
STRICTER_THAN_UPSTREAM: dict[str, Callable[[Violation], bool]] = {
    "the gate artefact's rules are outside upstream's validator": (
        lambda found: "/gate/upstream_contract.json" in found.source
    ),
    "1.0 is no integer: upstream's models convert": is_whole_float,
    "upstream does not assert formats and its models convert dates and UUIDs": (
        lambda found: found.rule == "format"
    ),
    "nine payloads have no schema upstream, and its models convert": (
        lambda found: "/events/derived/" in found.source
    ),
    "the envelope's additional keys are ours; upstream drops unknown keys": (
        lambda found: (
            any(
                f"event.schema.json#/properties/{name}" in found.source
                for name in ENVELOPE_ADDITIONS
            )
            or found.path == "$.aggregate_type"
        )
    ),
}


CLOSED = envelope_for(
    "MissionClosed", {"mission_slug": "m", "mission_number": 1, "mission_type": "software-dev"}
)
TOKENS = envelope_for(
    "TokenUsageRecorded",
    {
        "mission_id": "m",
        "input_tokens": 1,
        "output_tokens": 2,
        "total_tokens": 4,
        "estimated_cost_usd": 0.1,
        "source": "s",
    },
)
GATE_PASSED = envelope_for(
    "GatePassed",
    {
        "gate_name": "tests",
        "gate_type": "ci",
        "conclusion": "success",
        "external_provider": "github",
        "check_run_id": 1,
        "check_run_url": "https://example.test:99999999/ /",
        "delivery_id": "d",
    },
)
FOLLOW_UP = envelope_for(
    "FollowUpRecorded",
    {
        "mission_id": "m",
        "mission_slug": "s",
        "follow_up_type": "pr",
        "pr_number": "3",
        "recorded_by": "a",
        "recorded_at": "2026-11-21T07:13:00Z",
    },
)
SCHEMA_WITNESSES = (
    CLOSED | {"aggregate_type": "Other"},
    CLOSED | {"lamport_clock": 3.0},
    TOKENS,
    GATE_PASSED,
    CLOSED | {"event_id": CLOSED["event_id"] + "\n"},
)
UPSTREAM_WITNESSES = (
    CLOSED | {"aggregate_type": "Other"},
    CLOSED | {"data_tier": 0.0},
    CLOSED | {"timestamp": "2026-11-21 07:13:00"},
    FOLLOW_UP,
    CLOSED | {"git_branch": 7},
)


@pytest.mark.parametrize(
    ("reasons", "witnesses", "oracle"),
    [
        (STRICTER_THAN_SCHEMA, SCHEMA_WITNESSES, "schema"),
        (STRICTER_THAN_UPSTREAM, UPSTREAM_WITNESSES, "upstream"),
    ],
    ids=["schema", "upstream"],
)
def test_every_listed_disagreement_still_disagrees(
    reasons: dict[str, Callable[[Violation], bool]], witnesses: tuple[Any, ...], oracle: str
) -> None:
    accepts = {"schema": schema_accepts, "upstream": upstream_accepts}[oracle]
    assert not violations("envelope", CLOSED)
    for (reason, covers), witness in zip(reasons.items(), witnesses, strict=True):
        found = violations("envelope", witness)
        assert found, reason
        assert all(map(covers, found)), (reason, found)
        assert accepts(witness, witness["event_type"]), f"no longer a disagreement: {reason}"


def unexplained(found: tuple[Violation, ...], reasons: dict[str, Any]) -> list[Violation]:
    """Violations that no listed reason covers.

    A union of which the right member is refused for a listed reason fits no member.
    """
    covered = [violation for violation in found if any(t(violation) for t in reasons.values())]
    return [
        violation
        for violation in found
        if violation not in covered
        and not (
            violation.rule == "anyOf"
            and any(inner.path.startswith(f"{violation.path}.") for inner in covered)
        )
    ]


def check_sources(found: tuple[Violation, ...]) -> None:
    """The source of every violation is a place in a contract file."""
    for violation in found:
        check_source(violation.source)


@cache
def check_source(source: str) -> None:
    """The source of a violation is a place in a contract file."""
    path, _, pointer = source.partition("#")
    Document(path, FILES[path]).at(f"#{pointer}")


def schema_accepts(envelope: Any, event_type: str) -> bool:
    """What the reference implementation says of an envelope and its payload."""
    if not validator(SOURCES.events["event"]).is_valid(envelope):
        return False
    payload = envelope.get("payload", {})
    return validator(SOURCES.events[SOURCES.event_types[event_type]]).is_valid(payload)


def vendored_schema_accepts(envelope: Any, event_type: str) -> bool:
    """The same with the schemas as upstream ships them, without our patches."""
    name = SOURCES.event_types[event_type]
    payload_schema = (
        VENDORED.get(f"events/{name}.schema.json") or VENDORED[f"events/derived/{name}.schema.json"]
    )
    return validator(VENDORED["events/event.schema.json"]).is_valid(envelope) and validator(
        payload_schema
    ).is_valid(envelope.get("payload", {}))


def upstream_accepts(envelope: Any, event_type: str) -> bool:
    """What upstream's validator says of an envelope and its payload."""
    if not validate_event(envelope, "Event", strict=True).valid:
        return False
    # An absent payload is an empty one, as in upstream's model.
    return validate_event({"payload": {}} | envelope, event_type, strict=True).valid


def check_agreement(envelope: Any, event_type: str) -> None:
    """Compare the gate with its oracles on one envelope."""
    found = violations("envelope", envelope)
    check_sources(found)
    if not found:
        assert schema_accepts(envelope, event_type)
        assert vendored_schema_accepts(envelope, event_type)
        assert upstream_accepts(envelope, event_type)
        return
    left_over = unexplained(found, STRICTER_THAN_SCHEMA)
    if left_over:
        assert not schema_accepts(envelope, event_type), left_over
    left_over = unexplained(found, STRICTER_THAN_UPSTREAM)
    if left_over:
        assert not upstream_accepts(envelope, event_type), left_over


@st.composite
def envelopes(draw: st.DrawFn, event_type: str) -> dict[str, Any]:
    """Envelopes of an event type that conform to every artefact."""
    payload = draw(instances(Named(event_type, SOURCES.events[SOURCES.event_types[event_type]])))
    envelope: dict[str, Any] = draw(instances(Named("envelope", SOURCES.events["event"])))
    section = SOURCES.gate["envelope"]
    for name in section["forbidden_fields"]:
        envelope.pop(name, None)
    return envelope | {
        "event_type": event_type,
        "schema_version": SOURCES.cutover["cutover_contract_version"],
        "aggregate_type": draw(st.sampled_from(section["aggregate_type"]["allowed"])),
        "payload": payload,
    }


@pytest.mark.proves("001 NFR-002")
@pytest.mark.parametrize("event_type", EVENT_TYPES)
@PROPERTY
@given(data=st.data())
def test_an_event_and_its_mutants_are_judged_as_by_both_oracles(
    event_type: str, data: st.DataObject
) -> None:
    envelope = data.draw(envelopes(event_type))
    assert not violations("envelope", envelope)
    check_agreement(envelope, event_type)
    for kind, mutant in mutants(data.draw, envelope):
        note(f"{kind}: {mutant}")
        if isinstance(mutant, dict) and mutant.get("event_type") == event_type:
            check_agreement(mutant, event_type)
        else:
            assert violations("envelope", mutant)
    for key in LEGACY:
        found = violations("envelope", planted(data.draw, envelope, key))
        assert ("legacy_key", key) in {
            (violation.rule, violation.path.rpartition(".")[2]) for violation in found
        }


@pytest.mark.proves("001 C-002", "001 C-003")
@pytest.mark.parametrize("surface", sorted(DOCUMENTS))
@PROPERTY
@given(data=st.data())
def test_a_document_and_its_mutants_are_judged_as_by_the_reference_implementation(
    surface: str, data: st.DataObject
) -> None:
    root, schema = DOCUMENTS[surface]
    reference = validator(schema, root)
    document = data.draw(instances(Named(surface, root, schema, full=data.draw(st.booleans()))))
    compare(violations(surface, document), reference, document)
    for mutant in spread(data.draw, document, MUTANTS):
        compare(violations(surface, mutant), reference, mutant)


@pytest.mark.proves("001 NFR-002")
def test_every_single_mutation_of_a_whole_envelope_is_judged_as_by_both_oracles() -> None:
    optional = dict.fromkeys(SOURCES.events["event"]["properties"], "x")
    envelope: dict[str, Any] = optional | CLOSED
    assert not violations("envelope", envelope)
    judged = set()
    for name in envelope:
        for mutant in all_mutants({name: copy.deepcopy(envelope[name])}):
            document = {key: value for key, value in envelope.items() if key != name}
            if isinstance(mutant, dict) and "event_type" in document | mutant:
                check_agreement(document | mutant, CLOSED["event_type"])
                judged |= {name} if violations("envelope", document | mutant) else set()
    assert judged == set(envelope)


@pytest.mark.proves("001 NFR-002")
@pytest.mark.parametrize("event_type", EVENT_TYPES)
@EXHAUSTIVE
@given(data=st.data())
def test_every_single_mutation_of_a_payload_is_judged_as_by_the_reference_implementation(
    event_type: str, data: st.DataObject
) -> None:
    schema = SOURCES.events[SOURCES.event_types[event_type]]
    reference = validator(schema)
    payload = data.draw(instances(Named(event_type, schema, full=True)))
    for mutant in all_mutants(payload):
        if isinstance(mutant, dict):
            compare(violations("envelope", envelope_for(event_type, mutant)), reference, mutant)


@pytest.mark.parametrize("surface", sorted(DOCUMENTS))
def test_every_single_mutation_of_an_example_is_judged_as_by_the_reference_implementation(
    surface: str,
) -> None:
    root, schema = DOCUMENTS[surface]
    reference = validator(schema, root)
    for example in copy.deepcopy(schema.get("examples", ())):
        assert not violations(surface, example)
        for mutant in all_mutants(example):
            compare(violations(surface, mutant), reference, mutant)


def compare(found: tuple[Violation, ...], reference: Draft202012Validator, document: Any) -> None:
    """Compare what the gate found with the reference implementation."""
    check_sources(found)
    if not found:
        assert reference.is_valid(document)
    left_over = unexplained(found, STRICTER_THAN_SCHEMA)
    if left_over:
        assert not reference.is_valid(document), left_over


WRONG_VERSIONS = (
    "2.0.0",
    "3.0.1",
    "3.0",
    "3",
    "",
    "3.0.0 ",
    "3.0.0\n",
    "v3.0.0",
    3,
    3.0,
    None,
    True,
)


@pytest.mark.proves("001 FR-007")
@pytest.mark.parametrize("version", WRONG_VERSIONS, ids=repr)
def test_a_wrong_schema_version_is_refused(version: object) -> None:
    payload = {"mission_slug": "m", "mission_number": 1, "mission_type": "t"}
    envelope = envelope_for("MissionClosed", payload)
    assert not violations("envelope", envelope)
    found = violations("envelope", envelope | {"schema_version": version})
    assert {violation.path for violation in found} == {"$.schema_version"}


@pytest.mark.proves("001 FR-015")
@pytest.mark.parametrize("name", ["", "Nope", "missionclosed", "MissionClosed ", "Event", 7, None])
def test_an_unknown_event_type_is_refused(name: object) -> None:
    payload = {"mission_slug": "m", "mission_number": 1, "mission_type": "t"}
    found = violations("envelope", envelope_for("MissionClosed", payload) | {"event_type": name})
    assert {violation.path for violation in found} == {"$.event_type"}
