"""What a guard says when a step or a work package is not finished yet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject, JsonValue


class GuardFailure(NamedTuple):
    """One unmet condition, said so that an agent can act on it without asking.

    Attributes:
        file: The file or folder concerned, relative to the project root, with forward slashes.
        looked_for: What the guard needs to see there.
        found: What it saw instead.
        fix: The action or command that satisfies the guard.
        rule: The guard's name where a program words the fix its own way; empty elsewhere.
        wp_id: The work package that such a fix is about.
    """

    file: str
    looked_for: str
    found: str
    fix: str
    rule: str = ""
    wp_id: str | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Return file, looked_for, found and fix as a JSON object."""
        return {
            "file": self.file,
            "looked_for": self.looked_for,
            "found": self.found,
            "fix": self.fix,
        }

    def __str__(self) -> str:
        return f"{self.file}: looked for {self.looked_for}, found {self.found}"


class GuardsUnmet(SpecKittyError):
    """A refusal because of guards, each with a fix of its own; also in `details.guard_failures`.

    Attributes:
        failures: What the guards miss.
    """

    def __init__(
        self, message: str, *, failures: tuple[GuardFailure, ...], details: JsonObject
    ) -> None:
        listed: list[JsonValue] = [failure.to_json() for failure in failures]
        super().__init__(
            message, fix=failures[0].fix, details={**details, "guard_failures": listed}
        )
        self.failures = failures
