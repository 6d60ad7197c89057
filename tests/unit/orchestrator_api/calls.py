"""Calls of the API in this process, each answer judged by the published schema as well as by the gate."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator

from specify_cli.orchestrator_api import execute
from tests.conftest import git
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from tests.unit.missions.lane_missions import MissionAtWork

PUBLISHED = Path(__file__).resolve().parents[3] / "contracts" / "published"
SCHEMA = json.loads((PUBLISHED / "orchestrator_api.schema.json").read_bytes())
ORACLE = Draft202012Validator(
    SCHEMA,
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)
DOCUMENTED = {*SCHEMA["$defs"]["FailureData"]["properties"]} | {
    *("mission_slug", "mission_number", "mission_type", "mission_id")
}
"""Keys of a failure that the reference has in its table."""
KEYS = [
    *("contract_version", "command", "timestamp", "correlation_id"),
    *("success", "error_code", "data"),
]
POLICY: dict[str, Any] = {
    "orchestrator_id": "door-orchestrator",
    "orchestrator_version": "0.1.2",
    "agent_family": "claude",
    "approval_mode": "full_auto",
    "sandbox_mode": "workspace_write",
    "network_mode": "none",
    "dangerous_flags": [],
}
IDENTITY = {
    "mission_slug": SLUG,
    "mission_number": None,
    "mission_type": "software-dev",
    "mission_id": "01KQ22DSA8G3W5V7T9Y1B3D5F7",
}
BOTH: dict[str, Any] = {"subtasks_complete": True, "implementation_evidence_present": True}


def judged(envelope: Any) -> Any:
    """Return an envelope that an independent validator of the published schema accepts, too."""
    assert list(envelope) == KEYS
    assert [error.message for error in ORACLE.iter_errors(json.loads(json.dumps(envelope)))] == []
    if not envelope["success"]:
        assert envelope["data"]["message"]
        assert envelope["data"]["fix"]
        assert set(envelope["data"]) - DOCUMENTED == set()
    return envelope


@dataclass(frozen=True)
class Caller:
    """An orchestrator of one mission."""

    work: MissionAtWork

    def __call__(self, command: str, **arguments: Any) -> Any:
        """Call a command; the mission is this one unless said otherwise, None leaves it out."""
        arguments = {"mission": SLUG, **arguments}
        given = {name: value for name, value in arguments.items() if value is not None}
        return judged(execute(command, given, start=self.work.root))

    def ok(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Call a command that succeeds; returns its data."""
        envelope = self(command, **arguments)
        assert envelope["success"], envelope["data"]
        assert envelope["command"] == f"orchestrator-api.{command}"
        data: dict[str, Any] = envelope["data"]
        return data

    def refused(self, command: str, code: str, **arguments: Any) -> dict[str, Any]:
        """Call a command that is refused and changes nothing; returns the data."""
        before = self.state()
        envelope = self(command, **arguments)
        assert envelope["error_code"] == code, envelope
        assert self.state() == before
        data: dict[str, Any] = envelope["data"]
        return data

    def start(self, wp: str = "WP01", actor: str = "claude") -> dict[str, Any]:
        """Start implementing."""
        return self.ok("start-implementation", wp=wp, actor=actor, policy=POLICY)

    def move(self, to: str, wp: str = "WP01", actor: str = "claude", **more: Any) -> dict[str, Any]:
        """Move a work package with a policy."""
        return self.ok("transition", wp=wp, to=to, actor=actor, policy=POLICY, **more)

    def build(self, wp: str = "WP01", actor: str = "claude", text: str = "x") -> dict[str, Any]:
        """Start, commit some work and hand it off."""
        started = self.start(wp, actor)
        self.work.commit(started["lane_id"], {f"src/part{int(wp[2:])}/work.txt": text})
        self.move("for_review", wp, actor, **BOTH)
        return started

    def deliver(self, wp: str = "WP01", actor: str = "claude", reviewer: str = "codex") -> None:
        """Take a work package from planned to approved."""
        self.build(wp, actor)
        self.ok("start-review", wp=wp, actor=reviewer, policy=POLICY)
        self.move("approved", wp, reviewer)

    def rows(self) -> list[Any]:
        """The rows of the log."""
        return list(self.work.rows())

    def state(self) -> tuple[str, str, bytes, list[str]]:
        """What a refused call must leave as it was."""
        root = self.work.root
        log = self.work.mission.log_file
        return (
            git(root, "for-each-ref", "--format=%(refname) %(objectname)"),
            git(root, "status", "--porcelain"),
            log.read_bytes() if log.exists() else b"",
            sorted(path.name for path in root.glob(".worktrees/*")),
        )
