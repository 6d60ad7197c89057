"""`spec-kitty agent status …`: check and read the event log."""

from __future__ import annotations

from cyclopts import App

from specify_cli.cli.options import JsonOption, MissionOption
from specify_cli.cli.outcome import Outcome, finding
from specify_cli.cli.selection import select_mission

app = App(name="status", help="Check and read the event log.")


@app.command
def validate(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Check every row of a mission's event log: readable, conforming, legal.

    Exit status 1 when something is wrong; every problem is listed with its line.

    For example:

    ```sh
    spec-kitty agent status validate
    spec-kitty agent status validate --mission todo-app --json
    ```
    """
    from specify_cli.missions.mission import mission_log
    from specify_cli.status.validate import LogNotSound, validate_log

    project, chosen = select_mission(mission)
    report = validate_log(mission_log(project, chosen))
    if not report.valid:
        return finding(LogNotSound(report), report.to_text())
    return Outcome(document=report.to_json(), text=report.to_text())


@app.command
def timeline(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Tell what happened in a mission, oldest first.

    For example:

    ```sh
    spec-kitty agent status timeline
    ```
    """
    from specify_cli.missions.mission import mission_log
    from specify_cli.status.timeline import mission_timeline

    project, chosen = select_mission(mission)
    story = mission_timeline(mission_log(project, chosen))
    return Outcome(document=story.to_json(), text=story.to_text())
