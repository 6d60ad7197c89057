"""A log only ever grows: noticing that somebody cut or deleted it, before the loss is committed.

Each change records how long it leaves the log, beside the mission's lock and outside the tree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.process import try_git
from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.kernel.files import Disk
    from specify_cli.status.mission_status import MissionLog


class LogRowsLost(SpecKittyError):
    """The log lacks rows that are committed; going on would commit their loss."""

    code = "STATUS_LOG_ROWS_LOST"


def refuse_lost_rows(mission_log: MissionLog) -> None:
    """Refuse to work on a log that somebody cut: it only ever grows.

    Git is asked only when the log is shorter than the last change left it; another commit may have
    been checked out, which is fine.

    Raises:
        LogRowsLost: STATUS_LOG_ROWS_LOST.
    """
    size = _size(mission_log.log_path)
    try:
        known = int(_size_record(mission_log).read_bytes())
    except (FileNotFoundError, ValueError):
        known = 1  # no change was made from this checkout yet: an empty log is worth a look
    if size >= known:
        return
    file = mission_log.log_path.relative_to(mission_log.worktree_root).as_posix()
    committed = try_git(mission_log.worktree_root, "cat-file", "-s", f"HEAD:{file}")
    if committed.code == 0 and int(committed.stdout) > size:
        raise LogRowsLost(
            f"{file} is shorter than the committed log: rows are missing. Nothing was changed.",
            fix=f"git checkout HEAD -- {file}",
            details={"file": file, "bytes": size, "committed_bytes": int(committed.stdout)},
        )


def remember_size(mission_log: MissionLog, added: int, disk: Disk) -> None:
    """Record how long the log will be; `added` is what the change is about to append, in bytes.

    Called before the change: when that fails, git is asked once too often, and that is all.

    Raises:
        WriteFailed: WRITE_FAILED.
    """
    size = _size(mission_log.log_path) + added
    disk.write_atomic(_size_record(mission_log), str(size).encode(), durable=False)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _size_record(mission_log: MissionLog) -> Path:
    return mission_log.lock_path.with_suffix(".size")
