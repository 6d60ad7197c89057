"""The runs of this checkout: a list, and taking away those that nobody needs any more."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.ulid import is_ulid, ulid_of
from specify_cli.missions.mission import scan_missions
from specify_cli.next._internal_runtime.journal import JOURNAL_FILE
from specify_cli.next._internal_runtime.state import RunNotFound, read_run, run_state
from specify_cli.next.runs import locate_run, run_lock, run_store

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission

_PRUNED = ".pruned"


class RunEntry(NamedTuple):
    """One run.

    Attributes:
        run_id: ULID.
        mission_slug: Its mission; None when the run cannot be read.
        state: "open", "stopped", "finished" or "unreadable".
        completed_steps: In the order of their completion.
        last_event_at: ISO 8601, or None.
        prunable: Why it can be taken away; None when it has to stay.
    """

    run_id: str
    mission_slug: str | None
    mission_type: str | None
    state: str
    completed_steps: tuple[str, ...] = ()
    last_event_at: str | None = None
    prunable: str | None = None

    def to_json(self) -> JsonObject:
        """Return it as JSON."""
        return {
            "run_id": self.run_id,
            "mission_slug": self.mission_slug,
            "mission_type": self.mission_type,
            "state": self.state,
            "completed_steps": [*self.completed_steps],
            "last_event_at": self.last_event_at,
            "prunable": self.prunable,
        }

    def to_text(self) -> str:
        """Return a line for people."""
        why = f"  ({self.prunable})" if self.prunable else ""
        return f"{self.run_id}  {self.state:10} {self.mission_slug or '?'}{why}"


class PrunedRuns(NamedTuple):
    """What pruning took away, or would.

    Attributes:
        runs: The runs.
        dry_run: Nothing was taken away.
    """

    runs: tuple[RunEntry, ...]
    dry_run: bool

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `runs prune`."""
        return {
            "result": "success",
            "dry_run": self.dry_run,
            "pruned": [run.to_json() for run in self.runs],
        }

    def to_text(self) -> str:
        """Return the same for people."""
        verb = "would be removed" if self.dry_run else "removed"
        return "\n".join([*(run.to_text() for run in self.runs), f"{len(self.runs)} {verb}"])


def list_runs(project: Project) -> tuple[RunEntry, ...]:
    """Return every run of this checkout, oldest first. Writes nothing.

    A run can be taken away when the mission has a newer one, or when it is finished and its mission
    is merged or not in this checkout. The run that a mission goes on with always stays.
    """
    store = run_store(project)
    if not store.is_dir():
        return ()
    missions = {m.mission_id or ulid_of(m.slug): m for m in scan_missions(project.root).missions}
    current = {
        key: found.name
        for key, mission in missions.items()
        if (found := locate_run(project, mission)) is not None
    }
    names = sorted(entry.name for entry in store.iterdir() if is_ulid(entry.name))
    return tuple(_entry(store / name, missions, current) for name in names)


def prune_runs(project: Project, *, dry_run: bool = False) -> PrunedRuns:
    """Take the runs away that nobody needs (see `list_runs`); what the missions are is not touched.

    Raises:
        LockTimeout: LOCK_TIMEOUT: another command works on one of the missions.
        OSError: A folder cannot be removed.
    """
    gone = tuple(run for run in list_runs(project) if run.prunable)
    if not dry_run:
        missions = {mission.slug: mission for mission in scan_missions(project.root).missions}
        for run in gone:
            mission = missions.get(run.mission_slug or "")
            if mission is None:
                _remove(run_store(project) / run.run_id)
            else:
                with run_lock(project, mission):
                    _remove(run_store(project) / run.run_id)
    return PrunedRuns(gone, dry_run)


def _remove(folder: Path) -> None:
    # Renamed first: whatever happens then, no half of a run is taken for one.
    condemned = folder.with_name(f"{folder.name}{_PRUNED}")
    folder.rename(condemned)
    shutil.rmtree(condemned)


def _entry(folder: Path, missions: dict[str, Mission], current: dict[str, str]) -> RunEntry:
    try:
        snapshot, journal, _ = read_run(folder)
    except RunNotFound:
        return RunEntry(folder.name, None, None, "unreadable")
    finished = snapshot.finished
    state = "finished" if finished else "stopped" if snapshot.blocked_reason else "open"
    mission = missions.get(snapshot.mission_id)
    newer = current.get(snapshot.mission_id)
    why = None
    if newer is not None and newer != folder.name:
        why = "the mission has a newer run"
    elif finished and mission is None:
        why = "finished, and its mission is not in this checkout"
    elif finished and mission is not None and mission.merged_at is not None:
        why = "finished, and its mission is merged"
    last = journal.rows[-1].at if (folder / JOURNAL_FILE).is_file() and journal.rows else None
    return RunEntry(
        folder.name,
        snapshot.mission_slug,
        run_state(snapshot)["mission_type"],
        state,
        snapshot.completed_steps,
        last,
        why,
    )
