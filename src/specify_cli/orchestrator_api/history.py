"""The command that adds a note to a work package's activity log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.orchestrator_api.errors import history_failure
from specify_cli.orchestrator_api.scope import about, identity, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import AppendHistoryData


def append_history(arguments: Mapping[str, object], start: Path | None) -> AppendHistoryData:
    """Add a note to a work package, in its file and in the log, in one commit.

    Raises:
        SpecKittyError: As `scope.about` and `add_history`; what keeps the commit from being made is
            HISTORY_COMMIT_FAILED, and the file is then as it was.
    """
    from specify_cli.missions.history import add_history

    with about(text(arguments, "mission"), start) as (project, mission):
        try:
            entry = add_history(
                project,
                mission,
                text(arguments, "wp"),
                actor=text(arguments, "actor"),
                note=text(arguments, "note"),
            )
        except SpecKittyError as error:
            raise history_failure(error) from error
        return {
            **identity(mission),
            "wp_id": entry.wp_id,
            "history_entry_id": entry.id,
            "commit": entry.commit,
        }
