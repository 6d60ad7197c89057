"""Calls of the HTTP application without a network, and copies of one project with a ready mission."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specify_cli.orchestrator_api.server import Served, build_application
from tests.conftest import COMMAND, git
from tests.integration.conftest import PLAN, SPEC, TASKS, work_package, write

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "the-token-of-the-tests"
AUTHORIZED = {"Authorization": f"Bearer {SECRET}"}
POLICY = {
    "orchestrator_id": "tests",
    "orchestrator_version": "1.0.0",
    "agent_family": "claude",
    "approval_mode": "full_auto",
    "sandbox_mode": "workspace_write",
    "network_mode": "none",
    "dangerous_flags": [],
}


def make_project(root: Path, *, branch: str | None = None) -> str:
    """Make a repository with a finalised mission of two work packages; return the mission's slug.

    Args:
        root: The folder.
        branch: The branch that the mission lives on, where others may live as well; its own by default.
    """
    root.mkdir(parents=True)
    git(root, "init", "-q", "-b", "main")
    git(root, "commit", "-q", "--allow-empty", "-m", "Start")
    _run(root, "init", "--non-interactive", "--json")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Set up spec-kitty")
    where = ("--branch", branch) if branch else ()
    slug = str(_run(root, "specify", "Door counter", *where, "--json")["mission_slug"])
    mission = root / "kitty-specs" / slug
    write(mission / "spec.md", SPEC)
    write(mission / "plan.md", PLAN)
    write(mission / "tasks.md", TASKS)
    one = work_package("WP01", "The total", owned="counter.py")
    two = work_package("WP02", "The command line", owned="door.py", refs="[FR-002]")
    write(mission / "tasks/WP01-total.md", one)
    write(mission / "tasks/WP02-door.md", two)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Write the documents")
    _run(root, "tasks", "--json")
    return slug


def _run(root: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [str(COMMAND), *arguments], cwd=root, capture_output=True, encoding="utf-8", timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Lab:
    """A project to serve.

    Attributes:
        root: Its folder.
        slug: Its mission.
    """

    root: Path
    slug: str

    def copy(self, target: Path) -> Lab:
        """Return the same in another folder."""
        return Lab(shutil.copytree(self.root, target, symlinks=True), self.slug)

    @property
    def application(self) -> Any:
        """The application that serves it, as `serve` on the loopback builds it."""
        return build_application(Served(self.root, SECRET.encode(), "127.0.0.1"))


@dataclass(frozen=True)
class Answer:
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def cause(self) -> object:
        """The cause of a failure."""
        return self.document["data"].get("cause")


def call(
    application: Any,
    method: str,
    target: str,
    *,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    chunks: list[bytes] | None = None,
) -> Answer:
    """Send one request to an ASGI application and return its answer.

    Args:
        application: The application.
        method: The method.
        target: Path and query.
        headers: Besides `Host`, which names the loopback unless they do.
        body: The whole body.
        chunks: The body in parts, without a declared length.
    """
    path, _, query = target.partition("?")
    sent = {"host": "127.0.0.1", **{k.lower(): v for k, v in (headers or {}).items()}}
    if chunks is None:
        sent.setdefault("content-length", str(len(body)))
    parts = [body] if chunks is None else list(chunks)
    got: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        got.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in sent.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }
    asyncio.run(application(scope, receive, send))
    start, *rest = got
    return Answer(
        start["status"],
        {key.decode(): value.decode() for key, value in start["headers"]},
        b"".join(message.get("body", b"") for message in rest),
    )


def post(application: Any, command: str, **arguments: object) -> Answer:
    """Call a command that changes something."""
    return call(
        application,
        "POST",
        f"/v1/{command}",
        headers={**AUTHORIZED, "Content-Type": "application/json"},
        body=json.dumps(arguments).encode(),
    )


def get(application: Any, target: str) -> Answer:
    """Call an operation that reads."""
    return call(application, "GET", target, headers=AUTHORIZED)


@contextmanager
def serving(root: Path, *arguments: str, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run the installed `orchestrator-api serve` in a process of its own; stop it at the end."""
    process = subprocess.Popen(
        [str(COMMAND), "orchestrator-api", "serve", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONWARNINGS": "error", **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
