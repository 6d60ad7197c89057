"""Where a repository is: its checkout, its git folders, its branch."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from specify_cli.git.layout import (
    BRANCH_REFS,
    common_folder,
    git_folder,
    is_usual,
    read_head,
    top_folder,
)
from specify_cli.git.process import git_failed, run_git, try_git
from specify_cli.kernel.errors import SpecKittyError

_BARE = r"(?mi)^\s*bare\s*=\s*true\s*$"


class NotARepository(SpecKittyError):
    """The folder is in no git checkout."""

    code = "NOT_A_REPOSITORY"


class BareRepository(SpecKittyError):
    """The repository has no checkout to work in."""

    code = "BARE_REPOSITORY"


class Repository(NamedTuple):
    """One checkout of a git repository.

    Attributes:
        root: This checkout's top folder.
        git_dir: This checkout's own git folder (`.git`, or `.git/worktrees/<name>`).
        common_dir: The git folder that all checkouts share.
        main_root: The main checkout's top folder; equals `root` there.
        branch: The branch that is checked out, None when HEAD is detached.
        head: The commit that is checked out, None before the first commit.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    main_root: Path
    branch: str | None
    head: str | None


def open_repository(cwd: Path) -> Repository:
    """Find the repository that a folder belongs to.

    Git's files tell nearly always. Where they do not, git is asked: with one process, and a second
    one before the first commit (to read the unborn branch's name).

    Raises:
        NotARepository: NOT_A_REPOSITORY: no checkout here, or inside a `.git` folder.
        BareRepository: BARE_REPOSITORY.
    """
    return _read_repository(cwd) or _ask_git(cwd)


def _read_repository(cwd: Path) -> Repository | None:
    try:
        root = top_folder(cwd)
        if root is None:
            return None
        git_dir = git_folder(root).resolve(strict=True)
        common_dir = common_folder(git_dir)
        main_root = root if git_dir == common_dir else common_dir.parent
        if git_dir != common_dir and common_dir.name != ".git":
            return None  # the main checkout may be anywhere
        if not is_usual(root, git_dir, common_dir):
            return None
        checked_out = read_head(git_dir, common_dir)
    except (OSError, ValueError):
        return None
    return checked_out and Repository(root, git_dir, common_dir, main_root, *checked_out)


def _ask_git(cwd: Path) -> Repository:
    output = try_git(
        cwd,
        "rev-parse",
        "--is-bare-repository",
        "--path-format=absolute",
        "--git-dir",
        "--git-common-dir",
        "--show-toplevel",
        "HEAD",
        "--symbolic-full-name",
        "HEAD",
    )
    lines = output.stdout.splitlines()
    if not lines:
        if "dubious ownership" in output.stderr:
            raise git_failed(("rev-parse",), output)
        raise _not_a_repository(cwd)
    if lines[0] == "true":
        raise _bare(cwd)
    if len(lines) < 4:
        raise _not_a_repository(cwd)
    git_dir, common_dir, root = (Path(line) for line in lines[1:4])
    main_root = _main_root(root, git_dir, common_dir)
    if output.code == 0:
        head, name = lines[4], lines[5]
    else:
        head, name = None, run_git(root, "symbolic-ref", "--quiet", "HEAD").strip()
    branch = name.removeprefix(BRANCH_REFS) if name.startswith(BRANCH_REFS) else None
    return Repository(root, git_dir, common_dir, main_root, branch, head)


def _main_root(root: Path, git_dir: Path, common_dir: Path) -> Path:
    if git_dir == common_dir:
        return root
    config = (common_dir / "config").read_text(encoding="utf-8", errors="replace")
    if re.search(_BARE, config):
        # Worktrees of a bare repository have no main checkout that could hold the missions.
        raise _bare(root)
    if common_dir.name == ".git":
        return common_dir.parent
    listed = try_git(root, "config", "--file", str(common_dir / "config"), "core.worktree")
    if listed.code == 0:
        return (common_dir / listed.stdout.strip()).resolve()
    return root


def _not_a_repository(cwd: Path) -> NotARepository:
    return NotARepository(
        f"{cwd} is not inside a git checkout.",
        fix="Go to your project's folder, or make it a repository with `git init`.",
    )


def _bare(cwd: Path) -> BareRepository:
    return BareRepository(
        f"{cwd} belongs to a bare repository: it has no main checkout to work in.",
        fix="Make a checkout with `git clone <repository> <folder>` and run the command there.",
    )
