"""What a guard says when a step or a work package is not finished yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonValue


class GuardFailure(NamedTuple):
    """One unmet condition, said so that an agent can act on it without asking.

    Attributes:
        file: The file or folder concerned, relative to the project root, with forward slashes.
        looked_for: What the guard needs to see there.
        found: What it saw instead.
        fix: The action or command that satisfies the guard.
    """

    file: str
    looked_for: str
    found: str
    fix: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the failure as a JSON object with the attribute names as keys."""
        return {
            "file": self.file,
            "looked_for": self.looked_for,
            "found": self.found,
            "fix": self.fix,
        }

    def __str__(self) -> str:
        return f"{self.file}: looked for {self.looked_for}, found {self.found}"
