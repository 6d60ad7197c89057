"""The command tree, and what a command line means in it.

Commands are registered by import path and loaded when they run, so a command pays only for its own
imports (DESIGN.md D10).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from cyclopts import (
    App,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    Token,
    UnknownOptionError,
)

from specify_cli.cli.declaring import are_ignored
from specify_cli.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from specify_cli.cli.outcome import Outcome


_SILENT = object()
_COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("init", "init:init", "Set up spec-kitty in this git repository."),
    ("specify", "mission:create", "Start a mission (same as `agent mission create`)."),
    ("plan", "mission:plan", "Start or check a mission's plan."),
    ("tasks", "mission:finalize_tasks", "Check and seed the work packages (`agent mission finalize-tasks`)."),
    ("next", "next:next_step", "Ask for the next step, or report the last one and go on."),
    ("implement", "action:implement", "Claim a work package and get its worktree."),
    ("status", "board:status", "Show the board: every lane, who has what, what waits on whom."),
    ("accept", "mission:accept", "Accept a mission whose work packages are all approved."),
    ("merge", "mission:merge", "Bring a mission's work onto its target branch."),
    ("mission", "mission:app", "List and show missions."),
    ("mission-type", "mission_type:app", "List, show, check and make mission types."),
    ("runs", "runs:app", "List the runs of this checkout and remove old ones."),
    ("config", "config:app", "Read and set the project's settings."),
    ("agent", "agent:app", "Commands that agents call: missions, tasks, actions, status."),
    ("charter", "charter:app", "How this project works: the charter, and what governs each step."),
    ("contract", "contract:app", "Show, validate against and compare the contracts."),
    ("orchestrator-api", "orchestrator_api:app", "Commands for an external orchestrator; each answers with one JSON envelope."),
)  # fmt: skip
_MERGE_DRIVERS = (
    *("event-log", "meta", "traces"),
    *("acceptance-matrix", "issue-matrix", "review-cycle"),
)
"""Kinds of files with a hidden command that git calls: `merge-driver-<kind>`."""


def build_app(*, listing: bool = True) -> App:
    """Assemble the command tree without importing any command.

    Args:
        listing: Give the commands their one-line descriptions, for the list of commands. Without
            them a command's own help is its full docstring, examples included.
    """
    from specify_cli import __version__

    if are_ignored():
        raise RuntimeError("a plain call was run in this process: its commands are not declared")
    app = App(
        name="spec-kitty",
        help=(
            "Drive AI coding agents through spec-driven missions in a git repository.\n\n"
            'Start with `spec-kitty init`, then `spec-kitty specify "Todo app"`, then call '
            "`spec-kitty next --agent claude --result success` and do what its prompt says. "
            "Every command takes `--json`, except those of `orchestrator-api`, which always answer in "
            "JSON."
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
    for kind in _MERGE_DRIVERS:
        function = f"specify_cli.cli.merge_drivers:{kind.replace('-', '_')}"
        app.command(function, name=f"merge-driver-{kind}", show=False)
    if listing:  # its import costs 8 ms, and it is an option of the root
        app.register_install_completion_command()
    return app


def parsed(tokens: list[str]) -> Callable[[], Outcome | None]:
    """Return the command that a command line is, with its arguments; running it is up to the caller.

    Raises:
        UsageError: USAGE_ERROR.
    """
    app = build_app(listing=not tokens or tokens[0].startswith("-"))
    try:
        # Without a console of its own cyclopts would load rich, only to print nothing.
        command, bound, _ = app.parse_args(tokens, error_console=cast("Any", _SILENT))
    except CycloptsError as error:
        raise _usage_error(error, tokens) from error
    return lambda: command(*bound.args, **bound.kwargs)


def _usage_error(error: CycloptsError, tokens: list[str]) -> UsageError:
    words = []
    for token in tokens:
        if token.startswith("-"):
            break
        words.append(token)
    chain = " ".join(error.command_chain or ())
    return UsageError(
        _missing(error, tokens) or " ".join(str(error).split()),
        fix=f"See the options with: spec-kitty {f'{chain} ' if chain else ''}--help",
        details={"command": " ".join(words)},
    )


def _missing(error: CycloptsError, tokens: list[str]) -> str | None:
    """Say plainly that an option is required, or lacks its value; None when that is not the error.

    What is required may be there under a name that is no option; then it is that name that is wrong.
    """
    if not isinstance(error, MissingArgumentError) or error.argument is None or error.app is None:
        return None
    name = error.keyword or error.argument.name
    if name in tokens:
        return f"{name} needs a value."
    unknown = next((token for token in error.unused_tokens or () if token.startswith("-")), None)
    if unknown is None:
        return f"{name} is required."
    mistyped = UnknownOptionError(
        token=Token(keyword=unknown.partition("=")[0], source="cli"),
        argument_collection=error.app.assemble_argument_collection(),
        verbose=False,
    )
    return " ".join(str(mistyped).split())
