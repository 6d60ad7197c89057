"""A mission as it lies on disk, and how a handle leads to one."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import refuse_links_out_of
from specify_cli.kernel.names import safe_segment
from specify_cli.missions.branches import BRANCH_PREFIX as BRANCH_PREFIX
from specify_cli.missions.branches import branches_holding, checked_out_branch, missions_elsewhere
from specify_cli.missions.handles import answers_to, slug_answers_to
from specify_cli.missions.locks import lock_path, mission_lock
from specify_cli.missions.metadata import (
    META_FILE,
    CorruptMetadata,
    read_metadata,
    refuse_foreign_mission,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.status.mission_status import MissionLog
    from specify_cli.status.reading import FoldedLog

MISSIONS_FOLDER = "kitty-specs"
LOG_FILE = "status.events.jsonl"
TASKS_FOLDER = "tasks"
DECISIONS_FOLDER = "decisions"
COORDINATED = frozenset({"coord", "lanes_with_coord"})
"""Topologies of the existing CLI that keep the status log on a branch of its own."""
_SHOWN = 20


class MissionNotFound(SpecKittyError):
    """No mission answers to the handle."""

    code = "MISSION_NOT_FOUND"


class MissionAmbiguous(SpecKittyError):
    """More than one mission answers to the handle."""

    code = "MISSION_AMBIGUOUS"


class Mission(NamedTuple):
    """One mission folder, read from its `meta.json`.

    Attributes:
        slug: The folder's name; the mission's name everywhere.
        mission_id: ULID, or None in a project that another client seeded without one.
        directory: Absolute path of the mission folder in the main checkout.
        root: Absolute path of the main checkout.
        mission_type: "software-dev", "research", ...
        mission_number: Assigned at merge; None until then.
        target_branch: The branch the mission lives on and its lanes are merged into. When
            `meta.json` names none, the branch checked out in the main checkout; empty when that
            is detached.
        friendly_name: The title for people.
        created_at: As recorded, or None.
        accepted_at: Time of acceptance, or None.
        merged_at: Time of the merge, or None.
        metadata: Everything in `meta.json`, unknown keys included.
    """

    slug: str
    mission_id: str | None
    directory: Path
    root: Path
    mission_type: str
    mission_number: int | None
    target_branch: str
    friendly_name: str
    created_at: str | None = None
    accepted_at: str | None = None
    merged_at: str | None = None
    metadata: Mapping[str, JsonValue] = MappingProxyType({})

    @property
    def mid8(self) -> str | None:
        """The first eight characters of the id: the short handle."""
        return self.mission_id[:8] if self.mission_id else None

    @property
    def coordination_branch(self) -> str | None:
        """The branch that holds the status log; None when it lies beside `meta.json`."""
        if self.metadata.get("topology") not in COORDINATED:
            return None
        named = self.metadata.get("coordination_branch")
        return named if isinstance(named, str) and named.strip() else None

    @property
    def coordination_root(self) -> Path | None:
        """The worktree of the coordination branch, which may be missing; None without one."""
        if self.coordination_branch is None:
            return None
        return self.root / ".worktrees" / f"{self.slug}-coord"

    @property
    def status_directory(self) -> Path:
        """The folder of the event log and the reviews: the mission's own, or its coordination one."""
        tree = self.coordination_root
        return self.directory if tree is None else tree / MISSIONS_FOLDER / self.slug

    @property
    def is_planned_by_files(self) -> bool:
        """Whether the work package files are the plan: no program with a finalize step made it.

        Every such program records the topology in `meta.json` (ADR 0009).
        """
        return "topology" not in self.metadata and self.metadata.get("flattened") is not True

    @property
    def log_file(self) -> Path:
        """The event log; it may not exist yet."""
        return self.status_directory / LOG_FILE

    @property
    def tasks_directory(self) -> Path:
        """The folder of the work package files; it may not exist yet."""
        return self.directory / TASKS_FOLDER

    def relative(self, path: Path) -> str:
        """Return a path below the project root as text with forward slashes."""
        return path.relative_to(self.root).as_posix()


class MissionScan(NamedTuple):
    """Every mission folder of a project: those that can be used, and what is wrong with the rest.

    Attributes:
        missions: Readable missions, sorted by slug.
        problems: One error for each unreadable folder.
    """

    missions: tuple[Mission, ...]
    problems: tuple[CorruptMetadata, ...]


def load_mission(root: Path, slug: str) -> Mission:
    """Read one mission by the name of its folder.

    Args:
        root: The main checkout.
        slug: The folder's name below `kitty-specs/`.

    Raises:
        UnsafeName: UNSAFE_NAME: the slug is not one plain path segment.
        MissionNotFound: MISSION_NOT_FOUND: there is no such folder.
        CorruptMetadata: CORRUPT_METADATA with file and line.
        LinkLeadsOut: LINK_LEADS_OUT: one of its files is a link to somewhere else.
    """
    safe_segment(slug, what="mission")
    directory = root / MISSIONS_FOLDER / slug
    if not _holds_mission(directory):
        raise _not_found(root, slug)
    return _settled(root, directory)


def scan_missions(root: Path) -> MissionScan:
    """Read every mission folder; an unreadable one never hides the others."""
    missions: list[Mission] = []
    problems: list[CorruptMetadata] = []
    for directory in _folders(root):
        try:
            missions.append(_read(root, directory))
        except CorruptMetadata as problem:
            problems.append(problem)
    return MissionScan(tuple(missions), tuple(problems))


def list_missions(root: Path) -> tuple[Mission, ...]:
    """Return the readable missions, sorted by slug (`scan_missions` also tells the unreadable)."""
    return scan_missions(root).missions


def find_mission(root: Path, handle: str | None) -> Mission:
    """Find the mission a user means.

    Args:
        root: The main checkout.
        handle: Full slug, ULID, the first eight characters of the ULID, or the words of the slug
            without its suffix. None means the only open mission.

    Raises:
        UnsafeName: UNSAFE_NAME: the handle is not one plain path segment.
        MissionNotFound: MISSION_NOT_FOUND: the fix lists the missions that exist.
        MissionAmbiguous: MISSION_AMBIGUOUS: the fix lists the candidates.
        CorruptMetadata: CORRUPT_METADATA: the mission was found but cannot be read.
        LinkLeadsOut: LINK_LEADS_OUT: one of its files is a link to somewhere else.
        CoordinationBranchMissing: COORDINATION_BRANCH_MISSING.
    """
    mission = _only_mission(root) if handle is None else _named(root, handle)
    if mission.coordination_branch is not None:
        from specify_cli.missions.home import ensure_status_home

        # Whoever reads the log finds it, even where the mission was only cloned.
        ensure_status_home(mission)
    return _settled(root, mission.directory, mission)


def _named(root: Path, handle: str) -> Mission:
    safe_segment(handle, what="mission")
    directory = root / MISSIONS_FOLDER / handle
    if _holds_mission(directory):
        return _read(root, directory)
    scan = scan_missions(root)
    found = [
        mission for mission in scan.missions if answers_to(mission.slug, mission.mission_id, handle)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        raise _ambiguous(f"{handle!r} means more than one mission", found)
    for problem in scan.problems:
        if slug_answers_to(str(problem.details.get("mission_slug", "")), handle):
            raise problem
    raise _not_found(root, handle)


def mission_log(project: Project, mission: Mission) -> MissionLog:
    """Return the description of the mission's event log that `MissionStatus` works on.

    The log is the one in the main checkout, or in the coordination worktree of a mission that has
    one, whatever worktree the caller stands in (DESIGN.md D8). A missing coordination worktree is
    made.

    Raises:
        ConfigInvalid: CONFIG_INVALID: the protected branches are not a list of names.
        YamlError: INVALID_YAML.
        CoordinationBranchMissing: COORDINATION_BRANCH_MISSING.
    """
    from specify_cli.git.safe_commit import Capability
    from specify_cli.missions.home import (
        completing_identity,
        ensure_status_home,
        home_capability,
    )
    from specify_cli.missions.protection import configured_protection
    from specify_cli.status.mission_status import MissionLog

    ensure_status_home(mission)
    protected = configured_protection(project.root)
    documents = home_capability(project.repository.common_dir, mission, protected)
    tree, branch = mission.coordination_root, mission.coordination_branch
    apart = tree is not None and branch is not None
    return MissionLog(
        directory=mission.status_directory,
        mission_slug=mission.slug,
        mission_id=mission.mission_id,
        mission_number=mission.mission_number,
        mission_type=mission.mission_type,
        worktree_root=tree or project.root,
        target_branch=branch or mission.target_branch,
        lock_path=lock_path(project.repository.common_dir, f"mission-{mission.slug}"),
        identity=completing_identity(project, mission, documents, protected),
        protected=protected,
        capability=Capability.STANDARD if apart else documents,
    )


def folded_log(mission: Mission) -> FoldedLog:
    """Read a mission's log for its board, without its rows.

    The fold of a long log is kept where a change of the mission keeps it too. Committed rows that the
    log lacks are among its problems.

    Raises:
        ReadFailed: READ_FAILED.
    """
    from specify_cli.status.reading import LogPlace, fold_log, read_folded

    lock = mission_lock(mission)
    if lock is None:
        # Without a git folder to keep anything in, the log can be read all the same.
        return fold_log(mission.log_file)
    return read_folded(LogPlace(mission.coordination_root or mission.root, mission.log_file, lock))


def _only_mission(root: Path) -> Mission:
    scan = scan_missions(root)
    open_missions = [mission for mission in scan.missions if mission.merged_at is None]
    candidates = open_missions or list(scan.missions)
    if len(candidates) == 1 and not scan.problems:
        return candidates[0]
    if not candidates and len(scan.problems) == 1:
        raise scan.problems[0]
    if not candidates and not scan.problems:
        raise _not_found(root, None)
    raise _ambiguous("this project has more than one mission", candidates, scan.problems)


def _folders(root: Path) -> list[Path]:
    parent = root / MISSIONS_FOLDER
    if not parent.is_dir():
        return []
    return sorted(
        (
            entry
            for entry in parent.iterdir()
            if not entry.name.startswith(".") and entry.is_dir() and _holds_mission(entry)
        ),
        key=lambda entry: entry.name,
    )


def _holds_mission(directory: Path) -> bool:
    # Switching branches can leave an empty folder behind.
    return any((directory / name).exists() for name in (META_FILE, LOG_FILE, "spec.md"))


def _read(root: Path, directory: Path) -> Mission:
    refuse_foreign_mission(directory, root)
    meta = read_metadata(directory, source=directory.relative_to(root).as_posix())
    return Mission(
        slug=directory.name,
        mission_id=meta.mission_id,
        directory=directory,
        root=root,
        mission_type=meta.mission_type,
        mission_number=meta.mission_number,
        target_branch=meta.target_branch or checked_out_branch(root) or "",
        friendly_name=meta.friendly_name or directory.name,
        created_at=meta.created_at,
        accepted_at=meta.accepted_at,
        merged_at=meta.merged_at,
        metadata=meta.document,
    )


def _settled(root: Path, directory: Path, found: Mission | None = None) -> Mission:
    """Read a mission as it is once a change that crashed half done is taken back."""
    from specify_cli.status.pending import take_back_if_crashed

    mission = found or _read(root, directory)
    for folder in {mission.directory, mission.status_directory}:
        refuse_links_out_of(folder, root)
    lock = mission_lock(mission)
    if lock is not None and take_back_if_crashed(lock, mission.coordination_root or root):
        return _read(root, directory)
    return mission


def _not_found(root: Path, handle: str | None) -> MissionNotFound:
    names = [directory.name for directory in _folders(root)]
    elsewhere = missions_elsewhere(root, names)
    if handle is not None:
        its = [name for name in elsewhere if slug_answers_to(_slug_of(name), handle)]
        if not its:
            its = branches_holding(root, lambda slug: slug_answers_to(slug, handle))
        if its:
            return MissionNotFound(
                f"mission {handle!r} is on another branch than the one that is checked out.",
                fix=" or ".join(f"git switch {name}" for name in its[:_SHOWN]),
                details={"handle": handle, "missions": [*names], "branches": [*its]},
            )
    fixes = []
    if names:
        more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        fixes.append(f"Use one of: {', '.join(names[:_SHOWN])}{more}.")
    if elsewhere:
        listed = " or ".join(f"git switch {branch}" for branch in elsewhere[:_SHOWN])
        fixes.append(f"{'Or go' if names else 'Go'} to the branch of another mission: {listed}")
    if not fixes:
        fixes.append('Make one: spec-kitty specify "Your title"')
    what = f"there is no mission {handle!r}" if handle else "there is no mission yet"
    return MissionNotFound(
        f"{what} on the branch that is checked out.",
        fix=" ".join(fixes),
        details={"handle": handle, "missions": [*names], "branches": [*elsewhere]},
    )


def _slug_of(branch: str) -> str:
    """Return the slug of the mission that a branch was made for."""
    return branch.removeprefix(BRANCH_PREFIX)


def _ambiguous(
    what: str, candidates: list[Mission], problems: tuple[CorruptMetadata, ...] = ()
) -> MissionAmbiguous:
    names = [mission.slug for mission in candidates]
    names += [str(problem.details["mission_slug"]) for problem in problems]
    return MissionAmbiguous(
        f"{what}: {', '.join(names[:_SHOWN])}.",
        fix=f"Name one: --mission {names[0]}",
        details={"missions": [*names]},
    )
