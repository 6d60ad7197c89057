"""The decisions of a mission: what its log says, completed by its index where the log is silent.

The log is the truth. The index adds two things: decisions that a crash of the existing CLI left without
their event, and which of step and slot asked, where a row of the existing CLI does not say.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from specify_cli.decisions.decision import OUTCOMES, Decision, DecisionChange, moment
from specify_cli.decisions.refusals import index_corrupt
from specify_cli.events.decision_envelopes import DECISION_POINT_OPENED, DECISION_POINT_RESOLVED
from specify_cli.kernel.files import read_text
from specify_cli.kernel.gate import ContractViolation, check
from specify_cli.missions.mission import DECISIONS_FOLDER, folded_log

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.decision_index import DecisionEntry, DecisionIndex
    from specify_cli.missions.mission import Mission
    from specify_cli.status.log import Log

INDEX_FILE = "index.json"
_SURFACE = "decision_index"
_INTERVIEW = "planning_interview"
_NEEDED = ("decision_point_id", "origin_flow", "step_id", "input_key", "question")


class Register(NamedTuple):
    """The decisions of a mission.

    Attributes:
        recorded: Those that the log has, in order.
        unrecorded: Those that only the index has, in order.
    """

    recorded: tuple[Decision, ...]
    unrecorded: tuple[Decision, ...] = ()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All of them, in order."""
        return tuple(sorted((*self.recorded, *self.unrecorded), key=lambda one: one.order))

    def find(self, decision_id: str) -> Decision | None:
        """Return a decision by its id, or None."""
        return next((one for one in self.decisions if one.decision_id == decision_id), None)


def decisions_folder(mission: Mission) -> Path:
    """Return the folder of the derived files; it may not exist yet."""
    return mission.directory / DECISIONS_FOLDER


def load_register(mission: Mission) -> Register:
    """Read the decisions of a mission; writes nothing.

    Raises:
        ReadFailed: READ_FAILED.
        DecisionIndexCorrupt: DECISION_INDEX_CORRUPT.
    """
    return register_of(mission, folded_log(mission).log(), read_index(mission))


def read_index(mission: Mission) -> DecisionIndex | None:
    """Read a mission's index; None when there is none.

    Raises:
        ReadFailed: READ_FAILED.
        DecisionIndexCorrupt: DECISION_INDEX_CORRUPT.
    """
    path = decisions_folder(mission) / INDEX_FILE
    try:
        text = read_text(path)
    except FileNotFoundError:
        return None
    file = mission.relative(path)
    try:
        document = json.loads(text)
        check(_SURFACE, document)
    except json.JSONDecodeError as error:
        problem = f"it is not JSON ({error.msg}, line {error.lineno})"
        raise index_corrupt(file, mission.slug, problem) from error
    except (ValueError, RecursionError) as error:
        problem = "a number is too long, or it is nested too deeply"
        raise index_corrupt(file, mission.slug, problem) from error
    except ContractViolation as error:
        raise index_corrupt(file, mission.slug, error.message.rstrip(".")) from error
    return cast("DecisionIndex", document)


def register_of(mission: Mission, log: Log, index: DecisionIndex | None) -> Register:
    """Fold the decision events of a log.

    Rows count once, in the order of time. An outcome that a decision cannot have any more, as after a
    merge of two branches that both closed it, does not count.

    Args:
        mission: The mission.
        log: Its log.
        index: Its index, if there is one.
    """
    entries = {entry["decision_id"]: entry for entry in index["entries"]} if index else {}
    found: dict[str, Decision] = {}
    for at, row in _events(log):
        payload = row["payload"]
        known = found.get(payload["decision_point_id"])
        if row["event_type"] == DECISION_POINT_OPENED and known is None:
            opened = _opened(mission, row, payload, at, entries)
            if opened is not None:
                found[opened.decision_id] = opened
        elif row["event_type"] == DECISION_POINT_RESOLVED and known is not None:
            found[known.decision_id] = _closed(known, payload, at)
    missing = [_of_entry(mission, entry) for key, entry in entries.items() if key not in found]
    return Register(_ordered(found.values()), _ordered(filter(None, missing)))


def _events(log: Log) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows about questions of the planning with their time, each event once."""
    rows = []
    for other in (*log.lifecycle, *log.decisions):
        row: dict[str, Any] = other.row
        payload = row.get("payload")
        at = moment(row.get("timestamp") or row.get("at"))
        if (
            row.get("event_type") in (DECISION_POINT_OPENED, DECISION_POINT_RESOLVED)
            and isinstance(payload, dict)
            and payload.get("origin_surface") == _INTERVIEW
            and isinstance(payload.get("decision_point_id"), str)
            and at is not None
        ):
            rows.append((at, str(row.get("event_id")), row))
    seen = set()
    for at, event_id, row in sorted(rows, key=lambda item: item[:2]):
        if event_id not in seen:
            seen.add(event_id)
            yield at, row


def _opened(
    mission: Mission,
    row: Mapping[str, Any],
    payload: Mapping[str, Any],
    at: str,
    entries: Mapping[str, DecisionEntry],
) -> Decision | None:
    """Return the decision that a row opens; None for a row that says too little."""
    if not all(isinstance(payload.get(key), str) and payload[key] for key in _NEEDED):
        return None
    place, slot = payload["step_id"], row.get("slot_key")
    step: str | None = None if slot == place else place
    entry = entries.get(payload["decision_point_id"])
    if "build_id" not in row and entry is not None:
        # The existing CLI writes either into the same key.
        step, slot = entry.get("step_id"), entry.get("slot_key")
    created = moment(payload.get("state_entered_at")) or at
    by = payload.get("actor_id")
    options = payload.get("options")
    return Decision(
        decision_id=payload["decision_point_id"],
        mission_id=_mission_id(mission),
        mission_slug=mission.slug,
        origin_flow=payload["origin_flow"],
        step_id=step,
        slot_key=slot if isinstance(slot, str) else None,
        input_key=payload["input_key"],
        question=payload["question"],
        options=tuple(map(str, options)) if isinstance(options, list) else (),
        created_at=created,
        opened_by=by if isinstance(by, str) else None,
        summary=cast("Any", entry.get("summary_json")) if entry is not None else None,
        changes=(DecisionChange(created, "opened", by if isinstance(by, str) else None),),
    )


def _closed(decision: Decision, payload: Mapping[str, Any], at: str) -> Decision:
    outcome, answer = payload.get("terminal_outcome"), payload.get("final_answer")
    if outcome not in OUTCOMES or not decision.may_become(outcome):
        return decision
    why, by = payload.get("rationale"), payload.get("resolved_by")
    return decision.closed(
        outcome,
        at=moment(payload.get("state_entered_at")) or at,
        by=by if isinstance(by, str) else None,
        final_answer=answer if isinstance(answer, str) else None,
        rationale=why if isinstance(why, str) else None,
        other_answer=payload.get("other_answer") is True,
        summary=payload.get("summary"),
    )


def _of_entry(mission: Mission, entry: DecisionEntry) -> Decision | None:
    """Return the decision that an entry describes; None when its time is none."""
    created = moment(entry["created_at"])
    if created is None:
        return None
    opened = Decision(
        decision_id=entry["decision_id"],
        mission_id=_mission_id(mission),
        mission_slug=mission.slug,
        origin_flow=entry["origin_flow"],
        step_id=entry.get("step_id"),
        slot_key=entry.get("slot_key"),
        input_key=entry["input_key"],
        question=entry["question"],
        options=tuple(entry["options"]),
        created_at=created,
        opened_by=entry.get("opened_by"),
        changes=(DecisionChange(created, "opened", entry.get("opened_by")),),
    )
    status = entry["status"]
    if status == "open":
        return opened
    return opened.closed(
        status,
        at=moment(entry.get("resolved_at")) or created,
        by=entry.get("resolved_by"),
        final_answer=entry.get("final_answer"),
        rationale=entry.get("rationale"),
        other_answer=entry.get("other_answer") is True,
        summary=cast("Any", entry.get("summary_json")),
    )


def _mission_id(mission: Mission) -> str:
    return mission.mission_id or mission.slug


def _ordered(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    return tuple(sorted(decisions, key=lambda one: one.order))
