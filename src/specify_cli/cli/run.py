"""The single way in and out of the command line (DESIGN.md D7)."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from specify_cli.cli.outcome import OutputLost, note, print_error, print_outcome, say
from specify_cli.cli.plain_calls import understood
from specify_cli.kernel import stopping
from specify_cli.kernel.errors import (
    Interrupted,
    OutcomeUnknown,
    SpecKittyError,
    internal_error,
)

if TYPE_CHECKING:
    from specify_cli.cli.outcome import Outcome

_ENVELOPES = "orchestrator-api"
"""The one command that has a form of answer of its own: always an envelope, never prose."""


def run(tokens: list[str]) -> int:
    """Run one command line and return the exit status.

    Whatever happens, standard output holds one JSON document when `--json` was given, and always
    for the orchestrator API, which answers in its own form; no traceback is printed (set
    SPEC_KITTY_DEBUG=1 to see one). When standard output cannot take it, the status is 1.
    """
    try:
        return _answered(tokens)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing to tell, nobody to tell it to.
        _discard_output()
        return 0
    except OutputLost as lost:
        _discard_output()
        note(f"Error: the answer is lost: {lost}.")
        return 1


def _answered(tokens: list[str]) -> int:
    as_json = _wants_json(tokens)
    try:
        stopping.begin()
        outcome = _outcome(tokens)
        # What was done stands: whoever wants to stop now gets the answer.
        stopping.hold()
        return _finish(outcome, as_json=as_json)
    except SpecKittyError as error:
        failure: SpecKittyError = error
    except KeyboardInterrupt:
        failure = _interrupted(tokens)
    except (BrokenPipeError, OutputLost):
        raise
    except Exception as error:
        if isinstance(error, OSError):
            say()  # help is printed by others; when standard output is what failed, it fails again
        if os.environ.get("SPEC_KITTY_DEBUG"):
            raise
        failure = internal_error(error)
    stopping.hold()
    if _answers_in_envelopes(tokens):
        from specify_cli.cli.orchestrator_api import refused

        return print_outcome(refused(failure, tokens[1:2]), as_json=True)
    return print_error(failure, as_json=as_json)


def _interrupted(tokens: list[str]) -> SpecKittyError:
    if not _answers_in_envelopes(tokens):
        return Interrupted("stopped by the user.", fix="Run the command again; it continues.")
    what = " ".join(tokens[1:2]) or "the call"
    if stopping.has_changed():
        return OutcomeUnknown(
            f"{what} was stopped while it was changing the mission; the outcome is unknown.",
            fix="Ask mission-state what holds now, then decide.",
        )
    return Interrupted(f"{what} was stopped; nothing was recorded.", fix="Call it again.")


def _discard_output() -> None:
    """Send what is still in the buffers nowhere, so that the interpreter's end does not stumble."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _outcome(tokens: list[str]) -> Outcome | None:
    plain = understood(tokens)
    if plain is not None:
        return plain.run()
    from specify_cli.cli.app import parsed

    return parsed(tokens)()


def _finish(outcome: Outcome | None, *, as_json: bool) -> int:
    if outcome is None:  # help, version and completion print for themselves
        say()
        return 0
    status = print_outcome(outcome, as_json=as_json)
    if not as_json:
        from specify_cli.cli.runtime_notice import maybe_notice

        maybe_notice(json_mode=False)
    return status


def _answers_in_envelopes(tokens: list[str]) -> bool:
    return tokens[:1] == [_ENVELOPES]


def _wants_json(tokens: list[str]) -> bool:
    if _answers_in_envelopes(tokens):
        return True
    options = tokens[: tokens.index("--")] if "--" in tokens else tokens
    return "--json" in options
