"""The one error shape: a stable code, a message and a fix the user can run (DESIGN.md D7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.kernel.json_types import JsonValue


class SpecKittyError(Exception):
    """A refusal or failure that the user is told about.

    Attributes:
        code: Stable identifier; other programs branch on it.
        exit_code: Process exit status: 1 for a domain failure, 2 for wrong usage.
        message: What is wrong, in one or two sentences.
        fix: A command to run or an action to take.
        details: Facts behind the message, JSON-ready.
    """

    code: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, fix: str, details: Mapping[str, JsonValue] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.details: dict[str, JsonValue] = dict(details or {})

    def __str__(self) -> str:
        return self.message


class UsageError(SpecKittyError):
    """The command line or an argument is wrong."""

    code = "USAGE_ERROR"
    exit_code = 2
