"""All contract documents in one value: what the generators and the gate compiler read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.patches import PATCHES, apply_patches
from codegen.tree import PipelineError, Schema, Tree

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from codegen.patches import Patch

SCHEMA_SUFFIX = ".schema.json"


@dataclass(frozen=True, slots=True)
class Sources:
    """Every contract document, patched.

    Attributes:
        events: Schemas of the events package by name, those derived from its models included.
        event_types: Event type to schema name; `Event` itself is not among them.
        cutover: The cutover artefact.
        forbidden_keys: Legacy keys that the events package refuses at any depth.
        gate: The gate artefact (`upstream_contract.json`).
        saas: OpenAPI document of the server.
        websocket: Schemas of the WebSocket frames by name.
        published: Schemas of this project by name.
    """

    events: dict[str, Schema]
    event_types: dict[str, str]
    cutover: Schema
    forbidden_keys: list[str]
    gate: Schema
    saas: Schema
    websocket: dict[str, Schema]
    published: dict[str, Schema]


def load_sources(root: Path, patches: Iterable[Patch] = PATCHES) -> Sources:
    """Read and patch all contract documents of a tree.

    Hashes are not checked here; see `codegen.pinned`.

    Raises:
        PipelineError: A file is missing or no JSON, or a patch does not apply.
    """
    tree = Tree(root)
    vendored = apply_patches(load_documents(tree.vendored), patches)
    published = load_documents(tree.published)
    event_types = _document(vendored, "events/event_types.json")
    forbidden = _document(vendored, "events/forbidden_keys.json")
    return Sources(
        events=_schemas(vendored, "events/") | _schemas(vendored, "events/derived/"),
        event_types=dict(event_types["event_types"]),
        cutover=_document(vendored, "events/cutover_artifact.json"),
        forbidden_keys=list(forbidden["forbidden_legacy_keys"]),
        gate=_document(vendored, "gate/upstream_contract.json"),
        saas=_document(vendored, "saas/openapi.json"),
        websocket=_schemas(vendored, "websocket/"),
        published=_schemas(published, ""),
    )


def load_documents(folder: Path) -> dict[str, Schema]:
    """Parse every JSON file below a folder except `PINNED.json`, by its relative POSIX path.

    Raises:
        PipelineError: A file is no JSON object.
    """
    documents: dict[str, Schema] = {}
    findings = []
    for path in sorted(folder.rglob("*.json")):
        name = path.relative_to(folder).as_posix()
        if name == "PINNED.json":
            continue
        try:
            document: Any = json.loads(path.read_bytes())
        except ValueError as error:
            findings.append(f"contracts/{folder.name}/{name}: not JSON: {error}")
            continue
        if not isinstance(document, dict):
            findings.append(f"contracts/{folder.name}/{name}: not a JSON object")
            continue
        documents[name] = document
    if findings:
        raise PipelineError(*findings)
    return documents


def _schemas(documents: dict[str, Schema], prefix: str) -> dict[str, Schema]:
    return {
        name.removeprefix(prefix).removesuffix(SCHEMA_SUFFIX): document
        for name, document in documents.items()
        if name.startswith(prefix)
        and name.endswith(SCHEMA_SUFFIX)
        and "/" not in name.removeprefix(prefix)
    }


def _document(documents: dict[str, Schema], name: str) -> Schema:
    if name not in documents:
        raise PipelineError(f"contracts/vendored/{name}: the file is missing")
    return documents[name]
