"""Folding a log into the board: where every work package stands, and who put it there."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from specify_cli.status.lanes import DISPLAY_LANES, Lane
from specify_cli.status.log import Annotation, Transition, collection_paused
from specify_cli.status.tally import (
    Cancellation,
    PackageTally,
    Tally,
    actor_label,
    actor_of,
    is_rollback,
)
from specify_cli.status.wp_ids import is_wp_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from spec_kitty_contracts.wire.definitions import Lane as WireLane
    from spec_kitty_contracts.wire.status_snapshot import (
        LaneSummary,
        LatestReview,
        StatusSnapshot,
        WorkPackageStatus,
    )
    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.status.log import Log

__all__ = [
    "STATUS_FILE",
    "Board",
    "Cancellation",
    "SnapshotMeta",
    "WorkPackageState",
    "actor_label",
    "actor_of",
    "board_of",
    "competes",
    "fold",
    "lane_counts",
    "ordered",
    "shown_states",
    "snapshot",
    "state_of",
    "tally_of",
]

STATUS_FILE = "status.json"

_Row = TypeVar("_Row", Transition, Annotation)


class WorkPackageState(NamedTuple):
    """Where one work package stands.

    Attributes:
        lane: Its lane.
        actor: Label of who moved it last.
        last_event_id: The row that moved it last.
        last_transition_at: When, in the log's time form.
        force_count: Forced changes so far, as the rows say.
        wire_forces: Those of them that nobody forced: the events contract asks for it.
        subtasks: Subtask id to its latest status.
        implementer: Label of who claimed it, or took it over by force; None while nobody has it.
        hands: Labels of everybody who had it in hand since it was last planned: implementers, and
            who handed it over for review.
        reviewer: Label of who took it into review last.
        review_ref: The latest review it refers to.
        review_result: The verdict of the latest review.
        cancellation: While it is canceled, who gave which reason.
        blocked_from: While it is blocked, the lane it came from.
        blocked_for: While it is blocked, why, if somebody said so.
        remarks: The notes of its annotations, oldest first.
        notes: What annotations say besides subtasks; the latest value of each key.
        noted_at: When each of the notes was made, in the log's time form.
        started: Whether it ever went from claimed into progress without force, so that it had a
            workspace.
    """

    lane: Lane = Lane.UNINITIALIZED
    actor: str | None = None
    last_event_id: str | None = None
    last_transition_at: str | None = None
    force_count: int = 0
    subtasks: Mapping[str, str] = MappingProxyType({})
    implementer: str | None = None
    reviewer: str | None = None
    review_ref: str | None = None
    review_result: Mapping[str, JsonValue] | None = None
    cancellation: Cancellation | None = None
    blocked_from: Lane | None = None
    remarks: tuple[str, ...] = ()
    notes: Mapping[str, JsonValue] = MappingProxyType({})
    noted_at: Mapping[str, str] = MappingProxyType({})
    started: bool = False
    blocked_for: str | None = None
    hands: tuple[str, ...] = ()
    wire_forces: int = 0

    @property
    def user_forces(self) -> int:
        """Changes that somebody forced."""
        return self.force_count - self.wire_forces

    def is_by(self, name: str | None) -> bool:
        """Tell whether somebody had a hand in the work, so that their review is a self-review."""
        return name is not None and (name == self.implementer or name in self.hands)


class Board(NamedTuple):
    """All work packages of a mission, as its log says.

    Attributes:
        work_packages: Work package id to its state, in the order of the ids' numbers.
        event_count: Distinct lane changes folded in.
        last_event_id: The last of them in the fold's order; None when there is none.
        last_at: Its time.
    """

    work_packages: Mapping[str, WorkPackageState]
    event_count: int = 0
    last_event_id: str | None = None
    last_at: str | None = None

    def lane(self, wp_id: str) -> Lane:
        """Return a work package's lane; `UNINITIALIZED` for one that the log does not know."""
        state = self.work_packages.get(wp_id)
        return Lane.UNINITIALIZED if state is None else state.lane

    def in_lane(self, *lanes: Lane) -> tuple[str, ...]:
        """Return the ids of the work packages that are in one of the lanes, in board order."""
        return tuple(wp for wp, state in self.work_packages.items() if state.lane in lanes)


class SnapshotMeta(NamedTuple):
    """What a snapshot says about the mission besides its log."""

    mission_slug: str
    mission_id: str | None
    mission_number: int | None
    mission_type: str


def fold(log: Log, *, wp_ids: Iterable[str] = ()) -> Board:
    """Fold a log into a board.

    An event id counts once; the first row in the file wins. Rows apply in the order of
    (at, event_id), whatever their order in the file, so that two branches of a log merge into one
    board. Of two changes out of one lane at the very same time, a reviewer's rollback beats the move
    forward. Annotations apply after all lane changes.

    Args:
        log: The log.
        wp_ids: Work packages to show even if the log does not know them.
    """
    return board_of(tally_of(log), wp_ids)


def tally_of(log: Log) -> Tally:
    """Fold a log into running totals; `fold` says in which order."""
    tally, seen = Tally(), set[str]()
    with collection_paused():
        for row in _in_order(log.transitions, seen):
            tally.add_move(row)
        for note in _in_order(log.annotations, seen):
            tally.add_note(note)
    return tally


def board_of(tally: Tally, wp_ids: Iterable[str] = ()) -> Board:
    """Return the board that running totals show now; later rows do not change it.

    Args:
        tally: The totals.
        wp_ids: Work packages to show even if the log does not know them.
    """
    known = tally.packages
    return Board(
        work_packages=MappingProxyType(
            {
                wp_id: state_of(known[wp_id]) if wp_id in known else WorkPackageState()
                for wp_id in sorted({*wp_ids, *known}, key=_by_number)
            }
        ),
        event_count=tally.event_count,
        last_event_id=tally.last_id or None,
        last_at=tally.last_at or None,
    )


def state_of(package: PackageTally) -> WorkPackageState:
    """Return where a work package stands by its totals; later rows do not change it."""
    return WorkPackageState(
        lane=package.lane,
        actor=package.actor,
        last_event_id=package.event_id,
        last_transition_at=package.at,
        force_count=package.force_count,
        subtasks=MappingProxyType(dict(package.subtasks)),
        implementer=package.worked_by if package.claimed_by is None else package.claimed_by,
        reviewer=package.reviewer,
        review_ref=package.review_ref,
        review_result=package.review_result,
        cancellation=package.cancellation if package.lane is Lane.CANCELED else None,
        blocked_from=package.blocked_from if package.lane is Lane.BLOCKED else None,
        remarks=tuple(package.remarks),
        notes=MappingProxyType(dict(package.notes)),
        noted_at=MappingProxyType(dict(package.noted_at)),
        started=package.started,
        blocked_for=package.blocked_for if package.lane is Lane.BLOCKED else None,
        hands=tuple(package.hands),
        wire_forces=package.wire_forces,
    )


def snapshot(board: Board, meta: SnapshotMeta) -> StatusSnapshot:
    """Compose `status.json`: the same board gives the same document, byte for byte (P4).

    Work packages that the log does not know are left out: they have no lane that the contract names.
    So are those that only old logs know, under a name that is no work package id.
    The caller passes the document through the gate (`status_snapshot`) before it is written.
    """
    known = shown_states(board)
    return {
        "mission_slug": meta.mission_slug,
        "mission_id": meta.mission_id,
        "mission_number": meta.mission_number,
        "mission_type": meta.mission_type,
        "materialized_at": board.last_at,
        "event_count": board.event_count,
        "last_event_id": board.last_event_id,
        "summary": lane_counts(known.values()),
        "work_packages": {wp_id: _status(state) for wp_id, state in known.items()},
    }


def shown_states(board: Board) -> dict[str, WorkPackageState]:
    """Return the work packages that `status.json` shows, in board order."""
    return {
        wp_id: state
        for wp_id, state in board.work_packages.items()
        if state.lane is not Lane.UNINITIALIZED and is_wp_id(wp_id)
    }


def lane_counts(states: Iterable[WorkPackageState]) -> LaneSummary:
    """Count work packages by displayed lane."""
    counts = dict.fromkeys(DISPLAY_LANES, 0)
    for state in states:
        if state.lane in counts:
            counts[state.lane] += 1
    return {
        "planned": counts[Lane.PLANNED],
        "claimed": counts[Lane.CLAIMED],
        "in_progress": counts[Lane.IN_PROGRESS],
        "for_review": counts[Lane.FOR_REVIEW],
        "in_review": counts[Lane.IN_REVIEW],
        "approved": counts[Lane.APPROVED],
        "done": counts[Lane.DONE],
        "blocked": counts[Lane.BLOCKED],
        "canceled": counts[Lane.CANCELED],
    }


def ordered(transitions: Sequence[Transition]) -> list[Transition]:
    """Return lane changes in the fold's order, each event id once."""
    return _in_order(transitions, set())


def competes(before: Transition, row: Transition) -> bool:
    """Tell whether a row is dropped because a rollback out of the same lane came at the same time."""
    return (
        before.at == row.at
        and before.from_lane is row.from_lane
        and is_rollback(before.from_lane, before.to_lane)
        and not is_rollback(row.from_lane, row.to_lane)
    )


def _in_order(rows: Sequence[_Row], seen: set[str]) -> list[_Row]:
    """Return rows in the fold's order, each event id once; `seen` is added to."""
    distinct = list(rows)
    ids = {row[1] for row in distinct}
    if len(ids) < len(distinct) or not seen.isdisjoint(ids):
        distinct = []
        for row in rows:
            if row[1] not in seen:
                seen.add(row[1])
                distinct.append(row)
    seen |= ids
    # Tuples that begin with (at, event_id), and no two event ids are equal any more.
    distinct.sort()
    return distinct


def _by_number(wp_id: str) -> tuple[int, str]:
    # WP100 comes after WP99, not after WP10.
    digits = wp_id.removeprefix("WP")
    return (int(digits) if digits.isdecimal() and len(digits) < 10 else 0, wp_id)


def _status(state: WorkPackageState) -> WorkPackageStatus:
    """Render a state with exactly the keys of the existing CLI, which compares them all."""
    status: WorkPackageStatus = {
        "lane": cast("WireLane", state.lane.value),
        "actor": state.actor,
        "last_transition_at": state.last_transition_at,
        "last_event_id": state.last_event_id,
        "force_count": state.force_count,
    }
    if state.subtasks:
        status["subtasks"] = dict(state.subtasks)
    review = state.review_result or {}
    said = [review.get(key) for key in ("reviewer", "verdict", "reference")]
    told = isinstance(review.get("feedback_path"), str | None)
    if told and all(isinstance(word, str) and word for word in said):
        status["review_result"] = cast("LatestReview", dict(review))
    if state.cancellation is not None:
        status["cancellation_reason"] = state.cancellation.reason
        status["reason_source"] = state.cancellation.source
    if state.remarks:
        status["notes"] = list(state.remarks)
    agent, role, model = (state.notes.get(key) for key in ("agent", "role", "model"))
    if isinstance(agent, str):
        status["agent"] = agent
    if isinstance(role, str):
        status["role"] = role
    if isinstance(model, str):
        status["model"] = model
    return status
