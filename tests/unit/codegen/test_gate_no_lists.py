"""No hand-kept list of fields, names or versions: the gate's rules are in the artefacts only.

The sources of the compiler and of the command line are searched for literals that repeat what an
artefact says. Each kind of finding is planted as well, so that the search cannot pass by accident.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest

from codegen.gate_artefact import declared_keys, legacy_keys
from codegen.gate_document import ANNOTATIONS, BY_TYPE, COMBINING, TYPE_TESTS
from tests.unit.codegen.gate_sources import ROOT, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMPILER = sorted((ROOT / "codegen").glob("gate*.py"))
RUNTIME_CODE = sorted((ROOT / "src" / "specify_cli").rglob("*.py"))
LEGACY_READERS = "upgrade"
"""The one package that may know legacy names (DESIGN.md, packages)."""


def strings_of(node: Any) -> set[str]:
    """Every string in a JSON value, keys left out."""
    if isinstance(node, str):
        return {node}
    values = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return set().union(*map(strings_of, values))


JSON_SCHEMA_WORDS = ANNOTATIONS.union(*BY_TYPE.values(), COMBINING, TYPE_TESTS, ("type", "enum"))
FIELDS = {
    name
    for name in set(declared_keys(SOURCES)) - JSON_SCHEMA_WORDS - set(SOURCES.cutover)
    if "_" in name
}
"""Field names that are no ordinary word; the cutover artefact's own entries have to be read."""
EVENT_TYPES = set(SOURCES.event_types)
ERROR_CODES = set(SOURCES.gate["orchestrator_api"]["allowed_error_codes"])
VERSION = SOURCES.cutover["cutover_contract_version"]
RETIRED = (
    set(legacy_keys(SOURCES))
    | set(SOURCES.gate["envelope"]["event_type"]["forbidden"])
    | set(SOURCES.gate["envelope"]["aggregate_type"]["forbidden"])
    | set(SOURCES.gate["orchestrator_api"]["forbidden_commands"])
    | set(SOURCES.gate["orchestrator_api"]["forbidden_error_codes"])
    | set(SOURCES.cutover["forbidden_legacy_event_names"])
    | set(SOURCES.cutover["forbidden_legacy_contract_surfaces"])
)
REQUIRED = [
    set(section["required_fields"])
    for section in (*SOURCES.gate.values(), *SOURCES.gate["payload"].values())
    if isinstance(section, dict) and section.get("required_fields")
]


def single_literals(tree: ast.AST) -> Iterator[str]:
    """Every string constant of a module, docstrings aside."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield str(node.value)


def lists_of_literals(tree: ast.AST) -> Iterator[set[str]]:
    """The strings of every list, tuple, set, chain of comparisons and split text of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield {
                item.value
                for item in node.elts
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = node.value.replace(",", " ").replace("|", " ").split()
            if len(words) > 1 and all(word.isidentifier() for word in words):
                yield set(words)


def hand_kept(text: str, *, is_compiler: bool) -> list[str]:
    """What a module repeats of the artefacts."""
    tree = ast.parse(text)
    found = [f"the retired name {name!r}" for name in single_literals(tree) if name in RETIRED]
    found += ["the contract's version" for name in single_literals(tree) if name == VERSION]
    for names in lists_of_literals(tree):
        if len(names & EVENT_TYPES) > 1:
            found.append(f"a list of event types: {sorted(names)}")
        if len(names & ERROR_CODES) > 1:
            found.append(f"a list of error codes: {sorted(names)}")
        if any(required <= names for required in REQUIRED if len(required) > 1):
            found.append(f"a list of required fields: {sorted(names)}")
        if is_compiler and len(names & FIELDS) > 1:
            found.append(f"a list of fields: {sorted(names & FIELDS)}")
    return found


@pytest.mark.proves("001 FR-013", "001 FR-023")
@pytest.mark.parametrize("path", COMPILER, ids=lambda path: path.name)
def test_the_compiler_repeats_nothing_of_the_artefacts(path: Path) -> None:
    assert hand_kept(path.read_text(encoding="utf-8"), is_compiler=True) == []


@pytest.mark.proves("001 FR-013", "001 FR-023")
def test_hand_written_code_repeats_no_rule_of_the_artefacts() -> None:
    assert len(RUNTIME_CODE) > 20
    found = {
        path.relative_to(ROOT).as_posix(): repeated
        for path in RUNTIME_CODE
        if LEGACY_READERS not in path.parts
        and (repeated := hand_kept(path.read_text(encoding="utf-8"), is_compiler=False))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        ('x = "feature_slug"', "retired name 'feature_slug'"),
        ('if name == "FeatureCompleted": pass', "retired name 'FeatureCompleted'"),
        ('x = {"aggregate": "Feature"}', "retired name 'Feature'"),
        ('x = "feature-state"', "retired name 'feature-state'"),
        ('x = "FEATURE_NOT_FOUND"', "retired name 'FEATURE_NOT_FOUND'"),
        ('VERSION = "3.0.0"', "the contract's version"),
        ('x = ["MissionCreated", "MissionClosed"]', "a list of event types"),
        ('x = {"WPStatusChanged", "GatePassed", "x"}', "a list of event types"),
        ('x = "MissionCreated MissionClosed".split()', "a list of event types"),
        ('x = ("USAGE_ERROR", "WP_NOT_FOUND")', "a list of error codes"),
        ('x = ["mission_slug", "mission_number", "mission_type"]', "a list of required fields"),
        ('x = ("build_id", "node_id")', "a list of fields"),
    ],
)
def test_a_planted_list_is_found(planted: str, message: str) -> None:
    assert any(message in finding for finding in hand_kept(planted, is_compiler=True))


def test_ordinary_code_is_no_finding() -> None:
    ordinary = '"""About feature_slug."""\nx = {"type": ["string", "null"]}\ny = "build_id"\n'
    assert hand_kept(ordinary, is_compiler=True) == []
