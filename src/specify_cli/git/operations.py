"""What waits for the user in a checkout: a merge or the like, or files with conflicts left by one."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.layout import git_folder
from specify_cli.git.process import run_git, split_nul

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
_SHOWN = 5


class Operation(NamedTuple):
    """What is going on.

    Attributes:
        name: `merge`, `rebase`, `cherry-pick` or `revert`; `conflict` when nothing is going on any
            more, but a stash, a switch or a patch has left conflicts.
        commits: What the checkout holds besides HEAD while it goes on, for `git show`.
        files: For `conflict`: where.
    """

    name: str
    commits: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def going_on(self) -> str:
        """The command that finishes it; of conflicts, the one that shows where there are any left."""
        return "git status" if self.files else f"git {self.name} --continue"

    @property
    def problem(self) -> str:
        """What there is to finish, in words."""
        if not self.files:
            return f"a {self.name} is going on"
        more = f" and {len(self.files) - _SHOWN} more" if len(self.files) > _SHOWN else ""
        return f"conflicts are not resolved yet ({', '.join(self.files[:_SHOWN])}{more})"

    @property
    def fix(self) -> str:
        """How to finish it."""
        if self.files:
            return "Resolve the conflicts that `git status` shows and `git add` those files"
        return f"Finish it (`git {self.name} --continue`) or give it up (`git {self.name} --abort`)"


def operation_in_progress(worktree_root: Path) -> Operation | None:
    """Return what is going on in a checkout; None when nothing is.

    Starts a process only when the index is another one than it was when it last had no conflicts.

    Raises:
        GitFailed: GIT_FAILED: the index cannot be read.
    """
    try:
        folder = git_folder(worktree_root)
    except OSError:
        return None
    for sign, name in _SIGNS:
        if (folder / sign).exists():
            return Operation(name, ("MERGE_HEAD",) if name == "merge" else ())
    index = _identity(folder)
    if index in ("", _remembered(folder)):
        return None
    listed = split_nul(run_git(worktree_root, "ls-files", "--unmerged", "-z"))
    files = tuple(dict.fromkeys(entry.partition("\t")[2] for entry in listed))
    if files:
        return Operation("conflict", files=files)
    _remember(folder, index)
    return None


def remember_index(folder: Path) -> None:
    """Remember that the index, as it is now, has no conflicts.

    Args:
        folder: The checkout's own git folder.
    """
    _remember(folder, _identity(folder))


def _identity(folder: Path) -> str:
    """Return what differs after every change of the index; empty when there is none yet."""
    try:
        stat = (folder / "index").stat()
    except FileNotFoundError:
        return ""
    return f"{stat.st_ino} {stat.st_size} {stat.st_mtime_ns}"


def _remembered(folder: Path) -> str | None:
    try:
        return _memory(folder).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None


def _remember(folder: Path, index: str) -> None:
    # Whoever cannot write it asks git each time, and that is all.
    with suppress(OSError):
        memory = _memory(folder)
        memory.parent.mkdir(exist_ok=True)
        memory.write_text(index, encoding="ascii")


def _memory(folder: Path) -> Path:
    return folder / "spec-kitty" / "index-without-conflicts"
