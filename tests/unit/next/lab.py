"""A mission in a real repository, driven by the loop as agents would."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project
from specify_cli.missions.creation import create_mission
from specify_cli.missions.finalize import finalize_tasks
from specify_cli.missions.mission import Mission, load_mission, mission_log
from specify_cli.missions.subtasks import mark_subtasks
from specify_cli.missions.work_packages import find_work_package
from specify_cli.next import advance, query
from specify_cli.status.mission_status import MissionStatus
from tests.conftest import git
from tests.unit.missions.mission_files import (
    PLAN,
    SPEC,
    project_at,
    write_tasks_index,
    write_work_package,
)

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.status.board import Board

PURPOSE = "Ada forgets what she wanted to do. A small command keeps her list on disk between days."


@dataclass
class Lab:
    """One project with one mission."""

    root: Path
    slug: str

    @classmethod
    def create(cls, root: Path, title: str = "Todo app") -> Lab:
        """Set a project up and create a mission in it."""
        project = project_at(root)
        (root / ".gitignore").write_text(".kittify/runtime/\n.worktrees/\n", encoding="utf-8")
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "Set up")
        return cls(root, create_mission(project, title).mission.slug)

    @property
    def project(self) -> Project:
        """The project as a fresh command finds it."""
        repository = open_repository(self.root)
        return Project(root=repository.main_root, repository=repository)

    @property
    def mission(self) -> Mission:
        """The mission as a fresh command reads it."""
        return load_mission(self.root, self.slug)

    @property
    def board(self) -> Board:
        """The board as it is on disk."""
        return MissionStatus.load(mission_log(self.project, self.mission)).board

    def ask(self, agent: str | None = None, **options: Any) -> Any:
        """Ask what comes next."""
        return query(self.project, self.mission, agent=agent, **options)

    def report(self, agent: str, result: str | None = "success", **options: Any) -> Any:
        """Report and go on."""
        return advance(self.project, self.mission, agent=agent, result=result, **options)  # type: ignore[arg-type]

    def write(self, name: str, text: str, *, commit: bool = True) -> Path:
        """Write a document of the mission."""
        path = self.mission.directory / name
        path.write_text(text, encoding="utf-8")
        if commit:
            self.commit(name)
        return path

    def commit(self, message: str) -> None:
        """Commit the mission's documents."""
        git(self.root, "add", "kitty-specs")
        git(self.root, "commit", "-q", "-m", message)

    def write_purpose(self, *, commit: bool = True) -> None:
        """Fill in the purpose in the scaffold of the specification."""
        path = self.mission.directory / "spec.md"
        text = path.read_text(encoding="utf-8")
        start = text.index("[FILL IN: who needs this")
        end = text.index("]", start) + 1
        self.write("spec.md", text[:start] + PURPOSE + text[end:], commit=commit)

    def plan_out(self, dependencies: dict[int, list[int]] | None = None) -> None:
        """Write specification, plan and work packages by hand and put them on the board."""
        self.write("spec.md", SPEC)
        self.write("plan.md", PLAN)
        self.write_tasks(dependencies)

    def write_tasks(self, dependencies: dict[int, list[int]] | None = None) -> None:
        """Write the work packages and finalise them; three by default, the third depends on both."""
        numbers = {1: [], 2: [], 3: [1, 2]} if dependencies is None else dependencies
        for number, depends in numbers.items():
            write_work_package(self.mission, number, depends=depends)
        write_tasks_index(self.mission, *numbers)
        self.commit("tasks")
        finalize_tasks(self.project, self.mission, actor="claude")

    def work(self, decision: Any, name: str = "made.py") -> None:
        """Do what an implement decision asks: a file, a commit, the subtasks."""
        wp_id, workspace = decision["wp_id"], decision["workspace_path"]
        folder = self.root / workspace / "src" / f"part{int(wp_id[2:])}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"# {wp_id}\n", encoding="utf-8")
        git(self.root / workspace, "add", "-A")
        git(self.root / workspace, "commit", "-q", "-m", f"{wp_id}: {name}")
        package = find_work_package(self.mission, wp_id)
        tasks = [f"{wp_id}:{task}" for task in package.subtasks]
        mark_subtasks(self.project, self.mission, tasks, "done", decision["agent"])

    def lanes(self) -> dict[str, str]:
        """Return where every work package stands."""
        return {wp: state.lane.value for wp, state in self.board.work_packages.items()}


def snapshot_of(root: Path) -> dict[str, tuple[int, bytes]]:
    """Return every file of a project, git's own included, with its time and content."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file():
            found[str(path.relative_to(root))] = (path.stat().st_mtime_ns, path.read_bytes())
        else:
            found[str(path.relative_to(root))] = (0, b"")
    return found
