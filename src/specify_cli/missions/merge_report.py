"""What a merge did, or would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.kernel.errors import SpecKittyError
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.landing import LandingPlan
    from specify_cli.missions.merge_plan import LanePlan, Strategy


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What became of the lanes' worktrees and branches.

    Attributes:
        removed_worktrees: Folder names.
        deleted_branches: Branch names; their work is on the target branch.
        kept: Worktree or branch to the reason why it is still there.
    """

    removed_worktrees: tuple[str, ...] = ()
    deleted_branches: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MergeReport:
    """The outcome of `merge`.

    Attributes:
        mission_slug: The mission.
        mission_number: The number it has, or would get.
        target_branch: The branch that the lanes were merged into.
        strategy: "merge", "squash" or "rebase": how the work came where it is, be it earlier.
        dry_run: Nothing was done.
        lanes: What happened to each lane, in merge order.
        merged_commit: The commit that holds the mission's work; None while conflicts prevent it.
        bookkeeping_commit: The commit that records the merge; None when it was recorded before.
        done_wps: Work packages that are done now.
        landing: The branch that the mission was brought onto as well, if asked.
        landed_commit: The commit that holds the mission there.
        tip: The tip, afterwards, of the branch that was asked for; None when nothing was done.
        cleanup: What became of worktrees and branches.
        pushed_to: The remote that the work was pushed to, None when nobody asked for it.
        blockers: What keeps a dry run from being carried out.
        warnings: What is worth knowing.
        no_op: It was merged before, in the same way; nothing was merged, recorded or landed.
    """

    mission_slug: str
    mission_number: int
    target_branch: str
    strategy: Strategy
    dry_run: bool
    lanes: tuple[LanePlan, ...]
    merged_commit: str | None
    bookkeeping_commit: str | None
    done_wps: tuple[str, ...]
    landing: LandingPlan | None
    landed_commit: str | None
    cleanup: Cleanup
    pushed_to: str | None = None
    tip: str | None = None
    blockers: tuple[SpecKittyError, ...] = ()
    warnings: tuple[str, ...] = ()
    no_op: bool = False

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `merge`."""
        document: JsonObject = {
            "result": "success",
            "mission_slug": self.mission_slug,
            "target_branch": self.target_branch,
            "strategy": self.strategy,
            "dry_run": self.dry_run,
            "lanes": [lane.to_json() for lane in self.lanes],
            "landing": self.landing.to_json() if self.landing else None,
            "warnings": list(self.warnings),
        }
        if self.dry_run:
            document |= {
                "ready": not self.blockers,
                "would_assign_mission_number": self.mission_number,
                "blockers": [
                    {
                        "error_code": error.code,
                        "message": error.message,
                        "fix": error.fix,
                        "details": error.details,
                    }
                    for error in self.blockers
                ],
            }
            return document
        cleanup = self.cleanup
        return document | {
            "merged": True,
            "no_op": self.no_op,
            "mission_number": self.mission_number,
            "merged_commit": self.merged_commit,
            "commit": self.bookkeeping_commit,
            "merged_wps": list(self.done_wps),
            "landed_commit": self.landed_commit,
            "pushed_to": self.pushed_to,
            "removed_worktrees": list(cleanup.removed_worktrees),
            "deleted_branches": list(cleanup.deleted_branches),
            "kept": [{"name": name, "reason": reason} for name, reason in cleanup.kept],
        }

    def to_text(self) -> str:
        """Return the report for people."""
        return "\n".join(self._dry_lines() if self.dry_run else self._done_lines())

    def _dry_lines(self) -> list[str]:
        number = self.mission_number
        lines = [f"Merging {self.mission_slug} into {self.target_branch} (as no. {number}):"]
        if not self.lanes:
            lines = [f"Closing {self.mission_slug} on {self.target_branch} (as no. {number}):"]
        lines += self._lane_lines()
        if self.landing:
            lines.append(f"  then onto {self.landing.branch}: {self.landing.outcome}")
        for error in self.blockers:
            lines += [f"Not possible now: {error.message}", f"  fix: {error.fix}"]
        return lines + [f"Note: {warning}" for warning in self.warnings]

    def _done_lines(self) -> list[str]:
        number = self.mission_number
        lines = [f"Mission {self.mission_slug} is merged into {self.target_branch} (no. {number})."]
        if not self.lanes:
            lines = [
                f"Mission {self.mission_slug} is closed on {self.target_branch} (no. {number})."
            ]
        lines += self._lane_lines()
        if self.landing:
            lines.append(f"  and onto {self.landing.branch}")
        if self.pushed_to:
            lines.append(f"  pushed to {self.pushed_to}")
        lines += [f"Kept {name}: {reason}" for name, reason in self.cleanup.kept]
        return lines + [f"Note: {warning}" for warning in self.warnings]

    def _lane_lines(self) -> list[str]:
        lines = []
        for lane in self.lanes:
            conflict = ""
            if lane.conflicts:
                conflict = f" with {' and '.join(lane.conflicts_with)}: {', '.join(lane.conflicts)}"
            lines.append(
                f"  {lane.lane_id:<14} {', '.join(lane.wp_ids)}  "
                f"{lane.outcome.replace('_', ' ')}{conflict}"
            )
        return lines
