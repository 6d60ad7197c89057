"""Linked worktrees under `.worktrees/`: made, listed, removed only when nothing is lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.process import git_failed, run_git, split_nul, try_git
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK
from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.git.repository import Repository

WORKTREES = ".worktrees"
_EXCLUDED = (f"/{WORKTREES}/", "/.kittify/runtime/")
# Git marks a worktree so while `git worktree add` is filling it, and takes the mark away at the end.
_UNFINISHED = "initializing"
_SHOWN = 5


class WorktreeDirty(SpecKittyError):
    """A worktree holds files that are committed nowhere."""

    code = "WORKTREE_DIRTY"


class WorktreePathTaken(SpecKittyError):
    """The folder for a new worktree exists and is something else."""

    code = "WORKTREE_PATH_TAKEN"


class BranchInUse(SpecKittyError):
    """The branch is checked out in another worktree."""

    code = "BRANCH_IN_USE"


class Worktree(NamedTuple):
    """One checkout of a repository.

    Attributes:
        path: Its top folder.
        branch: The branch checked out there, None when detached.
        head: The commit checked out there, None before the first commit.
        missing: True when git has it registered but its folder is gone.
        unfinished: True when `git worktree add` was killed before it had checked out everything.
    """

    path: Path
    branch: str | None
    head: str | None
    missing: bool = False
    unfinished: bool = False


def list_worktrees(repo: Repository) -> tuple[Worktree, ...]:
    """List all checkouts, the main one first (one git process)."""
    listed = run_git(repo.root, "worktree", "list", "--porcelain", "-z")
    worktrees = []
    for record in listed.split("\0\0"):
        fields = {
            key: value
            for key, _, value in (line.partition(" ") for line in record.split("\0") if line)
        }
        if "worktree" not in fields or "bare" in fields:
            continue
        path = Path(fields["worktree"])
        branch = fields.get("branch")
        head = fields.get("HEAD")
        worktrees.append(
            Worktree(
                path,
                branch.removeprefix("refs/heads/") if branch else None,
                head if head and head.strip("0") else None,
                missing=not (path / ".git").exists(),
                unfinished=fields.get("locked") == _UNFINISHED,
            )
        )
    return tuple(worktrees)


def worktree_of(repo: Repository, branch: str) -> Worktree | None:
    """Return the checkout that has a branch checked out, or None."""
    return next((tree for tree in list_worktrees(repo) if tree.branch == branch), None)


def add_worktree(repo: Repository, path: Path, *, branch: str, base: str | None) -> Worktree:
    """Check a branch out in a folder of its own.

    A registration whose folder is gone, and one that a killed command left half checked out, are
    replaced. `.worktrees/` is put into `info/exclude`, so no file of the user's has to change.

    Args:
        repo: The repository.
        path: The folder to make.
        branch: The branch; created when `base` is given.
        base: The commit to create the branch at; None checks out an existing branch.

    Raises:
        WorktreePathTaken: WORKTREE_PATH_TAKEN: the folder exists with other content.
        BranchInUse: BRANCH_IN_USE: checked out elsewhere.
        GitFailed: GIT_FAILED.
    """
    exclude_local_files(repo)
    for known in list_worktrees(repo):
        if _same_folder(known.path, path):
            _forget_abandoned(repo, known, branch)
        elif known.branch == branch and not known.missing:
            where = shown_folder(known.path)
            raise BranchInUse(
                f"branch {branch} is checked out in {where} already.",
                fix=f"Switch {where} to another branch, then run the command again.",
                details={"branch": branch, "worktree": known.path.name},
            )
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise _taken(path, "it exists and is not a worktree of this repository")
    create = ("--no-track", "-b", branch, str(path), base) if base else (str(path), branch)
    args = ("worktree", "add", "--quiet", *create)
    output = try_git(repo.root, *args)
    added = next((t for t in list_worktrees(repo) if _same_folder(t.path, path)), None)
    # A user's post-checkout hook that fails makes git report an error for a finished worktree.
    if added is None or added.missing or added.unfinished or added.branch != branch:
        raise git_failed(args, output)
    return added


def remove_worktree(repo: Repository, path: Path) -> None:
    """Remove a worktree that holds nothing but committed (or ignored) files.

    Removing one that is gone already does nothing.

    Raises:
        WorktreeDirty: WORKTREE_DIRTY with the files.
        GitFailed: GIT_FAILED: git refuses for another reason (locked, submodules).
    """
    known = next((t for t in list_worktrees(repo) if _same_folder(t.path, path)), None)
    if known is None:
        return
    if not known.missing:
        files = dirty_files(path)
        if files:
            raise worktree_dirty(path, files)
    # Without --force: git looks again for itself and refuses when something appeared meanwhile.
    run_git(repo.root, "worktree", "remove", str(known.path))


def dirty_files(path: Path) -> tuple[str, ...]:
    """List the files of a checkout that HEAD does not have as they are: staged, changed, untracked.

    Ignored files don't count. Paths are relative to the checkout, sorted.
    """
    output = run_git(
        path,
        "--no-optional-locks",
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--ignore-submodules=none",
        "--no-renames",
    )
    return tuple(sorted(entry[3:] for entry in split_nul(output)))


def shown_folder(path: Path) -> str:
    """Return a checkout as people find it: from the project's top folder, or in full.

    For messages on a terminal only; no tracked file holds it.
    """
    return f"{WORKTREES}/{path.name}" if path.parent.name == WORKTREES else str(path)


def forget_missing(repo: Repository, names: Sequence[str]) -> None:
    """Unregister worktrees below `.worktrees/` whose folder somebody removed by hand."""
    for tree in list_worktrees(repo):
        if tree.missing and tree.path.name in names:
            run_git(repo.root, "worktree", "remove", "--force", str(tree.path))


REGENERABLE = frozenset(
    {
        "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".tox", ".venv",
        "venv", "node_modules", "dist", "build", "target", ".gradle", ".next", ".cache", "coverage",
        ".coverage", ".DS_Store",
    }
)  # fmt: skip
"""Ignored files and folders that tools make again; losing them loses nothing."""


def ignored_files(path: Path) -> tuple[str, ...]:
    """List the git-ignored files of a checkout that no tool makes again, such as `.env`.

    Whole ignored folders are listed as such. Paths are relative to the checkout, sorted.
    """
    output = run_git(
        path,
        "--no-optional-locks",
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=normal",
        "--ignored=matching",
        "--no-renames",
    )
    ignored = (entry[3:] for entry in split_nul(output) if entry.startswith("!! "))
    return tuple(
        sorted(
            name
            for name in ignored
            if REGENERABLE.isdisjoint(name.rstrip("/").split("/"))
            and not name.endswith((".pyc", ".egg-info/"))
        )
    )


def worktree_dirty(path: Path, files: tuple[str, ...]) -> WorktreeDirty:
    """Describe a worktree with uncommitted files as an error."""
    shown = ", ".join(files[:_SHOWN]) + (
        f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    )
    return WorktreeDirty(
        f"{shown_folder(path)} has uncommitted files: {shown}.",
        fix=f"Commit them in {shown_folder(path)} (git add, git commit) or delete what is not needed, "
        "then run the command again.",
        details={"worktree": path.name, "files": list(files)},
    )


def exclude_local_files(repo: Repository) -> None:
    """Make git ignore what belongs to this checkout only, through `info/exclude`.

    No checkout tracks that file, so none of the user's has to change.
    """
    exclude = repo.common_dir / "info" / "exclude"
    present = exclude.read_bytes().split() if exclude.is_file() else []
    lines = [line.encode() for line in _EXCLUDED if line.encode() not in present]
    if lines:
        exclude.parent.mkdir(parents=True, exist_ok=True)
        DISK.append_lines(exclude, lines)


def _forget_abandoned(repo: Repository, known: Worktree, branch: str) -> None:
    """Unregister a worktree that nobody's work is in, or refuse."""
    if not (known.missing or known.unfinished):
        on = f"on branch {known.branch}" if known.branch else "with a detached HEAD"
        if known.branch == branch:
            raise _taken(known.path, f"it already is a worktree, {on}")
        raise WorktreePathTaken(
            f"the worktree {WORKTREES}/{known.path.name} is {on}, not on {branch}.",
            fix=f"git -C {WORKTREES}/{known.path.name} switch {branch}   (merge or keep what is on "
            "the other branch first)",
            details={"worktree": known.path.name, "branch": known.branch, "expected": branch},
        )
    if known.path.exists() and not _holds_nothing_of_its_own(repo, known):
        raise _taken(
            known.path,
            "an interrupted command left it half made, and there are files in it that are not in "
            f"{known.branch}",
        )
    run_git(repo.root, "worktree", "remove", "--force", "--force", str(known.path))


def _holds_nothing_of_its_own(repo: Repository, known: Worktree) -> bool:
    if known.missing:
        return not any(known.path.iterdir())
    if all(entry.name == ".git" for entry in known.path.iterdir()):
        return True
    # Its own index may be half written or locked for ever; one made from HEAD tells what differs.
    index = repo.common_dir / "spec-kitty" / f"index-{new_ulid()}"
    index.parent.mkdir(exist_ok=True)
    env = {"GIT_INDEX_FILE": str(index)}
    try:
        if try_git(known.path, "read-tree", "HEAD", env=env).code != 0:
            return False
        status = run_git(
            known.path,
            *("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"),
            env=env,
        )
    finally:
        index.unlink(missing_ok=True)
    return all(entry.startswith(" D ") for entry in split_nul(status))


def _same_folder(one: Path, other: Path) -> bool:
    return one == other or one.resolve() == other.resolve()


def _taken(path: Path, problem: str) -> WorktreePathTaken:
    return WorktreePathTaken(
        f"the folder {WORKTREES}/{path.name} cannot become a worktree: {problem}.",
        fix=f"Move {WORKTREES}/{path.name} out of the way, then run the command again.",
        details={"worktree": path.name},
    )
