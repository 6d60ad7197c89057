"""Why a decision is not asked, not closed or not to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.missions.mission import list_missions

if TYPE_CHECKING:
    from specify_cli.decisions.decision import Decision, Outcome
    from specify_cli.missions.mission import Mission

_SHOWN = 60


class InvalidDecision(UsageError):
    """A text, key or option that cannot be recorded."""

    code = "INVALID_DECISION"


class MissingStepOrSlot(UsageError):
    """Neither step nor slot is named, or both are."""

    code = "DECISION_MISSING_STEP_OR_SLOT"


class DecisionNotFound(SpecKittyError):
    """The mission has no such decision."""

    code = "DECISION_NOT_FOUND"


class DecisionAlreadyClosed(SpecKittyError):
    """The question was asked before and is no longer open."""

    code = "DECISION_ALREADY_CLOSED"


class DecisionConflict(SpecKittyError):
    """The decision is closed already, in another way."""

    code = "DECISION_TERMINAL_CONFLICT"


class DecisionIndexCorrupt(SpecKittyError):
    """`decisions/index.json` cannot be read."""

    code = "DECISION_INDEX_CORRUPT"


class DecisionDrift(SpecKittyError):
    """Documents, index and decisions do not agree; `details` is the whole report."""

    code = "DECISION_VERIFY_DRIFT"


def not_found(mission: Mission, decision_id: str) -> DecisionNotFound:
    """Describe an id that the mission does not have: another mission's, a run's, or nobody's."""
    shown = decision_id[:_SHOWN]
    details = {"decision_id": decision_id[:200], "mission_slug": mission.slug}
    if ":" in decision_id:
        return DecisionNotFound(
            f"{shown!r} is a question of the mission's run, not one of its planning.",
            fix=f"spec-kitty next --agent <your-name> --mission {mission.slug} --result success "
            '--answer "..."',
            details=details,
        )
    file = f"decisions/DM-{decision_id}.md"
    plain = decision_id.isalnum()
    for other in list_missions(mission.root) if plain else ():
        if other.slug != mission.slug and (other.directory / file).is_file():
            return DecisionNotFound(
                f"decision {shown} belongs to mission {other.slug}, not to {mission.slug}.",
                fix=f"Run the command again with --mission {other.slug}",
                details={**details, "belongs_to": other.slug},
            )
    return DecisionNotFound(
        f"mission {mission.slug} has no decision {shown!r}.",
        fix=f"See its decisions with: spec-kitty agent decision list --mission {mission.slug}",
        details=details,
    )


def conflict(decision: Decision, outcome: Outcome) -> DecisionConflict:
    """Describe an attempt to close a decision in another way than it is closed."""
    said = ""
    if decision.final_answer is not None:
        said = f" with the answer {_short(decision.final_answer)}"
    return DecisionConflict(
        f"decision {decision.decision_id} is {decision.status} already{said}.",
        fix="What is recorded stays. To change it, ask a new question: spec-kitty agent decision "
        f"open --flow {decision.origin_flow} --input-key {decision.input_key}-2 ...",
        details={
            "decision_id": decision.decision_id,
            "existing_status": decision.status,
            "requested_status": outcome,
            "mission_slug": decision.mission_slug,
        },
    )


def already_closed(decision: Decision) -> DecisionAlreadyClosed:
    """Describe an attempt to ask a question again that is closed."""
    if decision.status == "deferred":
        fix = (
            f"Answer it: spec-kitty agent decision resolve {decision.decision_id} "
            f'--mission {decision.mission_slug} --final-answer "..."'
        )
    else:
        fix = f"Use what is recorded, or another key: --input-key {decision.input_key}-2"
    return DecisionAlreadyClosed(
        f"the question {decision.input_key} was asked before as {decision.decision_id} and is "
        f"{decision.status}.",
        fix=fix,
        details={
            "decision_id": decision.decision_id,
            "status": decision.status,
            "final_answer": decision.final_answer,
            "mission_slug": decision.mission_slug,
        },
    )


def index_corrupt(file: str, mission_slug: str, problem: str) -> DecisionIndexCorrupt:
    """Describe an index that is no index."""
    return DecisionIndexCorrupt(
        f"{file} cannot be used: {problem}.",
        fix="Make it again from the log: spec-kitty agent decision rebuild --mission "
        f"{mission_slug}",
        details={"file": file, "mission_slug": mission_slug},
    )


def _short(text: str) -> str:
    words = " ".join(text.split())
    return repr(words if len(words) <= _SHOWN else words[: _SHOWN - 3] + "...")
