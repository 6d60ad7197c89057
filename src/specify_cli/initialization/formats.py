"""What a command file looks like for each agent, and the text that tells an agent about spec-kitty."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.initialization.commands import AGENT, ARGUMENTS, COMMANDS, Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from specify_cli.initialization.agents import Agent, Format

_SAID = "what the user said after the command's name"
# Several agents read one and the same skill file, so it cannot hold one agent's name.
_OWN_NAME = "<your-name>"

ORIENTATION = """\
## spec-kitty

Work in this repository is cut into missions: specification, plan, work packages, review, merge. The
`spec-kitty` command keeps track of them. A mission's documents are in `kitty-specs/<slug>/`.

- Where things stand: `spec-kitty status`
- Start something new: `spec-kitty specify "<title>"`
- Go on: `spec-kitty next --agent <your-name> --result success --json`, then do what the file that
  `prompt_file` names says. Use one short name for yourself in every call, such as `claude`.
- Work on a work package only in the worktree that its prompt names, and hand it over as the prompt says.
- Never edit `status.events.jsonl`, `status.json`, `lanes.json` or `.kittify/` by hand.
"""
"""The same for every agent: several of them may read one file."""


class Wanted(NamedTuple):
    """A file, or a block in a file, that should be there.

    Attributes:
        text: What it holds.
        block: True: the text is a block between markers, and the file around it is the user's.
    """

    text: str
    block: bool = False


def _markdown(command: Command, body: str) -> str:
    return f"---\ndescription: {command.description}\n---\n\n{body}"


def _plain(command: Command, body: str) -> str:
    return f"# {command.description}\n\n{body}"


def _toml(command: Command, body: str) -> str:
    # A JSON string is a TOML basic string; the body has neither backslashes nor triple quotes.
    return f'description = {json.dumps(command.description)}\n\nprompt = """\n{body}"""\n'


def _skill(command: Command, body: str) -> str:
    return (
        f"---\nname: spec-kitty-{command.name}\n"
        f"description: {command.description}. Use it when the user asks for "
        f"spec-kitty {command.name}.\n---\n\n{body}\n"
        "Use the same short name for yourself in every call.\n"
    )


_RENDER: Mapping[Format, Callable[[Command, str], str]] = {
    "markdown": _markdown,
    "plain": _plain,
    "toml": _toml,
    "skill": _skill,
}


def command_text(agent: Agent, command: Command) -> str:
    """Return the text of one command's file for one agent."""
    name = _OWN_NAME if agent.format == "skill" else agent.key
    body = command.text.replace(ARGUMENTS, agent.arguments or _SAID).replace(AGENT, name)
    return _RENDER[agent.format](command, body)


def command_files(agents: Iterable[Agent], *, home: bool = False) -> dict[str, Wanted]:
    """Return every command file of some agents by path; files that several agents read appear once.

    Args:
        agents: Rows of the table.
        home: Paths below the home folder; agents without such a place have none.
    """
    files = {}
    for agent in agents:
        pattern = agent.home_commands if home else agent.commands
        for command in COMMANDS if pattern else ():
            path = str(pattern).replace("{name}", command.name)
            files[path] = Wanted(command_text(agent, command))
    return files


def instruction_files(agents: Iterable[Agent]) -> dict[str, Wanted]:
    """Return the instruction files of some agents by path."""
    return {
        place.path: Wanted(place.head + ORIENTATION, block=place.shared)
        for agent in agents
        if (place := agent.instructions) is not None
    }
