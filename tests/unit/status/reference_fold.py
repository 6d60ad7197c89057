"""The fold as its laws say it, with every row at hand: slow, plain, and the judge of the quick one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from specify_cli.status.board import Board, Cancellation, WorkPackageState, actor_label
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.status.log import Annotation, Log, Transition

UNCLAIMED = {Lane.GENESIS, Lane.UNINITIALIZED, Lane.PLANNED}
WORKING = {Lane.CLAIMED, Lane.IN_PROGRESS}
REVIEWED = {Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED}


def reference_fold(log: Log) -> Board:
    """Fold a log: an id counts once, order is (at, event_id), annotations come last."""
    seen: set[str] = set()
    moves: list[Transition] = in_order(log.transitions, seen)
    notes: list[Annotation] = in_order(log.annotations, seen)
    ids = {row.wp_id for row in moves} | {note.wp_id for note in notes}
    return Board(
        {
            wp_id: state(
                applied([row for row in moves if row.wp_id == wp_id]),
                [note for note in notes if note.wp_id == wp_id],
            )
            for wp_id in sorted(
                ids, key=lambda one: (int(one[2:]) if one[2:].isdecimal() else 0, one)
            )
        },
        len(moves),
        moves[-1].event_id if moves else None,
        moves[-1].at if moves else None,
    )


def in_order(rows: Any, seen: set[str]) -> list[Any]:
    """Sort rows, each id once: the first in the file."""
    distinct = []
    for row in rows:
        if row.event_id not in seen:
            seen.add(row.event_id)
            distinct.append(row)
    return sorted(distinct, key=lambda row: (row.at, row.event_id))


def applied(moves: list[Transition]) -> list[Transition]:
    """Drop what lost against a rollback out of the same lane at the same time."""
    counted: list[Transition] = []
    for row in moves:
        before = counted[-1] if counted else None
        if (
            before is None
            or (before.at, before.from_lane) != (row.at, row.from_lane)
            or not is_rollback(before)
            or is_rollback(row)
        ):
            counted.append(row)
    return counted


def is_rollback(row: Transition) -> bool:
    """Tell whether a row sends work back from review."""
    return row.from_lane in REVIEWED and row.to_lane in {Lane.PLANNED, Lane.IN_PROGRESS}


def state(moves: Sequence[Transition], notes: Sequence[Annotation]) -> WorkPackageState:
    """Return what the rows of one work package say."""
    last = moves[-1] if moves else None
    subtasks: dict[str, str] = {}
    latest: dict[str, Any] = {}
    noted_at: dict[str, str] = {}
    remarks = []
    for note in notes:
        for key, value in note.delta.items():
            if key == "subtasks" and isinstance(value, dict):
                subtasks |= {task: str(status) for task, status in value.items()}
                continue
            latest[key], noted_at[key] = value, note.at
            if key == "note":
                remarks.append(str(value))
    refs = [row.review_ref for row in moves if row.review_ref is not None]
    results = [row.review_result for row in moves if row.review_result is not None]
    reviews = [r for r in moves if r.to_lane is Lane.IN_REVIEW and r.from_lane is not Lane.BLOCKED]
    before = [row.to_lane for row in moves if row.to_lane is not Lane.BLOCKED]
    return WorkPackageState(
        lane=last.to_lane if last else Lane.UNINITIALIZED,
        actor=actor_label(last.actor) if last else None,
        last_event_id=last.event_id if last else None,
        last_transition_at=last.at if last else None,
        force_count=sum(row.force for row in moves),
        subtasks=subtasks,
        implementer=implementer(moves),
        reviewer=actor_label(reviews[-1].actor) if reviews else None,
        review_ref=refs[-1] if refs else None,
        review_result=results[-1] if results else None,
        cancellation=Cancellation(last.reason, last.reason_source or "operator")
        if last and last.to_lane is Lane.CANCELED
        else None,
        blocked_from=(before[-1] if before else moves[0].from_lane)
        if last and last.to_lane is Lane.BLOCKED
        else None,
        remarks=tuple(remarks),
        notes=latest,
        noted_at=noted_at,
        blocked_for=last.reason if last and last.to_lane is Lane.BLOCKED else None,
        started=any(
            (row.from_lane, row.to_lane, row.force) == (Lane.CLAIMED, Lane.IN_PROGRESS, False)
            for row in moves
        ),
        hands=hands(moves),
        wire_forces=sum(row.force and row.force_source == "wire" for row in moves),
    )


def since_planned(moves: Sequence[Transition]) -> Sequence[Transition]:
    """Return the rows since the package was last planned."""
    planned = [place for place, row in enumerate(moves) if row.to_lane is Lane.PLANNED]
    return moves[planned[-1] + 1 if planned else 0 :]


def takes(row: Transition) -> bool:
    """Tell whether a row claims work, or takes it over by force."""
    if row.to_lane not in WORKING:
        return False
    return row.from_lane in UNCLAIMED or (row.from_lane in WORKING and row.force)


def hands(moves: Sequence[Transition]) -> tuple[str, ...]:
    """Return everybody who claimed it, went on with it or handed it over since the last planning."""
    since = since_planned(moves)
    found = []
    for place, row in enumerate(since):
        hands_over = row.from_lane in WORKING and row.to_lane is Lane.FOR_REVIEW
        works = row.to_lane in WORKING
        nobodys = works and not any(map(takes, since[:place]))
        if takes(row) or hands_over or nobodys or (works and row.from_lane in WORKING):
            found.append(actor_label(row.actor))
    return tuple(dict.fromkeys(found))


def implementer(moves: Sequence[Transition]) -> str | None:
    """Return who claimed or took over last since the last planning; else who worked first."""
    since = [row for row in since_planned(moves) if row.to_lane in WORKING]
    claims = [row for row in since if takes(row)]
    who = claims[-1] if claims else since[0] if since else None
    return None if who is None else actor_label(who.actor)
