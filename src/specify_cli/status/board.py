"""Folding a log into the board: where every work package stands, and who put it there."""

from __future__ import annotations

from itertools import islice
from operator import eq, itemgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from specify_cli.status.lanes import DISPLAY_LANES, Lane
from specify_cli.status.log import Annotation, Transition, collection_paused

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
    from specify_cli.status.log import Actor, Log

STATUS_FILE = "status.json"

_UNCLAIMED = frozenset({Lane.GENESIS, Lane.UNINITIALIZED, Lane.PLANNED})
_WORKING = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS})
_REVIEWED = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})
_REWORK = frozenset({Lane.PLANNED, Lane.IN_PROGRESS})

_AT, _FORCE, _REVIEW_REF, _REVIEW_RESULT = (
    itemgetter(Transition._fields.index(name))
    for name in ("at", "force", "review_ref", "review_result")
)

_Row = TypeVar("_Row", Transition, Annotation)
_Value = TypeVar("_Value")


class Cancellation(NamedTuple):
    """Why a work package was canceled.

    Attributes:
        reason: In words, if somebody gave one.
        source: Who gave it; `operator` unless the row says otherwise.
    """

    reason: str | None
    source: str


class WorkPackageState(NamedTuple):
    """Where one work package stands.

    Attributes:
        lane: Its lane.
        actor: Label of who moved it last.
        last_event_id: The row that moved it last.
        last_transition_at: When, in the log's time form.
        force_count: Forced changes so far.
        subtasks: Subtask id to its latest status.
        implementer: Label of who claimed it; None while nobody has it.
        reviewer: Label of who took it into review last.
        review_ref: The latest review it refers to.
        review_result: The verdict of the latest review.
        cancellation: While it is canceled, who gave which reason.
        blocked_from: While it is blocked, the lane it came from.
        remarks: The notes of its annotations, oldest first.
        notes: What annotations say besides subtasks; the latest value of each key.
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
    with collection_paused():
        return _fold(log, wp_ids)


def _fold(log: Log, wp_ids: Iterable[str]) -> Board:
    seen: set[str] = set()
    transitions = _in_order(log.transitions, seen)
    last = transitions[-1] if transitions else None
    count = len(transitions)
    moves = _by_work_package(_applied(transitions))
    notes = _by_work_package(_in_order(log.annotations, seen))
    return Board(
        work_packages=MappingProxyType(
            {
                wp_id: _state(moves.get(wp_id, ()), notes.get(wp_id, ()))
                for wp_id in sorted({*wp_ids, *moves, *notes}, key=_by_number)
            }
        ),
        event_count=count,
        last_event_id=last.event_id if last else None,
        last_at=last.at if last else None,
    )


def snapshot(board: Board, meta: SnapshotMeta) -> StatusSnapshot:
    """Compose `status.json`: the same board gives the same document, byte for byte (P4).

    Work packages that the log does not know are left out: they have no lane that the contract names.
    The caller passes the document through the gate (`status_snapshot`) before it is written.
    """
    known = {
        wp_id: state
        for wp_id, state in board.work_packages.items()
        if state.lane is not Lane.UNINITIALIZED
    }
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
        and _is_rollback(before)
        and not _is_rollback(row)
    )


def actor_label(actor: Actor) -> str:
    """Return one word for an actor: the name, or the structured form's tool, profile or role."""
    if isinstance(actor, str):
        return actor
    for key in ("tool", "profile", "role", "model"):
        value = actor.get(key)
        if isinstance(value, str) and value.strip():
            return value
    return "unknown"


def _state(moves: Sequence[Transition], notes: Sequence[Annotation]) -> WorkPackageState:
    """Fold one work package: its lane changes in order, then its annotations."""
    last = moves[-1] if moves else None
    subtasks: dict[str, str] = {}
    remarks: list[str] = []
    latest: dict[str, JsonValue] = {}
    for note in notes:
        for key, value in note.delta.items():
            if key == "subtasks" and isinstance(value, dict):
                subtasks.update((task, str(status)) for task, status in value.items())
                continue
            latest[key] = value
            if key == "note":
                remarks.append(str(value))
    return WorkPackageState(
        lane=last.to_lane if last else Lane.UNINITIALIZED,
        actor=actor_label(last.actor) if last else None,
        last_event_id=last.event_id if last else None,
        last_transition_at=last.at if last else None,
        force_count=sum(map(_FORCE, moves)),
        subtasks=MappingProxyType(subtasks),
        implementer=_label(_implementer(moves)),
        reviewer=_label(_reviewer(moves)),
        review_ref=_latest(map(_REVIEW_REF, moves)),
        review_result=_latest(map(_REVIEW_RESULT, moves)),
        cancellation=_cancellation(last),
        blocked_from=_blocked_from(moves),
        remarks=tuple(remarks),
        notes=MappingProxyType(latest),
    )


def _by_work_package(rows: Iterable[_Row]) -> dict[str, list[_Row]]:
    grouped: dict[str, list[_Row]] = {}
    for row in rows:
        wp_id = row[2]
        if wp_id in grouped:
            grouped[wp_id].append(row)
        else:
            grouped[wp_id] = [row]
    return grouped


def _applied(transitions: list[Transition]) -> list[Transition]:
    """Leave out the changes that lost against a rollback at the same time."""
    times = list(map(_AT, transitions))
    if not any(map(eq, times, islice(times, 1, None))):
        return transitions
    last: dict[str, Transition] = {}
    applied = []
    for row in transitions:
        before = last.get(row.wp_id)
        if before is None or not competes(before, row):
            last[row.wp_id] = row
            applied.append(row)
    return applied


def _implementer(moves: Sequence[Transition]) -> Actor | None:
    """Return who took the package on since it was last planned.

    A rejected review and a return from blocked change nothing about it.
    """
    working: Transition | None = None
    for row in reversed(moves):
        if row.to_lane is Lane.PLANNED:
            break
        if row.to_lane in _WORKING:
            if row.from_lane in _UNCLAIMED:
                return row.actor
            working = row
    return None if working is None else working.actor


def _reviewer(moves: Sequence[Transition]) -> Actor | None:
    """Return who took the package into review last."""
    for row in reversed(moves):
        if row.to_lane is Lane.IN_REVIEW and row.from_lane is not Lane.BLOCKED:
            return row.actor
    return None


def _latest(values: Iterable[_Value | None]) -> _Value | None:
    """Return the last value that is one."""
    given = [value for value in values if value is not None]
    return given[-1] if given else None


def _blocked_from(moves: Sequence[Transition]) -> Lane | None:
    """Return the lane that a blocked package was in before, whatever the row itself claims."""
    if not moves or moves[-1].to_lane is not Lane.BLOCKED:
        return None
    before = next((row.to_lane for row in reversed(moves) if row.to_lane is not Lane.BLOCKED), None)
    return moves[0].from_lane if before is None else before


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


def _is_rollback(row: Transition) -> bool:
    return row.from_lane in _REVIEWED and row.to_lane in _REWORK


def _cancellation(last: Transition | None) -> Cancellation | None:
    if last is None or last.to_lane is not Lane.CANCELED:
        return None
    return Cancellation(last.reason, last.reason_source or "operator")


def _label(actor: Actor | None) -> str | None:
    return None if actor is None else actor_label(actor)


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
    if all(isinstance(review.get(key), str) for key in ("reviewer", "verdict", "reference")):
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
