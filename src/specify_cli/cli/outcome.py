"""What a command gives back, and the one place that prints it (DESIGN.md D7)."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.error import ErrorDocument
    from specify_cli.kernel.errors import SpecKittyError


class Outcome(NamedTuple):
    """A command's result in both forms.

    Attributes:
        document: The JSON document, printed with `--json`.
        text: The same for people.
        exit_code: 0 done, 1 a domain failure that is reported in the document.
    """

    document: Mapping[str, object]
    text: str
    exit_code: int = 0


def finding(error: SpecKittyError, text: str) -> Outcome:
    """Return the outcome of a check that found something: the error shape, and the report for people.

    Args:
        error: What was found; `details` holds the whole report.
        text: The report for people.
    """
    return Outcome(error_document(error), f"{text}\nFix: {error.fix}", error.exit_code)


def print_outcome(outcome: Outcome, *, as_json: bool) -> int:
    """Print exactly one document or text on standard output and return the exit status."""
    if as_json:
        _print_json(outcome.document)
    elif outcome.text:
        print(outcome.text)
    return outcome.exit_code


def print_error(error: SpecKittyError, *, as_json: bool) -> int:
    """Print an error in the one error shape and return its exit status.

    With `--json` the document goes to standard output; for people, message and fix go to standard
    error.
    """
    if as_json:
        _print_json(error_document(error))
    else:
        print(f"Error: {error.message}\nFix:   {error.fix}", file=sys.stderr)
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
    """Tell a person about progress or a side effect, on standard error."""
    print(text, file=sys.stderr)


def _print_json(document: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
