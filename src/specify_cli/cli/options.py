"""Options that several commands share, so that they read and behave the same everywhere."""

from __future__ import annotations

from typing import Annotated

from specify_cli.cli.declaring import Parameter

JsonOption = Annotated[
    bool, Parameter(name="--json", negative="", help="Print exactly one JSON document.")
]
MissionOption = Annotated[
    str | None,
    Parameter(
        name="--mission",
        help="Slug, ULID, its first 8 characters, or the bare words. Not needed with one open mission.",
    ),
]
AgentOption = Annotated[
    str,
    Parameter(name=["--agent", "--actor"], help="Who is acting: the agent's name, such as claude."),
]
