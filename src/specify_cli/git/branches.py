"""Branches: tips, creation, and which of them are protected."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from specify_cli.git.process import NO_HOOKS, git_failed, run_git, try_git
from specify_cli.kernel.errors import SpecKittyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specify_cli.git.repository import Repository

ALLOW_PROTECTED = "SPEC_KITTY_ALLOW_PROTECTED_BRANCH_COMMITS"
_ALWAYS_PROTECTED = frozenset({"main", "master"})
_REMOTE_HEAD = "ref: refs/remotes/"


class BranchExists(SpecKittyError):
    """A branch of that name is there already."""

    code = "BRANCH_EXISTS"


class InvalidBranchName(UsageError):
    """Git does not accept the branch name."""

    code = "INVALID_BRANCH_NAME"


def branch_tip(repo: Repository, name: str) -> str | None:
    """Return the commit that a local branch points at, or None if there is no such branch."""
    output = try_git(repo.root, "rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")
    return output.stdout.strip() if output.code == 0 else None


def branch_tips(repo: Repository, prefix: str = "") -> Mapping[str, str]:
    """Return all local branches whose name starts with `prefix`, with their tips (one process)."""
    listed = run_git(
        repo.root, "for-each-ref", "--format=%(refname)%00%(objectname)", "refs/heads/"
    )
    tips = {}
    for line in listed.splitlines():
        name, _, tip = line.partition("\0")
        name = name.removeprefix("refs/heads/")
        if name.startswith(prefix):
            tips[name] = tip
    return tips


def check_branch_name(repo: Repository, name: str) -> None:
    """Refuse a name that git would not accept for a branch.

    Raises:
        InvalidBranchName: INVALID_BRANCH_NAME.
    """
    # No argument of a process can hold a NUL.
    usable = not name.startswith("-") and "\0" not in name
    if not usable or try_git(repo.root, "check-ref-format", "--branch", name).code != 0:
        raise InvalidBranchName(
            f"{name[:200]!r} is not a branch name that git accepts.",
            fix="Use letters, digits, '-', '_' and '/', such as feature/todo-app.",
            details={"branch": name[:200]},
        )


def create_and_switch(repo: Repository, name: str) -> None:
    """Create a branch at HEAD and check it out; files, index and local changes stay as they are.

    Works before the first commit too.

    Raises:
        InvalidBranchName: INVALID_BRANCH_NAME.
        BranchExists: BRANCH_EXISTS.
        GitFailed: GIT_FAILED.
    """
    check_branch_name(repo, name)
    if repo.head is None:
        # There is no commit to start from yet: only the unborn branch's name changes.
        run_git(repo.root, "symbolic-ref", "HEAD", f"refs/heads/{name}")
        return
    args = (*NO_HOOKS, "switch", "--quiet", "--no-track", "--create", name)
    output = try_git(repo.root, *args)
    if output.code == 0:
        return
    if "already exists" in output.stderr:
        raise BranchExists(
            f"there already is a branch named {name}.",
            fix=f"Run `git switch {name}` to work on it, or choose another name with --branch.",
            details={"branch": name},
        )
    raise git_failed(args, output)


def delete_branch(repo: Repository, name: str, tip: str) -> None:
    """Delete a branch that is still at `tip`; one that is gone already is fine.

    The caller makes sure that no checkout is on it and that its commits are not lost.

    Raises:
        GitFailed: GIT_FAILED: it moved meanwhile.
    """
    args = ("update-ref", "-d", f"refs/heads/{name}", tip)
    output = try_git(repo.root, *args)
    if output.code != 0 and branch_tip(repo, name) is not None:
        raise git_failed(args, output)


def remote_default(repo: Repository) -> str | None:
    """Return the default branch of the remote (origin, else the only other one), if known.

    Reads git's files, not the network; None when no remote was cloned or set up with a HEAD.
    """
    return _remote_default(repo.common_dir)


def landing_place(repo: Repository, asked: str | None = None) -> str | None:
    """Return the branch that finished work lands on: what is asked for, else what is the custom.

    By custom that is the remote's default branch, else main or master; None when none of them exists.

    Args:
        repo: The repository.
        asked: A branch that goes before these, if it exists.
    """
    tips = branch_tips(repo)
    candidates = (asked, remote_default(repo), "main", "master")
    return next((name for name in candidates if name is not None and name in tips), None)


def is_protected(repo: Repository, branch: str, configured: tuple[str, ...] | None = None) -> bool:
    """Tell whether bookkeeping must not be committed to a branch.

    Args:
        repo: The repository.
        branch: Short branch name.
        configured: `protection.protected_branches` of the project's config: then exactly these;
            None means main, master and the remote's default branch.

    The environment variable SPEC_KITTY_ALLOW_PROTECTED_BRANCH_COMMITS (1, true, yes) switches
    protection off.
    """
    return protects(repo.common_dir, branch, configured)


def protects(common_dir: Path, branch: str, configured: tuple[str, ...] | None = None) -> bool:
    """Answer `is_protected` from the shared git folder alone, without a git process."""
    if os.environ.get(ALLOW_PROTECTED, "").strip().lower() in {"1", "true", "yes"}:
        return False
    if configured is not None:
        return branch in configured
    return branch in _ALWAYS_PROTECTED or branch == _remote_default(common_dir)


def _remote_default(common_dir: Path) -> str | None:
    remotes = common_dir / "refs" / "remotes"
    if (common_dir / "reftable").is_dir():
        output = try_git(common_dir, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD")
        return output.stdout.strip().removeprefix("refs/remotes/origin/") or None
    found = _remote_head(remotes / "origin")
    if found is not None or not remotes.is_dir():
        return found
    others = [default for name in sorted(remotes.iterdir()) if (default := _remote_head(name))]
    return others[0] if len(others) == 1 else None


def _remote_head(folder: Path) -> str | None:
    try:
        text = (folder / "HEAD").read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None
    prefix = f"{_REMOTE_HEAD}{folder.name}/"
    return text.removeprefix(prefix) if text.startswith(prefix) else None
