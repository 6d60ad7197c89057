"""What an agent does next: one pure function, for the question and for the advance alike.

The same view always gives the same decision, so a query foretells exactly what an advancing call will
hand out, and every way of being stuck says how to get out.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple

from specify_cli.missions.mission import MISSIONS_FOLDER
from specify_cli.next._internal_runtime.planner import (
    TEMPLATE_CHANGED,
    plan_next,
    runnable_step,
)
from specify_cli.next._internal_runtime.raci import infer
from specify_cli.next._internal_runtime.schema import AuditStep
from specify_cli.next.commands import (
    accept_line,
    adopt_line,
    answer_line,
    audit_line,
    finalize_line,
    merge_line,
    next_line,
)
from specify_cli.next.view import CLOSED, NOT_BEGUN, WORKING
from specify_cli.next.waiting import Waiting, ago, busy_with, wait_for
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.next._internal_runtime.schema import (
        DecisionKind,
        NextDecision,
        Step,
        Stop,
        WorkPackageRole,
    )
    from specify_cli.next.view import MissionView, WorkPackageView

DONE = "done"


class Decision(NamedTuple):
    """What an agent does next.

    Attributes:
        kind: "step" hands work out, "decision_required" asks, "blocked" waits, "terminal" ends.
        mission_state: The step that the mission as a whole is at; "done" at its end.
        step_id: The step that is handed out or that stands still.
        wp_id: The work package it is about.
        role: The part to take in that work package; the work is claimed with it.
        reason: Why, in a sentence.
        fix: The way out when blocked; what is left to do at the end.
        failures: What the guard found missing.
        waiting_on: What holds the mission up.
        self_review: The agent reviews what it implemented, because nobody else is there.
        rework: A review sent the work package back.
        question: The question to answer.
    """

    kind: DecisionKind
    mission_state: str
    step_id: str | None = None
    wp_id: str | None = None
    role: WorkPackageRole | None = None
    reason: str | None = None
    fix: str | None = None
    failures: tuple[GuardFailure, ...] = ()
    waiting_on: tuple[Waiting, ...] = ()
    self_review: bool = False
    rework: bool = False
    question: NextDecision | None = None

    @property
    def action(self) -> str | None:
        """What to do: the role in a work package, else the step; None when there is nothing."""
        return (self.role or self.step_id) if self.kind == "step" else None


def decide(view: MissionView) -> Decision:
    """Decide what the agent of a view does next.

    A merged mission is over. Otherwise the run's next step counts; where that is done per work
    package, the agent goes on with what it has in hand, else reviews what another implemented, else
    takes up a planned work package whose dependencies are approved, else reviews its own work if
    nobody else has been seen in this mission, else waits.
    """
    if view.merged_at is not None:
        return Decision("terminal", DONE, reason=f"{view.mission_slug} is merged; nothing is left.")
    # Work that was reopened after the end is not the old description's any more.
    reopened = any(package.lane not in CLOSED for package in view.work_packages)
    run = view.run._replace(finished=False) if reopened else view.run
    at = runnable_step(run, view.template)
    plan = plan_next(run, view.template, current_hash=view.meaning)
    if plan.kind == "terminal":
        return _end(view)
    if plan.reason == TEMPLATE_CHANGED:
        return _changed(view, at)
    if at is None:
        return _end(view)
    if plan.kind == "blocked":
        stop = next(stop for stop in view.run.stops if stop.wp_id is None)
        return _stopped(view, at, stop)
    if plan.kind == "decision_required":
        return _question(view, at, plan)
    if at.per_work_package is not None:
        return _for_work_packages(view, at)
    return _whole_step(view, at)


def _changed(view: MissionView, at: Step | None) -> Decision:
    """The description means something else than the one that the run has followed so far."""
    return Decision(
        "blocked",
        at.id if at else DONE,
        step_id=at.id if at else None,
        reason=f"The mission type {view.template.mission.key} has changed since this run began, or was "
        "last adopted: its steps may not be the same any more.",
        fix=adopt_line(view.mission_slug, view.agent),
    )


def _question(view: MissionView, at: Step, plan: NextDecision) -> Decision:
    asked = view.run.pending_decisions.get(plan.decision_id or "")
    if not isinstance(at, AuditStep):
        reason = f"An answer is needed first. {plan.question}"
        fix = answer_line(view.mission_slug, view.agent)
    else:
        reason = (
            f"{plan.question} What it is about lies in {MISSIONS_FOLDER}/{view.mission_slug}/. "
            f"A person decides: {' or '.join(plan.options)}."
        )
        deferred = view.run.decisions.get(plan.decision_id or "")
        if deferred is not None and asked is not None and deferred.answered_at > asked.requested_at:
            reason += (
                f" {deferred.answered_by} said {deferred.answer} {ago(view, deferred.answered_at)}."
            )
        who = next((role.actor_id for role in infer(at).deciding if role.actor_id), None)
        fix = audit_line(view.mission_slug, who, plan.options)
    if asked is not None:
        reason += f" It has waited {ago(view, asked.requested_at, since=True)}"
        overdue = asked.due_at is not None and view.now >= datetime.fromisoformat(asked.due_at)
        reason += ", which is longer than it should." if overdue else "."
    return Decision(
        "decision_required", at.id, step_id=plan.step_id, reason=reason, fix=fix, question=plan
    )


def _whole_step(view: MissionView, step: Step) -> Decision:
    issued = view.run.issued
    if issued is None or issued.step_id != step.id:
        # Nobody has worked on it yet, so what its guard misses is no news.
        return Decision("step", step.id, step_id=step.id, reason=f"Next step: {step.title}.")
    failures = view.failures.get(step.id, ())
    if failures:
        reason = f"{step.id} is not finished: {failures[0]}."
    elif step.guard is not None:
        reason = f"Everything that {step.id} needs is there; report it with --result success."
    else:
        reason = f"{step.id} is under way."
    if issued.agent != view.agent:
        reason += f" It was handed to {issued.agent} {ago(view, issued.issued_at)}."
    return Decision("step", step.id, step_id=step.id, reason=reason, failures=failures)


def _for_work_packages(view: MissionView, at: Step) -> Decision:
    if not view.work_packages:
        return Decision(
            "blocked",
            at.id,
            step_id=at.id,
            reason="The mission has no work packages.",
            fix=finalize_line(view.mission_slug),
        )
    if view.wanted is not None:
        return _wanted(view, at)
    held = view.held()
    if held:
        return _in_hand(view, at, held[0])
    for package in _oldest_first(view, Lane.FOR_REVIEW):
        if package.implementer != view.agent:
            return _review(view, at, package)
    for package in _fairly(view):
        if _is_ready(view, package):
            return _implement(view, at, package)
    if view.agent is not None and view.agents <= {view.agent}:
        for package in _oldest_first(view, Lane.FOR_REVIEW):
            return _review(view, at, package)
    return _waiting(view, at, tuple(p for p in view.work_packages if p.lane not in CLOSED))


def _wanted(view: MissionView, at: Step) -> Decision:
    """Decide about the work package that the agent asked for by name."""
    package = view.work_package(view.wanted or "")
    if package is None:
        return Decision(
            "blocked",
            at.id,
            step_id=at.id,
            reason=f"There is no work package {view.wanted}.",
            fix=f"Use one of: {', '.join(p.id for p in view.work_packages)}.",
        )
    if view.agent is not None and package.holder() == view.agent:
        return _in_hand(view, at, package)
    if package.lane is Lane.FOR_REVIEW:
        return _review(view, at, package)
    if _is_ready(view, package):
        return _implement(view, at, package)
    if package.lane in CLOSED:
        everything = _for_work_packages(view._replace(wanted=None), at)
        return everything._replace(
            reason=f"{package.id} is {package.lane} already. {everything.reason or ''}"
        )
    return _waiting(view, at, (package,))


def _in_hand(view: MissionView, at: Step, package: WorkPackageView) -> Decision:
    stop = view.stop_of(package.id)
    if stop is not None:
        return _stopped(view, at, stop)
    if package.lane is Lane.BLOCKED:
        waiting = wait_for(view, package)
        return Decision(
            "blocked",
            at.id,
            step_id=at.id,
            wp_id=package.id,
            reason=waiting.story,
            fix=next_line(view.mission_slug, view.agent, "--retry", wp_id=package.id),
            waiting_on=(waiting,),
        )
    if package.lane is Lane.IN_REVIEW:
        return _review(view, at, package)._replace(
            reason=f"You have {package.id} in review; a verdict is needed.",
        )
    return _implement(view, at, package)


def _implement(view: MissionView, at: Step, package: WorkPackageView) -> Decision:
    if package.is_rework:
        reason = f"A review asked for changes to {package.id}."
    elif package.lane in WORKING:
        reason = f"You are working on {package.id}."
    else:
        reason = f"{package.id} is ready to be implemented."
    return Decision(
        "step",
        at.id,
        step_id=_step_for(view, at, "implement"),
        wp_id=package.id,
        role="implement",
        reason=reason,
        rework=package.is_rework,
    )


def _review(view: MissionView, at: Step, package: WorkPackageView) -> Decision:
    own = view.agent is not None and package.implementer == view.agent
    reason = f"{package.id} waits for a review {ago(view, package.since, since=True)}."
    if own:
        reason += " You implemented it yourself: nobody else has been seen in this mission."
        if not view.agents <= {view.agent or ""}:
            reason = f"You review {package.id}, which you implemented yourself, as you asked."
    return Decision(
        "step",
        at.id,
        step_id=_step_for(view, at, "review"),
        wp_id=package.id,
        role="review",
        reason=reason,
        self_review=own,
    )


def _is_ready(view: MissionView, package: WorkPackageView) -> bool:
    """Tell whether a work package can be taken up by the agent now."""
    if package.lane is not Lane.PLANNED or view.unmet(package):
        return False
    return busy_with(view, package) is None


def _stopped(view: MissionView, at: Step, stop: Stop) -> Decision:
    what = stop.wp_id or stop.step_id
    why = f": {stop.reason}" if stop.reason else ", without a reason"
    package = view.work_package(stop.wp_id) if stop.wp_id else None
    return Decision(
        "blocked",
        at.id,
        step_id=stop.step_id,
        wp_id=stop.wp_id,
        reason=f"{stop.agent} reported {what} as {stop.result} {ago(view, stop.at)}{why}.",
        fix=next_line(view.mission_slug, view.agent or stop.agent, "--retry", wp_id=stop.wp_id),
        waiting_on=() if package is None else (wait_for(view, package),),
    )


def _waiting(view: MissionView, at: Step, packages: tuple[WorkPackageView, ...]) -> Decision:
    waiting = tuple(wait_for(view, package) for package in packages)
    return Decision(
        "blocked",
        at.id,
        step_id=at.id,
        wp_id=view.wanted,
        reason="Nothing can be handed out now. " + " ".join(item.story for item in waiting),
        fix=_way_out(view, packages),
        waiting_on=waiting,
    )


def _way_out(view: MissionView, packages: tuple[WorkPackageView, ...]) -> str:
    slug, me = view.mission_slug, view.agent
    for package in packages:
        if package.lane is Lane.BLOCKED or view.stop_of(package.id) is not None:
            return next_line(slug, me, "--retry", wp_id=package.id)
    for package in packages:
        if package.lane in (Lane.UNINITIALIZED, Lane.GENESIS):
            return finalize_line(slug)
    for package in packages:
        if package.lane is Lane.FOR_REVIEW:
            mine = next_line(slug, me, "--result success", wp_id=package.id)
            other = next_line(slug, "<another-agent>", "--result success")
            return f"Let another agent review: {other}. Or review it yourself: {mine}"
    return f"Ask again later: {next_line(slug, me, '--result success')}"


def _end(view: MissionView) -> Decision:
    slug = view.mission_slug
    if not view.work_packages:
        where = f" Its documents are on {view.target_branch}." if view.target_branch else ""
        if view.accepted_at:
            reason = f"{slug} is accepted, and not merged yet.{where}"
            return Decision("terminal", DONE, reason=reason, fix=merge_line(slug))
        reason = f"Every step of {slug} is complete; it can be accepted.{where}"
        return Decision("terminal", DONE, reason=reason, fix=accept_line(slug, view.agent))
    accepted = "accepted" if view.accepted_at else "complete"
    return Decision(
        "terminal",
        DONE,
        reason=f"{slug} is {accepted}. Its work is not merged into {view.target_branch} yet.",
        fix=merge_line(slug),
    )


def _step_for(view: MissionView, at: Step, role: Literal["implement", "review"]) -> str:
    """Return the step whose part is taken; a mission type may know only one of the two."""
    found = (step.id for step in view.template.steps if step.per_work_package == role)
    return next(found, at.id)


def _fairly(view: MissionView) -> list[WorkPackageView]:
    """Return the work packages in turn: first those of lanes where the least has been begun.

    So no lane starves while another goes through its whole row; within a lane the order stays.
    """
    begun: dict[str, int] = {}
    for package in view.work_packages:
        if package.lane not in NOT_BEGUN:
            lane = package.lane_id or package.id
            begun[lane] = begun.get(lane, 0) + 1
    return sorted(view.work_packages, key=lambda one: begun.get(one.lane_id or one.id, 0))


def _oldest_first(view: MissionView, lane: Lane) -> list[WorkPackageView]:
    found = [package for package in view.work_packages if package.lane is lane]
    return sorted(found, key=lambda package: (package.since or "", package.id))
