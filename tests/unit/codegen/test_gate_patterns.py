"""Patterns mean in the gate what ECMA 262 says, whatever Python's `re` would make of them."""

from __future__ import annotations

import re

import pytest

from codegen.gate_patterns import PatternError, match_expression, translate
from codegen.sources import load_sources
from spec_kitty_contracts.gate.runtime import matches
from tests.unit.codegen.gate_sources import ROOT, strings_under


def accepts(pattern: str, text: str) -> bool:
    """Evaluate the compiled test of a pattern."""
    return bool(eval(match_expression(pattern, "x"), {"matches": matches}, {"x": text}))  # noqa: S307


@pytest.mark.parametrize(
    ("pattern", "accepted", "refused"),
    [
        ("^[0-9]{2}$", ["00", "42"], ["", "1", "123", "42\n", "٤٢", " 42"]),
        (r"^\d+$", ["7", "12345"], ["", "a", "٣", "1\n"]),
        (r"^\d+\.\d+$", ["1.0"], ["1", "1.0\n", "1x0", ".1"]),
        ("^WP[0-9]{2,}$", ["WP01", "WP100"], ["WP1", "WPxx", "wp01", "WP01 ", "WP01\n"]),
        ("^[a-z][a-z0-9-]*$", ["a", "a-1"], ["", "1a", "a_", "A"]),
        ("^[A-Z]+$|^[0-9]{3}$", ["ABC", "123"], ["12", "abc", "AB1", ""]),
        ("^(human|llm)$", ["human", "llm"], ["", "humans", "human\n"]),
        (r"\S", ["a", " a "], ["", " ", "\t\n\u2003"]),
        (r"^\S$", ["\x85", "\x1c", "\u200b"], ["\ufeff", "\u00a0", "\u3000", "\x0b"]),
        (r"^[^\s-]$", ["a", "\x85"], ["-", " ", "\u2029"]),
        (r"^\w+$", ["a_1"], ["é", "a b", ""]),
        ("^a.b$", ["axb", "a✓b"], ["a\nb", "a\rb", "a\u2028b", "ab"]),
        (r"^[\d_]+$", ["1_2"], ["a", "٣"]),
        ("b", ["abc"], ["ac"]),
        (r"^kitty-specs/(?!.*\.\.).+$", ["kitty-specs/a"], ["kitty-specs/../a", "kitty-specs/"]),
        ("^x-[0-9a-f]{4}-y$", ["x-00ff-y"], ["x-00fg-y", "x-00ff-z", "x-00ff-"]),
        ("^$", [""], ["a", "\n"]),
    ],
)
def test_a_pattern_accepts_and_refuses(
    pattern: str, accepted: list[str], refused: list[str]
) -> None:
    assert [text for text in accepted if not accepts(pattern, text)] == []
    assert [text for text in refused if accepts(pattern, text)] == []


@pytest.mark.parametrize(
    "pattern", ["(?P<name>a)", "(?i)a", r"\Aa", r"\p{L}", "a\\", "(a", r"\1", r"[\D]", r"[\S]"]
)
def test_a_construct_that_is_not_supported_stops_the_build(pattern: str) -> None:
    with pytest.raises(PatternError):
        match_expression(pattern, "x")


def test_every_pattern_of_the_contracts_agrees_with_re_on_texts_near_it() -> None:
    """String operations that stand for a pattern are compared with the pattern itself."""
    sources = load_sources(ROOT)
    patterns = strings_under(
        [sources.events, sources.websocket, sources.published, sources.saas], "pattern"
    )
    assert len(patterns) > 10
    bases = [
        "01KQ22DT0000000000000000A1",
        "550e8400-e29b-41d4-a716-446655440000",
        "550e8400e29b41d4a716446655440000",
        "3.0.0",
        "WP01",
        "corr-" + "0" * 32,
        "hist-" + "f" * 32,
        "b805cd5cee74",
        "a" * 40,
        "lane-a",
        "human",
        "MISSION_NOT_FOUND",
        "software-dev",
        "kitty-specs/a/b.md",
        "2026-11-21T07:13:00Z",
        "",
    ]
    texts = {
        variant
        for base in bases
        for variant in (
            base,
            base + "0",
            base[:-1],
            base.lower(),
            base.upper(),
            base.replace("0", "g"),
            base.replace("-", "_"),
            f" {base}",
            base + "é",
        )
    }
    for pattern in patterns:
        reference = re.compile(translate(pattern))
        for text in texts:
            assert accepts(pattern, text) == (reference.search(text) is not None), (pattern, text)
