"""Where a run's events also go, once they are on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.run_note import RunNote
    from spec_kitty_contracts.wire.status_rows import LifecycleRow
    from specify_cli.kernel.json_types import JsonValue

    Payload = Mapping[str, JsonValue]


class RuntimeEventEmitter(Protocol):
    """Receives each event after the journal holds it, in order.

    The payloads conform to the vendored schemas of the event type that a method is named after; the
    last two have none and conform to the published `run_note`.
    """

    def emit_mission_run_started(self, payload: Payload) -> None:
        """A run began."""

    def emit_next_step_issued(self, payload: Payload) -> None:
        """A step was handed out."""

    def emit_next_step_auto_completed(self, payload: Payload) -> None:
        """A step was completed, or reported as failed or blocked."""

    def emit_decision_input_requested(self, payload: Payload) -> None:
        """The run waits for an input."""

    def emit_decision_input_answered(self, payload: Payload) -> None:
        """The input was given."""

    def emit_mission_run_completed(self, payload: Payload) -> None:
        """Every step is complete."""

    def emit_significance_evaluated(self, payload: Payload) -> None:
        """An audit is due, and how much depends on it is known."""

    def emit_decision_timeout_expired(self, payload: Payload) -> None:
        """An audit has waited too long for its answer."""


class NullEmitter:
    """Sends nothing anywhere: the journal is the only record."""

    def emit_mission_run_started(self, payload: Payload) -> None:
        """Do nothing."""

    def emit_next_step_issued(self, payload: Payload) -> None:
        """Do nothing."""

    def emit_next_step_auto_completed(self, payload: Payload) -> None:
        """Do nothing."""

    def emit_decision_input_requested(self, payload: Payload) -> None:
        """Do nothing."""

    def emit_decision_input_answered(self, payload: Payload) -> None:
        """Do nothing."""

    def emit_mission_run_completed(self, payload: Payload) -> None:
        """Do nothing."""

    def emit_significance_evaluated(self, payload: Payload) -> None:
        """Do nothing."""

    def emit_decision_timeout_expired(self, payload: Payload) -> None:
        """Do nothing."""


def emit_row(emitter: RuntimeEventEmitter, event: LifecycleRow | RunNote) -> None:
    """Tell an emitter of one row of a journal."""
    payload = cast("Mapping[str, JsonValue]", event.get("payload", {}))
    match event["event_type"]:
        case "MissionRunStarted":
            emitter.emit_mission_run_started(payload)
        case "NextStepIssued":
            emitter.emit_next_step_issued(payload)
        case "NextStepAutoCompleted":
            emitter.emit_next_step_auto_completed(payload)
        case "DecisionInputRequested":
            emitter.emit_decision_input_requested(payload)
        case "DecisionInputAnswered":
            emitter.emit_decision_input_answered(payload)
        case "MissionRunCompleted":
            emitter.emit_mission_run_completed(payload)
        case "SignificanceEvaluated":
            emitter.emit_significance_evaluated(payload)
        case "DecisionTimeoutExpired":
            emitter.emit_decision_timeout_expired(payload)
        case _:
            pass  # the other notes concern this checkout only
