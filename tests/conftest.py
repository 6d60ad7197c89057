"""What every test stands on: an isolated git and home, real repositories, the installed command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# A busy machine makes the first examples slow, which says nothing about the strategy.
settings.register_profile("suite", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

pytest_plugins = ["tests.requirements_plugin", "tests.written_envelopes"]

COMMAND = Path(sys.executable).parent / (
    "spec-kitty.exe" if sys.platform == "win32" else "spec-kitty"
)
_GIT_IDENTITY = {
    "GIT_AUTHOR_NAME": "Test Author",
    "GIT_AUTHOR_EMAIL": "author@example.invalid",
    "GIT_COMMITTER_NAME": "Test Author",
    "GIT_COMMITTER_EMAIL": "author@example.invalid",
}


_LONG_FIRST = ("consumer", "crash", "architecture", "conformance", "integration")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the folders of long tests, so that no worker has one of them left at the end."""
    here = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(here).parts[0]
        return _LONG_FIRST.index(folder) if folder in _LONG_FIRST else len(_LONG_FIRST)

    items.sort(key=place)


@pytest.fixture(autouse=True, scope="session")
def isolated_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the user's home, git configuration and spec-kitty variables out of the tests."""
    home = tmp_path_factory.mktemp("home")
    patch = pytest.MonkeyPatch()
    # Coverage is measured in the test processes: in each command they start it would cost more than
    # the command itself.
    unwanted = ("GIT_", "SPEC_KITTY_SAAS", "SPECIFY_", "COVERAGE_PROCESS")
    for name in list(os.environ):
        if name.startswith(unwanted):
            patch.delenv(name)
    patch.setenv("HOME", str(home))
    patch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    patch.setenv("XDG_STATE_HOME", str(home / ".state"))
    patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for name, value in _GIT_IDENTITY.items():
        patch.setenv(name, value)
    yield
    patch.undo()


def git(cwd: Path, *args: str) -> str:
    """Run git and return its output; a failure fails the test with git's own words."""
    done = subprocess.run(
        ["git", *args], cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
    return done.stdout.strip()


def start_repository(root: Path, *, commit: bool = True) -> Path:
    """Make a git repository with one commit on `main`."""
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    if commit:
        (root / "README.md").write_text(f"# {root.name}\n", encoding="utf-8")
        git(root, "add", "README.md")
        git(root, "commit", "-q", "-m", "Start")
    return root


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that makes a git repository with one commit on `main`."""

    def make(name: str = "project", *, commit: bool = True) -> Path:
        return start_repository(tmp_path / name, commit=commit)

    return make


@pytest.fixture
def repository(make_repository: Callable[..., Path]) -> Path:
    """A fresh git repository on `main` with one commit."""
    return make_repository()


@dataclass(frozen=True)
class Ran:
    """What one run of the command left behind."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.stdout)


def run_command(cwd: Path, *args: str, env: dict[str, str] | None = None, stdin: str = "") -> Ran:
    """Run the installed `spec-kitty` in a process of its own; a traceback fails the test."""
    done = subprocess.run(
        [str(COMMAND), *args],
        cwd=cwd,
        # A warning is an error in the command's own process too.
        env={**os.environ, "PYTHONWARNINGS": "error", **(env or {})},
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert "Traceback (most recent call last)" not in done.stdout + done.stderr, done.stderr
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def cli() -> Callable[..., Ran]:
    """Return a function that runs the installed `spec-kitty` in a process of its own."""
    return run_command
