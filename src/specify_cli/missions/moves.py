"""Moving a work package by hand: each lane is reached by the act that belongs to it.

A move to `for_review` is a hand-off and has its guards, a move out of `in_review` is a verdict, and so
on, so that `move-task` can never do less than the loop does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.actors import recorded_name
from specify_cli.missions.board import SELF_REVIEW, is_self_review
from specify_cli.missions.claims import change_lane
from specify_cli.missions.mission import mission_log
from specify_cli.missions.seeding import plan_by_files
from specify_cli.missions.work_packages import find_work_package
from specify_cli.status.lanes import Lane, parse_lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.mission_status import StatusChange

_STARTED = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS})
_REVIEWED = frozenset({Lane.IN_REVIEW, Lane.APPROVED})
_SENT_BACK = frozenset({Lane.IN_PROGRESS, Lane.PLANNED})


class Move(NamedTuple):
    """What a move did.

    Attributes:
        mission_slug: The mission.
        wp_id: The work package.
        from_lane: Where it was.
        to_lane: Where it is now.
        actor: Who moved it.
        event_ids: Its new rows in the log.
        commit: The commit that holds them, or None when nothing changed.
        self_review: Whether its latest review is by the one who implemented it.
    """

    mission_slug: str
    wp_id: str
    from_lane: Lane
    to_lane: Lane
    actor: str
    event_ids: tuple[str, ...]
    commit: str | None
    self_review: bool = False

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent tasks move-task`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "wp_id": self.wp_id,
            "from_lane": self.from_lane.value,
            "to_lane": self.to_lane.value,
            "actor": self.actor,
            "event_ids": list(self.event_ids),
            "commit": self.commit,
            "self_review": self.self_review,
        }

    def to_text(self) -> str:
        """Return one line for people, and one more for a review by the implementer."""
        if not self.event_ids:
            return f"{self.wp_id} is in {self.to_lane} already."
        moved = f"{self.wp_id}: {self.from_lane.shown} → {self.to_lane} (by {self.actor})"
        if not self.self_review:
            return moved
        return f"{moved}\n  note  a self-review: {self.actor} implemented it"


def move_work_package(
    project: Project,
    mission: Mission,
    wp_id: str,
    to: str,
    *,
    actor: str,
    note: str | None = None,
    feedback: str | None = None,
    force: bool = False,
) -> Move:
    """Move a work package to a lane, with the guards of that lane.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package; WP1 and WP01 are the same.
        to: The lane's name; `doing` means in_progress.
        actor: Who moves it.
        note: Why. Required with `force`, and for going back from in_progress to planned.
        feedback: What has to change, when a review sends the work back.
        force: Skip the guards; the row records it with actor and reason.

    Raises:
        SpecKittyError: UNKNOWN_LANE, WP_NOT_FOUND, TRANSITION_REJECTED, WP_ALREADY_CLAIMED,
            DEPENDENCIES_NOT_SATISFIED, REVIEW_FEEDBACK_REQUIRED, WRONG_BRANCH.
    """
    actor = recorded_name(actor)
    lane = parse_lane(to)
    package = find_work_package(mission, wp_id)
    with MissionStatus.change(mission_log(project, mission)) as change:
        plan_by_files(change, mission, actor)
        start = change.board.lane(package.id)
        if force:
            change_lane(
                change,
                package,
                TransitionRequest(
                    wp_id=package.id, to_lane=lane, actor=actor, force=True, reason=note
                ),
            )
        else:
            _move(project, mission, package, start, lane, actor, note, feedback, change)
        after = change.board.work_packages[package.id]
        # Sent back, the lane says nothing about the review any more; the note does.
        own = start is Lane.IN_REVIEW and after.notes.get(SELF_REVIEW) is True
    return Move(
        mission_slug=mission.slug,
        wp_id=package.id,
        from_lane=start,
        to_lane=after.lane,
        actor=actor,
        event_ids=change.result.event_ids,
        commit=change.result.commit,
        self_review=own or is_self_review(after),
    )


def _move(
    project: Project,
    mission: Mission,
    package: WorkPackage,
    start: Lane,
    lane: Lane,
    actor: str,
    note: str | None,
    feedback: str | None,
    change: StatusChange,
) -> None:
    from specify_cli.missions.implementation import hand_off, start_implementation
    from specify_cli.missions.review import record_verdict, start_review

    wp_id = package.id
    state = change.board.work_packages.get(wp_id)
    if state is not None and state.blocked_from is Lane.PLANNED and lane in _STARTED:
        # Nobody has it: it is planned again first, then claimed like any other.
        change.transition(TransitionRequest(wp_id=wp_id, to_lane=Lane.PLANNED, actor=actor))
        start = Lane.PLANNED
    begun = start is Lane.IN_PROGRESS and lane is Lane.CLAIMED
    if lane in _STARTED and start in (Lane.PLANNED, *_STARTED) and not begun:
        start_implementation(project, mission, wp_id, actor=actor, change=change)
    elif lane is Lane.FOR_REVIEW and start is Lane.IN_PROGRESS:
        hand_off(project, mission, wp_id, actor=actor, change=change)
    elif lane is Lane.IN_REVIEW and start in (Lane.FOR_REVIEW, Lane.IN_REVIEW):
        start_review(project, mission, wp_id, actor=actor, change=change)
    elif start is Lane.IN_REVIEW and lane is Lane.APPROVED:
        record_verdict(
            project, mission, wp_id, actor=actor, verdict="approved", feedback=note, change=change
        )
    elif start in _REVIEWED and lane in _SENT_BACK:
        record_verdict(
            project,
            mission,
            wp_id,
            actor=actor,
            verdict="changes_requested",
            feedback=feedback or note,
            to_lane=lane,
            change=change,
        )
    else:
        request = TransitionRequest(wp_id=wp_id, to_lane=lane, actor=actor, reason=note)
        change_lane(change, package, request)
