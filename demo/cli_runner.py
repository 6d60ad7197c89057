"""Runs the installed `spec-kitty` and git as a user would, and keeps the time of every call."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OPERATOR = "Demo Operator"


class DemoFailed(Exception):
    """The demonstration cannot go on; the message is one plain sentence for the user."""


@dataclass(frozen=True, slots=True)
class Call:
    """One finished command.

    Attributes:
        argv: The command as typed.
        cwd: Where it ran.
        seconds: Wall time, start-up included.
        chapter: "set-up", "mission" for calls that move the mission, "check" for those that look.
    """

    argv: tuple[str, ...]
    cwd: Path
    seconds: float
    exit_code: int
    stdout: str
    stderr: str
    chapter: str

    @property
    def typed(self) -> str:
        """Return the command line for people."""
        return " ".join(self.argv)

    def document(self) -> dict[str, object]:
        """Return the one JSON document on standard output.

        Raises:
            DemoFailed: Standard output is not exactly one JSON object.
        """
        try:
            document = json.loads(self.stdout)
        except json.JSONDecodeError as error:
            raise DemoFailed(
                f"`{self.typed}` did not print one JSON document: {error}.\n{self.output()}"
            ) from error
        if not isinstance(document, dict):
            raise DemoFailed(f"`{self.typed}` printed JSON that is not an object.")
        return document

    def output(self) -> str:
        """Return what the command said, for an error message."""
        return "\n".join(part.strip() for part in (self.stdout, self.stderr) if part.strip())


@dataclass(slots=True)
class Terminal:
    """A shell of its own: isolated home and git configuration, timings kept.

    Attributes:
        executable: The installed `spec-kitty`.
        environment: What every command sees.
        calls: Every `spec-kitty` call so far.
        baseline: Samples of `python -c pass` taken between the calls, in seconds.
    """

    executable: str
    environment: dict[str, str]
    announce: Callable[[str], None]
    calls: list[Call] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    chapter: str = "mission"

    @classmethod
    def isolated(cls, home: Path, announce: Callable[[str], None]) -> Terminal:
        """Open a terminal whose home, git settings and caches are all inside `home`.

        Raises:
            DemoFailed: `spec-kitty` is not installed next to this Python, or git is missing.
        """
        home.mkdir(parents=True, exist_ok=True)
        empty_config = home / "gitconfig"
        empty_config.write_text("", encoding="utf-8")
        scripts = Path(sys.executable).parent
        inherited = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("GIT_", "XDG_", "SPEC_KITTY_", "SPECIFY_", "PYTHON"))
        }
        environment = inherited | {
            "HOME": str(home),
            "USERPROFILE": str(home),
            "XDG_CONFIG_HOME": str(home / ".config"),
            "XDG_STATE_HOME": str(home / ".state"),
            "XDG_CACHE_HOME": str(home / ".cache"),
            "GIT_CONFIG_GLOBAL": str(empty_config),
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH": os.pathsep.join([str(scripts), os.environ.get("PATH", os.defpath)]),
            "PYTHONIOENCODING": "utf-8",
            "NO_COLOR": "1",
        }
        executable = shutil.which("spec-kitty", path=environment["PATH"])
        if executable is None:
            raise DemoFailed("`spec-kitty` is not installed next to this Python; run `make demo`.")
        if shutil.which("git", path=environment["PATH"]) is None:
            raise DemoFailed("git is not installed.")
        return cls(executable, environment, announce)

    def spec_kitty(self, arguments: Sequence[str], cwd: Path, *, may_fail: bool = False) -> Call:
        """Run one `spec-kitty` command and keep its time.

        Args:
            arguments: Without the program's name.
            cwd: The folder to run it in.
            may_fail: Return instead of raising when the exit status is not 0.

        Raises:
            DemoFailed: The command failed.
        """
        started = time.perf_counter()
        done = self._run([self.executable, *arguments], cwd, {})
        seconds = time.perf_counter() - started
        call = Call(
            ("spec-kitty", *arguments),
            cwd,
            seconds,
            done.returncode,
            done.stdout,
            done.stderr,
            self.chapter,
        )
        self.calls.append(call)
        self.announce(f"{call.typed}  [{seconds * 1000:.0f} ms, exit {call.exit_code}]")
        self.baseline.append(self._bare_python())
        if call.exit_code != 0 and not may_fail:
            raise DemoFailed(
                f"`{call.typed}` failed with exit status {call.exit_code}:\n{call.output()}"
            )
        return call

    def git(self, arguments: Sequence[str], cwd: Path, *, author: str = OPERATOR) -> str:
        """Run one git command as somebody and return what it printed.

        The author tells people's and agents' commits from those the tool makes by itself.

        Raises:
            DemoFailed: git failed.
        """
        names = {"GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": f"{author.split()[0]}@example.org"}
        done = self._run(["git", *arguments], cwd, names)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise DemoFailed(f"`git {' '.join(arguments)}` failed: {said}")
        return done.stdout

    def python(self, arguments: Sequence[str], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run this Python in a folder without leaving bytecode behind."""
        return self._run([sys.executable, *arguments], cwd, {"PYTHONDONTWRITEBYTECODE": "1"})

    def slowness(self) -> float:
        """Return how much slower than 10 ms `python -c pass` is here; at least 1.

        Sampled after every call, and the mean like the sum it is compared with, so that load
        during the run counts on both sides.
        """
        return max(1.0, statistics.fmean(self.baseline or [0.010]) / 0.010)

    def _bare_python(self) -> float:
        started = time.perf_counter()
        self._run([sys.executable, "-c", "pass"], Path.cwd(), {})
        return time.perf_counter() - started

    def _run(
        self, argv: Sequence[str], cwd: Path, extra: Mapping[str, str]
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(argv),
            cwd=cwd,
            env={**self.environment, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=300,
        )
