"""Conformance is tested by shape: not with a model of the events package, not with the server."""

from __future__ import annotations

import ast
import importlib
from typing import TYPE_CHECKING

import pytest
from pydantic import BaseModel

from tests.architecture.source_tree import ROOT, imported, refuse

if TYPE_CHECKING:
    from pathlib import Path

# The server's own code is no package that anybody could install (001 C-003).
SERVER = frozenset({"django", "rest_framework", "spec_kitty_saas"})
# Where documents are held against the contracts. Elsewhere the package may be an independent second
# opinion on something else, such as what a log folds into.
FOLDERS = ("conformance", "unit")


def conformance_is_tested_by_shape(tests: Path) -> None:
    """Rule 18: a model says what its release accepts; the contract is older and younger than that.

    The package's validator, its fixtures and its data may be used: they judge a document from the
    outside.
    """
    findings = []
    for path in sorted(path for folder in FOLDERS for path in (tests / folder).rglob("*.py")):
        file = path.relative_to(tests).as_posix()
        for line, module in imported(ast.parse(path.read_bytes()), file):
            top = module.partition(".")[0]
            if top in SERVER or (top == "spec_kitty_events" and _is_model(module)):
                findings.append(f"{file}:{line} imports {module}")
    refuse("a test takes a model or the server instead of a shape (001 C-002, C-003):", findings)


def _is_model(dotted: str) -> bool:
    module, _, name = dotted.rpartition(".")
    found = getattr(importlib.import_module(module), name, None) if module else None
    return isinstance(found, type) and issubclass(found, BaseModel)


def plant(tests: Path, name: str, source: str) -> None:
    """Write a test file into the folder of the conformance tests."""
    folder = tests / "conformance"
    folder.mkdir()
    (folder / name).write_text(source, encoding="utf-8")


@pytest.mark.proves("001 C-002", "001 C-003")
def test_conformance_is_tested_by_shape() -> None:
    conformance_is_tested_by_shape(ROOT / "tests")


@pytest.mark.proves("001 C-002", "001 C-003")
@pytest.mark.parametrize(
    "source",
    [
        "from spec_kitty_events import Event",
        "from spec_kitty_events.lifecycle import MissionCreatedPayload as Payload",
        "def test_x():\n    from spec_kitty_events.status import StatusTransitionPayload",
        "import django.test",
        "from spec_kitty_saas.sync import serializers",
    ],
)
def test_a_model_or_the_server_in_a_test_is_caught(tmp_path: Path, source: str) -> None:
    plant(tmp_path, "test_evil.py", source + "\n")
    with pytest.raises(AssertionError, match=r"conformance/test_evil\.py:\d imports"):
        conformance_is_tested_by_shape(tmp_path)


def test_the_validator_and_the_data_of_the_package_may_be_used(tmp_path: Path) -> None:
    source = (
        "from spec_kitty_events.conformance import validate_event\n"
        "from spec_kitty_events.cutover import CUTOVER_ARTIFACT\n"
    )
    plant(tmp_path, "test_fine.py", source)
    conformance_is_tested_by_shape(tmp_path)
