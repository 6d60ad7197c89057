"""One step of a run in a process that ends at any point of what it writes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from specify_cli.next._internal_runtime import MissionRunRef, next_step
from tests.unit.next.runtime_files import ACTOR, MISSION_ID, SLUG, context, identity

if TYPE_CHECKING:
    from tests.crash.crash_points import Crash


def ref_of(run_dir: Path) -> MissionRunRef:
    return MissionRunRef(run_dir.name, run_dir, "field-guide", MISSION_ID, SLUG)


def step_until(types: str, run_dir: str, crash: Crash, report: str) -> None:
    """Report success and take the next step; what a process of its own runs.

    Args:
        types: Folder of the mission types.
        run_dir: The run.
        crash: Where the process ends.
        report: File for the recorded steps, or empty.
    """
    identity()
    crash.install()
    next_step(
        ref_of(Path(run_dir)), ACTOR, "success", context=context(Path(types)), identity=identity
    )
    crash.step("acknowledge")
    crash.at = -1
    if report:
        Path(report).write_text(json.dumps(crash.steps), encoding="utf-8")
    os._exit(0)
