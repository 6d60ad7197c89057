"""The public door of the runtime: start a run, take its next step, answer its questions.

For callers who drive a run without guards and work packages (000 FR-001).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.next._internal_runtime.discovery import load_mission_template
from specify_cli.next._internal_runtime.planner import plan_next
from specify_cli.next._internal_runtime.run import MissionRun, MissionRunRef
from specify_cli.next._internal_runtime.schema import (
    RESULTS,
    MissionRuntimeError,
    template_hash,
)
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
    run = MissionRun.start(
        load_mission_template(mission_key, context).description.template,
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
    template = load_mission_template(run_ref.mission_key, context).description.template
    run = MissionRun.open(run_ref.run_dir, identity=identity, template_hash=template_hash(template))
    if run.snapshot.issued_step_id is not None:
        run.report(run.snapshot.issued_step_id, actor, result)
    decision = settle_decision(run, template, actor)
    run.save(emitter=emitter)
    return decision


def settle_decision(
    run: MissionRun, template: MissionTemplate, actor: ActorIdentity
) -> NextDecision:
    """Plan and record what the plan means: a step issued, a question asked, the end reached."""
    decision = plan_next(run.snapshot, template)
    if decision.kind == "decision_required":
        run.ask(decision, actor)
    elif decision.kind == "terminal":
        run.finish(actor)
    elif decision.kind == "step" and decision.step_id != run.snapshot.issued_step_id:
        run.issue(decision.step_id or "", actor)
    return decision


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

    Raises:
        NoPendingDecision: NO_PENDING_DECISION.
        RunNotFound: RUN_NOT_FOUND.
        WriteFailed: WRITE_FAILED.
    """
    run = MissionRun.open(
        run_ref.run_dir,
        identity=identity,
        template_hash=_read_snapshot(run_ref.run_dir).template_hash,
    )
    run.answer(decision_id, answer, actor)
    run.save(emitter=emitter)


def _read_snapshot(run_dir: Path) -> MissionRunSnapshot:
    """Read a run's snapshot (a frozen name of the runtime, 000 FR-001)."""
    return read_run(run_dir)[0]
