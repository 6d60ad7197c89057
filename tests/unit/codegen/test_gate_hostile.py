"""Whatever is handed to the gate ends in a verdict: no crash, no endless run, no swallowed doubt."""

from __future__ import annotations

import copy
import json
import math
import pickle
import time
from collections import OrderedDict, UserDict
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spec_kitty_contracts import gate
from spec_kitty_contracts.gate import SURFACES, GateRefusal, Violation, validate, violations
from tests.conformance.upstream_fixtures import envelope_for

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOAD: dict[str, Any] = {
    "mission_id": "m",
    "run_id": "r",
    "mission_type": "software-dev",
    "actor": {"actor_id": "a", "actor_type": "llm", "further": None},
}
OPEN = envelope_for("MissionRunStarted", PAYLOAD)
"""An event whose payload may have further keys, so that anything can be put into it."""


class Colour(StrEnum):
    RED = "red"


class Size(IntEnum):
    ONE = 1


class Text(str):
    __slots__ = ()


class Angry:
    """Objects to being compared, hashed, printed or asked for anything."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("touched")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("touched")

    def __repr__(self) -> str:
        raise RuntimeError("touched")

    def __bool__(self) -> bool:
        raise RuntimeError("touched")

    __hash__ = None  # type: ignore[assignment]


class Sneaky(dict[str, Any]):
    """Shows one content and hands out another."""

    def get(self, key: str, default: Any = None) -> Any:
        return "something else"


class Meta(type):
    @property
    def __name__(cls) -> str:  # type: ignore[override]
        raise RuntimeError("touched")


class Nameless(metaclass=Meta):
    pass


class HashedKey:
    def __hash__(self) -> int:
        return hash("event_type")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("touched")


def with_value(value: object) -> dict[str, Any]:
    """The open event with a value deep inside."""
    document = copy.deepcopy(OPEN)
    document["payload"]["actor"]["further"] = [{"deep": value}]
    return document


def found(document: object, surface: str = "envelope") -> set[tuple[str, str]]:
    """Path and rule of every violation."""
    return {(violation.path, violation.rule) for violation in violations(surface, document)}


def test_the_open_event_passes() -> None:
    assert found(OPEN) == set()
    assert found(with_value([1, "x", None, True, 0.5, {"ü": "✓"}])) == set()


NOT_JSON: dict[str, Callable[[], object]] = {
    "not a number": lambda: math.nan,
    "infinity": lambda: math.inf,
    "minus infinity": lambda: -math.inf,
    "bytes": lambda: b"bytes",
    "bytearray": lambda: bytearray(b"x"),
    "tuple": lambda: (1, 2),
    "set": lambda: {1, 2},
    "datetime": lambda: datetime(2026, 1, 1, tzinfo=UTC),
    "decimal": lambda: Decimal("1.5"),
    "complex": lambda: 1 + 2j,
    "text enumeration": lambda: Colour.RED,
    "number enumeration": lambda: Size.ONE,
    "text subclass": lambda: Text("text"),
    "dict subclass": lambda: OrderedDict(a=1),
    "dict that lies": lambda: Sneaky(a=1),
    "mapping": lambda: UserDict(a=1),
    "object that cannot be touched": Angry,
    "object of a class without a name": Nameless,
    "class": lambda: object,
    "function": lambda: len,
    "ellipsis": lambda: ...,
    "lone surrogate": lambda: "\ud800",
    "number beyond writing": lambda: 10**6000,
}


@pytest.mark.proves("001 FR-012")
@pytest.mark.parametrize("name", NOT_JSON)
def test_a_value_that_is_not_json_is_refused_with_its_path(name: str) -> None:
    value = NOT_JSON[name]()
    assert found(with_value(value)) == {("$.payload.actor.further[0].deep", "json")}
    for surface in SURFACES:
        assert violations(surface, value)
        assert violations(surface, {"key": [value]})


KEYS: dict[str, Callable[[], object]] = {
    "integer": lambda: 1,
    "null": lambda: None,
    "true": lambda: True,
    "float": lambda: 1.5,
    "bytes": lambda: b"k",
    "tuple": lambda: ("a",),
    "text enumeration": lambda: Colour.RED,
    "object that collides with a known key": HashedKey,
    "lone surrogate": lambda: "\udc00",
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_is_no_string_is_refused(name: str) -> None:
    key: Any = KEYS[name]()
    document = copy.deepcopy(OPEN)
    document["payload"]["actor"][key] = 1
    ((path, rule),) = found(document)
    assert rule == "json"
    assert path.startswith("$.payload.actor[")
    for surface in SURFACES:
        assert violations(surface, {key: 1})


def test_a_key_with_a_surrogate_and_a_plain_non_ascii_key_are_told_apart() -> None:
    assert found(with_value({"ключ": 1})) == set()
    assert found(with_value({"ключ\ud800": 1})) != set()


def test_a_document_that_contains_itself_is_refused() -> None:
    document = copy.deepcopy(OPEN)
    document["payload"]["actor"]["further"] = document
    assert found(document) == {("$", "json")}
    items: list[Any] = []
    items.append(items)
    assert found(with_value(items)) == {("$", "json")}
    for surface in SURFACES:
        assert found(items, surface) == {("$", "json")}


def nested(depth: int) -> Any:
    value: Any = "end"
    for _ in range(depth):
        value = [value]
    return value


def test_nesting_is_admitted_up_to_its_limit_and_no_further() -> None:
    already = 5  # the envelope, payload, actor, list and object around the value
    assert found(with_value(nested(100 - already))) == set()
    assert found(with_value(nested(101 - already))) == {("$", "json")}
    for depth in (1_000, 100_000):
        assert found(with_value(nested(depth))) == {("$", "json")}
        assert found(nested(depth)) == {("$", "json")}


def test_a_small_object_graph_that_unfolds_into_an_immense_document_is_refused_at_once() -> None:
    value: Any = {"feature_slug": "x"}
    for _ in range(60):
        value = [value, value]
    started = time.perf_counter()
    assert found(with_value(value)) == {("$", "json")}
    assert time.perf_counter() - started < 2


def test_shared_parts_alone_are_no_reason_to_refuse() -> None:
    part = {"a": [1, 2, 3]}
    assert found(with_value([part, part, {"b": part}])) == set()
    legacy = {"mission_key": 1}
    assert found(with_value([legacy, legacy])) == {
        ("$.payload.actor.further[0].deep[0].mission_key", "legacy_key"),
        ("$.payload.actor.further[0].deep[1].mission_key", "legacy_key"),
    }


def test_a_wide_document_is_judged_in_linear_time() -> None:
    wide = {f"key_{number}": [number, {"n": number}] for number in range(20_000)}
    started = time.perf_counter()
    assert found(with_value(wide)) == set()
    wide["key_19999"] = [{"feature_slug": 1}]
    assert found(with_value(wide)) == {
        ("$.payload.actor.further[0].deep.key_19999[0].feature_slug", "legacy_key")
    }
    assert time.perf_counter() - started < 5


def test_too_many_violations_are_cut_and_counted() -> None:
    listed = violations("envelope", with_value([{"feature_slug": 1}] * 5_000))
    assert len(listed) == 1_001
    assert listed[-1].rule == "truncated"
    closed = envelope_for("MissionClosed", {f"key_{number}": 1 for number in range(5_000)})
    listed = violations("envelope", closed)
    assert len(listed) == 1_001
    assert listed[-1].found == f"{5_003 - 1_000} more violations"


def test_a_huge_string_is_judged_and_shown_in_one_line() -> None:
    huge = "x" * 10_000_000
    for name in ("event_id", "timestamp", "project_uuid", "schema_version", "event_type"):
        listed = violations("envelope", OPEN | {name: huge})
        assert {violation.path for violation in listed} == {f"$.{name}"}
        assert all(len(str(violation)) < 1_000 for violation in listed)
    assert found(with_value(huge)) == set()
    (violation,) = violations("envelope", envelope_for("MissionClosed", _closed() | {huge: 1}))
    assert violation.rule == "additionalProperties"
    assert len(violation.path) < 200


def _closed() -> dict[str, Any]:
    return {"mission_slug": "m", "mission_number": 1, "mission_type": "t"}


def test_a_long_text_that_a_pattern_could_stumble_over_is_judged_quickly() -> None:
    texts = ["a" * 200_000 + "!", "kitty-specs/" + "../" * 60_000, "kitty-specs/" + "/" * 200_000]
    started = time.perf_counter()
    for text in texts:
        violations(
            "local_commit", {"changed_files": [text], "committed_at": text, "git_hash": text}
        )
        violations("lanes_manifest", {"lanes": [{"lane_id": text}]})
    assert time.perf_counter() - started < 2


@pytest.mark.parametrize("surface", ["", "Envelope", "envelope ", "payload", "../x", None, 7, []])
def test_an_unknown_surface_is_refused(surface: Any) -> None:
    (violation,) = violations(surface, OPEN)
    assert violation.rule == "unknown_surface"
    with pytest.raises(GateRefusal):
        validate(surface, OPEN)
    (violation,) = violations(Angry(), OPEN)  # type: ignore[arg-type]
    assert violation.rule == "unknown_surface"


NOTHING_ASKED = {"governance_config"}
"""Surfaces that an empty object conforms to: a section of the configuration that says nothing."""


@pytest.mark.parametrize("document", [None, True, 0, "", "text", [], [OPEN], {}])
def test_every_surface_refuses_what_is_no_document(document: object) -> None:
    for surface in SURFACES:
        conforms = document == {} and surface in NOTHING_ASKED
        assert bool(violations(surface, document)) != conforms, surface


def test_validate_raises_only_refusals_and_lists_every_violation() -> None:
    document = OPEN | {"lamport_clock": "3", "event_id": 7, "feature_number": 1}
    with pytest.raises(GateRefusal) as refused:
        validate("envelope", document)
    assert refused.value.surface == "envelope"
    assert {violation.path for violation in refused.value.violations} == {
        "$.lamport_clock",
        "$.event_id",
        "$.feature_number",
    }
    for word in ("envelope", "$.lamport_clock", "an integer", "'3'", "event.schema.json#/"):
        assert word in str(refused.value)
    validate("envelope", OPEN)


def test_a_document_that_changes_while_it_is_judged_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def disturbed(*_: object) -> bool:
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(gate, "scan", disturbed)
    (violation,) = violations("envelope", OPEN)
    assert violation.rule == "unchecked"
    assert "changed size" in violation.found


def test_a_violation_is_a_value() -> None:
    (violation,) = violations("envelope", OPEN | {"lamport_clock": -1})
    with pytest.raises(AttributeError):
        violation.path = "$"
    with pytest.raises(AttributeError):
        del violation.path
    assert violation == Violation(
        violation.path, violation.rule, violation.source, violation.found, violation.expected
    )
    assert violation != "text"
    assert len({violation, copy.copy(violation), pickle.loads(pickle.dumps(violation))}) == 1  # noqa: S301
    assert "lamport_clock" in repr(violation)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
        | st.tuples(inner)
    ),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(surface=st.sampled_from(SURFACES), document=JSON)
def test_any_value_at_all_gets_a_verdict_without_a_crash(surface: str, document: object) -> None:
    conforms = type(document) is dict and not document and surface in NOTHING_ASKED
    assert bool(violations(surface, document)) != conforms


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(key=st.sampled_from(sorted(OPEN)), value=JSON, inner=st.sampled_from(sorted(PAYLOAD)))
def test_any_value_in_any_field_gets_a_verdict_without_a_crash(
    key: str, value: object, inner: str
) -> None:
    outer = violations("envelope", OPEN | {key: value})
    within = violations("envelope", envelope_for("MissionRunStarted", PAYLOAD | {inner: value}))
    for listed, document in ((outer, OPEN | {key: value}), (within, PAYLOAD | {inner: value})):
        if not listed:
            json.dumps(document, allow_nan=False).encode()
