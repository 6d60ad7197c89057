"""One mission of a certain size, once for each of the two programs that are compared."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.compared import FRESH_RUN, NO_SNAPSHOT, PLANNED_RUN
from benchmarks.cost import NO_LIMIT, measure
from benchmarks.long_log import draw_out
from benchmarks.projects import Project, planned_project

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.compared import Compared
    from benchmarks.cost import Cost

# A file that changed less than a tick of the clock ago is read again by everybody who is careful.
_TICK_SECONDS = 0.1


class AnswersDiffer(Exception):
    """The two programs see different lanes in the same mission: their times cannot be compared."""


@dataclass(slots=True)
class Side:
    """One program and its copy of the mission.

    Attributes:
        command: The program.
        project: Its copy; always at the same place, because both note absolute paths.
        pristine: The copy as it is before any command ran in it.
        ours: Whether it is ours.
        states: Prepared states of the copy, by name.
        changed: Whether a command has written in the copy.
    """

    command: Path
    project: Project
    pristine: Path
    ours: bool
    states: dict[str, Path] = field(default_factory=dict)
    changed: bool = False

    def run(
        self,
        compared: Compared,
        *,
        counted: bool = False,
        cold: bool = False,
        limit: float = NO_LIMIT,
    ) -> Cost:
        """Measure a command once, in the state that it needs.

        Args:
            compared: What to run.
            counted: Whether to count modules and processes.
            cold: Whether to forget first what was kept of the log.
            limit: Seconds after which it is stopped.

        Raises:
            CommandFailed: It failed.
        """
        if self.changed or not compared.reads:
            self._restore(compared.state)
        self.changed = not compared.reads
        if cold:
            forget(self.project.root)
        words = compared.ours if self.ours else compared.existing
        values = {"mission": self.project.mission, "wp": _last_work_package(self.project)}
        argv = (str(self.command), *(word.format_map(values) for word in words))
        return measure(
            argv, self.project.root, self.project.variables, counted=counted, limit=limit
        )

    def _restore(self, state: str) -> None:
        if state == PLANNED_RUN and not self.ours and PLANNED_RUN not in self.states:
            self._plan_run()
        root = self.project.root
        _copy(self.states.get(state, self.pristine), root)
        if state == FRESH_RUN:
            shutil.rmtree(root / ".kittify" / "runtime", ignore_errors=True)
        if state == NO_SNAPSHOT:
            (root / "kitty-specs" / self.project.mission / "status.json").unlink()
            self.project.commit("Without status.json")
        # Every file is new to git's index; finding that out is not part of the command.
        self.project.run("git", "update-index", "-q", "--refresh")
        time.sleep(_TICK_SECONDS)
        if self.ours:
            # Other commands ran before; they left what is kept of the log.
            self.project.run(str(self.command), "agent", "tasks", "status", "--json")

    def _plan_run(self) -> None:
        """Let the existing CLI go through the planning steps; the next step hands out work."""
        self._restore(FRESH_RUN)
        mission = self.project.mission
        arguments = ("next", "--agent", "claude", "--mission", mission, "--result", "success")
        for _ in range(8):
            said = json.loads(self.project.run(str(self.command), *arguments, "--json"))
            self.project.commit("What the step left")
            if said["mission_state"] == "tasks":
                break
        else:
            raise AnswersDiffer(f"the existing CLI stays in {said['mission_state']}")
        self.states[PLANNED_RUN] = self.pristine.with_name("planned-run")
        _copy(self.project.root, self.states[PLANNED_RUN])


class Arena:
    """Missions with so many work packages, with logs of different lengths one after the other."""

    def __init__(
        self, folder: Path, work_packages: int, ours: Path, existing: Path | None, home: Path
    ) -> None:
        """Plan the mission with our program.

        Args:
            folder: Where everything lies.
            work_packages: How many the mission has.
            ours: Our program.
            existing: The existing CLI, if it is there.
            home: The home folder of the existing CLI, which it fills at its first run.
        """
        self.work_packages = work_packages
        project = planned_project(folder / "ours", ours, work_packages=work_packages)
        self._base = folder / "base"
        _copy(project.root, self._base)
        self.ours = Side(ours, project, folder / "pristine-ours" / "project", ours=True)
        self.existing: Side | None = None
        if existing is not None:
            (home / "tmp").mkdir(parents=True, exist_ok=True)
            variables = {**project.variables, "TMPDIR": str(home / "tmp")}
            variables |= {
                key: str(home) + project.variables[key].removeprefix(project.variables["HOME"])
                for key in ("HOME", "USERPROFILE", "XDG_STATE_HOME")
            }
            root = folder / "existing" / "project"
            theirs = Project(root, project.mission, variables)
            pristine = folder / "pristine-existing" / "project"
            self.existing = Side(existing, theirs, pristine, ours=False)

    def draw_out(self, events: int) -> None:
        """Make the log as long as asked for, for both programs."""
        ours = self.ours.project
        _copy(self._base, ours.root)
        log = ours.root / "kitty-specs" / ours.mission / "status.events.jsonl"
        draw_out(log, events, self.work_packages)
        ours.commit("A long story")
        ours.run(
            str(self.ours.command), *("agent", "status", "materialize", "--mission", ours.mission)
        )
        forget(ours.root)
        _copy(ours.root, self.ours.pristine)
        self.ours.changed = False
        if self.existing is not None:
            self.existing.states.clear()
            self.existing.changed = False
            _copy(ours.root, self.existing.pristine)
            shutil.rmtree(self.existing.pristine / ".kittify" / "runtime", ignore_errors=True)
            _copy(self.existing.pristine, self.existing.project.root)

    def log_bytes(self) -> int:
        """Return the size of the log."""
        mission = self.ours.pristine / "kitty-specs" / self.ours.project.mission
        return (mission / "status.events.jsonl").stat().st_size


def forget(root: Path) -> None:
    """Remove what our program keeps of a log beside it."""
    shutil.rmtree(root / ".git" / "spec-kitty" / "index", ignore_errors=True)


def lanes_in(output: str) -> dict[str, str]:
    """Return the lane of each work package from `mission-state` or the existing `materialize`."""
    document = json.loads(output)
    packages = document.get("data", document)["work_packages"]
    if isinstance(packages, list):
        return {package["wp_id"]: package["lane"] for package in packages}
    return {name: package["lane"] for name, package in packages.items()}


def same_lanes(ours: str, existing: str) -> None:
    """Compare what both programs said.

    Raises:
        AnswersDiffer: A work package is somewhere else.
    """
    here, there = lanes_in(ours), lanes_in(existing)
    if here != there:
        differing = sorted(wp for wp in here.keys() | there.keys() if here.get(wp) != there.get(wp))
        raise AnswersDiffer(", ".join(differing[:10]))


def _last_work_package(project: Project) -> str:
    files = (project.root / "kitty-specs" / project.mission / "tasks").glob("WP*.md")
    return max((path.name.partition("-")[0] for path in files), key=lambda wp: int(wp[2:]))


def _copy(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=os.name == "nt") if target.exists() else None
    shutil.copytree(source, target, symlinks=True)
