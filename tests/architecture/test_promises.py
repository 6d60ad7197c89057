"""The page of the promises names tests that exist, and leaves no promise out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.crash.mutations import MUTATIONS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_PROMISE = re.compile(r"^## (P\d+):", re.MULTILINE)


def listed(text: str) -> list[tuple[str, str]]:
    """Return file and name of every test that a page names."""
    return _TEST.findall(text)


def missing(tests: list[tuple[str, str]]) -> list[str]:
    """Return the tests that do not exist."""
    return [f"{file}::{name}" for file, name in tests if name not in _tests_of(ROOT / file)]


def _tests_of(path: Path) -> set[str]:
    if not path.is_file():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_every_test_on_the_page_exists() -> None:
    tests = listed(PAGE.read_text(encoding="utf-8"))
    assert len(tests) > 30
    assert missing(tests) == []
    assert len(set(tests)) == len(tests)


@pytest.mark.parametrize(
    "text",
    [
        "- `tests/crash/test_damaged_log.py::test_that_was_renamed`",
        "- `tests/crash/test_gone.py::test_a_torn_tail_is_reported_with_file_line_and_offset`",
    ],
)
def test_a_test_that_is_gone_is_found_out(text: str) -> None:
    assert len(missing(listed(text))) == 1


def test_the_page_has_every_promise_of_the_design_with_tests_of_its_own() -> None:
    design = (ROOT / "docs" / "DESIGN.md").read_text(encoding="utf-8")
    promised = re.findall(r"^\| (P\d+) \|", design, re.MULTILINE)
    text = PAGE.read_text(encoding="utf-8")
    assert _PROMISE.findall(text) == promised
    for section in _PROMISE.split(text)[2::2]:
        assert listed(section)


def test_every_test_on_the_page_has_a_mutation_and_every_mutation_a_test_on_the_page() -> None:
    on_page = {f"{file}::{name}" for file, name in listed(PAGE.read_text(encoding="utf-8"))}
    guarded = {mutation.test.partition("[")[0] for mutation in MUTATIONS}
    assert guarded - on_page == set()
    assert on_page - guarded == set()
