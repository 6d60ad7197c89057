"""Finalising the tasks: check every work package, compute the lanes, put them on the board."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.process import try_git
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.actors import recorded_name
from specify_cli.missions.documents import TASKS_FILE, uncommitted_files
from specify_cli.missions.home import write_documents
from specify_cli.missions.lane_assignment import compute_lanes, lanes_bytes
from specify_cli.missions.lanes import LANES_FILE, LanesCorrupt, LanesMissing, load_lanes
from specify_cli.missions.mission import mission_log
from specify_cli.missions.tasks_check import check_all
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.lanes_manifest import LanesManifest
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.tasks_check import CheckedTasks
    from specify_cli.missions.work_packages import WorkPackage, WorkPackageProblem
    from specify_cli.status.board import Board
    from specify_cli.status.log import Log

_SHOWN = 5
_UNSEEDED = (Lane.UNINITIALIZED, Lane.GENESIS)
# When and where lanes were computed does not make them different lanes.
_CIRCUMSTANCES = ("computed_at", "planning_commit_sha")


class TasksInvalid(SpecKittyError):
    """The tasks cannot be finalised; `details.problems` lists everything that is wrong."""

    code = "TASKS_INVALID"

    def __init__(self, mission: Mission, problems: Sequence[WorkPackageProblem]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        listed = "; ".join(f"{_place(item)}: {item.problem}" for item in problems[:_SHOWN])
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        self._shape = (
            "The shape of a work package file is in "
            f"{mission.relative(mission.tasks_directory)}/README.md."
        )
        rows: list[JsonValue] = [problem.to_json() for problem in problems]
        super().__init__(
            f"the tasks of {mission.slug} have {count}: {listed}{more}.",
            fix=f"{problems[0].fix} {self._shape}",
            details={"mission_slug": mission.slug, "problems": rows},
        )
        self._heading = f"Error: the tasks of {mission.slug} have {count}:"
        self._problems = tuple(problems)

    def to_text(self) -> str:
        """Return every problem with its fix, for people."""
        lines = [self._heading]
        for problem in self._problems:
            lines += [f"  - {_place(problem)}: {problem.problem}", f"    fix: {problem.fix}"]
        return "\n".join([*lines, f"Fix:   Correct each as it says. {self._shape}"])


@dataclass(frozen=True, slots=True)
class FinalizeReport:
    """What finalising did, or would do.

    Attributes:
        mission_slug: The mission.
        work_packages: Their ids.
        seeded: Those that were put on the board now.
        files: Files that were written or committed, relative to the project root.
        lanes: Lane id to its work packages.
        notes: What is good to know, such as why two work packages share a lane.
        commit: The commit that holds it all; None when nothing was to be done.
        validate_only: Nothing was written because that was asked for.
    """

    mission_slug: str
    work_packages: tuple[str, ...]
    seeded: tuple[str, ...]
    files: tuple[str, ...]
    lanes: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...]
    commit: str | None
    validate_only: bool

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `finalize-tasks`."""
        lanes: JsonObject = {lane: [*wp_ids] for lane, wp_ids in self.lanes.items()}
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "validate_only": self.validate_only,
            "wp_count": len(self.work_packages),
            "work_packages": [*self.work_packages],
            "newly_seeded": [*self.seeded],
            "files_committed": [*self.files],
            "lanes": lanes,
            "notes": [*self.notes],
            "commit_created": self.commit is not None,
            "commit_hash": self.commit,
        }

    def to_text(self) -> str:
        """Return the report for people."""
        count = len(self.work_packages)
        if self.validate_only:
            first = f"The {count} work packages are fine; nothing was written."
        elif self.commit is None:
            first = f"The {count} work packages were finalised before; nothing has changed."
        else:
            first = f"{count} work packages are on the board ({len(self.seeded)} new)."
        lanes = [f"  {lane:<14} {' -> '.join(wp_ids)}" for lane, wp_ids in self.lanes.items()]
        lines = [first, *lanes, *(f"  note: {note}" for note in self.notes)]
        if self.validate_only:
            lines.append(f"Next: spec-kitty tasks --mission {self.mission_slug}")
        else:
            lines.append(
                f"Next: spec-kitty next --agent <your-name> --mission {self.mission_slug} "
                "--result success"
            )
        return "\n".join(lines)


def finalize_tasks(
    project: Project,
    mission: Mission,
    *,
    actor: str,
    validate_only: bool = False,
    policy_metadata: JsonObject | None = None,
) -> FinalizeReport:
    """Check the tasks, write what is missing in them, compute lanes and seed the board.

    All problems are reported at once. Frontmatter additions, `lanes.json`, the work package files,
    tasks.md and the new rows of the log go into one commit. Run again without changes, it does
    nothing; work packages written since are added, and lanes with work in them stay as they are.

    Args:
        project: The project.
        mission: The mission.
        actor: Who finalises.
        validate_only: Check and compute, but write nothing.
        policy_metadata: Policy of the orchestrator that asked; recorded with each new row.

    Raises:
        TasksInvalid: TASKS_INVALID.
        SpecKittyError: What `MissionStatus.change` raises.
    """
    actor = recorded_name(actor)
    status = MissionStatus.load(mission_log(project, mission))
    checked = check_all(mission)
    problems = list(checked.problems)
    manifest: LanesManifest | None = None
    if not problems:
        try:
            manifest = compute_lanes(
                mission,
                checked.work_packages,
                computed_at=isoformat(utc_now()),
                planning_commit_sha=_head(mission.root),
                started=_started(mission, status.log),
            )
        except SpecKittyError as error:
            problems.append(checked.problem_of(error, mission))
    if manifest is None:
        raise TasksInvalid(mission, problems)
    written = _Written()
    if not validate_only:
        packages, texts = checked.work_packages, checked.texts
        changes = _changed_files(mission, packages, texts, manifest)
        if _to_commit(mission, packages, changes) or _unseeded(status.board, packages):
            written = _write(project, mission, checked, manifest, actor, policy_metadata)
    return FinalizeReport(
        mission_slug=mission.slug,
        work_packages=tuple(package.id for package in checked.work_packages),
        seeded=written.seeded,
        files=written.files,
        lanes={lane["lane_id"]: tuple(lane["wp_ids"]) for lane in manifest["lanes"]},
        notes=(*_notes(manifest), *checked.warnings),
        commit=written.commit,
        validate_only=validate_only,
    )


def planning_commit(mission: Mission) -> str | None:
    """Return the commit of the mission's branch that its tasks are as they are since; None without one."""
    paths = (
        mission.directory / TASKS_FILE,
        mission.directory / LANES_FILE,
        mission.tasks_directory,
    )
    found = try_git(
        mission.root,
        "log",
        "-1",
        "--format=%H",
        f"refs/heads/{mission.target_branch}",
        "--",
        *(f":(literal){mission.relative(path)}" for path in paths),
    )
    return found.stdout.strip() or None


class _Written(NamedTuple):
    """What was written."""

    commit: str | None = None
    seeded: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def _write(
    project: Project,
    mission: Mission,
    checked: CheckedTasks,
    manifest: LanesManifest,
    actor: str,
    policy_metadata: JsonObject | None,
) -> _Written:
    message = f"Finalise the tasks of {mission.slug}"
    apart = None
    with MissionStatus.change(mission_log(project, mission), message=message) as change:
        # Looked at again under the lock: another process may have finalised since; what it wrote stands.
        changes = _changed_files(mission, checked.work_packages, checked.texts, manifest)
        files = _to_commit(mission, checked.work_packages, changes)
        paths = [mission.root / file for file in files]
        contents = {p: changes[p] if p in changes else p.read_bytes() for p in paths}
        if contents:
            apart = write_documents(project, mission, change, contents, message)
        seeds = _unseeded(change.board, checked.work_packages)
        for wp_id in seeds:
            change.transition(
                TransitionRequest(wp_id, Lane.PLANNED, actor, policy_metadata=policy_metadata)
            )
    return _Written(change.result.commit or apart, seeds, files)


def _unseeded(board: Board, packages: Sequence[WorkPackage]) -> tuple[str, ...]:
    return tuple(package.id for package in packages if board.lane(package.id) in _UNSEEDED)


def _started(mission: Mission, log: Log) -> dict[str, tuple[str, ...]]:
    """Return the lanes in which some work package has moved beyond planned."""
    moved = {row.wp_id for row in log.transitions if row.to_lane is not Lane.PLANNED}
    try:
        lanes = load_lanes(mission).lanes
    except (LanesMissing, LanesCorrupt):
        # Computed anew from the same work packages, the lanes get the same names.
        return {}
    return {lane.lane_id: lane.wp_ids for lane in lanes if moved.intersection(lane.wp_ids)}


def _changed_files(
    mission: Mission,
    packages: Sequence[WorkPackage],
    texts: Mapping[str, bytes],
    manifest: LanesManifest,
) -> dict[Path, bytes]:
    """Return the files whose content has to change, with their new content."""
    changes = {
        package.path: texts[package.id]
        for package in packages
        if package.id in texts and package.path.read_bytes() != texts[package.id]
    }
    path = mission.directory / LANES_FILE
    try:
        written = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        written = None
    if _essence(written) != _essence(manifest):
        changes[path] = lanes_bytes(manifest)
    return changes


def _essence(manifest: object) -> object:
    if not isinstance(manifest, dict):
        return manifest
    return {key: value for key, value in manifest.items() if key not in _CIRCUMSTANCES}


def _to_commit(
    mission: Mission, packages: Sequence[WorkPackage], changes: Mapping[Path, bytes]
) -> tuple[str, ...]:
    """Return the files that the commit must hold: changed ones, and those not committed yet."""
    paths = [
        mission.directory / TASKS_FILE,
        mission.directory / LANES_FILE,
        *(package.path for package in packages),
    ]
    names = [mission.relative(path) for path in paths]
    dirty = uncommitted_files(mission.root, names)
    changed = {mission.relative(path) for path in changes}
    return tuple(name for name in names if name in changed or name in dirty)


def _head(root: Path) -> str | None:
    output = try_git(root, "rev-parse", "--verify", "--quiet", "HEAD")
    return output.stdout.strip() or None


def _notes(manifest: LanesManifest) -> tuple[str, ...]:
    lane_of = {wp_id: lane["lane_id"] for lane in manifest["lanes"] for wp_id in lane["wp_ids"]}
    report = manifest.get("collapse_report")
    return tuple(
        f"{event['wp_a']} and {event['wp_b']} share {lane_of[event['wp_a']]}: "
        f"{event.get('evidence')}"
        for event in (report["events"] if report else ())
    )


def _place(problem: WorkPackageProblem) -> str:
    return problem.file if problem.line is None else f"{problem.file} line {problem.line}"
