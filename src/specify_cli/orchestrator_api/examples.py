"""What a schema cannot say about the API: an example of each request, and what can follow what."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICY: Final[Mapping[str, object]] = MappingProxyType(
    {
        "orchestrator_id": "door-orchestrator",
        "orchestrator_version": "1.0.0",
        "agent_family": "claude",
        "approval_mode": "full_auto",
        "sandbox_mode": "workspace_write",
        "network_mode": "none",
        "dangerous_flags": [],
    }
)
"""An example of a policy."""
_WORK: Final[Mapping[str, object]] = MappingProxyType({"actor": "claude", "policy": dict(POLICY)})
_REVIEW: Final[Mapping[str, object]] = MappingProxyType({"actor": "codex", "policy": dict(POLICY)})
_DECISION: Final = "01KQ22DT0000000000000000D1"
_VOUCHED: Final = {"subtasks_complete": True, "implementation_evidence_present": True}

REVIEW_RESULT: Final[Mapping[str, object]] = MappingProxyType(
    {
        "reviewer": "codex",
        "verdict": "approved",
        "reference": "https://forge.example/door-counter/pull/7",
    }
)
"""An example of the verdict of a review."""
EVIDENCE: Final[Mapping[str, object]] = MappingProxyType(
    {
        "review": dict(REVIEW_RESULT),
        "repos": [{"repo": "door-counter", "branch": "main", "commit": "4f2a91c"}],
        "verification": [{"command": "make test", "result": "pass"}],
    }
)
"""An example of what an approval rests on."""

REPORT: Final = """# Analysis: Door counter

| Severity | Place | Problem | Proposed change |
|---|---|---|---|
| low | WP02 | It names no test for a total of zero. | Add one to its steps. |

Every requirement is met by a work package, and no two of them change one file.

Verdict: ready.
"""
"""An example of the report of an analysis."""

EXAMPLES: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "contract-version": {"provider_version": "0.1.2"},
        "mission-state": {"mission": "door-counter"},
        "list-ready": {"mission": "door-counter"},
        "resolve-workspace": {"mission": "door-counter", "wp": "WP01"},
        "start-implementation": {"mission": "door-counter", "wp": "WP01", **_WORK},
        "start-review": {"mission": "door-counter", "wp": "WP01", **_REVIEW},
        "transition": {
            "mission": "door-counter",
            "wp": "WP01",
            "to": "for_review",
            **_WORK,
            **_VOUCHED,
        },
        "append-history": {
            "mission": "door-counter",
            "wp": "WP01",
            "actor": "claude",
            "note": "Tests pass on both platforms.",
        },
        "accept-mission": {"mission": "door-counter", "actor": "claude"},
        "merge-mission": {"mission": "door-counter", "strategy": "merge", "actor": "claude"},
        "specify": {
            "mission": "Door counter",
            "mission_type": "software-dev",
            "topology": "single_branch",
            "policy": dict(POLICY),
        },
        "plan": {"mission": "door-counter", "policy": dict(POLICY)},
        "tasks": {"mission": "door-counter", **_WORK},
        "check-prerequisites": {"mission": "door-counter", "include_tasks": True},
        "record-analysis": {
            "mission": "door-counter",
            "report": REPORT,
            "agent": "claude",
            "policy": dict(POLICY),
        },
        "open-decision": {
            "mission": "door-counter",
            "origin": "specify",
            "slot_key": "specify.storage",
            "input_key": "storage",
            "question": "Where is the total kept?",
            "options": ["a file", "a database"],
            **_WORK,
        },
        "resolve-decision": {
            "mission": "door-counter",
            "decision_id": _DECISION,
            "final_answer": "a file",
            "rationale": "One reader, few writes.",
            **_WORK,
        },
        "defer-decision": {
            "mission": "door-counter",
            "decision_id": _DECISION,
            "rationale": "The owner is away until Monday.",
            **_WORK,
        },
        "cancel-decision": {
            "mission": "door-counter",
            "decision_id": _DECISION,
            "rationale": "Nothing is stored any more.",
            **_WORK,
        },
        "answer-decision": {
            "mission": "door-counter",
            "agent": "claude",
            "answer": "north",
            "decision_id": "input:region",
            "policy": dict(POLICY),
        },
        "design-status": {"mission": "door-counter"},
    }
)
"""One example of the arguments of each command."""


class Link(NamedTuple):
    """A request that an answer makes possible.

    Mission and work package of the request come from the answer.

    Attributes:
        name: Its name, unique for the source.
        source: The command that answered.
        target: The command to call.
        constants: Further arguments.
    """

    name: str
    source: str
    target: str
    constants: Mapping[str, object] = MappingProxyType({})


LINKS: Final[tuple[Link, ...]] = (
    Link("ready", "mission-state", "list-ready"),
    Link("workspace", "mission-state", "resolve-workspace"),
    Link("note", "mission-state", "append-history", EXAMPLES["append-history"]),
    Link("accept", "mission-state", "accept-mission", {"actor": "claude"}),
    Link("implement", "mission-state", "start-implementation", _WORK),
    Link("prerequisites", "mission-state", "check-prerequisites"),
    Link("plan", "specify", "plan", {"policy": dict(POLICY)}),
    Link("tasks", "plan", "tasks", _WORK),
    Link("prerequisites", "tasks", "check-prerequisites", {"include_tasks": True}),
    Link("analyse", "tasks", "record-analysis", EXAMPLES["record-analysis"]),
    Link("ready", "tasks", "list-ready"),
    Link("tasks", "check-prerequisites", "tasks", _WORK),
    Link("state", "list-ready", "mission-state"),
    Link("implement", "list-ready", "start-implementation", _WORK),
    Link("implement", "resolve-workspace", "start-implementation", _WORK),
    Link("workspace", "start-implementation", "resolve-workspace"),
    Link("note", "start-implementation", "append-history", EXAMPLES["append-history"]),
    Link("again", "start-implementation", "start-implementation", _WORK),
    Link("hand-over", "start-implementation", "transition", {"to": "for_review", **_WORK, **_VOUCHED}),
    Link("block", "start-implementation", "transition", {"to": "blocked", **_WORK}),
    Link("review", "transition", "start-review", _REVIEW),
    Link("resume", "transition", "transition", {"to": "in_progress", **_WORK}),
    Link("state", "transition", "mission-state"),
    Link("approve", "start-review", "transition", {"to": "approved", **_REVIEW}),
    Link("rework", "start-review", "transition", {"to": "in_progress", **_REVIEW}),
    Link("state", "append-history", "mission-state"),
    Link("merge", "accept-mission", "merge-mission", {"actor": "claude"}),
    Link("state", "merge-mission", "mission-state"),
)  # fmt: skip
"""What can follow what."""
