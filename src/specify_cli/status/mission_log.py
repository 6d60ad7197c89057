"""Which log a mission has, and everything that is needed to change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.free_text import surroundings
from specify_cli.git.commit_target import CommitTarget, CommitTargetMismatch, DetachedHead
from specify_cli.git.layout import checkouts
from specify_cli.git.safe_commit import Capability
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.status.board import STATUS_FILE
from specify_cli.status.checkpoint import checkpoint_path
from specify_cli.status.log import LOG_FILE
from specify_cli.status.pending import marker_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from specify_cli.events.free_text import Surroundings
    from specify_cli.identity.project import ProjectIdentity


class WrongBranch(SpecKittyError):
    """The main checkout is not on the mission's branch, where its log lives."""

    code = "WRONG_BRANCH"


class MissionLog(NamedTuple):
    """Which log, and everything that is needed to change it.

    Attributes:
        directory: The folder of the log: the mission's directory in the checkout below.
        mission_slug: The mission.
        mission_id: Its ULID; None for missions older than that.
        mission_number: Its number; None until it is merged.
        mission_type: Such as `software-dev`.
        worktree_root: The main checkout, or the coordination worktree of a mission that has one.
        target_branch: The branch that is checked out there and holds the log.
        lock_path: The mission's lock, in the git folder that all checkouts share.
        identity: Answers who writes; asked once, when the first row is composed.
        protected: The project's configured protected branches, None for the default set.
        capability: What every change may do on a protected branch.
    """

    directory: Path
    mission_slug: str
    mission_id: str | None
    mission_number: int | None
    mission_type: str
    worktree_root: Path
    target_branch: str
    lock_path: Path
    identity: Callable[[], ProjectIdentity]
    protected: tuple[str, ...] | None = None
    capability: Capability = Capability.STANDARD

    @property
    def log_path(self) -> Path:
        """The log."""
        return self.directory / LOG_FILE

    @property
    def status_path(self) -> Path:
        """The board, derived from the log."""
        return self.directory / STATUS_FILE

    @property
    def marker_path(self) -> Path:
        """The marker of a change in flight, beside the lock (`status.pending`)."""
        return marker_path(self.lock_path)

    @property
    def surroundings(self) -> Surroundings:
        """What a text in the log must not tell about the machine and the user."""
        common_dir = self.lock_path.parents[2]
        return surroundings((self.worktree_root, *checkouts(common_dir)))

    @property
    def checkpoint_path(self) -> Path:
        """Where the fold of a long log is kept; beside the locks, and derived from the log."""
        return checkpoint_path(self.lock_path)


def commit_target(mission_log: MissionLog) -> CommitTarget:
    """Return where a change of the log is committed.

    Raises:
        WrongBranch: WRONG_BRANCH.
    """
    branch = mission_log.target_branch
    try:
        return CommitTarget.at(mission_log.worktree_root, branch)
    except (DetachedHead, CommitTargetMismatch) as error:
        actual = error.details.get("actual")
        state = f"it is on {actual}" if actual else "it is on no branch (HEAD is detached)"
        raise WrongBranch(
            f"mission {mission_log.mission_slug} lives on branch {branch}, but the main checkout "
            f"is not there: {state}.",
            fix=f"git switch {branch}",
            details={"expected": branch, "actual": actual},
        ) from error
