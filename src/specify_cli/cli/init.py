"""`spec-kitty init`."""

from __future__ import annotations

from typing import Annotated

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome


def init(
    *,
    ai: Annotated[
        str | None,
        Parameter(help="Agents to write command files for, separated by commas: claude,codex."),
    ] = None,
    non_interactive: Annotated[
        bool, Parameter(name=["--non-interactive", "--yes"], negative="", help="Never ask.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Set up spec-kitty in this git repository.

    Writes `.kittify/` and the chosen agents' command files into the project, and nothing anywhere
    else. Running it again adds what is missing and leaves your edits alone. Without a terminal, or
    with `--json`, it asks nothing: no `--ai` then means no command files.

    For example:

    ```sh
    spec-kitty init --ai claude,codex
    spec-kitty init --ai claude --json
    ```
    """
    from specify_cli.git.repository import open_repository
    from specify_cli.initialization.agents import AGENT_KEYS
    from specify_cli.initialization.project_init import init_project
    from specify_cli.mission_runtime.resolver import start_directory

    if ai is None and not non_interactive and not json:
        ai = _ask_for_agents(AGENT_KEYS)
    agents = tuple(key.strip() for key in (ai or "").split(",") if key.strip())
    report = init_project(open_repository(start_directory()), agents=agents)
    count = len(report.created)
    written = "1 file written" if count == 1 else f"{count} files written"
    lines = [f"spec-kitty is set up in this repository ({written})."]
    lines += [f"  wrote  {path}" for path in report.created]
    lines += [f"  kept   {path} (you changed it)" for path in report.kept]
    lines += [
        "",
        "Next: commit these files, then start a mission:",
        '  git add -A && git commit -m "Set up spec-kitty"',
        '  spec-kitty specify "Todo app"',
    ]
    return Outcome(document=report.to_json(), text="\n".join(lines))


def _ask_for_agents(known: tuple[str, ...]) -> str:
    import sys

    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return ""
    print(f"Which agents will work here? ({', '.join(known)})", file=sys.stderr)
    print(
        "Separate several with commas; leave empty for none: ", end="", file=sys.stderr, flush=True
    )
    return sys.stdin.readline().strip()
