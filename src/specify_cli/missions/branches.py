"""The branches of missions, read from git's files: what is checked out, and what lies elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.layout import branch_names, common_folder, git_folder
from specify_cli.git.process import try_git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BRANCH_PREFIX = "kitty/mission-"
_MISSIONS = "kitty-specs"
_MOST_TREES = 20
_TRUNKS = ("main", "master")


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


def branches_holding(root: Path, is_meant: Callable[[str], bool]) -> list[str]:
    """Return the other branches that hold a mission's folder, whatever they are called.

    Looks into the commits of all branches with a few git processes: only for a mission that was not
    found otherwise.

    Args:
        root: A checkout.
        is_meant: Tells whether a folder's name is that of the mission.
    """
    listed = try_git(root, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/")
    branches = listed.stdout.splitlines() if listed.code == 0 else []
    if not branches:
        return []
    asked = "".join(f"refs/heads/{branch}:{_MISSIONS}\n" for branch in branches)
    found = try_git(root, "cat-file", "--batch-check=%(objecttype) %(objectname)", stdin=asked)
    trees: dict[str, list[str]] = {}
    for branch, line in zip(branches, found.stdout.splitlines(), strict=False):
        kind, _, tree = line.partition(" ")
        if kind == "tree":
            trees.setdefault(tree, []).append(branch)
    holding: set[str] = set()
    for tree, its in list(trees.items())[:_MOST_TREES]:
        names = try_git(root, "ls-tree", "-z", "--name-only", tree).stdout.split("\0")
        if any(name and is_meant(name) for name in names):
            holding.update(its)
    here = checked_out_branch(root)
    found_on = [
        name for name in branches if name in holding and name != here and not _is_lane(name)
    ]
    # Where everybody's work comes together is the likelier home.
    return sorted(found_on, key=lambda name: name not in _TRUNKS)


def _is_lane(branch: str) -> bool:
    return branch.startswith(BRANCH_PREFIX) and "-lane-" in branch


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
