"""Envelopes carry the project's identity, conform to the contract, and never leave otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from spec_kitty_events.conformance import validate_event
from spec_kitty_events.cutover import CUTOVER_ARTIFACT, assert_canonical_cutover_signal

from specify_cli.events.envelope import (
    Stamp,
    mission_closed,
    mission_created,
    schema_version,
    wp_status_changed,
)
from specify_cli.identity.project import ProjectIdentity
from specify_cli.kernel.gate import ContractViolation, check

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.mission import MissionClosedPayload, MissionCreatedPayload
    from spec_kitty_contracts.wire.status_rows import TransitionRow

IDENTITY = ProjectIdentity(
    project_uuid="ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
    project_slug="todo",
    repo_slug="owner/todo",
    build_id="01KQ22DT0000000000000000B1",
    node_id="b805cd5cee74",
)
COMMAND = "01KQ22DT0000000000000000C1"
STAMP = Stamp("01KQ22DT0000000000000000A1", "2026-11-21T07:13:00.123456+00:00", 9)
MISSION = "01KQ22DSA8G3W5V7T9Y1B3D5F7"
CREATED: MissionCreatedPayload = {
    "mission_slug": "todo-app-01KQ22DS",
    "mission_number": None,
    "mission_type": "software-dev",
    "friendly_name": "Todo app",
    "purpose_tldr": "Keep a list.",
    "purpose_context": "People forget things.",
    "target_branch": "kitty/mission-todo-app-01KQ22DS",
    "wp_count": 0,
    "mission_id": MISSION,
    "created_at": "2026-11-21T07:13:00.123456+00:00",
}
CLOSED: MissionClosedPayload = {
    "mission_slug": "todo-app-01KQ22DS",
    "mission_number": 7,
    "mission_type": "software-dev",
}


def a_row() -> TransitionRow:
    return {
        "event_id": STAMP.event_id,
        "mission_slug": "todo-app-01KQ22DS",
        "mission_id": MISSION,
        "wp_id": "WP01",
        "from_lane": "planned",
        "to_lane": "claimed",
        "at": STAMP.at,
        "actor": "claude",
        "force": False,
        "execution_mode": "worktree",
        "reason": None,
        "review_ref": None,
        "evidence": None,
        "policy_metadata": {"kept": "here only"},
        "build_id": "01KQ22DT0000000000000000B2",
        "lamport_clock": 3,
    }


@pytest.mark.proves("001 FR-007", "001 FR-018")
def test_a_lane_change_is_an_event_of_its_work_package() -> None:
    event = wp_status_changed(IDENTITY, a_row(), correlation_id=COMMAND)
    assert event["event_type"] == "WPStatusChanged"
    assert (event["aggregate_type"], event["aggregate_id"]) == ("WorkPackage", "WP01")
    assert event["schema_version"] == CUTOVER_ARTIFACT.cutover_contract_version
    assert (event["event_id"], event["timestamp"], event["lamport_clock"]) == (
        STAMP.event_id,
        STAMP.at,
        3,
    )
    assert (event["project_uuid"], event["project_slug"], event["node_id"]) == (
        IDENTITY.project_uuid,
        "todo",
        IDENTITY.node_id,
    )
    assert (event["correlation_id"], event["causation_id"]) == (COMMAND, None)
    assert "policy_metadata" not in event["payload"]
    assert "mission_id" not in event["payload"]


@pytest.mark.proves("001 FR-008")
def test_an_event_carries_the_build_that_wrote_its_row() -> None:
    assert wp_status_changed(IDENTITY, a_row())["build_id"] == "01KQ22DT0000000000000000B2"


def test_a_row_of_the_existing_cli_takes_the_build_of_this_checkout() -> None:
    row = a_row()
    del row["build_id"], row["lamport_clock"]
    event = wp_status_changed(IDENTITY, row)
    assert (event["build_id"], event["lamport_clock"]) == (IDENTITY.build_id, 0)


@pytest.mark.parametrize(
    ("to_lane", "force", "on_the_wire"),
    [
        ("planned", False, None),
        ("planned", True, None),
        ("in_progress", True, None),
        ("canceled", True, None),
        # The contract has no way from nowhere to there.
        ("canceled", False, "genesis"),
    ],
)
def test_the_first_move_of_a_work_package_comes_from_no_lane_on_the_wire(
    to_lane: Any, force: bool, on_the_wire: str | None
) -> None:
    row = a_row()
    row |= {"from_lane": "genesis", "to_lane": to_lane, "force": force, "reason": "go on"}
    event = wp_status_changed(IDENTITY, row)
    assert event["payload"]["from_lane"] == on_the_wire
    assert row["from_lane"] == "genesis"
    assert validate_event(dict(event), "WPStatusChanged", strict=True).valid


@pytest.mark.proves("001 FR-002")
def test_creation_and_closing_are_events_of_the_mission() -> None:
    created = mission_created(IDENTITY, CREATED, STAMP, correlation_id=COMMAND)
    closed = mission_closed(IDENTITY, CLOSED, STAMP, mission_id=MISSION, causation_id=COMMAND)
    assert (created["event_type"], closed["event_type"]) == ("MissionCreated", "MissionClosed")
    for event in (created, closed):
        assert (event["aggregate_type"], event["aggregate_id"]) == ("Mission", MISSION)
        assert event["build_id"] == IDENTITY.build_id
    assert created["payload"] == CREATED
    assert closed["causation_id"] == closed["correlation_id"] == COMMAND


def test_a_mission_without_a_ulid_is_known_by_its_slug() -> None:
    closed = mission_closed(IDENTITY, CLOSED, STAMP, mission_id=None)
    assert closed["aggregate_id"] == CLOSED["mission_slug"]
    assert closed["correlation_id"] == STAMP.event_id


@pytest.mark.proves("001 NFR-002")
def test_the_upstream_package_accepts_every_envelope() -> None:
    for event in (
        wp_status_changed(IDENTITY, a_row(), correlation_id=COMMAND),
        mission_created(IDENTITY, CREATED, STAMP),
        mission_closed(IDENTITY, CLOSED, STAMP, mission_id=MISSION),
    ):
        check("envelope", event)
        assert_canonical_cutover_signal(dict(event))
        result = validate_event(dict(event), event["event_type"], strict=True)
        assert result.valid, (result.model_violations, result.schema_violations)
        whole = validate_event(dict(event), "Event", strict=True)
        assert whole.valid, (whole.model_violations, whole.schema_violations)


def test_an_event_that_does_not_conform_is_never_returned() -> None:
    row = a_row()
    row["actor"] = ""
    with pytest.raises(ContractViolation) as refused:
        wp_status_changed(IDENTITY, row)
    assert "$.payload.actor" in refused.value.message
    with pytest.raises(ContractViolation, match="mission_number"):
        mission_closed(IDENTITY, {**CLOSED, "mission_number": 0}, STAMP, mission_id=MISSION)
    with pytest.raises(ContractViolation, match="event_id"):
        mission_created(IDENTITY, CREATED, Stamp("x", STAMP.at, 1))


def test_the_version_on_the_wire_is_that_of_the_cutover_artefact() -> None:
    assert schema_version() == CUTOVER_ARTIFACT.cutover_contract_version
