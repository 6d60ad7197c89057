"""`spec-kitty init`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from specify_cli.cli.agent_config import AgentWord
from specify_cli.cli.declaring import Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence


def init(
    *,
    ai: Annotated[
        AgentWord | None,
        Parameter(help="Agents to write command files for, separated by commas: claude,codex."),
    ] = None,
    in_home: Annotated[
        bool,
        Parameter(
            name="--global",
            negative="",
            help="Write the commands of these agents below your home folder, not into the project.",
        ),
    ] = False,
    non_interactive: Annotated[
        bool, Parameter(name=["--non-interactive", "--yes"], negative="", help="Never ask.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Set up spec-kitty in this git repository.

    Writes `.kittify/`, the chosen agents' command files and a few lines in the file that they read at
    the start (such as `AGENTS.md`) into the project, and nothing anywhere else. Running it again adds
    what is missing and leaves your edits alone. Without a terminal, or with `--json`, it asks nothing:
    no `--ai` then means no command files. Agents can be added and removed at any time with
    `spec-kitty agent config`.

    For example:

    ```sh
    spec-kitty init --ai claude,codex
    spec-kitty init --ai claude --json
    spec-kitty init --ai claude --global
    ```
    """
    from specify_cli.git.repository import open_repository
    from specify_cli.initialization.agents import AGENT_KEYS, split_agents
    from specify_cli.initialization.project_init import init_project
    from specify_cli.mission_runtime.resolver import start_directory

    said: str | None = ai
    if said is None and not non_interactive and not json:
        said = _ask_for_agents(AGENT_KEYS)
    report = init_project(
        open_repository(start_directory()), agents=split_agents(said or ""), home=in_home
    )
    count = len(report.created)
    written = "1 file written" if count == 1 else f"{count} files written"
    lines = [
        f"spec-kitty is set up in this repository ({written}).",
        *report.to_lines(),
        "",
        "Next: commit these files, then start a mission:",
        '  git add -A && git commit -m "Set up spec-kitty"',
        '  spec-kitty specify "Todo app"',
    ]
    return Outcome(document=report.to_json(), text="\n".join(lines))


def _ask_for_agents(known: Sequence[str]) -> str:
    import sys

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    print(f"Which agents will work here? ({', '.join(known)})", file=sys.stderr)
    print(
        "Separate several with commas; leave empty for none: ", end="", file=sys.stderr, flush=True
    )
    return sys.stdin.readline().strip()
