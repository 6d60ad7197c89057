"""Advancing a mission: take a report in, decide, hand the next piece of work out."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from specify_cli.events.free_text import public_name
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.mission_runtime.prompts import write_prompt
from specify_cli.missions.board import SELF_REVIEW
from specify_cli.missions.implementation import start_implementation
from specify_cli.missions.mission import mission_log
from specify_cli.missions.review import start_review
from specify_cli.missions.settings import mission_owner
from specify_cli.next._internal_runtime.authority import (
    AuthorityDenied,
    answer_question,
    expire_overdue,
)
from specify_cli.next._internal_runtime.description import remember_description
from specify_cli.next._internal_runtime.discovery import BUILTIN_TIER
from specify_cli.next._internal_runtime.engine import ask
from specify_cli.next._internal_runtime.planner import has_drifted, runnable_step
from specify_cli.next._internal_runtime.schema import ACTOR_TYPES, RESULTS, ActorIdentity
from specify_cli.next.asking import places, remarks
from specify_cli.next.decision import decide
from specify_cli.next.document import Outcome, compose
from specify_cli.next.look import description_cache, load_mission_type, look, with_board
from specify_cli.next.names import check_agent, wanted_work_package
from specify_cli.next.prompt import build_prompt
from specify_cli.next.runs import find_run, run_lock, save_run, start_run
from specify_cli.next.settle import Desk, Report, Settled, settle
from specify_cli.status.lanes import Lane as BoardLane
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.definitions import Lane
    from spec_kitty_contracts.wire.next_decision import AppliedTransition, NextDecision
    from specify_cli.identity.project import Project
    from specify_cli.mission_runtime.artefact import CommunicationArtefact
    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next._internal_runtime.run import MissionRun
    from specify_cli.next._internal_runtime.schema import ActorType, ResultType
    from specify_cli.next.decision import Decision
    from specify_cli.next.look import Look
    from specify_cli.next.settle import Verdict
    from specify_cli.status.board import Board
    from specify_cli.status.mission_status import StatusChange


def advance(
    project: Project,
    mission: Mission,
    *,
    agent: str,
    result: ResultType | None = None,
    wp_id: str | None = None,
    verdict: Verdict | None = None,
    feedback: str | None = None,
    reason: str | None = None,
    retry: bool = False,
    answer: str | None = None,
    decision_id: str | None = None,
    actor_type: ActorType = "llm",
    adopt_template: bool = False,
) -> NextDecision:
    """Take a report in, decide, and hand the next piece of work out.

    What is reported as a success completes only if its guard passes. All lane changes of the call,
    the hand-over of one work package and the claim of the next, land in one commit. A worktree is
    made before its claim is recorded. Doing it again without having worked gives the same answer
    and records nothing. A person who answers a question is told what comes next and is handed nothing.

    Args:
        project: The project.
        mission: The mission.
        agent: Who reports and gets the next work.
        result: How the last work ended; None with `retry` or `answer`.
        wp_id: The work package that is reported on, or that the agent wants.
        verdict: Of a review.
        feedback: What has to change, with the verdict changes_requested.
        reason: Why, with failed or blocked.
        retry: Take a failure back and go on.
        answer: Answer to the question that the run waits for.
        decision_id: Which question, when there are several.
        actor_type: What kind of actor `agent` is; audits are answered by the person who owns the
            mission (`spec-kitty config set mission.owner`).
        adopt_template: Let the run follow its changed description from now on.

    Raises:
        UsageError: USAGE_ERROR: arguments that contradict each other.
        NothingInHand: NOTHING_IN_HAND.
        MissionRuntimeError: NO_PENDING_DECISION, DECISION_AMBIGUOUS, INVALID_ANSWER,
            AUTHORITY_DENIED (on record).
        SpecKittyError: WRONG_BRANCH, NOT_INITIALIZED, and whatever claiming or recording raises;
            then nothing was recorded.
    """
    agent = public_name(agent)
    report = _report(
        mission,
        agent,
        result=result,
        wp_id=wp_id,
        verdict=verdict,
        feedback=feedback,
        reason=reason,
        retry=retry,
        answer=answer,
        decision_id=decision_id,
        actor_type=actor_type,
        adopt_template=adopt_template,
    )
    # Whoever decides as a person does not work here: nothing is handed out to them.
    hands_out = answer is None or actor_type != "human"
    answered = draft = None
    loaded = load_mission_type(project, mission)
    log = mission_log(project, mission)
    with run_lock(project, mission):
        run = find_run(project, mission, log.identity)
        if run is None:
            run = start_run(project, mission, loaded.description, report.actor, log.identity)
        if adopt_template and has_drifted(run.snapshot, loaded.description.meaning):
            run.adopt(loaded.description.meaning, report.actor)
        with MissionStatus.change(log) as change:
            desk = Desk(project, mission, run, change)
            if answer is not None:
                answered = _answer(desk, loaded, answer, decision_id, report.actor)
            settled = _take_in(desk, loaded, report)
            seen = look(
                mission,
                loaded,
                run.snapshot,
                change.board,
                agent=agent,
                wanted=_still_wanted(report, settled, change.board),
            )
            decision = _with_failures(decide(seen.view), settled)
            if hands_out:
                draft = _draft(desk, loaded, seen, decision, agent)
                decision = _claim(desk, decision, agent, settled)
        _record(project, run, seen, decision, report.actor, hands_out=hands_out)
        if run.changed:
            save_run(project, run)
    if loaded.precedence_tier != BUILTIN_TIER:
        remember_description(loaded.description, description_cache(project))
    board, applied = change.board, _applied(change)
    workspace, prompt = places(mission, seen, decision, agent)
    handed_out = decision.kind == "step" and hands_out
    if handed_out:
        prompt = write_prompt(
            build_prompt(
                mission,
                loaded,
                decision,
                agent=agent,
                work_package=seen.work_package(decision.wp_id or ""),
                board=board,
                inputs=run.snapshot.inputs,
                governance=draft.governance if draft else None,
            )
        )
    outcome = Outcome(
        is_query=not hands_out,
        prompt=prompt if handed_out else None,
        workspace=workspace if workspace is not None and workspace.is_dir() else None,
        transitions=applied,
        commit=change.result.commit,
        remarks=remarks(change.problems, run.problems),
        answered=answered,
        answer=None if answer is None else answer.strip(),
    )
    view = with_board(seen, mission, board).view
    asked = view.run._replace(pending_decisions=run.snapshot.pending_decisions)
    return compose(mission, loaded, view._replace(run=asked), decision, outcome)


def _answer(
    desk: Desk, loaded: LoadedMission, answer: str, decision_id: str | None, actor: ActorIdentity
) -> str:
    """Take an answer in and return which question it was; a refused attempt is put on record."""
    run = desk.run
    seen = look(desk.mission, loaded, run.snapshot, desk.change.board, agent=actor.actor_id)
    question = decide(seen.view).question
    if question is not None:
        # Whoever read the question in a query answers it before anybody put it on record.
        ask(run, question, seen.view.template, actor)
    try:
        asked = answer_question(run, decision_id, answer, actor, owner=owner_of(desk.project))
    except AuthorityDenied:
        save_run(desk.project, run)
        raise
    return asked.decision_id


def owner_of(project: Project) -> str | None:
    """Return the public name of the person who decides at a project's audits.

    Raises:
        SpecKittyError: CONFIG_INVALID, INVALID_YAML, READ_FAILED.
    """
    owner = mission_owner(project.root)
    return None if owner is None else public_name(owner)


def _take_in(desk: Desk, loaded: LoadedMission, report: Report) -> Settled:
    """Settle the report on what is seen under the lock."""
    seen = look(
        desk.mission,
        loaded,
        desk.run.snapshot,
        desk.change.board,
        agent=report.actor.actor_id,
    )
    return settle(desk, seen.view, report)


def _still_wanted(report: Report, settled: Settled, board: Board) -> str | None:
    """Return the work package that the answer has to be about; None leaves it open."""
    if settled.wp_id is None:
        return report.wp_id
    if settled.failures or report.result in ("failed", "blocked"):
        return settled.wp_id
    state = board.work_packages.get(settled.wp_id)
    taken_back = report.retry and state is not None
    mine = state is not None and report.actor.actor_id in (state.implementer, state.reviewer)
    return settled.wp_id if taken_back and mine else None


def _draft(
    desk: Desk, loaded: LoadedMission, seen: Look, decision: Decision, agent: str
) -> CommunicationArtefact | None:
    """Assemble the prompt before anything is recorded: whatever it lacks is told now, not afterwards."""
    if decision.kind != "step":
        return None
    return build_prompt(
        desk.mission,
        loaded,
        decision,
        agent=agent,
        work_package=seen.work_package(decision.wp_id or ""),
        board=desk.change.board,
        inputs=desk.run.snapshot.inputs,
    )


def _claim(desk: Desk, decision: Decision, agent: str, settled: Settled) -> Decision:
    """Claim the work package of a decision, which makes its worktree.

    When that fails after a report was taken in, the report still counts, and the decision says what
    stands in the way.
    """
    if decision.role is None or decision.wp_id is None:
        return decision
    start = start_implementation if decision.role == "implement" else start_review
    try:
        start(desk.project, desk.mission, decision.wp_id, actor=agent, change=desk.change)
    except SpecKittyError as error:
        if settled.wp_id is None or settled.wp_id == decision.wp_id:
            raise
        return decision._replace(
            kind="blocked",
            reason=f"{settled.wp_id} is settled, but {decision.wp_id} cannot be handed out: "
            f"{error.message}",
            fix=error.fix,
        )
    return decision


def _record(
    project: Project,
    run: MissionRun,
    seen: Look,
    decision: Decision,
    actor: ActorIdentity,
    *,
    hands_out: bool,
) -> None:
    """Put into the journal what the decision means for the run."""
    if has_drifted(run.snapshot, seen.view.meaning):
        return
    for step_id in seen.proven:
        run.report(step_id, actor, "success")
    if decision.kind == "terminal":
        run.finish(actor)
    elif decision.question is not None:
        ask(run, decision.question, seen.view.template, actor)
        if any(request.due_at for request in run.snapshot.pending_decisions.values()):
            expire_overdue(run, actor, owner=owner_of(project))
    elif decision.kind == "step" and hands_out:
        at = runnable_step(seen.view.run, seen.view.template)
        if at is not None and run.snapshot.issued_step_id != at.id:
            run.issue(at.id, actor)


def _with_failures(decision: Decision, settled: Settled) -> Decision:
    if not settled.failures or decision.wp_id != settled.wp_id:
        return decision
    return decision._replace(
        failures=settled.failures,
        reason=f"{settled.wp_id} is not finished: {settled.failures[0]}.",
    )


def _applied(change: StatusChange) -> tuple[AppliedTransition, ...]:
    board = change.board
    applied: list[AppliedTransition] = []
    for row in change.moved:
        one: AppliedTransition = {
            "wp_id": row.wp_id,
            # A row never leads to or from the read-only lane that the contract leaves out.
            "from_lane": cast("Lane", row.from_lane.value),
            "to_lane": cast("Lane", row.to_lane.value),
            "event_id": row.event_id,
        }
        if BoardLane.IN_REVIEW in (row.from_lane, row.to_lane):
            state = board.work_packages[row.wp_id]
            one["self_review"] = state.notes.get(SELF_REVIEW) is True
        applied.append(one)
    return tuple(applied)


def _report(
    mission: Mission,
    agent: str,
    *,
    result: ResultType | None,
    wp_id: str | None,
    verdict: Verdict | None,
    feedback: str | None,
    reason: str | None,
    retry: bool,
    answer: str | None,
    decision_id: str | None,
    actor_type: ActorType,
    adopt_template: bool,
) -> Report:
    check_agent(agent)
    problem = None
    if result is not None and result not in RESULTS:
        problem = f"{result!r} is not a result; the results are {', '.join(RESULTS)}"
    elif actor_type not in ACTOR_TYPES:
        problem = f"{actor_type!r} is no type of actor; the types are {', '.join(ACTOR_TYPES)}"
    elif result is None and not retry and answer is None and not adopt_template:
        problem = "nothing is reported: a result, a retry or an answer is needed to go on"
    elif adopt_template and (result is not None or retry or answer is not None):
        problem = "adopting a changed description reports nothing else"
    elif decision_id is not None and answer is None:
        problem = "a decision id comes with an answer"
    elif actor_type != "llm" and answer is None:
        problem = "a type of actor comes with an answer: whoever works here is an agent"
    elif retry and (result is not None or verdict is not None or answer is not None):
        problem = "a retry reports nothing else"
    elif verdict is not None and result != "success":
        problem = "a verdict comes with the result success: the review itself succeeded"
    elif feedback is not None and verdict is None:
        problem = "feedback comes with a verdict"
    if problem is not None:
        raise UsageError(
            f"{problem}.", fix=f"spec-kitty next --agent {agent} --mission {mission.slug} --help"
        )
    return Report(
        actor=ActorIdentity(agent, actor_type, display_name=agent),
        result=result,
        wp_id=wanted_work_package(mission.slug, wp_id),
        verdict=verdict,
        feedback=feedback,
        reason=reason,
        retry=retry,
    )
