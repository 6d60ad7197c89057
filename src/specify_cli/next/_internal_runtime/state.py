"""The state file of a run: derived from its journal, for readers that want the present only."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from specify_cli.kernel import gate
from specify_cli.next._internal_runtime.journal import fold, read_journal
from specify_cli.next._internal_runtime.schema import (
    IssuedStep,
    MissionRunSnapshot,
    MissionRuntimeError,
    Stop,
)

if TYPE_CHECKING:
    from pathlib import Path

    from spec_kitty_contracts.wire.run_state import RunState
    from specify_cli.next._internal_runtime.journal import Journal

STATE_FILE = "state.json"
SURFACE = "run_state"


class RunNotFound(MissionRuntimeError):
    """There is no such run on disk."""

    code = "RUN_NOT_FOUND"


def run_state(snapshot: MissionRunSnapshot) -> RunState:
    """Compose the published state file of a run; its last stop stands for all of them."""
    issued, stop = snapshot.issued, snapshot.stops[-1] if snapshot.stops else None
    return {
        "run_id": snapshot.run_id,
        "mission_id": snapshot.mission_id,
        "mission_slug": snapshot.mission_slug,
        "mission_type": snapshot.mission_key,
        "template_hash": snapshot.template_hash,
        "completed_steps": list(snapshot.completed_steps),
        "issued_step": None
        if issued is None
        else {"step_id": issued.step_id, "agent": issued.agent, "issued_at": issued.issued_at},
        "stopped": None
        if stop is None
        else {
            "result": stop.result,
            "reason": stop.reason,
            "step_id": stop.step_id,
            "wp_id": stop.wp_id,
            "agent": stop.agent,
            "at": stop.at,
        },
    }


def read_run(run_dir: Path) -> tuple[MissionRunSnapshot, Journal, RunState]:
    """Read a run from its folder: the journal folded onto what the state file says it is of.

    A journal that lacks its beginning is applied onto the state file's own account.

    Raises:
        RunNotFound: RUN_NOT_FOUND: no usable state file.
    """
    saved = _read_state(run_dir / STATE_FILE)
    if saved is None:
        raise RunNotFound(
            f"the run {run_dir.name} has no usable {STATE_FILE}.",
            fix="Run the command again: a new run starts where the mission stands.",
            details={"run_id": run_dir.name},
        )
    journal = read_journal(run_dir)
    base = MissionRunSnapshot(
        run_id=saved["run_id"],
        mission_key=saved["mission_type"],
        mission_id=saved["mission_id"],
        mission_slug=saved["mission_slug"],
        template_hash=saved["template_hash"],
    )
    if not any(row.event_type == "MissionRunStarted" for row in journal.rows):
        base = replace(
            base,
            completed_steps=tuple(saved["completed_steps"]),
            issued=_issued_step(saved),
            stops=_stops(saved),
        )
    return fold(base, journal.rows), journal, saved


def _read_state(path: Path) -> RunState | None:
    """Return the state file if it conforms to its contract."""
    try:
        document = json.loads(path.read_bytes())
        gate.check(SURFACE, document)
    except (OSError, ValueError, gate.ContractViolation):
        return None
    return cast("RunState", document)


def _issued_step(saved: RunState) -> IssuedStep | None:
    issued = saved["issued_step"]
    return None if issued is None else IssuedStep(**issued)


def _stops(saved: RunState) -> tuple[Stop, ...]:
    stop = saved["stopped"]
    if stop is None:
        return ()
    return (
        Stop(
            stop["step_id"] or "",
            stop["wp_id"],
            stop["agent"],
            stop["result"],
            stop["at"],
            stop["reason"],
        ),
    )
