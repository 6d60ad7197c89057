"""`spec-kitty contract …`: show, validate against and compare the contracts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome, finding

app = App(name="contract", help="Show, validate against and compare the contracts.")


@app.command
def show(surface: str | None = None, /, *, json: JsonOption = False) -> Outcome:
    """Show the surfaces the gate knows, or one surface's schema and its source.

    For example:

    ```sh
    spec-kitty contract show
    spec-kitty contract show envelope --json
    ```
    """
    from specify_cli.contract.show import show as show_surface

    shown = show_surface(surface)
    return Outcome(document=shown.to_json(), text=shown.to_text())


@app.command
def validate(
    file: Path,
    /,
    *,
    surface: Annotated[str, Parameter(help="The contract to check against, such as envelope.")],
    json: JsonOption = False,
) -> Outcome:
    r"""Check a JSON or JSONL file against a contract and list every violation.

    Exit status 1 when there are violations.

    For example:

    ```sh
    spec-kitty contract validate event.json --surface envelope
    spec-kitty contract validate --surface status_row \
      kitty-specs/todo-app-01KA/status.events.jsonl
    ```
    """
    from specify_cli.contract.validation import DoesNotConform, validate_file

    report = validate_file(file, surface)
    if not report.valid:
        return finding(DoesNotConform(report), report.to_text())
    return Outcome(document=report.to_json(), text=report.to_text())


@app.command
def diff(old: str, new: str, /, *, json: JsonOption = False) -> Outcome:
    """Compare two contract sets; each change is marked breaking or additive.

    Each side is a folder of schemas, or `installed` for the ones this release was built from.

    For example:

    ```sh
    spec-kitty contract diff contracts/vendored/events ../newer/schemas
    spec-kitty contract diff installed ./schemas --json
    ```
    """
    from specify_cli.contract.diff import diff as diff_contracts

    difference = diff_contracts(old, new)
    return Outcome(document=difference.to_json(), text=difference.to_text())
