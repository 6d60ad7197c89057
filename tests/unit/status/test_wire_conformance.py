"""Every row that can be written is an event that the upstream package accepts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from spec_kitty_events.conformance import validate_event
from spec_kitty_events.cutover import assert_canonical_cutover_signal

from specify_cli.events.envelope import wp_status_changed
from specify_cli.identity.project import load_identity
from specify_cli.kernel.gate import check
from specify_cli.status.lanes import DISPLAY_LANES, Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import EDGES, RESUME, TransitionRequest

if TYPE_CHECKING:
    from tests.unit.status.conftest import Lab

APPROVAL: dict[str, Any] = {"reviewer": "rev", "verdict": "approved", "reference": "review-1"}
REJECTION: dict[str, Any] = {**APPROVAL, "verdict": "changes_requested"}
EDGE_CASES = [(source, target) for source, targets in EDGES.items() for target in targets]


def facts(source: Lane, target: Lane) -> dict[str, Any]:
    """Return what the guard of an edge asks for, and nothing more."""
    approving = target in (Lane.APPROVED, Lane.DONE)
    if source is Lane.IN_REVIEW:
        return {"review_result": APPROVAL if approving else REJECTION}
    if approving:
        return {"evidence": {"review": APPROVAL}}
    if source is Lane.APPROVED and target in (Lane.IN_PROGRESS, Lane.PLANNED):
        return {"review_ref": "review-2"}
    if (source, target) == (Lane.IN_PROGRESS, Lane.PLANNED):
        return {"reason": "no time"}
    return {
        "workspace_context": "lane-a",
        "subtasks_complete": True,
        "implementation_evidence_present": True,
    }


def bring_to(lab: Lab, wp_id: str, *lanes: Lane) -> None:
    with MissionStatus.change(lab.mission_log, message="Bring") as change:
        for lane in lanes:
            if change.board.lane(wp_id) is not lane:
                change.transition(TransitionRequest(wp_id, lane, "boss", force=True, reason="test"))


def judge(lab: Lab) -> None:
    """Let both oracles judge every row of the log."""
    identity = load_identity(lab.project)
    for line in lab.log.read_bytes().splitlines():
        row: Any = json.loads(line)
        check("status_row", row)
        event = dict(wp_status_changed(identity, row))
        assert_canonical_cutover_signal(event)
        result = validate_event(event, "WPStatusChanged", strict=True)
        assert result.valid, (row, result.model_violations, result.schema_violations)


@pytest.mark.proves("001 FR-018", "001 NFR-002")
def test_every_edge_is_an_event_that_the_upstream_package_accepts(lab: Lab) -> None:
    for number, (source, target) in enumerate(EDGE_CASES, 1):
        wp_id = f"WP{number:02d}"
        if source is not Lane.GENESIS:
            bring_to(lab, wp_id, source)
        with MissionStatus.change(lab.mission_log, message="Step") as change:
            change.transition(TransitionRequest(wp_id, target, "claude", **facts(source, target)))
    assert len(MissionStatus.load(lab.mission_log).board.work_packages) == len(EDGE_CASES) == 29
    judge(lab)


def test_every_return_from_blocked_is_an_event_that_the_upstream_package_accepts(lab: Lab) -> None:
    for number, lane in enumerate(RESUME, 1):
        wp_id = f"WP{number:02d}"
        bring_to(lab, wp_id, lane, Lane.BLOCKED)
        with MissionStatus.change(lab.mission_log, message="Return") as change:
            change.transition(TransitionRequest(wp_id, lane, "claude", **facts(Lane.BLOCKED, lane)))
    board = MissionStatus.load(lab.mission_log).board
    assert [state.lane for state in board.work_packages.values()] == list(RESUME)
    judge(lab)


def test_every_forced_change_is_an_event_that_the_upstream_package_accepts(lab: Lab) -> None:
    pairs = [(source, target) for source in DISPLAY_LANES for target in DISPLAY_LANES]
    for number, (source, _target) in enumerate(pairs, 1):
        bring_to(lab, f"WP{number:02d}", source)
        if number % 9:
            continue
        with MissionStatus.change(lab.mission_log, message="Force") as change:
            for earlier in range(number - 8, number + 1):
                change.transition(
                    TransitionRequest(
                        f"WP{earlier:02d}",
                        pairs[earlier - 1][1],
                        {"tool": "claude", "role": "operator"},
                        force=True,
                        reason="the operator says so",
                    )
                )
    judge(lab)
