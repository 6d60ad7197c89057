"""Where the locks of a project lie: in the git folder that all its worktrees share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.layout import common_folder, git_folder

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.missions.mission import Mission


def lock_path(common_dir: Path, name: str) -> Path:
    """Return the place of a named lock of the repository with this git folder."""
    return common_dir / "spec-kitty" / "locks" / f"{name}.lock"


def mission_lock(mission: Mission) -> Path | None:
    """Return the place of a mission's lock; None outside of a repository."""
    try:
        common_dir = common_folder(git_folder(mission.root))
    except OSError:
        return None
    return lock_path(common_dir, f"mission-{mission.slug}")
