"""Take up a work package: implement it or review it."""

from __future__ import annotations

from typing import Annotated

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption, MissionOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_mission

app = App(name="action", help="Implement or review a work package.")

ActingAgent = Annotated[
    str, Parameter(name=["--agent", "--actor"], help="Your name as an agent; it is recorded.")
]


@app.command
def implement(
    wp: str, /, *, agent: ActingAgent, mission: MissionOption = None, json: JsonOption = False
) -> Outcome:
    """Claim a work package for an agent, make its worktree and write its prompt.

    Doing it again as the same agent changes nothing and gives the same answer.

    For example:

    ```sh
    spec-kitty implement WP01 --agent claude
    spec-kitty agent action implement WP01 --agent claude --json
    ```
    """
    from specify_cli.next.actions import take_implementation

    project, chosen = select_mission(mission)
    taken = take_implementation(project, chosen, wp, agent=agent)
    return Outcome(document=taken.to_json(), text=taken.to_text())


@app.command
def review(
    wp: str, /, *, agent: ActingAgent, mission: MissionOption = None, json: JsonOption = False
) -> Outcome:
    """Claim the review of a work package and write its prompt.

    A reviewer who implemented the work package is told so.

    For example:

    ```sh
    spec-kitty agent action review WP01 --agent codex
    ```
    """
    from specify_cli.next.actions import take_review

    project, chosen = select_mission(mission)
    taken = take_review(project, chosen, wp, agent=agent)
    return Outcome(document=taken.to_json(), text=taken.to_text())
