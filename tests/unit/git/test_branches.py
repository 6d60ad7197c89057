"""Branches: tips, creation without touching files, protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.branches import (
    ALLOW_PROTECTED,
    BranchExists,
    InvalidBranchName,
    branch_tip,
    branch_tips,
    create_and_switch,
    delete_branch,
    is_protected,
    remote_default,
)
from specify_cli.git.process import GitFailed
from specify_cli.git.repository import open_repository
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_tip_of_a_branch_is_its_commit(repository: Path) -> None:
    repo = open_repository(repository)
    assert branch_tip(repo, "main") == repo.head
    assert branch_tip(repo, "absent") is None


def test_a_tag_of_the_same_name_is_not_taken_for_the_branch(repository: Path) -> None:
    git(repository, "tag", "topic")
    assert branch_tip(open_repository(repository), "topic") is None


def test_tips_can_be_listed_by_prefix(repository: Path) -> None:
    git(repository, "branch", "kitty/a")
    git(repository, "branch", "kitty/b")
    repo = open_repository(repository)
    assert set(branch_tips(repo)) == {"main", "kitty/a", "kitty/b"}
    assert branch_tips(repo, "kitty/") == {"kitty/a": repo.head, "kitty/b": repo.head}


def test_a_new_branch_is_checked_out_and_local_work_stays(repository: Path) -> None:
    (repository / "README.md").write_text("changed\n", encoding="utf-8")
    (repository / "new.txt").write_text("staged\n", encoding="utf-8")
    git(repository, "add", "new.txt")
    before = git(repository, "status", "--porcelain")
    create_and_switch(open_repository(repository), "kitty/mission-x")
    assert open_repository(repository).branch == "kitty/mission-x"
    assert git(repository, "status", "--porcelain") == before


def test_an_unborn_branch_is_renamed(make_repository: Callable[..., Path]) -> None:
    root = make_repository(commit=False)
    create_and_switch(open_repository(root), "topic")
    assert open_repository(root).branch == "topic"


def test_a_failing_checkout_hook_does_not_stop_the_switch(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    create_and_switch(open_repository(repository), "topic")
    assert open_repository(repository).branch == "topic"


def test_an_existing_branch_is_not_replaced(repository: Path) -> None:
    git(repository, "branch", "topic")
    with pytest.raises(BranchExists) as caught:
        create_and_switch(open_repository(repository), "topic")
    assert "git switch topic" in caught.value.fix
    assert open_repository(repository).branch == "main"


def test_a_branch_name_blocked_by_a_folder_of_branches_is_reported(repository: Path) -> None:
    git(repository, "branch", "topic/inner")
    with pytest.raises(Exception, match="git switch failed"):
        create_and_switch(open_repository(repository), "topic")


@pytest.mark.parametrize("name", ["a b", "-x", "a..b", "a.lock", "", "@{-1}", "ends/", "a\0b"])
def test_a_name_that_git_refuses_is_a_usage_error(repository: Path, name: str) -> None:
    with pytest.raises(InvalidBranchName) as caught:
        create_and_switch(open_repository(repository), name)
    assert caught.value.exit_code == 2


def test_the_default_of_the_remote_is_known_after_a_clone(repository: Path, tmp_path: Path) -> None:
    git(repository, "branch", "-m", "trunk")
    git(tmp_path, "clone", "-q", str(repository), "copy")
    repo = open_repository(tmp_path / "copy")
    assert remote_default(repo) == "trunk"
    assert is_protected(repo, "trunk")
    assert remote_default(open_repository(repository)) is None


def test_the_only_remote_counts_whatever_its_name(repository: Path, tmp_path: Path) -> None:
    git(repository, "branch", "-m", "trunk")
    git(tmp_path, "clone", "-q", "-o", "upstream", str(repository), "copy")
    assert remote_default(open_repository(tmp_path / "copy")) == "trunk"


def test_main_and_master_are_protected_and_others_are_not(repository: Path) -> None:
    repo = open_repository(repository)
    assert is_protected(repo, "main")
    assert is_protected(repo, "master")
    assert not is_protected(repo, "topic")


def test_configured_branches_replace_the_default_set(repository: Path) -> None:
    repo = open_repository(repository)
    assert not is_protected(repo, "main", ("release",))
    assert is_protected(repo, "release", ("release",))
    assert not is_protected(repo, "main", ())


@pytest.mark.parametrize("value", ["1", "true", "YES"])
def test_the_environment_can_switch_protection_off(
    repository: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv(ALLOW_PROTECTED, value)
    assert not is_protected(open_repository(repository), "main")


def test_other_values_of_the_variable_keep_protection_on(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALLOW_PROTECTED, "0")
    assert is_protected(open_repository(repository), "main")


def test_a_branch_is_deleted_only_where_it_was_seen(repository: Path) -> None:
    git(repository, "branch", "topic")
    repo = open_repository(repository)
    assert repo.head is not None
    with pytest.raises(GitFailed):
        delete_branch(repo, "topic", "1" * 40)
    assert branch_tip(repo, "topic") == repo.head
    delete_branch(repo, "topic", repo.head)
    assert branch_tip(repo, "topic") is None
    delete_branch(repo, "topic", repo.head)
