"""Checking a mission's log: readable, conforming, legal, and in step with `status.json`.

Bad data is what this is for, so bad data is reported and never raised.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specify_cli.events.envelope import wp_status_changed
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.gate import ContractViolation, check
from specify_cli.status.board import competes, fold, ordered, shown_states
from specify_cli.status.idle_lines import idle_lines
from specify_cli.status.lanes import Lane
from specify_cli.status.lines import iter_rows
from specify_cli.status.log import LOG_FILE, read_log
from specify_cli.status.lost_rows import lost_lines, told_lost
from specify_cli.status.transitions import is_legal, legal_targets
from specify_cli.status.wp_ids import is_wp_id, normalise_wp_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from specify_cli.identity.project import ProjectIdentity
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.board import Board
    from specify_cli.status.log import Annotation, Log, Transition
    from specify_cli.status.mission_status import MissionLog

UNUSABLE_LINE = "unusable_line"
CONTRACT_VIOLATION = "contract_violation"
ILLEGAL_TRANSITION = "illegal_transition"
BROKEN_CHAIN = "broken_chain"
EVENT_ID_REUSED = "event_id_reused"
SNAPSHOT_DRIFT = "snapshot_drift"
ROWS_MISSING = "committed_rows_missing"

_FIRST_LANES = (Lane.GENESIS, Lane.PLANNED)


@dataclass(frozen=True, slots=True)
class StatusProblem:
    """Something that is wrong with a log or its snapshot.

    Attributes:
        kind: One of the constants of this module.
        file: The file's name.
        line: Line number from 1; None when the problem is not about a line.
        offset: Byte offset of the line, when it is known.
        path: JSON path inside the row, for contract violations.
        wp_id: The work package, when it is about one.
        message: What is wrong.
    """

    kind: str
    file: str
    message: str
    line: int | None = None
    offset: int | None = None
    path: str | None = None
    wp_id: str | None = None

    def to_json(self) -> JsonObject:
        """Return the problem as plain JSON."""
        return {
            "kind": self.kind,
            "file": self.file,
            "line": self.line,
            "offset": self.offset,
            "path": self.path,
            "wp_id": self.wp_id,
            "message": self.message,
        }

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        byte = f" (byte {self.offset})" if self.offset is not None else ""
        inside = f" {self.path}" if self.path else ""
        return f"{place}{byte}{inside}: {self.message}"


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What was found out about a mission's log.

    Attributes:
        mission_slug: Which mission.
        transitions: Lane changes read, duplicates included.
        annotations: Annotations read.
        other_rows: Lifecycle, decision and unknown rows read.
        unknown_rows: Those of them whose kind this version does not know; they stay in the log.
        event_count: Distinct rows folded into the board.
        problems: Everything that is wrong, in the order of the file.
        repairable: Whether the doctor can put something right.
    """

    mission_slug: str
    transitions: int
    annotations: int
    other_rows: int
    event_count: int
    problems: tuple[StatusProblem, ...]
    unknown_rows: int = 0
    repairable: bool = False

    @property
    def valid(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_json(self) -> JsonObject:
        """Return the report as plain JSON."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "valid": self.valid,
            "transitions": self.transitions,
            "annotations": self.annotations,
            "other_rows": self.other_rows,
            "unknown_rows": self.unknown_rows,
            "event_count": self.event_count,
            "problems": [problem.to_json() for problem in self.problems],
        }

    def to_text(self) -> str:
        """Return the report as plain text without a final newline."""
        rows = self.transitions + self.annotations + self.other_rows
        counted = "1 row" if rows == 1 else f"{rows} rows"
        unknown = "1 row is" if self.unknown_rows == 1 else f"{self.unknown_rows} rows are"
        note = f"  note: {unknown} of a kind that this version does not know; kept as written"
        notes = [note] if self.unknown_rows else []
        if self.valid:
            sound = f"The log of {self.mission_slug} is sound: {counted}, no problems."
            return "\n".join([sound, *notes])
        count = len(self.problems)
        problems = "1 problem" if count == 1 else f"{count} problems"
        head = f"The log of {self.mission_slug} has {problems} in {counted}:"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems), *notes])


class LogNotSound(SpecKittyError):
    """A log with problems; `details` is the whole report."""

    code = "STATUS_LOG_NOT_SOUND"

    def __init__(self, report: StatusReport) -> None:
        count = len(report.problems)
        super().__init__(
            f"the log of {report.mission_slug} has {count} {'problem' if count == 1 else 'problems'}; "
            f"first: {report.problems[0]}.",
            fix=_fix(report),
            details=report.to_json(),
        )


def _fix(report: StatusReport) -> str:
    if report.repairable:
        # It shows its plan first, and names what it leaves alone.
        return f"spec-kitty agent status doctor --fix --mission {report.mission_slug}"
    return (
        "Nothing has to be done: the rows stay as they were written, and what can be read of them "
        f"counts. Where one comes from: git log -p -- kitty-specs/{report.mission_slug}/{LOG_FILE}"
    )


def validate_log(mission_log: MissionLog) -> StatusReport:
    """Check a mission's log and snapshot.

    No committed row may be missing; every line must be a usable row; every row must pass the gate (`status_row`), and rows that this
    program wrote also as the event they are on the wire (`envelope`); lane changes must be legal in
    the fold's order; `status.json` must show the lanes that the log shows. Rows of a kind that this
    version does not know are counted, and no problem.

    Raises:
        ReadFailed: READ_FAILED: the log is no readable file.
        NotInitialized: NOT_INITIALIZED: rows to check on the wire, but no project identity.
    """
    log = read_log(mission_log.log_path)
    board = fold(log)
    problems = [
        *_missing_rows(mission_log),
        *_line_problems(mission_log, log),
        *_chain_problems(log, mission_log.log_path.name),
        *_snapshot_problems(mission_log, board),
    ]
    # A stable sort by line keeps problems of the whole file at the end, but for missing rows.
    problems.sort(key=lambda p: (p.kind != ROWS_MISSING, p.line is None, p.line or 0))
    kinds = {problem.kind for problem in problems}
    idle = {line.line for line in idle_lines(mission_log.log_path)} if problems else set()
    return StatusReport(
        mission_slug=mission_log.mission_slug,
        transitions=len(log.transitions),
        annotations=len(log.annotations),
        other_rows=len(log.lifecycle) + len(log.decisions) + len(log.unknown),
        event_count=board.event_count,
        problems=tuple(problems),
        unknown_rows=len(log.unknown),
        repairable=bool(kinds & {ROWS_MISSING, SNAPSHOT_DRIFT})
        or any(problem.line in idle for problem in problems if problem.kind == UNUSABLE_LINE),
    )


def _missing_rows(mission_log: MissionLog) -> Iterator[StatusProblem]:
    lost = lost_lines(mission_log)
    if lost:
        yield StatusProblem(ROWS_MISSING, mission_log.log_path.name, told_lost(lost))


def _line_problems(mission_log: MissionLog, log: Log) -> Iterator[StatusProblem]:
    name = mission_log.log_path.name
    # What cannot be used is told above; what is not known has no contract here.
    passed = {problem.line for problem in log.problems} | {other.line for other in log.unknown}
    for problem in log.problems:
        yield StatusProblem(
            UNUSABLE_LINE, name, problem.reason, line=problem.line, offset=problem.offset
        )
    identity: ProjectIdentity | None = None
    for line in iter_rows(mission_log.log_path):
        if line.row is None or line.line in passed:
            continue
        found = _violations("status_row", line.row)
        if not found and "build_id" in line.row and "event_type" in line.row:
            found = _violations("envelope", line.row)
        elif not found and "build_id" in line.row and "to_lane" in line.row:
            identity = identity or mission_log.identity()
            found = _wire_violations(identity, line.row)
        for path, message in found:
            yield StatusProblem(
                CONTRACT_VIOLATION, name, message, line=line.line, offset=line.offset, path=path
            )


def _violations(surface: str, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        check(surface, row)
    except ContractViolation as violation:
        return _listed(violation)
    return []


def _wire_violations(identity: ProjectIdentity, row: Any) -> list[tuple[str, str]]:
    try:
        wp_status_changed(identity, row)
    except ContractViolation as violation:
        return _listed(violation)
    return []


def _listed(violation: ContractViolation) -> list[tuple[str, str]]:
    listed: Any = violation.details["violations"]
    return [
        (item["path"], f"{item['expected']}, found {item['found']} ({item['rule']})")
        for item in listed
    ]


def _chain_problems(log: Log, name: str) -> Iterator[StatusProblem]:
    """Walk every work package's lane changes as the fold applies them."""
    yield from _reused_ids(log, name)
    last: dict[str, Transition] = {}
    origin: dict[str, Lane] = {}
    for row in ordered(log.transitions):
        before = last.get(row.wp_id)
        if before is not None and competes(before, row):
            yield StatusProblem(
                BROKEN_CHAIN,
                name,
                f"{row.wp_id} went from {row.from_lane} to {before.to_lane} at the very same time; "
                f"the change to {row.to_lane} is not applied",
                line=row.line,
                wp_id=row.wp_id,
            )
            continue
        if before is None:
            expected = row.from_lane if row.from_lane in _FIRST_LANES else Lane.GENESIS
        else:
            expected = before.to_lane
        if row.from_lane is not expected:
            yield StatusProblem(
                BROKEN_CHAIN,
                name,
                f"{row.wp_id} was in {expected}, not in {row.from_lane}, when it went to "
                f"{row.to_lane}: two changes of one lane, or a row is missing",
                line=row.line,
                wp_id=row.wp_id,
            )
        if not row.force and not is_legal(row.from_lane, row.to_lane, origin.get(row.wp_id)):
            targets = ", ".join(legal_targets(row.from_lane)) or "nowhere"
            yield StatusProblem(
                ILLEGAL_TRANSITION,
                name,
                f"{row.wp_id} went from {row.from_lane} to {row.to_lane} without force; "
                f"from {row.from_lane} it can go to {targets}",
                line=row.line,
                wp_id=row.wp_id,
            )
        if row.to_lane is Lane.BLOCKED and row.from_lane is not Lane.BLOCKED:
            origin[row.wp_id] = row.from_lane
        last[row.wp_id] = row


def _reused_ids(log: Log, name: str) -> Iterator[StatusProblem]:
    """Report an event id that two different rows have; a repeated row is harmless."""
    first: dict[str, tuple[Any, ...]] = {}
    rows: list[Transition | Annotation] = [*log.transitions, *log.annotations]
    for row in rows:
        content = row[:-1]
        known = first.setdefault(row.event_id, content)
        if known != content:
            yield StatusProblem(
                EVENT_ID_REUSED,
                name,
                f"event id {row.event_id} is that of another row; this row is not applied",
                line=row.line,
                wp_id=row.wp_id,
            )


def _snapshot_problems(mission_log: MissionLog, board: Board) -> Iterator[StatusProblem]:
    """Compare lanes only: the existing CLI renders the rest of the file in its own way."""
    path = mission_log.status_path
    expected = {wp_id: state.lane.value for wp_id, state in shown_states(board).items()}
    try:
        shown = _shown_lanes(json.loads(path.read_bytes()))
    except FileNotFoundError:
        if expected:
            yield StatusProblem(
                SNAPSHOT_DRIFT, path.name, "it is missing; the next change writes it again"
            )
        return
    except (OSError, ValueError, RecursionError):
        shown = None
    if shown is None:
        yield StatusProblem(
            SNAPSHOT_DRIFT, path.name, "it cannot be read; the next change writes it again"
        )
        return
    for wp_id in sorted({*expected, *shown}):
        if expected.get(wp_id) != shown.get(wp_id):
            yield StatusProblem(
                SNAPSHOT_DRIFT,
                path.name,
                f"{wp_id} is in {expected.get(wp_id, 'no lane')} by the log, but the snapshot says "
                f"{shown.get(wp_id, 'nothing')}; the next change writes it again",
                path=f"$.work_packages.{wp_id}.lane",
                wp_id=wp_id,
            )


def _shown_lanes(document: object) -> dict[str, str] | None:
    packages = document.get("work_packages") if isinstance(document, dict) else None
    if not isinstance(packages, dict):
        return None
    return {
        normalise_wp_id(wp_id) or wp_id: (
            str(state.get("lane")) if isinstance(state, dict) else "nothing"
        )
        for wp_id, state in packages.items()
        if is_wp_id(normalise_wp_id(wp_id) or wp_id)
    }
