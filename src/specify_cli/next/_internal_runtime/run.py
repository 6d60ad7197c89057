"""One run of a mission as an aggregate: it takes events, applies them and writes them in one go.

The journal is written first, the state file is derived from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.events.envelope import Stamp
from specify_cli.events.run_envelopes import (
    RunOrigin,
    decision_input_answered,
    decision_input_requested,
    mission_run_completed,
    mission_run_started,
    next_step_auto_completed,
    next_step_issued,
)
from specify_cli.kernel import gate
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.files import DISK, json_document, json_line
from specify_cli.kernel.ulid import new_ulid
from specify_cli.next._internal_runtime.emitter import NullEmitter, emit_row
from specify_cli.next._internal_runtime.journal import JOURNAL_FILE, JournalRow, apply
from specify_cli.next._internal_runtime.meaning import template_hash
from specify_cli.next._internal_runtime.notes import run_note
from specify_cli.next._internal_runtime.schema import (
    MissionPolicySnapshot,
    MissionRunSnapshot,
    MissionRuntimeError,
)
from specify_cli.next._internal_runtime.state import STATE_FILE, SURFACE, read_run, run_state

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.definitions import RuntimeActorIdentity
    from spec_kitty_contracts.wire.run_note import RunNote
    from spec_kitty_contracts.wire.run_state import RunState
    from spec_kitty_contracts.wire.status_rows import LifecycleRow
    from specify_cli.identity.project import ProjectIdentity
    from specify_cli.kernel.files import Disk
    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.next._internal_runtime.authority import DecisionGate
    from specify_cli.next._internal_runtime.emitter import RuntimeEventEmitter
    from specify_cli.next._internal_runtime.journal import JournalProblem
    from specify_cli.next._internal_runtime.notes import NoteKind
    from specify_cli.next._internal_runtime.schema import (
        ActorIdentity,
        MissionTemplate,
        NextDecision,
        ResultType,
    )


class NoPendingDecision(MissionRuntimeError):
    """The run does not wait for that answer."""

    code = "NO_PENDING_DECISION"


class MissionRunRef(NamedTuple):
    """Which run, and of which mission.

    Attributes:
        run_id: ULID; never the mission's.
        run_dir: Absolute folder of the run.
        mission_key: The mission type.
        mission_id: ULID of the mission.
        mission_slug: Its name.
    """

    run_id: str
    run_dir: Path
    mission_key: str
    mission_id: str
    mission_slug: str


class MissionRun:
    """One run, open for events.

    Attributes:
        ref: Which run.
        snapshot: The run with every event so far, unsaved ones included.
        problems: Lines of the journal that cannot be used.
        saved: The state file as it is on disk; None when there is none yet.
    """

    def __init__(
        self,
        ref: MissionRunRef,
        snapshot: MissionRunSnapshot,
        identity: Callable[[], ProjectIdentity],
        saved: RunState | None = None,
        lamport_clock: int = 0,
        problems: tuple[JournalProblem, ...] = (),
    ) -> None:
        self.ref = ref
        self.snapshot = snapshot
        self.identity = identity
        self.saved = saved
        self.lamport_clock = lamport_clock
        self.problems = problems
        self._pending: list[tuple[LifecycleRow | RunNote, Mapping[str, JsonValue]]] = []

    @classmethod
    def start(
        cls,
        template: MissionTemplate,
        *,
        run_store: Path,
        mission_id: str,
        mission_slug: str,
        actor: ActorIdentity,
        identity: Callable[[], ProjectIdentity],
        inputs: Mapping[str, str] | None = None,
        policy_snapshot: MissionPolicySnapshot | None = None,
        meaning: str | None = None,
    ) -> MissionRun:
        """Begin a run in memory; `save` puts it on disk.

        Args:
            template: What is run.
            run_store: Folder of all runs.
            mission_id: ULID of the mission.
            mission_slug: Its name.
            actor: Who begins.
            identity: Loads the project's identity, when the first event is made.
            inputs: Inputs that are known from the start.
            policy_snapshot: The policy of the run.
            meaning: The hash of what is run, if it is known.
        """
        run_id = new_ulid()
        key = template.mission.key
        followed = meaning or template_hash(template)
        policy = policy_snapshot or MissionPolicySnapshot()
        run = cls(
            MissionRunRef(run_id, run_store / run_id, key, mission_id, mission_slug),
            MissionRunSnapshot(
                run_id=run_id,
                mission_key=key,
                mission_id=mission_id,
                mission_slug=mission_slug,
                template_hash=followed,
                policy_snapshot=policy,
            ),
            identity,
        )
        run._record(
            mission_run_started(run._origin(), mission_type=key, actor=_wire(actor)),
            {
                "mission_slug": mission_slug,
                "template_hash": followed,
                **({"inputs": dict(inputs)} if inputs else {}),
                **({} if policy == MissionPolicySnapshot() else {"policy": _policy(policy)}),
            },
        )
        return run

    @classmethod
    def open(cls, run_dir: Path, *, identity: Callable[[], ProjectIdentity]) -> MissionRun:
        """Read a run: what the journal tells counts, whatever the state file says.

        Args:
            run_dir: The run's folder.
            identity: Loads the project's identity, when an event is made.

        Raises:
            RunNotFound: RUN_NOT_FOUND: neither journal nor state file tells whose run it is.
        """
        snapshot, journal, saved = read_run(run_dir)
        ref = MissionRunRef(
            snapshot.run_id,
            run_dir,
            snapshot.mission_key,
            snapshot.mission_id,
            snapshot.mission_slug,
        )
        return cls(
            ref,
            snapshot,
            identity,
            saved,
            journal.lamport_clock,
            journal.problems,
        )

    def issue(self, step_id: str, actor: ActorIdentity, *, wp_id: str | None = None) -> None:
        """Hand a step out; with a work package, hand that one out again after a stop."""
        self._record(
            next_step_issued(self._origin(), step_id=step_id, actor=_wire(actor)),
            {"wp_id": wp_id} if wp_id else {},
        )

    def report(
        self,
        step_id: str,
        actor: ActorIdentity,
        result: ResultType,
        *,
        wp_id: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Record how a step, or one work package's part of it, ended."""
        context: JsonObject = {
            key: value for key, value in (("wp_id", wp_id), ("reason", reason)) if value
        }
        self._record(
            next_step_auto_completed(
                self._origin(), step_id=step_id, actor=_wire(actor), result=result
            ),
            context,
        )

    def adopt(self, meaning: str, actor: ActorIdentity) -> None:
        """Record that the run follows a changed description from now on."""
        self._note("TemplateAdopted", actor, {"template_hash": meaning})

    def ask(
        self, decision: NextDecision, actor: ActorIdentity, gate: DecisionGate | None = None
    ) -> None:
        """Record that the run waits for an answer; asking again records nothing.

        Args:
            decision: What is asked.
            actor: Who reached the question.
            gate: Who may answer it, and by when; None leaves it open.
        """
        if decision.decision_id is None or decision.decision_id in self.snapshot.pending_decisions:
            return
        self._record(
            decision_input_requested(
                self._origin(),
                decision_id=decision.decision_id,
                step_id=decision.step_id or "",
                question=decision.question or "",
                options=list(decision.options),
                input_key=decision.input_key,
                actor=_wire(actor),
            ),
            {} if gate is None else gate.to_json(utc_now()),
        )
        if gate is not None and gate.significance is not None:
            self._note(
                "SignificanceEvaluated",
                actor,
                {
                    "step_id": decision.step_id or "",
                    "decision_id": decision.decision_id,
                    "band": gate.significance.band,
                    "total": gate.significance.total,
                    "hard_triggers": [*gate.significance.hard_triggers],
                },
            )

    def deny(self, decision_id: str, actor: ActorIdentity, reason: str) -> None:
        """Record that an answer was refused because of who gave it."""
        self._note("DecisionAuthorityDenied", actor, {"decision_id": decision_id, "reason": reason})

    def expire(self, decision_id: str, actor: ActorIdentity, notify: Sequence[str]) -> None:
        """Record that an answer is overdue and who is to be told; doing so again records nothing."""
        request = self.snapshot.pending_decisions[decision_id]
        if not request.expired:
            band: JsonObject = {} if request.band is None else {"band": request.band}
            self._note(
                "DecisionTimeoutExpired",
                actor,
                {"decision_id": decision_id, "notify": [*notify], **band},
            )

    def answer(self, decision_id: str, answer: str, actor: ActorIdentity) -> None:
        """Record the answer to a pending question.

        Raises:
            NoPendingDecision: NO_PENDING_DECISION.
        """
        pending = sorted(self.snapshot.pending_decisions)
        if decision_id not in pending:
            raise NoPendingDecision(
                f"the run does not wait for an answer to {decision_id!r}.",
                fix=f"Answer one of: {', '.join(pending)}."
                if pending
                else "Ask for the next step.",
                details={"decision_id": decision_id, "pending": [*pending]},
            )
        self._record(
            decision_input_answered(
                self._origin(), decision_id=decision_id, answer=answer, actor=_wire(actor)
            )
        )

    def finish(self, actor: ActorIdentity) -> None:
        """Record the end of the run; the first call counts, later ones record nothing."""
        if not self.snapshot.finished:
            self._record(
                mission_run_completed(
                    self._origin(), mission_type=self.ref.mission_key, actor=_wire(actor)
                )
            )

    @property
    def changed(self) -> bool:
        """Whether there is something to save, be it only a state file that lags behind."""
        return bool(self._pending) or self.saved != run_state(self.snapshot)

    def save(self, *, emitter: RuntimeEventEmitter | None = None, disk: Disk = DISK) -> None:
        """Write the journal, then the state; then tell the emitter.

        A crash after the journal loses nothing: the next reader folds it.

        Raises:
            ContractViolation: CONTRACT_VIOLATION: the state does not conform; nothing is written.
            WriteFailed: WRITE_FAILED.
        """
        if not self.changed:
            return
        state = run_state(self.snapshot)
        gate.check(SURFACE, state)
        self.ref.run_dir.mkdir(parents=True, exist_ok=True)
        if self._pending:
            disk.append_lines(
                self.ref.run_dir / JOURNAL_FILE,
                [json_line({**event, **_context(extra)}) for event, extra in self._pending],
            )
        disk.write_atomic(self.ref.run_dir / STATE_FILE, json_document(state))
        sent = [event for event, _ in self._pending]
        self._pending.clear()
        self.saved = state
        for event in sent:
            emit_row(emitter or NullEmitter(), event)

    def _origin(self) -> RunOrigin:
        now = utc_now()
        return RunOrigin(
            identity=self.identity(),
            run_id=self.ref.run_id,
            mission_id=self.ref.mission_id,
            stamp=Stamp(new_ulid(now), isoformat(now), self.lamport_clock + 1),
        )

    def _note(self, kind: NoteKind, actor: ActorIdentity, facts: Mapping[str, JsonValue]) -> None:
        """Take a row that is no event of the catalogue."""
        note = run_note(
            kind,
            actor,
            facts,
            run_id=self.ref.run_id,
            mission_id=self.ref.mission_id,
            lamport_clock=self.lamport_clock + 1,
        )
        self._take(note, {})

    def _record(self, event: LifecycleRow, context: Mapping[str, JsonValue] | None = None) -> None:
        """Take an event that has passed the gate."""
        self._take(event, context or {})

    def _take(self, event: LifecycleRow | RunNote, context: Mapping[str, JsonValue]) -> None:
        self.lamport_clock += 1
        self._pending.append((event, context))
        row = JournalRow(
            event["event_type"],
            event["timestamp"],
            event["aggregate_id"],
            cast("Mapping[str, JsonValue]", event.get("payload", {})),
            context,
            self.lamport_clock,
        )
        self.snapshot = apply(self.snapshot, row)


def _wire(actor: ActorIdentity) -> RuntimeActorIdentity:
    return {
        "actor_id": actor.actor_id,
        "actor_type": actor.actor_type,
        "display_name": actor.display_name,
        "provider": actor.provider,
        "model": actor.model,
        "tool": actor.tool,
    }


def _context(extra: Mapping[str, JsonValue]) -> JsonObject:
    return {"context": dict(extra)} if extra else {}


def _policy(policy: MissionPolicySnapshot) -> JsonObject:
    return {**policy._asdict(), "extras": dict(policy.extras)}
