"""`spec-kitty config …`: the settings of the project by name."""

from __future__ import annotations

from specify_cli.cli.declaring import App
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_project

app = App(name="config", help="Read and set the project's settings.")


@app.command(name="list")
def list_all(*, json: JsonOption = False) -> Outcome:
    """List the settings that can be set by name, with their values.

    For example:

    ```sh
    spec-kitty config list
    ```
    """
    from specify_cli.missions.settings import project_settings

    settings = project_settings(select_project())
    return Outcome(
        document={"result": "success", "settings": [one.to_json() for one in settings]},
        text="\n".join(f"{one.key} = {_shown(one.value)}  {one.what}" for one in settings),
    )


@app.command
def get(key: str, /, *, json: JsonOption = False) -> Outcome:
    """Show one setting.

    For example:

    ```sh
    spec-kitty config get mission.owner
    ```
    """
    from specify_cli.missions.settings import project_setting

    found = project_setting(select_project(), key)
    return Outcome(document={"result": "success", **found.to_json()}, text=_shown(found.value))


@app.command(name="set")
def change(key: str, value: str, /, *, json: JsonOption = False) -> Outcome:
    """Set one setting in .kittify/config.yaml; comments and everything else there stay as they are.

    The file is tracked: commit it when you are ready.

    For example:

    ```sh
    spec-kitty config set mission.owner ada
    spec-kitty config set protection.protected_branches main,release
    ```
    """
    from specify_cli.missions.settings import change_setting

    changed = change_setting(select_project(), key, value)
    return Outcome(
        document={"result": "success", **changed.to_json()},
        text=f"{changed.key} = {_shown(changed.value)}",
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return (
        "(not set)"
        if value is None
        else str(value).lower()
        if isinstance(value, bool)
        else str(value)
    )
