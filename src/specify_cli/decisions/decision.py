"""One decision: a question of a mission's planning and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, cast, get_args

from specify_cli.kernel.clock import isoformat

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.decision import OriginFlow
    from spec_kitty_contracts.wire.decision_index import DecisionEntry
    from specify_cli.kernel.json_types import JsonObject, JsonValue

DecisionStatus: TypeAlias = Literal["open", "resolved", "deferred", "canceled"]
Outcome: TypeAlias = Literal["resolved", "deferred", "canceled"]

OPEN: Final = "open"
RESOLVED: Final = "resolved"
DEFERRED: Final = "deferred"
CANCELED: Final = "canceled"
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)


class DecisionChange(NamedTuple):
    """One step in the life of a decision.

    Attributes:
        at: When, in the form of `kernel.clock.isoformat`.
        what: "opened", or the outcome.
        by: Who, if it is known.
    """

    at: str
    what: str
    by: str | None


@dataclass(frozen=True, slots=True)
class Decision:
    """A question of a mission's planning and what became of it.

    Attributes:
        decision_id: Its ULID.
        mission_id: The mission's ULID; its slug when it has none.
        mission_slug: The mission.
        origin_flow: What was being written when it came up.
        step_id: The step that asks, or None.
        slot_key: The slot of an interview that asks, or None.
        input_key: What the answer is called.
        question: The question.
        options: Suggested answers.
        status: Where it stands.
        final_answer: The answer, once it is resolved.
        rationale: Why it was answered, put off or dropped.
        other_answer: Whether the answer is none of the options.
        summary: Summary of a discussion elsewhere, as another client wrote it.
        created_at: When it was opened.
        opened_by: Who asked.
        resolved_at: When it last reached its status; None while it is open.
        resolved_by: Who brought it there; None while it is open.
        changes: What happened to it, oldest first.
    """

    decision_id: str
    mission_id: str
    mission_slug: str
    origin_flow: OriginFlow
    step_id: str | None
    slot_key: str | None
    input_key: str
    question: str
    options: tuple[str, ...]
    created_at: str
    opened_by: str | None
    status: DecisionStatus = OPEN
    final_answer: str | None = None
    rationale: str | None = None
    other_answer: bool = False
    summary: JsonValue = None
    resolved_at: str | None = None
    resolved_by: str | None = None
    changes: tuple[DecisionChange, ...] = ()

    @property
    def key(self) -> tuple[str, str | None, str | None, str]:
        """What names the question in its mission: asking for it again finds it."""
        return (self.origin_flow, self.step_id, self.slot_key, self.input_key)

    @property
    def order(self) -> tuple[str, str]:
        """Where it stands among the others."""
        return (self.created_at, self.decision_id)

    def may_become(self, outcome: Outcome) -> bool:
        """Tell whether it can still be closed that way: what was put off can be answered later."""
        return self.status == OPEN or (self.status == DEFERRED and outcome == RESOLVED)

    def closed(
        self,
        outcome: Outcome,
        *,
        at: str,
        by: str | None,
        final_answer: str | None,
        rationale: str | None,
        other_answer: bool,
        summary: JsonValue = None,
    ) -> Decision:
        """Return it with an outcome."""
        return replace(
            self,
            status=outcome,
            final_answer=final_answer,
            rationale=rationale,
            other_answer=other_answer,
            summary=summary if summary is not None else self.summary,
            resolved_at=at,
            resolved_by=by,
            changes=(*self.changes, DecisionChange(at, outcome, by)),
        )

    def entry(self) -> DecisionEntry:
        """Return its entry in `index.json`."""
        return {
            "decision_id": self.decision_id,
            "mission_id": self.mission_id,
            "mission_slug": self.mission_slug,
            "origin_flow": self.origin_flow,
            "step_id": self.step_id,
            "slot_key": self.slot_key,
            "input_key": self.input_key,
            "question": self.question,
            "options": list(self.options),
            "status": self.status,
            "final_answer": self.final_answer,
            "rationale": self.rationale,
            "other_answer": self.other_answer,
            "summary_json": self.summary,
            "created_at": _zulu(self.created_at),
            "resolved_at": _zulu(self.resolved_at) if self.resolved_at else None,
            "resolved_by": self.resolved_by,
            "opened_by": self.opened_by,
        }

    def to_json(self) -> JsonObject:
        """Return it as plain JSON: its entry in the index."""
        return dict(cast("JsonObject", self.entry()))


def moment(value: object) -> str | None:
    """Return a time as the log writes it; None for what is no time.

    A time without a zone is taken as UTC, as in every row of a log.
    """
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return isoformat(found if found.tzinfo else found.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def _zulu(at: str) -> str:
    """Return a time as the index writes it."""
    return at.replace("+00:00", "Z")
