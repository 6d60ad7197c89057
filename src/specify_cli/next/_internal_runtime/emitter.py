"""Where a run's events also go, once they are on record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

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
