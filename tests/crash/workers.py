"""What the processes of the crash tests do: change a mission until they are done or killed.

A worker answers an event id by one appending write to a file of its own, when and only when the
change that wrote the row has returned; what it answered outlives it.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specify_cli.status import Lane, MissionStatus, TransitionRejected, TransitionRequest
from tests.crash.crash_lab import Lab

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.status.mission_status import StatusChange

SHARED = "WP99"

_ROUND: Mapping[Lane, Mapping[str, Any]] = {
    Lane.PLANNED: {"to_lane": Lane.CLAIMED},
    Lane.CLAIMED: {"to_lane": Lane.IN_PROGRESS, "workspace_context": "lane"},
    Lane.IN_PROGRESS: {
        "to_lane": Lane.FOR_REVIEW,
        "subtasks_complete": True,
        "implementation_evidence_present": True,
    },
    Lane.FOR_REVIEW: {"to_lane": Lane.IN_REVIEW},
    Lane.IN_REVIEW: {
        "to_lane": Lane.PLANNED,
        "review_result": {"reviewer": "r", "verdict": "changes_requested", "reference": "again"},
    },
}
"""From planned to review and back, for ever."""


REFUSED = "refused"


def work(root: str, name: str, wanted: int, answers: str, *, shared: bool) -> None:
    """Move a package on, again and again.

    Args:
        root: The repository.
        name: Who this is, and the package it moves unless it is the shared one.
        wanted: How many steps.
        answers: File for the ids of the rows that were written, and for refusals.
        shared: Whether to move the package that everybody moves. What to do is then judged by a
            look without the lock, which is often stale: the change must be refused for it.
    """
    try:
        _work(Lab(Path(root)), name, wanted, Path(answers), SHARED if shared else name)
    except BaseException:
        Path(answers).with_suffix(".error").write_text(traceback.format_exc(), encoding="utf-8")
        raise


def _work(lab: Lab, name: str, wanted: int, answers: Path, wp_id: str) -> None:
    mission_log = lab.mission_log
    descriptor = os.open(answers, os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    for _ in range(wanted):
        looks_like = lab.board.lane(wp_id)
        with MissionStatus.change(mission_log, message=f"Step of {name}") as change:
            try:
                step(change, name, wp_id, looks_like)
            except TransitionRejected:
                os.write(descriptor, f"{REFUSED}\n".encode())
                step(change, name, wp_id, change.board.lane(wp_id))
        for event_id in change.result.event_ids:
            os.write(descriptor, f"{event_id}\n".encode())
    os.close(descriptor)


def step(change: StatusChange, name: str, wp_id: str, lane: Lane) -> None:
    change.transition(TransitionRequest(wp_id, actor=name, **_ROUND[lane]))


def hold(root: str, ready: str) -> None:
    """Take the mission's lock in the middle of a change, say so, and never let go."""
    with MissionStatus.change(Lab(Path(root)).mission_log) as change:
        step(change, "holder", SHARED, Lane.PLANNED)
        Path(ready).touch()
        time.sleep(600)


def change_and_list_opened(root: str, report: str) -> None:
    """Make a change, and write down every file that this process opened, in order, with its flags."""
    opened: list[tuple[str, int]] = []

    def listen(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(args[0], str | os.PathLike):
            opened.append((os.fspath(args[0]), args[2]))

    lab = Lab(Path(root))
    mission_log = lab.mission_log
    sys.addaudithook(listen)
    with MissionStatus.change(mission_log, message="Step") as change:
        step(change, "claude", SHARED, Lane.PLANNED)
        change.include(lab.directory / "notes.md", b"a note\n")
    Path(report).write_text(json.dumps(opened), encoding="utf-8")
