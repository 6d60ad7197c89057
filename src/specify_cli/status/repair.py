"""Repairing a log and its snapshot: planned first, backed up, and proven before it is written.

This is the one place that rewrites a log. What it takes out are lines that certainly hold no row: left
merge-conflict markers, blank lines, and a torn end that nobody was ever told about. Every other line
stays, usable or not. The proof is a replay: the rows of the log before and after are read and folded,
and unless both are the same, nothing is written.
"""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.clock import utc_now
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK, ReadFailed
from specify_cli.kernel.ulid import new_ulid
from specify_cli.status.board import fold
from specify_cli.status.doctor import (
    BLANK_LINE,
    CONFLICT_MARKER,
    TORN_TAIL,
    IdleLine,
    doctor_fix,
    idle_lines,
    missing_rows,
)
from specify_cli.status.lines import iter_rows
from specify_cli.status.log import read_log
from specify_cli.status.lost_rows import LogRowsLost
from specify_cli.status.materialize import is_content, rendered, uncommitted
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from specify_cli.kernel.files import Disk
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.mission_status import MissionLog

REMOVE_LINE = "remove_line"
WRITE_SNAPSHOT = "write_snapshot"
COMMIT = "commit"

_WHY = {
    CONFLICT_MARKER: "a merge-conflict marker is no row; the rows of both sides stay",
    TORN_TAIL: "the end of the file is half a row, which was never acknowledged",
    BLANK_LINE: "the line is blank",
}


class RepairUnproven(SpecKittyError):
    """The repaired log would not say the same; nothing was written."""

    code = "STATUS_REPAIR_UNPROVEN"


class PlanOutdated(SpecKittyError):
    """The log changed between showing the plan and carrying it out; nothing was written."""

    code = "STATUS_REPAIR_PLAN_OUTDATED"


class RepairStep(NamedTuple):
    """One step of a repair.

    Attributes:
        kind: `remove_line`, `write_snapshot` or `commit`.
        what: What is done.
        why: Why.
        file: The file, relative to the project root.
        line: Line number from 1, for a line.
        offset: Byte offset of the line.
    """

    kind: str
    what: str
    why: str
    file: str
    line: int | None = None
    offset: int | None = None

    def to_json(self) -> JsonObject:
        """Return the step as plain JSON."""
        return {**self._asdict()}

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line} (byte {self.offset})"
        return f"{place}: {self.what}; {self.why}"


class RepairPlan(NamedTuple):
    """What a repair would do, in order.

    Attributes:
        mission_slug: The mission.
        steps: The steps; none when there is nothing to repair.
        kept: Lines that cannot be used and stay, since they may hold a row: `line N: reason`.
    """

    mission_slug: str
    steps: tuple[RepairStep, ...]
    kept: tuple[str, ...]

    def to_text(self) -> str:
        """Return the plan for people."""
        if not self.steps:
            lines = [f"There is nothing to repair in {self.mission_slug}."]
        else:
            lines = [f"To repair {self.mission_slug}:"]
            lines += [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)]
        lines += [f"  kept, since it may hold a row: {line}" for line in self.kept]
        return "\n".join(lines)


class Repaired(NamedTuple):
    """What a repair did, or would do.

    Attributes:
        plan: The plan.
        applied: Whether it was carried out.
        backup: The folder with log and snapshot as they were; None when nothing was written.
        rows: Usable rows of the log, the same before and after.
        commit: The commit; None when there was nothing to commit.
    """

    plan: RepairPlan
    applied: bool
    backup: Path | None = None
    rows: int | None = None
    commit: str | None = None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent status doctor --fix`."""
        return {
            "result": "success",
            "mission_slug": self.plan.mission_slug,
            "applied": self.applied,
            "plan": [step.to_json() for step in self.plan.steps],
            "kept": list(self.plan.kept),
            "backup": None if self.backup is None else str(self.backup),
            "rows": self.rows,
            "commit": self.commit,
        }

    def to_text(self) -> str:
        """Return what was done, for people; the plan is shown before it."""
        if not self.plan.steps:
            return self.plan.to_text()
        if not self.applied:
            return f"{self.plan.to_text()}\nNothing was changed. To do it, add --yes."
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        lines = [
            f"Repaired: {len(self.plan.steps)} steps; {rows} before and after, the same board."
        ]
        if self.backup is not None:
            lines.append(f"  as it was  {self.backup}")
        if self.commit is not None:
            lines.append(f"  commit     {self.commit}")
        return "\n".join(lines)


def plan_repair(mission_log: MissionLog) -> RepairPlan:
    """Say what a repair would do. Writes nothing.

    Raises:
        LogRowsLost: STATUS_LOG_ROWS_LOST: committed rows are missing; they come back from git first.
        ReadFailed: READ_FAILED.
    """
    root = mission_log.worktree_root
    file = mission_log.log_path.relative_to(root).as_posix()
    if file in uncommitted(mission_log) and missing_rows(mission_log):
        raise LogRowsLost(
            f"rows of the committed {file} are missing; a repair would commit their loss.",
            fix=f"git checkout HEAD -- {file}",
            details={"file": file},
        )
    idle = idle_lines(mission_log)
    steps = [
        RepairStep(
            REMOVE_LINE,
            f"take out {line.text!r}" if line.text else "take it out",
            _WHY[line.kind],
            file,
            line.line,
            line.offset,
        )
        for line in idle
    ]
    log = read_log(mission_log.log_path)
    snapshot = mission_log.status_path.relative_to(root).as_posix()
    present = mission_log.log_path.exists() or mission_log.status_path.exists()
    if present and not is_content(mission_log, rendered(mission_log, fold(log))):
        steps.append(
            RepairStep(WRITE_SNAPSHOT, "write it anew", "it is not what the log says", snapshot)
        )
    names = uncommitted(mission_log)
    pending = mission_log.lock_path.with_suffix(".pending").exists()
    if steps or names or pending:
        why = "an interrupted change is completed" if pending else "nothing stays uncommitted"
        steps.append(RepairStep(COMMIT, "commit log and snapshot", why, file))
    removed = {line.line for line in idle}
    kept = tuple(
        f"line {problem.line} (byte {problem.offset}): {problem.reason}"
        for problem in log.problems
        if problem.line not in removed
    )
    return RepairPlan(mission_log.mission_slug, tuple(steps), kept)


def repair_log(mission_log: MissionLog, plan: RepairPlan, *, disk: Disk = DISK) -> Repaired:
    """Carry a plan out: back up, prove, write, commit. All of it happens, or nothing.

    Args:
        mission_log: Which log.
        plan: The plan as it was shown.
        disk: Where to write.

    Raises:
        PlanOutdated: STATUS_REPAIR_PLAN_OUTDATED.
        RepairUnproven: STATUS_REPAIR_UNPROVEN.
        SpecKittyError: What `plan_repair` and `MissionStatus.change` raise.
    """
    if not plan.steps:
        return Repaired(plan, applied=False)
    message = f"Repair the log ({mission_log.mission_slug})"
    with MissionStatus.change(mission_log, message=message, disk=disk) as change:
        now = plan_repair(mission_log)
        if now != plan:
            raise PlanOutdated(
                "the mission changed since the plan was made; nothing was written.",
                fix=f"Run it again: {doctor_fix(mission_log)}",
                details={"steps": [step.to_json() for step in now.steps]},
            )
        backup = _back_up(mission_log, disk)
        idle = idle_lines(mission_log)
        rows = _count(mission_log.log_path)
        if idle:
            candidate = backup / f"repaired.{mission_log.log_path.name}"
            data = _without(mission_log.log_path, idle)
            disk.write_atomic(candidate, data)
            _prove(mission_log.log_path, candidate)
            candidate.unlink()
            change.include(mission_log.log_path, data)
        change.include(mission_log.status_path, rendered(mission_log, change.board))
    return Repaired(plan, applied=True, backup=backup, rows=rows, commit=change.result.commit)


def _back_up(mission_log: MissionLog, disk: Disk) -> Path:
    """Copy log and snapshot into the git folder, which no commit ever holds."""
    moment = utc_now()
    name = f"{mission_log.mission_slug}-{moment:%Y%m%dT%H%M%SZ}-{new_ulid(moment)[-6:]}"
    folder = mission_log.lock_path.parent.parent / "backups" / name
    for path in (mission_log.log_path, mission_log.status_path):
        if path.is_file():
            disk.write_atomic(folder / path.name, _content(path))
    return folder


def _without(path: Path, idle: Sequence[IdleLine]) -> bytes:
    """Return a file without some of its lines."""
    data = _content(path)
    parts, position = [], 0
    for line in idle:
        parts.append(data[position : line.offset])
        position = line.offset + line.size
    return b"".join([*parts, data[position:]])


def _prove(before: Path, after: Path) -> None:
    """Replay both logs: the same rows in the same order, the same board.

    Raises:
        RepairUnproven: STATUS_REPAIR_UNPROVEN.
    """
    pairs = zip_longest(
        (line.row for line in iter_rows(before) if line.row is not None),
        (line.row for line in iter_rows(after) if line.row is not None),
    )
    for number, (old, new) in enumerate(pairs, 1):
        if old != new:
            raise _unproven(f"row {number} would not be the same")
    old_log, new_log = read_log(before), read_log(after)
    if fold(old_log) != fold(new_log):
        raise _unproven("the board would not be the same")
    lost = len(old_log.problems) - len(new_log.problems)
    if lost < 0:
        raise _unproven("there would be more unusable lines than before")


def _unproven(problem: str) -> RepairUnproven:
    return RepairUnproven(
        f"the repair is not proven to be harmless: {problem}. Nothing was written.",
        fix="Report this with a copy of the log; until then mend the lines that "
        "`spec-kitty agent status doctor` names by hand.",
    )


def _count(path: Path) -> int:
    return sum(line.row is not None for line in iter_rows(path))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReadFailed(
            f"{path.name} cannot be read: {error.strerror}.",
            fix=f"Make {path.name} a readable file, then run the command again.",
            details={"file": path.name},
        ) from error
