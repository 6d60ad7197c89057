"""The contract documents that the installed package carries, and the index over them.

Without a checkout, the program must still be able to show a contract, to name the place of a rule
and to compare releases.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from codegen.gate import _schema_of_section
from codegen.gate_artefact import section_rules
from codegen.patches import ABSENT, apply_patches
from codegen.sources import load_documents
from codegen.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from codegen.definitions import Definition
    from codegen.patches import Patch
    from codegen.sources import Sources

INDEX: Final = "index.json"
PATCH_LIST: Final = "patches.json"


def packaged_files(
    root: Path,
    patches: Iterable[Patch],
    sources: Sources,
    definitions: Mapping[str, Definition],
    surfaces: Iterable[str],
) -> dict[str, bytes]:
    """Return the packaged documents, patches applied, by their path in the package's `schemas/`.

    The paths are those below `contracts/vendored/`, or `published/` and the path below that.

    Args:
        root: Folder that holds `contracts/`.
        patches: Corrections to the vendored documents.
        sources: All contract documents.
        definitions: All named types.
        surfaces: Names of the gate's surfaces.
    """
    tree = Tree(root)
    patches = tuple(patches)
    documents = apply_patches(load_documents(tree.vendored), patches)
    documents |= {f"published/{n}": doc for n, doc in load_documents(tree.published).items()}
    documents[INDEX] = {
        "surfaces": {surface: _surface(sources, surface) for surface in sorted(surfaces)},
        "types": {
            name: {"family": d.family, "document": d.source.removeprefix("vendored/")}
            for name, d in definitions.items()
        },
    }
    documents[PATCH_LIST] = {"patches": [_patch(patch) for patch in patches]}
    documents[tree.pinned.name] = json.loads(tree.pinned.read_bytes())
    return {
        name: (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
        for name, document in sorted(documents.items())
    }


def _surface(sources: Sources, surface: str) -> dict[str, Any]:
    """Say where the schema of a surface is, and whether the gate artefact has rules for it."""
    if surface in sources.gate:
        rules, _ = section_rules(surface, sources.gate[surface])
        document, pointer = _schema_of_section(sources, surface, rules)
        path, section = document.path, f"gate/upstream_contract.json#/{surface}"
    else:
        name = surface if surface in sources.published else f"{surface}s"
        path, pointer, section = f"contracts/published/{name}.schema.json", "#", None
    relative = path.removeprefix("contracts/").removeprefix("vendored/")
    return {"document": relative, "pointer": pointer, "rules": section}


def _patch(patch: Patch) -> dict[str, Any]:
    entry: dict[str, Any] = {"file": patch.file, "pointer": patch.pointer, "reason": patch.reason}
    if patch.old is not ABSENT:
        entry["old"] = patch.old
    if patch.new is not ABSENT:
        entry["new"] = patch.new
    return entry
