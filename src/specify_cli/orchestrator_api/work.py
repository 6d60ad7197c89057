"""Commands that take a work package up: to implement it, or to review it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.orchestrator_api.policy import required_policy
from specify_cli.orchestrator_api.scope import about, identity, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import (
        StartImplementationData,
        StartReviewData,
    )


def start_implementation(
    arguments: Mapping[str, object], start: Path | None
) -> StartImplementationData:
    """Claim a work package and make its worktree and prompt.

    Doing it again as the same actor answers the same and records nothing.

    Raises:
        SpecKittyError: POLICY_METADATA_REQUIRED and POLICY_VALIDATION_FAILED before anything is
            looked up; then as `scope.about` and `take_implementation`.
    """
    policy = required_policy(arguments, "start-implementation")
    from specify_cli.missions.whereabouts import work_package_whereabouts
    from specify_cli.next.actions import take_implementation

    with about(text(arguments, "mission"), start) as (project, mission):
        taken = take_implementation(
            project,
            mission,
            text(arguments, "wp"),
            agent=text(arguments, "actor"),
            policy_metadata=policy,
            reports=False,
        )
        place = work_package_whereabouts(project, mission, taken.wp_id)
        return {
            **identity(mission),
            "wp_id": taken.wp_id,
            "from_lane": taken.from_lane.value,
            "to_lane": "in_progress",
            "workspace_path": str(taken.workspace.path),
            "prompt_path": str(taken.prompt),
            "policy_metadata_recorded": not taken.no_op,
            "no_op": taken.no_op,
            "lane_id": taken.workspace.lane_id,
            "lane_branch": taken.workspace.branch,
            "lane_base_ref": place.base_commit,
        }


def start_review(arguments: Mapping[str, object], start: Path | None) -> StartReviewData:
    """Claim the review of a work package and write its prompt.

    Doing it again as the same reviewer answers the same and records nothing.

    Raises:
        SpecKittyError: POLICY_METADATA_REQUIRED and POLICY_VALIDATION_FAILED before anything is
            looked up; then as `scope.about` and `take_review`.
    """
    policy = required_policy(arguments, "start-review")
    from specify_cli.next.actions import take_review

    with about(text(arguments, "mission"), start) as (project, mission):
        taken = take_review(
            project,
            mission,
            text(arguments, "wp"),
            agent=text(arguments, "actor"),
            policy_metadata=policy,
            reports=False,
            review_ref=text(arguments, "review_ref") or None,
        )
        return {
            **identity(mission),
            "wp_id": taken.wp_id,
            "from_lane": taken.from_lane.value,
            "to_lane": "in_review",
            "prompt_path": str(taken.prompt),
            "policy_metadata_recorded": not taken.no_op,
            "no_op": taken.no_op,
            "workspace_path": str(taken.workspace.path),
            "self_review": taken.self_review,
        }
