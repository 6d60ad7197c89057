"""Throw-away projects to measure commands in."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tools.environments import clean_variables
from tools.fixture_mission import WRITERS, write_tasks

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Project:
    """A repository with one mission in it.

    Attributes:
        root: The repository.
        mission: The mission's slug.
        variables: What every command in it must see: a home and git settings of its own.
    """

    root: Path
    mission: str
    variables: Mapping[str, str]

    def run(self, *argv: str) -> str:
        """Run a command in the repository that must succeed; return its output."""
        return run(list(argv), self.root, self.variables)

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.run("git", "add", "-A")
        self.run("git", "commit", "-q", "--allow-empty", "-m", message)


def fresh_project(folder: Path, command: Path) -> Project:
    """Make a project with one fresh mission.

    Args:
        folder: Where to make it.
        command: The installed `spec-kitty`.
    """
    project = _repository(folder)
    project.run(str(command), "init", "--non-interactive", "--json")
    project.commit("Set up spec-kitty")
    created = project.run(str(command), "agent", "mission", "create", "Benchmark", "--json")
    return Project(project.root, str(json.loads(created)["mission_slug"]), project.variables)


def planned_project(folder: Path, command: Path, *, work_packages: int) -> Project:
    """Make a project whose mission is planned: the next advancing call hands out work.

    Args:
        folder: Where to make it.
        command: The installed `spec-kitty`.
        work_packages: How many work packages, all independent of each other.
    """
    project = fresh_project(folder, command)
    directory = project.root / "kitty-specs" / project.mission
    advance(project, command, "planner")
    for step, write in WRITERS.items():
        if step == "tasks":
            write_tasks(directory, work_packages)
        else:
            write(directory)
        project.commit(f"Do what {step} asks for")
        if step == "tasks":
            finalize = ("agent", "mission", "finalize-tasks", "--mission", project.mission)
            project.run(str(command), *finalize, "--json")
        else:
            advance(project, command, "planner")
    return project


def advance(project: Project, command: Path, agent: str) -> dict[str, Any]:
    """Report success for an agent and return the decision."""
    said = project.run(str(command), *advancing(project.mission, agent))
    decision: dict[str, Any] = json.loads(said)
    return decision


def advancing(mission: str, agent: str) -> tuple[str, ...]:
    """Return the arguments of an advancing `next`."""
    return ("next", "--agent", agent, "--mission", mission, "--result", "success", "--json")


def existing_cli_project(folder: Path, command: Path) -> Project:
    """Make the same with the existing CLI: a project with one fresh mission.

    Args:
        folder: Where to make it.
        command: The installed `spec-kitty` 3.2.x.
    """
    project = _repository(folder)
    project.run(str(command), "init", ".", "--ai", "claude", "--non-interactive")
    project.run("git", "switch", "-q", "-c", "work")
    project.commit("Set up spec-kitty")
    purpose = ("--friendly-name", "Benchmark", "--purpose-tldr", "t", "--purpose-context", "c")
    create = ("agent", "mission", "create", "benchmark", "--mission-type", "software-dev")
    project.run(str(command), *create, *purpose, "--json")
    project.commit("Mission")
    [mission] = (project.root / "kitty-specs").iterdir()
    return Project(project.root, mission.name, project.variables)


def run(argv: list[str], cwd: Path, variables: Mapping[str, str]) -> str:
    """Run a command that must succeed and return its output."""
    done = subprocess.run(
        argv,
        cwd=cwd,
        env={**clean_variables(), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv[1:4])} failed: {done.stdout}{done.stderr}")
    return done.stdout


def _repository(folder: Path) -> Project:
    home = folder / "home"
    root = folder / "project"
    home.mkdir(parents=True)
    root.mkdir()
    variables = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "SPEC_KITTY_NO_UPGRADE_CHECK": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Benchmark" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "benchmark@example.invalid" for who in ("AUTHOR", "COMMITTER")},
    }
    project = Project(root, "", variables)
    project.run("git", "init", "-q", "-b", "main")
    (root / "README.md").write_text("# project\n", encoding="utf-8")
    project.commit("Start")
    return project
