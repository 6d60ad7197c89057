"""Merges computed off to the side: forecast, commit, and one safe step of a branch (git >= 2.38).

Nothing here touches a checkout except `advance_branch`, and that only by a fast-forward which git
itself refuses when an uncommitted file would be overwritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.branches import branch_tip
from specify_cli.git.process import GitTooOld, git_failed, run_git, split_nul, try_git
from specify_cli.git.worktrees import shown_folder, worktree_of
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from specify_cli.git.repository import Repository

_USAGE_STATUS = 129


class BranchMoved(SpecKittyError):
    """A branch is no longer where it was when the merge was computed."""

    code = "BRANCH_MOVED"


class CheckoutInTheWay(SpecKittyError):
    """A checkout has local files that the merge would overwrite; nothing was changed."""

    code = "CHECKOUT_IN_THE_WAY"


class MergeForecast(NamedTuple):
    """What merging two commits would give.

    Attributes:
        tree: The merged tree, None when there are conflicts.
        conflicts: The conflicting files, sorted.
    """

    tree: str | None
    conflicts: tuple[str, ...]


def forecast_merge(repo: Repository, ours: str, theirs: str) -> MergeForecast:
    """Merge two commits in memory, without touching any checkout or branch.

    Raises:
        GitTooOld: GIT_TOO_OLD: git is older than 2.38.
        GitFailed: GIT_FAILED: an unknown commit, or unrelated histories.
    """
    tree, conflicts = _merge_trees(repo, ours, theirs)
    return MergeForecast(None if conflicts else tree, conflicts)


def merge_keeping(
    repo: Repository, ours: str, theirs: str, keep_ours: Callable[[str], bool]
) -> MergeForecast:
    """Merge two commits in memory, but leave some files as they are in `ours`.

    Args:
        repo: The repository.
        ours: The commit that is merged into.
        theirs: The commit that is brought in.
        keep_ours: Tells for a path whether whatever `theirs` did to it is left out.

    Raises:
        GitTooOld: GIT_TOO_OLD: git is older than 2.38.
        GitFailed: GIT_FAILED: an unknown commit, or unrelated histories.
    """
    tree, conflicts = _merge_trees(repo, ours, theirs, *_WITHOUT_DRIVERS)
    conflicts = tuple(path for path in conflicts if not keep_ours(path))
    if conflicts:
        return MergeForecast(None, conflicts)
    kept = [path for path in changed_between(repo, ours, tree) if keep_ours(path)]
    return MergeForecast(_with_entries_of(repo, tree, ours, kept) if kept else tree, ())


# Merge drivers that the existing CLI sets up: each is a process of its own for a file that is kept as
# it is in any case.
_WITHOUT_DRIVERS = tuple(
    setting
    for name in ("event-log", "meta", "review-cycle")
    for setting in ("-c", f"merge.spec-kitty-{name}.driver=false")
)


def _merge_trees(
    repo: Repository, ours: str, theirs: str, *settings: str
) -> tuple[str, tuple[str, ...]]:
    """Return the merged tree (with conflict markers in it) and the conflicting files."""
    args = (
        *settings,
        "merge-tree",
        "--write-tree",
        "--name-only",
        "--messages",
        "-z",
        ours,
        theirs,
    )
    output = try_git(repo.root, *args)
    if output.code == 0:
        return output.stdout.split("\0", 1)[0].strip(), ()
    if output.code == _USAGE_STATUS:
        raise GitTooOld(
            "this git cannot forecast merges (`git merge-tree --write-tree`).",
            fix="Install git 2.38 or later.",
        )
    if output.code != 1:
        raise git_failed(args, output)
    tree = output.stdout.split("\0", 1)[0].strip()
    # A conflict that names no file at all must not look like a clean merge.
    return tree, _conflicting_files(output.stdout) or ("(unnamed conflict)",)


def _with_entries_of(repo: Repository, tree: str, source: str, paths: Sequence[str]) -> str:
    """Return `tree` with the given paths as they are in `source`, absent ones removed."""
    listed = run_git(
        repo.root, "--literal-pathspecs", "ls-tree", "-r", "-z", "--full-tree", source, "--", *paths
    )
    present = {entry.partition("\t")[2] for entry in split_nul(listed)}
    absent = "".join(f"0 {'0' * len(tree)}\t{path}\0" for path in paths if path not in present)
    index = repo.common_dir / "spec-kitty" / f"index-{new_ulid()}"
    index.parent.mkdir(exist_ok=True)
    env = {"GIT_INDEX_FILE": str(index)}
    try:
        run_git(repo.root, "read-tree", tree, env=env)
        run_git(repo.root, "update-index", "-z", "--index-info", stdin=listed + absent, env=env)
        return run_git(repo.root, "write-tree", env=env).strip()
    finally:
        index.unlink(missing_ok=True)


def merge_commit(
    repo: Repository,
    tree: str,
    parents: Sequence[str],
    message: str,
    *,
    env: Mapping[str, str] | None = None,
) -> str:
    """Write a commit of `tree` with the given parents; no branch moves. Return its id.

    The user's `commit.gpgsign` holds.

    Args:
        repo: The repository.
        tree: What it holds.
        parents: Its parents, the first one first.
        message: Its message.
        env: Environment of git, such as another author.

    Raises:
        GitFailed: GIT_FAILED, e.g. no author identity.
    """
    sign = try_git(repo.root, "config", "--type=bool", "--get", "commit.gpgsign")
    args = ["commit-tree", tree]
    for parent in parents:
        args += ["-p", parent]
    if sign.stdout.strip() == "true":
        args.append("-S")
    return run_git(repo.root, *args, "-F", "-", stdin=message, env=env).strip()


def is_ancestor(repo: Repository, commit: str, of: str) -> bool:
    """Tell whether `of` contains `commit`.

    Raises:
        GitFailed: GIT_FAILED: an unknown commit.
    """
    args = ("merge-base", "--is-ancestor", commit, of)
    output = try_git(repo.root, *args)
    if output.code not in (0, 1):
        raise git_failed(args, output)
    return output.code == 0


def changed_between(repo: Repository, old: str, new: str) -> tuple[str, ...]:
    """List the files that differ between two commits or trees; both names of a renamed file."""
    return split_nul(
        run_git(repo.root, "diff-tree", "-r", "--no-renames", "--name-only", "-z", old, new)
    )


def advance_branch(repo: Repository, branch: str, new: str, old: str) -> Path | None:
    """Move a branch forward from `old` to `new` in one step.

    Where the branch is checked out, its files follow by `git merge --ff-only`; git refuses that
    when a changed, untracked or ignored file would be overwritten, and so nothing is lost. A branch
    that is checked out nowhere moves by a compare-and-swap of its ref.

    Returns:
        The checkout that moved along, or None.

    Raises:
        BranchMoved: BRANCH_MOVED: it is neither at `old` nor at `new`.
        CheckoutInTheWay: CHECKOUT_IN_THE_WAY.
        GitFailed: GIT_FAILED.
    """
    tip = branch_tip(repo, branch)
    checkout = worktree_of(repo, branch)
    if tip == new:
        return checkout.path if checkout else None
    if tip != old:
        raise _moved(branch)
    if checkout is None or checkout.missing:
        _swap_ref(repo, branch, new, old)
        return None
    args = (
        "merge",
        "--ff-only",
        "--no-squash",
        "--no-autostash",
        "--no-overwrite-ignore",
        "--quiet",
        new,
    )
    output = try_git(checkout.path, *args)
    if output.code != 0:
        if "would be overwritten" in output.stderr or "would lose untracked" in output.stderr:
            files = [line.strip() for line in output.stderr.splitlines() if line[:1] == "\t"]
            where = shown_folder(checkout.path)
            raise CheckoutInTheWay(
                f"{where} has local files that the merge would overwrite: {', '.join(files)}.",
                fix=f"Commit, move or delete them in {where}, then run the command again.",
                details={"worktree": checkout.path.name, "files": list(files)},
            )
        raise git_failed(args, output)
    return checkout.path


def _swap_ref(repo: Repository, branch: str, new: str, old: str) -> None:
    args = ("update-ref", "-m", "spec-kitty: merge", f"refs/heads/{branch}", new, old)
    output = try_git(repo.root, *args)
    if output.code != 0:
        raise _moved(branch) if "but expected" in output.stderr else git_failed(args, output)


def _conflicting_files(output: str) -> tuple[str, ...]:
    """Read conflicted names from `merge-tree -z`: tree, names, an empty item, then messages.

    A directory-rename conflict names no file in the first part, only in its message.
    """
    names, _, messages = output.partition("\0\0")
    found = set(split_nul(names)[1:])
    fields = iter(messages.split("\0"))
    for count in fields:
        if not count.strip().isdigit():
            break
        paths = [next(fields, "") for _ in range(int(count))]
        kind, _text = next(fields, ""), next(fields, "")
        if kind.startswith("CONFLICT"):
            found.update(path for path in paths if path)
    return tuple(sorted(found))


def _moved(branch: str) -> BranchMoved:
    return BranchMoved(
        f"branch {branch} changed while the merge was being prepared; nothing was changed.",
        fix="Run the command again.",
        details={"branch": branch},
    )
