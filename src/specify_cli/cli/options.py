"""Options that several commands share, so that they read and behave the same everywhere."""

from __future__ import annotations

from typing import Annotated, Literal

from specify_cli.cli.declaring import Parameter

LaneName = (
    Literal[
        "planned",
        "claimed",
        "in_progress",
        "for_review",
        "in_review",
        "approved",
        "done",
        "blocked",
        "canceled",
    ]
    | str
)
"""The lanes that a shell offers; other spellings and `doing` are understood as well."""
StrategyName = Literal["merge", "squash", "rebase"] | str
"""The strategies that a shell offers; another word is refused by the merge itself."""
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
