"""Worktrees: made without touching the user's files, removed only when nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.process import GitFailed
from specify_cli.git.repository import open_repository
from specify_cli.git.worktrees import (
    BranchInUse,
    WorktreeDirty,
    WorktreePathTaken,
    add_worktree,
    dirty_files,
    exclude_local_files,
    list_worktrees,
    remove_worktree,
    worktree_of,
)
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path


def lane(root: Path) -> Path:
    return root / ".worktrees" / "todo-lane-a"


def make(root: Path) -> Path:
    repo = open_repository(root)
    assert repo.head is not None
    return add_worktree(repo, lane(root), branch="todo-lane-a", base=repo.head).path


def test_a_worktree_has_a_new_branch_at_the_base(repository: Path) -> None:
    base = git(repository, "rev-parse", "HEAD")
    added = add_worktree(open_repository(repository), lane(repository), branch="new", base=base)
    assert (added.branch, added.head, added.missing) == ("new", base, False)
    assert (lane(repository) / "README.md").is_file()
    assert "[branch" not in (repository / ".git" / "config").read_text(encoding="utf-8")


def test_the_main_checkout_stays_clean_although_no_ignore_file_was_touched(
    repository: Path,
) -> None:
    make(repository)
    assert git(repository, "status", "--porcelain") == ""
    assert not (repository / ".gitignore").exists()


def test_the_exclude_line_is_written_once_and_the_users_lines_stay(repository: Path) -> None:
    exclude = repository / ".git" / "info" / "exclude"
    exclude.write_bytes(b"*.mine")
    repo = open_repository(repository)
    exclude_local_files(repo)
    exclude_local_files(repo)
    assert exclude.read_bytes() == b"*.mine\n/.worktrees/\n/.kittify/runtime/\n"


def test_worktrees_can_be_made_from_inside_a_worktree(repository: Path) -> None:
    inner = make(repository)
    repo = open_repository(inner)
    other = repository / ".worktrees" / "todo-lane-b"
    assert repo.head is not None
    add_worktree(repo, other, branch="todo-lane-b", base=repo.head)
    assert git(inner, "status", "--porcelain") == ""
    assert [tree.path for tree in list_worktrees(repo)] == [repository, inner, other]


def test_all_checkouts_are_listed_main_first(repository: Path) -> None:
    path = make(repository)
    repo = open_repository(repository)
    first, second = list_worktrees(repo)
    assert (first.path, first.branch) == (repository, "main")
    assert (second.path, second.branch) == (path, "todo-lane-a")
    assert worktree_of(repo, "todo-lane-a") == second
    assert worktree_of(repo, "none") is None


def test_an_unborn_main_checkout_has_no_head(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "fresh")
    (only,) = list_worktrees(open_repository(tmp_path / "fresh"))
    assert (only.branch, only.head) == ("main", None)


def test_a_path_with_spaces_and_other_letters_works(repository: Path) -> None:
    repo = open_repository(repository)
    path = repository / ".worktrees" / "größe und mehr"
    assert repo.head is not None
    add_worktree(repo, path, branch="b", base=repo.head)
    assert worktree_of(repo, "b") is not None
    remove_worktree(repo, path)
    assert not path.exists()


def test_an_existing_branch_is_checked_out_again_after_its_folder_was_deleted(
    repository: Path,
) -> None:
    path = make(repository)
    (path / "work.txt").write_text("work\n", encoding="utf-8")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "Work")
    shutil.rmtree(path)
    repo = open_repository(repository)
    assert list_worktrees(repo)[1].missing
    again = add_worktree(repo, path, branch="todo-lane-a", base=None)
    assert again.head == git(repository, "rev-parse", "todo-lane-a")
    assert (path / "work.txt").is_file()


def test_a_folder_with_the_users_files_is_not_taken_over(repository: Path) -> None:
    lane(repository).mkdir(parents=True)
    (lane(repository) / "mine.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(WorktreePathTaken) as caught:
        make(repository)
    assert "Move .worktrees/todo-lane-a out of the way" in caught.value.fix
    assert (lane(repository) / "mine.txt").is_file()
    assert "todo-lane-a" not in git(repository, "branch", "--list")


def test_a_worktree_that_is_there_is_not_made_again(repository: Path) -> None:
    make(repository)
    with pytest.raises(WorktreePathTaken, match="already is a worktree"):
        make(repository)


def test_a_worktree_that_lost_its_link_but_has_files_is_not_deleted(repository: Path) -> None:
    path = make(repository)
    (path / ".git").unlink()
    (path / "mine.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(WorktreePathTaken):
        add_worktree(open_repository(repository), path, branch="todo-lane-a", base=None)
    assert (path / "mine.txt").is_file()


def test_a_branch_checked_out_elsewhere_is_refused(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "busy", str(tmp_path / "elsewhere"))
    with pytest.raises(BranchInUse) as caught:
        add_worktree(open_repository(repository), lane(repository), branch="busy", base=None)
    assert "elsewhere" in caught.value.message


def test_a_base_that_does_not_exist_leaves_nothing_behind(repository: Path) -> None:
    with pytest.raises(GitFailed):
        add_worktree(
            open_repository(repository), lane(repository), branch="new", base="no-such-commit"
        )
    assert not lane(repository).exists()
    assert git(repository, "branch", "--list", "new") == ""


def test_a_failing_checkout_hook_does_not_make_a_finished_worktree_a_failure(
    repository: Path,
) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    assert (make(repository) / "README.md").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_worktree_that_was_killed_half_way_is_made_again(repository: Path) -> None:
    for number in range(300):
        (repository / f"file-{number}.txt").write_text(f"{number}\n" * 200, encoding="utf-8")
    # A slow filter stops the checkout at the first file, so that the kill comes in the middle.
    (repository / ".gitattributes").write_text("file-1*.txt filter=slow\n", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Many")
    git(repository, "config", "filter.slow.smudge", "sleep 30")
    base = git(repository, "rev-parse", "HEAD")
    started = subprocess.Popen(
        ["git", "worktree", "add", "-q", "-b", "todo-lane-a", str(lane(repository)), base],
        cwd=repository,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not (lane(repository) / "file-0.txt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()
    git(repository, "config", "--unset", "filter.slow.smudge")
    repo = open_repository(repository)
    assert worktree_of(repo, "todo-lane-a") is not None
    assert list_worktrees(repo)[1].unfinished

    (lane(repository) / "mine.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(WorktreePathTaken, match="interrupted"):
        add_worktree(repo, lane(repository), branch="todo-lane-a", base=None)
    (lane(repository) / "mine.txt").unlink()

    add_worktree(repo, lane(repository), branch="todo-lane-a", base=None)
    assert dirty_files(lane(repository)) == ()
    assert not list_worktrees(repo)[1].unfinished


def test_dirty_files_are_staged_changed_deleted_and_untracked_but_not_ignored_ones(
    repository: Path,
) -> None:
    for name in ("changed.txt", "deleted.txt", "kept.txt", "before name.txt"):
        (repository / name).write_text("1\n", encoding="utf-8")
    (repository / ".gitignore").write_text("*.log\n", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Files")
    git(repository, "config", "status.showUntrackedFiles", "no")
    (repository / "changed.txt").write_text("2\n", encoding="utf-8")
    (repository / "deleted.txt").unlink()
    (repository / "ignored.log").write_text("x\n", encoding="utf-8")
    (repository / "staged ü.txt").write_text("x\n", encoding="utf-8")
    git(repository, "add", "staged ü.txt")
    git(repository, "mv", "before name.txt", "after name.txt")
    (repository / "deep" / "er").mkdir(parents=True)
    (repository / "deep" / "er" / "untracked.txt").write_text("x\n", encoding="utf-8")
    assert dirty_files(repository) == (
        "after name.txt",
        "before name.txt",
        "changed.txt",
        "deep/er/untracked.txt",
        "deleted.txt",
        "staged ü.txt",
    )


def test_a_clean_worktree_is_removed_and_its_branch_stays(repository: Path) -> None:
    path = make(repository)
    repo = open_repository(repository)
    remove_worktree(repo, path)
    assert not path.exists()
    assert len(list_worktrees(repo)) == 1
    assert git(repository, "branch", "--list", "todo-lane-a").strip() == "todo-lane-a"
    remove_worktree(repo, path)


@pytest.mark.parametrize("kind", ["untracked", "changed", "staged"])
def test_a_worktree_with_an_uncommitted_file_is_kept(repository: Path, kind: str) -> None:
    path = make(repository)
    name = "README.md" if kind == "changed" else "new.txt"
    (path / name).write_text("precious\n", encoding="utf-8")
    if kind == "staged":
        git(path, "add", name)
    with pytest.raises(WorktreeDirty) as caught:
        remove_worktree(open_repository(repository), path)
    assert caught.value.code == "WORKTREE_DIRTY"
    assert caught.value.details == {"worktree": "todo-lane-a", "files": [name]}
    assert (path / name).read_text(encoding="utf-8") == "precious\n"


def test_removing_a_worktree_whose_folder_is_gone_clears_its_registration(
    repository: Path,
) -> None:
    path = make(repository)
    shutil.rmtree(path)
    repo = open_repository(repository)
    remove_worktree(repo, path)
    assert len(list_worktrees(repo)) == 1


def test_a_locked_worktree_is_kept(repository: Path) -> None:
    path = make(repository)
    git(repository, "worktree", "lock", str(path))
    with pytest.raises(GitFailed):
        remove_worktree(open_repository(repository), path)
    assert path.is_dir()
