"""A merge, rebase, cherry-pick or revert that somebody began in a checkout and has not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.layout import git_folder

if TYPE_CHECKING:
    from pathlib import Path

# What git leaves in the checkout's own folder while it waits for the user.
_SIGNS = (
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
)


class Operation(NamedTuple):
    """What is going on.

    Attributes:
        name: `merge`, `rebase`, `cherry-pick` or `revert`.
        commits: What the checkout holds besides HEAD while it goes on, for `git show`.
    """

    name: str
    commits: tuple[str, ...]

    @property
    def going_on(self) -> str:
        """The command that finishes it."""
        return f"git {self.name} --continue"


def operation_in_progress(worktree_root: Path) -> Operation | None:
    """Return what is going on in a checkout; None when nothing is. Starts no process."""
    try:
        folder = git_folder(worktree_root)
    except OSError:
        return None
    for sign, name in _SIGNS:
        if (folder / sign).exists():
            return Operation(name, ("MERGE_HEAD",) if name == "merge" else ())
    return None
