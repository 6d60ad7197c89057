"""What a work package waits for, and how long it has: for people and for programs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.next.view import NOT_BEGUN, WORKING
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from specify_cli.next.view import MissionView, WorkPackageView


class Waiting(NamedTuple):
    """A work package that cannot go on, and why.

    Attributes:
        on: Dependencies that are not approved yet.
        held_by: Who has it in hand, or None.
        story: The same for people, with how long it has stood there.
        since: Since when, ISO 8601; None when it never moved.
    """

    wp_id: str
    lane: Lane
    on: tuple[str, ...]
    held_by: str | None
    story: str
    since: str | None = None


def wait_for(view: MissionView, package: WorkPackageView) -> Waiting:
    """Say on what a work package waits, and for how long."""
    unmet = view.unmet(package) if package.lane in NOT_BEGUN else ()
    since = ago(view, package.since, since=True)
    holder = package.holder()
    stop = view.stop_of(package.id)
    busy = busy_with(view, package)
    if package.lane is Lane.BLOCKED:
        story = f"{package.id} is blocked {since}" + (f", held by {holder}" if holder else "")
    elif stop is not None:
        story = f"{package.id} was reported as {stop.result} by {stop.agent} {ago(view, stop.at)}"
    elif package.lane in WORKING:
        story = f"{package.id} is being implemented by {holder} {since}"
    elif package.lane is Lane.IN_REVIEW:
        story = f"{package.id} is being reviewed by {holder} {since}"
    elif package.lane is Lane.FOR_REVIEW:
        story = f"{package.id} waits for a review {since}"
        if view.agent is not None and package.implementer == view.agent:
            story += f", by somebody else than {view.agent}, who implemented it"
    elif package.lane is not Lane.PLANNED:
        story = f"{package.id} is not on the board yet"
    elif unmet:
        story = f"{package.id} waits {since} for {', '.join(unmet)} to be approved"
    elif busy is not None:
        story = f"{package.id} shares its worktree with {busy.id}, which {busy.holder()} works on"
    else:
        story = f"{package.id} is ready"
    return Waiting(package.id, package.lane, unmet, holder, f"{story}.", package.since)


def busy_with(view: MissionView, package: WorkPackageView) -> WorkPackageView | None:
    """Return the work package that another agent is working on in the same worktree."""
    return next(
        (
            other
            for other in view.work_packages
            if other.id != package.id
            and other.lane_id is not None
            and other.lane_id == package.lane_id
            and other.lane in WORKING
            and other.implementer != view.agent
        ),
        None,
    )


def ago(view: MissionView, moment: str | None, *, since: bool = False) -> str:
    """Say how long ago something was, or for how long it has lasted."""
    if moment is None:
        return "since an unknown time" if since else "at an unknown time"
    seconds = max(0, int((view.now - datetime.fromisoformat(moment)).total_seconds()))
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            span = f"{count} {unit}{'' if count == 1 else 's'}"
            break
    else:
        span = "less than a minute"
    return f"for {span}" if since else f"{span} ago"
