"""Legacy names stay in `upgrade/`, and contract vocabulary stays in the contracts (seed 001).

Every rule here is shown to fail on a copy of the tree with a violation planted into it.
"""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.architecture.source_tree import ROOT, SourceTree, hand_written, planted, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VENDORED = ROOT / "contracts" / "vendored"
# "feature branch" is git's word, everything else that is feature-shaped is the old name of a mission.
FEATURE_SHAPED = re.compile(
    r"feature[_-](?!branch)|(?<![A-Za-z])[A-Za-z]+[_-]feature\b|\bFeature[A-Z]|FEATURE_|--feature\b"
)
# The sanitizer's list is a rule of seed 004 (FR-006) itself; the frame contract repeats it.
ITS_OWN_RULE = frozenset({"specify_cli/events/sanitizer.py"})
# The names of the runtime that `next` took over are frozen, and one of them is a legacy key. It stays
# inside: what is written says `mission_type`. By file, with what the name is needed for there.
_RUNTIME = "specify_cli/next/_internal_runtime"
FROZEN_IDENTIFIERS: dict[tuple[str, str], str] = {
    (f"{_RUNTIME}/schema.py", "mission_key"): "a field of the frozen results",
    (f"{_RUNTIME}/engine.py", "mission_key"): "a parameter of start_mission_run",
    (f"{_RUNTIME}/planner.py", "mission_key"): "fills a frozen NextDecision",
    (f"{_RUNTIME}/run.py", "mission_key"): "a field of the frozen MissionRunRef",
    (f"{_RUNTIME}/state.py", "mission_key"): "translates between the fields and state.json",
    ("specify_cli/next/runs.py", "mission_key"): "calls start_mission_run",
}
FEW = 3
_LIST_KEYS = ("required_", "forbidden_", "allowed")


def legacy_names_stay_in_upgrade(tree: SourceTree) -> None:
    """Rule 13: nothing outside `upgrade/` knows a name that the cutover retired."""
    retired = legacy_keys()
    findings = []
    for path in sorted(tree.package.rglob("*")):
        inside = path.relative_to(tree.package)
        skipped = inside.parts[0] == "upgrade" or "__pycache__" in inside.parts
        if skipped or not path.is_file():
            continue
        if "feature" in path.stem:
            findings.append(f"{inside.as_posix()}: its name")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            findings += [
                f"{inside.as_posix()}:{number} {m[0]}" for m in FEATURE_SHAPED.finditer(line)
            ]
    for file, module in tree.modules.items():
        if file.split("/")[1] != "upgrade":
            findings += [
                f"{file}:{node.lineno} {node.value!r}"
                for node in ast.walk(module)
                if isinstance(node, ast.Constant) and node.value in retired
            ]
    findings += [
        f"{file}:{line} {name}"
        for file, line, name in legacy_identifiers(tree)
        if (file, name) not in FROZEN_IDENTIFIERS
    ]
    refuse(
        "a name that the cutover retired occurs outside upgrade/ (001 FR-003, FR-016):", findings
    )


def legacy_identifiers(tree: SourceTree) -> Iterator[tuple[str, int, str]]:
    """Yield (file, line, name) for every legacy key that is an identifier outside `upgrade/`."""
    retired = legacy_keys()
    for file, module in tree.modules.items():
        if file.split("/")[1] != "upgrade":
            for node in ast.walk(module):
                for name in _identifiers(node):
                    if name in retired:
                        yield file, getattr(node, "lineno", 0), name


def contract_lists_are_not_kept_by_hand(tree: SourceTree) -> None:
    """Rule 14: lists of fields, event names and versions come from the generated data."""
    versions = contract_versions()
    findings = [
        f"{file}:{line} {words}"
        for file, module in tree.modules.items()
        if file not in ITS_OWN_RULE
        for line, words in _hand_kept(module, versions)
    ]
    refuse("a list or version of a contract is kept by hand (001 FR-013, FR-023):", findings)


@cache
def legacy_keys() -> frozenset[str]:
    """The keys, event names and aggregate names that the vendored artefacts forbid as legacy."""
    names = set(_load("events/forbidden_keys.json")["forbidden_legacy_keys"])
    for key, value in _load("events/cutover_artifact.json").items():
        if key.startswith("forbidden_legacy_"):
            names.update(value)
    for key, value in _pairs(_load("gate/upstream_contract.json")):
        if key.startswith("forbidden") and isinstance(value, list):
            # The envelope also forbids today's payload keys at its top level; those are no legacy.
            names.update(name for name in value if "feature" in name.lower())
    return frozenset(names)


@cache
def contract_versions() -> frozenset[str]:
    """The version strings that the wire contract fixes."""
    cutover = _load("events/cutover_artifact.json")
    return frozenset({cutover["cutover_contract_version"], cutover["release_version"]})


@cache
def contract_lists() -> tuple[frozenset[str], ...]:
    """Every list that the gate compiles: its artefact's, event types, and what envelopes, requests
    and frames require."""
    lists: set[frozenset[str]] = {frozenset(_load("events/event_types.json")["event_types"])}
    sources = [
        *VENDORED.glob("gate/*.json"),
        *VENDORED.glob("saas/**/*.json"),
        *VENDORED.glob("websocket/**/*.json"),
        *(VENDORED / "events" / name for name in ("event.schema.json", "cutover_artifact.json")),
    ]
    for path in sources:
        for key, value in _pairs(json.loads(path.read_text(encoding="utf-8"))):
            if isinstance(value, list) and (key == "required" or key.startswith(_LIST_KEYS)):
                lists.add(frozenset(item for item in value if isinstance(item, str)))
    return tuple(names for names in lists if len(names) >= FEW)


def _load(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((VENDORED / name).read_text(encoding="utf-8"))
    return document


def _pairs(document: object) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict):
        for key, value in document.items():
            yield key, value
            yield from _pairs(value)
    elif isinstance(document, list):
        for value in document:
            yield from _pairs(value)


def _identifiers(node: ast.AST) -> Iterator[str]:
    """Yield the identifiers of one node: names, attributes, parameters, keyword arguments, whatever
    else the syntax has; text that a program handles is no identifier."""
    if isinstance(node, ast.Constant):
        return
    for _, value in ast.iter_fields(node):
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                yield from item.split(".")


def _hand_kept(module: ast.Module, versions: frozenset[str]) -> Iterator[tuple[int, str]]:
    documentation = {id(text) for text in _docstrings(module)}
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Constant)
            and node.value in versions
            and id(node) not in documentation
        ):
            yield node.lineno, repr(node.value)
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            texts = [e.value for e in node.elts if isinstance(e, ast.Constant)]
            names = frozenset(text for text in texts if isinstance(text, str))
            if len(names) >= FEW and any(names <= known for known in contract_lists()):
                yield node.lineno, ", ".join(sorted(names))


def _docstrings(module: ast.Module) -> Iterator[ast.Constant]:
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


@pytest.mark.proves("001 FR-003", "001 FR-016", "001 FR-017", "001 C-006")
def test_legacy_names_stay_in_upgrade() -> None:
    legacy_names_stay_in_upgrade(hand_written())


def test_the_legacy_names_come_from_the_vendored_artefacts() -> None:
    assert {"feature_slug", "mission_key", "FeatureCreated", "legacy_aggregate_id"} <= legacy_keys()
    assert "from_lane" not in legacy_keys()
    assert contract_versions() == {"3.0.0"}


@pytest.mark.proves("001 FR-003", "001 FR-016")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("missions/evil.py", "def show(feature_slug): ...\n"),
        ("missions/evil.py", "row = {'feature_number': 1}\n"),
        ("missions/evil.py", "CODE = 'FEATURE_NOT_FOUND'\n"),
        ("cli/evil.py", "COMMANDS = 'accept-feature'\n"),
        ("cli/evil.py", "help = 'use --feature'\n"),
        ("events/evil.py", "name = 'FeatureClosed'\n"),
        ("events/evil.py", "row['mission_key'] = 1\n"),
        ("events/evil.py", "key = 'legacy_aggregate_id'\n"),
        ("missions/feature_creation.py", ""),
        ("missions/templates/evil.md", "Set feature_slug in the frontmatter.\n"),
        ("next/evil.py", "aggregate = 'feature_catalog'\n"),
        ("next/evil.py", "mission_key = 'software-dev'\n"),
        ("next/evil.py", "def start(*, mission_key): ...\n"),
        ("next/evil.py", "start(mission_key='software-dev')\n"),
        ("next/evil.py", "kind = run.mission_key\n"),
        ("missions/evil.py", "class Row(TypedDict):\n    mission_key: str\n"),
        ("missions/evil.py", "def mission_key(): ...\n"),
        ("missions/evil.py", "from specify_cli.next import x as mission_key\n"),
        ("missions/evil.py", "match run:\n    case Run(mission_key=kind): ...\n"),
        ("sync/evil.py", "def late():\n    global legacy_aggregate_id\n"),
    ],
)
def test_a_legacy_name_is_caught(tmp_path: Path, path: str, text: str) -> None:
    tree = planted(tmp_path, {path: text})
    with pytest.raises(AssertionError, match=path.split("/", 1)[1]):
        legacy_names_stay_in_upgrade(tree)


def test_every_frozen_identifier_is_still_where_it_is_needed() -> None:
    found = {(file, name) for file, _, name in legacy_identifiers(hand_written())}
    assert found == set(FROZEN_IDENTIFIERS)


def test_upgrade_may_know_legacy_names_and_a_feature_branch_is_none(tmp_path: Path) -> None:
    legacy_names_stay_in_upgrade(
        planted(
            tmp_path,
            {
                "upgrade/legacy.py": "OLD = {'feature_slug': 'mission_slug', 'mission_key': None}\n"
                "def renamed(mission_key): ...\n",
                "git/branches.py": "# made on a feature branch\nfix = 'git switch -c feature-branch'\n",
            },
        )
    )


@pytest.mark.proves("001 FR-013", "001 FR-023")
def test_contract_lists_are_not_kept_by_hand() -> None:
    contract_lists_are_not_kept_by_hand(hand_written())


@pytest.mark.proves("001 FR-013", "001 FR-023")
@pytest.mark.parametrize(
    "source",
    [
        "FORBIDDEN = ('feature_slug', 'feature_number', 'mission_key')",
        "REQUIRED = frozenset({'schema_version', 'build_id', 'event_type'})",
        "AGGREGATES = ['Mission', 'WorkPackage', 'Build']",
        "def late():\n    return ['MissionCreated', 'MissionClosed', 'WPStatusChanged']",
        "SCHEMA_VERSION = '3.0.0'",
        "def build():\n    return {'schema_version': '3.0.0'}",
        "CODES = {'USAGE_ERROR', 'WP_NOT_FOUND', 'PREFLIGHT_FAILED', 'TRANSITION_REJECTED'}",
        "BODY = ('project_uuid', 'mission_slug', 'target_branch', 'manifest_version')",
    ],
)
def test_a_list_kept_by_hand_is_caught(tmp_path: Path, source: str) -> None:
    tree = planted(tmp_path, {"events/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=r"specify_cli/events/evil\.py:\d"):
        contract_lists_are_not_kept_by_hand(tree)


def test_a_docstring_may_name_the_contract_version(tmp_path: Path) -> None:
    source = '"""Envelopes of contract 3.0.0."""\n\n\ndef build():\n    """3.0.0"""\n'
    contract_lists_are_not_kept_by_hand(planted(tmp_path, {"events/fine.py": source}))
