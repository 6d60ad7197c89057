"""What one JSON object of a log means: a lane change, an annotation, or something else.

Only what boards need is demanded. A row that lacks the rest, as early releases wrote it, still counts;
whether it honours the contract is for `status.validate` to say.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias

from specify_cli.kernel.clock import isoformat
from specify_cli.status.lanes import LANE_ALIASES, Lane
from specify_cli.status.lines import UnusableRow
from specify_cli.status.wp_ids import WorkPackageIds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.kernel.json_types import JsonObject, JsonValue

Actor: TypeAlias = "str | Mapping[str, JsonValue]"
OtherKind: TypeAlias = Literal["lifecycle", "decision", "unknown"]

WIRE: Final = "wire"
"""`force_source` of a row that is forced only because the events contract asks for it."""

UNKNOWN_ACTOR: Final = "unknown"
"""The actor of a row that names none."""

LANES: Mapping[str, Lane] = {lane.value: lane for lane in Lane} | LANE_ALIASES
"""Every word for a lane that a log may hold."""


class Transition(NamedTuple):
    """One lane change as read from a log.

    A tuple that begins with its sort key (at, event_id): plain tuple comparison is the fold's order.
    `at` is UTC text in the one form of `kernel.clock` and `wp_id` the canonical id, whatever the row
    says. `build_id` is None in rows of the existing CLI. `force_source` is `wire` when nobody forced
    it and only the events contract asks for `force`.
    """

    at: str
    event_id: str
    wp_id: str
    from_lane: Lane
    to_lane: Lane
    actor: Actor
    force: bool
    reason: str | None
    review_ref: str | None
    review_result: JsonObject | None
    reason_source: str | None
    force_source: str | None
    build_id: str | None
    line: int

    @property
    def by_force(self) -> bool:
        """Whether somebody forced it."""
        return self.force and self.force_source != WIRE


class Annotation(NamedTuple):
    """A fact about a work package that is no lane change; sorts like a transition."""

    at: str
    event_id: str
    wp_id: str
    actor: Actor
    delta: JsonObject
    build_id: str | None
    line: int


class OtherRow(NamedTuple):
    """A row that is kept as it was written: lifecycle, decision or unknown."""

    line: int
    row: JsonObject


class RowReader:
    """Reads the rows of one log and shares the strings that repeat from row to row.

    Attributes:
        wp_ids: Ids as written, each to its canonical form.
    """

    def __init__(self) -> None:
        self.wp_ids = WorkPackageIds()
        self._shared: dict[str, str] = {}

    def share(self, text: str) -> str:
        """Return the one copy of a text."""
        return self._shared.setdefault(text, text)

    def read(self, row: Any, line: int) -> Transition | Annotation | OtherKind:
        """Return what a parsed line is; a row that is kept as it is has only a kind.

        Raises:
            UnusableRow: It is no object, or a lane change or annotation that says too little.
        """
        if not isinstance(row, dict):
            raise UnusableRow("it is not a JSON object")
        if "event_type" in row:
            return "lifecycle" if "aggregate_id" in row else "decision"
        if row.get("kind") == "annotation":
            return self._annotation(row, line)
        if "kind" not in row and "to_lane" in row:
            return self._transition(row, line)
        return "unknown"

    def _transition(self, row: dict[str, Any], line: int) -> Transition:
        for key in ("event_id", "wp_id"):
            if not isinstance(row.get(key), str) or not row[key]:
                raise UnusableRow(f"a transition without a usable {key}")
        actor, reason, ref = row.get("actor"), row.get("reason"), row.get("review_ref")
        if not isinstance(actor, str | dict | None):
            raise UnusableRow("a transition without a usable actor")
        if not isinstance(reason, str | None) or not isinstance(ref, str | None):
            raise UnusableRow("a transition whose reason or review_ref is no text")
        build, result = row.get("build_id"), row.get("review_result")
        source, forced_by = row.get("reason_source"), row.get("force_source")
        return Transition(
            _moment(row, "a transition"),
            row["event_id"],
            self.wp_ids[row["wp_id"]],
            # The event contract allows null for the first lane change of a work package.
            _lane(row, "from_lane") if row.get("from_lane") is not None else Lane.GENESIS,
            _lane(row, "to_lane"),
            actor or UNKNOWN_ACTOR,
            row.get("force") is True,
            reason,
            ref,
            result if isinstance(result, dict) else None,
            source if isinstance(source, str) else None,
            forced_by if isinstance(forced_by, str) else None,
            build if isinstance(build, str) else None,
            line,
        )

    def _annotation(self, row: dict[str, Any], line: int) -> Annotation:
        event_id, wp_id, build = row.get("event_id"), row.get("wp_id"), row.get("build_id")
        actor, delta = row.get("actor", ""), row.get("delta")
        if not isinstance(event_id, str) or not event_id:
            raise UnusableRow("an annotation without a usable event_id")
        if not isinstance(wp_id, str) or not wp_id:
            raise UnusableRow("an annotation without a usable wp_id")
        if not isinstance(delta, dict) or not isinstance(actor, str | dict):
            raise UnusableRow("an annotation without a usable actor or delta")
        return Annotation(
            _moment(row, "an annotation"),
            event_id,
            self.wp_ids[wp_id],
            actor,
            delta,
            build if isinstance(build, str) else None,
            line,
        )


def _moment(row: Mapping[str, Any], what: str) -> str:
    """Render a row's time in the log's own form; a time without a zone is taken as UTC."""
    at = row.get("at")
    try:
        if isinstance(at, str):
            moment = datetime.fromisoformat(at)
            return isoformat(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        pass  # told below, like a value that is no text
    raise UnusableRow(f"{what} whose at is no time: {str(at)[:40]!r}")


def _lane(row: Mapping[str, Any], key: str) -> Lane:
    value = row[key]
    if not isinstance(value, str) or value not in LANES:
        raise UnusableRow(f"a transition whose {key} is no lane: {str(value)[:40]!r}")
    return LANES[value]
