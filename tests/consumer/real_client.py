"""The published orchestrator client, our wheel, and scripted agents: everything real but the minds.

The client (`spec-kitty-orchestrator` 0.1.2) lives in an environment of its own below `.cache/`; our
wheel is installed into another one. Both are driven as an operator does: commands on the search path.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specify_cli.kernel.locks import file_lock
from tools.environments import Environment, clean_variables, find_uv, make_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
CLIENT = "spec-kitty-orchestrator==0.1.2"
ACTOR = "spec-kitty-orchestrator"
POLICY: dict[str, Any] = {
    "orchestrator_id": "spec-kitty-orchestrator",
    "orchestrator_version": "0.1.2",
    "agent_family": "claude",
    "approval_mode": "full_auto",
    "sandbox_mode": "workspace_write",
    "network_mode": "none",
    "dangerous_flags": [],
    "tool_restrictions": None,
}
_CACHE = ROOT / ".cache" / "consumers"
_INSTALL_SECONDS = 600.0

# An agent that does what its script says: one word for each time it is asked about a work package.
_AGENT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import json, os, pathlib, re, subprocess, sys, time
name = pathlib.Path(sys.argv[0]).name
prompt = sys.stdin.read()
wp = re.search(r"WP[0-9]+", prompt).group()
state = pathlib.Path(os.environ["AGENT_STATE"])
script = json.loads((state / "script.json").read_text())
seen = state / f"{{name}}-{{wp}}.asked"
asked = len(seen.read_text().splitlines()) if seen.exists() else 0
words = script.get(name, {{}}).get(wp, ["ok"])
word = words[min(asked, len(words) - 1)]
with seen.open("a") as stream:
    stream.write(f"{{word}} {{pathlib.Path.cwd().name}}\\n")
if word == "hang":
    time.sleep(600)
if word in ("fail", "reject"):
    print(json.dumps({{"result": {{}}}}))
    sys.stderr.write(f"error: {{name}} says {{word}} to {{wp}}\\n")
    sys.exit(1)
if name == "claude":
    part = pathlib.Path("src") / f"part{{int(wp[2:])}}"
    part.mkdir(parents=True, exist_ok=True)
    (part / "work.txt").write_text(f"{{wp}}, attempt {{asked + 1}}\\n")
    subprocess.run(["git", "add", "--all", str(part)], check=True)
    subprocess.run(["git", "commit", "-q", "-m", f"{{wp}}: attempt {{asked + 1}}"], check=True)
print(json.dumps({{"result": {{"files_modified": []}}}}))
"""


def client_environment() -> Environment:
    """Return the environment of the client; made on first use and kept."""
    folder = (
        _CACHE / f"{CLIENT.replace('==', '-')}-py{sys.version_info.major}.{sys.version_info.minor}"
    )
    folder.parent.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready"
    with file_lock(folder.with_suffix(".lock"), timeout=_INSTALL_SECONDS):
        environment = Environment(folder, find_uv())
        if not ready.is_file():
            environment = make_environment(folder, uv=environment.uv)
            environment.install(CLIENT)
            ready.touch()
    return environment


@dataclass(frozen=True, slots=True)
class Orchestra:
    """A project, an installed `spec-kitty`, the client, and agents that follow a script.

    Attributes:
        root: The project's main checkout.
        slug: Its mission.
        ours: The environment of our wheel.
        commands: The folder with `claude` and `codex`, first on the search path.
        state: Where the agents read their script and count how often they were asked.
        client: The environment of the client.
    """

    root: Path
    slug: str
    ours: Environment
    commands: Path
    state: Path
    client: Environment

    @classmethod
    def make(cls, root: Path, slug: str, ours: Environment, folder: Path) -> Orchestra:
        """Put the commands on a search path of their own."""
        commands, state = folder / "bin", folder / "agents"
        commands.mkdir(parents=True)
        state.mkdir()
        for name in ("claude", "codex"):
            agent = commands / name
            agent.write_text(_AGENT.format(python=sys.executable), encoding="utf-8")
            agent.chmod(0o755)
        orchestra = cls(root, slug, ours, commands, state, client_environment())
        orchestra.script({})
        return orchestra

    def script(self, words: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        """Say what each agent does: agent to work package to one word for each time it is asked.

        The last word holds for all further times; an agent without words works and approves.
        """
        (self.state / "script.json").write_text(json.dumps(words), encoding="utf-8")

    def asked(self, agent: str, wp_id: str) -> list[str]:
        """Return what an agent did, one entry for each time: its word and the folder it was in."""
        path = self.state / f"{agent}-{wp_id}.asked"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    @property
    def variables(self) -> dict[str, str]:
        """The environment of the client and all that it starts."""
        first = (str(self.commands), str(self.ours.script("spec-kitty").parent))
        return {
            **clean_variables(),
            "PATH": os.pathsep.join([*first, os.environ["PATH"]]),
            "AGENT_STATE": str(self.state),
            "NO_COLOR": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start the client's command in a process group of its own."""
        return subprocess.Popen(
            [str(self.client.script("spec-kitty-orchestrator")), *arguments],
            cwd=self.root,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(self, *arguments: str, seconds: float = 180.0) -> str:
        """Run the client's command to its end and return what it printed.

        Raises:
            AssertionError: It failed.
        """
        process = self.start(*arguments)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the client did not end:\n{kill(process)[-4000:]}") from None
        assert process.returncode == 0, output
        return output

    def orchestrate(self) -> str:
        """Let the client drive the whole mission."""
        return self.run(
            *("orchestrate", "--mission", self.slug),
            *("--impl-agent", "claude-code", "--review-agent", "codex"),
        )

    def api(self, *arguments: str) -> dict[str, Any]:
        """Call the installed `spec-kitty orchestrator-api` and return its envelope."""
        done = subprocess.run(
            [str(self.ours.script("spec-kitty")), "orchestrator-api", *arguments],
            cwd=self.root,
            env=self.variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        envelope: dict[str, Any] = json.loads(done.stdout)
        return envelope

    def lanes(self) -> dict[str, str]:
        """Return the lane of each work package, as the API tells it."""
        state = self.api("mission-state", "--mission", self.slug)
        return {wp["wp_id"]: wp["lane"] for wp in state["data"]["work_packages"]}

    def call_host(self, calls: str) -> Any:
        """Run lines of Python with the client's own `HostClient` as `host`; return `answer`.

        Args:
            calls: Statements that set `answer` to something that JSON can hold.
        """
        program = (
            "import json, pathlib, sys\n"
            "from spec_kitty_orchestrator.host import client\n"
            "from spec_kitty_orchestrator.host.client import *\n"
            f"host = HostClient(pathlib.Path({str(self.root)!r}), {ACTOR!r}, "
            f"policy_json={json.dumps(POLICY)!r})\n"
            f"mission = {self.slug!r}\n{calls}\n"
            "json.dump(answer, sys.stdout)\n"
        )
        done = subprocess.run(
            [str(self.client.python), "-c", program],
            cwd=self.root,
            env=self.variables,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def wait_for(condition: Callable[[], object], what: str, *, seconds: float = 60.0) -> None:
    """Wait until something holds; fail with its name after a while."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.05)


def kill(process: subprocess.Popen[str]) -> str:
    """Kill a client and everything that it started, at once; return what it had printed."""
    os.killpg(process.pid, signal.SIGKILL)
    output, _ = process.communicate()
    return output
