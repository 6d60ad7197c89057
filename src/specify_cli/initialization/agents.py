"""The agents that init knows: one table of where their commands go and how they look."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.initialization.commands import AGENT, ARGUMENTS, COMMANDS, Command
from specify_cli.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_SAID = "what the user said after the command's name"
_DOLLAR = "$ARGUMENTS"
# Several agents read one and the same skill file, so it cannot hold one agent's name.
_OWN_NAME = "<your-name>"


class UnknownAgent(UsageError):
    """Init does not know the agent."""

    code = "UNKNOWN_AGENT"


@dataclass(frozen=True, slots=True)
class Agent:
    """How one agent finds commands.

    Attributes:
        key: What `--ai` and `--agent` call it.
        path: File of a command below the project root; "{name}" stands for the command's name.
        render: Makes the file's text from a command and the two texts below.
        arguments: What the agent replaces by the user's text, or words for it.
        name: What the agent calls itself in `--agent`.
    """

    key: str
    path: str
    render: Callable[[Command, str], str]
    arguments: str
    name: str

    def file(self, command: Command) -> tuple[str, str]:
        """Return path and text of one command's file."""
        body = command.text.replace(ARGUMENTS, self.arguments).replace(AGENT, self.name)
        return self.path.replace("{name}", command.name), self.render(command, body)


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


_SKILL_PATH = ".agents/skills/spec-kitty-{name}/SKILL.md"

AGENTS: tuple[Agent, ...] = tuple(
    Agent(key, path, render, arguments, _OWN_NAME if render is _skill else key)
    for key, path, render, arguments in (
        ("claude", ".claude/commands/spec-kitty.{name}.md", _markdown, _DOLLAR),
        ("codex", _SKILL_PATH, _skill, _SAID),
        ("gemini", ".gemini/commands/spec-kitty.{name}.toml", _toml, "{{args}}"),
        ("cursor", ".cursor/commands/spec-kitty.{name}.md", _plain, _SAID),
        ("opencode", ".opencode/commands/spec-kitty.{name}.md", _markdown, _DOLLAR),
        ("copilot", ".github/prompts/spec-kitty.{name}.prompt.md", _markdown, _SAID),
        ("qwen", ".qwen/commands/spec-kitty.{name}.toml", _toml, "{{args}}"),
        ("windsurf", ".windsurf/workflows/spec-kitty.{name}.md", _markdown, _SAID),
        ("kilocode", ".kilocode/workflows/spec-kitty.{name}.md", _markdown, _SAID),
        ("auggie", ".augment/commands/spec-kitty.{name}.md", _markdown, _DOLLAR),
        ("q", ".amazonq/prompts/spec-kitty.{name}.md", _plain, _SAID),
        ("kiro", ".kiro/prompts/spec-kitty.{name}.md", _plain, _SAID),
        ("antigravity", ".agent/workflows/spec-kitty.{name}.md", _markdown, _SAID),
        ("vibe", _SKILL_PATH, _skill, _SAID),
        ("pi", _SKILL_PATH, _skill, _SAID),
        ("letta", _SKILL_PATH, _skill, _SAID),
    )
)
AGENT_KEYS: tuple[str, ...] = tuple(agent.key for agent in AGENTS)


def check_agents(keys: Sequence[str]) -> tuple[str, ...]:
    """Return the keys without repetitions.

    Raises:
        UnknownAgent: UNKNOWN_AGENT: the fix lists the keys that exist.
    """
    unknown = [key for key in keys if key not in AGENT_KEYS]
    if unknown:
        raise UnknownAgent(
            f"there is no agent {unknown[0][:60]!r}.",
            fix=f"Choose from: {', '.join(AGENT_KEYS)}.",
            details={"unknown": [key[:60] for key in unknown], "known": [*AGENT_KEYS]},
        )
    return tuple(dict.fromkeys(keys))


def command_files(keys: Sequence[str]) -> dict[str, str]:
    """Return path and text of every command file of some agents; shared files appear once."""
    return dict(
        agent.file(command) for agent in AGENTS if agent.key in keys for command in COMMANDS
    )
