"""What a command gives back, and the one place that prints it (DESIGN.md D7)."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.terminal import harmless, harmless_json

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

    from spec_kitty_contracts.wire.error import ErrorDocument
    from specify_cli.kernel.errors import SpecKittyError


class Outcome(NamedTuple):
    """A command's result in both forms.

    Attributes:
        document: The JSON document, printed with `--json`.
        text: The same for people.
        exit_code: 0 done, 1 a domain failure that is reported in the document.
        drawn: The text holds control sequences on purpose, and nobody else's.
    """

    document: Mapping[str, object]
    text: str
    exit_code: int = 0
    drawn: bool = False


def finding(error: SpecKittyError, text: str) -> Outcome:
    """Return the outcome of a check that found something: the error shape, and the report for people.

    Args:
        error: What was found; `details` holds the whole report.
        text: The report for people.
    """
    return Outcome(error_document(error), f"{text}\nFix: {error.fix}", error.exit_code)


class OutputLost(Exception):
    """Standard output is closed, or cannot take what is written to it."""


def print_outcome(outcome: Outcome, *, as_json: bool) -> int:
    """Print exactly one document or text on standard output and return the exit status.

    Raises:
        OutputLost: It cannot be told.
        BrokenPipeError: Nobody reads it any more.
    """
    if as_json:
        _print_json(outcome.document)
    elif outcome.text:
        say(f"{outcome.text if outcome.drawn else harmless(outcome.text)}\n")
    return outcome.exit_code


def print_error(error: SpecKittyError, *, as_json: bool) -> int:
    """Print an error in the one error shape and return its exit status.

    With `--json` the document goes to standard output; for people, message and fix go to standard
    error.
    """
    if as_json:
        _print_json(error_document(error))
    else:
        note(error.to_text())
    return error.exit_code


def error_document(error: SpecKittyError) -> ErrorDocument:
    """Compose the published error document (contracts/published/error.schema.json)."""
    from specify_cli import __version__

    return {
        "result": "error",
        "error_code": error.code,
        "message": error.message,
        "fix": error.fix,
        "details": error.details,
        "spec_kitty_version": __version__,
    }


def note(text: str) -> None:
    """Tell a person about progress or a side effect, on standard error, if there is one."""
    # Without one `print` would take standard output, which is for one document.
    if _stream("stderr") is None:
        return
    with suppress(OSError):
        print(harmless(text), file=sys.stderr, flush=True)


def say(text: str = "") -> None:
    """Write to standard output all that is to be written there.

    Raises:
        OutputLost: It cannot be told.
        BrokenPipeError: Nobody reads it any more.
    """
    stream = _stream("stdout")
    if stream is None:
        raise OutputLost("standard output is closed")
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputLost(f"standard output: {error.strerror or type(error).__name__}") from error


def _stream(name: str) -> TextIO | None:
    """Return a standard stream; None where the process was started without it."""
    found: TextIO | None = getattr(sys, name)
    return found


def _print_json(document: Mapping[str, object]) -> None:
    say(harmless_json(json.dumps(document, indent=2, ensure_ascii=False)) + "\n")
