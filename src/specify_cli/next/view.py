"""Everything a decision is made from, as plain data: the same view gives the same decision."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from specify_cli.missions.guards import GuardFailure
    from specify_cli.next._internal_runtime.schema import (
        MissionRunSnapshot,
        MissionTemplate,
        Stop,
    )

NOT_BEGUN = frozenset({Lane.UNINITIALIZED, Lane.GENESIS, Lane.PLANNED})
WORKING = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS})
HELD = WORKING | {Lane.IN_REVIEW, Lane.BLOCKED}
HANDED_OVER = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW})
FINISHED = frozenset({Lane.APPROVED, Lane.DONE})
CLOSED = FINISHED | {Lane.CANCELED}


class WorkPackageView(NamedTuple):
    """What matters about one work package for the next decision.

    Attributes:
        id: Such as "WP01".
        dependencies: Ids of the work packages that must be approved first.
        lane: Where it stands on the board.
        lane_id: The lane of worktrees it shares with others, such as "lane-a"; None before the
            tasks are finalised.
        implementer: Who claimed it.
        reviewer: Who took it into review last.
        last_actor: Who moved it last.
        since: Since when it stands there, ISO 8601; None when it never moved.
        review_ref: The latest review it refers to.
        blocked_from: While it is blocked, where it came from.
    """

    id: str
    title: str
    dependencies: tuple[str, ...] = ()
    lane: Lane = Lane.PLANNED
    lane_id: str | None = None
    implementer: str | None = None
    reviewer: str | None = None
    last_actor: str | None = None
    since: str | None = None
    review_ref: str | None = None
    blocked_from: Lane | None = None

    def holder(self) -> str | None:
        """Return who has it in hand now; None when nobody has."""
        in_review = self.lane is Lane.IN_REVIEW or self.blocked_from is Lane.IN_REVIEW
        if self.lane not in HELD:
            return None
        return self.reviewer if in_review else self.implementer

    @property
    def is_rework(self) -> bool:
        """Whether a review sent it back."""
        return self.lane in WORKING | {Lane.PLANNED} and self.review_ref is not None


class MissionView(NamedTuple):
    """A mission as one agent sees it at one moment.

    Attributes:
        agent: Who asks; None for a question in nobody's name.
        now: The moment.
        template: The mission's description.
        run: The run; its completed steps are those that count as complete by record or by proof.
        work_packages: In the order of their numbers.
        failures: What the guards of the looked-at steps found missing, by step id.
        agents: Everybody who has acted in this mission.
        accepted_at: Time of the acceptance, or None.
        merged_at: Time of the merge, or None.
        target_branch: The branch that the mission lives on.
        wanted: The work package that the agent asks for, or None.
        meaning: The hash of the description as it is now; None leaves out whether it changed.
    """

    mission_slug: str
    agent: str | None
    now: datetime
    template: MissionTemplate
    run: MissionRunSnapshot
    work_packages: tuple[WorkPackageView, ...] = ()
    failures: Mapping[str, tuple[GuardFailure, ...]] = MappingProxyType({})
    agents: frozenset[str] = frozenset()
    accepted_at: str | None = None
    merged_at: str | None = None
    target_branch: str = ""
    wanted: str | None = None
    meaning: str | None = None

    def work_package(self, wp_id: str) -> WorkPackageView | None:
        """Return a work package by its id."""
        return next((package for package in self.work_packages if package.id == wp_id), None)

    def stop_of(self, wp_id: str) -> Stop | None:
        """Return the reported failure of a work package that somebody still has in hand."""
        package = self.work_package(wp_id)
        stop = next((stop for stop in self.run.stops if stop.wp_id == wp_id), None)
        if package is None or package.lane not in HELD or stop is None:
            return None
        # Whoever moved it on by hand has dealt with the failure. (Both times are UTC in one form.)
        moved_on = package.lane is not Lane.BLOCKED and (package.since or "") > stop.at
        return None if moved_on else stop

    def held(self) -> tuple[WorkPackageView, ...]:
        """Return what the agent has in hand: what it works on first, what is stopped last.

        Work that a review sent back comes after work the agent took up itself, so that a rejection
        never interrupts; of several rejections the oldest comes first.
        """
        mine = [
            package
            for package in self.work_packages
            if self.agent is not None and package.holder() == self.agent
        ]

        def order(package: WorkPackageView) -> tuple[bool, bool, str, str]:
            stopped = package.lane is Lane.BLOCKED or self.stop_of(package.id) is not None
            sent_back = package.last_actor != self.agent
            return (stopped, sent_back, package.since or "", package.id)

        return tuple(sorted(mine, key=order))

    def unmet(self, package: WorkPackageView) -> tuple[str, ...]:
        """Return the dependencies of a work package that are not approved yet."""
        found = (self.work_package(wp_id) for wp_id in package.dependencies)
        done = {other.id for other in found if other is not None and other.lane in FINISHED}
        return tuple(wp_id for wp_id in package.dependencies if wp_id not in done)
