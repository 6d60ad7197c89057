"""Projects with an identity, one checkout or several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import CONFIG_FILE, Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def open_project() -> Callable[[Path], Project]:
    """Return a function that opens the project of a folder."""

    def opened(folder: Path) -> Project:
        repository = open_repository(folder)
        return Project(root=repository.main_root, repository=repository)

    return opened


@pytest.fixture
def configure() -> Callable[[Path, str], None]:
    """Return a function that writes the project's configuration."""

    def write(root: Path, text: str) -> None:
        (root / CONFIG_FILE).parent.mkdir(exist_ok=True)
        (root / CONFIG_FILE).write_text(text, encoding="utf-8")

    return write
