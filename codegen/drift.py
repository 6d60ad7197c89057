"""Finds every difference between the contracts, the locked wheel and the generated code."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any

from codegen.locks import locked_version, locked_wheel_hash, tool_findings
from codegen.pinned import changed_files, hash_findings, read_pinned, vendored_files
from codegen.regenerate import existing_files, generated_files
from codegen.tree import PACKAGE, PipelineError, Tree
from codegen.upstream import DISTRIBUTION, installed_version, wheel_artefacts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

_DIFF_LINES = 60
_PLACES = 8


def check(
    root: Path, *, generate: Callable[[Path], Mapping[str, bytes]] = generated_files
) -> list[str]:
    """Return everything that is out of step; empty when all is well.

    Args:
        root: A checkout of the project.
        generate: Makes the files of the generated package from the contracts of a checkout.

    Returns:
        Messages, each starting with the file that it is about.
    """
    tree = Tree(root)
    unpinned = _collected(lambda: _vendored_findings(tree))
    findings = [
        *unpinned,
        *_collected(lambda: _wheel_findings(tree)),
        *_collected(lambda: tool_findings(root)),
    ]
    if not unpinned:
        # What unpinned files would generate says nothing: `regen` refuses them as well.
        findings += _collected(lambda: _generated_findings(tree, generate(root)))
    return findings


def _collected(part: Callable[[], list[str]]) -> list[str]:
    try:
        return part()
    except PipelineError as error:
        return list(error.findings)


def json_differences(old: Any, new: Any, pointer: str = "") -> Iterator[str]:
    """Yield the JSON pointers at which two documents differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            inner = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in old or key not in new:
                yield inner
            else:
                yield from json_differences(old[key], new[key], inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from json_differences(before, after, f"{pointer}/{index}")
    elif type(old) is not type(new) or old != new:
        yield pointer or "/"


def _vendored_findings(tree: Tree) -> list[str]:
    files, pinned = vendored_files(tree), read_pinned(tree)
    findings = hash_findings(files, pinned)
    for name in changed_files(files, pinned):
        # The wheel is the reference of its own files; the others have only their packaged copy.
        copy = tree.generated / "schemas" / name
        if not name.startswith("events/") and copy.is_file():
            places = _places(files[name], copy.read_bytes())
            findings.append(f"contracts/vendored/{name}: differs from what is packaged at {places}")
    return findings


def _wheel_findings(tree: Tree) -> list[str]:
    installed = installed_version()
    findings = []
    locked = locked_version(tree.root, DISTRIBUTION)
    if locked != installed:
        findings.append(f"uv.lock: {DISTRIBUTION} {locked} is locked, but {installed} is installed")
    origins = [o for o in read_pinned(tree).values() if o.source == DISTRIBUTION]
    vendored = {origin.version for origin in origins}
    findings += [
        f"contracts/vendored/PINNED.json: {DISTRIBUTION} {version} is vendored, but uv.lock "
        f"locks {locked}; run `make vendor-contracts`"
        for version in sorted(vendored - {locked})
    ]
    wheel = locked_wheel_hash(tree.root, DISTRIBUTION)
    findings += [
        f"contracts/vendored/PINNED.json: taken from the wheel {archive}, but uv.lock locks "
        f"{wheel}; run `make vendor-contracts`"
        for archive in sorted({str(origin.archive) for origin in origins} - {wheel})
        if vendored == {locked}
    ]
    files = {
        name: data for name, data in vendored_files(tree).items() if name.startswith("events/")
    }
    return findings + _artefact_findings(files, wheel_artefacts(), installed)


def _artefact_findings(
    vendored: Mapping[str, bytes], wheel: Mapping[str, bytes], version: str
) -> list[str]:
    findings = []
    for name in sorted({*vendored, *wheel}):
        where = f"contracts/vendored/{name}"
        if name not in vendored:
            findings.append(f"{where}: {DISTRIBUTION} {version} has it, but it is not vendored")
        elif name not in wheel:
            findings.append(f"{where}: vendored, but {DISTRIBUTION} {version} does not have it")
        elif vendored[name] != wheel[name]:
            places = _places(vendored[name], wheel[name])
            findings.append(f"{where}: differs from {DISTRIBUTION} {version} at {places}")
    return findings


def _places(vendored: bytes, wheel: bytes) -> str:
    try:
        pointers = list(json_differences(json.loads(vendored), json.loads(wheel)))
    except ValueError:
        return "every place: it is no JSON"
    if not pointers:
        return "no value, only in its formatting"
    more = f" and {len(pointers) - _PLACES} more" if len(pointers) > _PLACES else ""
    return ", ".join(pointers[:_PLACES]) + more


def _generated_findings(tree: Tree, expected: Mapping[str, bytes]) -> list[str]:
    present = {
        path.relative_to(tree.generated).as_posix(): path.read_bytes()
        for path in existing_files(tree.generated)
    }
    findings = []
    for name in sorted({*expected, *present}):
        where = f"src/generated/{PACKAGE}/{name}"
        if name not in present:
            findings.append(f"{where}: missing; run `make regen-contracts`")
        elif name not in expected:
            findings.append(f"{where}: not generated from any contract; remove it")
        elif present[name] != expected[name]:
            diff = _diff(where, present[name], expected[name])
            findings.append(f"{where}: differs from what the contracts generate\n{diff}")
    return findings


def _diff(where: str, present: bytes, expected: bytes) -> str:
    lines = list(
        difflib.unified_diff(
            present.decode("utf-8", "backslashreplace").splitlines(),
            expected.decode("utf-8", "backslashreplace").splitlines(),
            f"{where} (in the tree)",
            f"{where} (generated)",
            n=2,
            lineterm="",
        )
    )
    if not lines:
        return "only line ends differ"
    if len(lines) > _DIFF_LINES:
        lines = [*lines[:_DIFF_LINES], f"… and {len(lines) - _DIFF_LINES} more lines"]
    return "\n".join(lines)
