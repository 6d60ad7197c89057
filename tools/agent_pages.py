"""Writes docs/agents/ from the table of agents: `python -m tools.agent_pages`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from specify_cli.initialization.agents import AGENTS
from specify_cli.initialization.commands import COMMANDS

if TYPE_CHECKING:
    from specify_cli.initialization.agents import Agent

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "agents"
_MADE = "Made from the table of agents by `python -m tools.agent_pages`; a test compares."
_LOOKS = {
    "markdown": "Markdown with a description in its frontmatter",
    "plain": "Markdown",
    "toml": "TOML with `description` and `prompt`",
    "skill": "a skill: a folder with a `SKILL.md`",
}


def agent_pages() -> dict[str, str]:
    """Return the pages by file name."""
    return {"index.md": _index(), **{f"{agent.key}.md": _page(agent) for agent in AGENTS}}


def _index() -> str:
    rows = "\n".join(
        f"| [{agent.title}]({agent.key}.md) | `{agent.key}` | `{_named(agent.commands)}` "
        f"| {_instructions(agent)} | `{_named(agent.invoke)}` |"
        for agent in AGENTS
    )
    stations = "\n".join(f"| `{command.name}` | {command.description} |" for command in COMMANDS)
    return f"""# Agents

{_MADE}

| Agent | Name for `--ai` | Its commands | What it reads at the start | You type |
|---|---|---|---|---|
{rows}

## Set up

```sh
spec-kitty init --ai claude,codex
spec-kitty agent config add gemini
spec-kitty agent config list
```

Only the project is written to, unless you say `--global`. Commit the files: then a clone has them. Where
git ignores them, the answer says so, and whoever clones runs `spec-kitty agent config sync` once.

An agent's instruction file (`AGENTS.md`, `CLAUDE.md` and so on) gets a block between two marker lines.
The text around it is yours and is never touched. Take the block out, and it stays out.

## The commands

| Command | What it does |
|---|---|
{stations}

## Update

```sh
spec-kitty agent config sync --dry-run
spec-kitty agent config sync
```

Missing files are written, files that you did not touch are renewed, and those of agents that are no longer
configured are removed (`--keep-orphaned` leaves them).

## Your own changes

`.kittify/agents.json` holds a hash of everything that was written. A file whose content is something else
is yours: it is never overwritten, and neither is a file that was there before. The answer of `sync` names
it, and says when there is a newer text. To get that:

```sh
spec-kitty agent config sync --take .claude/commands/spec-kitty.plan.md
spec-kitty agent config sync --take all
```

Your version is saved first, below `.kittify/runtime/replaced/`; the answer says where. Write-protected
files, links that lead out of the project, and files that are not UTF-8 text are left alone and named.

## Remove

```sh
spec-kitty agent config remove gemini
```

Files that you changed stay, and so do those that another agent of the project reads too.

## In the home folder

```sh
spec-kitty agent config add claude --global
spec-kitty agent config list --global
spec-kitty agent config sync --global
spec-kitty agent config remove claude --global
```

The commands are then there in every project. What was written is remembered in
`~/.local/state/spec-kitty/agents.json` (or below `XDG_STATE_HOME`). An agent that has its commands there
gets none in a project by `sync`, but does when you name it: `spec-kitty agent config add claude`.
`spec-kitty init --ai claude --global` sets up the project and puts the commands into the home folder.

## Projects of the existing CLI 3.2.x

They open as they are. Its files, its manifests and its block in `AGENTS.md` are its own: nothing of them is
renewed or removed. It writes `.gitignore` rules for most of the folders above; the answer names the rules
that keep a clone from having the commands. Where it wrote a file that has the name of one of ours, that
file counts as there before.
"""


def _page(agent: Agent) -> str:
    first = agent.commands.replace("{name}", COMMANDS[0].name)
    commands = "\n".join(
        f"| `{agent.invoke.replace('{name}', command.name)}` | {command.description} |"
        for command in COMMANDS
    )
    instructions = agent.instructions
    files = [f"| `{_named(agent.commands)}` | {len(COMMANDS)} commands: {_LOOKS[agent.format]} |"]
    if instructions is not None:
        what = "a block between two marker lines" if instructions.shared else "a file of our own"
        files.append(f"| `{instructions.path}` | how work goes here: {what} |")
    words = (
        f"What you write behind the command's name takes the place of `{agent.arguments}` in it."
        if agent.arguments
        else "What you write behind the command's name, or in the same message, goes to the agent with it."
    )
    sharing = [
        f"[{other.title}]({other.key}.md)"
        for other in AGENTS
        if other is not agent and other.commands == agent.commands
    ]
    shared = (
        "The commands are the same files for "
        f"{', '.join(sharing)}: they stay until the last of these agents is removed.\n\n"
        if sharing
        else ""
    )
    return f"""# {agent.title}

{_MADE} For all agents: [Agents](index.md).

## Set up

```sh
spec-kitty init --ai {agent.key}
```

In a project that has spec-kitty already:

```sh
spec-kitty agent config add {agent.key}
```

| File | What it holds |
|---|---|
{chr(10).join(files)}

{_home(agent)}

## Use

| You type | What happens |
|---|---|
{commands}

{f"{words} {agent.remark}".strip()}

For `--agent`, its name is `{agent.key}`.

## Update

```sh
spec-kitty agent config sync
```

A file that you changed stays as it is. To get the new version of one, and a copy of yours:

```sh
spec-kitty agent config sync --take {first}
```

## Remove

```sh
spec-kitty agent config remove {agent.key}
```

{shared}Files that you changed stay.
"""


def _home(agent: Agent) -> str:
    if agent.home_commands is None:
        return "It has no folder for commands below the home folder: `--global` skips it."
    return (
        f"With `--global` the commands go to `~/{_named(agent.home_commands)}` instead, and are there in "
        "every project."
    )


def _instructions(agent: Agent) -> str:
    return f"`{agent.instructions.path}`" if agent.instructions else ""


def _named(pattern: str) -> str:
    return pattern.replace("{name}", "<name>")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in agent_pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8", newline="\n")
