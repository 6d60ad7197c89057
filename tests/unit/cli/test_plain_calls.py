"""Plain calls mean what cyclopts says that they mean, and everything else is left to it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.cli.app import build_app
from specify_cli.cli.plain_calls import TEXT, understood
from specify_cli.cli.plain_table import COMMANDS
from tests.conftest import COMMAND, git
from tools.plain_table import MODULE, plain_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

APP = build_app(listing=False)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)


def by_cyclopts(tokens: list[str]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """What cyclopts makes of a command line: the function and its arguments."""
    command, bound, _ = APP.parse_args(tokens, exit_on_error=False, print_error=False)
    return command, bound.args, dict(bound.kwargs)


def plainly(tokens: list[str]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    call = understood(tokens)
    assert call is not None, tokens
    module, _, function = call.target.partition(":")
    found = getattr(import_module(f"specify_cli.cli.{module}"), function)
    return found, call.words, dict(call.options)


@st.composite
def plain_lines(draw: st.DrawFn) -> list[str]:
    """Command lines with every required argument and some others, in any order."""
    path = draw(st.sampled_from(sorted(COMMANDS)))
    command = COMMANDS[path]
    value = WORDS.filter(lambda text: text != "" and not text.startswith("-"))
    parameters = {name for name, _ in command.options.values()}
    wanted = draw(st.sets(st.sampled_from(sorted(parameters)))) if parameters else set()
    chunks = []
    for parameter in wanted | (command.required & parameters):
        names = sorted(o for o, (name, _) in command.options.items() if name == parameter)
        option = draw(st.sampled_from(names))
        kind = command.options[option][1]
        if kind == TEXT:
            chunks.append([option, draw(value)])
        elif isinstance(kind, tuple):
            chunks.append([option, draw(st.sampled_from(kind))])
        else:
            chunks.append([option])
    least = len([name for name in command.positional if name in command.required])
    count = draw(st.integers(least, len(command.positional)))
    words = [draw(value) for _ in range(count)]
    mixed = draw(st.permutations([*chunks, *([word] for word in words)]))
    return [*path.split(), *(token for chunk in mixed for token in chunk)]


@given(plain_lines())
@settings(max_examples=300, deadline=None)
def test_a_plain_call_means_what_cyclopts_makes_of_it(tokens: list[str]) -> None:
    function, args, kwargs = by_cyclopts(tokens)
    assert plainly(tokens) == (function, args, kwargs)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["next", "agent", "tasks", "status", "emit", "orchestrator-api"]),
            st.sampled_from(["--json", "--mission", "--help", "-h", "--", "--wp=WP01", "--agent"]),
            WORDS,
        ),
        max_size=7,
    )
)
@settings(max_examples=300, deadline=None)
def test_what_is_understood_of_any_tokens_is_what_cyclopts_understands(tokens: list[str]) -> None:
    if understood(tokens) is not None:
        assert plainly(tokens) == by_cyclopts(tokens)


@pytest.mark.parametrize(
    "line",
    [
        "next --help",
        "next -h",
        "next --json=true",
        "next --mission",
        "next --mission --json",
        "next --mission a --mission b",
        "next --result perhaps",
        "next --feedback-file x",
        "next surplus",
        "next --",
        "agent status emit",
        "agent status emit WP01 --to claimed",
        "agent",
        "",
        "nex",
    ],
)
def test_anything_unusual_is_left_to_cyclopts(line: str) -> None:
    assert understood(line.split()) is None


def test_an_empty_value_is_left_to_cyclopts() -> None:
    assert understood(["next", "--mission", ""]) is None


def test_the_table_is_what_the_declarations_say() -> None:
    assert MODULE.read_text(encoding="utf-8") == plain_table(), "run: python -m tools.plain_table"


def test_the_commands_that_programs_call_all_day_are_in_the_table() -> None:
    api = {f"orchestrator-api {name}" for name in ("mission-state", "list-ready", "transition")}
    assert api | {"next", "agent tasks status", "agent status emit"} <= set(COMMANDS)


@pytest.mark.parametrize(
    ("line", "loads"), [("mission list --json", False), ("mission list --json --help", True)]
)
def test_cyclopts_is_loaded_only_when_it_is_needed(
    repository: Path, cli: Callable[..., Any], line: str, *, loads: bool
) -> None:
    assert cli(repository, "init", "--non-interactive").status == 0
    git(repository, "add", "-A")
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(COMMAND), *line.split()],
        cwd=repository,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert ("cyclopts" in done.stderr) is loads


def test_commands_that_are_not_declared_are_never_parsed(repository: Path) -> None:
    script = (
        "from specify_cli.cli.run import run\n"
        "run(['mission', 'list', '--json'])\n"
        "from specify_cli.cli.app import build_app\n"
        "build_app()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=repository,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert "its commands are not declared" in done.stderr
