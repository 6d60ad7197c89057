"""Where the pipeline reads and writes, relative to a copy of the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema, or another JSON document, as parsed."""

PACKAGE = "spec_kitty_contracts"


@dataclass(frozen=True, slots=True)
class Tree:
    """A checkout of the project, or a copy of one.

    Attributes:
        root: Folder that holds `contracts/` and `src/`.
    """

    root: Path

    @property
    def vendored(self) -> Path:
        """Artefacts of other projects, as received."""
        return self.root / "contracts" / "vendored"

    @property
    def published(self) -> Path:
        """Schemas that this project promises to keep."""
        return self.root / "contracts" / "published"

    @property
    def pinned(self) -> Path:
        """Origin and hash of each vendored file."""
        return self.vendored / "PINNED.json"

    @property
    def generated(self) -> Path:
        """The generated package."""
        return self.root / "src" / "generated" / PACKAGE


class PipelineError(Exception):
    """The contracts are not in order; nothing was generated.

    Attributes:
        findings: What is wrong, one message per place; each names the file and the path in it.
    """

    def __init__(self, *findings: str) -> None:
        super().__init__("\n".join(findings))
        self.findings = findings
