"""The state file of a run: derived from its journal, for readers that want the present only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from specify_cli.kernel import gate
from specify_cli.next._internal_runtime.journal import JOURNAL_FILE, fold, read_journal
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
    """There is no usable run in the folder."""

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


def read_run(run_dir: Path) -> tuple[MissionRunSnapshot, Journal, RunState | None]:
    """Read a run from its folder: what the journal tells counts, whatever the state file says.

    The state file may lag behind or be gone. Only a journal that lacks its beginning is applied onto
    the state file's own account.

    Raises:
        RunNotFound: RUN_NOT_FOUND: neither journal nor state file tells whose run it is.
    """
    saved, journal = _read_state(run_dir / STATE_FILE), read_journal(run_dir)
    base = _begun(journal, saved) or _from_state(saved)
    if base is None:
        raise RunNotFound(
            f"neither {JOURNAL_FILE} nor {STATE_FILE} of run {run_dir.name} can be used.",
            fix="Run the command again: a new run starts where the mission stands.",
            details={"run_id": run_dir.name},
        )
    return fold(base, journal.rows), journal, saved


def mission_of(run_dir: Path) -> str | None:
    """Return the mission of a run; None when nothing usable tells it."""
    try:
        return read_run(run_dir)[0].mission_id
    except RunNotFound:
        return None


def _begun(journal: Journal, saved: RunState | None) -> MissionRunSnapshot | None:
    """Return the run as it was when it began; None when the journal lacks its beginning."""
    row = next((row for row in journal.rows if row.event_type == "MissionRunStarted"), None)
    if row is None:
        return None
    run_id, key = row.payload.get("run_id"), row.payload.get("mission_type")
    slug = row.context.get("mission_slug")
    if not (isinstance(run_id, str) and isinstance(key, str) and isinstance(slug, str)):
        return None
    return MissionRunSnapshot(
        run_id=run_id,
        mission_key=key,
        mission_id=row.aggregate_id,
        mission_slug=slug,
        template_hash=saved["template_hash"] if saved else "",
    )


def _from_state(saved: RunState | None) -> MissionRunSnapshot | None:
    if saved is None:
        return None
    return MissionRunSnapshot(
        run_id=saved["run_id"],
        mission_key=saved["mission_type"],
        mission_id=saved["mission_id"],
        mission_slug=saved["mission_slug"],
        template_hash=saved["template_hash"],
        completed_steps=tuple(saved["completed_steps"]),
        issued=_issued_step(saved),
        stops=_stops(saved),
    )


def _read_state(path: Path) -> RunState | None:
    """Return the state file if it conforms to its contract."""
    try:
        document = json.loads(path.read_bytes())
        gate.check(SURFACE, document)
    except (OSError, ValueError, RecursionError, gate.ContractViolation):
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
