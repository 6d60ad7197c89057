"""A commit target exists only when checkout and branch agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.commit_target import CommitTarget, CommitTargetMismatch, DetachedHead
from specify_cli.git.process import GitFailed
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_target_of_a_checkout_is_its_branch(repository: Path) -> None:
    assert CommitTarget.at(repository) == CommitTarget(repository, "main")


@pytest.mark.proves("002 D-4")
def test_a_mismatched_pair_cannot_be_constructed(repository: Path) -> None:
    git(repository, "branch", "topic")
    for build in (CommitTarget, CommitTarget.at):
        with pytest.raises(CommitTargetMismatch) as caught:
            build(repository, "topic")
        assert caught.value.details == {"expected": "topic", "actual": "main"}
        assert "git switch topic" in caught.value.fix


def test_a_linked_worktree_has_its_own_branch(repository: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    git(repository, "worktree", "add", "-q", "-b", "feature/side", str(linked))
    assert CommitTarget.at(linked).branch == "feature/side"
    assert CommitTarget.at(repository).branch == "main"


def test_an_unborn_branch_is_a_target(make_repository: Callable[..., Path]) -> None:
    assert CommitTarget.at(make_repository(commit=False)).branch == "main"


def test_a_detached_head_is_refused(repository: Path) -> None:
    git(repository, "switch", "-q", "--detach")
    with pytest.raises(DetachedHead) as caught:
        CommitTarget.at(repository)
    assert "git switch" in caught.value.fix


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GitFailed):
        CommitTarget.at(tmp_path)


@pytest.mark.proves("002 D-4")
def test_a_branch_switched_afterwards_is_noticed(repository: Path) -> None:
    target = CommitTarget.at(repository)
    git(repository, "switch", "-q", "-c", "topic")
    with pytest.raises(CommitTargetMismatch):
        target.verify()
