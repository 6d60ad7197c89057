"""Writes docs/command-reference.md from the commands themselves: `python -m tools.command_reference`."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from specify_cli.cli.app import build_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cyclopts import App
    from cyclopts.argument import Argument

PAGE = Path(__file__).resolve().parent.parent / "docs" / "command-reference.md"
_FLAGS = ("--help", "-h", "--version", "-V", "--install-completion")
_INTRODUCTION = """\
# Commands

Made from the commands' own help by `python -m tools.command_reference`; a test compares.

Every command takes `--json`: standard output then holds exactly one JSON document, success or
failure, and everything else goes to standard error. (Those of `orchestrator-api` always answer with
one envelope instead: [Orchestrator API](orchestrator-api.md).) Exit status: 0 done, 1 the answer is no or
blocked (it says why and what to do), 2 the command line was wrong. `--mission` takes a full slug,
a mission id, its first eight characters or the bare words, and is not needed with one open mission.
Commands work from any folder of the project, a lane's worktree included.

| Environment variable | Meaning |
|---|---|
| `SPECIFY_REPO_ROOT` | The project to work on, whatever the current folder |
| `SPEC_KITTY_DEBUG=1` | Show the traceback of an internal error |
| `SPEC_KITTY_SUPPRESS_RUNTIME_NOTICE=1` | Do not mention a leftover `spec-kitty-runtime` |
"""


def command_reference() -> str:
    """Return the page."""
    commands = list(_leaves(build_app(), ("spec-kitty",)))
    index = "\n".join(
        f"- [`{' '.join(path)}`](#{'-'.join(path)}): {_summary(app)}" for path, app in commands
    )
    return "\n".join([_INTRODUCTION, index, *(_section(path, app) for path, app in commands)])


def _leaves(app: App, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], App]]:
    names = [name for name in app if name not in _FLAGS]
    if not names:
        yield path, app
    for name in filter(lambda name: app[name].show, names):
        yield from _leaves(app[name], (*path, name))


def _summary(app: App) -> str:
    return _docstring(app).partition("\n")[0]


def _docstring(app: App) -> str:
    return inspect.getdoc(app.default_command) or ""


def _section(path: tuple[str, ...], app: App) -> str:
    rows = [_row(argument) for argument in app.assemble_argument_collection()]
    text = _docstring(app).strip()
    return "\n".join(
        ["", f"## {' '.join(path)}", "", text, "", "| Option | Meaning |", "|---|---|", *rows]
    )


def _row(argument: Argument) -> str:
    names = ", ".join(f"`{name}`" for name in argument.names)
    choices = argument.get_choices()
    told = [argument.parameter.help or ""]
    if choices:
        told.append(f"One of {', '.join(f'`{choice}`' for choice in choices)}.")
    if argument.required:
        told.append("Required.")
    return f"| {names} | {' '.join(filter(None, told))} |".replace("<slug>", "&lt;slug&gt;")


if __name__ == "__main__":
    PAGE.write_text(command_reference() + "\n", encoding="utf-8", newline="\n")
    sys.stdout.write(f"wrote {PAGE.name}\n")
