"""Changing the decisions of a mission: events first, the derived files with them, in one commit."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from specify_cli.decisions.decision import OUTCOMES
from specify_cli.decisions.files import derived_files, page_path
from specify_cli.decisions.register import INDEX_FILE, decisions_folder, read_index, register_of
from specify_cli.events.decision_envelopes import decision_point_opened, decision_point_resolved
from specify_cli.missions.home import write_documents
from specify_cli.missions.mission import mission_log
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spec_kitty_contracts.wire.decision import (
        DecisionPointOpenedInterviewPayload,
        DecisionPointResolvedInterviewPayload,
    )
    from spec_kitty_contracts.wire.decision_index import DecisionIndex
    from spec_kitty_contracts.wire.envelope import Event
    from specify_cli.decisions.decision import Decision, Outcome
    from specify_cli.decisions.register import Register
    from specify_cli.events.envelope import Stamp
    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission
    from specify_cli.status.mission_status import StatusChange

_UNKNOWN = "unknown"


class Recording:
    """A change of a mission's decisions in progress; made by `recording`.

    Attributes:
        mission: The mission.
        change: The change of its status that the events are part of.
    """

    def __init__(self, mission: Mission, change: StatusChange, index: DecisionIndex | None) -> None:
        self.mission = mission
        self.change = change
        self._index = index
        self._touched: list[str] = []

    @property
    def register(self) -> Register:
        """The decisions, with what this change has recorded."""
        return register_of(self.mission, self.change.log, self._index)

    @property
    def touched(self) -> tuple[str, ...]:
        """Ids of the decisions that this change has events of."""
        return tuple(self._touched)

    def opened(self, decision: Decision, stamp: Stamp, *, actor_type: str) -> str:
        """Record that a question was asked; returns the event id.

        Raises:
            ContractViolation: CONTRACT_VIOLATION.
        """
        payload = cast(
            "DecisionPointOpenedInterviewPayload",
            {
                "origin_surface": "planning_interview",
                "origin_flow": decision.origin_flow,
                "phase": decision.origin_flow.upper(),
                "decision_point_id": decision.decision_id,
                # A question of the planning belongs to no run; other clients name itself here too.
                "run_id": decision.decision_id,
                "mission_id": decision.mission_id,
                "mission_slug": decision.mission_slug,
                "mission_type": self.mission.mission_type,
                "step_id": decision.step_id or decision.slot_key or decision.input_key,
                "input_key": decision.input_key,
                "question": decision.question,
                "options": list(decision.options),
                "actor_id": decision.opened_by or _UNKNOWN,
                "actor_type": actor_type,
                "recorded_at": stamp.at,
                "state_entered_at": decision.created_at,
            },
        )
        change = self.change
        event = decision_point_opened(
            change.identity, stamp, payload, correlation_id=change.correlation_id
        )
        if decision.slot_key is not None:
            event = cast("Event", {**event, "slot_key": decision.slot_key})
        self._touched.append(decision.decision_id)
        return change.record(event)

    def closed(self, decision: Decision, stamp: Stamp) -> str:
        """Record the outcome that a decision has; returns the event id.

        Raises:
            ContractViolation: CONTRACT_VIOLATION.
        """
        payload: DecisionPointResolvedInterviewPayload = {
            "origin_surface": "planning_interview",
            "decision_point_id": decision.decision_id,
            "run_id": decision.decision_id,
            "mission_id": decision.mission_id,
            "mission_slug": decision.mission_slug,
            "mission_type": self.mission.mission_type,
            "terminal_outcome": cast("Outcome", decision.status),
            "final_answer": decision.final_answer,
            "other_answer": decision.other_answer,
            "rationale": decision.rationale,
            "resolved_by": decision.resolved_by or _UNKNOWN,
            "summary": None,
            "actual_participants": [],
            "closed_locally_while_widened": False,
            "closure_message": None,
            "recorded_at": stamp.at,
            "state_entered_at": decision.resolved_at or stamp.at,
        }
        change = self.change
        self._touched.append(decision.decision_id)
        return change.record(
            decision_point_resolved(
                change.identity, stamp, payload, correlation_id=change.correlation_id
            )
        )

    def recorded(self, decision: Decision) -> Decision:
        """Return a decision as its events say."""
        return self.register.find(decision.decision_id) or decision

    def adopt(self) -> None:
        """Record what only the index knows, as a crash of the existing CLI leaves it."""
        for decision in self.register.unrecorded:
            self.opened(decision, self.change.stamp(), actor_type="human")
            if decision.status in OUTCOMES:
                self.closed(decision, self.change.stamp())


@contextmanager
def recording(project: Project, mission: Mission, message: str) -> Iterator[Recording]:
    """Change the decisions of a mission: under its lock, in one commit; nothing when nothing is new.

    Args:
        project: The project.
        mission: The mission.
        message: The commit message.

    Raises:
        DecisionIndexCorrupt: DECISION_INDEX_CORRUPT.
        SpecKittyError: Whatever the block, or writing and committing, raise; all is then as it was.
    """
    with MissionStatus.change(mission_log(project, mission), message=message) as change:
        now = Recording(mission, change, read_index(mission))
        now.adopt()
        yield now
        if now.touched:
            # The pages of others stay as they are, whoever wrote them.
            changed = {page_path(mission, one) for one in now.touched}
            changed.add(decisions_folder(mission) / INDEX_FILE)
            every = derived_files(mission, now.register)
            files = {path: data for path, data in every.items() if path in changed}
            write_documents(project, mission, change, files, message)
