"""Asking a question of a mission's planning, on record."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from specify_cli.decisions.decision import OPEN, Decision
from specify_cli.decisions.files import page_path
from specify_cli.decisions.recording import recording
from specify_cli.decisions.refusals import already_closed
from specify_cli.decisions.said import (
    checked_actor_type,
    checked_flow,
    checked_key,
    checked_options,
    checked_place,
    checked_text,
)
from specify_cli.events.free_text import public_name, without_personal_data
from specify_cli.kernel.names import check_agent
from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from specify_cli.events.free_text import Surroundings
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission

_CONTRACT = "decision_open_v2"
"""The form of the answer that the existing CLI names."""


@dataclass(frozen=True, slots=True)
class OpenedDecision:
    """A question that is on record.

    Attributes:
        decision: The decision, as it is recorded.
        idempotent: It was asked before and is still open; nothing was recorded now.
        page: Its page, absolute.
        event_id: Its event; None when nothing was recorded.
        lamport_clock: The event's logical time; None when nothing was recorded.
        commit: The commit; None when there was nothing to commit.
    """

    decision: Decision
    idempotent: bool
    page: Path
    event_id: str | None
    lamport_clock: int | None
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent decision open`."""
        one = self.decision
        return {
            "result": "success",
            "contract": _CONTRACT,
            "mission_slug": one.mission_slug,
            "mission_id": one.mission_id,
            "decision_id": one.decision_id,
            "status": one.status,
            "question": one.question,
            "options": [*one.options],
            "idempotent": self.idempotent,
            "artifact_path": str(self.page),
            "event_id": self.event_id,
            "event_lamport": self.lamport_clock,
            "commit": self.commit,
            "recovery": {
                "rerun_safe": True,
                "idempotency_key": {
                    "mission_id": one.mission_id,
                    "mission_slug": one.mission_slug,
                    "origin_flow": one.origin_flow,
                    "step_id": one.step_id,
                    "slot_key": one.slot_key,
                    "input_key": one.input_key,
                },
            },
        }

    def to_text(self) -> str:
        """Return the same for people."""
        one = self.decision
        verb = "is open already" if self.idempotent else "is open"
        lines = [f"Decision {one.decision_id} {verb}: {' '.join(one.question.split())}"]
        lines += [f"  - {option}" for option in one.options]
        answer = f"spec-kitty agent decision resolve {one.decision_id}"
        lines.append(f'Next: {answer} --mission {one.mission_slug} --final-answer "..."')
        return "\n".join(lines)


def open_decision(
    project: Project,
    mission: Mission,
    *,
    origin_flow: str,
    input_key: str,
    question: str,
    actor: str,
    step_id: str | None = None,
    slot_key: str | None = None,
    options: Sequence[str] = (),
    actor_type: str = "llm",
) -> OpenedDecision:
    """Ask a question of a mission's planning: an event, the index and a page, in one commit.

    Asking again with the same flow, step or slot, and key answers with the question that is open, and
    records nothing.

    Args:
        project: The project.
        mission: The mission.
        origin_flow: What is being written: charter, specify or plan.
        input_key: What the answer is called.
        question: The question; what it tells about machine and user is masked (DESIGN.md P8).
        actor: Who asks.
        step_id: The step that asks; or
        slot_key: the slot of an interview that asks.
        options: Suggested answers.
        actor_type: What asks: human, llm or service.

    Raises:
        InvalidDecision: INVALID_DECISION: a text, key, option, flow or kind that cannot be recorded.
        MissingStepOrSlot: DECISION_MISSING_STEP_OR_SLOT.
        UnusableName: INVALID_ACTOR.
        DecisionAlreadyClosed: DECISION_ALREADY_CLOSED.
        DecisionIndexCorrupt: DECISION_INDEX_CORRUPT.
        SpecKittyError: What `MissionStatus.change` raises; nothing is recorded then.
    """
    check_agent(actor)
    checked_place(step_id, slot_key)
    asked = Decision(
        decision_id="",
        mission_id=mission.mission_id or mission.slug,
        mission_slug=mission.slug,
        origin_flow=checked_flow(origin_flow),
        step_id=step_id,
        slot_key=slot_key,
        input_key=checked_key(input_key, "input_key"),
        question=checked_text(question, "question"),
        options=checked_options(options),
        created_at="",
        opened_by=public_name(actor),
    )
    kind = checked_actor_type(actor_type)
    message = f"Ask {asked.origin_flow}/{asked.input_key} ({mission.slug})"
    event_id = stamp = None
    with recording(project, mission, message) as now:
        asked = _published(asked, now.change.surroundings)
        known = [one for one in now.register.decisions if one.key == asked.key]
        decision = next((one for one in known if one.status == OPEN), None)
        idempotent = decision is not None
        if decision is None:
            if known:
                raise already_closed(known[-1])
            stamp = now.change.stamp()
            decision = replace(asked, decision_id=new_ulid(), created_at=stamp.at)
            event_id = now.opened(decision, stamp, actor_type=kind)
            decision = now.recorded(decision)
    return OpenedDecision(
        decision=decision,
        idempotent=idempotent,
        page=page_path(mission, decision.decision_id),
        event_id=event_id,
        lamport_clock=stamp.lamport_clock if stamp is not None else None,
        commit=now.change.result.commit,
    )


def _published(asked: Decision, place: Surroundings) -> Decision:
    """Return a question as it may be committed, its keys too: it is found again by what is recorded."""

    def clean(text: str) -> str:
        return without_personal_data(text, place)

    return replace(
        asked,
        step_id=clean(asked.step_id) if asked.step_id else None,
        slot_key=clean(asked.slot_key) if asked.slot_key else None,
        input_key=clean(asked.input_key),
        question=clean(asked.question),
        options=tuple(map(clean, asked.options)),
    )
