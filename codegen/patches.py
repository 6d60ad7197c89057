"""Corrections to vendored schemas, each asserting what it replaces (DESIGN.md 4.2).

A patch exists where an artefact is incomplete or contradicts the artefact beside it. It names the
value that it expects to find: when a new upstream release changes that place, generation stops and
a maintainer decides, instead of a correction silently applying to something else.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from codegen.tree import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codegen.tree import Schema


class _Absent:
    """The value of a place that does not exist."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Patch:
    """One replacement in one vendored file.

    Attributes:
        file: Path below `contracts/vendored/`.
        pointer: JSON pointer (RFC 6901) of the value.
        old: The value that must be there, or `ABSENT`.
        new: The value to put there, or `ABSENT` to remove it.
        reason: Why the artefact cannot stay as it is.
    """

    file: str
    pointer: str
    old: object
    new: object
    reason: str


PATCHES: tuple[Patch, ...] = ()


def apply_patches(
    documents: Mapping[str, Schema], patches: Iterable[Patch] = PATCHES
) -> dict[str, Schema]:
    """Return the vendored documents with every patch applied; the input stays as it is.

    Args:
        documents: Path below `contracts/vendored/` to parsed document.
        patches: Patches in order.

    Raises:
        PipelineError: A patch no longer applies: no such file, no such place, another value there.
    """
    patched = dict(documents)
    findings = []
    for patch in patches:
        if patch.file not in patched:
            findings.append(f"{patch.file}: patch at {patch.pointer}: there is no such file")
            continue
        document = copy.deepcopy(patched[patch.file])
        problem = _replace(document, patch)
        if problem:
            findings.append(f"{patch.file}: patch at {patch.pointer} no longer applies: {problem}")
        else:
            patched[patch.file] = document
    if findings:
        raise PipelineError(*findings)
    return patched


def _replace(document: Any, patch: Patch) -> str | None:
    parts = [p.replace("~1", "/").replace("~0", "~") for p in patch.pointer.split("/")[1:]]
    holder = document
    for part in parts[:-1]:
        holder = _child(holder, part)
        if holder is ABSENT:
            return f"there is no {part!r} on the way"
    key: Any = int(parts[-1]) if isinstance(holder, list) and parts[-1].isdigit() else parts[-1]
    found = _child(holder, parts[-1])
    if found is ABSENT or patch.old is ABSENT:
        if found is not patch.old:
            return f"expected {_shown(patch.old)}, found {_shown(found)}"
    elif json.dumps(found, sort_keys=True) != json.dumps(patch.old, sort_keys=True):
        return f"expected {_shown(patch.old)}, found {_shown(found)}"
    if patch.new is ABSENT:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(patch.new)
    return None


def _child(holder: Any, part: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(part, ABSENT)
    if isinstance(holder, list) and part.isdigit() and int(part) < len(holder):
        return holder[int(part)]
    return ABSENT


def _shown(value: object) -> str:
    return repr(value) if value is ABSENT else json.dumps(value, sort_keys=True)
