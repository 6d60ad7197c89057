"""Takes a report in: completes what is really done, records a failure, takes a failure back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.mission_runtime.context import resolve_context
from specify_cli.mission_runtime.prompts import told_since
from specify_cli.missions.claims import change_lane
from specify_cli.missions.guards import GuardFailure
from specify_cli.missions.implementation import HandOffIncomplete, hand_off
from specify_cli.missions.review import record_verdict
from specify_cli.missions.work_packages import find_work_package
from specify_cli.next._internal_runtime.planner import has_drifted, runnable_step
from specify_cli.next._internal_runtime.schema import AuditStep
from specify_cli.next.commands import next_line
from specify_cli.next.view import WORKING
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import TransitionRequest

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.run import MissionRun
    from specify_cli.next._internal_runtime.schema import ActorIdentity, ResultType, Step
    from specify_cli.next.view import MissionView, WorkPackageView
    from specify_cli.status.mission_status import StatusChange

Verdict = Literal["approved", "changes_requested"]
_RESUMABLE = frozenset({Lane.PLANNED, Lane.CLAIMED, Lane.FOR_REVIEW, Lane.IN_REVIEW})


class NothingInHand(SpecKittyError):
    """The report is about a work package that the agent does not have."""

    code = "NOTHING_IN_HAND"


class Report(NamedTuple):
    """What an agent reports.

    Attributes:
        actor: Who reports.
        result: How it ended; None together with `retry`.
        wp_id: The work package it is about, or the one the agent wants.
        verdict: Of a review.
        feedback: What has to change, with the verdict changes_requested.
        reason: Why, with failed or blocked.
        retry: Take a failure back and go on.
    """

    actor: ActorIdentity
    result: ResultType | None = None
    wp_id: str | None = None
    verdict: Verdict | None = None
    feedback: str | None = None
    reason: str | None = None
    retry: bool = False


class Settled(NamedTuple):
    """What a report came to.

    Attributes:
        wp_id: The work package it was about, or None.
        failures: Why that work package is not complete yet.
    """

    wp_id: str | None = None
    failures: tuple[GuardFailure, ...] = ()


class Desk(NamedTuple):
    """Where a report is worked on: the mission, its run and the change that collects its rows."""

    project: Project
    mission: Mission
    run: MissionRun
    change: StatusChange


def settle(desk: Desk, view: MissionView, report: Report) -> Settled:
    """Take a report in. Nothing whose guard fails is completed.

    A report is about the work package named in it, else about the one that a query would show the
    agent, else about the step that is handed out. Without any of these it is the first call, and the
    result does not matter.

    Raises:
        NothingInHand: NOTHING_IN_HAND: a failure or a verdict about something the agent does not
            have.
        UsageError: USAGE_ERROR: a verdict for work that is being implemented.
        SpecKittyError: What recording the outcome raises.
    """
    at = runnable_step(view.run, view.template)
    if at is None or has_drifted(view.run, view.meaning):
        # Nothing is judged by a description that the work was not done for.
        return Settled()
    if at.per_work_package is None:
        return _settle_step(desk, view, at, report)
    package = _subject(view, report)
    if package is None or _is_news(desk, view, package, report):
        return Settled()
    if report.retry:
        _take_back(desk, view, at, package, report.actor)
        return Settled(package.id)
    if report.result in ("failed", "blocked"):
        _stop_work(desk, at, package, report)
        return Settled(package.id)
    return _complete_work(desk, view, at, package, report)


def _settle_step(desk: Desk, view: MissionView, at: Step, report: Report) -> Settled:
    if report.verdict is not None:
        raise _no_review(view, report)
    stopped = view.run.blocked_reason is not None
    handed_out = view.run.issued_step_id == at.id
    if isinstance(at, AuditStep) and at.is_blocking:
        # Only a person's answer completes it; a retry asks again.
        if stopped and report.retry:
            desk.run.issue(at.id, report.actor)
        return Settled()
    if report.result in ("failed", "blocked"):
        if handed_out or stopped:
            desk.run.report(at.id, report.actor, report.result, reason=report.reason)
        return Settled()
    if report.result == "success" and handed_out and not view.failures.get(at.id):
        desk.run.report(at.id, report.actor, "success")
    elif stopped:
        desk.run.issue(at.id, report.actor)
    return Settled()


def _subject(view: MissionView, report: Report) -> WorkPackageView | None:
    """Return the work package that a report is about; None when it is about nothing in hand."""
    held = view.held()
    if report.wp_id is not None:
        package = view.work_package(report.wp_id)
        if package is not None and (package in held or report.retry):
            return package
    elif held:
        return held[0]
    if report.verdict is not None:
        raise _no_review(view, report)
    if report.result in ("failed", "blocked"):
        what = report.wp_id or "any work package"
        raise NothingInHand(
            f"{report.actor.actor_id} does not have {what} in hand, so it cannot have "
            f"{'failed' if report.result == 'failed' else 'become blocked'}.",
            fix=f"See what is in hand: spec-kitty next --agent {report.actor.actor_id} "
            f"--mission {view.mission_slug}",
            details={"wp_id": report.wp_id, "held": [package.id for package in held]},
        )
    return None


def _is_news(desk: Desk, view: MissionView, package: WorkPackageView, report: Report) -> bool:
    """Tell whether a review sent the work back and the agent has not been told yet.

    A call that names no work package is then a poll: the rework is handed out, not judged.
    """
    if report.result != "success" or report.wp_id is not None or package.lane not in WORKING:
        return False
    agent = report.actor.actor_id
    if package.last_actor == agent or view.stop_of(package.id) is not None:
        return False
    work_package = find_work_package(desk.mission, package.id)
    context = resolve_context(desk.mission, "implement", agent=agent, work_package=work_package)
    return not told_since(context, package.since)


def _complete_work(
    desk: Desk, view: MissionView, at: Step, package: WorkPackageView, report: Report
) -> Settled:
    lane = package.lane
    if lane is Lane.BLOCKED:
        lane = _resume(desk, package, report.actor)
    if lane is Lane.IN_REVIEW:
        failures = _end_review(desk, view, package, report)
    elif lane in WORKING:
        if report.verdict is not None:
            raise UsageError(
                f"{package.id} is being implemented; only a review ends with a verdict.",
                fix=next_line(view.mission_slug, view.agent, "--result success", wp_id=package.id),
            )
        failures = _hand_over(desk, package, report)
    else:
        failures = ()
    if view.stop_of(package.id) is not None:
        # Reporting success takes an earlier failure back, even if something is still missing.
        if failures:
            desk.run.issue(at.id, report.actor, wp_id=package.id)
        else:
            desk.run.report(at.id, report.actor, "success", wp_id=package.id)
    return Settled(package.id, failures)


def _hand_over(desk: Desk, package: WorkPackageView, report: Report) -> tuple[GuardFailure, ...]:
    try:
        hand_off(
            desk.project,
            desk.mission,
            package.id,
            actor=report.actor.actor_id,
            change=desk.change,
        )
    except HandOffIncomplete as incomplete:
        return incomplete.failures
    return ()


def _end_review(
    desk: Desk, view: MissionView, package: WorkPackageView, report: Report
) -> tuple[GuardFailure, ...]:
    if report.verdict is None:
        approve = next_line(
            view.mission_slug, view.agent, "--result success --verdict approved", wp_id=package.id
        )
        return (
            GuardFailure(
                desk.mission.relative(desk.mission.tasks_directory),
                f"your verdict on {package.id}: approved or changes_requested",
                "a report without one",
                f"{approve} (or --verdict changes_requested --feedback-file <file>)",
            ),
        )
    record_verdict(
        desk.project,
        desk.mission,
        package.id,
        actor=report.actor.actor_id,
        verdict=report.verdict,
        feedback=report.feedback,
        change=desk.change,
    )
    return ()


def _stop_work(desk: Desk, at: Step, package: WorkPackageView, report: Report) -> None:
    """Record that a work package cannot go on.

    Blocked work moves to the lane `blocked`, where everybody sees it. Failed work stays where it is,
    with a note in the log; so does a review, since only a verdict ends one.
    """
    result: ResultType = report.result or "failed"
    desk.run.report(at.id, report.actor, result, wp_id=package.id, reason=report.reason)
    actor = report.actor.actor_id
    if result == "blocked" and package.lane in WORKING:
        desk.change.transition(
            TransitionRequest(package.id, Lane.BLOCKED, actor, reason=report.reason)
        )
    else:
        why = f": {report.reason}" if report.reason else ""
        desk.change.annotate(package.id, actor, {"note": f"reported as {result}{why}"})


def _take_back(
    desk: Desk, view: MissionView, at: Step, package: WorkPackageView, actor: ActorIdentity
) -> None:
    if package.lane is Lane.BLOCKED:
        _resume(desk, package, actor)
    if view.stop_of(package.id) is not None:
        desk.run.issue(at.id, actor, wp_id=package.id)


def _resume(desk: Desk, package: WorkPackageView, actor: ActorIdentity) -> Lane:
    """Move a blocked work package back to where it came from."""
    origin = package.blocked_from
    target = origin if origin in _RESUMABLE and origin is not None else Lane.IN_PROGRESS
    work_package = find_work_package(desk.mission, package.id)
    change_lane(desk.change, work_package, TransitionRequest(package.id, target, actor.actor_id))
    return target


def _no_review(view: MissionView, report: Report) -> NothingInHand:
    what = report.wp_id or "a work package"
    return NothingInHand(
        f"{report.actor.actor_id} does not have {what} in review, so there is nothing to give a "
        "verdict on.",
        fix=f"Take a review up first: "
        f"{next_line(view.mission_slug, report.actor.actor_id, '--result success')}",
        details={"wp_id": report.wp_id, "verdict": report.verdict},
    )
