"""The journal of a run, and the run as the journal tells it.

The journal is written first and the state file is derived from it, so a crash between the two loses
nothing: the next reader folds the journal (DESIGN.md D4). A row is a full envelope, ready for the
wire, plus an optional `context` with what only this project knows: the work package and the reason.
What has no place in the event catalogue at all is a note (contracts/published/run_note.schema.json).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from specify_cli.next._internal_runtime.schema import (
    ACTOR_TYPES,
    INPUT_PREFIX,
    DecisionAnswer,
    DecisionRequest,
    IssuedStep,
    MissionPolicySnapshot,
    RACIRoleBinding,
    Stop,
)
from specify_cli.next._internal_runtime.significance import BANDS, LEFT_OPEN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.next._internal_runtime.schema import MissionRunSnapshot, ResultType

JOURNAL_FILE = "run.events.jsonl"


class JournalProblem(NamedTuple):
    """A line that is not a journal row.

    Attributes:
        line: Counted from 1.
        offset: Of the line's first byte.
    """

    line: int
    offset: int
    reason: str


class JournalRow(NamedTuple):
    """One event of a run.

    Attributes:
        at: ISO 8601.
        aggregate_id: The mission's ULID.
        context: Facts that the event's contract has no place for.
    """

    event_type: str
    at: str
    aggregate_id: str
    payload: Mapping[str, JsonValue]
    context: Mapping[str, JsonValue]
    lamport_clock: int


class Journal(NamedTuple):
    """Everything a journal file holds; a bad line never hides the others (P3)."""

    rows: tuple[JournalRow, ...] = ()
    problems: tuple[JournalProblem, ...] = ()

    @property
    def lamport_clock(self) -> int:
        """The highest clock value of any row; 0 for an empty journal."""
        return max((row.lamport_clock for row in self.rows), default=0)


def read_journal(run_dir: Path) -> Journal:
    """Read a run's journal; a missing file reads as an empty one."""
    try:
        data = (run_dir / JOURNAL_FILE).read_bytes()
    except FileNotFoundError:
        return Journal()
    rows: list[JournalRow] = []
    problems: list[JournalProblem] = []
    offset = 0
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            row = parse_row(line)
            if row is None:
                problems.append(JournalProblem(number, offset, "not a journal row"))
            else:
                rows.append(row)
        offset += len(line) + 1
    return Journal(tuple(rows), tuple(problems))


def parse_row(line: bytes) -> JournalRow | None:
    """Read one line; None when it is torn or something else."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict):
        return None
    event_type, at, payload = (document.get(k) for k in ("event_type", "timestamp", "payload"))
    if not (isinstance(event_type, str) and isinstance(at, str) and isinstance(payload, dict)):
        return None
    context, clock = document.get("context"), document.get("lamport_clock")
    return JournalRow(
        event_type,
        at,
        str(document.get("aggregate_id", "")),
        payload,
        context if isinstance(context, dict) else {},
        clock if isinstance(clock, int) else 0,
    )


def fold(snapshot: MissionRunSnapshot, rows: Iterable[JournalRow]) -> MissionRunSnapshot:
    """Apply rows in their order; rows of an unknown type change nothing."""
    for row in rows:
        snapshot = apply(snapshot, row)
    return snapshot


def apply(snapshot: MissionRunSnapshot, row: JournalRow) -> MissionRunSnapshot:
    """Return the run after one more event."""
    snapshot = snapshot._replace(agents=_with_agent(snapshot.agents, row))
    match row.event_type:
        case "MissionRunStarted":
            return _started(snapshot, row)
        case "NextStepIssued":
            return _issued(snapshot, row)
        case "NextStepAutoCompleted":
            return _reported(snapshot, row)
        case "DecisionInputRequested":
            return _requested(snapshot, row)
        case "DecisionInputAnswered":
            return _answered(snapshot, row)
        case "MissionRunCompleted":
            return snapshot._replace(finished=True, issued=None)
        case "TemplateAdopted":
            # What was asked belongs to the old description; what is still needed is asked again.
            adopted = _text(row.payload, "template_hash") or snapshot.template_hash
            return snapshot._replace(template_hash=adopted, pending_decisions={}, finished=False)
        case "DecisionTimeoutExpired":
            return _expired(snapshot, row)
        case _:
            return snapshot


def _started(snapshot: MissionRunSnapshot, row: JournalRow) -> MissionRunSnapshot:
    policy, extras = row.context.get("policy"), {}
    if isinstance(policy, dict) and isinstance(policy.get("extras"), dict):
        extras = cast("JsonObject", policy["extras"])
    return snapshot._replace(
        inputs=_texts(row.context.get("inputs")),
        template_hash=_text(row.context, "template_hash") or snapshot.template_hash,
        policy_snapshot=snapshot.policy_snapshot
        if not isinstance(policy, dict)
        else MissionPolicySnapshot(
            cast("Any", _text(policy, "strictness") or "medium"),
            _text(policy, "default_route") or "same_llm_context",
            extras,
        ),
    )


def _expired(snapshot: MissionRunSnapshot, row: JournalRow) -> MissionRunSnapshot:
    decision_id = _text(row.payload, "decision_id") or ""
    request = snapshot.pending_decisions.get(decision_id)
    if request is None:
        return snapshot
    overdue = {**snapshot.pending_decisions, decision_id: request._replace(expired=True)}
    return snapshot._replace(pending_decisions=overdue)


def _issued(snapshot: MissionRunSnapshot, row: JournalRow) -> MissionRunSnapshot:
    wp_id, step_id = _text(row.context, "wp_id"), _text(row.payload, "step_id") or ""
    stops = tuple(stop for stop in snapshot.stops if stop.wp_id != wp_id)
    if wp_id is not None:
        # Handing a stopped work package out again; the step as a whole was issued before.
        return snapshot._replace(stops=stops)
    issued = IssuedStep(step_id, _text(row.payload, "agent_id") or "", row.at)
    return snapshot._replace(issued=issued, stops=stops)


def _reported(snapshot: MissionRunSnapshot, row: JournalRow) -> MissionRunSnapshot:
    wp_id, step_id = _text(row.context, "wp_id"), _text(row.payload, "step_id") or ""
    result = cast("ResultType", _text(row.payload, "result") or "success")
    others = tuple(stop for stop in snapshot.stops if stop.wp_id != wp_id)
    if result != "success":
        agent = _text(row.payload, "agent_id") or ""
        stop = Stop(step_id, wp_id, agent, result, row.at, _text(row.context, "reason"))
        return snapshot._replace(stops=(*others, stop))
    if wp_id is not None:
        return snapshot._replace(stops=others)
    completed = snapshot.completed_steps
    return snapshot._replace(
        completed_steps=completed if step_id in completed else (*completed, step_id),
        issued=None if snapshot.issued_step_id == step_id else snapshot.issued,
        stops=others,
    )


def _requested(snapshot: MissionRunSnapshot, row: JournalRow) -> MissionRunSnapshot:
    decision_id = _text(row.payload, "decision_id") or ""
    options = row.payload.get("options")
    request = DecisionRequest(
        decision_id=decision_id,
        step_id=_text(row.payload, "step_id") or "",
        question=_text(row.payload, "question") or "",
        requested_by=_actor_id(row),
        requested_at=row.at,
        input_key=_text(row.payload, "input_key"),
        options=tuple(str(o) for o in options) if isinstance(options, list) else (),
        answerable_by=_roles(row.context.get("answerable_by")),
        consulted=_roles(row.context.get("consulted")),
        band=next((band for band in BANDS if band == row.context.get("band")), None),
        due_at=_text(row.context, "due_at"),
    )
    return snapshot._replace(pending_decisions={**snapshot.pending_decisions, decision_id: request})


def _answered(snapshot: MissionRunSnapshot, row: JournalRow) -> MissionRunSnapshot:
    decision_id = _text(row.payload, "decision_id") or ""
    answer = _text(row.payload, "answer") or ""
    pending = dict(snapshot.pending_decisions)
    request = pending.get(decision_id)
    if request is None or not (request.is_audit and answer in LEFT_OPEN):
        pending.pop(decision_id, None)
    given = DecisionAnswer(decision_id, answer, _actor_id(row), row.at)
    inputs = dict(snapshot.inputs)
    if decision_id.startswith(INPUT_PREFIX):
        inputs[decision_id.removeprefix(INPUT_PREFIX)] = answer
    return snapshot._replace(
        pending_decisions=pending,
        decisions={**snapshot.decisions, decision_id: given},
        inputs=inputs,
    )


def _with_agent(agents: tuple[str, ...], row: JournalRow) -> tuple[str, ...]:
    actor = row.payload.get("actor")
    if isinstance(actor, dict) and actor.get("actor_type") == "human":
        return agents  # who decides is not there to review
    name = _text(row.payload, "agent_id") or _actor_id(row)
    return agents if not name or name in agents else tuple(sorted((*agents, name)))


def _actor_id(row: JournalRow) -> str:
    actor = row.payload.get("actor")
    return (_text(actor, "actor_id") or "") if isinstance(actor, dict) else ""


def _roles(value: JsonValue | None) -> tuple[RACIRoleBinding, ...]:
    found = value if isinstance(value, list) else []
    return tuple(
        RACIRoleBinding(kind, _text(role, "actor_id"))
        for role in found
        if isinstance(role, dict)
        for kind in ACTOR_TYPES
        if kind == role.get("actor_type")
    )


def _text(mapping: Mapping[str, JsonValue], key: str) -> str | None:
    value = mapping.get(key)
    return value if isinstance(value, str) else None


def _texts(value: JsonValue) -> dict[str, str]:
    found: JsonObject = value if isinstance(value, dict) else {}
    return {key: item for key, item in found.items() if isinstance(item, str)}
