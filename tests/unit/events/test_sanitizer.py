"""Nothing about persons and machines gets into a log."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.events.sanitizer import PERSONAL_KEYS, sanitize_event_for_log

START, END = "2026-11-21T07:00:00+00:00", "2026-11-21T07:01:30.900000+00:00"


@pytest.mark.proves("004 FR-006")
@pytest.mark.parametrize("key", sorted(PERSONAL_KEYS))
def test_personal_keys_are_removed_at_every_depth(key: str) -> None:
    event: dict[str, Any] = {
        key: "x",
        "payload": {key: "x", "list": [{key: "x", "kept": [[{key: 1}]]}]},
        "a": 1,
    }
    assert sanitize_event_for_log(event) == {
        "payload": {"list": [{"kept": [[{}]]}]},
        "a": 1,
    }


@pytest.mark.proves("004 FR-007")
def test_session_times_become_a_duration_in_whole_seconds() -> None:
    assert sanitize_event_for_log({"session_started_at": START, "session_ended_at": END}) == {
        "session_duration_s": 90
    }


def test_session_times_inside_the_payload_become_a_duration_too() -> None:
    event: dict[str, Any] = {
        "payload": {"runs": [{"session_started_at": START, "session_ended_at": END}]}
    }
    assert sanitize_event_for_log(event) == {"payload": {"runs": [{"session_duration_s": 90}]}}


@pytest.mark.parametrize(
    "event",
    [
        {"session_started_at": START},
        {"session_ended_at": END},
        {"session_started_at": START, "session_ended_at": "soon"},
        {"session_started_at": 5, "session_ended_at": END},
        {"session_started_at": None, "session_ended_at": None},
    ],
)
def test_lone_or_unreadable_session_times_are_removed(event: dict[str, Any]) -> None:
    assert sanitize_event_for_log(event) == {}


def test_times_with_and_without_a_zone_can_be_subtracted() -> None:
    event = {"session_started_at": "2026-11-21T07:00:00", "session_ended_at": END}
    assert sanitize_event_for_log(event) == {"session_duration_s": 90}


def test_an_object_that_contains_itself_becomes_empty_there() -> None:
    event: dict[str, Any] = {"a": 1}
    event["self"] = event
    event["list"] = [event]
    assert sanitize_event_for_log(event) == {"a": 1, "self": {}, "list": [{}]}
    endless: list[Any] = []
    endless.append(endless)
    assert sanitize_event_for_log({"list": endless}) == {"list": [[]]}


def test_an_object_that_appears_twice_is_kept_twice() -> None:
    shared: dict[str, Any] = {"a": 1}
    assert sanitize_event_for_log({"x": shared, "y": shared}) == {"x": {"a": 1}, "y": {"a": 1}}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(sorted(PERSONAL_KEYS)), inner)
    ),
    max_leaves=20,
)


@pytest.mark.proves("004 FR-009")
@settings(deadline=None)
@given(st.dictionaries(st.text() | st.sampled_from(sorted(PERSONAL_KEYS)), JSON))
def test_the_input_stays_as_it_is_and_the_result_is_clean_and_final(event: dict[str, Any]) -> None:
    before = copy.deepcopy(event)
    clean = sanitize_event_for_log(event)
    assert event == before
    assert not PERSONAL_KEYS & keys_of(clean)
    assert sanitize_event_for_log(clean) == clean


def keys_of(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys_of, value.values()))
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    return set()
