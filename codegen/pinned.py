"""`PINNED.json`: where every vendored file comes from, and its hash."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from codegen.tree import PipelineError
from codegen.upstream import DISTRIBUTION, LICENCE, json_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.tree import Tree

_EVENTS_COMMIT: Final = f"{DISTRIBUTION} @ 5b8e6dc"
_SAAS_COMMIT: Final = "spec-kitty-saas @ 3a0e4af"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a vendored file comes from.

    Attributes:
        source: Name of the package, or `authored` when no package ships the artefact.
        version: Version of the package, or of the client whose facts were written down.
        commit: Commit that the artefact describes, where that is known; a wheel names none.
        archive: Hash of the wheel that the file was taken from; None for authored files.
        licence: SPDX identifier.
        sha256: Hash of the file's bytes.
    """

    source: str
    version: str
    commit: str | None
    archive: str | None
    licence: str
    sha256: str


# Folder below contracts/vendored/ -> (version, commit); these have no package to come from.
_AUTHORED: Final[dict[str, tuple[str, str]]] = {
    "gate/": ("3.2.0", f"{_EVENTS_COMMIT}, {_SAAS_COMMIT}"),
    "saas/": ("3.2.0", _SAAS_COMMIT),
    "websocket/": ("3.2.0", _SAAS_COMMIT),
}


def vendored_files(tree: Tree) -> dict[str, bytes]:
    """Return every vendored file except `PINNED.json` by its path below `contracts/vendored/`."""
    return {
        path.relative_to(tree.vendored).as_posix(): path.read_bytes()
        for path in sorted(tree.vendored.rglob("*"))
        if path.is_file() and path != tree.pinned
    }


def read_pinned(tree: Tree) -> dict[str, Origin]:
    """Read `PINNED.json`.

    Raises:
        PipelineError: It is missing or has another form.
    """
    name = f"contracts/vendored/{tree.pinned.name}"
    try:
        document: Any = json.loads(tree.pinned.read_bytes())
        return {path: Origin(**entry) for path, entry in document["files"].items()}
    except FileNotFoundError:
        raise PipelineError(f"{name}: the file is missing; run `make vendor-contracts`") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise PipelineError(f"{name}: not readable: {error}") from error


def write_pinned(
    tree: Tree, files: Mapping[str, bytes], events_version: str, wheel_hash: str
) -> None:
    """Write `PINNED.json` for these vendored files.

    Args:
        tree: Where to write it.
        files: Content by path below `contracts/vendored/`.
        events_version: Version of the events package that the files under `events/` come from.
        wheel_hash: `sha256:...` of that package's wheel, as the lock file has it.

    Raises:
        PipelineError: A file lies in a folder whose origin is not known.
    """
    origins = {
        name: asdict(_origin(name, data, events_version, wheel_hash))
        for name, data in files.items()
    }
    tree.pinned.write_bytes(json_bytes({"files": origins}))


def hash_findings(files: Mapping[str, bytes], pinned: Mapping[str, Origin]) -> list[str]:
    """Compare vendored files with their pins: missing, unknown and changed ones, one line each."""
    findings = []
    for name in sorted({*files, *pinned}):
        where = f"contracts/vendored/{name}"
        if name not in pinned:
            findings.append(f"{where}: not in PINNED.json; run `make vendor-contracts`")
        elif name not in files:
            findings.append(f"{where}: in PINNED.json, but the file is missing")
        elif _sha256(files[name]) != pinned[name].sha256:
            findings.append(
                f"{where}: the content changed: sha256 {_sha256(files[name])}, "
                f"PINNED.json says {pinned[name].sha256}"
            )
    return findings


def changed_files(files: Mapping[str, bytes], pinned: Mapping[str, Origin]) -> list[str]:
    """Return the pinned files that exist with other content."""
    return [
        name
        for name, data in sorted(files.items())
        if name in pinned and _sha256(data) != pinned[name].sha256
    ]


def _origin(name: str, data: bytes, events_version: str, wheel_hash: str) -> Origin:
    if name.startswith("events/"):
        return Origin(DISTRIBUTION, events_version, None, wheel_hash, LICENCE, _sha256(data))
    for folder, (version, commit) in _AUTHORED.items():
        if name.startswith(folder):
            return Origin("authored", version, commit, None, LICENCE, _sha256(data))
    raise PipelineError(
        f"contracts/vendored/{name}: the folder's origin is not known; "
        "add it to _AUTHORED in codegen/pinned.py"
    )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
