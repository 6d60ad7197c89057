"""The existing CLI in an environment of its own, and missions that it made (DESIGN.md D3)."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.existing_cli import install
from specify_cli.kernel.locks import file_lock
from tests.conftest import git
from tests.integration.conftest import PLAN, SPEC, TASKS, work_package, write
from tools.environments import ROOT

if TYPE_CHECKING:
    from pathlib import Path

REQUIRED = "SPEC_KITTY_DROP_IN"
"""Set by `make drop-in`: then a missing installation is a failure, not a skip."""


@dataclass(frozen=True)
class ExistingCli:
    """The installed `spec-kitty` 3.2.7, with a home folder of its own."""

    command: Path
    home: Path

    def run(self, cwd: Path, *words: str) -> str:
        """Run it, demand success, and return what it printed."""
        variables = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("COVERAGE_", "PYTHON"))
        }
        done = subprocess.run(
            [str(self.command), *words],
            cwd=cwd,
            env={
                **variables,
                "HOME": str(self.home),
                "SPEC_KITTY_NO_UPGRADE_CHECK": "1",
                "SPEC_KITTY_ENABLE_SAAS_SYNC": "0",
                "NO_COLOR": "1",
                # Its merge drivers are commands of its own that git looks up by name.
                "PATH": f"{self.command.parent}{os.pathsep}{os.environ['PATH']}",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout

    def lanes(self, root: Path, slug: str) -> dict[str, str]:
        """Return what `orchestrator-api mission-state` says."""
        state = json.loads(self.run(root, "orchestrator-api", "mission-state", "--mission", slug))
        return {wp["wp_id"]: wp["lane"] for wp in state["data"]["work_packages"]}

    def board(self, root: Path, slug: str) -> dict[str, str]:
        """Return what `agent tasks status` says."""
        board = _last_object(
            self.run(root, "agent", "tasks", "status", "--mission", slug, "--json")
        )
        # A work package without rows is "planned" for the one and "genesis" for the other.
        return {
            wp["id"]: "planned" if wp["lane"] == "genesis" else wp["lane"]
            for wp in board["work_packages"]
        }


@pytest.fixture(scope="session")
def existing(tmp_path_factory: pytest.TempPathFactory) -> ExistingCli:
    """The existing CLI, installed once into `.cache/peer`."""
    with file_lock(ROOT / ".cache" / "peer.lock", timeout=600):
        command, problem = install()
    if command is None:
        if os.environ.get(REQUIRED):
            pytest.fail(f"the existing CLI cannot be installed: {problem}")
        pytest.skip(f"the existing CLI cannot be installed: {problem}")
    return ExistingCli(command, tmp_path_factory.mktemp("existing-home"))


def make_mission(existing: ExistingCli, root: Path, topology: str) -> Path:
    """Let the existing CLI make a mission with two finalised work packages; return its folder."""
    existing.run(root, "init", "--ai", "claude", "--non-interactive")
    commit_all(root, "Set up")
    create = ("agent", "mission", "create", "door-counter", "--json")
    existing.run(root, *create, "--start-branch", "feature/door", "--topology", topology)
    (mission,) = (root / "kitty-specs").iterdir()
    write(mission / "spec.md", SPEC)
    write(mission / "plan.md", PLAN)
    write(mission / "tasks.md", TASKS)
    first = work_package("WP01", "The total", owned="counter.py")
    second = work_package(
        "WP02", "The command line", dependencies="[WP01]", owned="door.py", refs="[FR-002]"
    )
    write(mission / "tasks" / "WP01-total.md", _with_surface(first, "counter.py"))
    write(mission / "tasks" / "WP02-door.md", _with_surface(second, "door.py"))
    commit_all(root, "Write the documents")
    existing.run(root, "agent", "mission", "finalize-tasks", "--mission", mission.name, "--json")
    return mission


def commit_all(root: Path, message: str) -> None:
    """Commit everything, such as what the existing CLI leaves uncommitted; nothing is fine."""
    git(root, "add", "-A")
    if git(root, "status", "--porcelain"):
        git(root, "commit", "-q", "-m", message)


def _with_surface(text: str, surface: str) -> str:
    return text.replace("execution_mode:", f"authoritative_surface: {surface}\nexecution_mode:")


def _last_object(text: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text[text.index("{") :])
    return document
