"""A mission's status as one aggregate: read it, or change it under its lock in one commit.

A change is a transaction (DESIGN.md D5): lock, read, validate; then append the rows with
one fsync, write `status.json`, commit both, release. Whatever fails on the way, the files are as they
were before. What only a crash can leave behind, rows that are written and not yet committed, is
committed by the next change: a marker file beside the lock says which files a change was about to
write.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, cast

from specify_cli.events.envelope import Stamp, wp_status_changed
from specify_cli.events.sanitizer import sanitize_event_for_log
from specify_cli.git.commit_target import CommitTarget, CommitTargetMismatch, DetachedHead
from specify_cli.git.process import run_git
from specify_cli.git.safe_commit import Capability
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK, json_document, json_line
from specify_cli.kernel.gate import check
from specify_cli.kernel.locks import file_lock
from specify_cli.kernel.ulid import new_ulid
from specify_cli.status.board import STATUS_FILE, SnapshotMeta, fold, snapshot
from specify_cli.status.lanes import Lane
from specify_cli.status.log import LOG_FILE, Log, parse_log, read_log
from specify_cli.status.lost_rows import refuse_lost_rows, remember_size
from specify_cli.status.rows import annotation_row, transition_row
from specify_cli.status.transaction import Transaction
from specify_cli.status.transitions import check_transition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from spec_kitty_contracts.wire.envelope import Event
    from spec_kitty_contracts.wire.status_rows import (
        AnnotationDelta,
        AnnotationRow,
        RowRepoEvidence,
        StatusRow,
        TransitionRow,
    )
    from specify_cli.identity.project import ProjectIdentity
    from specify_cli.kernel.files import Disk
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.status.board import Board
    from specify_cli.status.log import Actor
    from specify_cli.status.transitions import TransitionRequest

_TICK = timedelta(microseconds=1)


class WrongBranch(SpecKittyError):
    """The main checkout is not on the mission's branch, where its log lives."""

    code = "WRONG_BRANCH"


@dataclass(frozen=True, slots=True)
class MissionLog:
    """Which log, and everything that is needed to change it.

    Attributes:
        directory: The mission's directory in the main checkout.
        mission_slug: The mission.
        mission_id: Its ULID; None for missions older than that.
        mission_number: Its number; None until it is merged.
        mission_type: Such as `software-dev`.
        worktree_root: The main checkout.
        target_branch: The branch that the mission lives on.
        lock_path: The mission's lock, in the git folder that all checkouts share.
        identity: Answers who writes; asked once, when the first row is composed.
        protected: The project's configured protected branches, None for the default set.
    """

    directory: Path
    mission_slug: str
    mission_id: str | None
    mission_number: int | None
    mission_type: str
    worktree_root: Path
    target_branch: str
    lock_path: Path
    identity: Callable[[], ProjectIdentity]
    protected: tuple[str, ...] | None = None

    @property
    def log_path(self) -> Path:
        """The log."""
        return self.directory / LOG_FILE

    @property
    def status_path(self) -> Path:
        """The board, derived from the log."""
        return self.directory / STATUS_FILE


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What a change did.

    Attributes:
        event_ids: The rows that were appended, in order.
        commit: The commit that holds them; None when there was nothing to commit.
    """

    event_ids: tuple[str, ...]
    commit: str | None


@dataclass(frozen=True, slots=True)
class MissionStatus:
    """A mission's status as its log says.

    Attributes:
        mission_log: Which log.
        log: What was read.
        board: Where every work package stands.
    """

    mission_log: MissionLog
    log: Log
    board: Board

    @classmethod
    def load(cls, mission_log: MissionLog, *, wp_ids: Iterable[str] = ()) -> MissionStatus:
        """Read the status; writes nothing and takes no lock.

        Args:
            mission_log: Which log.
            wp_ids: Work packages to show even if the log does not know them.

        Raises:
            ReadFailed: READ_FAILED. Damaged lines are in `log.problems` instead.
        """
        log = read_log(mission_log.log_path)
        return cls(mission_log, log, fold(log, wp_ids=wp_ids))

    @classmethod
    @contextmanager
    def change(
        cls,
        mission_log: MissionLog,
        *,
        message: str | None = None,
        capability: Capability = Capability.STANDARD,
        disk: Disk = DISK,
        timeout: float = 30.0,
    ) -> Iterator[StatusChange]:
        """Change the status: everything asked for inside the block lands in one commit.

        An error inside the block writes nothing. An error while writing restores what was there.

        Args:
            mission_log: Which log.
            message: The commit message; by default it says what moved where.
            capability: What the commit may do on a protected branch.
            disk: Where to write.
            timeout: Seconds to wait for another process that is changing the same mission.

        Raises:
            WrongBranch: WRONG_BRANCH: the main checkout is on another branch, or on none.
            LogRowsLost: STATUS_LOG_ROWS_LOST: the log is shorter than the committed one.
            LockTimeout: LOCK_TIMEOUT.
            SpecKittyError: whatever the block, the disk or the commit raises.
        """
        with file_lock(mission_log.lock_path, timeout=timeout):
            target = _commit_target(mission_log)
            refuse_lost_rows(mission_log)
            change = StatusChange(mission_log, read_log(mission_log.log_path))
            yield change
            transaction = Transaction(
                target,
                mission_log.lock_path.with_suffix(".pending"),
                disk,
                capability=capability,
                protected=mission_log.protected,
            )
            remember_size(mission_log, change.added_bytes, disk)
            change.finish(transaction, message)


class StatusChange:
    """A change in progress; made by `MissionStatus.change`.

    Each call is validated against the board as the earlier calls of this change left it, and each row
    passes the gate as a row and as an event on the wire before anything is written.

    Attributes:
        mission_log: Which log.
        correlation_id: ULID that the events of this change share.
    """

    def __init__(self, mission_log: MissionLog, log: Log) -> None:
        self.mission_log = mission_log
        self.correlation_id = new_ulid()
        self._log = log
        self._board: Board | None = None
        self._lines: list[bytes] = []
        self._event_ids: list[str] = []
        self._files: dict[Path, bytes | None] = {}
        self._identity: ProjectIdentity | None = None
        self._clock = log.lamport_clock
        self._latest = datetime.fromisoformat(log.latest) if log.latest else None
        self._result: ChangeResult | None = None

    @property
    def log(self) -> Log:
        """The log including the rows of this change."""
        return self._log

    @property
    def board(self) -> Board:
        """The board including the rows of this change."""
        if self._board is None:
            self._board = fold(self._log)
        return self._board

    @property
    def identity(self) -> ProjectIdentity:
        """Who writes."""
        if self._identity is None:
            self._identity = self.mission_log.identity()
        return self._identity

    @property
    def result(self) -> ChangeResult:
        """What was done.

        Raises:
            RuntimeError: The block has not ended, or it failed.
        """
        if self._result is None:
            raise RuntimeError("a change has no result before its block has ended")
        return self._result

    def stamp(self) -> Stamp:
        """Take the next event id, time and logical time.

        Times strictly increase along the log, even when the clock of the machine that wrote the
        last row runs ahead of this one: a row must not sort before those it was decided on.
        """
        moment = utc_now()
        if self._latest is not None and moment <= self._latest:
            moment = self._latest + _TICK
        self._latest = moment
        self._clock += 1
        return Stamp(new_ulid(moment), isoformat(moment), self._clock)

    def transition(self, request: TransitionRequest) -> str:
        """Move a work package; returns the event id.

        Raises:
            TransitionRejected: TRANSITION_REJECTED.
            ContractViolation: CONTRACT_VIOLATION.
        """
        state = self.board.work_packages.get(request.wp_id)
        lane = Lane.UNINITIALIZED if state is None else state.lane
        check_transition(lane, request, blocked_from=state.blocked_from if state else None)
        row = transition_row(
            lane,
            request,
            self.stamp(),
            mission_slug=self.mission_log.mission_slug,
            mission_id=self.mission_log.mission_id,
            build_id=self.identity.build_id,
            work=self._work,
        )
        row = cast("TransitionRow", sanitize_event_for_log(cast("JsonObject", row)))
        check("status_row", row)
        wp_status_changed(
            self.identity,
            row,
            correlation_id=self.correlation_id,
            causation_id=self._event_ids[-1] if self._event_ids else None,
        )
        return self._add(row)

    def annotate(self, wp_id: str, actor: Actor, delta: AnnotationDelta) -> str:
        """Record a fact about a work package that is no lane change; returns the event id.

        Raises:
            ContractViolation: CONTRACT_VIOLATION.
        """
        row = annotation_row(wp_id, actor, delta, self.stamp(), build_id=self.identity.build_id)
        clean = cast("AnnotationRow", sanitize_event_for_log(cast("JsonObject", row)))
        check("status_row", clean)
        return self._add(clean)

    def record(self, envelope: Event) -> str:
        """Record an event about the mission itself; returns the event id.

        Build it with `events.envelope`, this change's `identity`, `stamp()` and `correlation_id`.

        Raises:
            ContractViolation: CONTRACT_VIOLATION.
        """
        row = cast("Event", sanitize_event_for_log(cast("JsonObject", envelope)))
        check("status_row", row)
        check("envelope", row)
        return self._add(row)

    def include(self, path: Path, data: bytes | None) -> None:
        """Write a further file in the same commit; None deletes it.

        Args:
            path: Absolute, inside the main checkout.
            data: Its whole new content.
        """
        self._files[path] = data

    @property
    def added_bytes(self) -> int:
        """How much the log grows by what was asked for so far."""
        return sum(len(line) + 1 for line in self._lines)

    def finish(self, transaction: Transaction, message: str | None) -> None:
        """Write what was asked for; `MissionStatus.change` calls it at the end of its block."""
        commit: str | None = None
        if self._lines or self._files or transaction.interrupted():
            result = transaction.run(
                files=self._files,
                log=self.mission_log.log_path,
                lines=self._lines,
                derived={self.mission_log.status_path: self._snapshot()},
                message=message or self._summary(),
            )
            commit = result.sha if result.committed else None
        self._result = ChangeResult(tuple(self._event_ids), commit)

    def _add(self, row: StatusRow | Event) -> str:
        line = json_line(row)
        self._lines.append(line)
        self._event_ids.append(row["event_id"])
        # What will be read is what was written: the new row takes the way of every other row.
        self._log = self._log.extended(parse_log(BytesIO(line + b"\n")))
        self._board = None
        return row["event_id"]

    def _summary(self) -> str:
        made = set(self._event_ids)
        moves = {
            row.wp_id: f"{row.wp_id} {row.to_lane}"
            for row in self._log.transitions
            if row.event_id in made
        }
        what = ", ".join(moves.values()) or "Add a note"
        return f"{what} ({self.mission_log.mission_slug})"

    def _snapshot(self) -> bytes:
        log = self.mission_log
        document = snapshot(
            self.board,
            SnapshotMeta(log.mission_slug, log.mission_id, log.mission_number, log.mission_type),
        )
        check("status_snapshot", document)
        return json_document(document)

    def _work(self) -> RowRepoEvidence:
        """Say where the mission's work is: the branch it lives on and what that branch holds."""
        head = run_git(self.mission_log.worktree_root, "rev-parse", "HEAD").strip()
        return {
            "repo": self.identity.repo_slug or self.identity.project_slug,
            "branch": self.mission_log.target_branch,
            "commit": head,
        }


def _commit_target(mission_log: MissionLog) -> CommitTarget:
    branch = mission_log.target_branch
    try:
        return CommitTarget.at(mission_log.worktree_root, branch)
    except (DetachedHead, CommitTargetMismatch) as error:
        actual = error.details.get("actual")
        state = f"it is on {actual}" if actual else "it is on no branch (HEAD is detached)"
        raise WrongBranch(
            f"mission {mission_log.mission_slug} lives on branch {branch}, but the main checkout "
            f"is not there: {state}.",
            fix=f"git switch {branch}",
            details={"expected": branch, "actual": actual},
        ) from error
