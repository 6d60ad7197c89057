"""What must never get into a log or a queue: who sits where (004 FR-006 to FR-009)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.kernel.json_types import JsonObject, JsonValue

PERSONAL_KEYS = frozenset(
    {"machine_name", "hostname", "workspace_path", "developer_name", "developer_email"}
)
"""Keys removed at every depth."""

_STARTED, _ENDED, _DURATION = "session_started_at", "session_ended_at", "session_duration_s"


def sanitize_event_for_log(event: Mapping[str, JsonValue]) -> JsonObject:
    """Return a deep copy of an event without personal data.

    At every depth, inside objects and arrays: machine, host, workspace and developer keys are
    removed; a pair of session times becomes `session_duration_s` (whole seconds), a lone or
    unreadable one is removed. The existing CLI looks at session times on the top level only; here
    they are found wherever they are (004 NFR-001). The input stays as it is; an object that contains
    itself becomes an empty object.

    Args:
        event: A row or envelope, JSON-ready.
    """
    return _object(event, ())


def _object(source: Mapping[str, JsonValue], ancestors: tuple[int, ...]) -> JsonObject:
    if id(source) in ancestors:
        return {}
    inside = (*ancestors, id(source))
    clean: JsonObject = {
        key: _value(value, inside)
        for key, value in source.items()
        if key not in PERSONAL_KEYS and key not in (_STARTED, _ENDED)
    }
    duration = _seconds(source.get(_STARTED), source.get(_ENDED))
    if duration is not None:
        clean[_DURATION] = duration
    return clean


def _value(value: JsonValue, ancestors: tuple[int, ...]) -> JsonValue:
    if isinstance(value, dict):
        return _object(value, ancestors)
    if isinstance(value, list | tuple):
        if id(value) in ancestors:
            return []
        inside = (*ancestors, id(value))
        return [_value(item, inside) for item in value]
    return value


def _seconds(started: JsonValue, ended: JsonValue) -> int | None:
    if not isinstance(started, str) or not isinstance(ended, str):
        return None
    try:
        return int((_moment(ended) - _moment(started)).total_seconds())
    except ValueError:
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
