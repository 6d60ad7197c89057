"""One way to run git: argument lists only, no prompts, stable output, errors with a code."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel import stopping
from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

# A hook or another git command that started us exports these; they would point our calls at its
# repository or index instead of at the folder we name. (GIT_CONFIG_* stay: they are the user's.)
_INHERITED = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
)

NO_HOOKS = ("-c", f"core.hooksPath={os.devnull}")
"""Options before the git subcommand: run none of the user's hooks."""


class GitFailed(SpecKittyError):
    """A git command ended with an error that nobody expected."""

    code = "GIT_FAILED"


class GitMissing(SpecKittyError):
    """There is no git program on the PATH."""

    code = "GIT_MISSING"


class GitTooOld(SpecKittyError):
    """The installed git lacks a command that is needed."""

    code = "GIT_TOO_OLD"


class GitOutput(NamedTuple):
    """What one git process said.

    Attributes:
        code: Its exit status.
        stdout: Standard output; bytes that are not UTF-8 are kept as surrogate escapes.
        stderr: Standard error, in English.
    """

    code: int
    stdout: str
    stderr: str


def try_git(
    cwd: Path,
    *args: str,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    interruptible: bool = False,
) -> GitOutput:
    """Run git and return whatever it says, success or not.

    Args:
        cwd: The folder to run in.
        args: Options, subcommand and arguments, never through a shell.
        stdin: Text for its standard input; nothing can be read from the terminal.
        env: Environment variables to add.
        interruptible: It may be killed when the user wants to stop; otherwise it ends first.

    Raises:
        GitMissing: GIT_MISSING.
        GitFailed: GIT_FAILED: `cwd` is not a folder that can be entered.
        KeyboardInterrupt: The user wants to stop, and nothing is being changed.
    """
    import subprocess  # 3.5 ms that reading commands do not need

    environment = {**_environment(), **(env or {})}
    try:
        with stopping.LetThrough() if interruptible else stopping.Shielded():
            done = subprocess.run(
                ["git", *args],
                cwd=cwd,
                input=b"" if stdin is None else stdin.encode("utf-8", "surrogateescape"),
                capture_output=True,
                env=environment,
                check=False,
            )
    except FileNotFoundError as error:
        if cwd.is_dir():
            raise GitMissing(
                "git was not found.",
                fix="Install git 2.38 or later and make sure that `git --version` works.",
            ) from error
        raise _unusable_folder(cwd) from error
    except (NotADirectoryError, PermissionError) as error:
        raise _unusable_folder(cwd) from error
    return GitOutput(
        done.returncode,
        done.stdout.decode("utf-8", "surrogateescape"),
        done.stderr.decode("utf-8", "surrogateescape"),
    )


def git_lines(cwd: Path, *args: str) -> Iterator[bytes]:
    """Yield the lines of what git prints as they are, without holding all of it in memory.

    What git refuses to print has no lines.
    """
    import subprocess
    from tempfile import TemporaryFile

    with TemporaryFile() as printed:
        subprocess.run(
            ["git", *args],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            check=False,
        )
        printed.seek(0)
        yield from printed


def _environment() -> dict[str, str]:
    environment = {key: value for key, value in os.environ.items() if key not in _INHERITED}
    return {
        **environment,
        "LC_ALL": "C",
        "LANGUAGE": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_EDITOR": ":",
    }


def run_git(
    cwd: Path, *args: str, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> str:
    """Run git and return its standard output.

    Raises:
        GitFailed: GIT_FAILED: git ended with a status other than 0.
        GitMissing: GIT_MISSING.
    """
    output = try_git(cwd, *args, stdin=stdin, env=env)
    if output.code != 0:
        raise git_failed(args, output)
    return output.stdout


def git_failed(args: tuple[str, ...], output: GitOutput) -> GitFailed:
    """Describe a failed git command as an error."""
    command = subcommand(args)
    # Where git goes on in the next line, the first ends in a mark.
    reason = first_line(output.stderr).rstrip(" ;:,") or f"exit status {output.code}"
    return GitFailed(
        f"git {command} failed: {reason}",
        fix=f"Look at the repository with `git status`, mend what git {command} complains about, "
        "then run the command again.",
        details={"command": command, "exit_code": output.code, "stderr": output.stderr[:2000]},
    )


def subcommand(args: tuple[str, ...]) -> str:
    """Return the git subcommand in an argument list ("commit"), skipping options before it."""
    words = iter(args)
    for word in words:
        if word == "-c":
            next(words, None)
        elif not word.startswith("-"):
            return word
    return ""


def first_line(text: str) -> str:
    """Return the line of git's standard error that says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        if line.startswith(("fatal:", "error:")):
            return line
    return lines[0] if lines else ""


def split_nul(text: str) -> tuple[str, ...]:
    """Split the output of a `-z` command."""
    return tuple(item for item in text.split("\0") if item)


def _unusable_folder(cwd: Path) -> GitFailed:
    return GitFailed(
        f"the folder {cwd.name or cwd} does not exist or cannot be entered.",
        fix="Go to an existing folder of your repository and run the command again.",
    )
