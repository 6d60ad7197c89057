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

    def to_text(self) -> str:
        """Return what is wrong and what to do about it, for people."""
        return f"Error: {self.message}\nFix:   {self.fix}"


class UsageError(SpecKittyError):
    """The command line or an argument is wrong."""

    code = "USAGE_ERROR"
    exit_code = 2


class InternalError(SpecKittyError):
    """A defect of ours; the state on disk is as the last finished step left it."""

    code = "INTERNAL_ERROR"


class Interrupted(SpecKittyError):
    """The user stopped the command."""

    code = "INTERRUPTED"
    exit_code = 130


class OutcomeUnknown(Interrupted):
    """The user stopped the command when it had begun to change something."""

    code = "OUTCOME_UNKNOWN"


def internal_error(error: Exception) -> InternalError:
    """Describe an exception that nobody expected, without its traceback."""
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    module = frame.filename.replace("\\", "/").rsplit("/", 2)[-2:]
    return InternalError(
        f"unexpected {type(error).__name__}: {error}",
        fix="Run again with SPEC_KITTY_DEBUG=1 to see where, and report it with that output.",
        details={"type": type(error).__name__, "where": f"{'/'.join(module)}:{frame.lineno}"},
    )
