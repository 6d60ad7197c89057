"""`spec-kitty mission-type …`: list, show, check and make mission types."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_project

app = App(name="mission-type", help="List, show, check and make mission types.")


@app.command(name="list")
def list_types(
    *,
    origins: Annotated[
        bool, Parameter(negative="", help="Say where each comes from and what it shadows.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """List the mission types of this project; the first description found of each counts.

    For example:

    ```sh
    spec-kitty mission-type list
    spec-kitty mission-type list --origins
    ```
    """
    from specify_cli.next.mission_types import mission_types

    found = mission_types(select_project())
    return Outcome(document=found.to_json(), text=found.to_text(origins=origins))


@app.command
def show(key: str, /, *, json: JsonOption = False) -> Outcome:
    """Show the steps of a mission type, what each asks for, makes and is checked by.

    For example:

    ```sh
    spec-kitty mission-type show research
    ```
    """
    from specify_cli.next.mission_types import mission_type

    found = mission_type(select_project(), key)
    return Outcome(document=found.to_json(), text=found.to_text())


@app.command
def validate(file: Path, /, *, json: JsonOption = False) -> Outcome:
    """Check a description, or the folder it lies in; every problem is named with its line.

    Exit status 1 when it cannot be used.

    For example:

    ```sh
    spec-kitty mission-type validate .kittify/missions/field-guide
    ```
    """
    from specify_cli.next.mission_types import validate_mission_type

    found = validate_mission_type(file)
    return Outcome(document=found.to_json(), text=f"{found.to_text()}\nIt can be used.")


@app.command
def new(key: str, /, *, json: JsonOption = False) -> Outcome:
    """Make a mission type of this project's own that runs as it is, ready to be changed.

    For example:

    ```sh
    spec-kitty mission-type new field-guide
    ```
    """
    from specify_cli.next.mission_types import new_mission_type

    made = new_mission_type(select_project(), key)
    listed = "\n".join(f"  {file}" for file in made.files)
    return Outcome(
        document=made.to_json(),
        text=f"Made the mission type {made.key}:\n{listed}\nUse it: "
        f'spec-kitty specify "Title" --mission-type {made.key}',
    )
