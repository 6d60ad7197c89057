"""`spec-kitty orchestrator-api serve | openapi`: the same API over HTTP, and its description."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.outcome import Outcome, note
from specify_cli.kernel.errors import SpecKittyError


def openapi() -> Outcome:
    """Print the OpenAPI 3.1 document of the API.

    It is the document that a server of this version answers with at /openapi.json.

    For example:

    ```sh
    spec-kitty orchestrator-api openapi > openapi.json
    ```
    """
    from specify_cli.orchestrator_api.openapi import openapi_document

    return Outcome(document=openapi_document(), text="")


def serve(
    *,
    host: Annotated[
        str,
        Parameter(help="Where to listen. Anything but this machine needs a token of yours."),
    ] = "127.0.0.1",
    port: Annotated[int, Parameter(help="0 for any that is free.")] = 0,
    token_file: Annotated[
        Path | None,
        Parameter(
            help="A file with the token, readable by you only. Without it SPEC_KITTY_API_TOKEN "
            "counts; without both a token is made and kept below .git while the server runs."
        ),
    ] = None,
) -> None:
    """Serve the API of this project over HTTP until Ctrl-C; needs `spec-kitty-cli[serve]`.

    Prints one JSON line when it takes requests: `url`, and `token_file` with the token to send as
    `Authorization: Bearer`. What it does afterwards goes to standard error.

    For example:

    ```sh
    spec-kitty orchestrator-api serve --port 8765
    ```
    """
    from specify_cli.orchestrator_api.serving import Address
    from specify_cli.orchestrator_api.serving import serve as serve_until_stopped

    try:
        serve_until_stopped(Address(host, port), token_file=token_file)
    except SpecKittyError as error:
        # Standard output gets the envelope; whoever typed the command reads this.
        note(f"Error: {error.message}\nFix:   {error.fix}")
        raise
