"""Bringing the status of a merged mission home from its coordination branch (ADR 0009).

While a mission of such a topology is worked on, its log and its reviews are on a branch of their own.
Once it is merged they belong beside its documents on the target branch, as the existing CLI has it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tip, delete_branch
from specify_cli.git.process import GitFailed
from specify_cli.git.safe_commit import Capability
from specify_cli.git.worktrees import WorktreeDirty, remove_worktree
from specify_cli.missions.metadata import META_FILE, metadata_bytes, read_metadata
from specify_cli.missions.mission import LOG_FILE, load_mission, mission_log
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission

STATUS_FILE = "status.json"
_OWN = (LOG_FILE, STATUS_FILE)
_APART = ("coordination_branch", "topology")


def bring_status_home(project: Project, mission: Mission) -> str | None:
    """Append the rows of the coordination log to the log beside `meta.json`, and note it there.

    The rows stay as they are written; none is taken twice. The reviews come along, and `meta.json`
    names no coordination branch any more. Doing it again does nothing.

    Args:
        project: The project.
        mission: A mission that is merged.

    Returns:
        The commit; None for a mission whose log lies beside its `meta.json`.

    Raises:
        SpecKittyError: WRONG_BRANCH, SAFE_COMMIT_*, WRITE_FAILED.
    """
    source = mission.status_directory
    if mission.coordination_root is None:
        return None
    folder = mission.relative(mission.directory)
    document: JsonObject = {
        key: value
        for key, value in read_metadata(mission.directory, source=folder).document.items()
        if key not in _APART
    }
    document["flattened"] = True
    home = mission._replace(metadata=document)
    message = f"Bring the status of {mission.slug} to {mission.target_branch}"
    with MissionStatus.change(
        mission_log(project, home), message=message, capability=Capability.MERGE_BOOKKEEPING
    ) as change:
        change.adopt(_missing_lines(_read(home.log_file), _read(source / LOG_FILE)))
        for path in _further_files(source):
            target = mission.directory / path.relative_to(source)
            if not target.exists():
                change.include(target, path.read_bytes())
        change.include(mission.directory / META_FILE, metadata_bytes(document))
    return change.result.commit


def remove_coordination(repo: Repository, mission: Mission) -> tuple[str | None, str | None]:
    """Remove the worktree and the branch of a coordination that has been brought home.

    Args:
        repo: The main checkout.
        mission: The mission as it was before.

    Returns:
        Worktree and branch that are gone, and what kept them otherwise; None is no reason.

    Raises:
        GitFailed: GIT_FAILED.
    """
    tree, branch = mission.coordination_root, mission.coordination_branch
    if tree is None or branch is None:
        return None, None
    if load_mission(mission.root, mission.slug).coordination_branch is not None:
        return None, "its status has not been brought home"
    different = [
        path.name
        for path in _further_files(mission.status_directory)
        if _read(mission.directory / path.relative_to(mission.status_directory)) != _read(path)
    ]
    if different:
        return None, f"{branch} has other versions of {', '.join(different)}"
    try:
        remove_worktree(repo, tree)
    except (WorktreeDirty, GitFailed) as error:
        return None, error.message
    tip = branch_tip(repo, branch)
    if tip is not None:
        delete_branch(repo, branch, tip)
    return tree.name, None


def _missing_lines(here: bytes, there: bytes) -> list[bytes]:
    """Return the lines of one copy of a log that another copy lacks, in order."""
    known = {_event(line) for line in here.splitlines()}
    return [line for line in there.splitlines() if line.strip() and _event(line) not in known]


def _event(line: bytes) -> str | bytes:
    """Return the event id of a row; the line itself when it has none."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return line
    event_id = row.get("event_id") if isinstance(row, dict) else None
    return event_id if isinstance(event_id, str) else line


def _further_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix() not in _OWN
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
