"""The agents that spec-kitty can set up: the one table that everything about them derives from.

Command files, the blocks in instruction files, help texts, completion words and the pages in
`docs/agents/` are made from it. A new agent is a new row, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from specify_cli.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

AgentKey = Literal[
    "claude",
    "codex",
    "gemini",
    "cursor",
    "opencode",
    "copilot",
    "qwen",
    "windsurf",
    "kilocode",
    "auggie",
    "q",
    "kiro",
    "antigravity",
    "vibe",
    "pi",
    "letta",
]
"""What `--ai` and `--agent` call an agent."""

Format = Literal["markdown", "plain", "toml", "skill"]
"""How a command file looks: Markdown with or without frontmatter, TOML, or a skill with a folder."""


class UnknownAgent(UsageError):
    """There is no agent of that name."""

    code = "UNKNOWN_AGENT"


@dataclass(frozen=True, slots=True)
class Instructions:
    """A file that an agent reads at the start of every session.

    Attributes:
        path: The file, below the project root.
        shared: True: it is the user's file and gets a block between markers. False: it is a file of
            our own.
        head: What stands before our text in a file of our own, such as frontmatter.
    """

    path: str
    shared: bool = True
    head: str = ""


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent: where it looks, what its files look like, and how its user calls a command.

    Attributes:
        key: Its name on the command line.
        title: Its name for people.
        aliases: What people call it too; only for "did you mean".
        commands: The file of a command below the project root, `{name}` being the command's name.
        home_commands: The same below the home folder; None where it has no such place.
        format: How a command file looks.
        arguments: What the agent replaces by the user's words; None where it appends them or not.
        invoke: What its user types, `{name}` being the command's name.
        instructions: Where it is told about spec-kitty; None where no such file is known.
        remark: What its user should know, a sentence; may be empty.
    """

    key: AgentKey
    title: str
    aliases: tuple[str, ...]
    commands: str
    home_commands: str | None
    format: Format
    arguments: str | None
    invoke: str
    instructions: Instructions | None
    remark: str = ""


_DOLLAR, _BRACES = "$ARGUMENTS", "{{args}}"
_SLASH = "/spec-kitty.{name}"
_SKILL = "spec-kitty-{name}/SKILL.md"
_AGENTS_MD = Instructions("AGENTS.md")

AGENTS: tuple[Agent, ...] = (
    Agent(
        key="claude",
        title="Claude Code",
        aliases=("claude-code", "anthropic"),
        commands=".claude/commands/spec-kitty.{name}.md",
        home_commands=".claude/commands/spec-kitty.{name}.md",
        format="markdown",
        arguments=_DOLLAR,
        invoke=_SLASH,
        instructions=Instructions("CLAUDE.md"),
    ),
    Agent(
        key="codex",
        title="Codex CLI",
        aliases=("openai", "codex-cli", "chatgpt"),
        commands=f".agents/skills/{_SKILL}",
        home_commands=f".agents/skills/{_SKILL}",
        format="skill",
        arguments=None,
        invoke="$spec-kitty-{name}",
        instructions=_AGENTS_MD,
        remark="Codex also takes up a skill by itself when a request matches its description.",
    ),
    Agent(
        key="gemini",
        title="Gemini CLI",
        aliases=("gemini-cli", "google"),
        commands=".gemini/commands/spec-kitty.{name}.toml",
        home_commands=".gemini/commands/spec-kitty.{name}.toml",
        format="toml",
        arguments=_BRACES,
        invoke=_SLASH,
        instructions=Instructions("GEMINI.md"),
    ),
    Agent(
        key="cursor",
        title="Cursor",
        aliases=("cursor-agent",),
        commands=".cursor/commands/spec-kitty.{name}.md",
        home_commands=".cursor/commands/spec-kitty.{name}.md",
        format="plain",
        arguments=None,
        invoke=_SLASH,
        instructions=_AGENTS_MD,
    ),
    Agent(
        key="opencode",
        title="OpenCode",
        aliases=("open-code", "sst"),
        commands=".opencode/commands/spec-kitty.{name}.md",
        home_commands=".config/opencode/commands/spec-kitty.{name}.md",
        format="markdown",
        arguments=_DOLLAR,
        invoke=_SLASH,
        instructions=_AGENTS_MD,
    ),
    Agent(
        key="copilot",
        title="GitHub Copilot in VS Code",
        aliases=("github-copilot", "github", "vscode"),
        commands=".github/prompts/spec-kitty.{name}.prompt.md",
        home_commands=None,
        format="markdown",
        arguments=None,
        invoke=_SLASH,
        instructions=Instructions(".github/copilot-instructions.md"),
        remark="VS Code keeps a user's prompt files in its own profile, so there is no `--global`.",
    ),
    Agent(
        key="qwen",
        title="Qwen Code",
        aliases=("qwen-code", "alibaba"),
        commands=".qwen/commands/spec-kitty.{name}.toml",
        home_commands=".qwen/commands/spec-kitty.{name}.toml",
        format="toml",
        arguments=_BRACES,
        invoke=_SLASH,
        instructions=Instructions("QWEN.md"),
    ),
    Agent(
        key="windsurf",
        title="Windsurf",
        aliases=("codeium", "cascade"),
        commands=".windsurf/workflows/spec-kitty.{name}.md",
        home_commands=".codeium/windsurf/global_workflows/spec-kitty.{name}.md",
        format="markdown",
        arguments=None,
        invoke=_SLASH,
        instructions=_AGENTS_MD,
    ),
    Agent(
        key="kilocode",
        title="Kilo Code",
        aliases=("kilo", "kilo-code"),
        commands=".kilocode/workflows/spec-kitty.{name}.md",
        home_commands=".kilocode/workflows/spec-kitty.{name}.md",
        format="markdown",
        arguments=None,
        invoke="/spec-kitty.{name}.md",
        instructions=_AGENTS_MD,
    ),
    Agent(
        key="auggie",
        title="Auggie CLI",
        aliases=("augment", "augment-code"),
        commands=".augment/commands/spec-kitty.{name}.md",
        home_commands=".augment/commands/spec-kitty.{name}.md",
        format="markdown",
        arguments=_DOLLAR,
        invoke=_SLASH,
        instructions=_AGENTS_MD,
    ),
    Agent(
        key="q",
        title="Amazon Q Developer CLI",
        aliases=("amazon-q", "amazonq", "qdev"),
        commands=".amazonq/prompts/spec-kitty.{name}.md",
        home_commands=".aws/amazonq/prompts/spec-kitty.{name}.md",
        format="plain",
        arguments=None,
        invoke="@spec-kitty.{name}",
        instructions=Instructions(".amazonq/rules/spec-kitty.md", shared=False),
        remark="Its prompts take no arguments: say the rest in the same or the next message.",
    ),
    Agent(
        key="kiro",
        title="Kiro CLI",
        aliases=("kiro-cli", "kiro-ide"),
        commands=".kiro/prompts/spec-kitty.{name}.md",
        home_commands=".kiro/prompts/spec-kitty.{name}.md",
        format="plain",
        arguments=None,
        invoke="@spec-kitty.{name}",
        instructions=_AGENTS_MD,
        remark="Its prompts take no arguments: say the rest in the same or the next message.",
    ),
    Agent(
        key="antigravity",
        title="Google Antigravity",
        aliases=("google-antigravity", "agy"),
        commands=".agent/workflows/spec-kitty.{name}.md",
        home_commands=".gemini/antigravity/global_workflows/spec-kitty.{name}.md",
        format="markdown",
        arguments=None,
        invoke=_SLASH,
        instructions=Instructions(
            ".agent/rules/spec-kitty.md", shared=False, head="---\ntrigger: always_on\n---\n\n"
        ),
    ),
    Agent(
        key="vibe",
        title="Mistral Vibe",
        aliases=("mistral", "mistral-vibe", "devstral"),
        commands=f".agents/skills/{_SKILL}",
        home_commands=f".vibe/skills/{_SKILL}",
        format="skill",
        arguments=None,
        invoke="/spec-kitty-{name}",
        instructions=_AGENTS_MD,
        remark="It reads the project's skills only in folders that you told it to trust.",
    ),
    Agent(
        key="pi",
        title="Pi",
        aliases=("pi-coding-agent", "pi-mono"),
        commands=f".agents/skills/{_SKILL}",
        home_commands=f".agents/skills/{_SKILL}",
        format="skill",
        arguments=None,
        invoke="/skill:spec-kitty-{name}",
        instructions=_AGENTS_MD,
    ),
    Agent(
        key="letta",
        title="Letta Code",
        aliases=("letta-code", "memgpt"),
        commands=f".agents/skills/{_SKILL}",
        home_commands=f".letta/skills/{_SKILL}",
        format="skill",
        arguments=None,
        invoke="/spec-kitty-{name}",
        instructions=None,
        remark="Older versions read skills from `.skills/` only.",
    ),
)
"""In the order in which they are listed everywhere."""

AGENT_KEYS: tuple[AgentKey, ...] = get_args(AgentKey)
_SHOWN = 60


def known_agents(names: Sequence[str]) -> tuple[Agent, ...]:
    """Return the agents among some names, in the table's order; names that it lacks are left out."""
    return tuple(agent for agent in AGENTS if agent.key in names)


def unknown_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names that the table lacks."""
    return tuple(name for name in names if name not in AGENT_KEYS)


def check_agents(keys: Sequence[str]) -> tuple[str, ...]:
    """Return the keys without repetitions.

    Raises:
        UnknownAgent: UNKNOWN_AGENT: the fix names the one that was probably meant, else all of them.
    """
    unknown = unknown_names(keys)
    if unknown:
        meant = _meant(unknown[0])
        choices = f"Choose from: {', '.join(AGENT_KEYS)}."
        raise UnknownAgent(
            f"there is no agent {_shown(unknown[0])}."
            + (f" Did you mean {' or '.join(meant)}?" if meant else ""),
            fix=f"Use {meant[0]!r}. {choices}" if meant else choices,
            details={
                "unknown": [name[:_SHOWN] for name in unknown],
                "did_you_mean": [*meant],
                "known": [*AGENT_KEYS],
            },
        )
    return tuple(dict.fromkeys(keys))


def split_agents(text: str) -> tuple[str, ...]:
    """Return the agents of a list such as `claude, codex`, as they are written."""
    return tuple(name for part in text.split(",") if (name := part.strip(" \t")))


def _meant(name: str) -> list[str]:
    """Return up to two agents whose key, title or alias a name resembles."""
    from difflib import get_close_matches

    said = "-".join(name.casefold().replace("_", " ").split())[:_SHOWN]
    words: dict[str, str] = {}
    for agent in AGENTS:
        title = "-".join(agent.title.casefold().split())
        words |= dict.fromkeys((*agent.aliases, title), agent.key)
    words |= {key: key for key in AGENT_KEYS}
    exact = [words[said]] if said in words else []
    close = [words[word] for word in get_close_matches(said, words, n=4, cutoff=0.7)]
    return list(dict.fromkeys(exact or close))[:2]


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else name[: _SHOWN - 3] + "...")
