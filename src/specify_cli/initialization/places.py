"""Where agents' files go: into a project, or below the home folder for those who ask for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from specify_cli.initialization.manifest import MANIFEST_FILE
from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from specify_cli.git.repository import Repository

REPLACED = "replaced"
_STATE = Path(".local") / "state"


class HomeUnknown(SpecKittyError):
    """The system does not say where the user's home folder is."""

    code = "HOME_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that agents read.

    Attributes:
        root: The main checkout, or the home folder.
        manifest: What was written there.
        replaced: Where versions of the user go that were replaced on request.
        lock: Held while something changes.
        repository: Whose files they are; None for the home folder.
    """

    root: Path
    manifest: Path
    replaced: Path
    lock: Path
    repository: Repository | None

    @property
    def is_home(self) -> bool:
        """Whether this is the home folder."""
        return self.repository is None

    def shown(self, path: str) -> str:
        """Return a path below the root as people are told it, and other programs too."""
        return f"~/{path}" if self.is_home else path


def project_place(repository: Repository) -> Place:
    """Return the main checkout of a repository."""
    root = repository.main_root
    return Place(
        root=root,
        manifest=root / MANIFEST_FILE,
        # Ignored by git: the block in `.gitignore` names its parent.
        replaced=root / ".kittify" / "runtime" / REPLACED,
        lock=repository.common_dir / "spec-kitty" / "agents.lock",
        repository=repository,
    )


def home_place() -> Place:
    """Return the home folder.

    Raises:
        HomeUnknown: HOME_UNKNOWN.
    """
    try:
        home = Path.home()
    except RuntimeError as error:
        raise _unknown() from error
    if not home.is_absolute() or not home.is_dir():
        raise _unknown()
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The XDG rule: a relative path is invalid and ignored.
    folder = (state if state.is_absolute() else home / _STATE) / "spec-kitty"
    return Place(
        root=home,
        manifest=folder / "agents.json",
        replaced=folder / REPLACED,
        lock=folder / "agents.lock",
        repository=None,
    )


def inside(root: Path, path: str) -> Path | None:
    """Return the file that a path means, links followed; None when they lead out of the root.

    Git's own folder counts as outside: nothing that is written for agents belongs there.
    """
    try:
        top, real = root.resolve(), (root / path).resolve()
    except (OSError, RuntimeError):  # links in a circle
        return None
    if not real.is_relative_to(top):
        return None
    below = real.relative_to(top).parts
    return None if not below or ".git" in below else real


def _unknown() -> HomeUnknown:
    return HomeUnknown(
        "the home folder of this user is not known.",
        fix="Set HOME to your home folder, or leave out --global.",
    )
