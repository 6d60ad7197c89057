"""What a command is about: the project, the mission, and the keys that name the mission in an answer."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, TypedDict, cast

from specify_cli.identity.project import NotInitialized
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.mission_runtime.resolver import resolve_project
from specify_cli.missions.mission import find_mission

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission

_KITTIFY = ".kittify"


class Identity(TypedDict):
    """The keys that every answer about a mission begins with."""

    mission_slug: str
    mission_number: int | None
    mission_type: str
    mission_id: str | None


def identity(mission: Mission) -> Identity:
    """Return the keys that name a mission."""
    return {
        "mission_slug": mission.slug,
        "mission_number": mission.mission_number,
        "mission_type": mission.mission_type,
        "mission_id": mission.mission_id,
    }


@contextmanager
def about(handle: str, start: Path | None) -> Iterator[tuple[Project, Mission]]:
    """Find project and mission; a refusal inside the block says which mission it is about.

    Args:
        handle: Slug, ULID, its first eight characters, or the words of the slug.
        start: Where to look from; the working directory by default.

    Raises:
        SpecKittyError: NOT_A_REPOSITORY, BARE_REPOSITORY, NOT_INITIALIZED, UNSAFE_NAME,
            MISSION_NOT_FOUND, MISSION_AMBIGUOUS, CORRUPT_METADATA.
    """
    project = initialized_project(start)
    mission = find_mission(project.root, handle)
    try:
        yield project, mission
    except SpecKittyError as error:
        error.details = {**cast("JsonObject", identity(mission)), **error.details}
        raise


def initialized_project(start: Path | None) -> Project:
    """Find the project.

    Args:
        start: Where to look from; the working directory by default.

    Raises:
        SpecKittyError: NOT_A_REPOSITORY, BARE_REPOSITORY, NOT_INITIALIZED.
    """
    project = resolve_project(start)
    if not (project.root / _KITTIFY).is_dir():
        raise NotInitialized(
            "this repository is not a spec-kitty project yet.",
            fix="spec-kitty init",
            details={"missing": _KITTIFY},
        )
    return project


def text(arguments: Mapping[str, object], name: str) -> str:
    """Return an argument that the contract of the request makes a text; empty when it is absent."""
    value = arguments.get(name)
    return value if isinstance(value, str) else ""
