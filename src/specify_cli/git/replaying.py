"""Replaying commits onto another commit, off to the side: what `git rebase` does, without a checkout.

git 2.38 can merge in memory, but picks a merge base itself. Each commit is therefore picked with three
commits of the same trees that share one parent, so that the base is the commit's own parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.merging import merge_commit, merge_keeping
from specify_cli.git.process import run_git

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from specify_cli.git.repository import Repository


def own_commits(repo: Repository, source: str, without: Sequence[str]) -> tuple[str, ...]:
    """List what a commit adds, oldest first; merges are left out.

    Args:
        repo: The repository.
        source: The commit.
        without: Commits whose history does not count.

    Raises:
        GitFailed: GIT_FAILED: an unknown commit.
    """
    listed = run_git(
        repo.root,
        *("rev-list", "--topo-order", "--reverse", "--no-merges", source),
        *(f"^{commit}" for commit in without),
        "--",
    )
    return tuple(listed.split())


def replay(
    repo: Repository,
    onto: str,
    commits: Sequence[str],
    *,
    tree: str,
    message: str,
    keep_ours: Callable[[str], bool],
) -> str:
    """Put commits on top of another one; return the new tip. No branch moves.

    Author, date and message of each commit are kept; one that changes nothing any more is left out.
    The last one carries `message` as well. When they cannot be put there one by one with the very
    result `tree`, because a conflict was resolved in a merge between them, one commit with that tree and
    that message takes their place: no content is lost and none is made up.

    Args:
        repo: The repository.
        onto: The commit to build on.
        commits: What to replay, oldest first.
        tree: What the outcome has to be.
        message: Subject, body and trailers for the replayed commits as a whole.
        keep_ours: Tells for a path whether it stays as it is in `onto`.

    Raises:
        GitFailed: GIT_FAILED.
    """
    steps: list[tuple[str, str]] = []
    before = run_git(repo.root, "rev-parse", f"{onto}^{{tree}}").strip()
    for commit in commits:
        picked = _pick(repo, before, commit, keep_ours)
        if picked is None:
            break
        if picked != before:
            steps.append((commit, picked))
        before = picked
    if before != tree or not steps:
        return merge_commit(repo, tree, (onto,), message)
    tip = onto
    for commit, picked in steps:
        trailers = message.split("\n\n")[-1] if commit == steps[-1][0] else ""
        tip = _copy(repo, commit, picked, tip, trailers)
    return tip


def _pick(repo: Repository, tree: str, commit: str, keep_ours: Callable[[str], bool]) -> str | None:
    """Apply a commit's change to a tree; None on a conflict."""
    parents = run_git(repo.root, "rev-list", "--parents", "-n1", commit).split()[1:]
    before = f"{parents[0]}^{{tree}}" if parents else _empty_tree(repo)
    base = _bare_commit(repo, before)
    ours = _bare_commit(repo, tree, base)
    theirs = _bare_commit(repo, f"{commit}^{{tree}}", base)
    return merge_keeping(repo, ours, theirs, keep_ours).tree


def _bare_commit(repo: Repository, tree: str, *parents: str) -> str:
    """Write a commit that nobody will see, whoever the user is and however commits are signed."""
    env = {
        f"GIT_{who}_{what}": value
        for who in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "replay"), ("EMAIL", "replay"), ("DATE", "@0 +0000"))
    }
    args = [part for parent in parents for part in ("-p", parent)]
    return run_git(repo.root, "commit-tree", tree, *args, "-m", "replay", env=env).strip()


def _empty_tree(repo: Repository) -> str:
    return run_git(repo.root, "mktree", stdin="").strip()


def _copy(repo: Repository, commit: str, tree: str, parent: str, trailers: str) -> str:
    name, email, date, body = run_git(
        repo.root,
        *("show", "-s", "--no-show-signature", "--format=%an%x00%ae%x00%aI%x00%B", commit),
    ).split("\0", 3)
    message = body.rstrip("\n") + "\n"
    if trailers:
        message += f"\n{trailers}"
    env = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": date}
    return merge_commit(repo, tree, (parent,), message, env=env)
