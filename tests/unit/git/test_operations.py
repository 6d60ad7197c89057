"""Nothing is committed, staged or touched while the user is in the middle of a merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.commit_target import CommitTarget
from specify_cli.git.operations import operation_in_progress
from specify_cli.git.process import try_git
from specify_cli.git.safe_commit import OperationInProgress, safe_commit
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path


def two_sides(root: Path) -> None:
    """Make a branch `other` whose file conflicts with the one that is checked out."""
    file = root / "file.txt"
    file.write_text("base\n", encoding="utf-8")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Base")
    git(root, "switch", "-q", "-c", "other")
    file.write_text("theirs\n", encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", "Theirs")
    git(root, "switch", "-q", "-")
    file.write_text("ours\n", encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", "Ours")


BEGINNINGS = {
    "merge": ("merge", "other"),
    "cherry-pick": ("cherry-pick", "other"),
    "revert": ("revert", "--no-edit", "HEAD~1"),
    "rebase": ("rebase", "other"),
}


@pytest.mark.parametrize("name", BEGINNINGS)
def test_what_is_going_on_is_known_by_its_name_until_it_is_over(
    repository: Path, name: str
) -> None:
    two_sides(repository)
    assert operation_in_progress(repository) is None
    try_git(repository, *BEGINNINGS[name])
    operation = operation_in_progress(repository)
    assert operation is not None
    assert (operation.name, operation.going_on) == (name, f"git {name} --continue")
    git(repository, name, "--abort")
    assert operation_in_progress(repository) is None


def test_what_goes_on_in_another_worktree_is_no_reason_to_wait(
    repository: Path, tmp_path: Path
) -> None:
    two_sides(repository)
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "-q", "-b", "third", str(linked))
    try_git(linked, "merge", "other")
    assert operation_in_progress(repository) is None
    assert operation_in_progress(linked) is not None


@pytest.mark.parametrize("name", ["merge", "cherry-pick", "revert"])
def test_no_file_is_committed_or_staged_while_it_goes_on(repository: Path, name: str) -> None:
    two_sides(repository)
    try_git(repository, *BEGINNINGS[name])
    (repository / "new.txt").write_text("new\n", encoding="utf-8")
    before = git(repository, "status", "--porcelain"), git(repository, "ls-files", "--stage")
    with pytest.raises(OperationInProgress, match=f"a {name} is going on"):
        safe_commit(CommitTarget.at(repository), [repository / "new.txt"], "New")
    assert before == (
        git(repository, "status", "--porcelain"),
        git(repository, "ls-files", "--stage"),
    )
