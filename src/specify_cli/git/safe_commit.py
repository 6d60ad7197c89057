"""Commit exactly the given files and leave everything else as the user has it (seed 002).

`git commit --only` does the work: it builds the commit in an index of its own from HEAD plus the
named files, then brings only those entries of the real index up to date. Other staged, partly
staged, unstaged and untracked work is never stashed, moved or re-read, so there is nothing to
restore after a crash.
"""

from __future__ import annotations

import re
import time
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from specify_cli.git.branches import protects
from specify_cli.git.layout import common_folder, git_folder
from specify_cli.git.operations import Operation, operation_in_progress, remember_index
from specify_cli.git.process import NO_HOOKS, GitOutput, first_line, run_git, try_git
from specify_cli.kernel import stopping
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.locks import file_lock

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from specify_cli.git.commit_target import CommitTarget
    from specify_cli.kernel.json_types import JsonValue

LOCK_RETRY_SECONDS = 2.0
_LOCK_POLL_SECONDS = 0.05
_ADD_ATTEMPTS = 3

LARGE_FILE_BYTES = 1_048_576
"""From this size on git is not asked for the summary of a commit.

For it git compares the old file with the new one, line by line: at 40 MB a third of the time that the
commit takes, and more than half of its memory. It costs one more, small process to ask for the id.
"""

_COMMITTED = re.compile(r"^\[.* ([0-9a-f]{40}|[0-9a-f]{64})\] ", re.MULTILINE)
_NOTHING = ("nothing to commit", "nothing added to commit", "no changes added to commit")
_UNKNOWN_PATH = "did not match any file"
_IDENTITY = ("Please tell me who you are", "unable to auto-detect email", "empty ident name")
_LOCKED = (".lock': File exists", "cannot lock ref")
_IN_PROGRESS = re.compile(r"cannot do a partial commit during a ([a-z-]+)")

# What a user's configuration must not change about a bookkeeping commit: hooks, line-end refusals,
# shortened ids in the output, a collection of garbage on every commit.
_SETTINGS = (
    "--literal-pathspecs",
    *NO_HOOKS,
    *("-c", "core.abbrev=no"),
    *("-c", "core.safecrlf=false"),
    *("-c", "maintenance.auto=false"),
)


class Capability(StrEnum):
    """Why a commit is made; only some reasons may write to a protected branch."""

    STANDARD = "standard"
    RELEASE_FLOW = "release_flow"
    UPGRADE_BOOKKEEPING = "upgrade_bookkeeping"
    MERGE_BOOKKEEPING = "merge_bookkeeping"
    POST_CONSOLIDATION_WRITE = "post_consolidation_write"
    MISSION_HOME = "mission_home"
    """A mission that lives on the branch itself; only for the files that such a mission keeps."""
    UNCOMMITTED_HOME = "uncommitted_home"
    """No more than STANDARD: the mission would live on the branch, once its folder is committed."""


class CommitResult(NamedTuple):
    """What came of a commit.

    Attributes:
        sha: The new commit, or the one HEAD had when there was nothing to commit. None only when
            nothing was committed before the first commit of the repository.
        branch: The branch it is on.
        committed: False when the files already were as HEAD has them.
    """

    sha: str | None
    branch: str
    committed: bool


class SafeCommitRefused(SpecKittyError):
    """The commit was not made; files, index and branch are as before."""

    code: ClassVar[str] = "SAFE_COMMIT_GENERIC"


class EmptyChangeset(SafeCommitRefused):
    """No paths were given."""

    code = "SAFE_COMMIT_EMPTY_CHANGESET"


class PathPolicy(SafeCommitRefused):
    """A path that must not be committed: outside the checkout, a folder, a worktree, not there."""

    code = "SAFE_COMMIT_PATH_POLICY"


class ProtectedBranch(SafeCommitRefused):
    """The branch is protected against bookkeeping commits."""

    code = "SAFE_COMMIT_PROTECTED_BRANCH"


class IndexLocked(SafeCommitRefused):
    """Another git process holds the index or the branch."""

    code = "SAFE_COMMIT_INDEX_LOCKED"


class OperationInProgress(SafeCommitRefused):
    """A merge, rebase, cherry-pick or revert is going on in the checkout, or has left conflicts."""

    code = "SAFE_COMMIT_OPERATION_IN_PROGRESS"


class IdentityMissing(SafeCommitRefused):
    """Git does not know the author's name and address."""

    code = "GIT_IDENTITY_MISSING"


def safe_commit(
    target: CommitTarget,
    paths: Sequence[Path],
    message: str,
    *,
    capability: Capability = Capability.STANDARD,
    protected: tuple[str, ...] | None = None,
    before_adding: Callable[[], None] = lambda: None,
) -> CommitResult:
    """Commit the given files as they are on disk, and nothing else.

    One git process for files that git knows, three when one of them is new; one more when somebody
    else has changed the index. Files may be new (also ignored ones: they were named), changed or
    deleted. Hooks do not run; the user's `commit.gpgsign` holds. When another process has the index,
    it is retried for two seconds.

    Args:
        target: The checkout and its branch.
        paths: Files, absolute or relative to the checkout.
        message: The commit message.
        capability: Anything but STANDARD may write to a protected branch; MISSION_HOME only files in
            a mission's folder and the project's configuration.
        protected: The project's configured protected branches, None for the default set.
        before_adding: Called before anything is staged, which is done only when a file is new.

    Raises:
        EmptyChangeset: SAFE_COMMIT_EMPTY_CHANGESET.
        PathPolicy: SAFE_COMMIT_PATH_POLICY.
        ProtectedBranch: SAFE_COMMIT_PROTECTED_BRANCH.
        IndexLocked: SAFE_COMMIT_INDEX_LOCKED.
        OperationInProgress: SAFE_COMMIT_OPERATION_IN_PROGRESS.
        IdentityMissing: GIT_IDENTITY_MISSING.
        SafeCommitRefused: SAFE_COMMIT_GENERIC: git refused for another reason.
        DetachedHead: DETACHED_HEAD.
        CommitTargetMismatch: COMMIT_TARGET_MISMATCH: the branch changed since the target was made.
        LockTimeout: LOCK_TIMEOUT: another spec-kitty process is committing in this checkout.
    """
    names = _relative_names(target, paths)
    refuse_operation(target.worktree_root)
    git_dir = git_folder(target.worktree_root)
    if capability in (Capability.STANDARD, Capability.UNCOMMITTED_HOME) or (
        capability is Capability.MISSION_HOME and not all(map(_is_kept, names))
    ):
        kept = next((name for name in names if name.startswith("kitty-specs/")), None)
        folder = "/".join(kept.split("/")[:2]) if kept else None
        home = folder if capability is Capability.UNCOMMITTED_HOME else None
        _refuse_protected(target, protected, common_folder(git_dir), home)
    # Git reads the index before it locks it, so two commits at once can drop each other's new
    # entries; ours queue up here.
    with file_lock(git_dir / "spec-kitty" / "locks" / "commit.lock"):
        target.verify()
        stopping.hold(changing=True)
        output = _commit(target, names, message, before_adding)
        if output.code == 0:
            remember_index(git_dir)
            return CommitResult(_committed_sha(target, output), target.branch, committed=True)
        if output.code == 1 and any(phrase in output.stdout for phrase in _NOTHING):
            head = try_git(target.worktree_root, "rev-parse", "--verify", "--quiet", "HEAD")
            return CommitResult(head.stdout.strip() or None, target.branch, committed=False)
    raise _refusal(target, output)


def refuse_operation(worktree_root: Path) -> None:
    """Refuse to go on while the user is in the middle of a merge or the like, or has conflicts left.

    Call it before anything is written: the index then holds what the user has to decide on.

    Raises:
        OperationInProgress: SAFE_COMMIT_OPERATION_IN_PROGRESS.
    """
    operation = operation_in_progress(worktree_root)
    if operation is not None:
        raise _in_progress(worktree_root, operation, {})


def _in_progress(
    worktree_root: Path, operation: Operation, details: dict[str, JsonValue]
) -> OperationInProgress:
    return OperationInProgress(
        f"{operation.problem} in the checkout {worktree_root.name}; that has to be finished before "
        "anything is committed. Nothing was changed.",
        fix=f"{operation.fix}, then run the command again.",
        details={"operation": operation.name, "files": list(operation.files), **details},
    )


def _is_kept(name: str) -> bool:
    """Tell whether a path is one that a mission's bookkeeping keeps (ADR 0009)."""
    parts = name.split("/")
    return name == ".kittify/config.yaml" or (parts[0] == "kitty-specs" and len(parts) > 2)


_FROM_STDIN = ("--pathspec-from-file=-", "--pathspec-file-nul")


def _commit(
    target: CommitTarget, names: Sequence[str], message: str, before_adding: Callable[[], None]
) -> GitOutput:
    """Commit; when git does not know a file yet, add it first."""
    pathspecs = "".join(f"{name}\0" for name in names)
    quiet = any(_is_large(target.worktree_root / name) for name in names)
    output = _git_commit(target, pathspecs, message, quiet=quiet)
    for attempt in range(_ADD_ATTEMPTS):
        if output.code == 0 or _UNKNOWN_PATH not in output.stderr:
            break
        if attempt == 0:
            before_adding()
        # Repeated because another program's commit can undo an `add` (see safe_commit).
        add = (*_SETTINGS, "add", "--all", "--force", "--sparse", *_FROM_STDIN)
        output = _retrying(target, add, pathspecs)
        if output.code != 0:
            break
        output = _git_commit(target, pathspecs, message, quiet=quiet)
    return output


def _is_large(path: Path) -> bool:
    try:
        return path.stat().st_size >= LARGE_FILE_BYTES
    except OSError:
        return False  # deleted


def _git_commit(target: CommitTarget, pathspecs: str, message: str, *, quiet: bool) -> GitOutput:
    return _retrying(
        target,
        (
            *_SETTINGS,
            "commit",
            "--only",
            "--no-verify",
            "--untracked-files=no",
            "--cleanup=whitespace",
            *(("--quiet",) if quiet else ()),
            f"--message={message}",
            *_FROM_STDIN,
        ),
        pathspecs,
    )


def _retrying(target: CommitTarget, args: tuple[str, ...], pathspecs: str) -> GitOutput:
    deadline = time.monotonic() + LOCK_RETRY_SECONDS
    while True:
        output = try_git(target.worktree_root, *args, stdin=pathspecs)
        locked = output.code != 0 and any(sign in output.stderr for sign in _LOCKED)
        if not locked or time.monotonic() >= deadline:
            return output
        time.sleep(_LOCK_POLL_SECONDS)
        # What held the lock may have been a `git switch`.
        target.verify()


def _committed_sha(target: CommitTarget, output: GitOutput) -> str:
    match = _COMMITTED.search(output.stdout)
    if match is not None:
        return match.group(1)
    return run_git(target.worktree_root, "rev-parse", "HEAD").strip()


def _relative_names(target: CommitTarget, paths: Sequence[Path]) -> list[str]:
    if not paths:
        raise EmptyChangeset(
            "no files were given to commit.", fix="Name at least one file.", details={"paths": []}
        )
    root = target.worktree_root
    names: dict[str, None] = {}
    for path in paths:
        absolute = root / path
        if not absolute.is_relative_to(root):
            # The same folder under another spelling (a link, a Windows short name).
            absolute = absolute.parent.resolve() / absolute.name
            root = root.resolve()
        problem = _path_problem(root, absolute)
        if problem is not None:
            raise PathPolicy(
                f"{absolute.name} cannot be committed: {problem}.",
                fix="Name single files inside the checkout.",
                details={"path": path.as_posix(), "reason": problem},
            )
        names[absolute.relative_to(root).as_posix()] = None
    return list(names)


def _path_problem(root: Path, path: Path) -> str | None:
    if not path.is_relative_to(root) or ".." in path.parts:
        return f"it is outside the checkout {root.name}"
    parts = path.relative_to(root).parts
    if not parts or (path.is_dir() and not path.is_symlink()):
        return "it is a folder"
    if parts[0] == ".worktrees":
        return "it is inside a lane's worktree, which is a checkout of its own"
    if parts[0] == ".git":
        return "it is inside git's own folder"
    return None


def folder_not_committed(folder: str, branch: str) -> ProtectedBranch:
    """Describe that a mission's folder is not on the protected branch that it would live on.

    Args:
        folder: The mission's folder, relative to the checkout.
        branch: The branch.
    """
    return ProtectedBranch(
        f"{folder} is not committed on {branch}. That branch is protected: spec-kitty keeps there "
        "only missions that are on it.",
        fix=f"Commit the mission's folder first: git add {folder} && "
        f'git commit -m "Add the mission" -- {folder}',
        details={"branch": branch, "uncommitted": folder},
    )


def _refuse_protected(
    target: CommitTarget, protected: tuple[str, ...] | None, common_dir: Path, home: str | None
) -> None:
    if protects(common_dir, target.branch, protected):
        if home is not None:
            raise folder_not_committed(home, target.branch)
        raise ProtectedBranch(
            f"branch {target.branch} is protected: spec-kitty makes no bookkeeping commits there.",
            fix="Run `git switch -c <feature-branch>` (or switch to the mission's branch), "
            "then run the command again.",
            details={"branch": target.branch},
        )


def _refusal(target: CommitTarget, output: GitOutput) -> SafeCommitRefused:
    """Turn git's complaint into the error that tells the user what to do."""
    reason = first_line(output.stderr) or first_line(output.stdout)
    where = target.worktree_root.name
    details: dict[str, JsonValue] = {
        "branch": target.branch,
        "exit_code": output.code,
        "stderr": output.stderr[:2000],
    }
    if any(sign in output.stderr for sign in _LOCKED):
        return IndexLocked(
            f"another git process is using {where}: {reason}",
            fix="Wait for the other git command to end and run this one again. If none is running, "
            "delete the .lock file that is named above.",
            details=details,
        )
    if any(sign in output.stderr for sign in _IDENTITY):
        return IdentityMissing(
            "git does not know who you are, so it cannot commit.",
            fix='Run `git config --global user.name "Your Name"` and '
            '`git config --global user.email "you@example.com"`, then run the command again.',
            details=details,
        )
    if _UNKNOWN_PATH in output.stderr:
        return PathPolicy(
            f"a file to commit is neither on disk nor known to git: {reason}",
            fix="Check the file's name.",
            details=details,
        )
    operation = _IN_PROGRESS.search(output.stderr)
    if operation is not None:
        return _in_progress(target.worktree_root, Operation(operation.group(1)), details)
    return SafeCommitRefused(
        f"git refused the commit: {reason}",
        fix=f"Look at {where} with `git status`, mend what git complains about, "
        "then run the command again.",
        details=details,
    )
