"""`agents.json`: what was written for agents, so that a file its user has edited is never overwritten."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import json_document
from specify_cli.kernel.gate import ContractViolation, check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from spec_kitty_contracts.wire.agents_manifest import AgentsManifest

MANIFEST_FILE = ".kittify/agents.json"
SURFACE = "agents_manifest"
_VERSION: Literal[2] = 2
_EARLIER = 8


class ManifestCorrupt(SpecKittyError):
    """The manifest cannot be read, so nobody knows which files are ours."""

    code = "MANIFEST_CORRUPT"


@dataclass(frozen=True, slots=True)
class Written:
    """What was written at one path.

    Attributes:
        digest: Of the text that was written last.
        earlier: Of what was written before, newest first.
        block: It is a block in a file of the user.
    """

    digest: str
    earlier: tuple[str, ...] = ()
    block: bool = False

    def knows(self, digest: str) -> bool:
        """Tell whether a text of this digest was written by us."""
        return digest == self.digest or digest in self.earlier

    def renewed(self, digest: str) -> Written:
        """Return this with another text written last."""
        if digest == self.digest:
            return self
        rest = (self.digest, *(one for one in self.earlier if one != digest))
        return Written(digest, rest[:_EARLIER], self.block)


@dataclass(slots=True)
class Manifest:
    """The manifest of a project or of a home folder.

    Attributes:
        agents: Agents whose command files are there.
        files: What was written, by path.
    """

    agents: tuple[str, ...] = ()
    files: dict[str, Written] = field(default_factory=dict)

    def record(self, path: str, digest: str, *, block: bool) -> None:
        """Note what is written at a path from now on."""
        known = self.files.get(path)
        same_kind = known is not None and known.block == block
        self.files[path] = (
            known.renewed(digest) if known and same_kind else Written(digest, (), block)
        )


def digest_of(text: str) -> str:
    """Return the SHA-256 of a text; line ends do not count, since git may change them."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8")).hexdigest()


def read_manifest(path: Path) -> Manifest:
    """Read a manifest; an empty one before the first time.

    Raises:
        ManifestCorrupt: MANIFEST_CORRUPT.
    """
    try:
        document = json.loads(path.read_bytes())
        if isinstance(document, dict) and document.get("version") == 1:
            document = _from_version_1(document)
        check(SURFACE, document)
    except FileNotFoundError:
        return Manifest()
    except (OSError, ValueError, TypeError, RecursionError, ContractViolation) as error:
        raise _corrupt(path, type(error).__name__) from error
    manifest: AgentsManifest = document
    files = {}
    for name, entry in manifest["files"].items():
        # Deleting follows this list: nothing in it may lead anywhere else.
        if ".." in name.split("/"):
            raise _corrupt(path, "a path leads out of the folder")
        digest, earlier = entry["sha256"], tuple(entry["earlier"])
        files[name] = Written(digest, earlier, entry["kind"] == "block")
    return Manifest(tuple(manifest["agents"]), files)


def manifest_bytes(manifest: Manifest) -> bytes:
    """Render a manifest.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    document: AgentsManifest = {
        "version": _VERSION,
        "agents": sorted(manifest.agents),
        "files": {
            path: {
                "kind": "block" if written.block else "file",
                "sha256": written.digest,
                "earlier": [*written.earlier],
            }
            for path, written in manifest.files.items()
        },
    }
    check(SURFACE, document)
    return json_document(document)


def _from_version_1(document: dict[str, object]) -> AgentsManifest:
    """Return the form of today; that of the first version had digests and no agents."""
    from specify_cli.initialization.agents import AGENTS
    from specify_cli.initialization.formats import command_files

    files = document.get("files")
    if not isinstance(files, dict):
        raise TypeError("files is no object")
    entries = dict(_entries(files))
    return {
        "version": _VERSION,
        "agents": [agent.key for agent in AGENTS if command_files((agent,)).keys() & entries],
        # A wrong form is for the gate to refuse.
        "files": {
            path: {"kind": "file", "sha256": digest, "earlier": []}
            for path, digest in entries.items()
        },
    }


def _entries(files: dict[object, object]) -> Iterator[tuple[str, str]]:
    for path, digest in files.items():
        yield str(path), str(digest)


def _corrupt(path: Path, problem: str) -> ManifestCorrupt:
    shown = MANIFEST_FILE if path.as_posix().endswith(MANIFEST_FILE) else path.name
    return ManifestCorrupt(
        f"{shown} cannot be read: {problem}.",
        fix=f"Delete {shown} and run `spec-kitty agent config sync`: files that differ from the "
        "shipped ones are then kept as yours.",
        details={"file": shown},
    )
