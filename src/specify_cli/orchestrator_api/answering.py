"""The command that answers the question that a mission's run waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.orchestrator_api.errors import Reworded
from specify_cli.orchestrator_api.policy import required_policy
from specify_cli.orchestrator_api.scope import about, identity, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import AnswerDecisionData


class MissionBlocked(SpecKittyError):
    """The answer is recorded, and the mission cannot go on."""

    code = "MISSION_BLOCKED"


class NothingWaits(SpecKittyError):
    """The mission's run waits for no answer."""

    code = "NO_PENDING_DECISION"


def answer_decision(arguments: Mapping[str, object], start: Path | None) -> AnswerDecisionData:
    """Answer the question that the mission's run waits for, and tell what comes next.

    Raises:
        SpecKittyError: POLICY_METADATA_REQUIRED and POLICY_VALIDATION_FAILED before anything is
            looked up; as `scope.about` and `next.advance`. NO_PENDING_DECISION when nothing waits,
            DECISION_NOT_PENDING when something else does, and MISSION_BLOCKED when the mission cannot
            go on although the answer is recorded.
    """
    required_policy(arguments, "answer-decision")
    from specify_cli.next import advance, query

    answer = text(arguments, "answer")
    with about(text(arguments, "mission"), start) as (project, mission):
        agent = text(arguments, "agent")
        wanted = (
            text(arguments, "decision_id") or query(project, mission, agent=agent)["decision_id"]
        )
        if wanted is None:
            raise NothingWaits(
                f"mission {mission.slug} waits for no answer.",
                fix="design-status tells which questions of the planning are open.",
            )
        try:
            # By its id: whoever is quicker must not have this answer taken for the next question's.
            coming = advance(project, mission, agent=agent, answer=answer, decision_id=wanted)
        except SpecKittyError as error:
            if error.code == "NO_PENDING_DECISION" and error.details.get("pending"):
                raise Reworded(error, "DECISION_NOT_PENDING") from error
            raise
        if coming["kind"] == "blocked":
            raise MissionBlocked(
                f"{wanted} is answered, and mission {mission.slug} is blocked: {coming['reason']}",
                fix=coming["fix"] or "Ask design-status and mission-state what is missing.",
                details={"answered": True, "decision_id": wanted, "reason": coming["reason"]},
            )
        return cast(
            "AnswerDecisionData",
            {
                **identity(mission),
                "decision_id": wanted,
                "answered": True,
                "answer": answer,
                "next_kind": coming["kind"],
                "step_id": coming["step_id"],
                "wp_id": coming["wp_id"],
                "prompt_path": coming["prompt_file"],
                "next_decision_id": coming["decision_id"],
                "question": coming["question"],
                "reason": coming["reason"],
                "commit": coming["commit"],
            },
        )
