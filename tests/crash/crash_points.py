"""Ends a process at any chosen step of what it writes, as `kill -9` or a power cut would.

A step is whatever changes something: each write, fsync, rename and truncation that goes through the
file-system port (`kernel.files.Disk`), every other change of a folder, and every git process that
writes. The process ends by `os._exit` before the step, or in the middle of a write, so nothing of it
runs any more: no `finally`, no roll-back.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from specify_cli.events.envelope import mission_closed
from specify_cli.git.process import subcommand
from specify_cli.kernel.files import Disk
from specify_cli.status import Lane, MissionStatus, TransitionRequest
from specify_cli.status.repair import plan_repair, repair_log
from tests.crash.crash_lab import SLUG, Lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from specify_cli.status.mission_status import StatusChange

KILLED = 137
_READING_GIT = {"rev-parse", "ls-files", "cat-file", "hash-object", "symbolic-ref", "status", "config", "var"}  # fmt: skip
_FOLDER_CHANGES = {"os.remove", "os.rename", "os.link", "os.mkdir", "os.rmdir", "os.truncate"}


class Step(NamedTuple):
    """One step as recorded.

    Attributes:
        name: What was done to which file.
        size: Bytes written; 0 for anything but a write.
        lines: How many bytes each line of a write has.
    """

    name: str
    size: int = 0
    lines: tuple[int, ...] = ()


@dataclass
class Crash:
    """Records the steps of this process and ends it at one of them.

    Attributes:
        at: Which step, from 0; -1 for none.
        after_bytes: How much of a write gets to the disk before the end.
    """

    at: int
    after_bytes: int = 0

    def __post_init__(self) -> None:
        self.steps: list[Step] = []
        self._opened = ""

    def install(self) -> None:
        """Watch this process for the rest of its life."""
        sys.addaudithook(self._audit)
        crash, real_write, real_fsync = self, Disk.write, Disk.fsync

        def write(disk: Disk, descriptor: int, data: bytes) -> int:
            lines = tuple(len(line) for line in data.splitlines(keepends=True))
            if crash.reached(Step(f"write {crash._opened}", len(data), lines)):
                os.write(descriptor, data[: crash.after_bytes])
                os._exit(KILLED)
            return real_write(disk, descriptor, data)

        def fsync(disk: Disk, descriptor: int) -> None:
            crash.step(f"fsync {crash._opened}")
            real_fsync(disk, descriptor)

        setattr(Disk, "write", write)  # noqa: B010 - mypy refuses the plain assignment
        setattr(Disk, "fsync", fsync)  # noqa: B010

    def reached(self, step: Step) -> bool:
        self.steps.append(step)
        return len(self.steps) - 1 == self.at

    def step(self, name: str) -> None:
        if self.reached(Step(name)):
            os._exit(KILLED)

    def _audit(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _FOLDER_CHANGES:
            if event == "os.mkdir" and Path(args[0]).exists():
                return
            path = args[1] if event == "os.rename" else args[0]
            self.step(f"{event[3:]} {self._opened if isinstance(path, int) else _name(path)}")
        elif event == "open" and isinstance(args[0], str | os.PathLike):
            path, flags = Path(args[0]), args[2]
            if flags & os.O_TRUNC or (flags & os.O_CREAT and not path.exists()):
                self.step(f"create {_name(path)}")
            # The port opens a file right before it writes to it.
            self._opened = _name(path)
        elif event == "subprocess.Popen":
            command = [str(word) for word in args[1]]
            if command[0] == "git" and subcommand(tuple(command[1:])) not in _READING_GIT:
                self.step(f"git {subcommand(tuple(command[1:]))}")


def _name(path: str | os.PathLike[str]) -> str:
    """Name a file the same in every run."""
    return re.sub(r"\.[0-9A-Z]{26}\.tmp$", ".tmp", Path(path).name)


def transition(lab: Lab, change: StatusChange) -> None:
    change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))


def two_transitions(lab: Lab, change: StatusChange) -> None:
    transition(lab, change)
    change.transition(
        TransitionRequest("WP01", Lane.IN_PROGRESS, "claude", workspace_context="lane-a")
    )


def annotation_with_files(lab: Lab, change: StatusChange) -> None:
    change.annotate("WP01", "claude", {"note": "reviewed", "subtasks": {"T001": "done"}})
    change.include(lab.directory / "tasks" / "WP01" / "review-cycle-1.md", b"fine\n")
    change.include(lab.directory / "spec.md", b"# Changed\n")
    change.include(lab.directory / "plan.md", None)


def merge_bookkeeping(lab: Lab, change: StatusChange) -> None:
    """Do what a merge records last: the packages are done, the mission is closed and numbered."""
    for wp_id in ("WP01", "WP02"):
        change.transition(TransitionRequest(wp_id, Lane.DONE, "merge", force=True, reason="merged"))
    change.record(
        mission_closed(
            change.identity,
            {"mission_slug": SLUG, "mission_number": 1, "mission_type": "software-dev"},
            change.stamp(),
            mission_id=change.mission_log.mission_id,
            correlation_id=change.correlation_id,
        )
    )
    change.include(lab.directory / "meta.json", b'{"mission_number": 1}\n')


def first_row(lab: Lab, change: StatusChange) -> None:
    change.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))


def nothing(lab: Lab, change: StatusChange) -> None:
    """Ask for nothing: what is done is the repair of an earlier crash."""


SCENARIOS: dict[str, Callable[[Lab, StatusChange], None]] = {
    "transition": transition,
    "two transitions": two_transitions,
    "annotation with files": annotation_with_files,
    "merge bookkeeping": merge_bookkeeping,
    "long log": transition,
    "first row": first_row,
    "repair": nothing,
}
DOCTOR = "doctor"


def change_until(root: str, scenario: str, crash: Crash, report: str) -> None:
    """Make a change that crashes; what a process of its own runs.

    Args:
        root: The repository.
        scenario: Which change, or the doctor's repair.
        crash: Where it ends.
        report: File for the recorded steps, or empty.
    """
    lab = Lab(Path(root))
    mission_log = lab.mission_log
    plan = plan_repair(mission_log)
    crash.install()
    if scenario == DOCTOR:
        repair_log(mission_log, plan)
    else:
        with MissionStatus.change(mission_log, message="Change") as change:
            SCENARIOS[scenario](lab, change)
    # The last point: everything is done and nobody was told.
    crash.step("acknowledge")
    crash.at = -1
    if report:
        Path(report).write_text(json.dumps(crash.steps), encoding="utf-8")
    os._exit(0)
