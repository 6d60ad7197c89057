"""A log only ever grows: noticing what became of committed rows, before their loss is committed.

Each change records how it leaves the log, beside the mission's lock and outside the tree. As long as
the log begins like that, nothing is compared; the cost does not depend on the log's length. When it
does not, the log is compared with the committed one line by line: other programs may append rows, git
may merge rows in, and line ends may differ, but a committed line that may hold a row must be there.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.layout import common_folder, git_folder, read_head
from specify_cli.git.process import git_lines, try_git
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.status.left_log import begins_as_left, read_left, remember_log
from specify_cli.status.lines import opened
from specify_cli.status.log import LogProblem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from specify_cli.status.left_log import Place
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


def problem_of_lost_rows(place: Place) -> LogProblem | None:
    """Return which committed rows a log lacks, for readers; None when it lacks none.

    Ask only when it `looks_cut`. When nothing is lost, that is remembered, so that the next reader
    need not ask git again.

    Raises:
        ReadFailed: READ_FAILED.
    """
    folder = git_folder(place.worktree_root)
    head = read_head(folder, common_folder(folder))
    if lost := lost_lines(place):
        first = lost[0].line
        before = islice(committed_lines(place), first - 1)
        rows = "this committed row is" if len(lost) == 1 else f"{len(lost)} committed rows are"
        more = "" if len(lost) == 1 else ", this one first"
        return LogProblem(first, sum(map(len, before)), f"{rows} gone or changed{more}")
    remember_log(place, head[1] if head else None)
    return None


def told_lost(lost: tuple[CommittedLine, ...]) -> str:
    """Say which committed rows a log lacks."""
    rows = (
        "1 row of the committed log is"
        if len(lost) == 1
        else f"{len(lost)} rows of the committed log are"
    )
    return f"{rows} gone or changed, first line {lost[0].line} there; a log only ever grows"


def lost_lines(
    mission_log: Place, commits: tuple[str, ...] = ("HEAD",)
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


def committed_lines(mission_log: Place, commit: str = "HEAD") -> Iterator[bytes]:
    """Yield the lines of the log in a commit; none when it is not there."""
    name = f"{commit}:{relative_log(mission_log)}"
    return git_lines(mission_log.worktree_root, "cat-file", "blob", name)


def doctor_fix(mission_log: MissionLog) -> str:
    """Return the command that repairs what can be repaired safely."""
    return f"spec-kitty agent status doctor --fix --mission {mission_log.mission_slug}"


def relative_log(mission_log: Place) -> str:
    """Return the log's path inside its checkout, as git names it."""
    return mission_log.log_path.relative_to(mission_log.worktree_root).as_posix()


def _is_as_left(mission_log: MissionLog) -> bool:
    """Tell whether the log certainly begins as the last change left and committed it."""
    left = read_left(mission_log)
    if left is None:
        return False
    try:
        return begins_as_left(mission_log, left) and _has_log_of(mission_log, left.head)
    except OSError:
        return False


def _has_log_of(mission_log: MissionLog, commit: str | None) -> bool:
    """Tell whether HEAD has the log that a commit has."""
    if commit is None:
        return False
    root = mission_log.worktree_root
    folder = git_folder(root)
    head = read_head(folder, common_folder(folder))
    if head is not None and head[1] == commit:
        return True
    return _same(root, commit, "HEAD", "--", relative_log(mission_log))


def _is_as_committed(mission_log: Place) -> bool:
    return _same(mission_log.worktree_root, "HEAD", "--", relative_log(mission_log))


def _same(root: Path, *what: str) -> bool:
    # Without a program for differences that the user may have set: only the content counts.
    options = ("--no-optional-locks", "--literal-pathspecs", "diff", "--quiet", "--no-ext-diff")
    return try_git(root, *options, *what).code == 0
