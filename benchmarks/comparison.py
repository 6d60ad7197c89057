"""Measures every command at every size, ours and the existing CLI in turn."""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.arena import Arena, same_lanes
from benchmarks.compared import COMMANDS, MATERIALIZE, PLANNED_RUN, SMALL, STATE, Size
from benchmarks.cost import measure
from benchmarks.processes import FLOOR_PROGRAM, CommandFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchmarks.arena import Side
    from benchmarks.compared import Compared
    from benchmarks.cost import Cost

OURS, COLD, EXISTING = "ours", "ours, cold", "existing"
ONCE_SECONDS = 3.0
"""What takes the existing CLI longer is run once."""
LEFT_OUT = "left to --full"
FAILS = "fails"
COLD_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure.

    Attributes:
        sizes: The missions.
        rounds: Runs of each of our commands.
        existing_rounds: Runs of the existing CLI, on the smallest mission and on others.
        limit: Seconds after which a run of the existing CLI is stopped.
        full: Whether to run the existing CLI everywhere.
    """

    sizes: Sequence[Size]
    rounds: int
    existing_rounds: tuple[int, int]
    limit: float
    full: bool = False

    def rounds_of(self, compared: Compared, size: Size) -> int:
        """Return how often ours runs: every run of what writes in a long log copies the mission."""
        long = not compared.reads and size.rows > COLD_ROWS
        return max(2, self.rounds // 2) if long else self.rounds

    def asks_existing(self, compared: Compared, size: Size) -> bool:
        """Tell whether the existing CLI runs this: some of it would take many minutes."""
        if self.full:
            return True
        if compared.state == PLANNED_RUN:
            return size == SMALL
        return not (compared.scans and size.work_packages > 99 and size.events > SMALL.events)


@dataclass(slots=True)
class Entry:
    """What one program cost for one command at one size.

    Attributes:
        command: The command's name.
        size: The mission.
        who: Which program, and whether it had to read the log from its start.
        costs: The runs that count.
        counted: The run that counted modules and processes.
        note: Why there is no run.
    """

    command: str
    size: Size
    who: str
    costs: list[Cost] = field(default_factory=list)
    counted: Cost | None = None
    note: str = ""

    @property
    def stopped(self) -> bool:
        """Whether it was stopped at the limit."""
        return any(cost.stopped for cost in self.costs)

    @property
    def seconds(self) -> float:
        """The least wall time."""
        return min(cost.seconds for cost in self.costs)

    @property
    def median(self) -> float:
        """The median wall time."""
        return statistics.median(cost.seconds for cost in self.costs)

    @property
    def own_seconds(self) -> float:
        """The least wall time without git's."""
        return min(cost.own_seconds for cost in self.costs)

    @property
    def git_seconds(self) -> float:
        """The median of git's wall time."""
        return statistics.median(cost.git_seconds for cost in self.costs)

    @property
    def cpu(self) -> float | None:
        """The least processor time."""
        return min((cost.cpu for cost in self.costs if cost.cpu is not None), default=None)

    @property
    def peak(self) -> int | None:
        """The median of the memory at the peak."""
        known = [cost.peak for cost in self.costs if cost.peak is not None]
        return int(statistics.median(known)) if known else None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything measured.

    Attributes:
        entries: One per command, size and program.
        bare: Python that does nothing.
        floor: Python that imports the command-line library.
        log_bytes: Size of the log by size of the mission.
        limit: Seconds after which the existing CLI was stopped.
        missing: Why there is no existing CLI, else empty.
    """

    entries: Sequence[Entry]
    bare: Entry
    floor: Entry
    log_bytes: dict[Size, int]
    limit: float
    missing: str = ""

    def find(self, command: str, size: Size, who: str) -> Entry | None:
        """Return the entry that was really measured, or None."""
        for entry in self.entries:
            if (entry.command, entry.size, entry.who) == (command, size, who) and entry.costs:
                return entry
        return None

    def ratio(self, command: str, size: Size, who: str = OURS) -> float | None:
        """Return how many times longer the existing CLI takes; a lower limit if it was stopped."""
        ours, theirs = self.find(command, size, who), self.find(command, size, EXISTING)
        return None if ours is None or theirs is None else theirs.seconds / ours.seconds

    def sizes(self) -> list[Size]:
        """Return the missions in order."""
        return sorted({entry.size for entry in self.entries})


class Runner:
    """Carries a plan out."""

    def __init__(
        self,
        plan: Plan,
        folder: Path,
        ours: Path,
        existing: Path | None,
        say: Callable[[str], None],
        commands: Sequence[Compared] = COMMANDS,
    ) -> None:
        """Take what is needed to measure.

        Args:
            plan: How much to measure.
            folder: Where the missions are made.
            ours: Our program.
            existing: The existing CLI, if it is there.
            say: Shows progress.
            commands: What to measure.
        """
        self.plan, self.folder, self.ours, self.existing = plan, folder, ours, existing
        self.say, self.commands = say, commands
        self.entries: list[Entry] = []
        self.bare = Entry("python -c pass", SMALL, "floor")
        self.floor = Entry("python + import cyclopts", SMALL, "floor")
        self.log_bytes: dict[Size, int] = {}

    def run(self, missing: str = "") -> Comparison:
        """Measure.

        Args:
            missing: Why there is no existing CLI.

        Raises:
            CommandFailed: A command of ours failed.
            AnswersDiffer: The two programs do not see the same mission.
        """
        for packages in sorted({size.work_packages for size in self.plan.sizes}):
            self.say(f"planning a mission with {packages} work packages")
            folder = self.folder / str(packages)
            arena = Arena(folder, packages, self.ours, self.existing, self.folder / "home")
            for size in sorted(s for s in self.plan.sizes if s.work_packages == packages):
                arena.draw_out(size.events)
                self.log_bytes[size] = arena.log_bytes()
                for compared in self.commands:
                    if compared.of_mission or size == min(self.plan.sizes):
                        self.say(f"{size.name}: {compared.name}")
                        self._measure(arena, compared, size)
                self._check(size)
        return Comparison(
            self.entries, self.bare, self.floor, self.log_bytes, self.plan.limit, missing
        )

    def _measure(self, arena: Arena, compared: Compared, size: Size) -> None:
        ours = Entry(compared.name, size, OURS, counted=arena.ours.run(compared, counted=True))
        self.entries.append(ours)
        cold = None
        if compared.reads and compared.of_mission and size.rows > COLD_ROWS:
            cold = Entry(compared.name, size, COLD)
            self.entries.append(cold)
        theirs, rounds = None, 0
        if arena.existing is not None:
            theirs = Entry(compared.name, size, EXISTING)
            self.entries.append(theirs)
            rounds = self._first(arena.existing, compared, theirs)
        self._floors()
        for number in range(self.plan.rounds_of(compared, size)):
            ours.costs.append(arena.ours.run(compared))
            if theirs is not None and arena.existing is not None and number < rounds:
                theirs.costs.append(arena.existing.run(compared, limit=self.plan.limit))
            if cold is not None:
                cold.costs.append(arena.ours.run(compared, cold=True))
                # It has left what it knows of the log, as every command does.

    def _first(self, side: Side, compared: Compared, entry: Entry) -> int:
        """Run the existing CLI for the first time; return how often it is to run again."""
        size = entry.size
        if not self.plan.asks_existing(compared, size):
            entry.note = LEFT_OUT
            return 0
        if self._stopped_at_a_smaller(entry):
            entry.note = f"> {self.plan.limit:.0f} s with fewer work packages already"
            return 0
        try:
            entry.counted = side.run(compared, counted=True, limit=self.plan.limit)
        except CommandFailed as failure:
            # Ours must work; that the existing CLI does not is a result too.
            self.say(str(failure))
            entry.note = FAILS
            return 0
        if entry.counted.seconds > ONCE_SECONDS:
            entry.costs.append(entry.counted)
            return 0
        return self.plan.existing_rounds[size != SMALL]

    def _stopped_at_a_smaller(self, entry: Entry) -> bool:
        return any(
            other.stopped
            and (other.command, other.who) == (entry.command, entry.who)
            and other.size.work_packages <= entry.size.work_packages
            and other.size.events <= entry.size.events
            for other in self.entries
        )

    def _floors(self) -> None:
        for entry, program in ((self.bare, "pass"), (self.floor, FLOOR_PROGRAM)):
            argv = (sys.executable, "-c", program)
            if entry.counted is None:
                entry.counted = measure(argv, self.folder, {}, counted=True)
            entry.costs.append(measure(argv, self.folder, {}))

    def _check(self, size: Size) -> None:
        """Fail unless both programs see every work package in the same lane."""
        said = {
            (e.command, e.who): e.counted.output
            for e in self.entries
            if e.size == size and e.counted is not None and not e.counted.stopped
        }
        ours = said.get((STATE, OURS))
        for name in (STATE, MATERIALIZE):
            theirs = said.get((name, EXISTING))
            if ours is not None and theirs is not None:
                same_lanes(ours, theirs)
