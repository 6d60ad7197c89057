"""A checkout and the branch that it really has checked out, as one value (seed 002 CommitTarget)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.layout import git_folder
from specify_cli.git.process import run_git, try_git
from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from pathlib import Path

_HEADS = "ref: refs/heads/"


class DetachedHead(SpecKittyError):
    """HEAD points at a commit instead of a branch, so a commit would belong to no branch."""

    code = "DETACHED_HEAD"


class CommitTargetMismatch(SpecKittyError):
    """The checkout has another branch checked out than the one the commit is meant for."""

    code = "COMMIT_TARGET_MISMATCH"


class _Place(NamedTuple):
    worktree_root: Path
    branch: str


class CommitTarget(_Place):
    """Where a commit goes. A pair whose halves disagree cannot be constructed.

    Attributes:
        worktree_root: Top folder of a checkout.
        branch: The short name of the branch that is checked out there.

    Raises:
        DetachedHead: DETACHED_HEAD.
        CommitTargetMismatch: COMMIT_TARGET_MISMATCH.
    """

    __slots__ = ()

    def __new__(cls, worktree_root: Path, branch: str) -> CommitTarget:
        """Put the two together, if they agree."""
        target = super().__new__(cls, worktree_root, branch)
        target.verify()
        return target

    @classmethod
    def at(cls, worktree_root: Path, branch: str | None = None) -> CommitTarget:
        """Build the target for a checkout.

        Args:
            worktree_root: Top folder of the checkout.
            branch: The branch the caller means; None takes the one that is checked out.

        Raises:
            DetachedHead: DETACHED_HEAD.
            CommitTargetMismatch: COMMIT_TARGET_MISMATCH.
        """
        return cls(worktree_root, branch or current_branch(worktree_root))

    def verify(self) -> None:
        """Check that the branch is still the one that is checked out.

        Raises:
            DetachedHead: DETACHED_HEAD.
            CommitTargetMismatch: COMMIT_TARGET_MISMATCH.
        """
        actual = current_branch(self.worktree_root)
        if actual != self.branch:
            raise CommitTargetMismatch(
                f"the commit belongs on branch {self.branch}, but {self.worktree_root.name} has "
                f"{actual} checked out.",
                fix=f"Run `git switch {self.branch}` in {self.worktree_root.name}, "
                "then run the command again.",
                details={"expected": self.branch, "actual": actual},
            )


def current_branch(worktree_root: Path) -> str:
    """Return the branch that a checkout is on, born or unborn; usually without a git process.

    Raises:
        DetachedHead: DETACHED_HEAD.
        GitFailed: GIT_FAILED: not a checkout.
    """
    head = _head_file(worktree_root)
    if head is not None and head.startswith(_HEADS) and head != f"{_HEADS}.invalid":
        return head.removeprefix(_HEADS)
    # Reftable repositories keep a stub in HEAD; git answers for them and for anything unusual.
    output = try_git(worktree_root, "symbolic-ref", "--quiet", "HEAD")
    if output.code == 0:
        return output.stdout.strip().removeprefix("refs/heads/")
    run_git(worktree_root, "rev-parse", "--git-dir")
    raise DetachedHead(
        f"{worktree_root.name} has no branch checked out (HEAD is detached).",
        fix="Run `git switch <branch>`, or finish the rebase or bisect that is going on "
        "(see `git status`), then run the command again.",
    )


def _head_file(worktree_root: Path) -> str | None:
    try:
        return (git_folder(worktree_root) / "HEAD").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
