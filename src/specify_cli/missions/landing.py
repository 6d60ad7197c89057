"""Landing a mission: bringing its target branch onto another branch, such as main."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from specify_cli.git.branches import branch_tips
from specify_cli.git.merging import advance_branch, forecast_merge, is_ancestor, merge_commit
from specify_cli.git.process import run_git
from specify_cli.git.replaying import own_commits, replay
from specify_cli.git.worktrees import list_worktrees
from specify_cli.missions.merge_plan import MISSION_TRAILER, made_by, title
from specify_cli.missions.merge_preflight import MergeConflict, overwritten_files, preflight_failed
from specify_cli.missions.workspaces import has_only_missions, target_missing

if TYPE_CHECKING:
    from specify_cli.git.repository import Repository
    from specify_cli.kernel.errors import SpecKittyError
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.merge_plan import Strategy
    from specify_cli.missions.mission import Mission

LANDED_TRAILER = "Spec-Kitty-Landed"


@dataclass(frozen=True, slots=True)
class LandingPlan:
    """What landing would do.

    Attributes:
        branch: Where the mission lands.
        tip: Its tip now.
        source: The commit of the mission's branch that lands.
        tree: The merged tree; None when there are conflicts or nothing is to be done.
        outcome: "land", "landed" (it holds the commit already) or "conflict".
        conflicts: Files that conflict.
        blockers: What keeps it from happening.
        strategy: When it has landed before: how, if the commits show it.
    """

    branch: str
    tip: str
    source: str
    tree: str | None
    outcome: Literal["land", "landed", "conflict"]
    conflicts: tuple[str, ...] = ()
    blockers: tuple[SpecKittyError, ...] = ()
    strategy: Strategy | None = None

    def to_json(self) -> JsonObject:
        """Return the landing as it stands in the report."""
        return {
            "branch": self.branch,
            "tip": self.tip,
            "outcome": self.outcome,
            "conflicts": list(self.conflicts),
        }


def plan_landing(repo: Repository, mission: Mission, branch: str, source: str) -> LandingPlan:
    """Compute how a commit of the mission's branch lands on another branch; touches nothing.

    Raises:
        TargetBranchMissing: TARGET_BRANCH_MISSING.
        GitFailed: GIT_FAILED.
    """
    tips = branch_tips(repo)
    tip = tips.get(branch)
    if tip is None:
        first = run_git(repo.root, "rev-list", "--max-parents=0", source).split()
        raise target_missing(branch, began_with=first[-1] if has_only_missions(tips) else None)
    strategy = _landed_by(repo, mission, source, tip)
    if strategy is not None or is_ancestor(repo, source, tip):
        return LandingPlan(branch, tip, source, None, "landed", strategy=strategy)
    forecast = forecast_merge(repo, tip, source)
    if forecast.tree is None:
        error = MergeConflict(
            f"{mission.target_branch} conflicts with {branch} in {', '.join(forecast.conflicts)}. "
            "Nothing was changed.",
            fix=f"On {mission.target_branch}: git merge {branch}, resolve the conflicts, commit; then "
            "run the command again.",
            details={
                "conflicts": [
                    {
                        "branch": mission.target_branch,
                        "with": [branch],
                        "files": list(forecast.conflicts),
                    }
                ]
            },
        )
        return LandingPlan(branch, tip, source, None, "conflict", forecast.conflicts, (error,))
    obstacles = overwritten_files(repo, branch, tip, forecast.tree, list_worktrees(repo))
    blockers = preflight_failed(obstacles)
    return LandingPlan(branch, tip, source, forecast.tree, "land", (), tuple(blockers))


def land(repo: Repository, mission: Mission, plan: LandingPlan, strategy: Strategy) -> str:
    """Carry out a plan without blockers; return the commit that holds the mission on the branch.

    Raises:
        BranchMoved: BRANCH_MOVED: the branch changed meanwhile.
        CheckoutInTheWay: CHECKOUT_IN_THE_WAY: a file appeared meanwhile.
        GitFailed: GIT_FAILED.
    """
    if plan.tree is None:
        return plan.tip
    message = (
        f"{title(mission)}\n\n{MISSION_TRAILER}: {mission.slug}\n{LANDED_TRAILER}: {plan.source}\n"
    )
    if strategy == "rebase" and _is_in_a_row(repo, plan.tip, plan.source):
        # Nothing to rewrite: the branch follows, and who looks later finds the commit in it.
        commit = plan.source
    elif strategy == "rebase":
        commits = own_commits(repo, plan.source, (plan.tip,))
        commit = replay(
            repo, plan.tip, commits, tree=plan.tree, message=message, keep_ours=_nothing
        )
    else:
        parents = (plan.tip, plan.source) if strategy == "merge" else (plan.tip,)
        commit = merge_commit(repo, plan.tree, parents, message)
    advance_branch(repo, plan.branch, commit, plan.tip)
    return commit


def _nothing(_: str) -> bool:
    return False


def _is_in_a_row(repo: Repository, tip: str, source: str) -> bool:
    """Tell whether a commit lies ahead of another one with no merge between them."""
    if not is_ancestor(repo, tip, source):
        return False
    return not run_git(repo.root, "rev-list", "-1", "--merges", source, f"^{tip}").strip()


def _landed_by(repo: Repository, mission: Mission, source: str, tip: str) -> Strategy | None:
    """Return how a commit was landed on a branch; None when no commit there says that it was."""
    found = run_git(
        repo.root,
        *("log", "-1", "--no-show-signature", "--format=%P%n%s", tip, f"^{source}"),
        *("--fixed-strings", f"--grep={LANDED_TRAILER}: {source}"),
    )
    parents, _, subject = found.strip("\n").partition("\n")
    return made_by(mission, len(parents.split()), subject) if parents else None
