"""The patched schema of a lane change says what the events package's own code says."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from spec_kitty_events.conformance.validators import validate_event

from codegen.sources import load_sources

ROOT = Path(__file__).resolve().parents[3]
LANES = [
    None,
    "genesis",
    "planned",
    "claimed",
    "in_progress",
    "for_review",
    "in_review",
    "approved",
    "done",
    "blocked",
    "canceled",
]
EVIDENCE = {
    "repos": [{"repo": "r", "branch": "b", "commit": "c"}],
    "review": {"reviewer": "codex", "verdict": "approved"},
}


@pytest.mark.parametrize("from_lane", LANES)
def test_it_agrees_with_the_package_for_every_pair_of_lanes(from_lane: str | None) -> None:
    schema = load_sources(ROOT).events["status_transition_payload"]
    validator = Draft202012Validator(schema)
    combinations = itertools.product(
        LANES[1:], (False, True), (None, " ", "why"), (None, "", "ref"), (None, EVIDENCE)
    )
    for to_lane, force, reason, review_ref, evidence in combinations:
        payload: dict[str, Any] = {
            "mission_slug": "m",
            "wp_id": "WP01",
            "from_lane": from_lane,
            "to_lane": to_lane,
            "actor": "claude",
            "force": force,
            "reason": reason,
            "review_ref": review_ref,
            "evidence": evidence,
            "execution_mode": "worktree",
        }
        theirs = validate_event(payload, "WPStatusChanged").valid
        assert validator.is_valid(payload) is theirs, payload


@pytest.mark.parametrize("actor", ["claude", " ", "", {}, {"role": "implementer"}, 7, None])
def test_it_agrees_about_actors(actor: object) -> None:
    schema = load_sources(ROOT).events["status_transition_payload"]
    payload = {
        "mission_slug": "m",
        "wp_id": "WP01",
        "to_lane": "planned",
        "actor": actor,
        "execution_mode": "worktree",
    }
    theirs = validate_event(payload, "WPStatusChanged").valid
    assert Draft202012Validator(schema).is_valid(payload) is theirs
