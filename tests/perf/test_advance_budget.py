"""The slowest advance, tasks to implement with 99 work packages, and what a step reads of governance.

The second of the budget is one of a machine on which Python imports cyclopts in 0.07 seconds; a slower
or busier one shows it there too, and gets as much more.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from benchmarks.processes import Case
from benchmarks.projects import Project, advancing, planned_project
from tests.conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

WORK_PACKAGES = 99
SECONDS = 1.0
FLOOR_SECONDS = 0.07
ATTEMPTS = 4

# Runs the command in this process and tells which files it opened.
_OPENED = """
import atexit, json, sys
opened = []
sys.addaudithook(lambda event, facts: opened.append(str(facts[0])) if event == "open" else None)
atexit.register(lambda: print(json.dumps(opened), file=sys.stderr))
from specify_cli.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose 99 work packages are on the board, and whose planner has still to report it."""
    folder = tmp_path_factory.mktemp("advance") / "p"
    return planned_project(folder, COMMAND, work_packages=WORK_PACKAGES)


def test_the_advance_to_ninety_nine_work_packages_takes_at_most_a_second(
    planned: Project, tmp_path: Path
) -> None:
    floor = Case.floor()
    spent = []
    for attempt in range(ATTEMPTS):
        copy = tmp_path / str(attempt)
        shutil.copytree(planned.root, copy, symlinks=True)
        command = (str(COMMAND), *advancing(planned.mission, "planner"))
        before = floor.run()
        seconds = Case("advance", command, copy, planned.variables).run()
        slowness = max(1.0, min(before, floor.run()) / FLOOR_SECONDS)
        spent.append((seconds, SECONDS * slowness))
        board = json.loads((copy / "kitty-specs" / planned.mission / "status.json").read_bytes())
        assert list(board["work_packages"]).count("WP01") == 1
        assert board["work_packages"]["WP01"]["lane"] == "in_progress", "it handed one out"
        if seconds <= SECONDS * slowness:
            return
    pytest.fail(f"(seconds needed, seconds allowed): {spent}")


def opened_by(project: Project, *arguments: str) -> list[str]:
    """Run a command and return the governance files that it opened."""
    done = subprocess.run(
        [sys.executable, "-c", _OPENED, *arguments],
        cwd=project.root,
        env={**os.environ, **project.variables},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    files: list[str] = json.loads(done.stderr.splitlines()[-1])
    places = ("/specify_cli/governance/", "/.kittify/charter/", "/.kittify/runtime/governance")
    paths = [name.replace("\\", "/") for name in files]
    return [
        name
        for name in paths
        if not name.endswith((".py", ".pyc")) and any(place in name for place in places)
    ]


def test_a_step_opens_the_compiled_governance_once_and_a_question_none(
    planned: Project, tmp_path: Path
) -> None:
    copy = replace(planned, root=tmp_path / "copy")
    shutil.copytree(planned.root, copy.root, symlinks=True)
    assert opened_by(copy, "next", "--json") == []
    [compiled] = opened_by(copy, *advancing(copy.mission, "planner"))
    assert compiled.endswith(".json"), "no YAML is parsed for it"


def test_governance_of_a_project_is_read_once_and_from_what_is_kept_the_next_time(
    planned: Project, tmp_path: Path
) -> None:
    copy = replace(planned, root=tmp_path / "copy")
    shutil.copytree(planned.root, copy.root, symlinks=True)
    charter = copy.root / ".kittify" / "charter" / "charter.yaml"
    charter.parent.mkdir()
    charter.write_text("schema_version: 1\nactivated_tactics: [premortem]\n", encoding="utf-8")
    first = opened_by(copy, *advancing(copy.mission, "planner"))
    assert [name for name in first if name.endswith("charter.yaml")] == [charter.as_posix()]
    again = opened_by(copy, *advancing(copy.mission, "somebody-else"))
    assert [name for name in again if name.endswith((".yaml", ".yml"))] == [charter.as_posix()]
    assert len(again) == len(set(again)), "nothing twice"
