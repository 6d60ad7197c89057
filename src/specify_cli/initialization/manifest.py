"""`.kittify/agents.json`: what init wrote, so that a file its user has edited is never overwritten."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import json_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST_FILE = ".kittify/agents.json"
_VERSION = 1


class ManifestCorrupt(SpecKittyError):
    """The manifest cannot be read, so nobody knows which files are init's own."""

    code = "MANIFEST_CORRUPT"


def digest(text: str) -> str:
    """Return the SHA-256 of a text; line ends do not count, since git may change them."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode("utf-8")).hexdigest()


def read_manifest(root: Path) -> dict[str, str]:
    """Return path to digest of the files that init wrote; empty before the first time.

    Raises:
        ManifestCorrupt: MANIFEST_CORRUPT.
    """
    try:
        document = json.loads((root / MANIFEST_FILE).read_bytes())
        files = document["files"]
        return {str(path): str(value) for path, value in files.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ManifestCorrupt(
            f"{MANIFEST_FILE} cannot be read: {type(error).__name__}.",
            fix=f"Delete {MANIFEST_FILE} and run `spec-kitty init` again: command files that differ "
            "from the shipped ones are then kept as yours.",
            details={"file": MANIFEST_FILE},
        ) from error


def manifest_bytes(files: Mapping[str, str]) -> bytes:
    """Render the manifest."""
    return json_document({"version": _VERSION, "files": dict(files)})
