"""Where what is taken out of a log is kept: in the git folder, which no commit ever holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.kernel.clock import utc_now
from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.status.mission_log import MissionLog


def new_backup(mission_log: MissionLog) -> Path:
    """Return a folder for one backup; it is not made yet."""
    moment = utc_now()
    name = f"{mission_log.mission_slug}-{moment:%Y%m%dT%H%M%SZ}-{new_ulid(moment)[-6:]}"
    return mission_log.lock_path.parent.parent / "backups" / name
