"""The fold as running totals: what the rows so far say about each work package.

Rows come in the fold's order, one by one, and each is taken in with work that does not depend on how
many came before. A tally turns into JSON and back, so that it can be kept and continued later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.status.row_reader import Actor, Annotation, Transition

_UNCLAIMED = frozenset({Lane.GENESIS, Lane.UNINITIALIZED, Lane.PLANNED})
_WORKING = frozenset({Lane.CLAIMED, Lane.IN_PROGRESS})
_REVIEWED = frozenset({Lane.FOR_REVIEW, Lane.IN_REVIEW, Lane.APPROVED})
_REWORK = frozenset({Lane.PLANNED, Lane.IN_PROGRESS})


_PLANS, _CLAIMS, _WORKS, _REVIEWS, _BLOCKS, _MOVES = range(6)


class Edge(NamedTuple):
    """A lane change as such, with what follows from it, looked up instead of worked out each time.

    Attributes:
        source: The lane that it leaves.
        target: The lane that it leads to.
        step: What it means for the people involved.
        rollback: Whether it sends work back from review.
        starts: Whether it begins work on a claimed package.
        works: Whether work is taken up, goes on or is handed over by it.
    """

    source: Lane
    target: Lane
    step: int
    rollback: bool
    starts: bool
    works: bool

    @classmethod
    def between(cls, source: Lane, target: Lane) -> Edge:
        """Return the edge between two lanes, whether or not it is a legal one."""
        return cls(
            source,
            target,
            _step(source, target),
            source in _REVIEWED and target in _REWORK,
            source is Lane.CLAIMED and target is Lane.IN_PROGRESS,
            target in _WORKING or (source in _WORKING and target is Lane.FOR_REVIEW),
        )


def _step(source: Lane, target: Lane) -> int:
    if target is Lane.PLANNED:
        return _PLANS
    if target in _WORKING:
        return _CLAIMS if source in _UNCLAIMED else _WORKS
    if target is Lane.IN_REVIEW and source is not Lane.BLOCKED:
        return _REVIEWS
    return _BLOCKS if target is Lane.BLOCKED else _MOVES


EDGES: dict[tuple[str, str], Edge] = {(a, b): Edge.between(a, b) for a in Lane for b in Lane}
"""Every pair of lanes; a lane is equal to its name, so that names find it too."""


class Cancellation(NamedTuple):
    """Why a work package was canceled.

    Attributes:
        reason: In words, if somebody gave one.
        source: Who gave it; `operator` unless the row says otherwise.
    """

    reason: str | None
    source: str


class PackageTally:
    """What the rows so far say about one work package; grows with each of them.

    Attributes:
        lane: Where it stands.
        latest: Its latest change; None before the first.
        at: When it last moved; None before its first change.
        event_id: The row that moved it last.
        actor: Label of who moved it last.
        force_count: Forced changes.
        wire_forces: Those of them that nobody forced: the events contract asks for it.
        claimed_by: Who claimed it since it was last planned, the latest.
        worked_by: Who took it on without a claim since it was last planned, the first.
        hands: Everybody who had it in hand since it was last planned, in order.
        reviewer: Who took it into review last.
        review_ref: The latest review it refers to.
        review_result: The verdict of the latest review.
        cancellation: Who gave which reason when it was canceled last.
        blocked_from: The lane that it was in when it was blocked last.
        blocked_for: Why it was blocked last, if somebody said so.
        started: Whether work on it ever began the regular way.
        subtasks: Subtask id to its latest status.
        remarks: The notes of its annotations, oldest first.
        notes: The latest value of each further key of its annotations.
        noted_at: When each of those was noted.
    """

    __slots__ = (
        "actor",
        "at",
        "blocked_for",
        "blocked_from",
        "cancellation",
        "claimed_by",
        "event_id",
        "force_count",
        "hands",
        "latest",
        "noted_at",
        "notes",
        "remarks",
        "review_ref",
        "review_result",
        "reviewer",
        "started",
        "subtasks",
        "wire_forces",
        "worked_by",
    )

    def __init__(self) -> None:
        self.latest: Edge | None = None
        self.at: str | None = None
        self.event_id: str | None = None
        self.actor: str | None = None
        self.force_count = 0
        self.wire_forces = 0
        self.hands: list[str] = []
        self.claimed_by: str | None = None
        self.worked_by: str | None = None
        self.reviewer: str | None = None
        self.review_ref: str | None = None
        self.review_result: JsonObject | None = None
        self.cancellation: Cancellation | None = None
        self.blocked_from: Lane | None = None
        self.blocked_for: str | None = None
        self.started = False
        self.subtasks: dict[str, str] = {}
        self.remarks: list[str] = []
        self.notes: dict[str, JsonValue] = {}
        self.noted_at: dict[str, str] = {}

    @property
    def lane(self) -> Lane:
        """Where it stands."""
        return Lane.UNINITIALIZED if self.latest is None else self.latest.target

    def move(  # positional and in one piece: it is called for every row of a log
        self, at: str, event_id: str, edge: Edge, who: str, force: bool, review_ref: str | None, /
    ) -> bool:
        """Take in a lane change that sorts behind all earlier ones.

        Of two changes out of one lane at the very same time, a rollback beats the move forward.
        A rejected review and a return from blocked change nothing about the implementer. Who takes
        work over by force is the implementer from then on; who only hands it over by force is not,
        but had it in hand.

        Returns:
            Whether it counts.
        """
        latest, step = self.latest, edge.step
        if self.at == at and latest is not None and _beats(latest, edge):
            return False
        if edge.works:
            self._work(edge, who, force)
        if step == _REVIEWS:
            self.reviewer = who
        elif step == _PLANS:
            self.claimed_by = self.worked_by = None
            self.hands = []
        elif step == _BLOCKS and (latest is None or latest.step != _BLOCKS):
            self.blocked_from = edge.source if latest is None else latest.target
        self.latest, self.at, self.event_id, self.actor = edge, at, event_id, who
        if force:
            self.force_count += 1
        if review_ref is not None:
            self.review_ref = review_ref
        return True

    def _work(self, edge: Edge, who: str, force: bool) -> None:
        """Take in who works on it, or hands it over."""
        before = edge.source in _WORKING
        if edge.step == _CLAIMS or (edge.step == _WORKS and before and force):
            self.claimed_by = who
        elif edge.step == _WORKS and self.worked_by is None:
            self.worked_by = who
        if edge.starts and not force:
            self.started = True
        # Who sends work back or unblocks it has no hand in it, unless nobody else has.
        if (edge.step == _CLAIMS or before or self.claimed_by is None) and who not in self.hands:
            self.hands.append(who)

    def note(self, at: str, delta: JsonObject) -> None:
        """Take in an annotation that sorts behind all earlier ones."""
        for key, value in delta.items():
            if key == "subtasks" and isinstance(value, dict):
                self.subtasks.update((task, str(status)) for task, status in value.items())
                continue
            self.notes[key] = value
            self.noted_at[key] = at
            if key == "note":
                self.remarks.append(str(value))

    def to_json(self) -> list[Any]:
        """Return everything as plain JSON, in the order of `__slots__`."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def from_json(cls, values: list[Any]) -> PackageTally:
        """Return what `to_json` was called on.

        Raises:
            ValueError: It is something else.
            TypeError: Likewise.
        """
        package = cls()
        for name, value in zip(cls.__slots__, values, strict=True):
            setattr(package, name, value)
        if package.latest is not None:
            source, target, *_ = package.latest
            package.latest = EDGES[source, target]
        if package.blocked_from is not None:
            package.blocked_from = Lane(package.blocked_from)
        if package.cancellation is not None:
            package.cancellation = Cancellation(*package.cancellation)
        return package


class Tally:
    """What the rows so far say about a mission.

    Attributes:
        packages: Work package id to what is known about it.
        event_count: Distinct lane changes.
        last_at: Time of the latest lane change; empty before the first.
        last_id: Its event id.
        last_note: Time and id of the latest annotation; empty texts before the first.
    """

    __slots__ = ("event_count", "last_at", "last_id", "last_note", "packages")

    def __init__(self) -> None:
        self.packages: dict[str, PackageTally] = {}
        self.event_count = 0
        self.last_at = ""
        self.last_id = ""
        self.last_note = ("", "")

    def package(self, wp_id: str) -> PackageTally:
        """Return the totals of a work package, made when it is new."""
        found = self.packages.get(wp_id)
        if found is None:
            found = self.packages[wp_id] = PackageTally()
        return found

    def add_move(self, row: Transition) -> None:
        """Take in a lane change that sorts behind all earlier ones."""
        self.event_count += 1
        self.last_at, self.last_id = row.at, row.event_id
        package, edge = self.package(row.wp_id), EDGES[row.from_lane, row.to_lane]
        counts = package.move(
            row.at, row.event_id, edge, actor_label(row.actor), row.force, row.review_ref
        )
        if counts and row.force and not row.by_force:
            package.wire_forces += 1
        if counts and row.review_result is not None:
            package.review_result = row.review_result
        if counts and row.to_lane is Lane.BLOCKED:
            package.blocked_for = row.reason
        if counts and row.to_lane is Lane.CANCELED:
            package.cancellation = Cancellation(row.reason, row.reason_source or "operator")

    def add_note(self, row: Annotation) -> None:
        """Take in an annotation that sorts behind all earlier ones."""
        self.last_note = (row.at, row.event_id)
        self.package(row.wp_id).note(row.at, row.delta)

    def to_json(self) -> dict[str, Any]:
        """Return everything as plain JSON."""
        return {
            "event_count": self.event_count,
            "last_at": self.last_at,
            "last_id": self.last_id,
            "last_note": self.last_note,
            "packages": {wp_id: package.to_json() for wp_id, package in self.packages.items()},
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Tally:
        """Return what `to_json` was called on.

        Raises:
            ValueError: It is something else.
            KeyError: Likewise.
            TypeError: Likewise.
        """
        tally = cls()
        tally.event_count = document["event_count"]
        tally.last_at, tally.last_id = document["last_at"], document["last_id"]
        at, event_id = document["last_note"]
        tally.last_note = (at, event_id)
        tally.packages = {
            wp_id: PackageTally.from_json(values) for wp_id, values in document["packages"].items()
        }
        return tally


def actor_label(actor: Actor) -> str:
    """Return one word for an actor: the name, or the structured form's tool, profile or role."""
    if isinstance(actor, str):
        return actor
    for key in ("tool", "profile", "role", "model"):
        value = actor.get(key)
        if isinstance(value, str) and value.strip():
            return value
    return "unknown"


def actor_of(row: Mapping[str, Any]) -> str | None:
    """Return who wrote a row of an unknown kind, if it says so like the known ones."""
    actor = row.get("actor")
    return actor_label(actor) if isinstance(actor, str | dict) and actor else None


def is_rollback(source: Lane, target: Lane) -> bool:
    """Tell whether a lane change sends work back from review."""
    return EDGES[source, target].rollback


def _beats(before: Edge, edge: Edge) -> bool:
    """Tell whether a change out of the same lane at the same time does not count any more."""
    return before.source is edge.source and before.rollback and not edge.rollback
