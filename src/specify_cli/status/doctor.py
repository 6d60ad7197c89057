"""What is wrong with a mission's log and its snapshot, and what can be done about it. Writes nothing."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.process import try_git
from specify_cli.kernel.locks import LockTimeout, file_lock
from specify_cli.status.board import fold
from specify_cli.status.lines import UnusableRow, opened, parse_line
from specify_cli.status.log import read_log
from specify_cli.status.materialize import is_content, rendered, uncommitted
from specify_cli.status.validate import SNAPSHOT_DRIFT, UNUSABLE_LINE, validate_log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.log import Annotation, Log, Transition
    from specify_cli.status.mission_status import MissionLog

CONFLICT_MARKER = "conflict_marker"
TORN_TAIL = "torn_tail"
BLANK_LINE = "blank_line"
DUPLICATE_ROW = "duplicate_row"
UNKNOWN_ROWS = "unknown_rows"
UNCOMMITTED = "uncommitted"
ROWS_MISSING = "committed_rows_missing"
INTERRUPTED_CHANGE = "interrupted_change"

_MARKER = re.compile(rb"(?:<{7}|>{7}|\|{7})(?: [^{}]*)?\Z|={7}\Z")
_SAMPLE = 60


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


class IdleLine(NamedTuple):
    """A line of a log that certainly holds no row.

    Attributes:
        kind: `conflict_marker`, `torn_tail` or `blank_line`.
        line: Its number, from 1.
        offset: Where it begins, in bytes.
        size: How long it is with its line end, in bytes.
        text: Its beginning, for people.
    """

    kind: str
    line: int
    offset: int
    size: int
    text: str


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


def doctor_fix(mission_log: MissionLog) -> str:
    """Return the command that repairs what can be repaired safely."""
    return f"spec-kitty agent status doctor --fix --mission {mission_log.mission_slug}"


def idle_lines(mission_log: MissionLog) -> tuple[IdleLine, ...]:
    """Return the lines of a log that certainly hold no row: markers, blanks, a torn end.

    A line that is merely unreadable is not among them: it may hold what somebody can still mend.

    Raises:
        ReadFailed: READ_FAILED.
    """
    found = []
    with opened(mission_log.log_path) as stream:
        offset = 0
        for number, raw in enumerate(stream or (), 1):
            kind = _idle_kind(raw, first=number == 1)
            if kind is not None:
                text = raw.decode("utf-8", "replace").strip("\0\r\n\ufeff")[:_SAMPLE]
                found.append(IdleLine(kind, number, offset, len(raw), text))
            offset += len(raw)
    return tuple(found)


def _idle_kind(raw: bytes, *, first: bool) -> str | None:
    """Tell why a line certainly holds no row; None when it is one, or may hold one."""
    try:
        if parse_line(raw, first=first) is not None:
            return None
    except UnusableRow:
        pass
    bare = raw.removeprefix(b"\xef\xbb\xbf") if first else raw
    bare = bare.strip(b"\0 \t\r\n\x0b\x0c")
    if not bare:
        return BLANK_LINE
    if _MARKER.match(bare):
        return CONFLICT_MARKER
    # Only the last line has no line end. What a crash cut off was never acknowledged to anybody.
    if not raw.endswith(b"\n") and bare.startswith(b"{") and not _holds_an_object(bare):
        return TORN_TAIL
    return None


def _holds_an_object(line: bytes) -> bool:
    """Tell whether a whole row may be hidden in a torn one, as writers without a lock leave it."""
    starts = (match.start() for match in re.finditer(rb'\{\s*"', line))
    return any(_begins_row(line[start:]) for start in starts)


def _begins_row(text: bytes) -> bool:
    try:
        value, _ = json.JSONDecoder().raw_decode(text.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and "event_id" in value


def _lines(mission_log: MissionLog, file: str) -> Iterator[Finding]:
    told = {
        CONFLICT_MARKER: "a merge-conflict marker was left in the log",
        TORN_TAIL: "the file ends in the middle of a row that was never acknowledged",
        BLANK_LINE: "the line is blank",
    }
    for idle in idle_lines(mission_log):
        yield Finding(
            idle.kind,
            told[idle.kind],
            doctor_fix(mission_log),
            note=idle.kind == BLANK_LINE,
            file=file,
            line=idle.line,
            offset=idle.offset,
        )


def _validity(mission_log: MissionLog) -> Iterator[Finding]:
    idle = {line.line for line in idle_lines(mission_log)}
    look = "Compare with the committed log: git log -p -- " + _relative(
        mission_log, mission_log.log_path
    )
    for problem in validate_log(mission_log).problems:
        if problem.kind == UNUSABLE_LINE and problem.line in idle:
            continue
        drift = problem.kind == SNAPSHOT_DRIFT
        path = mission_log.status_path if drift else mission_log.log_path
        message = f"{problem.path} {problem.message}" if problem.path else problem.message
        if problem.kind == UNUSABLE_LINE:
            message += "; it may hold a row, so it is kept"
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
    marker = mission_log.lock_path.with_suffix(".pending")
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
    missing = missing_rows(mission_log) if file in names else 0
    if missing:
        rows = "1 row" if missing == 1 else f"{missing} rows"
        yield Finding(
            ROWS_MISSING,
            f"{rows} of the committed log are gone or changed; a log only ever grows",
            f"See `git diff HEAD -- {file}`, then get them back: git checkout HEAD -- {file}",
            file=file,
        )
    for name in names:
        if name != file or not missing:
            yield Finding(
                UNCOMMITTED, "it is not committed as it is", doctor_fix(mission_log), file=name
            )


def missing_rows(mission_log: MissionLog) -> int:
    """Count the committed lines that the log lacks; those that certainly hold no row do not count."""
    file = _relative(mission_log, mission_log.log_path)
    committed = try_git(mission_log.worktree_root, "show", f"HEAD:{file}")
    if committed.code != 0:
        return 0
    with opened(mission_log.log_path) as stream:
        present = {line.strip() for line in stream or ()}
    lines = committed.stdout.encode("utf-8", "surrogateescape").splitlines(keepends=True)
    return sum(
        line.strip() not in present and _idle_kind(line, first=number == 0) is None
        for number, line in enumerate(lines)
    )


def _relative(mission_log: MissionLog, path: Path) -> str:
    return path.relative_to(mission_log.worktree_root).as_posix()
