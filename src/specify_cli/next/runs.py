"""Which run belongs to which mission: an index that can be lost without losing anything."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from specify_cli.git.worktrees import exclude_local_files
from specify_cli.kernel.files import DISK, json_document
from specify_cli.kernel.locks import file_lock
from specify_cli.kernel.ulid import is_ulid, ulid_of
from specify_cli.mission_runtime.placement import ArtefactKind, place
from specify_cli.missions.locks import lock_path
from specify_cli.next._internal_runtime.schema import MissionRunSnapshot
from specify_cli.next._internal_runtime.state import mission_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from specify_cli.identity.project import Project, ProjectIdentity
    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.description import Description
    from specify_cli.next._internal_runtime.run import MissionRun
    from specify_cli.next._internal_runtime.schema import ActorIdentity, MissionTemplate


def run_lock(project: Project, mission: Mission) -> AbstractContextManager[None]:
    """Return the lock under which a mission's run is changed; take it before the mission's own.

    Entering it raises LOCK_TIMEOUT when another process keeps it.
    """
    return file_lock(lock_path(project.repository.common_dir, f"run-{mission.slug}"))


def locate_run(project: Project, mission: Mission) -> Path | None:
    """Return the folder of the mission's run in this checkout, or None. Writes nothing.

    A lost or outdated index is made up for by looking at the runs themselves.
    """
    mission_id = mission.mission_id or ulid_of(mission.slug)
    store = run_store(project)
    indexed = _read_index(project).get(mission.slug)
    candidates = [indexed] if indexed else []
    if indexed is None or not (store / indexed).is_dir():
        candidates = _newest_first(store)
    return next((store / run for run in candidates if mission_of(store / run) == mission_id), None)


def find_run(
    project: Project,
    mission: Mission,
    identity: Callable[[], ProjectIdentity] | None = None,
) -> MissionRun | None:
    """Return the mission's run in this checkout, open for events, or None. Writes nothing.

    Args:
        project: The project.
        mission: The mission.
        identity: Answers who writes; by default what the project's configuration says.
    """
    from specify_cli.identity.project import load_identity
    from specify_cli.next._internal_runtime.run import MissionRun

    run_dir = locate_run(project, mission)
    if run_dir is None:
        return None
    return MissionRun.open(run_dir, identity=identity or (lambda: load_identity(project)))


def start_run(
    project: Project,
    mission: Mission,
    description: Description,
    actor: ActorIdentity,
    identity: Callable[[], ProjectIdentity] | None = None,
) -> MissionRun:
    """Begin a run of a mission in memory.

    Args:
        project: The project.
        mission: The mission.
        description: The description of its type.
        actor: Who begins it.
        identity: As for `find_run`.

    Raises:
        SpecKittyError: NOT_INITIALIZED and what else reading the identity raises.
    """
    from specify_cli.identity.project import load_identity
    from specify_cli.next._internal_runtime.run import MissionRun

    return MissionRun.start(
        description.template,
        meaning=description.meaning,
        run_store=run_store(project),
        # A mission without an id has its run in this checkout all the same.
        mission_id=mission.mission_id or ulid_of(mission.slug),
        mission_slug=mission.slug,
        actor=actor,
        identity=identity or (lambda: load_identity(project)),
    )


def save_run(project: Project, run: MissionRun) -> None:
    """Write a run, and the index when it does not name the run yet.

    Raises:
        WriteFailed: WRITE_FAILED.
        LockTimeout: LOCK_TIMEOUT.
    """
    exclude_local_files(project.repository)
    run.save()
    slug, run_id = run.ref.mission_slug, run.ref.run_id
    if _read_index(project).get(slug) == run_id:
        return
    with file_lock(lock_path(project.repository.common_dir, "runs-index")):
        index = _read_index(project) | {slug: run_id}
        DISK.write_atomic(_index(project), json_document({"runs": index}))


def unstarted(mission: Mission, template: MissionTemplate) -> MissionRunSnapshot:
    """Return what a run of the mission would be before its first event; for questions only."""
    return MissionRunSnapshot(
        run_id="",
        mission_key=template.mission.key,
        mission_id=mission.mission_id or "",
        mission_slug=mission.slug,
        template_hash="",
    )


def run_store(project: Project) -> Path:
    """Return the folder of all runs; it may not exist yet."""
    return place(ArtefactKind.RUN_STATE, project.root, run_id="-").parent.parent


def _index(project: Project) -> Path:
    return place(ArtefactKind.RUN_INDEX, project.root)


def _read_index(project: Project) -> dict[str, str]:
    try:
        document = json.loads(_index(project).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    runs = document.get("runs") if isinstance(document, dict) else None
    if not isinstance(runs, dict):
        return {}
    # A run's id becomes a path; only real ones may.
    return {k: v for k, v in runs.items() if isinstance(v, str) and is_ulid(v)}


def _newest_first(store: Path) -> list[str]:
    if not store.is_dir():
        return []
    return sorted((e.name for e in store.iterdir() if is_ulid(e.name)), reverse=True)
