"""What is wrong with a mission's log and its snapshot, and what can be done about it. Writes nothing."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.operations import operation_in_progress
from specify_cli.kernel.locks import LockTimeout, file_lock
from specify_cli.status.board import fold
from specify_cli.status.idle_lines import (
    BLANK_LINE,
    CONFLICT_MARKER,
    NUL_LINE,
    ROW_FRAGMENT,
    TORN_TAIL,
    idle_lines,
)
from specify_cli.status.log import read_log
from specify_cli.status.lost_rows import doctor_fix, lost_lines, told_lost
from specify_cli.status.materialize import is_content, uncommitted
from specify_cli.status.rendering import rendered
from specify_cli.status.validate import ROWS_MISSING, SNAPSHOT_DRIFT, UNUSABLE_LINE, validate_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.log import Annotation, Log, Transition
    from specify_cli.status.mission_status import MissionLog

DUPLICATE_ROW = "duplicate_row"
UNKNOWN_ROWS = "unknown_rows"
UNCOMMITTED = "uncommitted"
INTERRUPTED_CHANGE = "interrupted_change"
OPERATION_IN_PROGRESS = "operation_in_progress"

_TOLD = {
    CONFLICT_MARKER: "a merge-conflict marker was left in the log",
    TORN_TAIL: "the file ends in the middle of a row that was never acknowledged",
    ROW_FRAGMENT: "it is the beginning of a row whose rest was never written",
    BLANK_LINE: "the line is blank",
    NUL_LINE: "it contains NUL bytes, as a crash of the machine leaves them",
}


class Finding(NamedTuple):
    """Something that the doctor found.

    Attributes:
        kind: What it is, stable for programs.
        message: What is wrong, in words.
        fix: What to do about it; None when nothing has to be done.
        note: Whether it is only worth knowing: no harm is done.
        file: The file, relative to the project root.
        line: Line number from 1; None when it is not about a line.
        offset: Byte offset of the line.
        wp_id: The work package, when it is about one.
    """

    kind: str
    message: str
    fix: str | None = None
    note: bool = False
    file: str | None = None
    line: int | None = None
    offset: int | None = None
    wp_id: str | None = None

    def to_json(self) -> JsonObject:
        """Return the finding as plain JSON."""
        return {**self._asdict()}

    def __str__(self) -> str:
        if self.file is None:
            return self.message
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        offset = f" (byte {self.offset})" if self.offset is not None else ""
        return f"{place}{offset}: {self.message}"


def examine_log(mission_log: MissionLog) -> tuple[Finding, ...]:
    """Examine a log and its snapshot: everything that validation finds, and how it lies in git.

    Raises:
        SpecKittyError: READ_FAILED, NOT_INITIALIZED.
    """
    file = _relative(mission_log, mission_log.log_path)
    log = read_log(mission_log.log_path)
    validity = list(_validity(mission_log))
    found = [
        *_lines(mission_log, file),
        *(validity or _other_form(mission_log, log)),
        *_repeated(log, file),
        *_unknown(log, file),
        *_interrupted(mission_log),
        *_in_git(mission_log, file),
    ]
    found.sort(key=lambda finding: (finding.note, finding.line is None, finding.line or 0))
    return tuple(found)


def _lines(mission_log: MissionLog, file: str) -> Iterator[Finding]:
    for idle in idle_lines(mission_log.log_path):
        yield Finding(
            idle.kind,
            _TOLD[idle.kind],
            doctor_fix(mission_log),
            note=idle.kind == BLANK_LINE,
            file=file,
            line=idle.line,
            offset=idle.offset,
        )


def _validity(mission_log: MissionLog) -> Iterator[Finding]:
    idle = {line.line for line in idle_lines(mission_log.log_path)}
    look = f"git log -p -- {_relative(mission_log, mission_log.log_path)}"
    for problem in validate_log(mission_log).problems:
        if problem.kind == UNUSABLE_LINE and problem.line in idle:
            continue
        if problem.kind == ROWS_MISSING:
            continue  # told with what git knows
        drift = problem.kind == SNAPSHOT_DRIFT
        path = mission_log.status_path if drift else mission_log.log_path
        message = f"{problem.path} {problem.message}" if problem.path else problem.message
        if problem.kind == UNUSABLE_LINE:
            message += "; it may hold a row, so it is kept: compare it with the committed log"
        yield Finding(
            problem.kind,
            message,
            doctor_fix(mission_log) if drift else look,
            file=_relative(mission_log, path),
            line=problem.line,
            offset=problem.offset,
            wp_id=problem.wp_id,
        )


def _other_form(mission_log: MissionLog, log: Log) -> Iterator[Finding]:
    """Report a snapshot with the right lanes in other bytes: the existing CLI writes it its own way."""
    path = mission_log.status_path
    if path.exists() and not is_content(mission_log, rendered(mission_log, fold(log))):
        yield Finding(
            SNAPSHOT_DRIFT,
            "it shows the lanes of the log, but is not written as this version writes it",
            note=True,
            file=_relative(mission_log, path),
        )


def _repeated(log: Log, file: str) -> Iterator[Finding]:
    rows: list[Transition | Annotation] = [*log.transitions, *log.annotations]
    counts = Counter(row.event_id for row in rows)
    if len(counts) == len(rows):
        return
    first: dict[str, tuple[object, ...]] = {}
    for row in sorted(rows, key=lambda row: row.line):
        content = row[:-1]  # all but the line
        if first.setdefault(row.event_id, content) is not content and (
            first[row.event_id] == content
        ):
            yield Finding(
                DUPLICATE_ROW,
                f"event {row.event_id} is there again; only the first counts",
                note=True,
                file=file,
                line=row.line,
                wp_id=row.wp_id,
            )


def _unknown(log: Log, file: str) -> Iterator[Finding]:
    if log.unknown:
        rows = "1 row is" if len(log.unknown) == 1 else f"{len(log.unknown)} rows are"
        yield Finding(
            UNKNOWN_ROWS,
            f"{rows} of a kind that this version does not know; kept as written",
            note=True,
            file=file,
            line=log.unknown[0].line,
        )


def _interrupted(mission_log: MissionLog) -> Iterator[Finding]:
    marker = mission_log.marker_path
    if not marker.exists():
        return
    try:
        with file_lock(mission_log.lock_path, timeout=0):
            left = marker.exists()
    except LockTimeout:
        return  # a change is going on right now, and this is its marker
    if left:
        yield Finding(
            INTERRUPTED_CHANGE,
            "a change was interrupted before it was committed; the next change completes it",
            doctor_fix(mission_log),
        )


def _in_git(mission_log: MissionLog, file: str) -> Iterator[Finding]:
    names = uncommitted(mission_log)
    operation = operation_in_progress(mission_log.worktree_root)
    lost = lost_lines(mission_log, ("HEAD", *(operation.commits if operation else ())))
    if lost:
        yield Finding(ROWS_MISSING, told_lost(lost), doctor_fix(mission_log), file=file)
    if operation is not None:
        snapshot = _relative(mission_log, mission_log.status_path)
        go_on = f"git add -- {file} {snapshot} && {operation.going_on}"
        yield Finding(
            OPERATION_IN_PROGRESS,
            f"{operation.problem}, and nothing can be recorded until that is finished; when log and "
            f"snapshot are as they should be: {go_on}",
            go_on,
            note=True,
        )
        return
    for name in names:
        if name != file or not lost:
            yield Finding(
                UNCOMMITTED, "it is not committed as it is", doctor_fix(mission_log), file=name
            )


def _relative(mission_log: MissionLog, path: Path) -> str:
    return path.relative_to(mission_log.worktree_root).as_posix()
