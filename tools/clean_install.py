"""Prove that the built wheel works where nothing but the wheel was installed (000 FR-010).

Makes a fresh environment in a folder with spaces in its name, installs the wheel, drives a fixture
mission with the installed `spec-kitty` until a work package is claimed, checks every event row with
the installed gate, and repeats a step with the retired runtime package really present (000 FR-020).
Standard library only. Run as `python tools/clean_install.py` or `make clean-install`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if __package__ in {None, ""}:
    # Run by its path: the folder above holds the package `tools`.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.environments import (
    Environment,
    SetupFailed,
    build_wheel,
    clean_variables,
    find_uv,
    make_environment,
    run,
)
from tools.fixture_mission import WRITERS

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMIT_SECONDS = 300.0
RETIRED = "spec-kitty-runtime==0.4.3"

_PROBE = """
import importlib.metadata, importlib.util, json, sys
name = "spec-kitty-runtime"
try:
    version = importlib.metadata.version(name)
except importlib.metadata.PackageNotFoundError:
    version = None
found = importlib.util.find_spec("spec_kitty_runtime") is not None
import specify_cli
json.dump({"version": version, "importable": found, "ours": specify_cli.__file__}, sys.stdout)
"""
_GATE = """
import json, sys
from spec_kitty_contracts.gate import violations
rows = [json.loads(line) for line in sys.stdin.read().splitlines()]
refused = [[n, v.path, v.rule] for n, r in enumerate(rows, 1) for v in violations("status_row", r)]
planted = [violations("status_row", {**row, "feature_slug": "x"}) for row in rows]
json.dump({"rows": len(rows), "refused": refused, "planted": all(planted)}, sys.stdout)
"""


class CheckFailed(Exception):
    """Something that a clean installation must do did not happen."""


@dataclass(slots=True)
class Installation:
    """An installed `spec-kitty`, a project to use it in, and the time its calls took.

    Attributes:
        environment: Where it is installed.
        project: The fixture repository.
        variables: What every command sees; home and git configuration are the run's own.
        seconds: Wall time of each `spec-kitty next`, in order.
    """

    environment: Environment
    project: Path
    variables: dict[str, str]
    seconds: list[float] = field(default_factory=list)

    def spec_kitty(self, *arguments: str, statuses: tuple[int, ...] = (0,)) -> tuple[str, str]:
        """Run the installed command and return standard output and standard error."""
        command = [str(self.environment.script("spec-kitty")), *arguments]
        started = time.perf_counter()
        status, stdout, stderr = _outcome(command, self.project, self.variables)
        if arguments[0] == "next":
            self.seconds.append(time.perf_counter() - started)
        if status not in statuses:
            words = " ".join(arguments)
            raise CheckFailed(f"spec-kitty {words} ended with {status}:\n{stdout}{stderr}")
        return stdout, stderr

    def document(self, *arguments: str, statuses: tuple[int, ...] = (0,)) -> dict[str, Any]:
        """Run the installed command with `--json` and return its one document."""
        stdout, _ = self.spec_kitty(*arguments, "--json", statuses=statuses)
        try:
            document = json.loads(stdout)
        except ValueError as error:
            raise CheckFailed(
                f"spec-kitty {' '.join(arguments)} printed no JSON: {stdout}"
            ) from error
        if not isinstance(document, dict):
            raise CheckFailed(f"spec-kitty {' '.join(arguments)} printed no object: {stdout}")
        return document

    def python(self, program: str, *, stdin: str = "") -> dict[str, Any]:
        """Run a program in the environment and return the JSON object that it prints."""
        command = [str(self.environment.python), "-c", program]
        status, stdout, stderr = _outcome(command, self.project, self.variables, stdin=stdin)
        if status != 0:
            raise CheckFailed(f"a program in the environment failed:\n{stderr}")
        document: dict[str, Any] = json.loads(stdout)
        return document

    def commit(self, message: str) -> None:
        """Commit everything in the project."""
        run(["git", "add", "--all"], cwd=self.project, env=self.variables)
        run(["git", "commit", "--quiet", "-m", message], cwd=self.project, env=self.variables)

    def completed_steps(self) -> list[str]:
        """Return the steps that the run's own state file counts as completed."""
        states = sorted(self.project.glob(".kittify/runtime/runs/*/state.json"))
        if len(states) > 1:
            raise CheckFailed(f"one mission has {len(states)} runs")
        steps: list[str] = _load(states[0])["completed_steps"] if states else []
        return steps

    def rows(self, slug: str) -> list[str]:
        """Return the lines of the mission's event log."""
        path = self.project / "kitty-specs" / slug / "status.events.jsonl"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def check(condition: object, message: str) -> None:
    """Raise CheckFailed unless the condition holds."""
    if not condition:
        raise CheckFailed(message)


def install(wheel: Path, folder: Path, *, uv: Path | None) -> Installation:
    """Install the wheel into a fresh environment and make an empty project beside it."""
    environment = make_environment(folder / "an environment", uv=uv)
    environment.install(str(wheel))
    home = folder / "home"
    project = folder / "a project"
    home.mkdir()
    project.mkdir()
    variables = {
        key: value
        for key, value in clean_variables().items()
        if not key.startswith(("GIT_", "XDG_", "SPEC_KITTY_", "SPECIFY_", "COVERAGE"))
    }
    variables |= {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_NAME": "Clean Install" for who in ("AUTHOR", "COMMITTER")},
        **{f"GIT_{who}_EMAIL": "clean@example.invalid" for who in ("AUTHOR", "COMMITTER")},
    }
    run(["git", "init", "--quiet", "-b", "main"], cwd=project, env=variables)
    (project / "README.md").write_text("# A project\n", encoding="utf-8")
    installation = Installation(environment, project, variables)
    installation.commit("Start")
    return installation


def check_retired_package_is_absent(installation: Installation) -> None:
    """Neither the distribution nor the module of the retired runtime is there."""
    found = installation.python(_PROBE)
    check(found["version"] is None, f"spec-kitty-runtime {found['version']} was installed")
    check(not found["importable"], "spec_kitty_runtime can be imported")
    inside = Path(found["ours"]).resolve().is_relative_to(installation.environment.path.resolve())
    check(inside, f"specify_cli came from {found['ours']}, not from the wheel")


def advance_mission(installation: Installation) -> str:
    """Drive a mission through its planning steps until a work package is claimed; return its slug."""
    installation.spec_kitty("init", "--ai", "claude", "--json")
    installation.commit("Set up spec-kitty")
    created = installation.document("agent", "mission", "create", "Clean install")
    slug = str(created["mission_slug"])

    before = installation.document("next", "--agent", "claude")
    check(before["is_query"], "next without --result is not a query")
    check(installation.completed_steps() == [], "a query completed a step")

    report = ("next", "--agent", "claude", "--result", "success")
    decision = installation.document(*report)
    for number, step in enumerate(WRITERS):
        check(decision["kind"] == "step", f"no step at {step}: {decision['reason']}")
        check(decision["step_id"] == step, f"expected {step}, got {decision['step_id']}")
        prompt = Path(decision["prompt_file"])
        prompt = prompt if prompt.is_absolute() else installation.project / prompt
        check(prompt.is_file(), f"the prompt file of {step} does not exist")
        refused = installation.document(*report, statuses=(0, 1))
        check(refused["guard_failures"], f"{step} was reported done with nothing done, and passed")
        done = installation.completed_steps()
        check(len(done) == number, f"{step} completed with nothing done: {done}")

        WRITERS[step](installation.project / "kitty-specs" / slug)
        installation.commit(f"Do what {step} asks for")
        if step == "tasks":
            installation.document("agent", "mission", "finalize-tasks", "--mission", slug)
        decision = installation.document(*report)
        completed = installation.completed_steps()
        check(
            len(completed) == number + 1, f"{step} did not complete: {decision['guard_failures']}"
        )

    check(decision["action"] == "implement", f"nothing to implement: {decision['reason']}")
    check(decision["wp_id"] == "WP01", f"expected WP01, got {decision['wp_id']}")
    check(
        Path(str(decision["workspace_path"])).is_dir(), "the claimed work package has no worktree"
    )
    return slug


def check_event_rows(installation: Installation, slug: str) -> int:
    """Every row of the log passes the installed gate, which refuses the same rows when altered."""
    rows = installation.rows(slug)
    lanes = [row.get("to_lane") for row in map(json.loads, rows)]
    check({"planned", "claimed", "in_progress"} <= set(lanes), f"transitions are missing: {lanes}")
    verdict = installation.python(_GATE, stdin="\n".join(rows))
    check(verdict["rows"] == len(rows), "not every row was looked at")
    check(not verdict["refused"], f"the gate refuses rows: {verdict['refused']}")
    check(verdict["planted"], "the gate accepts a legacy key: it checks nothing")
    installation.document("agent", "status", "validate", "--mission", slug)
    return len(rows)


def keep_logs(installation: Installation, folder: Path) -> None:
    """Copy every event log of the project, for other judges than the installed gate."""
    for path in sorted(installation.project.rglob("*.events.jsonl")):
        kept = folder / path.relative_to(installation.project)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)


def check_stale_runtime(installation: Installation, slug: str) -> None:
    """The retired package is there, is not imported, changes nothing, and is mentioned once."""
    installation.environment.install("--no-deps", RETIRED)
    found = installation.python(_PROBE)
    check(found["version"] == "0.4.3", "spec-kitty-runtime 0.4.3 could not be installed")

    installation.variables["PYTHONPROFILEIMPORTTIME"] = "1"
    query = ("next", "--agent", "claude", "--mission", slug)
    _, imported = installation.spec_kitty(*query, "--json")
    del installation.variables["PYTHONPROFILEIMPORTTIME"]
    check("specify_cli.next" in imported, "the list of imports is empty")
    check("spec_kitty_runtime" not in imported, "the stale spec_kitty_runtime was imported")

    notices = [installation.spec_kitty(*query, *json)[1] for json in ((), (), ("--json",))]
    shown = ["spec-kitty-runtime" in notice for notice in notices]
    check(shown == [True, False, False], f"the notice was shown {shown}, not exactly once")


def _outcome(
    command: Sequence[str], cwd: Path, variables: dict[str, str], *, stdin: str = ""
) -> tuple[int, str, str]:
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=variables,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        raise CheckFailed(f"{expired.cmd[1:]} did not end within {expired.timeout:.0f} s") from None
    return done.returncode, done.stdout, done.stderr


def _load(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def verify(
    wheel: Path | None, folder: Path, *, uv: Path | None, logs: Path | None = None
) -> list[str]:
    """Run every check and return what was established, one line each.

    Args:
        wheel: The wheel to install; built here when it is None.
        folder: An empty folder for everything.
        uv: The program to install with; venv and pip when it is None.
        logs: Where to keep the event logs that were written.

    Raises:
        CheckFailed: The installation does not do what it must.
        SetupFailed: The wheel or the environment could not be made.
    """
    started = time.monotonic()
    wheel = wheel or build_wheel(folder / "wheel", uv=uv)
    installation = install(wheel, folder, uv=uv)
    check_retired_package_is_absent(installation)
    lines = [f"installed {wheel.name} without spec-kitty-runtime"]
    slug = advance_mission(installation)
    steps = installation.completed_steps()
    lines.append(f"next advanced the mission by {len(steps)} steps: {', '.join(steps)}")
    lines.append(f"the gate accepts all {check_event_rows(installation, slug)} event rows")
    check_stale_runtime(installation, slug)
    if logs is not None:
        keep_logs(installation, logs)
    lines.append(f"with {RETIRED} present it works the same, and says so once")
    spent = time.monotonic() - started
    check(spent <= LIMIT_SECONDS, f"it took {spent:.0f} s, more than {LIMIT_SECONDS:.0f} s")
    median = statistics.median(installation.seconds)
    lines.append(
        f"next: median {median * 1000:.0f} ms of {len(installation.seconds)} calls, slowest "
        f"{max(installation.seconds) * 1000:.0f} ms; everything took {spent:.1f} s"
    )
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run the verification; exit 1 with the reason when it fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help="install this wheel instead of building one")
    parser.add_argument("--no-uv", action="store_true", help="use venv and pip even if uv is there")
    parser.add_argument("--keep-logs", type=Path, help="copy the event logs into this folder")
    options = parser.parse_args(arguments)
    logs = options.keep_logs.resolve() if options.keep_logs else None
    wheel = options.wheel.resolve() if options.wheel else None
    with tempfile.TemporaryDirectory(prefix="spec kitty ", ignore_cleanup_errors=True) as folder:
        try:
            uv = None if options.no_uv else find_uv()
            lines = verify(wheel, Path(folder), uv=uv, logs=logs)
        except (CheckFailed, SetupFailed) as failure:
            sys.stderr.write(f"clean install: FAILED: {failure}\n")
            return 1
    sys.stdout.write("".join(f"clean install: {line}\n" for line in lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
