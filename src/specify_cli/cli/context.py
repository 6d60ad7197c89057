"""What an agent is told about a step, without handing it out."""

from __future__ import annotations

from typing import Annotated

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption, MissionOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_mission

app = App(name="context", help="What an agent is told about a step.")


@app.command
def resolve(
    *,
    action: Annotated[
        str, Parameter(help='The step: "specify", "plan", "implement", "review", ...')
    ],
    agent: Annotated[str, Parameter(help="In whose name.")] = "agent",
    wp_id: Annotated[
        str | None, Parameter(name=["--wp-id", "--wp"], help="The work package it is about.")
    ] = None,
    mission: MissionOption = None,
    json: JsonOption = False,
) -> Outcome:
    """Show the prompt of a step and every fact in it. Claims nothing and writes nothing.

    The JSON and the text say the same: where to work, which files to read and change, what the work
    package builds on, how to report.

    For example:

    ```sh
    spec-kitty agent context resolve --action plan
    spec-kitty agent context resolve --action implement --wp-id WP01 --json
    ```
    """
    from specify_cli.next.resolving import resolve_artefact

    project, chosen = select_mission(mission)
    artefact = resolve_artefact(project, chosen, action, agent=agent, wp_id=wp_id)
    return Outcome(
        document={"result": "success", **artefact.to_json()}, text=artefact.to_text().rstrip()
    )
