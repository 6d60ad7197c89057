"""Merging: forecasts and commits off to the side, one safe step of a branch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.merging import (
    BranchMoved,
    CheckoutInTheWay,
    advance_branch,
    changed_between,
    forecast_merge,
    is_ancestor,
    merge_commit,
    merge_keeping,
)
from specify_cli.git.process import GitFailed, GitTooOld
from specify_cli.git.repository import open_repository
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path


def commit_on(root: Path, branch: str, files: dict[str, str | None], base: str = "main") -> str:
    """Commit files on a branch cut at `base` (None deletes) and come back to main."""
    existing = git(root, "branch", "--list", branch)
    git(root, "switch", "-q", *([branch] if existing else ["-c", branch, base]))
    for name, text in files.items():
        path = root / name
        if text is None:
            git(root, "rm", "-q", "-r", name)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        git(root, "add", "-f", name)
    git(root, "commit", "-q", "-m", f"Work on {branch}")
    tip = git(root, "rev-parse", "HEAD")
    git(root, "switch", "-q", "main")
    return tip


def test_two_lanes_that_touch_different_files_merge_into_one_tree(repository: Path) -> None:
    ours = commit_on(repository, "a", {"a.txt": "a\n"})
    theirs = commit_on(repository, "b", {"b.txt": "b\n"})
    repo = open_repository(repository)
    forecast = forecast_merge(repo, ours, theirs)
    assert forecast.conflicts == ()
    assert forecast.tree is not None
    sha = merge_commit(repo, forecast.tree, [ours, theirs], "Bring größe\n\nbody\n")
    assert git(repository, "ls-tree", "--name-only", sha).split() == ["README.md", "a.txt", "b.txt"]
    assert git(repository, "log", "-1", "--format=%P%n%B", sha).split("\n", 1) == [
        f"{ours} {theirs}",
        "Bring größe\n\nbody",
    ]
    assert git(repository, "status", "--porcelain") == ""
    assert git(repository, "rev-parse", "a") == ours


def test_a_conflict_names_its_files_and_gives_no_tree(repository: Path) -> None:
    ours = commit_on(repository, "a", {"same file.txt": "a\n", "fine.txt": "x\n", "d.txt": "1\n"})
    theirs = commit_on(repository, "b", {"same file.txt": "b\n", "größe.txt": "b\n"})
    ours = commit_on(repository, "a", {"größe.txt": "a\n"})
    forecast = forecast_merge(open_repository(repository), ours, theirs)
    assert forecast.tree is None
    assert forecast.conflicts == ("größe.txt", "same file.txt")


def test_a_deletion_against_a_change_is_a_conflict(repository: Path) -> None:
    ours = commit_on(repository, "a", {"README.md": None})
    theirs = commit_on(repository, "b", {"README.md": "changed\n"})
    forecast = forecast_merge(open_repository(repository), ours, theirs)
    assert (forecast.tree, forecast.conflicts) == (None, ("README.md",))


def test_a_folder_renamed_in_two_ways_is_a_conflict_that_names_files(repository: Path) -> None:
    git(repository, "config", "merge.directoryRenames", "true")
    numbered = {f"old/{n}.txt": f"text {n}\n" * 20 for n in range(4)}
    base = commit_on(repository, "base", dict(numbered))
    git(repository, "switch", "-q", "-c", "a", base)
    (repository / "x").mkdir()
    (repository / "y").mkdir()
    for number in range(4):
        git(repository, "mv", f"old/{number}.txt", "x" if number < 2 else "y")
    git(repository, "commit", "-q", "-m", "Split")
    git(repository, "switch", "-q", "main")
    theirs = commit_on(repository, "b", {"old/new.txt": "new\n"}, base)
    forecast = forecast_merge(
        open_repository(repository), git(repository, "rev-parse", "a"), theirs
    )
    assert forecast.tree is None
    assert forecast.conflicts != ()


def test_histories_without_a_common_start_are_an_error(repository: Path) -> None:
    empty = git(repository, "mktree", "--missing")
    stranger = git(repository, "commit-tree", empty, "-m", "Stranger")
    with pytest.raises(GitFailed, match="unrelated"):
        forecast_merge(open_repository(repository), "main", stranger)


def test_containment_is_told(repository: Path) -> None:
    tip = commit_on(repository, "a", {"a.txt": "a\n"})
    repo = open_repository(repository)
    assert is_ancestor(repo, "main", tip)
    assert not is_ancestor(repo, tip, "main")
    with pytest.raises(GitFailed):
        is_ancestor(repo, "0" * 40, "main")


def test_changed_files_include_both_names_of_a_renamed_one(repository: Path) -> None:
    git(repository, "switch", "-q", "-c", "a")
    git(repository, "mv", "README.md", "READ ME.md")
    git(repository, "commit", "-q", "-m", "Rename")
    changed = changed_between(open_repository(repository), "main", "a")
    assert changed == ("READ ME.md", "README.md")


def test_signing_is_asked_for_when_the_user_signs(repository: Path) -> None:
    git(repository, "config", "commit.gpgsign", "true")
    git(repository, "config", "gpg.program", "there-is-no-such-signer")
    repo = open_repository(repository)
    with pytest.raises(GitFailed):
        merge_commit(repo, "HEAD^{tree}", ["HEAD"], "x")


def test_a_branch_that_is_checked_out_moves_with_its_files(repository: Path) -> None:
    old = git(repository, "rev-parse", "main")
    new = commit_on(repository, "a", {"a.txt": "a\n"})
    (repository / "mine.txt").write_text("untracked\n", encoding="utf-8")
    (repository / "README.md").write_text("changed locally\n", encoding="utf-8")
    moved = advance_branch(open_repository(repository), "main", new, old)
    assert moved == repository
    assert git(repository, "rev-parse", "main") == new
    assert (repository / "a.txt").is_file()
    assert (repository / "README.md").read_text(encoding="utf-8") == "changed locally\n"
    assert git(repository, "status", "--porcelain").splitlines() == ["M README.md", "?? mine.txt"]


def test_a_branch_that_is_not_checked_out_moves_alone(repository: Path) -> None:
    git(repository, "branch", "other")
    old = git(repository, "rev-parse", "other")
    new = commit_on(repository, "a", {"a.txt": "a\n"})
    assert advance_branch(open_repository(repository), "other", new, old) is None
    assert git(repository, "rev-parse", "other") == new
    assert not (repository / "a.txt").exists()


def test_moving_again_to_the_same_commit_does_nothing(repository: Path) -> None:
    old = git(repository, "rev-parse", "main")
    new = commit_on(repository, "a", {"a.txt": "a\n"})
    repo = open_repository(repository)
    advance_branch(repo, "main", new, old)
    assert advance_branch(repo, "main", new, old) == repository


@pytest.mark.parametrize("kind", ["changed", "staged", "untracked", "ignored"])
def test_a_local_file_in_the_way_stops_the_step_and_is_kept(repository: Path, kind: str) -> None:
    old = git(repository, "rev-parse", "main")
    name = "README.md" if kind in ("changed", "staged") else "new.txt"
    new = commit_on(repository, "a", {name: "from the lane\n"})
    if kind == "ignored":
        (repository / ".git" / "info" / "exclude").write_text("new.txt\n", encoding="utf-8")
    (repository / name).write_text("precious\n", encoding="utf-8")
    if kind == "staged":
        git(repository, "add", name)
    with pytest.raises(CheckoutInTheWay) as caught:
        advance_branch(open_repository(repository), "main", new, old)
    assert caught.value.details["files"] == [name]
    assert (repository / name).read_text(encoding="utf-8") == "precious\n"
    assert git(repository, "rev-parse", "main") == old


def test_the_users_merge_options_do_not_change_the_step(repository: Path) -> None:
    old = git(repository, "rev-parse", "main")
    new = commit_on(repository, "a", {"a.txt": "a\n"})
    git(repository, "config", "merge.ff", "false")
    git(repository, "config", "merge.autoStash", "true")
    git(repository, "config", "branch.main.mergeOptions", "--no-ff --squash")
    advance_branch(open_repository(repository), "main", new, old)
    assert git(repository, "rev-parse", "main") == new


@pytest.mark.parametrize("checked_out", [True, False])
def test_a_branch_that_moved_meanwhile_is_left_alone(repository: Path, checked_out: bool) -> None:
    branch = "main" if checked_out else "other"
    git(repository, "branch", "other")
    old = git(repository, "rev-parse", branch)
    new = commit_on(repository, "a", {"a.txt": "a\n"})
    if checked_out:
        git(repository, "commit", "-q", "--allow-empty", "-m", "Meanwhile")
    else:
        commit_on(repository, "other", {"meanwhile.txt": "x\n"})
    now = git(repository, "rev-parse", branch)
    with pytest.raises(BranchMoved):
        advance_branch(open_repository(repository), branch, new, old)
    assert git(repository, "rev-parse", branch) == now


def test_a_branch_that_is_gone_is_not_made_again(repository: Path) -> None:
    head = git(repository, "rev-parse", "main")
    new = commit_on(repository, "a", {"a.txt": "a\n"})
    with pytest.raises(BranchMoved):
        advance_branch(open_repository(repository), "gone", new, head)


def kept(path: str) -> bool:
    return path.endswith("log.jsonl")


def test_files_to_keep_are_ours_whatever_the_other_side_did(repository: Path) -> None:
    base = commit_on(repository, "base", {"x/log.jsonl": "1\n", "gone/log.jsonl": "1\n"})
    ours = commit_on(repository, "a", {"x/log.jsonl": "1\n2\n", "gone/log.jsonl": None}, base)
    theirs = commit_on(
        repository,
        "b",
        {
            "x/log.jsonl": "1\nother\n",
            "gone/log.jsonl": "changed\n",
            "new/log.jsonl": "x\n",
            "work ü.txt": "work\n",
        },
        base,
    )
    repo = open_repository(repository)
    assert forecast_merge(repo, ours, theirs).tree is None
    merged = merge_keeping(repo, ours, theirs, kept)
    assert merged.conflicts == ()
    assert merged.tree is not None
    assert changed_between(repo, ours, merged.tree) == ("work ü.txt",)
    assert git(repository, "show", f"{merged.tree}:x/log.jsonl") == "1\n2"


def test_a_change_without_conflict_to_a_kept_file_is_left_out_too(repository: Path) -> None:
    base = commit_on(repository, "base", {"log.jsonl": "1\n"})
    ours = commit_on(repository, "a", {"a.txt": "a\n"}, base)
    theirs = commit_on(repository, "b", {"log.jsonl": "1\nforged\n", "b.txt": "b\n"}, base)
    merged = merge_keeping(open_repository(repository), ours, theirs, kept)
    assert git(repository, "show", f"{merged.tree}:log.jsonl") == "1"


def test_a_conflict_in_another_file_still_counts(repository: Path) -> None:
    ours = commit_on(repository, "a", {"log.jsonl": "a\n", "f.txt": "a\n"})
    theirs = commit_on(repository, "b", {"log.jsonl": "b\n", "f.txt": "b\n"})
    merged = merge_keeping(open_repository(repository), ours, theirs, kept)
    assert (merged.tree, merged.conflicts) == (None, ("f.txt",))


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell script as git")
def test_a_git_without_merge_forecasts_is_named_as_too_old(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = open_repository(repository)
    old_git = tmp_path / "bin" / "git"
    old_git.parent.mkdir()
    old_git.write_text("#!/bin/sh\necho 'usage: git merge-tree <base>' >&2\nexit 129\n")
    old_git.chmod(0o755)
    monkeypatch.setenv("PATH", str(old_git.parent))
    with pytest.raises(GitTooOld) as caught:
        forecast_merge(repo, "main", "main")
    assert "2.38" in caught.value.fix
