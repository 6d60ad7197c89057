"""Calls that are understood without cyclopts: every option written out, each once, with its value.

That is how programs call. Whatever else a command line can be (help, `--name=value`, a mistake) is left
to cyclopts, so there is one grammar and one set of messages; what is understood here means the same
there (tests/unit/cli/test_plain_calls.py). The table is generated from the declarations.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from specify_cli.cli.outcome import Outcome

_GRAMMAR = "specify_cli.cli.app"
TEXT = "text"
"""An option that is followed by any text; True and False are flags, a tuple lists allowed words."""


class Command(NamedTuple):
    """One command of the table.

    Attributes:
        target: Module of this package and function.
        positional: Names of the positional parameters.
        required: Names of the parameters that must be given.
        options: Option to its parameter and what follows it.
    """

    target: str
    positional: tuple[str, ...]
    required: frozenset[str]
    options: Mapping[str, tuple[str, str | bool | tuple[str, ...]]]


class PlainCall(NamedTuple):
    """A command with its arguments.

    Attributes:
        target: Module of this package and function.
        words: Positional arguments, in order.
        options: The others by parameter name; those that were given.
    """

    target: str
    words: tuple[str, ...]
    options: Mapping[str, str | bool]

    def run(self) -> Outcome | None:
        """Run it, without loading cyclopts if nothing in this process has needed it so far."""
        from specify_cli.cli.declaring import ignore_declarations

        if _GRAMMAR not in sys.modules:
            ignore_declarations()
        module, _, function = self.target.partition(":")
        command = getattr(import_module(f"specify_cli.cli.{module}"), function)
        outcome: Outcome | None = command(*self.words, **self.options)
        return outcome


def understood(tokens: Sequence[str]) -> PlainCall | None:
    """Return the call that a command line plainly is; None to let cyclopts have a look."""
    from specify_cli.cli.plain_table import COMMANDS

    for length in (1, 2, 3):
        command = COMMANDS.get(" ".join(tokens[:length]))
        if command is not None and len(tokens) >= length:
            return _call(command, tokens[length:])
    return None


def _call(command: Command, tokens: Sequence[str]) -> PlainCall | None:
    words: list[str] = []
    options: dict[str, str | bool] = {}
    rest = iter(tokens)
    for token in rest:
        if not token.startswith("-"):
            words.append(token)
            continue
        name, kind = command.options.get(token, ("", TEXT))
        value = kind if isinstance(kind, bool) else next(rest, "")
        if not name or name in options or value == "" or str(value).startswith("-"):
            return None
        if isinstance(kind, tuple) and value not in kind:
            return None
        options[name] = value
    given = {*command.positional[: len(words)], *options}
    if len(words) > len(command.positional) or "" in words or not command.required <= given:
        return None
    return PlainCall(command.target, tuple(words), options)
