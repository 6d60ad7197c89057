"""A project with a finalised mission and scripted people who work on it."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project
from specify_cli.missions.finalize import finalize_tasks
from specify_cli.missions.implementation import Started, hand_off, start_implementation
from specify_cli.missions.mission import Mission, load_mission, mission_log
from specify_cli.missions.review import VerdictRecorded, record_verdict, start_review
from specify_cli.missions.subtasks import mark_subtasks
from specify_cli.missions.work_packages import find_work_package
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest
from tests.conftest import git
from tests.unit.missions.mission_files import PLAN, SLUG, SPEC, make_mission, write_work_package

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specify_cli.status.board import Board

BRANCH = "kitty/mission-todo"
CONFIG = """project:
  uuid: 4643eafb-17aa-4715-ab16-915d1585c954
  slug: todo
build:
  id: 01KQ22DT0000000000000000B1
node:
  id: b805cd5cee74
"""


@dataclass(frozen=True)
class MissionAtWork:
    """One project with one mission."""

    root: Path
    project: Project

    @property
    def mission(self) -> Mission:
        return load_mission(self.root, SLUG)

    @property
    def board(self) -> Board:
        return MissionStatus.load(mission_log(self.project, self.mission)).board

    def lane(self, wp_id: str) -> str:
        return self.board.lane(wp_id).value

    def worktree(self, lane_id: str) -> Path:
        return self.root / ".worktrees" / f"{SLUG}-{lane_id}"

    def branch(self, lane_id: str) -> str:
        return f"kitty/mission-{SLUG}-{lane_id}"

    def tip(self, name: str) -> str:
        return git(self.root, "rev-parse", name)

    def start(self, wp_id: str, actor: str = "ada") -> Started:
        return start_implementation(self.project, self.mission, wp_id, actor=actor)

    def commit(self, lane_id: str, files: Mapping[str, str | None], message: str = "Work") -> str:
        """Write files in a lane's worktree (None deletes one) and commit them."""
        tree = self.worktree(lane_id)
        for name, text in files.items():
            path = tree / name
            if text is None:
                path.unlink()
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        git(tree, "add", "-A", "-f", "--", *files)
        git(tree, "commit", "-q", "-m", message)
        return git(tree, "rev-parse", "HEAD")

    def finish_subtasks(self, wp_id: str, actor: str = "ada") -> None:
        package = find_work_package(self.mission, wp_id)
        if package.subtasks:
            mark_subtasks(self.project, self.mission, package.subtasks, "done", actor)

    def hand_off(self, wp_id: str, actor: str = "ada") -> None:
        self.finish_subtasks(wp_id, actor)
        hand_off(self.project, self.mission, wp_id, actor=actor)

    def review(
        self,
        wp_id: str,
        verdict: str = "approved",
        feedback: str | None = None,
        reviewer: str = "rob",
        to_lane: Lane = Lane.IN_PROGRESS,
    ) -> VerdictRecorded:
        start_review(self.project, self.mission, wp_id, actor=reviewer)
        return record_verdict(
            self.project,
            self.mission,
            wp_id,
            actor=reviewer,
            verdict=verdict,
            feedback=feedback,
            to_lane=to_lane,
        )

    def deliver(
        self, wp_id: str, files: Mapping[str, str | None] | None = None, actor: str = "ada"
    ) -> None:
        """Take a work package from planned to approved."""
        started = self.start(wp_id, actor)
        number = int(wp_id[2:])
        self.commit(
            started.workspace.lane_id,
            files or {f"src/part{number}/work.txt": f"{wp_id}\n"},
            f"{wp_id}: work",
        )
        self.hand_off(wp_id, actor)
        self.review(wp_id)

    def move(self, wp_id: str, lane: Lane, reason: str = "because") -> None:
        """Force a work package somewhere."""
        log = mission_log(self.project, self.mission)
        with MissionStatus.change(log, message="Force") as change:
            change.transition(TransitionRequest(wp_id, lane, "boss", force=True, reason=reason))

    def rows(self) -> list[dict[str, object]]:
        text = self.mission.log_file.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def clean(self) -> bool:
        return git(self.root, "status", "--porcelain") == ""


def copy_project(template: MissionAtWork, root: Path) -> MissionAtWork:
    """Copy a project with its worktrees to another folder: quicker than making it again."""
    shutil.copytree(template.root, root, symlinks=True)
    for registered in (root / ".git" / "worktrees").glob("*"):
        # Both links are absolute; `git worktree repair` would mend the template's instead.
        tree = root / ".worktrees" / registered.name
        (tree / ".git").write_text(f"gitdir: {registered.as_posix()}\n", encoding="utf-8")
        (registered / "gitdir").write_text(f"{(tree / '.git').as_posix()}\n", encoding="utf-8")
    return MissionAtWork(root, Project(root, open_repository(root)))


def fresh_repository(root: Path) -> Path:
    """Make a repository with one commit on main."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    (root / "README.md").write_text("# project\n", encoding="utf-8")
    git(root, "add", "README.md")
    git(root, "commit", "-q", "-m", "Start")
    return root


def make_project(
    root: Path,
    packages: Mapping[int, tuple[int, ...]],
    *,
    owns: Mapping[int, list[str]] | None = None,
    modes: Mapping[int, str] | None = None,
) -> MissionAtWork:
    """Turn a fresh repository into a project with a finalised mission.

    Args:
        root: The repository, on main.
        packages: Number of each work package to those it depends on.
        owns: Globs of a work package, where they are not `src/partN/**`.
        modes: Execution mode of a work package, where it is not code_change.
    """
    git(root, "switch", "-q", "-c", BRANCH)
    (root / ".kittify").mkdir()
    (root / ".kittify" / "config.yaml").write_text(CONFIG, encoding="utf-8")
    for number in packages:
        keep = root / "src" / f"part{number}" / "keep.txt"
        keep.parent.mkdir(parents=True)
        keep.write_text("kept\n", encoding="utf-8")
    mission = make_mission(root)
    (mission.directory / "spec.md").write_text(SPEC, encoding="utf-8")
    (mission.directory / "plan.md").write_text(PLAN, encoding="utf-8")
    listed = "\n".join(
        f"- WP{number:02d} is part {number} of the app and can be tested alone"
        for number in packages
    )
    (mission.directory / "tasks.md").write_text(f"# Tasks\n\n{listed}\n", encoding="utf-8")
    for number, depends in packages.items():
        write_work_package(
            mission,
            number,
            depends=depends,
            owns=(owns or {}).get(number),
            mode=(modes or {}).get(number, "code_change"),
        )
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Plan")
    project = Project(root, open_repository(root))
    finalize_tasks(project, mission, actor="ada")
    return MissionAtWork(root, project)
