"""Git's folders, found by reading its files instead of starting a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def git_folder(worktree_root: Path) -> Path:
    """Return the git folder of a checkout: `.git`, or what a linked worktree's `.git` file names.

    Raises:
        OSError: `.git` cannot be read.
    """
    git = worktree_root / ".git"
    if git.is_file():
        link = git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        return worktree_root / link
    return git


def common_folder(git_dir: Path) -> Path:
    """Return the git folder that all checkouts share.

    Raises:
        OSError: The worktree's `commondir` file cannot be read.
    """
    link = git_dir / "commondir"
    if link.is_file():
        return (git_dir / link.read_text(encoding="utf-8").strip()).resolve()
    return git_dir
