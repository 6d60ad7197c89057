"""Repairing a log and its snapshot: planned first, backed up, and proven before it is written.

This is the one place that rewrites a log. What it takes out are lines that certainly hold no row (left
merge-conflict markers, blank lines, pieces of a row that nobody was ever told about), and what stands in
the place of a committed row that it puts back. Every other line stays, usable or not. The proof is a
replay: every row of the log and of its commit is in the new log, and nothing else is, and unless that
is so, nothing is written.

While the user is in the middle of a merge, files are mended and nothing is staged or committed.
"""

from __future__ import annotations

import json
from io import BytesIO
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.operations import operation_in_progress
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK, ReadFailed
from specify_cli.kernel.locks import file_lock
from specify_cli.status.backups import new_backup
from specify_cli.status.board import fold
from specify_cli.status.lines import iter_rows
from specify_cli.status.log import parse_log, read_log
from specify_cli.status.lost_rows import doctor_fix
from specify_cli.status.materialize import is_content, uncommitted
from specify_cli.status.mending import mend
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from specify_cli.git.operations import Operation
    from specify_cli.kernel.files import Disk
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.mending import Mended
    from specify_cli.status.mission_status import MissionLog

REMOVE_LINE = "remove_line"
RESTORE_LINE = "restore_line"
WRITE_SNAPSHOT = "write_snapshot"
COMMIT = "commit"


class RepairUnproven(SpecKittyError):
    """The repaired log would not say the same; nothing was written."""

    code = "STATUS_REPAIR_UNPROVEN"


class PlanOutdated(SpecKittyError):
    """The log changed between showing the plan and carrying it out; nothing was written."""

    code = "STATUS_REPAIR_PLAN_OUTDATED"


class RepairStep(NamedTuple):
    """One step of a repair.

    Attributes:
        kind: `remove_line`, `restore_line`, `write_snapshot` or `commit`.
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
        then: The command that finishes the merge that is going on; None when none is.
    """

    mission_slug: str
    steps: tuple[RepairStep, ...]
    kept: tuple[str, ...]
    then: str | None = None

    def to_text(self) -> str:
        """Return the plan for people."""
        if not self.steps:
            lines = [f"There is nothing to repair in {self.mission_slug}."]
        else:
            lines = [f"To repair {self.mission_slug}:"]
            lines += [f"  {number}. {step}" for number, step in enumerate(self.steps, 1)]
        lines += [f"  kept, since it may hold a row: {line}" for line in self.kept]
        if self.then is not None:
            lines.append(f"Nothing is staged or committed. Then go on: {self.then}")
        return "\n".join(lines)


class Repaired(NamedTuple):
    """What a repair did, or would do.

    Attributes:
        plan: The plan.
        applied: Whether it was carried out.
        backup: The folder with log and snapshot as they were; None when nothing was written.
        rows: Usable rows of the log, each of which is in the repaired log.
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
            "then": self.plan.then,
            "backup": None if self.backup is None else str(self.backup),
            "rows": self.rows,
            "commit": self.commit,
        }

    def to_text(self, *, plan_shown: bool = False) -> str:
        """Return what was done, for people.

        Args:
            plan_shown: They have just seen the plan, and said no.
        """
        if not self.plan.steps:
            return self.plan.to_text()
        if not self.applied:
            unchanged = "Nothing was changed. To do it, add --yes."
            return unchanged if plan_shown else f"{self.plan.to_text()}\n{unchanged}"
        steps = "1 step" if len(self.plan.steps) == 1 else f"{len(self.plan.steps)} steps"
        rows = "the 1 row is" if self.rows == 1 else f"all {self.rows} rows are"
        lines = [f"Repaired: {steps}; {rows} there, before and after."]
        if self.backup is not None:
            lines.append(f"  as it was  {self.backup}")
        if self.commit is not None:
            lines.append(f"  commit     {self.commit}")
        if self.plan.then is not None:
            lines.append(f"Nothing was staged or committed. Go on: {self.plan.then}")
        return "\n".join(lines)


def plan_repair(mission_log: MissionLog) -> RepairPlan:
    """Say what a repair would do. Writes nothing.

    Raises:
        ReadFailed: READ_FAILED.
    """
    operation = operation_in_progress(mission_log.worktree_root)
    return _plan(mission_log, operation, _mended(mission_log, operation))


def _mended(mission_log: MissionLog, operation: Operation | None) -> Mended:
    return mend(mission_log, other_sides=operation.commits if operation else ())


def _plan(mission_log: MissionLog, operation: Operation | None, mended: Mended) -> RepairPlan:
    root = mission_log.worktree_root
    file = mission_log.log_path.relative_to(root).as_posix()
    snapshot = mission_log.status_path.relative_to(root).as_posix()
    steps = [
        RepairStep(
            REMOVE_LINE,
            f"take out {line.text!r}" if line.text else "take it out",
            line.why,
            file,
            line.line,
            line.offset,
        )
        for line in mended.removals
    ]
    steps += [
        RepairStep(
            RESTORE_LINE,
            f"put line {line.line} of the committed log back",
            "it is gone or changed, and a log only ever grows",
            file,
        )
        for line in mended.restored
    ]
    present = mission_log.log_path.exists() or mission_log.status_path.exists() or steps
    if present and not is_content(mission_log, _snapshot(mission_log, mended)):
        steps.append(
            RepairStep(WRITE_SNAPSHOT, "write it anew", "it is not what the log says", snapshot)
        )
    pending = mission_log.marker_path.exists()
    if operation is None and (steps or pending or uncommitted(mission_log)):
        why = "an interrupted change is completed" if pending else "nothing stays uncommitted"
        steps.append(RepairStep(COMMIT, "commit log and snapshot", why, file))
    removed = {line.line for line in mended.removals}
    kept = tuple(
        f"line {problem.line} (byte {problem.offset}): {problem.reason}"
        for problem in read_log(mission_log.log_path).problems
        if problem.line not in removed
    )
    then = f"git add -- {file} {snapshot} && {operation.going_on}" if operation else None
    return RepairPlan(mission_log.mission_slug, tuple(steps), kept, then)


def repair_log(mission_log: MissionLog, plan: RepairPlan, *, disk: Disk = DISK) -> Repaired:
    """Carry a plan out: back up, prove, write, commit. All of it happens, or nothing.

    In the middle of a merge nothing is committed, and a crash may leave the snapshot as it was; the
    repair can be run again.

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
    if operation_in_progress(mission_log.worktree_root) is not None:
        return _repair_files(mission_log, plan, disk)
    message = f"Repair the log ({mission_log.mission_slug})"
    with MissionStatus.change(mission_log, message=message, disk=disk, repairing=True) as change:
        mended, backup = _prepared(mission_log, plan, None, disk)
        if mended.removals or mended.restored:
            change.rewrite(mended.data)
        change.include(mission_log.status_path, _snapshot(mission_log, mended))
    rows = _count(mission_log.log_path)
    return Repaired(plan, applied=True, backup=backup, rows=rows, commit=change.result.commit)


def _repair_files(mission_log: MissionLog, plan: RepairPlan, disk: Disk) -> Repaired:
    """Mend the files in the middle of a merge; the index and the commit are the user's."""
    with file_lock(mission_log.lock_path):
        operation = operation_in_progress(mission_log.worktree_root)
        mended, backup = _prepared(mission_log, plan, operation, disk)
        if mended.removals or mended.restored:
            disk.write_atomic(mission_log.log_path, mended.data)
        disk.write_atomic(mission_log.status_path, _snapshot(mission_log, mended))
    return Repaired(plan, applied=True, backup=backup, rows=_count(mission_log.log_path))


def _prepared(
    mission_log: MissionLog, plan: RepairPlan, operation: Operation | None, disk: Disk
) -> tuple[Mended, Path]:
    """Compose the new log once more under the lock, back the old one up and prove the new one.

    Raises:
        PlanOutdated: STATUS_REPAIR_PLAN_OUTDATED.
        RepairUnproven: STATUS_REPAIR_UNPROVEN.
    """
    mended = _mended(mission_log, operation)
    now = _plan(mission_log, operation, mended)
    if now != plan:
        raise PlanOutdated(
            "the mission changed since the plan was made; nothing was written.",
            fix=doctor_fix(mission_log),
            details={"steps": [step.to_json() for step in now.steps]},
        )
    backup = new_backup(mission_log)
    for path in (mission_log.log_path, mission_log.status_path):
        if path.is_file():
            disk.write_atomic(backup / path.name, _content(path))
    if mended.removals or mended.restored:
        candidate = backup / f"repaired.{mission_log.log_path.name}"
        disk.write_atomic(candidate, mended.data)
        if mended.restored or operation is not None:
            _prove_whole(mission_log, candidate, mended)
        else:
            _prove_same(mission_log.log_path, candidate)
        candidate.unlink()
    return mended, backup


def _snapshot(mission_log: MissionLog, mended: Mended) -> bytes:
    return rendered(mission_log, fold(parse_log(BytesIO(mended.data))))


def _prove_same(before: Path, after: Path) -> None:
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
    if len(old_log.problems) < len(new_log.problems):
        raise _unproven("there would be more unusable lines than before")


def _prove_whole(mission_log: MissionLog, candidate: Path, mended: Mended) -> None:
    """Replay the log, its commits and the candidate: every row is there, and no other.

    Only a row of the log that claims the event id of a committed one, and says something else, may
    go: it is in the backup.

    Raises:
        RepairUnproven: STATUS_REPAIR_UNPROVEN.
    """
    restored = list(_rows(line.text for line in mended.restored))
    old, new = (
        {_key(line.row) for line in iter_rows(path) if line.row is not None}
        for path in (mission_log.log_path, candidate)
    )
    back = {_key(row) for row in restored}
    ids = {row["event_id"] for row in restored if isinstance(row.get("event_id"), str)}
    for line in iter_rows(mission_log.log_path):
        if line.row is None or _key(line.row) in new or line.row.get("event_id") in ids:
            continue
        raise _unproven(f"the row of line {line.line} would be missing")
    if not back <= new:
        raise _unproven("a committed row would be missing")
    if not new <= old | back:
        raise _unproven("there would be a row that was in neither log")
    if len(read_log(mission_log.log_path).problems) < len(read_log(candidate).problems):
        raise _unproven("there would be more unusable lines than before")


def _rows(lines: Iterable[bytes]) -> Iterable[JsonObject]:
    for line in lines:
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue  # a committed line that was never a row comes back as it is
        if isinstance(row, dict):
            yield row


def _key(row: object) -> str:
    return json.dumps(row, sort_keys=True)


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
