"""One way to find the project, whatever folder a command runs in (DESIGN.md D8)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.repository import NotARepository, open_repository
from specify_cli.identity.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT_VARIABLE = "SPECIFY_REPO_ROOT"
_LANE_BRANCH = r"kitty/mission-(?P<slug>.+)-(?P<lane>lane-[a-z]+)\Z"


class CurrentWorkspace(NamedTuple):
    """The lane worktree that a command was run in.

    Attributes:
        mission_slug: The mission that the lane belongs to.
        lane_id: Such as "lane-a".
        path: Top folder of the worktree.
        branch: The lane's branch.
    """

    mission_slug: str
    lane_id: str
    path: Path
    branch: str


def start_directory(cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Path:
    """Return the folder that the search for the project starts from.

    Args:
        cwd: The working directory; the process's own by default.
        env: The environment; the process's own by default. Its `SPECIFY_REPO_ROOT` comes first.

    Raises:
        NotARepository: NOT_A_REPOSITORY: the variable names no folder.
    """
    named = (os.environ if env is None else env).get(ROOT_VARIABLE, "").strip()
    here = cwd or Path.cwd()
    if not named:
        return here
    start = here / named
    if not start.is_dir():
        raise NotARepository(
            f"{ROOT_VARIABLE} names a folder that does not exist: {named}.",
            fix=f"Set {ROOT_VARIABLE} to the project's folder, or unset it.",
            details={"variable": ROOT_VARIABLE},
        )
    return start


def resolve_project(cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Project:
    """Find the project that a command is about, nearly always without a git process.

    `SPECIFY_REPO_ROOT` comes first; otherwise any folder of the main checkout or of a worktree
    leads to the main checkout, where the missions and their logs are.

    Args:
        cwd: The working directory; the process's own by default.
        env: The environment; the process's own by default.

    Raises:
        NotARepository: NOT_A_REPOSITORY.
        BareRepository: BARE_REPOSITORY.
    """
    repository = open_repository(start_directory(cwd, env))
    return Project(root=repository.main_root, repository=repository)


def current_workspace(project: Project) -> CurrentWorkspace | None:
    """Tell which lane worktree the command was run in; None in the main checkout.

    The branch decides, since a worktree can lie anywhere.
    """
    repository = project.repository
    if repository.root == repository.main_root or repository.branch is None:
        return None
    match = re.match(_LANE_BRANCH, repository.branch)
    if match is None:
        return None
    return CurrentWorkspace(match["slug"], match["lane"], repository.root, repository.branch)
