"""A project with one mission on a branch of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import CONFIG_FILE, Project, load_identity
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionLog, MissionStatus
from specify_cli.status.transitions import TransitionRequest
from tests.conftest import git
from tests.unit.status.log_rows import MISSION_ID, MISSION_SLUG

if TYPE_CHECKING:
    from pathlib import Path

BRANCH = "kitty/mission-todo-app-01KQ22DS"
CONFIG = """\
project:
  uuid: ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce
  slug: todo
build:
  id: 01KQ22DT0000000000000000B1
node:
  id: b805cd5cee74
"""


@dataclass(frozen=True)
class Lab:
    """A repository with a mission, and what tests do with it."""

    root: Path
    project: Project
    mission_log: MissionLog

    @property
    def log(self) -> Path:
        return self.mission_log.log_path

    @property
    def status(self) -> Path:
        return self.mission_log.status_path

    def git(self, *args: str) -> str:
        return git(self.root, *args)

    def move(self, wp_id: str, *lanes: Lane, actor: str = "claude") -> None:
        """Move a work package by force, in one change."""
        with MissionStatus.change(self.mission_log, message="Move") as change:
            for lane in lanes:
                change.transition(TransitionRequest(wp_id, lane, actor, force=True, reason="test"))

    def seed(self, *wp_ids: str) -> None:
        """Plan work packages, in one change."""
        with MissionStatus.change(self.mission_log, message="Plan") as change:
            for wp_id in wp_ids or ("WP01",):
                change.transition(TransitionRequest(wp_id, Lane.PLANNED, "planner"))


@pytest.fixture
def lab(repository: Path) -> Lab:
    """A repository on the mission's branch; the mission has no rows yet."""
    git(repository, "switch", "-q", "-c", BRANCH)
    (repository / CONFIG_FILE).parent.mkdir()
    (repository / CONFIG_FILE).write_text(CONFIG, encoding="utf-8")
    directory = repository / "kitty-specs" / MISSION_SLUG
    directory.mkdir(parents=True)
    (directory / "spec.md").write_text("# Todo app\n", encoding="utf-8")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Start the mission")
    opened = open_repository(repository)
    project = Project(repository, opened)
    return Lab(
        repository,
        project,
        MissionLog(
            directory=directory,
            mission_slug=MISSION_SLUG,
            mission_id=MISSION_ID,
            mission_number=None,
            mission_type="software-dev",
            worktree_root=repository,
            target_branch=BRANCH,
            lock_path=opened.common_dir / "spec-kitty" / "locks" / "mission.lock",
            identity=lambda: load_identity(project),
        ),
    )
