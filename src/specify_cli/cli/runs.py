"""`spec-kitty runs …`: the runs of this checkout."""

from __future__ import annotations

from typing import Annotated

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_project

app = App(name="runs", help="List the runs of this checkout and remove old ones.")


@app.command(name="list")
def list_all(*, json: JsonOption = False) -> Outcome:
    """List the runs of this checkout, oldest first, and say which can be removed.

    For example:

    ```sh
    spec-kitty runs list
    ```
    """
    from specify_cli.next.run_store import list_runs

    runs = list_runs(select_project())
    return Outcome(
        document={"result": "success", "runs": [run.to_json() for run in runs]},
        text="\n".join(run.to_text() for run in runs) or "There are no runs.",
    )


@app.command
def prune(
    *,
    dry_run: Annotated[
        bool, Parameter(negative="", help="Only say what would be removed.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Remove runs that nobody needs any more; the run that a mission goes on with stays.

    Removed are runs of missions that have a newer one, and finished ones whose mission is merged or
    not in this checkout.

    For example:

    ```sh
    spec-kitty runs prune --dry-run
    spec-kitty runs prune
    ```
    """
    from specify_cli.next.run_store import prune_runs

    pruned = prune_runs(select_project(), dry_run=dry_run)
    return Outcome(document=pruned.to_json(), text=pruned.to_text())
