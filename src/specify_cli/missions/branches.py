"""The branches of missions, read from git's files: what is checked out, and what lies elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.layout import branch_names, common_folder, git_folder
from specify_cli.git.process import try_git

if TYPE_CHECKING:
    from pathlib import Path

BRANCH_PREFIX = "kitty/mission-"


def checked_out_branch(root: Path) -> str | None:
    """Read the branch of a checkout from its HEAD file, without a git process.

    Returns:
        The short branch name; None when HEAD is detached or cannot be read this way.
    """
    git = root / ".git"
    try:
        if git.is_file():
            pointer = git.read_text(encoding="utf-8").strip()
            git = root / pointer.removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text(encoding="utf-8").strip()
    except OSError:
        return None
    branch = head.removeprefix("ref: refs/heads/")
    # With the reftable format HEAD holds a fixed ".invalid" and the real value is elsewhere.
    return None if branch in (head, ".invalid") else branch


def missions_elsewhere(root: Path, here: list[str]) -> list[str]:
    """Return the branches made for missions whose folder is not checked out."""
    branches = _mission_branches(root)
    current = checked_out_branch(root)
    return [
        branch
        for branch in branches
        if branch != current
        and "-lane-" not in branch
        and branch.removeprefix(BRANCH_PREFIX) not in here
    ]


def _mission_branches(root: Path) -> list[str]:
    folder, _, prefix = BRANCH_PREFIX.partition("/")
    try:
        names = branch_names(common_folder(git_folder(root)), folder, prefix)
    except (OSError, UnicodeDecodeError):
        names = None
    if names is not None:
        return names
    pattern = f"refs/heads/{BRANCH_PREFIX}*"
    listed = try_git(root, "for-each-ref", "--format=%(refname:lstrip=2)", pattern)
    return listed.stdout.splitlines() if listed.code == 0 else []
