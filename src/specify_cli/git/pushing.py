"""Pushing a branch to the remote it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.process import first_line, try_git
from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from specify_cli.git.repository import Repository

_DEFAULT_REMOTE = "origin"
# Why git refuses what would throw away commits of the remote.
_BEHIND = ("fetch first", "non-fast-forward")


class PushFailed(SpecKittyError):
    """A branch did not reach its remote; what was done locally stays."""

    code = "PUSH_FAILED"


def remote_of(repo: Repository, branch: str) -> str:
    """Return the remote that a branch is pushed to: its own, else `origin`, else the only one.

    Raises:
        PushFailed: PUSH_FAILED: there is none, or several and nothing says which.
    """
    own = try_git(repo.root, "config", "--get", f"branch.{branch}.remote").stdout.strip()
    remotes = try_git(repo.root, "remote").stdout.split()
    if own in remotes:
        return own
    if _DEFAULT_REMOTE in remotes:
        return _DEFAULT_REMOTE
    if len(remotes) == 1:
        return remotes[0]
    which = f"there are several ({', '.join(remotes)})" if remotes else "the repository has none"
    raise PushFailed(
        f"branch {branch} has no remote to be pushed to: {which}.",
        fix=f"git config branch.{branch}.remote <remote>"
        if remotes
        else "git remote add origin <address>, or leave --push out",
        details={"branch": branch, "remotes": list(remotes)},
    )


def push_branch(repo: Repository, branch: str, remote: str) -> None:
    """Push a branch, never by force and never asking for a password.

    Raises:
        PushFailed: PUSH_FAILED: the remote refused it or cannot be reached, or the user stopped it.
    """
    ref = f"refs/heads/{branch}"
    again = f"git push {remote} {branch}"
    try:
        # A remote may never answer.
        output = try_git(
            repo.root, *("push", "--porcelain", "--", remote, f"{ref}:{ref}"), interruptible=True
        )
    except KeyboardInterrupt:
        raise _push_failed(branch, remote, "it was stopped", again) from None
    if output.code == 0:
        return
    reason = _reason(output.stdout) or first_line(output.stderr) or f"status {output.code}"
    if any(word in reason for word in _BEHIND):
        again = (
            f"{remote} has commits that {branch} here lacks. Bring them in, then push: "
            f"git fetch {remote} && git switch {branch} && git merge {remote}/{branch} && {again}"
        )
    raise _push_failed(branch, remote, reason, again)


def _push_failed(branch: str, remote: str, reason: str, fix: str) -> PushFailed:
    return PushFailed(
        f"{branch} could not be pushed to {remote}: {reason}. Locally everything is done.",
        fix=fix,
        details={"branch": branch, "remote": remote},
    )


def _reason(report: str) -> str:
    """Read why a ref was rejected from git's porcelain report, such as `[rejected] (fetch first)`."""
    for line in report.splitlines():
        if line.startswith("!"):
            return line.rpartition("\t")[2].strip()
    return ""
