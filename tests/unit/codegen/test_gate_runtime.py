"""The part of the gate that is written by hand and copied into the generated package."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from codegen import gate_formats, gate_runtime, gate_walk
from codegen.gate import HEADER
from codegen.gate_runtime import (
    MISSING,
    GateRefusal,
    Violation,
    at_key,
    bad,
    closest,
    extra_keys,
    matches,
    same,
    settle,
    show,
    unique,
)
from codegen.gate_walk import MAX_DEPTH, MAX_INTEGER_BITS, scan
from tests.unit.codegen.gate_sources import ROOT

if TYPE_CHECKING:
    from types import ModuleType

LEGACY = {"old_name": "contracts/test.json#/forbidden/0"}
A, B = "a" * 61, "b" * 59


@pytest.mark.parametrize("module", [gate_runtime, gate_formats, gate_walk])
def test_the_generated_module_does_what_the_hand_written_one_does(module: ModuleType) -> None:
    name = module.__name__.removeprefix("codegen.gate_")
    copied = ROOT / "src" / "generated" / "spec_kitty_contracts" / "gate" / f"{name}.py"
    written = (ROOT / "codegen" / f"gate_{name}.py").read_text(encoding="utf-8")
    text = copied.read_text(encoding="utf-8")
    assert text.startswith(HEADER)
    assert "".join(text.removeprefix(HEADER).split()) == "".join(written.split())


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "'text'"),
        ("it's", '"it\'s"'),
        (A, f"'{A[:60]}'... (61 characters)"),
        ("ü\n", "'\\xfc\\n'"),
        (7, "7"),
        (-(2**300), "an integer of 301 bits"),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (0.5, "0.5"),
        (float("nan"), "nan"),
        ({}, "an object with 0 keys"),
        ({"a": 1}, "an object with 1 key"),
        ([1, 2], "an array with 2 items"),
        (b"x", "a Python bytes"),
        (MISSING, "missing"),
    ],
)
def test_a_value_is_described_in_a_few_words(value: object, shown: str) -> None:
    assert show(value) == shown


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("name", "$.name"),
        ("_x1", "$._x1"),
        ("1x", "$['1x']"),
        ("", "$['']"),
        ("a b", "$['a b']"),
        ("ключ", "$['\\u043a\\u043b\\u044e\\u0447']"),
        (B, f"$.{B}"),
        (A, f"$['{A[:60]}'... (61 characters)]"),
        (7, "$[<int>]"),
    ],
)
def test_a_key_is_put_into_a_path(key: object, path: str) -> None:
    assert at_key("$", key) == path


def test_a_violation_says_everything_in_one_line() -> None:
    violation = Violation("$.a", "type", "contracts/x.json#/type", "3", "a string")
    assert str(violation) == "$.a: expected a string, found 3 (type, contracts/x.json#/type)"
    assert repr(violation).startswith("Violation(path='$.a', rule='type'")


def test_a_violation_is_a_value_that_does_not_change() -> None:
    violation = Violation("$.a", "type", "s", "3", "a string")
    assert violation == copy.deepcopy(violation)
    assert violation == pickle.loads(pickle.dumps(violation))  # noqa: S301
    assert violation != Violation("$.b", "type", "s", "3", "a string")
    assert violation != "$.a"
    assert len({violation, copy.copy(violation)}) == 1
    with pytest.raises(AttributeError, match="read-only"):
        violation.path = "$"
    with pytest.raises(AttributeError, match="read-only"):
        del violation.path


def test_a_refusal_lists_its_violations() -> None:
    violation = Violation("$.a", "type", "s", "3", "a string")
    refusal = GateRefusal("envelope", (violation,))
    assert refusal.surface == "envelope"
    assert refusal.violations == (violation,)
    assert "refused on the surface envelope:\n  $.a: expected a string" in str(refusal)


def test_further_keys_are_reported_one_by_one() -> None:
    out: list[Violation] = []
    extra_keys(out, "$.x", "s", {"a": 1, "b": 2, "c d": 3}, frozenset({"a"}))
    assert [found.path for found in out] == ["$.x.b", "$.x['c d']"]


def test_the_branch_with_the_fewest_violations_is_reported() -> None:
    def branch(count: int) -> Any:
        def check(value: object, path: str, out: list[Violation]) -> None:
            for number in range(count):
                bad(out, f"{path}[{number}]", f"rule of {count}", "s", value, "x")

        return check

    out: list[Violation] = []
    closest(out, "$", 1, (branch(3), branch(2), branch(4)))
    assert [found.rule for found in out] == ["rule of 2"] * 2
    closest(out, "$", 1, ())
    assert len(out) == 2


def test_repeated_violations_are_told_once_and_in_order() -> None:
    first, second = (Violation(f"$.{name}", "r", "s", "f", "e") for name in "ab")
    assert settle([first, second, first]) == (first, second)


def test_a_long_list_of_violations_is_cut_and_counted() -> None:
    found = settle([Violation(f"$[{n}]", "r", "s", "f", "e") for n in range(1_500)])
    assert len(found) == 1_001
    assert (found[-1].rule, found[-1].found) == ("truncated", "500 more violations")


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1, True),
        (1, True, False),
        (0, False, False),
        (1, 1.0, False),
        ("1", 1, False),
        (None, False, False),
        ({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}, True),
        ({"a": [1]}, {"a": [True]}, False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        ([], {}, False),
    ],
)
def test_json_values_are_compared_with_their_types(
    left: object, right: object, *, equal: bool
) -> None:
    assert same(left, right) is equal
    assert unique([left, right]) is not equal


def test_a_pattern_is_compiled_once() -> None:
    assert matches("^a+$", "aaa")
    assert not matches("^a+$", "ab")
    assert matches("^a+$", "a")


# --- the walk --------------------------------------------------------------------------------


def walked(document: object) -> tuple[bool, list[tuple[str, str]]]:
    """Whether the document is JSON, and path and rule of every violation."""
    out: list[Any] = []
    is_json = scan(document, LEGACY, out)
    return is_json, [(found.path, found.rule) for found in out]


@pytest.mark.parametrize(
    "document",
    [None, True, 3, 0.5, "ü", [], {}, {"ü": [1, {"a": None}]}, 2**MAX_INTEGER_BITS - 1],
)
def test_json_is_recognised(document: object) -> None:
    assert walked(document) == (True, [])


def test_a_legacy_key_leaves_a_document_readable_and_is_reported_wherever_it_is() -> None:
    document = {"old_name": 1, "a": [{"old_name": {"old_name": 2}}], "b": "old_name"}
    assert walked(document) == (
        True,
        [
            ("$.old_name", "legacy_key"),
            ("$.a[0].old_name", "legacy_key"),
            ("$.a[0].old_name.old_name", "legacy_key"),
        ],
    )


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (b"x", "$"),
        ("\ud800", "$"),
        (float("inf"), "$"),
        (2**MAX_INTEGER_BITS, "$"),
        ([1, (2,)], "$[1]"),
        ({"a": {"b": {1}}}, "$.a.b"),
        ({"a": ["\udfff"]}, "$.a[0]"),
        ({1: 2}, "$[<int>]"),
        ({"ü\ud800": 2}, "$['\\xfc\\ud800']"),
    ],
)
def test_what_is_not_json_is_reported_and_nothing_relies_on_it(document: object, path: str) -> None:
    assert walked(document) == (False, [(path, "json")])


def test_everything_that_is_not_json_is_listed() -> None:
    document = {"a": b"1", "b": [b"2", {"old_name": b"3"}], 4: 1}
    is_json, found = walked(document)
    assert not is_json
    assert sorted(found) == [
        ("$.a", "json"),
        ("$.b[0]", "json"),
        ("$.b[1].old_name", "json"),
        ("$.b[1].old_name", "legacy_key"),
        ("$[<int>]", "json"),
    ]


def deep(levels: int) -> list[Any]:
    """Arrays in arrays."""
    document: list[Any] = []
    for _ in range(levels - 1):
        document = [document]
    return document


def test_depth_cycles_and_unfolding_are_bounded() -> None:
    assert walked(deep(MAX_DEPTH)) == (True, [])
    assert walked(deep(MAX_DEPTH + 1)) == (False, [("$", "json")])
    cycle: dict[str, Any] = {}
    cycle["a"] = [cycle]
    assert walked(cycle) == (False, [("$", "json")])
    shared: Any = [0]
    for _ in range(40):
        shared = [shared, shared]
    assert walked(shared) == (False, [("$", "json")])


def test_many_containers_are_looked_at_one_by_one() -> None:
    document: list[Any] = [[number] for number in range(10_000)]
    assert walked(document) == (True, [])
    document[9_999] = [{"old_name": 1}]
    assert walked(document) == (True, [("$[9999][0].old_name", "legacy_key")])
