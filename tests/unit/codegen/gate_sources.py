"""The contract documents, altered where a test wants it, and the gate built from them."""

from __future__ import annotations

import copy
import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codegen.gate import PACKAGE, gate_modules
from codegen.sources import load_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from codegen.sources import Sources

ROOT = Path(__file__).resolve().parents[3]
SOURCES = load_sources(ROOT)


def altered(**changes: Callable[[Any], object]) -> Sources:
    """The project's contract documents with some of them changed in place.

    Args:
        changes: Name of a field of `Sources` to a function that changes its copy.
    """
    fields = {}
    for name, change in changes.items():
        value = copy.deepcopy(getattr(SOURCES, name))
        change(value)
        fields[name] = value
    return replace(SOURCES, **fields)


def built_gate(sources: Sources, folder: Path) -> Any:
    """Build a gate from contract documents and import it under a name of its own."""
    name = f"built_gate_{len(sys.modules)}"
    (folder / name).mkdir()
    for path, text in gate_modules(sources).items():
        target = folder / name / path.removeprefix("gate/")
        target.write_text(text.replace(PACKAGE, name), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(folder))


def strings_under(node: Any, keyword: str) -> set[str]:
    """Every string that a keyword has anywhere in a document."""
    found: set[str] = set()
    if isinstance(node, dict):
        if isinstance(node.get(keyword), str):
            found.add(node[keyword])
        for value in node.values():
            found |= strings_under(value, keyword)
    elif isinstance(node, list):
        for value in node:
            found |= strings_under(value, keyword)
    return found
