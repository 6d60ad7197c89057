"""Reads a project's charter: `charter.yaml`, and `charter.md` where nothing else says anything."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

from specify_cli.governance.compiled import content_hash
from specify_cli.governance.declarations import lines_of, parsed
from specify_cli.governance.kinds import KINDS, target
from specify_cli.governance.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from specify_cli.governance.compiled import (
        CompiledCharter,
        CompiledDeactivation,
        CompiledPolicy,
    )
    from specify_cli.governance.sources import SourceFile, Sources
    from specify_cli.kernel.json_types import JsonObject, JsonValue

SURFACE = "charter"
_SECTION = re.compile(r"^##[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_LONGEST = 1200


def compiled_charter(
    sources: Sources, items: set[str], problems: list[Problem]
) -> CompiledCharter | None:
    """Read the charter; None when there is none.

    What it names and no layer declares is no error: charters of the existing CLI name items of its
    own catalogue.

    Args:
        sources: The project's files.
        items: Targets of all items.
        problems: Gets what is wrong with the file.
    """
    source = sources.charter or sources.charter_text
    if source is None:
        return None
    document = charter_document(sources.charter, problems) if sources.charter else {}
    policies = _policies(document)
    if not policies and sources.charter_text is not None:
        policies = list(_sections(sources.charter_text))
    activated = activated_items(document)
    deactivated = deactivations(document)
    named = [*activated, *(entry["item"] for entry in deactivated)]
    return {
        "source": source.file,
        "hash": content_hash(source.text),
        "policies": policies,
        "activated": [name for name in activated if name in items],
        "deactivated": [entry for entry in deactivated if entry["item"] in items],
        "unknown": sorted({name for name in named if name not in items}),
    }


def charter_document(source: SourceFile, problems: list[Problem]) -> JsonObject:
    """Parse `charter.yaml` and check it against its contract; what is wrong is added to `problems`."""
    from spec_kitty_contracts.gate import violations

    if not source.text.strip():
        return {}
    document = parsed(source, problems)
    if document is None:
        return {}
    # The existing CLI writes null for "nothing chosen".
    document = {key: value for key, value in document.items() if value is not None}
    # A charter that somebody began by hand needs no version.
    refused = violations(SURFACE, {"schema_version": "", **document})
    if refused:
        line = lines_of(source.text)
        problems += [
            Problem(
                source.file,
                line(v.path),
                f"{v.path.removeprefix('$.')}: {v.expected} is needed, found {v.found}",
            )
            for v in refused
        ]
        return {}
    return document


def activated_items(document: Mapping[str, JsonValue]) -> list[str]:
    """Return what a charter activates, in both forms that there are."""
    governance = document.get("governance")
    inner = governance.get("charter") if isinstance(governance, dict) else None
    selected = inner if isinstance(inner, dict) else {}
    found = []
    for kind in KINDS.values():
        for word in dict.fromkeys((kind.plural, kind.name)):
            for listed in (document.get(f"activated_{word}"), selected.get(f"selected_{word}")):
                found += [
                    target(kind.name, identity)
                    for identity in (listed if isinstance(listed, list) else ())
                    if isinstance(identity, str)
                ]
    return list(dict.fromkeys(found))


def deactivations(document: Mapping[str, JsonValue]) -> list[CompiledDeactivation]:
    """Return what a charter takes away."""
    listed = document.get("deactivated")
    return [
        {"item": str(entry["item"]), "reason": str(entry.get("reason", ""))}
        for entry in (listed if isinstance(listed, list) else [])
        if isinstance(entry, dict)
    ]


def _policies(document: Mapping[str, JsonValue]) -> list[CompiledPolicy]:
    listed = cast("list[dict[str, str]]", document.get("policies") or [])
    return [{"topic": entry["topic"], "text": entry["text"].strip()} for entry in listed]


def _sections(source: SourceFile) -> Iterator[CompiledPolicy]:
    """Yield the sections of `charter.md`; long ones are cut, with a pointer to the file."""
    parts = _SECTION.split(source.text)
    for topic, body in zip(parts[1::2], parts[2::2], strict=True):
        text = body.strip()
        if len(text) > _LONGEST:
            text = f"{text[:_LONGEST].rsplit(None, 1)[0]} … (the rest: {source.file})"
        if text:
            yield {"topic": topic, "text": text}
