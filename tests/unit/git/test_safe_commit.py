"""A bookkeeping commit holds the named files and changes nothing else of the user's."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.git import safe_commit as module
from specify_cli.git.commit_target import CommitTarget, CommitTargetMismatch, DetachedHead
from specify_cli.git.process import try_git
from specify_cli.git.safe_commit import (
    Capability,
    EmptyChangeset,
    IdentityMissing,
    IndexLocked,
    OperationInProgress,
    PathPolicy,
    ProtectedBranch,
    SafeCommitRefused,
    safe_commit,
)
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable

TARGET_BRANCH = "topic"


@pytest.fixture
def work(repository: Path) -> Path:
    """A checkout on an unprotected branch with three tracked files."""
    git(repository, "switch", "-q", "-c", TARGET_BRANCH)
    for name in ("log.jsonl", "other.txt", "third.txt"):
        (repository / name).write_text(f"{name} 1\n{name} 2\n", encoding="utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "Files")
    return repository


def committed_files(root: Path, commit: str = "HEAD") -> list[str]:
    listed = git(root, "show", "--format=", "--name-status", "-z", commit).split("\0")
    return [" ".join(pair) for pair in zip(listed[0::2], listed[1::2], strict=False)]


def state(root: Path, *, without: str = "") -> tuple[str, str, dict[str, bytes]]:
    """Index entries, status and bytes of everything except one file."""
    index = git(root, "ls-files", "--stage", "-z")
    status = git(root, "status", "--porcelain=v1", "-z", "--untracked-files=all")
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }

    def keep(text: str) -> str:
        return "\0".join(i for i in text.split("\0") if not (without and without in i))

    return keep(index), keep(status), {k: v for k, v in files.items() if k != without}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="")
    return path


def test_the_users_other_work_is_exactly_as_before(work: Path) -> None:
    write(work / "other.txt", "staged\n")
    git(work, "add", "other.txt")
    write(work / "other.txt", "staged, then changed again\n")
    write(work / "third.txt", "unstaged\n")
    write(work / "untracked.txt", "nobody's\n")
    write(work / "added.txt", "staged new\n")
    git(work, "add", "added.txt")
    git(work, "rm", "-q", "--cached", "README.md")
    write(work / "log.jsonl", "ours\n")
    before = state(work, without="log.jsonl")

    result = safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "Record")

    assert committed_files(work) == ["M log.jsonl"]
    assert state(work, without="log.jsonl") == before
    assert result.sha == git(work, "rev-parse", "HEAD")
    assert (result.branch, result.committed) == (TARGET_BRANCH, True)


def test_a_partly_staged_file_is_committed_as_it_is_on_disk(work: Path) -> None:
    write(work / "log.jsonl", "first half\n")
    git(work, "add", "log.jsonl")
    write(work / "log.jsonl", "first half\nsecond half\n")
    safe_commit(CommitTarget.at(work), [Path("log.jsonl")], "Record")
    assert git(work, "show", "HEAD:log.jsonl") == "first half\nsecond half"
    assert git(work, "status", "--porcelain") == ""


def test_new_changed_and_deleted_files_go_into_one_commit(work: Path) -> None:
    new = write(work / "kitty-specs" / "new.md", "new\n")
    write(work / "log.jsonl", "changed\n")
    (work / "third.txt").unlink()
    write(work / "kitty-specs" / "not-named.md", "stays\n")
    safe_commit(
        CommitTarget.at(work), [new, work / "log.jsonl", work / "third.txt"], "Three at once"
    )
    assert committed_files(work) == ["A kitty-specs/new.md", "M log.jsonl", "D third.txt"]
    assert git(work, "status", "--porcelain", "-uall") == "?? kitty-specs/not-named.md"


def test_a_deletion_that_is_staged_already_is_committed(work: Path) -> None:
    git(work, "rm", "-q", "third.txt")
    safe_commit(CommitTarget.at(work), [work / "third.txt"], "Remove")
    assert committed_files(work) == ["D third.txt"]


def test_the_first_commit_of_a_repository_works_and_keeps_staged_files_staged(
    make_repository: Callable[..., Path],
) -> None:
    root = make_repository(commit=False)
    git(root, "symbolic-ref", "HEAD", "refs/heads/topic")
    write(root / "staged.txt", "the user's\n")
    git(root, "add", "staged.txt")
    write(root / "ours.txt", "ours\n")
    result = safe_commit(CommitTarget.at(root), [root / "ours.txt"], "First")
    assert result.committed
    assert git(root, "ls-tree", "--name-only", "HEAD") == "ours.txt"
    assert git(root, "status", "--porcelain") == "A  staged.txt"


@pytest.mark.parametrize(
    "name",
    ["with space.md", "größe ✓.md", "-dash.md", "star*.md", ":(top)x.md", "#hash.md", "q'\"q.md"],
)
def test_any_file_name_is_taken_literally(work: Path, name: str) -> None:
    if sys.platform == "win32" and any(c in name for c in '*:"'):
        return
    write(work / "starfish.md", "must stay untracked\n")
    named = write(work / name, "x\n")
    safe_commit(CommitTarget.at(work), [named], "Named")
    assert committed_files(work) == [f"A {name}"]
    write(named, "y\n")
    safe_commit(CommitTarget.at(work), [named], "Named again")
    assert committed_files(work) == [f"M {name}"]


def test_an_ignored_file_that_is_named_is_committed(work: Path) -> None:
    write(work / ".gitignore", "*.jsonl\n")
    new = write(work / "events.jsonl", "row\n")
    safe_commit(CommitTarget.at(work), [new], "Named")
    assert committed_files(work) == ["A events.jsonl"]


def test_a_commit_in_a_linked_worktree_lands_on_its_branch_only(work: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked tree"
    git(work, "worktree", "add", "-q", "-b", "side", str(linked))
    tip = git(work, "rev-parse", "topic")
    write(work / "other.txt", "staged in the main checkout\n")
    git(work, "add", "other.txt")
    write(linked / "log.jsonl", "from the side\n")
    result = safe_commit(CommitTarget.at(linked), [linked / "log.jsonl"], "Side")
    assert result.branch == "side"
    assert git(work, "rev-parse", "topic") == tip
    assert git(work, "status", "--porcelain") == "M  other.txt"


@pytest.mark.parametrize("safecrlf", ["true", "warn"])
def test_line_end_conversion_does_not_stop_a_commit(work: Path, safecrlf: str) -> None:
    git(work, "config", "core.autocrlf", "true")
    git(work, "config", "core.safecrlf", safecrlf)
    write(work / "other.txt", "unix\n")
    new = write(work / "new.txt", "unix\n")
    dos = write(work / "dos.txt", "a\r\nb\r\n")
    safe_commit(CommitTarget.at(work), [work / "other.txt", new, dos], "Ends")
    assert git(work, "cat-file", "blob", "HEAD:dos.txt") == "a\nb"
    assert dos.read_bytes() == b"a\r\nb\r\n"
    assert git(work, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    "hook", ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "post-index-change"]
)
def test_no_hook_of_the_users_runs(work: Path, hook: str) -> None:
    script = work / ".git" / "hooks" / hook
    script.write_text("#!/bin/sh\ntouch ran\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    write(work / "log.jsonl", "row\n")
    safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "Record")
    assert not (work / "ran").exists()
    assert git(work, "log", "-1", "--format=%s") == "Record"


def test_signing_stays_the_users_choice(work: Path) -> None:
    git(work, "config", "commit.gpgsign", "true")
    git(work, "config", "gpg.program", "there-is-no-such-signer")
    write(work / "log.jsonl", "row\n")
    with pytest.raises(SafeCommitRefused) as caught:
        safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "Record")
    assert caught.value.code == "SAFE_COMMIT_GENERIC"
    assert git(work, "status", "--porcelain") == "M log.jsonl"


def test_the_message_is_kept_as_given(work: Path) -> None:
    git(work, "config", "commit.cleanup", "strip")
    write(work / "log.jsonl", "row\n")
    safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "#1 größer\n\n# not a comment\n")
    assert git(work, "log", "-1", "--format=%B") == "#1 größer\n\n# not a comment"


def test_nothing_to_commit_returns_the_commit_that_is_there(work: Path) -> None:
    head = git(work, "rev-parse", "HEAD")
    write(work / "other.txt", "unstaged\n")
    write(work / "untracked.txt", "x\n")
    result = safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "Nothing")
    assert (result.sha, result.committed) == (head, False)
    git(work, "add", "other.txt")
    assert not safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "Nothing").committed
    assert git(work, "rev-parse", "HEAD") == head


def test_one_process_commits_known_files_and_three_a_new_one(
    work: Path, git_calls: Callable[[], int]
) -> None:
    target = CommitTarget.at(work)
    write(work / "log.jsonl", "first row\n")
    safe_commit(target, [work / "log.jsonl"], "Ours from here on")
    git_calls()
    write(work / "log.jsonl", "row\n")
    safe_commit(target, [work / "log.jsonl"], "Known")
    assert git_calls() == 1
    safe_commit(target, [write(work / "new.txt", "new\n")], "New")
    assert git_calls() == 3


def test_git_is_not_asked_to_compare_a_large_file_with_what_it_was(
    work: Path, git_calls: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[tuple[str, ...]] = []

    def watched(cwd: Path, *args: str, **named: Any) -> Any:
        given.append(args)
        return try_git(cwd, *args, **named)

    monkeypatch.setattr(module, "try_git", watched)
    path = write(work / "log.jsonl", "row\n" * 300_000)
    result = safe_commit(CommitTarget.at(work), [path, work / "third.txt"], "Large")
    assert (result.sha, result.committed) == (git(work, "rev-parse", "HEAD"), True)
    assert ["--quiet" in args for args in given] == [True]
    assert not safe_commit(CommitTarget.at(work), [path], "Nothing").committed
    write(path, "row\n")
    safe_commit(CommitTarget.at(work), [path], "Small")
    assert "--quiet" not in given[-1]


@pytest.mark.parametrize("branch", ["main", "master"])
def test_a_protected_branch_is_refused_before_anything_is_staged(
    repository: Path, branch: str
) -> None:
    git(repository, "branch", "-m", branch)
    new = write(repository / "new.txt", "x\n")
    with pytest.raises(ProtectedBranch) as caught:
        safe_commit(CommitTarget.at(repository), [new], "No")
    assert caught.value.code == "SAFE_COMMIT_PROTECTED_BRANCH"
    assert "git switch -c" in caught.value.fix
    assert git(repository, "status", "--porcelain") == "?? new.txt"


def test_the_remotes_default_branch_is_protected(repository: Path, tmp_path: Path) -> None:
    git(repository, "branch", "-m", "trunk")
    git(tmp_path, "clone", "-q", str(repository), "copy")
    copy = tmp_path / "copy"
    with pytest.raises(ProtectedBranch):
        safe_commit(CommitTarget.at(copy), [write(copy / "new.txt", "x\n")], "No")


def test_a_capability_may_write_to_a_protected_branch(repository: Path) -> None:
    new = write(repository / "new.txt", "x\n")
    result = safe_commit(
        CommitTarget.at(repository), [new], "Merge", capability=Capability.MERGE_BOOKKEEPING
    )
    assert result.committed


def test_configured_protection_replaces_the_default_set(work: Path) -> None:
    write(work / "log.jsonl", "row\n")
    with pytest.raises(ProtectedBranch):
        safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "No", protected=(TARGET_BRANCH,))


def test_no_paths_is_refused(work: Path) -> None:
    with pytest.raises(EmptyChangeset):
        safe_commit(CommitTarget.at(work), [], "Nothing")


def test_paths_that_are_no_files_of_the_checkout_are_refused(work: Path, tmp_path: Path) -> None:
    outside = write(tmp_path / "outside.txt", "x\n")
    lane = write(work / ".worktrees" / "x-lane-a" / "file.txt", "x\n")
    (work / "folder").mkdir()
    refused = (
        outside,
        work / ".." / "outside.txt",
        lane,
        work / "folder",
        work,
        work / ".git" / "config",
        work / "never-was.txt",
    )
    for path in refused:
        with pytest.raises(PathPolicy) as caught:
            safe_commit(CommitTarget.at(work), [path], "No")
        assert caught.value.code == "SAFE_COMMIT_PATH_POLICY"
    assert git(work, "log", "-1", "--format=%s") == "Files"


def test_a_checkout_reached_through_a_link_works(work: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    try:
        link.symlink_to(work, target_is_directory=True)
    except OSError:  # Windows without the privilege to make links
        return
    write(work / "log.jsonl", "row\n")
    safe_commit(CommitTarget.at(link), [work / "log.jsonl"], "Through the link")
    assert committed_files(work) == ["M log.jsonl"]


def test_a_branch_switched_meanwhile_is_refused(work: Path) -> None:
    target = CommitTarget.at(work)
    git(work, "switch", "-q", "-c", "another")
    write(work / "log.jsonl", "row\n")
    with pytest.raises(CommitTargetMismatch):
        safe_commit(target, [work / "log.jsonl"], "No")
    git(work, "switch", "-q", "--detach")
    with pytest.raises(DetachedHead):
        safe_commit(target, [work / "log.jsonl"], "No")


def test_a_short_lock_of_another_git_command_is_waited_for(work: Path) -> None:
    lock = work / ".git" / "index.lock"
    lock.touch()
    release = threading.Timer(0.3, lock.unlink)
    release.start()
    write(work / "log.jsonl", "row\n")
    started = time.monotonic()
    assert safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "Late").committed
    assert time.monotonic() - started >= 0.25
    release.join()


def test_a_lock_that_stays_is_reported_and_nothing_changes(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_RETRY_SECONDS", 0.1)
    (work / ".git" / "index.lock").touch()
    head = git(work, "rev-parse", "HEAD")
    new = write(work / "new.txt", "x\n")
    write(work / "log.jsonl", "row\n")
    for path in (work / "log.jsonl", new):
        with pytest.raises(IndexLocked) as caught:
            safe_commit(CommitTarget.at(work), [path], "No")
        assert "index.lock" in caught.value.message
    assert git(work, "rev-parse", "HEAD") == head


def test_an_unfinished_merge_is_not_committed_over(work: Path) -> None:
    git(work, "switch", "-q", "-c", "side")
    write(work / "other.txt", "side\n")
    git(work, "commit", "-qam", "Side")
    git(work, "switch", "-q", TARGET_BRANCH)
    write(work / "other.txt", "ours\n")
    git(work, "commit", "-qam", "Ours")
    subprocess.run(["git", "merge", "-q", "side"], cwd=work, capture_output=True, check=False)
    write(work / "log.jsonl", "row\n")
    before = state(work)
    with pytest.raises(OperationInProgress) as caught:
        safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "No")
    assert "git merge --abort" in caught.value.fix
    assert state(work) == before


def test_a_missing_author_identity_has_its_own_code(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith(("GIT_AUTHOR", "GIT_COMMITTER")) or name == "EMAIL":
            monkeypatch.delenv(name)
    git(work, "config", "user.useConfigOnly", "true")
    write(work / "log.jsonl", "row\n")
    with pytest.raises(IdentityMissing) as caught:
        safe_commit(CommitTarget.at(work), [work / "log.jsonl"], "No")
    assert "user.name" in caught.value.fix


def test_eight_writers_of_one_checkout_all_get_their_commit(work: Path) -> None:
    target = CommitTarget.at(work)
    failures: list[Exception] = []

    def one(number: int) -> None:
        try:
            path = write(work / f"file-{number}.txt", "x\n")
            safe_commit(target, [path], f"Writer {number}")
        except SafeCommitRefused as error:
            failures.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert git(work, "rev-list", "--count", "main..HEAD") == "9"
    assert git(work, "status", "--porcelain") == ""
