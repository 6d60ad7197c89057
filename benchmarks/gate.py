"""What the gate costs: loading it for one event, and checking events (DESIGN.md, budgets)."""

from __future__ import annotations

import json
import subprocess
import sys
import timeit
from typing import TYPE_CHECKING, Any

from tools.environments import clean_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LOAD_BUDGET_MS = 10.0
EVENT_BUDGET_US = 20.0

ENVELOPE: dict[str, Any] = {
    "event_id": "01KQ22DT0000000000000000A1",
    "event_type": "WPStatusChanged",
    "aggregate_id": "WP01",
    "aggregate_type": "WorkPackage",
    "payload": {
        "mission_slug": "todo-app-01KQ22DS",
        "wp_id": "WP01",
        "from_lane": "in_review",
        "to_lane": "approved",
        "actor": {"role": "reviewer", "profile": "claude", "tool": "claude", "model": "opus"},
        "force": False,
        "reason": None,
        "execution_mode": "worktree",
        "review_ref": "review-cycle-1",
        "evidence": {
            "repos": [
                {"repo": "todo", "branch": "kitty/mission-todo-app-lane-a", "commit": "3a0e4af"}
            ],
            "verification": [{"command": "pytest", "result": "passed", "summary": None}],
            "review": {"reviewer": "claude", "verdict": "approved", "reference": None},
        },
    },
    "timestamp": "2026-11-21T07:13:00.123456+00:00",
    "build_id": "01KQ22DT0000000000000000B1",
    "node_id": "b805cd5cee74",
    "lamport_clock": 3,
    "causation_id": None,
    "project_uuid": "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
    "project_slug": "todo",
    "correlation_id": "01KQ22DT0000000000000000A1",
    "schema_version": "3.0.0",
    "data_tier": 0,
}
"""A full event: the approval of a work package, with its evidence."""

SMALL_ENVELOPE: dict[str, Any] = ENVELOPE | {
    "payload": {
        "mission_slug": "todo-app-01KQ22DS",
        "wp_id": "WP01",
        "from_lane": "planned",
        "to_lane": "claimed",
        "actor": "claude",
        "force": False,
        "reason": None,
        "execution_mode": "worktree",
        "review_ref": None,
        "evidence": None,
    }
}
"""The most frequent event: a claim."""

_LOAD = """
import sys, time
started = time.perf_counter()
{statement}
print(time.perf_counter() - started)
print(*sorted(sys.modules))
"""
LOAD_GATE = (
    "from spec_kitty_contracts.gate import violations\n"
    'assert violations("envelope", {"event_type": "WPStatusChanged", "payload": {}})'
)
"""Everything that the first event of a process pays: the gate, the envelope, one family."""


def seconds_to_run(statement: str, rounds: int = 15) -> float:
    """Seconds that a statement takes in a fresh interpreter, start-up not counted; the least."""
    return min(float(_fresh(statement)[0]) for _ in range(rounds))


def modules_after(statement: str) -> set[str]:
    """Names of the modules that are loaded after a statement in a fresh interpreter."""
    return set(_fresh(statement)[1].split())


def _fresh(statement: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", _LOAD.format(statement=statement)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=clean_variables(),
        check=True,
    )
    return done.stdout.splitlines()


def seconds_per_call(call: Callable[[], object], repeats: int = 15, number: int = 300) -> float:
    """Seconds that one call takes; the least of several repeats."""
    return min(timeit.repeat(call, repeat=repeats, number=number)) / number


def seconds_per_event(envelope: Mapping[str, Any], repeats: int = 15) -> float:
    """Seconds that the gate takes for an envelope that conforms."""
    from spec_kitty_contracts.gate import violations

    if violations("envelope", envelope):
        raise ValueError("the benchmark's envelope does not conform")
    return seconds_per_call(lambda: violations("envelope", envelope), repeats)


def run() -> dict[str, float]:
    """Measure the gate and what it stands against.

    Returns:
        Name of the number to the number; times are the least of several runs.
    """
    from jsonschema import Draft202012Validator, FormatChecker

    from codegen.sources import load_sources
    from tools.environments import ROOT

    sources = load_sources(ROOT)
    name = sources.event_types[ENVELOPE["event_type"]]
    checkers = [
        Draft202012Validator(sources.events[schema], format_checker=FormatChecker())
        for schema in ("event", name)
    ]

    def reference() -> bool:
        return checkers[0].is_valid(ENVELOPE) and checkers[1].is_valid(ENVELOPE["payload"])

    event = seconds_per_event(ENVELOPE)
    return {
        "load for one event, ms (budget 10)": seconds_to_run(LOAD_GATE) * 1e3,
        "import json, ms": seconds_to_run("import json") * 1e3,
        "event with evidence, µs (budget 20)": event * 1e6,
        "claim event, µs (budget 20)": seconds_per_event(SMALL_ENVELOPE) * 1e6,
        "json.dumps of the event, µs": seconds_per_call(lambda: json.dumps(ENVELOPE)) * 1e6,
        "jsonschema, compiled once, times the gate": seconds_per_call(reference, 5, 20) / event,
    }


def main() -> None:
    """Print the numbers as a table."""
    for name, value in run().items():
        print(f"{name:<45} {value:10.2f}")


if __name__ == "__main__":
    main()
