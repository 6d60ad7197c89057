"""The public door of the runtime: start a run, take its next step, answer its questions.

For callers who drive a run without guards and work packages (000 FR-001).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.next._internal_runtime.authority import answer_question, expire, gate_of
from specify_cli.next._internal_runtime.discovery import load_mission_template
from specify_cli.next._internal_runtime.planner import automatic_steps, has_drifted, plan_next
from specify_cli.next._internal_runtime.raci import OWNER_INPUT
from specify_cli.next._internal_runtime.run import MissionRun, MissionRunRef
from specify_cli.next._internal_runtime.schema import RESULTS, MissionRuntimeError
from specify_cli.next._internal_runtime.state import read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from specify_cli.identity.project import ProjectIdentity
    from specify_cli.next._internal_runtime.discovery import DiscoveryContext
    from specify_cli.next._internal_runtime.emitter import RuntimeEventEmitter
    from specify_cli.next._internal_runtime.schema import (
        ActorIdentity,
        MissionPolicySnapshot,
        MissionRunSnapshot,
        MissionTemplate,
        NextDecision,
        ResultType,
    )


def start_mission_run(
    mission_key: str,
    *,
    context: DiscoveryContext,
    run_store: Path,
    mission_id: str,
    mission_slug: str,
    actor: ActorIdentity,
    identity: Callable[[], ProjectIdentity],
    inputs: Mapping[str, str] | None = None,
    policy_snapshot: MissionPolicySnapshot | None = None,
    emitter: RuntimeEventEmitter | None = None,
) -> MissionRunRef:
    """Start a run of a mission and put it on disk.

    Args:
        mission_key: The mission type.
        context: Where its description is looked for.
        run_store: Folder of all runs.
        mission_id: ULID of the mission.
        mission_slug: Its name.
        actor: Who starts it.
        identity: Loads the project's identity.
        inputs: Inputs that are known from the start.
        policy_snapshot: The policy of the run.
        emitter: Told about the start.

    Raises:
        MissionRuntimeError: UNKNOWN_MISSION_TYPE, INVALID_MISSION_TEMPLATE,
            MISSION_TEMPLATE_HAS_NO_STEPS.
        WriteFailed: WRITE_FAILED.
    """
    description = load_mission_template(mission_key, context).description
    run = MissionRun.start(
        description.template,
        meaning=description.meaning,
        run_store=run_store,
        mission_id=mission_id,
        mission_slug=mission_slug,
        actor=actor,
        identity=identity,
        inputs=inputs,
        policy_snapshot=policy_snapshot,
    )
    run.save(emitter=emitter)
    return run.ref


def next_step(
    run_ref: MissionRunRef,
    actor: ActorIdentity,
    result: ResultType = "success",
    *,
    context: DiscoveryContext,
    identity: Callable[[], ProjectIdentity],
    emitter: RuntimeEventEmitter | None = None,
) -> NextDecision:
    """Report the issued step of a run and issue the next one.

    With no step issued the result is ignored: the first call issues the first step. Guards and work
    packages are not looked at here; `specify_cli.next.advance` does that.

    Raises:
        MissionRuntimeError: RUN_NOT_FOUND, or the description is gone or invalid.
        WriteFailed: WRITE_FAILED.
    """
    if result not in RESULTS:
        raise MissionRuntimeError(
            f"{result!r} is not a result.", fix=f"Use one of: {', '.join(RESULTS)}."
        )
    description = load_mission_template(run_ref.mission_key, context).description
    template = description.template
    run = MissionRun.open(run_ref.run_dir, identity=identity)
    drifted = has_drifted(run.snapshot, description.meaning)
    if run.snapshot.issued_step_id is not None and not drifted:
        run.report(run.snapshot.issued_step_id, actor, result)
    decision = settle_decision(run, template, actor, current_hash=description.meaning)
    run.save(emitter=emitter)
    return decision


def settle_decision(
    run: MissionRun,
    template: MissionTemplate,
    actor: ActorIdentity,
    *,
    current_hash: str | None = None,
) -> NextDecision:
    """Plan and record what the plan means: a step issued, a question asked, the end reached.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    decision = plan_next(run.snapshot, template, current_hash=current_hash)
    if decision.kind != "blocked" and not has_drifted(run.snapshot, current_hash):
        for step_id in automatic_steps(run.snapshot, template):
            run.report(step_id, actor, "success")
    if decision.kind == "decision_required":
        ask(run, decision, template, actor)
    elif decision.kind == "terminal":
        run.finish(actor)
    elif decision.kind == "step" and decision.step_id != run.snapshot.issued_step_id:
        run.issue(decision.step_id or "", actor)
    return decision


def ask(
    run: MissionRun, decision: NextDecision, template: MissionTemplate, actor: ActorIdentity
) -> None:
    """Record a question with who may answer it; asking again records nothing.

    Raises:
        InvalidPolicy: INVALID_POLICY.
    """
    step = template.step(decision.step_id or "")
    gate = None if step is None else gate_of(step, run.snapshot.policy_snapshot)
    run.ask(decision, actor, gate)


def provide_decision_answer(
    run_ref: MissionRunRef,
    decision_id: str,
    answer: str,
    actor: ActorIdentity,
    *,
    identity: Callable[[], ProjectIdentity],
    emitter: RuntimeEventEmitter | None = None,
) -> None:
    """Answer a question that a run waits for.

    An audit is answered by the person that the run's input `mission_owner_id` names, unless its
    description names another. A refused attempt is on record.

    Raises:
        NoPendingDecision: NO_PENDING_DECISION.
        InvalidAnswer: INVALID_ANSWER.
        AuthorityDenied: AUTHORITY_DENIED.
        RunNotFound: RUN_NOT_FOUND.
        WriteFailed: WRITE_FAILED.
    """
    run = MissionRun.open(run_ref.run_dir, identity=identity)
    try:
        answer_question(run, decision_id, answer, actor)
    finally:
        run.save(emitter=emitter)


def notify_decision_timeout(
    run_ref: MissionRunRef,
    decision_id: str,
    actor: ActorIdentity,
    *,
    identity: Callable[[], ProjectIdentity],
    emitter: RuntimeEventEmitter | None = None,
) -> tuple[str, ...]:
    """Record that the answer to an audit is overdue and return who is to be told; the run still waits.

    Raises:
        NoPendingDecision: NO_PENDING_DECISION.
        NoTimeout: NO_TIMEOUT.
        RunNotFound: RUN_NOT_FOUND.
        WriteFailed: WRITE_FAILED.
    """
    run = MissionRun.open(run_ref.run_dir, identity=identity)
    told = expire(run, decision_id, actor, owner=run.snapshot.inputs.get(OWNER_INPUT))
    run.save(emitter=emitter)
    return told


def _read_snapshot(run_dir: Path) -> MissionRunSnapshot:
    """Read a run's snapshot (a frozen name of the runtime, 000 FR-001)."""
    return read_run(run_dir)[0]
