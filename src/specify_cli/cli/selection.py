"""Which project and mission a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission

KITTIFY = ".kittify"


def select_project() -> Project:
    """Find the project from the current directory (or SPECIFY_REPO_ROOT).

    Raises:
        SpecKittyError: NOT_A_REPOSITORY, BARE_REPOSITORY, NOT_INITIALIZED.
    """
    from specify_cli.mission_runtime.resolver import resolve_project

    return resolve_project()


def select_initialized_project() -> Project:
    """Find the project, and refuse a repository that is none.

    Raises:
        SpecKittyError: NOT_A_REPOSITORY, BARE_REPOSITORY, NOT_INITIALIZED.
    """
    from specify_cli.identity.project import NotInitialized

    project = select_project()
    if not (project.root / KITTIFY).is_dir():
        raise NotInitialized(
            "this repository is not a spec-kitty project yet.",
            fix="spec-kitty init",
            details={"missing": KITTIFY},
        )
    return project


def select_mission(handle: str | None) -> tuple[Project, Mission]:
    """Find the project and the mission named by `handle`, or the only open one.

    Raises:
        SpecKittyError: As `select_project`, and UNSAFE_NAME, MISSION_NOT_FOUND, MISSION_AMBIGUOUS,
            CORRUPT_METADATA.
    """
    from specify_cli.missions.mission import find_mission

    project = select_initialized_project()
    return project, find_mission(project.root, handle)
