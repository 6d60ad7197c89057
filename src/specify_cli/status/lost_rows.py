"""A log only ever grows: noticing what became of committed rows, before their loss is committed.

Each change records how it leaves the log, beside the mission's lock and outside the tree. As long as
the log begins like that, nothing is compared; the cost does not depend on the log's length. When it
does not, the log is compared with the committed one line by line: other programs may append rows, git
may merge rows in, and line ends may differ, but a committed line that may hold a row must be there.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

from specify_cli.git.layout import common_folder, git_folder, read_head
from specify_cli.git.process import git_lines, try_git
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK, WriteFailed
from specify_cli.status.checkpoint import SMALLEST_LOG, FileIdentity, is_settled
from specify_cli.status.lines import opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from specify_cli.status.mission_log import MissionLog

_NAMED = 20


class LogRowsLost(SpecKittyError):
    """The log lacks rows that are committed; going on would commit their loss."""

    code = "STATUS_LOG_ROWS_LOST"


class CommittedLine(NamedTuple):
    """A line of a committed log.

    Attributes:
        line: Its number there, from 1.
        text: The line without its line end.
        before: The committed line before it that the log still has; None when there is none.
    """

    line: int
    text: bytes
    before: bytes | None


def refuse_lost_rows(mission_log: MissionLog) -> None:
    """Refuse to work on a log in which a committed row is gone or changed.

    Raises:
        LogRowsLost: STATUS_LOG_ROWS_LOST, with the lines.
        ReadFailed: READ_FAILED.
    """
    if _is_as_left(mission_log):
        return
    lost = lost_lines(mission_log)
    if not lost:
        return
    file = relative_log(mission_log)
    rows = f"line {lost[0].line} of the committed {file} is gone or changed"
    if len(lost) > 1:
        rows = f"{len(lost)} lines of the committed {file} are gone or changed, first line {lost[0].line}"
    raise LogRowsLost(
        f"{rows}; going on would commit that. Nothing was changed.",
        fix=doctor_fix(mission_log),
        details={
            "file": file,
            "line": lost[0].line,
            "lines": [line.line for line in lost[:_NAMED]],
            "count": len(lost),
        },
    )


def lost_lines(
    mission_log: MissionLog, commits: tuple[str, ...] = ("HEAD",)
) -> tuple[CommittedLine, ...]:
    """Return the committed lines that the log lacks; those that certainly hold no row do not count.

    Args:
        mission_log: Which log.
        commits: Where to look for committed lines.

    Raises:
        ReadFailed: READ_FAILED.
    """
    from specify_cli.status.idle_lines import bare_line, idle_kind

    if commits == ("HEAD",) and _is_as_committed(mission_log):
        return ()
    with opened(mission_log.log_path) as stream:
        present = {bare_line(raw, first=n == 0) for n, raw in enumerate(stream or ())}
    lost: dict[bytes, CommittedLine] = {}
    for commit in commits:
        before = None
        for number, raw in enumerate(committed_lines(mission_log, commit), 1):
            line = bare_line(raw, first=number == 1)
            if line in present:
                before = line
            elif line not in lost and idle_kind(raw, first=number == 1) is None:
                lost[line] = CommittedLine(number, line, before)
    return tuple(lost.values())


def committed_lines(mission_log: MissionLog, commit: str = "HEAD") -> Iterator[bytes]:
    """Yield the lines of the log in a commit; none when it is not there."""
    name = f"{commit}:{relative_log(mission_log)}"
    return git_lines(mission_log.worktree_root, "cat-file", "blob", name)


def remember_log(mission_log: MissionLog, head: str | None) -> None:
    """Record how a change leaves the log, so that the next one need not compare it with git.

    When that cannot be written, the next change compares, and that is all.

    Args:
        mission_log: Which log.
        head: The commit that has the log as it is.
    """
    with suppress(WriteFailed, FileNotFoundError), mission_log.log_path.open("rb") as stream:
        stat = mission_log.log_path.stat()
        digest = crc32(stream.read()) if stat.st_size < SMALLEST_LOG else 0
        record = {"log": FileIdentity.of(stat), "crc32": digest, "head": head}
        path = _record(mission_log)
        scratch = path.with_name(f".{path.name}.tmp")
        DISK.write_atomic(path, json.dumps(record).encode(), durable=False, scratch=scratch)


def doctor_fix(mission_log: MissionLog) -> str:
    """Return the command that repairs what can be repaired safely."""
    return f"spec-kitty agent status doctor --fix --mission {mission_log.mission_slug}"


def relative_log(mission_log: MissionLog) -> str:
    """Return the log's path inside its checkout, as git names it."""
    return mission_log.log_path.relative_to(mission_log.worktree_root).as_posix()


def _is_as_left(mission_log: MissionLog) -> bool:
    """Tell whether the log certainly begins as the last change left and committed it."""
    path = _record(mission_log)
    try:
        record = json.loads(path.read_bytes())
        left = FileIdentity(*record["log"])
        return _begins_as(mission_log.log_path, left, record["crc32"], path) and _has_log_of(
            mission_log, record["head"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False  # no change was made from this checkout yet, or the record is damaged


def _begins_as(log: Path, left: FileIdentity, digest: Any, record: Path) -> bool:
    if left.size < SMALLEST_LOG:
        with log.open("rb") as stream:
            data = stream.read(left.size)
        return len(data) == left.size and crc32(data) == digest
    return FileIdentity.of(log.stat()) == left and is_settled(left, record.stat().st_mtime_ns)


def _has_log_of(mission_log: MissionLog, commit: Any) -> bool:
    """Tell whether HEAD has the log that a commit has."""
    if not isinstance(commit, str):
        return False
    root = mission_log.worktree_root
    folder = git_folder(root)
    head = read_head(folder, common_folder(folder))
    if head is not None and head[1] == commit:
        return True
    return _same(root, commit, "HEAD", "--", relative_log(mission_log))


def _is_as_committed(mission_log: MissionLog) -> bool:
    return _same(mission_log.worktree_root, "HEAD", "--", relative_log(mission_log))


def _same(root: Path, *what: str) -> bool:
    # Without a program for differences that the user may have set: only the content counts.
    options = ("--no-optional-locks", "--literal-pathspecs", "diff", "--quiet", "--no-ext-diff")
    return try_git(root, *options, *what).code == 0


def _record(mission_log: MissionLog) -> Path:
    return mission_log.lock_path.with_suffix(".left")
