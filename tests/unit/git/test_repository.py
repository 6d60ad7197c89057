"""Finding the repository from wherever the command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import BareRepository, NotARepository, open_repository
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_main_checkout_is_described(repository: Path) -> None:
    repo = open_repository(repository)
    assert repo.root == repo.main_root == repository
    assert repo.git_dir == repo.common_dir == repository / ".git"
    assert repo.branch == "main"
    assert repo.head == git(repository, "rev-parse", "HEAD")


def test_a_subfolder_belongs_to_the_same_checkout(repository: Path) -> None:
    folder = repository / "some folder" / "größe"
    folder.mkdir(parents=True)
    assert open_repository(folder) == open_repository(repository)


def test_a_linked_worktree_knows_its_main_checkout(repository: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked tree"
    git(repository, "worktree", "add", "-q", "-b", "side", str(linked))
    (linked / "sub").mkdir()
    repo = open_repository(linked / "sub")
    assert repo.root == linked
    assert repo.main_root == repository
    assert repo.common_dir == repository / ".git"
    assert repo.git_dir.parent == repository / ".git" / "worktrees"
    assert repo.branch == "side"


def test_before_the_first_commit_the_branch_is_known_and_the_head_is_none(
    make_repository: Callable[..., Path],
) -> None:
    repo = open_repository(make_repository(commit=False))
    assert (repo.branch, repo.head) == ("main", None)


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "switch", "-q", "--detach")
    repo = open_repository(repository)
    assert repo.branch is None
    assert repo.head == git(repository, "rev-parse", "HEAD")


def test_a_branch_name_with_slashes_is_kept_whole(repository: Path) -> None:
    git(repository, "switch", "-q", "-c", "feature/a/b")
    assert open_repository(repository).branch == "feature/a/b"


def test_a_file_named_head_does_not_confuse_git(repository: Path) -> None:
    (repository / "HEAD").write_text("not the one\n", encoding="utf-8")
    assert open_repository(repository).branch == "main"


def test_a_folder_without_git_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotARepository) as caught:
        open_repository(tmp_path)
    assert "git init" in caught.value.fix


def test_the_inside_of_the_git_folder_is_no_checkout(repository: Path) -> None:
    with pytest.raises(NotARepository):
        open_repository(repository / ".git" / "objects")


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(BareRepository) as caught:
        open_repository(tmp_path / "bare.git")
    assert "git clone" in caught.value.fix


def test_a_worktree_of_a_bare_repository_is_refused_too(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    git(tmp_path / "bare.git", "worktree", "add", "-q", str(tmp_path / "linked"), "main")
    with pytest.raises(BareRepository):
        open_repository(tmp_path / "linked")


def test_a_repository_whose_git_folder_is_elsewhere_works(tmp_path: Path) -> None:
    root = tmp_path / "root"
    git(tmp_path, "init", "-q", "-b", "main", "--separate-git-dir", str(tmp_path / "meta"), "root")
    git(root, "commit", "-q", "--allow-empty", "-m", "Start")
    repo = open_repository(root)
    assert (repo.root, repo.main_root, repo.common_dir) == (root, root, tmp_path / "meta")


def test_a_worktree_of_a_submodule_finds_the_submodules_checkout(
    repository: Path, make_repository: Callable[..., Path], tmp_path: Path
) -> None:
    inner = make_repository("inner")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner))
    linked = tmp_path / "linked"
    git(repository / "inner", "worktree", "add", "-q", "-b", "side", str(linked))
    assert open_repository(linked).main_root == repository / "inner"


def test_when_git_is_asked_one_process_is_enough(
    repository: Path, git_calls: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(repository))
    open_repository(repository)
    assert git_calls() == 1
