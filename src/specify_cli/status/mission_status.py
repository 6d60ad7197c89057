"""A mission's status as one aggregate: read it, or change it under its lock in one commit.

A change is a transaction (DESIGN.md D5): lock, read, validate; then append the rows with
one fsync, write `status.json`, commit both, release. Whatever fails on the way, the files are as they
were before. What only a crash can leave behind is told by a marker file beside the lock
(`status.pending`): half a change is taken back by whoever comes next, and rows that are written and not
yet committed are committed by the next change.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.envelope import Stamp, wp_status_changed
from specify_cli.events.free_text import publishable
from specify_cli.git.process import run_git
from specify_cli.git.safe_commit import Capability, refuse_operation
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.files import DISK, json_line
from specify_cli.kernel.gate import check
from specify_cli.kernel.locks import file_lock
from specify_cli.kernel.ulid import new_ulid
from specify_cli.status.board import board_of, state_of, tally_of
from specify_cli.status.lanes import Lane
from specify_cli.status.left_log import remember_log
from specify_cli.status.log import Log, parse_log, summary_of
from specify_cli.status.lost_rows import refuse_lost_rows
from specify_cli.status.mission_log import MissionLog, WrongBranch, commit_target
from specify_cli.status.pending import take_back_if_crashed
from specify_cli.status.reading import FoldedLog, fold_log, keep_appended, read_folded
from specify_cli.status.rendering import rendered
from specify_cli.status.rows import annotation_row, transition_row
from specify_cli.status.torn_tail import uncommitted_tail
from specify_cli.status.transaction import Transaction
from specify_cli.status.transitions import check_transition
from specify_cli.status.wp_ids import normalise_wp_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.definitions import RowRepoEvidence
    from spec_kitty_contracts.wire.envelope import Event
    from spec_kitty_contracts.wire.status_rows import (
        AnnotationDelta,
        StatusRow,
    )
    from specify_cli.events.free_text import Surroundings
    from specify_cli.identity.project import ProjectIdentity
    from specify_cli.kernel.files import Disk
    from specify_cli.status.board import Board
    from specify_cli.status.log import Actor, LogProblem, Transition
    from specify_cli.status.reading import Appended
    from specify_cli.status.transitions import TransitionRequest

__all__ = ["ChangeResult", "MissionLog", "MissionStatus", "StatusChange", "WrongBranch"]

_TICK = timedelta(microseconds=1)
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC) - _TICK


class ChangeResult(NamedTuple):
    """What a change did.

    Attributes:
        event_ids: The rows that were appended, in order.
        commit: The commit that holds them; None when there was nothing to commit.
    """

    event_ids: tuple[str, ...]
    commit: str | None


class MissionStatus:
    """A mission's status as its log says.

    Attributes:
        mission_log: Which log.
        folded: What was read for the board: problems, counts, totals.
        board: Where every work package stands.
    """

    def __init__(self, mission_log: MissionLog, folded: FoldedLog, board: Board) -> None:
        self.mission_log = mission_log
        self.folded = folded
        self.board = board

    @classmethod
    def load(cls, mission_log: MissionLog, *, wp_ids: Iterable[str] = ()) -> MissionStatus:
        """Read the status; writes at most a checkpoint of a long log.

        Takes no lock, unless a change crashed half done: that is taken back first.

        Args:
            mission_log: Which log.
            wp_ids: Work packages to show even if the log does not know them.

        Raises:
            ReadFailed: READ_FAILED. Damaged lines are in `problems` instead.
        """
        take_back_if_crashed(mission_log.lock_path, mission_log.worktree_root)
        folded = read_folded(mission_log)
        return cls(mission_log, folded, folded.board(wp_ids))

    @property
    def problems(self) -> tuple[LogProblem, ...]:
        """Lines of the log that could not be used."""
        return self.folded.problems

    @cached_property
    def log(self) -> Log:
        """The log with its rows; read when it is first asked for.

        Raises:
            ReadFailed: READ_FAILED.
        """
        return self.folded.log()

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
        repairing: bool = False,
    ) -> Iterator[StatusChange]:
        """Change the status: everything asked for inside the block lands in one commit.

        An error inside the block writes nothing. An error while writing restores what was there.

        Args:
            mission_log: Which log.
            message: The commit message; by default it says what moved where.
            capability: What the commit may do on a protected branch, if that is more than what the
                log's own capability lets every change do.
            disk: Where to write.
            timeout: Seconds to wait for another process that is changing the same mission.
            repairing: The block puts back what the log lacks of the committed one.

        Raises:
            OperationInProgress: SAFE_COMMIT_OPERATION_IN_PROGRESS: a merge or the like is going on.
            WrongBranch: WRONG_BRANCH: the main checkout is on another branch, or on none.
            LogRowsLost: STATUS_LOG_ROWS_LOST: the log lacks committed rows.
            LockTimeout: LOCK_TIMEOUT.
            SpecKittyError: whatever the block, the disk or the commit raises.
        """
        if capability is Capability.STANDARD:
            capability = mission_log.capability
        with file_lock(mission_log.lock_path, timeout=timeout):
            refuse_operation(mission_log.worktree_root)
            transaction = Transaction(
                commit_target(mission_log),
                mission_log.marker_path,
                disk,
                capability=capability,
                protected=mission_log.protected,
            )
            transaction.recover()
            if not repairing:
                refuse_lost_rows(mission_log)
            folded = fold_log(mission_log.log_path, mission_log.checkpoint_path)
            change = StatusChange(mission_log, folded)
            yield change
            change.finish(transaction, message)


class StatusChange:
    """A change in progress; made by `MissionStatus.change`.

    Each call is validated against the board as the earlier calls of this change left it, and each row
    passes the gate as a row and as an event on the wire before anything is written.

    Attributes:
        mission_log: Which log.
        correlation_id: ULID that the events of this change share.
    """

    def __init__(self, mission_log: MissionLog, folded: FoldedLog) -> None:
        self.mission_log = mission_log
        self.correlation_id = new_ulid()
        self._folded = folded
        self._tally = folded.tally
        self._board: Board | None = None
        self._rows: Log | None = None
        self._own = Log()
        self._lines: list[bytes] = []
        self._event_ids: list[str] = []
        self._files: dict[Path, bytes | None] = {}
        self._identity: ProjectIdentity | None = None
        self._clock = folded.summary.lamport_clock
        latest = folded.summary.latest
        self._latest = datetime.fromisoformat(latest) if latest else None
        self._result: ChangeResult | None = None

    @property
    def log(self) -> Log:
        """The log including the rows of this change; read when it is first asked for.

        Raises:
            ReadFailed: READ_FAILED.
        """
        if self._rows is None:
            self._rows = self._folded.log()
        return self._rows.extended(self._own)

    @property
    def problems(self) -> tuple[LogProblem, ...]:
        """Lines of the log that could not be used."""
        return self._folded.problems

    @property
    def moved(self) -> tuple[Transition, ...]:
        """The lane changes of this change, in order."""
        return self._own.transitions

    @property
    def board(self) -> Board:
        """The board including the rows of this change."""
        if self._board is None:
            self._board = board_of(self._tally)
        return self._board

    @property
    def identity(self) -> ProjectIdentity:
        """Who writes."""
        if self._identity is None:
            self._identity = self.mission_log.identity()
        return self._identity

    @cached_property
    def surroundings(self) -> Surroundings:
        """What no text of this change may tell; for files that say what a row says (P8)."""
        return self.mission_log.surroundings

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
            moment = min(self._latest, _LAST_MOMENT) + _TICK
        self._latest = moment
        self._clock += 1
        return Stamp(new_ulid(moment), isoformat(moment), self._clock)

    def transition(self, request: TransitionRequest) -> str:
        """Move a work package; returns the event id.

        Raises:
            TransitionRejected: TRANSITION_REJECTED.
            ContractViolation: CONTRACT_VIOLATION.
        """
        package = self._tally.packages.get(normalise_wp_id(request.wp_id) or request.wp_id)
        state = state_of(package) if package is not None else None
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
            reviewed=state.review_result if state else None,
        )
        row = publishable(row, self.surroundings)
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
        clean = publishable(row, self.surroundings)
        check("status_row", clean)
        return self._add(clean)

    def record(self, envelope: Event) -> str:
        """Record an event about the mission itself; returns the event id.

        Build it with `events.envelope`, this change's `identity`, `stamp()` and `correlation_id`.

        Raises:
            ContractViolation: CONTRACT_VIOLATION.
        """
        row = publishable(envelope, self.surroundings)
        check("status_row", row)
        check("envelope", row)
        return self._add(row)

    def adopt(self, lines: Sequence[bytes]) -> None:
        """Take over rows of another copy of this log as they are written; do it first.

        Args:
            lines: Whole lines without their newline, none of which this log has.
        """
        self._lines += lines
        self._own = self._own.extended(parse_log(BytesIO(b"".join(line + b"\n" for line in lines))))
        # Their times may lie before those of rows that are here.
        self._tally = tally_of(self.log)
        self._board = None

    def include(self, path: Path, data: bytes | None) -> None:
        """Write a further file in the same commit; None deletes it.

        Args:
            path: Absolute, inside the main checkout.
            data: Its whole new content.
        """
        self._files[path] = data

    def rewrite(self, data: bytes) -> None:
        """Replace the log; only a repair does that, and it proves first that no row gets lost."""
        log = parse_log(BytesIO(data))
        self._rows, self._tally, self._board = log, tally_of(log), None
        self.include(self.mission_log.log_path, data)

    def finish(self, transaction: Transaction, message: str | None) -> None:
        """Write what was asked for; `MissionStatus.change` calls it at the end of its block."""
        commit: str | None = None
        if self._lines or self._files or transaction.interrupted():
            result = transaction.run(
                files=self._files,
                log=self.mission_log.log_path,
                lines=self._lines,
                derived={self.mission_log.status_path: rendered(self.mission_log, self.board)},
                message=message or self._summary(),
                torn=uncommitted_tail(self.mission_log),
            )
            remember_log(self.mission_log, result.sha)
            commit = result.sha if result.committed else None
            self._keep(transaction.appended)
        self._result = ChangeResult(tuple(self._event_ids), commit)

    def _add(self, row: StatusRow | Event) -> str:
        line = json_line(row)
        self._lines.append(line)
        self._event_ids.append(row["event_id"])
        # What will be read is what was written: the new row takes the way of every other row.
        log = parse_log(BytesIO(line + b"\n"))
        for move in log.transitions:
            self._tally.add_move(move)
        for note in log.annotations:
            self._tally.add_note(note)
        self._own = self._own.extended(log)
        self._board = None
        return row["event_id"]

    def _keep(self, appended: Appended | None) -> None:
        """Keep the fold of the grown log, so that nobody need read it again."""
        base = self._folded.checkpoint
        if base is not None and appended is not None:
            summary = base.summary.extended(summary_of(self._own, len(self._lines)))
            now = self._folded._replace(summary=summary, tally=self._tally)
            keep_appended(base, now, appended, self.mission_log.checkpoint_path)

    def _summary(self) -> str:
        moves = {row.wp_id: f"{row.wp_id} {row.to_lane}" for row in self.moved}
        what = ", ".join(moves.values()) or "Add a note"
        return f"{what} ({self.mission_log.mission_slug})"

    def _work(self) -> RowRepoEvidence:
        """Say where the mission's work is: the branch it lives on and what that branch holds."""
        head = run_git(self.mission_log.worktree_root, "rev-parse", "HEAD").strip()
        return {
            "repo": self.identity.repo_slug or self.identity.project_slug,
            "branch": self.mission_log.target_branch,
            "commit": head,
        }
