"""What a command must not import: start-up is paid on every call (DESIGN.md D10 and budgets)."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND, git

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LINE = re.compile(r"^import time:\s+\d+ \|\s+\d+ \| +(\S+)$", re.MULTILINE)

NEVER = (
    "anyio",
    "asyncio",
    "email",
    "httpx",
    "importlib.metadata",
    "jsonschema",
    "pydantic",
    "pydantic_core",
    "rich",
    "spec_kitty_contracts.models",
    "spec_kitty_events",
    "spec_kitty_tracker",
    "sqlite3",
    "ssl",
    "starlette",
    "uvicorn",
    "websockets",
)
YAML = ("ruamel",)
GATE = ("spec_kitty_contracts.gate",)
PROCESSES = ("subprocess",)
# On Windows git is asked where the repository is.
FILES_ONLY = () if sys.platform == "win32" else PROCESSES
# Each class costs half a millisecond; what reads load are named tuples.
CLASSES = ("dataclasses", "inspect")
DIGESTS = ("hashlib", "threading")
QUOTING = ("shlex", "string")
SIMPLE_READ = (*NEVER, *YAML, *GATE, *FILES_ONLY, *CLASSES)


@dataclass(frozen=True, slots=True)
class Budget:
    """A command line and what it must not import.

    Attributes:
        arguments: The command line.
        forbidden: Modules; a name stands for everything below it too.
        status: The exit status that is expected.
    """

    arguments: tuple[str, ...]
    forbidden: tuple[str, ...]
    status: int = 0


BUDGETS = (
    Budget(("--version",), (*NEVER, *YAML, *GATE, *PROCESSES, "cyclopts", "json")),
    Budget(("--help",), tuple(set(NEVER) - {"rich"}) + YAML + GATE),
    Budget(("next", "--json"), (*NEVER, *YAML, *CLASSES, *DIGESTS, *QUOTING)),
    Budget(("next", "--agent", "claude", "--json"), (*NEVER, *YAML, *CLASSES, *DIGESTS)),
    Budget(("agent", "tasks", "status", "--json"), SIMPLE_READ),
    Budget(("status",), SIMPLE_READ),
    Budget(("mission", "list", "--json"), SIMPLE_READ),
    Budget(("agent", "status", "validate", "--json"), NEVER),
    Budget(("agent", "status", "materialize", "--json"), (*NEVER, *CLASSES)),
    Budget(("orchestrator-api", "contract-version"), (*NEVER, *YAML, *PROCESSES)),
    Budget(("orchestrator-api", "mission-state", "--mission", "import-budget"), (*NEVER, *CLASSES)),
    Budget(("orchestrator-api", "list-ready", "--mission", "import-budget"), (*NEVER, *CLASSES)),
    Budget(("orchestrator-api", "openapi"), (*NEVER, *YAML, *PROCESSES)),
    # What is wrong with the call is said before the server is loaded.
    Budget(("orchestrator-api", "serve", "--host", "192.0.2.1"), (*NEVER, *YAML), status=2),
    Budget(("contract", "show", "--json"), (*NEVER, *YAML, *PROCESSES)),
    # What an agent gets wrong must not cost more than what it gets right.
    Budget(("next", "--mission", "no-such-mission", "--json"), (*NEVER, *YAML), status=1),
    Budget(("next", "--no-such-option", "--json"), (*NEVER, *YAML, *GATE, *PROCESSES), status=2),
    Budget(("orchestrator-api", "mission-state", "--json"), (*NEVER, *YAML, *PROCESSES), status=2),
    # A command that writes: one event, one commit.
    Budget(("next", "--agent", "claude", "--result", "success", "--json"), NEVER),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one fresh mission."""
    root = tmp_path_factory.mktemp("budget") / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    (root / "README.md").write_text("# project\n", encoding="utf-8")
    run(root, "init", "--non-interactive", "--json")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Start")
    run(root, "agent", "mission", "create", "Import budget", "--json")
    # The first reading call fills the identity cache, which is not what is measured here.
    run(root, "next", "--json")
    return root


def run(
    root: Path, *arguments: str, status: int = 0, variables: dict[str, str] | None = None
) -> str:
    """Run the installed command and return what it wrote to standard error."""
    done = subprocess.run(
        [str(COMMAND), *arguments],
        cwd=root,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == status, done.stdout + done.stderr[-2000:]
    return done.stderr


def over_budget(imported: Iterable[str], forbidden: Iterable[str]) -> list[str]:
    """Return the imported modules that are forbidden."""
    names = tuple(forbidden)
    return sorted(
        module
        for module in imported
        if any(module == name or module.startswith(f"{name}.") for name in names)
    )


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda budget: " ".join(budget.arguments))
def test_a_command_imports_only_what_it_needs(budget: Budget, project: Path) -> None:
    variables = {"PYTHONPROFILEIMPORTTIME": "1"}
    profile = run(project, *budget.arguments, status=budget.status, variables=variables)
    imported = _LINE.findall(profile)
    assert "specify_cli" in imported
    assert over_budget(imported, budget.forbidden) == []


def test_the_measurement_sees_lazy_imports() -> None:
    program = "def late():\n    import asyncio\nlate()"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    found = over_budget(_LINE.findall(done.stderr), NEVER)
    assert {"asyncio", "asyncio.events"} <= set(found)
    assert over_budget(["json", "pydantic_extra", "emailer"], NEVER) == []


def test_the_cycle_collector_rests_only_while_the_program_loads() -> None:
    program = (
        "import gc, sys\n"
        "from specify_cli.__main__ import main\n"
        "sys.argv = ['spec-kitty', 'no-such-command', '--json']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    print(gc.isenabled(), gc.get_freeze_count() > 10_000, file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "True True\n")
