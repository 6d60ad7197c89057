"""The command tree and the single way in and out of it.

Commands are registered by import path and loaded when they run, so a command pays only for its own
imports (DESIGN.md D10).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, cast

from cyclopts import App, Parameter

from specify_cli.kernel.errors import SpecKittyError, UsageError

if TYPE_CHECKING:
    from cyclopts.exceptions import CycloptsError

    from specify_cli.cli.outcome import Outcome


class InternalError(SpecKittyError):
    """A defect of ours; the state on disk is as the last finished step left it."""

    code = "INTERNAL_ERROR"


class Interrupted(SpecKittyError):
    """The user stopped the command."""

    code = "INTERRUPTED"
    exit_code = 130


_SILENT = object()

_COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("init", "init:init", "Set up spec-kitty in this git repository."),
    ("specify", "mission:create", "Start a mission (same as `agent mission create`)."),
    ("plan", "mission:plan", "Start or check a mission's plan."),
    ("tasks", "mission:finalize_tasks", "Check and seed the work packages (`agent mission finalize-tasks`)."),
    ("next", "next:next_step", "Ask for the next step, or report the last one and go on."),
    ("implement", "action:implement", "Claim a work package and get its worktree."),
    ("accept", "mission:accept", "Accept a mission whose work packages are all approved."),
    ("merge", "mission:merge", "Bring a mission's work onto its target branch."),
    ("mission", "mission:app", "List and show missions."),
    ("agent", "agent:app", "Commands that agents call: missions, tasks, actions, status."),
    ("contract", "contract:app", "Show, validate against and compare the contracts."),
)  # fmt: skip


def build_app(*, listing: bool = True) -> App:
    """Assemble the command tree without importing any command.

    Args:
        listing: Give the commands their one-line descriptions, for the list of commands. Without
            them a command's own help is its full docstring, examples included.
    """
    from specify_cli import __version__

    app = App(
        name="spec-kitty",
        help=(
            "Drive AI coding agents through spec-driven missions in a git repository.\n\n"
            'Start with `spec-kitty init`, then `spec-kitty specify "Todo app"`, then call '
            "`spec-kitty next --agent claude --result success` and do what its prompt says. "
            "Every command takes `--json`."
        ),
        version=__version__,
        version_flags=["--version", "-V"],
        help_format="markdown",
        exit_on_error=False,
        print_error=False,
        result_action="return_value",
        default_parameter=Parameter(show_default=False),
    )
    for name, target, help_text in _COMMANDS:
        app.command(f"specify_cli.cli.{target}", name=name, help=help_text if listing else None)
    if listing:  # its import costs 8 ms, and it is an option of the root
        app.register_install_completion_command()
    return app


def run(tokens: list[str]) -> int:
    """Run one command line and return the exit status.

    Whatever happens, standard output holds one JSON document when `--json` was given, and no
    traceback is printed (set SPEC_KITTY_DEBUG=1 to see one).
    """
    as_json = _wants_json(tokens)
    try:
        return _dispatch(tokens, as_json=as_json)
    except SpecKittyError as error:
        failure: SpecKittyError = error
    except KeyboardInterrupt:
        failure = Interrupted("stopped by the user.", fix="Run the command again; it continues.")
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing to tell, nobody to tell it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("SPEC_KITTY_DEBUG"):
            raise
        failure = _internal_error(error)
    from specify_cli.cli.outcome import print_error

    return print_error(failure, as_json=as_json)


def _dispatch(tokens: list[str], *, as_json: bool) -> int:
    from cyclopts.exceptions import CycloptsError

    app = build_app(listing=not tokens or tokens[0].startswith("-"))
    try:
        # Without a console of its own cyclopts would load rich, only to print nothing.
        command, bound, _ = app.parse_args(tokens, error_console=cast("Any", _SILENT))
    except CycloptsError as error:
        raise _usage_error(error, tokens) from error
    outcome: Outcome | None = command(*bound.args, **bound.kwargs)
    if outcome is None:  # help, version and completion print for themselves
        return 0
    from specify_cli.cli.outcome import print_outcome

    status = print_outcome(outcome, as_json=as_json)
    if not as_json:
        from specify_cli.cli.runtime_notice import maybe_notice

        maybe_notice(json_mode=False)
    return status


def _wants_json(tokens: list[str]) -> bool:
    options = tokens[: tokens.index("--")] if "--" in tokens else tokens
    return "--json" in options


def _usage_error(error: CycloptsError, tokens: list[str]) -> UsageError:
    words = []
    for token in tokens:
        if token.startswith("-"):
            break
        words.append(token)
    chain = " ".join(error.command_chain or ())
    return UsageError(
        " ".join(str(error).split()),
        fix=f"See the options with: spec-kitty {f'{chain} ' if chain else ''}--help",
        details={"command": " ".join(words)},
    )


def _internal_error(error: Exception) -> InternalError:
    import traceback

    frame = traceback.extract_tb(error.__traceback__)[-1]
    module = frame.filename.replace("\\", "/").rsplit("/", 2)[-2:]
    return InternalError(
        f"unexpected {type(error).__name__}: {error}",
        fix="Run again with SPEC_KITTY_DEBUG=1 to see where, and report it with that output.",
        details={"type": type(error).__name__, "where": f"{'/'.join(module)}:{frame.lineno}"},
    )
