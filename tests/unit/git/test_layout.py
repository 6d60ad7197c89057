"""Reading git's files says what git says, and leaves to git what it cannot read with certainty."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.layout import branch_names
from specify_cli.git.repository import Repository, open_repository
from specify_cli.kernel.errors import SpecKittyError
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="git is asked on Windows")


def answer(cwd: Path) -> Repository | str:
    """Return the repository that a folder belongs to, or the code of the refusal."""
    try:
        return open_repository(cwd)
    except SpecKittyError as error:
        return error.code


def gits_answer(cwd: Path) -> Repository | str:
    """Return the same from git itself, which alone knows where its search is to end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CEILING_DIRECTORIES", os.devnull)
        return answer(cwd)


def main_checkout(repository: Path) -> Path:
    return repository


def subfolder(repository: Path) -> Path:
    folder = repository / "some folder" / "größe"
    folder.mkdir(parents=True)
    return folder


def linked_worktree(repository: Path) -> Path:
    linked = repository.parent / "linked tree"
    git(repository, "worktree", "add", "-q", "-b", "side", str(linked))
    return linked


def subfolder_of_a_lane_in_the_repository(repository: Path) -> Path:
    lane = repository / ".worktrees" / "todo-lane-a"
    git(repository, "worktree", "add", "-q", "-b", "kitty/mission-todo-lane-a", str(lane))
    (lane / "deep" / "er").mkdir(parents=True)
    return lane / "deep" / "er"


def detached_worktree(repository: Path) -> Path:
    linked = repository.parent / "detached"
    git(repository, "worktree", "add", "-q", "--detach", str(linked))
    return linked


def symlink_to_the_checkout(repository: Path) -> Path:
    link = repository.parent / "link"
    link.symlink_to(repository, target_is_directory=True)
    return link


def symlink_to_a_subfolder_of_a_worktree(repository: Path) -> Path:
    folder = linked_worktree(repository) / "sub"
    folder.mkdir()
    link = repository / "link"
    link.symlink_to(folder, target_is_directory=True)
    return link


def worktree_below_a_symlink(repository: Path) -> Path:
    real = repository.parent / "real"
    real.mkdir()
    link = repository.parent / "link"
    link.symlink_to(real, target_is_directory=True)
    git(repository, "worktree", "add", "-q", "-b", "side", str(link / "linked"))
    return link / "linked"


def git_folder_behind_a_symlink(repository: Path) -> Path:
    (repository / ".git").rename(repository.parent / "meta")
    (repository / ".git").symlink_to(repository.parent / "meta", target_is_directory=True)
    return repository


def git_folder_elsewhere(repository: Path) -> Path:
    git(repository, "init", "-q", "--separate-git-dir", str(repository.parent / "meta"))
    return repository


def detached_head(repository: Path) -> Path:
    git(repository, "switch", "-q", "--detach")
    return repository


def unborn_branch(repository: Path) -> Path:
    git(repository, "switch", "-q", "--orphan", "empty/one")
    return repository


def packed_branch(repository: Path) -> Path:
    for name in ("a/main", "feature/x/main"):
        git(repository, "branch", name)
    git(repository, "commit", "-q", "--allow-empty", "-m", "More")
    git(repository, "tag", "-a", "-m", "A tag to be peeled", "tagged")
    git(repository, "pack-refs", "--all")
    return repository


def branch_newer_than_its_packed_entry(repository: Path) -> Path:
    packed_branch(repository)
    git(repository, "commit", "-q", "--allow-empty", "-m", "Later")
    return repository


def packed_branch_where_a_folder_of_that_name_is_left(repository: Path) -> Path:
    git(repository, "switch", "-q", "-c", "topic")
    git(repository, "pack-refs", "--all")
    (repository / ".git" / "refs" / "heads" / "topic").mkdir()
    return repository


USUAL = (
    main_checkout,
    subfolder,
    linked_worktree,
    subfolder_of_a_lane_in_the_repository,
    detached_worktree,
    symlink_to_the_checkout,
    symlink_to_a_subfolder_of_a_worktree,
    worktree_below_a_symlink,
    git_folder_behind_a_symlink,
    git_folder_elsewhere,
    detached_head,
    unborn_branch,
    packed_branch,
    branch_newer_than_its_packed_entry,
    packed_branch_where_a_folder_of_that_name_is_left,
)


@posix
@pytest.mark.parametrize("layout", USUAL, ids=lambda layout: layout.__name__)
def test_the_files_say_what_git_says_without_a_process(
    layout: Callable[[Path], Path], repository: Path, git_calls: Callable[[], int]
) -> None:
    cwd = layout(repository)
    git_calls()
    found = answer(cwd)
    assert git_calls() == 0
    assert isinstance(found, Repository)
    assert found == gits_answer(cwd)
    assert git_calls() > 0


def outside(repository: Path) -> Path:
    return repository.parent


def inside_the_git_folder(repository: Path) -> Path:
    return repository / ".git" / "refs" / "heads"


def bare_repository_with_an_old_head_in_a_checkout(repository: Path) -> Path:
    git(repository, "init", "-q", "--bare", "inner.git")
    (repository / "inner.git" / "HEAD").unlink()
    (repository / "inner.git" / "HEAD").symlink_to("refs/heads/main")
    return repository / "inner.git"


def file_instead_of_a_folder(repository: Path) -> Path:
    return repository / "README.md"


def no_such_folder(repository: Path) -> Path:
    return repository / "nowhere"


def bare_repository(repository: Path) -> Path:
    git(repository.parent, "clone", "-q", "--bare", str(repository), "bare.git")
    return repository.parent / "bare.git"


def worktree_of_a_bare_repository(repository: Path) -> Path:
    bare = bare_repository(repository)
    git(bare, "worktree", "add", "-q", str(repository.parent / "linked"), "main")
    return repository.parent / "linked"


def checkout_that_was_made_bare(repository: Path) -> Path:
    git(repository, "config", "core.bare", "true")
    return repository


def checkout_that_is_elsewhere(repository: Path) -> Path:
    (repository.parent / "files").mkdir()
    git(repository, "config", "core.worktree", str(repository.parent / "files"))
    return repository


def settings_of_each_worktree(repository: Path) -> Path:
    git(repository, "config", "extensions.worktreeConfig", "true")
    return repository


def submodule(repository: Path) -> Path:
    git(repository.parent, "clone", "-q", str(repository), "inner")
    inner = str(repository.parent / "inner")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner)
    return repository / "inner"


def longer_commit_ids(repository: Path) -> Path:
    root = repository.parent / "sha256"
    git(repository.parent, "init", "-q", "--object-format=sha256", "-b", "main", "sha256")
    git(root, "commit", "-q", "--allow-empty", "-m", "Start")
    return root


def format_of_the_future(repository: Path) -> Path:
    config = repository / ".git" / "config"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("version = 0", "version = 99"), encoding="utf-8")
    return repository


def branch_that_stands_for_another(repository: Path) -> Path:
    git(repository, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
    git(repository, "symbolic-ref", "HEAD", "refs/heads/alias")
    return repository


def head_that_is_a_symlink(repository: Path) -> Path:
    head = repository / ".git" / "HEAD"
    head.unlink()
    head.symlink_to("refs/heads/main")
    return repository


def head_on_no_branch_of_ours(repository: Path) -> Path:
    git(repository, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(repository, "symbolic-ref", "HEAD", "refs/remotes/origin/main")
    return repository


def head_that_is_damaged(repository: Path) -> Path:
    (repository / ".git" / "HEAD").write_bytes(b"ref: refs/heads/\0")
    return repository


def git_folder_that_is_none(repository: Path) -> Path:
    (repository / "sub" / ".git").mkdir(parents=True)
    return repository / "sub"


def worktree_whose_repository_is_gone(repository: Path) -> Path:
    linked = linked_worktree(repository)
    repository.rename(repository.parent / "moved")
    return linked


def folder_with_a_file_named_head(repository: Path) -> Path:
    folder = subfolder(repository)
    (folder / "HEAD").touch()
    return folder


UNUSUAL = (
    outside,
    inside_the_git_folder,
    bare_repository_with_an_old_head_in_a_checkout,
    file_instead_of_a_folder,
    no_such_folder,
    bare_repository,
    worktree_of_a_bare_repository,
    checkout_that_was_made_bare,
    checkout_that_is_elsewhere,
    settings_of_each_worktree,
    submodule,
    longer_commit_ids,
    format_of_the_future,
    branch_that_stands_for_another,
    head_that_is_a_symlink,
    head_on_no_branch_of_ours,
    head_that_is_damaged,
    git_folder_that_is_none,
    worktree_whose_repository_is_gone,
    folder_with_a_file_named_head,
)


@posix
@pytest.mark.parametrize("layout", UNUSUAL, ids=lambda layout: layout.__name__)
def test_what_the_files_do_not_tell_for_certain_is_asked_of_git(
    layout: Callable[[Path], Path], repository: Path, git_calls: Callable[[], int]
) -> None:
    cwd = layout(repository)
    git_calls()
    found = answer(cwd)
    assert git_calls() > 0
    assert found == gits_answer(cwd)


@posix
def test_whether_somebody_elses_repository_may_be_used_is_asked_of_git(
    repository: Path, git_calls: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody_else = os.geteuid() + 1
    monkeypatch.setattr("os.geteuid", lambda: somebody_else)
    open_repository(repository)
    assert git_calls() == 1


def mission_branches(repository: Path) -> list[str]:
    listed = git(repository, "for-each-ref", "--format=%(refname:lstrip=2)", PATTERN)
    return listed.splitlines()


PATTERN = "refs/heads/kitty/mission-*"
BRANCHES = ("kitty/mission-b", "kitty/mission-a-lane-a", "kitty/mission-c/deep", "kitty/x", "z")


@pytest.mark.parametrize("packed", [(), ("--all",), ("--all", "--no-prune")], ids=str)
def test_branches_are_listed_as_git_lists_them(repository: Path, packed: tuple[str, ...]) -> None:
    for name in BRANCHES:
        git(repository, "branch", name)
    git(repository, "tag", "kitty/mission-tag")
    if packed:
        git(repository, "pack-refs", *packed)
        git(repository, "branch", "kitty/mission-A")
        git(repository, "branch", "-D", "kitty/mission-b")
    (repository / ".git" / "refs" / "heads" / "kitty" / "mission-d.lock").touch()
    listed = branch_names(repository / ".git", "kitty", "mission-")
    assert listed == mission_branches(repository)
    assert "kitty/mission-a-lane-a" in listed


def test_a_repository_without_such_branches_lists_none(repository: Path) -> None:
    assert branch_names(repository / ".git", "kitty", "mission-") == []


def test_a_branch_that_stands_for_another_is_left_to_git(repository: Path) -> None:
    git(repository, "symbolic-ref", "refs/heads/kitty/mission-a", "refs/heads/main")
    assert branch_names(repository / ".git", "kitty", "mission-") is None


def test_branches_in_another_storage_are_left_to_git(repository: Path) -> None:
    (repository / ".git" / "reftable").mkdir()
    assert branch_names(repository / ".git", "kitty", "mission-") is None
