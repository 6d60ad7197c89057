"""Commands that finish a mission: accept it, merge it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.orchestrator_api.errors import merge_failure
from specify_cli.orchestrator_api.scope import about, identity, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import AcceptMissionData, MergeMissionData
    from specify_cli.missions.merge_report import MergeReport
    from specify_cli.missions.mission import Mission

_NOBODY: Final = "orchestrator"
"""Who merges when the caller does not say: the command takes no actor in the contract."""


def accept_mission(arguments: Mapping[str, object], start: Path | None) -> AcceptMissionData:
    """Accept a mission whose work packages are all approved, and record it in one commit.

    One without work packages is accepted when the steps of its type are complete.

    Raises:
        SpecKittyError: As `scope.about` and `ending.accept`.
    """
    from specify_cli.missions import acceptance
    from specify_cli.next import ending

    with about(text(arguments, "mission"), start) as (project, mission):
        accepted = ending.accept(project, mission, actor=text(arguments, "actor"))
        return {
            **identity(mission),
            "accepted": True,
            "mode": acceptance.MODE,
            "accepted_at": accepted.accepted_at,
            "accepted_wps": sorted((*accepted.approved, *accepted.done), key=_number),
            "approved_wps": list(accepted.approved),
            "done_wps": list(accepted.done),
            "merge_pending_wps": list(accepted.approved),
        }


def merge_mission(arguments: Mapping[str, object], start: Path | None) -> MergeMissionData:
    """Merge a mission's work into its target branch, and onto another if asked.

    Raises:
        SpecKittyError: UNSUPPORTED_STRATEGY before anything is looked up; then as `scope.about` and
            `ending.merge`. What the contract has no code of its own for is PREFLIGHT_FAILED
            with `target_branch` and `errors`.
    """
    from specify_cli.missions import merge
    from specify_cli.missions.mission import load_mission
    from specify_cli.next import ending

    strategy = merge.merge_strategy(text(arguments, "strategy") or "merge")
    target = text(arguments, "target") or None
    with about(text(arguments, "mission"), start) as (project, mission):
        try:
            report = ending.merge(
                project,
                mission,
                actor=text(arguments, "actor") or _NOBODY,
                target=target,
                strategy=strategy,
                push=arguments.get("push") is True,
            )
        except SpecKittyError as error:
            raise merge_failure(error, target or mission.target_branch) from error
        merged = load_mission(mission.root, mission.slug)
        checkouts = {lane.checkout for lane in report.lanes} - {None, mission.root}
        had_worktree = any(lane.outcome in ("merge", "merged") for lane in report.lanes)
        return {
            **identity(merged),
            "merged": True,
            "no_op": report.no_op,
            "accepted": merged.accepted_at is not None,
            "target_branch": target or report.target_branch,
            "strategy": report.strategy,
            "worktree_removed": had_worktree
            and not any(path is not None and path.exists() for path in checkouts),
            "kept": [{"name": name, "reason": reason} for name, reason in report.cleanup.kept],
            "warnings": _warnings(merged, report),
            "merged_wps": list(report.done_wps),
            "pushed": report.pushed_to is not None,
            "commit": report.tip,
        }


def _warnings(mission: Mission, report: MergeReport) -> list[str]:
    """Return what is worth knowing, in the words of the API."""
    from specify_cli.missions.merge_plan import not_accepted

    told = not_accepted(mission)
    others = [warning for warning in report.warnings if warning not in told]
    never = f"{mission.slug} was never accepted: accept-mission would have looked at the whole."
    return [never, *others] if told else others


def _number(wp_id: str) -> tuple[int, str]:
    return len(wp_id), wp_id
