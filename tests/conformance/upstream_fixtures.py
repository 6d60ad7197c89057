"""The fixtures of the events package as documents that the gate can judge.

Upstream keeps payloads, envelopes, wrapped envelopes, streams, reducer results and more in one
manifest. Here each entry becomes the envelopes it stands for, or a reason why it stands for none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

ENVELOPE: dict[str, Any] = {
    "event_id": "01KQ22DT0000000000000000A1",
    "event_type": "MissionClosed",
    "aggregate_id": "01KQ22DSA8G3W5V7T9Y1B3D5F7",
    "aggregate_type": "Mission",
    "payload": {},
    "timestamp": "2026-11-21T07:13:00.123456+00:00",
    "build_id": "01KQ22DT0000000000000000B1",
    "node_id": "b805cd5cee74",
    "lamport_clock": 9,
    "causation_id": None,
    "project_uuid": "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
    "project_slug": "todo",
    "correlation_id": "01KQ22DT0000000000000000A1",
    "schema_version": "3.0.0",
    "data_tier": 0,
}
"""A canonical envelope around which a bare payload is put."""


@dataclass(frozen=True, slots=True)
class Fixture:
    """One entry of the manifest.

    Attributes:
        id: Identity of the entry.
        documents: Envelopes that must all be accepted, or must each be refused.
        is_valid: What the manifest says.
        not_judged: Why there is no document for the gate, or None.
    """

    id: str
    documents: tuple[object, ...]
    is_valid: bool
    not_judged: str | None = None


def envelope_for(event_type: str, payload: object) -> dict[str, Any]:
    """A canonical envelope of an event type around a payload."""
    return ENVELOPE | {"event_type": event_type, "payload": payload}


def load_upstream_fixtures() -> list[Fixture]:
    """Every entry of the installed package's manifest."""
    folder = resources.files("spec_kitty_events.conformance") / "fixtures"
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [_fixture(folder, entry) for entry in manifest["fixtures"]]


_NO_DOCUMENTS = {
    "reducer_output": "the expected result of a reducer; nothing that is sent",
    "timestamp_semantics": "a rule about what a consumer keeps; nothing that is sent",
}


def _fixture(folder: Traversable, entry: dict[str, Any]) -> Fixture:
    identity, kind = entry["id"], entry.get("fixture_type")
    is_valid = entry["expected_result"] == "valid"
    if kind in _NO_DOCUMENTS:
        return Fixture(identity, (), is_valid, _NO_DOCUMENTS[kind])
    text = (folder / entry["path"]).read_text(encoding="utf-8")
    if kind == "replay_stream":
        return Fixture(
            identity, tuple(_completed(json.loads(x)) for x in text.splitlines() if x), True
        )
    content = json.loads(text)
    event_type = entry["event_type"]
    if event_type in ("LaneMapping", "<lane-mapping>"):
        return Fixture(identity, tuple(map(_lane_document, _lanes(content))), is_valid)
    if isinstance(content, dict) and {"class", "expected", "input"} <= content.keys():
        content = content["input"]
    is_whole = event_type in ("Event", "LegacyEnvelope") or event_type.startswith("<")
    if is_whole or "event_id" in content:
        return Fixture(identity, (_completed(content),), is_valid)
    return Fixture(identity, (envelope_for(event_type, content),), is_valid)


def _completed(envelope: object) -> object:
    """Add the one key that the gate artefact asks for and upstream's envelope does not have."""
    if isinstance(envelope, dict) and "event_id" in envelope:
        return {"aggregate_type": "Mission"} | envelope
    return envelope


def _lanes(content: Any) -> list[object]:
    """Canonical lanes of a mapping; the legacy name where it has no canonical one."""
    if isinstance(content, list):
        return [entry["canonical"] for entry in content]
    return [content["input"].get("canonical_lane") or content["input"]["legacy_lane"]]


def _lane_document(lane: object) -> object:
    """An envelope that says that a work package was moved out of a lane."""
    return envelope_for(
        "WPStatusChanged",
        {
            "mission_slug": "fixture-mission",
            "wp_id": "WP01",
            "from_lane": lane,
            "to_lane": "planned",
            "actor": "fixture-actor",
            "force": True,
            "reason": "the lane of a fixture",
            "execution_mode": "worktree",
        },
    )
