"""The command that moves a work package to another lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from specify_cli.orchestrator_api.policy import given_policy, required_policy
from specify_cli.orchestrator_api.scope import about, identity, text
from specify_cli.status.lanes import Lane, parse_lane

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import TransitionData
    from specify_cli.kernel.json_types import JsonObject

NEEDS_POLICY: Final = frozenset(
    {Lane.CLAIMED, Lane.IN_PROGRESS, Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED}
)
"""Lanes in which an agent is at work or its work is judged; elsewhere a policy may be given."""


def transition(arguments: Mapping[str, object], start: Path | None) -> TransitionData:
    """Move a work package, if its claims hold; doing it again as the same actor records nothing.

    Raises:
        SpecKittyError: UNKNOWN_LANE, POLICY_METADATA_REQUIRED and POLICY_VALIDATION_FAILED before
            anything is looked up; then as `scope.about` and `request_lane`.
    """
    lane = parse_lane(text(arguments, "to"))
    if lane in NEEDS_POLICY:
        policy: JsonObject | None = required_policy(arguments, f"transition to {lane}")
    else:
        policy = given_policy(arguments)
    from specify_cli.missions.lane_requests import LaneRequest, request_lane

    with about(text(arguments, "mission"), start) as (project, mission):
        moved = request_lane(
            project,
            mission,
            LaneRequest(
                wp_id=text(arguments, "wp"),
                to_lane=lane,
                actor=text(arguments, "actor"),
                note=text(arguments, "note") or None,
                force=arguments.get("force") is True,
                review_ref=text(arguments, "review_ref") or None,
                evidence=cast("JsonObject | None", arguments.get("evidence")),
                review_result=cast("JsonObject | None", arguments.get("review_result")),
                subtasks_complete=cast("bool | None", arguments.get("subtasks_complete")),
                evidence_present=cast(
                    "bool | None", arguments.get("implementation_evidence_present")
                ),
                policy_metadata=policy,
            ),
        )
        return {
            **identity(mission),
            "wp_id": moved.wp_id,
            "from_lane": moved.from_lane.value,
            "to_lane": moved.to_lane.value,
            "policy_metadata_recorded": policy is not None and not moved.no_op,
            "no_op": moved.no_op,
            "forced": moved.forced,
            "claimed_by": moved.holder,
        }
