"""Writing `status.json` from the log: the same log gives the same bytes (DESIGN.md P4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.process import try_git
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.rendering import rendered

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.mission_status import MissionLog


class Materialized(NamedTuple):
    """What materializing did.

    Attributes:
        mission_slug: The mission.
        file: The snapshot, relative to the project root.
        changed: Whether its content had to change.
        event_count: Lane changes behind it.
        commit: The commit that brought file and log in step with git; None when they were.
    """

    mission_slug: str
    file: str
    changed: bool
    event_count: int
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent status materialize`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "file": self.file,
            "changed": self.changed,
            "event_count": self.event_count,
            "commit": self.commit,
        }

    def to_text(self) -> str:
        """Return one line for people."""
        if self.changed:
            changes = (
                "1 lane change" if self.event_count == 1 else f"{self.event_count} lane changes"
            )
            return f"{self.file} is written anew from {changes}."
        if self.commit:
            return f"{self.file} is in step with the log; it was not committed and is now."
        return f"{self.file} is in step with the log already."


def materialize_status(mission_log: MissionLog) -> Materialized:
    """Write `status.json` from the log and commit it, unless both are so already.

    Raises:
        SpecKittyError: What `MissionStatus.change` raises.
    """
    path = mission_log.status_path
    message = f"Write {path.name} from the log ({mission_log.mission_slug})"
    with MissionStatus.change(mission_log, message=message) as change:
        board = change.board
        data = rendered(mission_log, board)
        changed = not is_content(mission_log, data)
        if changed or uncommitted(mission_log):
            change.include(path, data)
    return Materialized(
        mission_log.mission_slug,
        path.relative_to(mission_log.worktree_root).as_posix(),
        changed,
        board.event_count,
        change.result.commit,
    )


def is_content(mission_log: MissionLog, data: bytes) -> bool:
    """Tell whether `status.json` has exactly this content."""
    try:
        return mission_log.status_path.read_bytes() == data
    except OSError:
        return False


def uncommitted(mission_log: MissionLog) -> tuple[str, ...]:
    """Return which of log and snapshot HEAD does not have as they are, relative to the checkout."""
    root = mission_log.worktree_root
    names = [
        path.relative_to(root).as_posix()
        for path in (mission_log.log_path, mission_log.status_path)
    ]
    listed = try_git(
        root,
        *("--no-optional-locks", "--literal-pathspecs", "status", "--porcelain=v1", "-z"),
        *("--untracked-files=all", "--ignored", "--no-renames", "--", *names),
    )
    return tuple(sorted(entry[3:] for entry in listed.stdout.split("\0") if entry))
