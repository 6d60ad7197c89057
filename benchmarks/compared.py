"""The commands that are measured side by side with the existing CLI, as data."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.long_log import rows_of

_ADVANCE = ("next", "--agent", "claude", "--mission", "{mission}", "--result", "success", "--json")
_MISSION = ("--mission", "{mission}")

FRESH_RUN = "fresh run"
"""Nobody has asked for a step of this mission yet."""
PLANNED_RUN = "planned run"
"""The planning steps are done: the next step hands out work."""
NO_SNAPSHOT = "no snapshot"
"""status.json is not there."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One command of both programs.

    Attributes:
        name: Its name in the report.
        ours: Our arguments; `{mission}` and `{wp}` are filled in.
        existing: The arguments of the existing CLI.
        reads: Whether it leaves the mission as it is. What writes gets a fresh copy in every run.
        state: What must be so before it runs; empty where a planned mission is enough.
        scans: Whether the existing CLI reads the log again for every work package.
        of_mission: Whether its time can depend on the mission; if not it is measured once.
    """

    name: str
    ours: tuple[str, ...]
    existing: tuple[str, ...]
    reads: bool = False
    state: str = ""
    scans: bool = False
    of_mission: bool = True


COMMANDS = (
    Compared("--version", ("--version",), ("--version",), reads=True, of_mission=False),
    Compared(
        "next --json (query)",
        ("next", *_MISSION, "--json"),
        ("next", "--agent", "claude", *_MISSION, "--json"),
        reads=True,
        scans=True,
    ),
    Compared("next --result success (first)", _ADVANCE, _ADVANCE, state=FRESH_RUN),
    Compared(
        "next --result success (claims work)", _ADVANCE, _ADVANCE, state=PLANNED_RUN
    ),
    *(
        Compared(
            f"orchestrator-api {name}",
            ("orchestrator-api", name, *_MISSION),
            ("orchestrator-api", name, *_MISSION),
            reads=True,
            scans=True,
        )
        for name in ("mission-state", "list-ready")
    ),
    Compared(
        "agent tasks status --json",
        ("agent", "tasks", "status", *_MISSION, "--json"),
        ("agent", "tasks", "status", *_MISSION, "--json"),
        reads=True,
        scans=True,
    ),
    Compared(
        "agent status emit",
        (*("agent", "status", "emit", "{wp}", "--to", "claimed", "--actor", "claude"), *_MISSION, "--json"),
        (*("agent", "status", "emit", "{wp}", "--to", "claimed", "--actor", "claude"), *_MISSION, "--json"),
    ),
    Compared(
        "agent status materialize",
        ("agent", "status", "materialize", *_MISSION, "--json"),
        ("agent", "status", "materialize", *_MISSION, "--json"),
        state=NO_SNAPSHOT,
    ),
)  # fmt: skip

STATE = "orchestrator-api mission-state"
MATERIALIZE = "agent status materialize"
EMIT = "agent status emit"


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """How big a mission is.

    Attributes:
        work_packages: How many it has.
        events: How many rows its log was asked to have; planning it may take more.
    """

    work_packages: int
    events: int

    @property
    def rows(self) -> int:
        """The rows that its log has."""
        return rows_of(self.events, self.work_packages)

    @property
    def name(self) -> str:
        """Its name in the report."""
        return f"{self.work_packages} work packages, {self.rows:,} events"

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read `99x10000`.

        Raises:
            ValueError: It is something else.
        """
        packages, _, events = text.partition("x")
        return cls(int(packages), int(events))


SMALL = Size(3, 15)
LARGE = Size(99, 10_000)
LONG_EVENTS = 100_000
SIZES = tuple(Size(packages, n) for packages in (3, 99, 200) for n in (15, 10_000, LONG_EVENTS))
QUICK_SIZES = (SMALL, Size(3, LONG_EVENTS), LARGE)
