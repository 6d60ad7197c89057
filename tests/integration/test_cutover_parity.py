"""What users of `next` had before the cutover they have after it (000 FR-017).

The expectations are facts about the existing CLI: its steps, its decision document, its exit
statuses and its status rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

DECISION_KEYS = {
    *("kind", "agent", "mission_slug", "mission_number", "mission_type", "mission"),
    *("mission_state", "timestamp", "action", "wp_id", "workspace_path", "prompt_file", "reason"),
    *("guard_failures", "progress", "origin", "run_id", "step_id", "decision_id", "input_key"),
    *("question", "options", "is_query", "preview_step"),
}
PROGRESS_KEYS = {
    *("total_wps", "done_wps", "approved_wps", "in_progress_wps", "planned_wps"),
    *("for_review_wps", "weighted_percentage"),
}
ROW_KEYS = {
    *("actor", "at", "event_id", "evidence", "execution_mode", "force", "from_lane", "mission_id"),
    *("mission_slug", "policy_metadata", "reason", "review_ref", "to_lane", "wp_id"),
}
ADDED_ROW_KEYS = {"build_id", "lamport_clock", "review_result"}
CLAUDE = ("next", "--agent", "claude", "--json")


def rows(mission: Path) -> list[dict[str, object]]:
    """Return the lane changes in a mission's log."""
    path = mission / "status.events.jsonl"
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [row for row in found if "to_lane" in row]


@pytest.mark.proves("000 FR-017")
def test_a_query_has_the_same_keys_and_status_and_previews_the_same_first_step(
    mission: Path, cli: Callable[..., Ran]
) -> None:
    ran = cli(mission, "next", "--json")
    assert ran.status == 0
    assert ran.document.keys() >= DECISION_KEYS
    assert (ran.document["kind"], ran.document["is_query"]) == ("query", True)
    assert ran.document["preview_step"] == "discovery"
    assert ran.document["run_id"] is None


@pytest.mark.proves("000 FR-017")
def test_the_first_advancing_call_issues_the_first_step_and_completes_nothing(
    mission: Path, cli: Callable[..., Ran]
) -> None:
    ran = cli(mission, *CLAUDE, "--result", "success")
    assert ran.status == 0
    assert ran.document.keys() >= DECISION_KEYS
    assert (ran.document["kind"], ran.document["step_id"]) == ("step", "discovery")
    assert ran.document["prompt_file"]


@pytest.mark.proves("000 FR-017")
def test_a_step_whose_guard_is_not_met_is_given_again_with_status_0(
    mission: Path, cli: Callable[..., Ran]
) -> None:
    cli(mission, *CLAUDE, "--result", "success")
    ran = cli(mission, *CLAUDE, "--result", "success")
    assert ran.status == 0
    assert (ran.document["kind"], ran.document["step_id"]) == ("step", "discovery")
    assert ran.document["guard_failures"]


@pytest.mark.proves("000 FR-017")
@pytest.mark.parametrize("result", ["failed", "blocked"])
def test_a_failure_is_a_blocked_decision_with_status_1(
    mission: Path, cli: Callable[..., Ran], result: str
) -> None:
    cli(mission, *CLAUDE, "--result", "success")
    ran = cli(mission, *CLAUDE, "--result", result)
    assert ran.status == 1
    assert ran.document["kind"] == "blocked"
    assert ran.document["reason"]


@pytest.mark.proves("000 FR-017")
@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("--mission", "no-such-mission"), 1), (("--no-such-option",), 2)],
)
def test_a_wrong_call_ends_with_the_same_status(
    mission: Path, cli: Callable[..., Ran], arguments: tuple[str, ...], status: int
) -> None:
    ran = cli(mission, *CLAUDE, *arguments)
    assert ran.status == status
    assert ran.document["result"] == "error"


@pytest.mark.proves("000 FR-017")
def test_finalised_tasks_and_a_claim_are_the_same_status_rows(
    finalized_mission: Path, cli: Callable[..., Ran]
) -> None:
    ran = cli(finalized_mission, "implement", "WP01", "--agent", "claude", "--json")
    assert ran.status == 0, ran.stdout
    changes = [(row["wp_id"], row["from_lane"], row["to_lane"]) for row in rows(finalized_mission)]
    assert changes == [
        ("WP01", "genesis", "planned"),
        ("WP02", "genesis", "planned"),
        ("WP01", "planned", "claimed"),
        ("WP01", "claimed", "in_progress"),
    ]
    for row in rows(finalized_mission):
        assert row.keys() >= ROW_KEYS
        assert row.keys() - ROW_KEYS <= ADDED_ROW_KEYS

    query = cli(finalized_mission, "next", "--json")
    assert query.document["progress"].keys() >= PROGRESS_KEYS
    assert query.document["progress"]["total_wps"] == 2
