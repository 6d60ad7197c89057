"""`spec-kitty agent config …`: which agents work here, and their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome
from specify_cli.initialization.agents import AgentKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.initialization.places import Place
    from specify_cli.initialization.report import SetupReport

app = App(name="config", help="Add, remove, list and update the agents that work here.")


AgentWord = AgentKey | str
"""The agents that a shell offers; the program's own check knows what was meant by another word."""
AgentName = Annotated[AgentWord, Parameter(help="Agents to work on.")]
GlobalOption = Annotated[
    bool,
    Parameter(
        name="--global", negative="", help="Work on the home folder instead of this project."
    ),
]
DryRunOption = Annotated[
    bool, Parameter(name="--dry-run", negative="", help="Only say what would be done.")
]


@app.command
def add(
    *agents: AgentName,
    in_home: GlobalOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> Outcome:
    """Add agents to the project, and write their commands and instructions.

    A file that you changed, or that was there before, stays as it is; the answer names it.

    For example:

    ```sh
    spec-kitty agent config add codex gemini
    spec-kitty agent config add claude --global
    ```
    """
    from specify_cli.initialization.agent_config import add_agents

    report = add_agents(_place(in_home=in_home), _named(agents, "add"), dry_run=dry_run)
    return _outcome(report)


@app.command
def remove(
    *agents: AgentName,
    in_home: GlobalOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> Outcome:
    """Remove agents from the project, and their files unless you changed them.

    Files that other agents read too stay as long as one of those is set up.

    For example:

    ```sh
    spec-kitty agent config remove gemini
    spec-kitty agent config remove claude codex --dry-run
    ```
    """
    from specify_cli.initialization.agent_config import remove_agents

    report = remove_agents(_place(in_home=in_home), _named(agents, "remove"), dry_run=dry_run)
    return _outcome(report)


@app.command(name="list")
def list_all(*, in_home: GlobalOption = False, json: JsonOption = False) -> Outcome:
    """List all agents that spec-kitty knows, and how those that are set up here stand.

    For example:

    ```sh
    spec-kitty agent config list
    spec-kitty agent config list --json
    ```
    """
    from specify_cli.initialization.agent_list import list_agents

    listing = list_agents(_place(in_home=in_home))
    return Outcome(document=listing.document, text=listing.to_text())


@app.command
def sync(
    *,
    take: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="Replace this file, though it was changed, and keep a copy of it; `all` for every one.",
        ),
    ] = None,
    keep_orphaned: Annotated[
        bool,
        Parameter(negative="", help="Leave the files of agents that are not set up any more."),
    ] = False,
    in_home: GlobalOption = False,
    dry_run: DryRunOption = False,
    json: JsonOption = False,
) -> Outcome:
    """Bring the agents' files up to date: after an update of spec-kitty, or in a fresh clone.

    Missing files are written, files that you did not touch are renewed, and those of agents that are
    not configured any more are removed. Files that you changed stay, and the answer says how to get
    the new version of them.

    For example:

    ```sh
    spec-kitty agent config sync --dry-run
    spec-kitty agent config sync
    spec-kitty agent config sync --take .claude/commands/spec-kitty.plan.md
    ```
    """
    from specify_cli.initialization.agent_config import sync_agents

    report = sync_agents(
        _place(in_home=in_home), take=take or (), keep_orphaned=keep_orphaned, dry_run=dry_run
    )
    return _outcome(report)


def _place(*, in_home: bool) -> Place:
    from specify_cli.initialization.places import home_place, project_place

    if in_home:
        return home_place()
    from specify_cli.git.repository import open_repository
    from specify_cli.mission_runtime.resolver import start_directory

    return project_place(open_repository(start_directory()))


def _named(agents: Sequence[str], verb: str) -> tuple[str, ...]:
    """Return the agents of a command line, whether separated by spaces or by commas.

    Raises:
        UsageError: USAGE_ERROR: there are none.
    """
    from specify_cli.initialization.agents import AGENT_KEYS, split_agents
    from specify_cli.kernel.errors import UsageError

    names = tuple(name for text in agents for name in split_agents(text))
    if not names:
        raise UsageError(
            f"agent config {verb} needs the name of an agent.",
            fix=f"Name one or more of: {', '.join(AGENT_KEYS)}.",
            details={"command": f"agent config {verb}"},
        )
    return names


def _outcome(report: SetupReport) -> Outcome:
    agents = ", ".join(report.agents) or "none"
    lines = report.to_lines() or ["  everything is up to date"]
    return Outcome(
        document=report.to_json(), text="\n".join([f"Agents set up here: {agents}", *lines])
    )
