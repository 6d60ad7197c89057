"""Fresh environments and wheels, with uv where there is one and plain pip where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
_EXE = ".exe" if sys.platform == "win32" else ""


class SetupFailed(Exception):
    """An environment or a wheel could not be made; the message carries the tool's own words."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment.

    Attributes:
        path: Its folder.
        uv: The uv that installs into it, or None for the environment's own pip.
    """

    path: Path
    uv: Path | None

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.path / _SCRIPTS / f"python{_EXE}"

    def script(self, name: str) -> Path:
        """Return the path of a console script in it."""
        return self.path / _SCRIPTS / f"{name}{_EXE}"

    def install(self, *arguments: str) -> None:
        """Install requirements or wheels; options are those that uv and pip share.

        Raises:
            SetupFailed: The installer failed.
        """
        if self.uv is not None:
            run(
                [
                    str(self.uv),
                    "pip",
                    "install",
                    "--quiet",
                    "--python",
                    str(self.python),
                    *arguments,
                ]
            )
        else:
            run([str(self.python), "-m", "pip", "install", "--quiet", *arguments])


def find_uv() -> Path | None:
    """Return the uv on the search path, or the one that `make` put into `.tools`."""
    on_path = shutil.which("uv")
    local = ROOT / ".tools" / _SCRIPTS / f"uv{_EXE}"
    if on_path:
        return Path(on_path)
    return local if local.is_file() else None


def make_environment(path: Path, *, uv: Path | None) -> Environment:
    """Make an empty virtual environment with this interpreter.

    Raises:
        SetupFailed: It could not be made.
    """
    if uv is not None:
        run([str(uv), "venv", "--quiet", "--no-project", "--python", sys.executable, str(path)])
    else:
        run([sys.executable, "-m", "venv", str(path)])
    return Environment(path, uv)


def build_wheel(folder: Path, *, uv: Path | None) -> Path:
    """Build this checkout's wheel into a folder and return its path.

    Raises:
        SetupFailed: The build failed.
    """
    if uv is not None:
        run([str(uv), "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)])
    else:
        builder = make_environment(folder / "builder", uv=None)
        run(
            [
                *(str(builder.python), "-m", "pip", "wheel", "--quiet", "--no-deps"),
                *("--wheel-dir", str(folder), str(ROOT)),
            ]
        )
    [wheel] = folder.glob("spec_kitty_cli-*.whl")
    return wheel


def run(command: list[str], *, cwd: Path | None = None, env: dict[str, str] | None = None) -> str:
    """Run a command and return its output.

    Raises:
        SetupFailed: It failed; the message carries what it printed.
    """
    done = subprocess.run(
        command,
        cwd=cwd,
        env=clean_variables() if env is None else env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise SetupFailed(
            f"{Path(command[0]).name} {' '.join(command[1:])} ended with {done.returncode}:\n"
            f"{done.stdout}{done.stderr}"
        )
    return done.stdout


def clean_variables() -> dict[str, str]:
    """Return the process's variables without those that would change what is set up or timed."""
    unwanted = {
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONHOME",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "VIRTUAL_ENV",
    }
    variables = {
        key: value
        for key, value in os.environ.items()
        if key not in unwanted and not key.startswith("COVERAGE_")
    }
    # Tests run with a home folder of their own; without this every run would download again.
    variables.setdefault("UV_CACHE_DIR", str(ROOT / ".cache" / "uv"))
    variables.setdefault("PIP_CACHE_DIR", str(ROOT / ".cache" / "pip"))
    return variables
