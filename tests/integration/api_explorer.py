"""Schemathesis against the HTTP application: every check, every phase, on a real project."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import schemathesis
from schemathesis.engine import events, from_schema

from specify_cli.orchestrator_api.examples import REPORT
from tests.integration.http_lab import AUTHORIZED

if TYPE_CHECKING:
    from tests.integration.http_lab import Lab

PHASES = ("examples", "coverage", "fuzzing", "stateful")
BASE_URL = "http://127.0.0.1"
EXAMPLES = int(os.environ.get("SPEC_KITTY_API_EXAMPLES", "12"))
"""Requests for each operation in the phases without an end; `make test-api` asks for more."""
# No check is left out. Two are told more than they know of themselves: 422 is how the API says that it
# understood a request and refuses it by a rule no schema can state: a policy that the lane asks for, a
# text that looks like a secret, a merge strategy, a lane or an agent that is none. 413 refuses a body
# before anybody looks into it.
CHECKS = {
    "positive_data_acceptance": {"expected-statuses": ["2xx", "401", "404", "409", "422"]},
    "negative_data_rejection": {
        "expected-statuses": ["400", "401", "404", "405", "409", "413", "415", "422"]
    },
}


def configuration(
    slug: str, *, phases: tuple[str, ...], examples: int, seed: int
) -> dict[str, Any]:
    """Return the configuration of a run, as a schemathesis.toml has it.

    Args:
        slug: The mission of the project: random text would never name one.
        phases: What to run.
        examples: How many requests for each operation, where the phase does not say itself.
        seed: What chance begins with.
    """
    words = slug.rpartition("-")[0]
    often = {"probability": 0.8}
    return {
        "seed": seed,
        "base-url": BASE_URL,
        "headers": AUTHORIZED,
        "continue-on-failure": True,
        "checks": CHECKS,
        "generation": {"max-examples": examples, "database": "none"},
        "phases": {phase: {"enabled": phase in phases} for phase in PHASES},
        "dictionaries": {
            "missions": {"values": [slug, slug, words]},
            "packages": {"values": ["WP01", "WP02", "wp1"]},
            "lanes": {
                "values": [
                    *("planned", "claimed", "doing", "in_progress", "for_review", "in_review"),
                    *("approved", "done", "blocked", "canceled"),
                ]
            },
            "agents": {"values": ["claude", "codex"]},
            "strategies": {"values": ["merge", "squash", "rebase"]},
            "types": {"values": ["software-dev", "research"]},
            "reports": {"values": [REPORT]},
        },
        "parameters": {
            "query.mission": {"dictionary": "missions", **often},
            "body.mission": {"dictionary": "missions", **often},
            "body.wp": {"dictionary": "packages", **often},
            "body.to": {"dictionary": "lanes", **often},
            "body.actor": {"dictionary": "agents", **often},
            "body.strategy": {"dictionary": "strategies", **often},
            "body.mission_type": {"dictionary": "types", **often},
            "body.report": {"dictionary": "reports", **often},
        },
    }


def load(application: Any, config: dict[str, Any]) -> Any:
    """Load the document that an application serves."""
    return schemathesis.openapi.from_asgi(
        "/openapi.json",
        application,
        config=schemathesis.Config.from_dict(config),
        headers={**AUTHORIZED, "Host": "127.0.0.1"},
    )


@dataclass(frozen=True)
class Explored:
    """What a run saw.

    Attributes:
        failures: One text for each check that failed, and each thing that went wrong.
        statuses: How often each operation answered with each status.
        checks: The names of the checks that were made.
    """

    failures: list[str] = field(default_factory=list)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    checks: set[str] = field(default_factory=set)

    def answered(self, label: str) -> set[int]:
        """Return the statuses that an operation answered with."""
        return {status for (name, status) in self.statuses if name == label}


def explore(
    lab: Lab, *phases: str, examples: int = EXAMPLES, seed: int = 7, only: str = ""
) -> Explored:
    """Run phases against a project and return what they saw.

    Args:
        lab: The project; it is changed.
        phases: Some of `PHASES`.
        examples: See `EXAMPLES`.
        seed: What chance begins with.
        only: The one operation to look at; all without it.
    """
    config = configuration(lab.slug, phases=phases, examples=examples, seed=seed)
    schema = load(lab.application, config)
    if only:
        schema = schema.include(operation_id=only)
    seen = Explored()
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            _look_at(event.recorder, seen)
        elif isinstance(event, events.NonFatalError):
            seen.failures.append(f"{event.label}: {event.value!r}")
        elif isinstance(event, events.FatalError):
            seen.failures.append(repr(event.exception))
        elif isinstance(event, events.EngineFinished):
            seen.failures.extend(map(str, event.failures))
    return seen


def _look_at(recorder: Any, seen: Explored) -> None:
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            label = recorder.cases[case_id].value.operation.label
            seen.statuses[label, interaction.response.status_code] += 1
    for case_id, checks in recorder.checks.items():
        for check in checks:
            seen.checks.add(check.name)
            if check.failure_info is None:
                continue
            failure = check.failure_info.failure
            response = recorder.interactions[case_id].response
            answer = "" if response is None else f"{response.status_code} {response.text[:800]}"
            told = f"{check.name}: {failure.operation}: {failure.title}\n{failure.message}"
            seen.failures.append(f"{told}\n{check.failure_info.code_sample}\n{answer}")
