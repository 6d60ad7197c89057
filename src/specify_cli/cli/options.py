"""Options that several commands share, so that they read and behave the same everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from specify_cli.cli import declaring
from specify_cli.cli.declaring import Parameter

if TYPE_CHECKING or not declaring.are_ignored():
    from spec_kitty_contracts.wire.definitions import MergeStrategy
    from spec_kitty_contracts.wire.orchestrator_request import TargetLane

    LaneName = TargetLane | str
    """The lanes that a shell offers; other spellings and `doing` are understood as well."""
    StrategyName = MergeStrategy | str
    """The strategies that a shell offers; another word is refused by the merge itself."""
else:
    # No command line is parsed from these declarations, so nobody asks what to offer.
    LaneName = StrategyName = str

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
