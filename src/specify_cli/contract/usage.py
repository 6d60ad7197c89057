"""Finds the hand-written modules that use a contract."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from specify_cli.contract.documents import INDEX, packaged_document, surfaces

_GENERATED: Final = ("spec_kitty_contracts.wire.", "spec_kitty_contracts.models.")
_GATE_CALLS: Final = frozenset({"check", "validate", "violations"})


@dataclass(frozen=True, slots=True)
class UsedContracts:
    """What one module uses.

    Attributes:
        module: Dotted name.
        types: Names of generated types, and `<family>.*` where a whole module is imported.
        surfaces: Surfaces that it passes documents through.
    """

    module: str
    types: frozenset[str]
    surfaces: frozenset[str]


def modules_using(document: str, name: str) -> tuple[str, ...]:
    """Return the modules of this program that use a type, or pass its document through the gate.

    Args:
        document: `$id` of the schema, or its file below the packaged schemas.
        name: Name of the generated type.
    """
    types: Any = packaged_document(INDEX)["types"]
    wanted = {name, f"{types[name]['family']}.*"} if name in types else {name}
    gates = {
        entry.name for entry in surfaces().values() if _same_document(entry.document, document)
    }
    return tuple(
        used.module for used in _all_uses() if used.types & wanted or used.surfaces & gates
    )


def _same_document(file: str, identity: str) -> bool:
    return identity == file or packaged_document(file).get("$id") == identity


@cache
def _all_uses() -> tuple[UsedContracts, ...]:
    import specify_cli

    root = Path(specify_cli.__path__[0])
    found = []
    for path in sorted(root.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "spec_kitty_contracts" in text or "gate" in text:
            module = ".".join(("specify_cli", *path.relative_to(root).with_suffix("").parts))
            found.append(_uses(module.removesuffix(".__init__"), ast.parse(text)))
    return tuple(found)


def _uses(module: str, tree: ast.Module) -> UsedContracts:
    types: set[str] = set()
    gates: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.startswith(_GENERATED):
                types.update(alias.name for alias in node.names)
            elif f"{node.module}." in _GENERATED:
                types.update(f"{alias.name}.*" for alias in node.names)
        elif isinstance(node, ast.Import):
            types.update(
                f"{alias.name.rpartition('.')[2]}.*"
                for alias in node.names
                if alias.name.startswith(_GENERATED)
            )
        elif isinstance(node, ast.Call) and _called(node) in _GATE_CALLS and node.args:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                gates.add(first.value)
    return UsedContracts(module, frozenset(types), frozenset(gates))


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
