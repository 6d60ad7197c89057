"""One way to find the project, whatever folder a command runs in (DESIGN.md D8)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.repository import BareRepository, NotARepository, open_repository
from specify_cli.identity.project import Project
from specify_cli.kernel.files import refuse_link_out, refuse_links_out_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_RUNTIME = ".kittify/runtime"
_OWN = ("kitty-specs", ".kittify", ".kittify/config.yaml", ".kittify/missions", _RUNTIME)
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
        NotARepository: NOT_A_REPOSITORY: the variable names no folder, or the working directory is
            gone and no variable leads elsewhere.
    """
    named = (os.environ if env is None else env).get(ROOT_VARIABLE, "").strip()
    if not named:
        return cwd or _working_directory()
    start = Path(named) if Path(named).is_absolute() else (cwd or _working_directory()) / named
    if not start.is_dir():
        raise NotARepository(
            f"{ROOT_VARIABLE} names a folder that does not exist: {named}.",
            fix=f"Set {ROOT_VARIABLE} to the project's folder, or unset it.",
            details={"variable": ROOT_VARIABLE},
        )
    return start


def _working_directory() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise NotARepository(
            "the folder that this was started in does not exist any more.",
            fix=f"cd into your project's folder, or name it with {ROOT_VARIABLE}.",
            details={"variable": ROOT_VARIABLE},
        ) from error


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
        LinkLeadsOut: LINK_LEADS_OUT.
    """
    start = start_directory(cwd, env)
    try:
        repository = open_repository(start)
    except (NotARepository, BareRepository) as error:
        named = (os.environ if env is None else env).get(ROOT_VARIABLE, "").strip()
        if not named:
            raise
        raise type(error)(
            f"{ROOT_VARIABLE}={named}: {error.message}",
            fix=f"Set {ROOT_VARIABLE} to the project's folder, or unset it.",
            details={**error.details, "variable": ROOT_VARIABLE},
        ) from error
    _refuse_links_out(repository.main_root)
    return Project(root=repository.main_root, repository=repository)


def _refuse_links_out(root: Path) -> None:
    """Refuse a project that keeps its missions, or its own state, behind links to somewhere else.

    Nothing outside is then read into a prompt, and nothing is written there.
    """
    for name in _OWN:
        refuse_link_out(root / name, root)
    refuse_links_out_of(root / _RUNTIME, root)


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
