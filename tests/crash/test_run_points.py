"""A run that is killed at any point of writing goes on, and nothing is on record twice."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.next._internal_runtime import next_step, start_mission_run
from specify_cli.next._internal_runtime.journal import read_journal
from specify_cli.next._internal_runtime.state import STATE_FILE, read_run, run_state
from tests.crash.crash_lab import FULL, start_process
from tests.crash.crash_points import KILLED, Crash, Step
from tests.crash.run_points import ref_of, step_until
from tests.unit.next.runtime_files import (
    ACTOR,
    FIELD_GUIDE,
    MISSION_ID,
    SLUG,
    context,
    identity,
    write_type,
)

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="ends processes the POSIX way"),
    pytest.mark.plants_rows,
]

STEPS = FIELD_GUIDE.replace("    requires_inputs: [region]\n", "")


def begun(root: Path, steps: int) -> Path:
    """Return the folder of a run on which a number of calls were made."""
    write_type(root / "types", STEPS)
    ref = start_mission_run(
        "field-guide",
        context=context(root / "types"),
        run_store=root / "runs",
        mission_id=MISSION_ID,
        mission_slug=SLUG,
        actor=ACTOR,
        identity=identity,
    )
    for _ in range(steps):
        advance(root, ref.run_dir)
    return ref.run_dir


def advance(root: Path, run_dir: Path) -> Any:
    where = context(root / "types")
    return next_step(ref_of(run_dir), ACTOR, "success", context=where, identity=identity)


def crash(root: Path, run_dir: Path, at: int, after_bytes: int = 0, report: str = "") -> int | None:
    one = Crash(at, after_bytes)
    process = start_process(step_until, str(root / "types"), str(run_dir), one, report)
    process.join(60)
    return process.exitcode


@pytest.mark.parametrize("calls", [1, 3], ids=["in the middle", "at the end"])
def test_a_run_killed_at_any_point_of_a_step_goes_on_where_its_journal_is(
    tmp_path: Path, calls: int
) -> None:
    source = tmp_path / "source"
    original = begun(source, calls)
    recorded = tmp_path / "recorded"
    shutil.copytree(source, recorded)
    report = tmp_path / "steps.json"
    assert crash(recorded, recorded / "runs" / original.name, -1, report=str(report)) == 0
    points = [Step(*found) for found in json.loads(report.read_text(encoding="utf-8"))]
    names = [point.name for point in points]
    assert "fsync run.events.jsonl" in names
    assert any(name.startswith("rename") for name in names)
    for number, point in enumerate(points):
        cuts = {0, point.size // 2, max(point.size - 1, 0)} if FULL else {point.size // 2}
        for cut in sorted(cuts):
            root = tmp_path / f"{number}-{cut}"
            shutil.copytree(source, root)
            run_dir = root / "runs" / original.name
            assert crash(root, run_dir, number, cut) == KILLED, point
            assert_goes_on(root, run_dir, f"{point.name} after {cut} bytes")


def assert_goes_on(root: Path, run_dir: Path, where: str) -> None:
    found = [advance(root, run_dir) for _ in range(5)]
    assert found[-1].kind == "terminal", where
    journal = read_journal(run_dir)
    assert len(journal.problems) <= 1, where
    kinds = [(row.event_type, row.payload.get("step_id")) for row in journal.rows]
    assert len(kinds) == len(set(kinds)), f"{where}: something is on record twice: {kinds}"
    assert kinds.count(("MissionRunCompleted", None)) == 1, where
    completed = [step for kind, step in kinds if kind == "NextStepAutoCompleted"]
    assert completed == ["survey", "draw", "print"], where
    snapshot, _, saved = read_run(run_dir)
    assert saved == run_state(snapshot), f"{where}: {STATE_FILE} lags behind"
