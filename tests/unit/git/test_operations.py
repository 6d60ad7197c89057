"""Nothing is committed, staged or touched while the user is in the middle of a merge or its conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.commit_target import CommitTarget
from specify_cli.git.operations import operation_in_progress
from specify_cli.git.process import try_git
from specify_cli.git.safe_commit import OperationInProgress, safe_commit
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
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


def leave_by_stash(root: Path) -> None:
    (root / "file.txt").write_text("stashed\n", encoding="utf-8")
    git(root, "stash", "-q")
    (root / "file.txt").write_text("committed since\n", encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", "Since")
    assert try_git(root, "stash", "pop").code


def leave_by_switch(root: Path) -> None:
    (root / "file.txt").write_text("changed\n", encoding="utf-8")
    git(root, "checkout", "-q", "-m", "other")


def leave_by_patch(root: Path) -> None:
    patch = git(root, "diff", "HEAD", "other")
    (root / "file.txt").write_text("committed since\n", encoding="utf-8")
    git(root, "commit", "-q", "-a", "-m", "Since")
    assert try_git(root, "apply", "-3", "-", stdin=patch + "\n").code


LEAVING = {
    "git stash pop": leave_by_stash,
    "git checkout -m": leave_by_switch,
    "git apply -3": leave_by_patch,
}


@pytest.mark.parametrize("command", LEAVING)
def test_conflicts_that_a_command_left_are_known_until_they_are_resolved(
    repository: Path, command: str
) -> None:
    two_sides(repository)
    assert operation_in_progress(repository) is None
    LEAVING[command](repository)
    operation = operation_in_progress(repository)
    assert operation is not None
    assert (operation.name, operation.files) == ("conflict", ("file.txt",))
    assert operation.problem == "conflicts are not resolved yet (file.txt)"
    git(repository, *operation.going_on.split()[1:])
    (repository / "file.txt").write_text("resolved\n", encoding="utf-8")
    git(repository, "add", "file.txt")
    assert operation_in_progress(repository) is None


@pytest.mark.parametrize("file", ["file.txt", "new.txt", "other.txt"])
@pytest.mark.parametrize("command", LEAVING)
def test_no_file_is_committed_or_staged_while_conflicts_are_left(
    repository: Path, command: str, file: str
) -> None:
    git(repository, "switch", "-q", "-c", "work")
    (repository / "other.txt").write_text("known\n", encoding="utf-8")
    two_sides(repository)
    safe_commit(CommitTarget.at(repository), [repository / "file.txt"], "Nothing new")
    LEAVING[command](repository)
    if file != "file.txt":
        (repository / file).write_text("more\n", encoding="utf-8")
    before = git(repository, "status", "--porcelain"), git(repository, "ls-files", "--stage")
    head, bytes_before = git(repository, "rev-parse", "HEAD"), (repository / file).read_bytes()
    with pytest.raises(OperationInProgress, match=r"conflicts are not resolved yet") as refused:
        safe_commit(CommitTarget.at(repository), [repository / file], "New")
    assert refused.value.code == "SAFE_COMMIT_OPERATION_IN_PROGRESS"
    assert "git status" in refused.value.fix and "git add" in refused.value.fix
    assert refused.value.details["files"] == ["file.txt"]
    after = git(repository, "status", "--porcelain"), git(repository, "ls-files", "--stage")
    assert (after, git(repository, "rev-parse", "HEAD")) == (before, head)
    assert (repository / file).read_bytes() == bytes_before


def test_git_is_asked_about_conflicts_only_after_somebody_else_changed_the_index(
    repository: Path, git_calls: Callable[[], int]
) -> None:
    file = repository / "file.txt"

    def processes(text: str) -> int:
        file.write_text(text, encoding="utf-8")
        git_calls()
        safe_commit(target, [file], text)
        return git_calls()

    git(repository, "switch", "-q", "-c", "work")
    two_sides(repository)
    target = CommitTarget.at(repository)
    assert [processes(text) for text in ("one", "two", "three")] == [2, 1, 1]
    git(repository, "commit", "-q", "--allow-empty", "-m", "Somebody else's")
    (repository / "added.txt").write_text("new", encoding="utf-8")
    git(repository, "add", "added.txt")
    assert [processes(text) for text in ("four", "five")] == [2, 1]
