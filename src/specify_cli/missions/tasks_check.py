"""Checking the tasks of a mission as a whole, and what their frontmatter still needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.kernel.files import read_text
from specify_cli.missions.dependencies import dependency_graph, find_cycle
from specify_cli.missions.documents import (
    SPEC_FILE,
    TASKS_FILE,
    check_tasks_index,
    check_work_package_text,
)
from specify_cli.missions.ownership import first_overlap, glob_problem
from specify_cli.missions.requirements import declared_requirements
from specify_cli.missions.work_packages import (
    PLANNING_ARTIFACT,
    WorkPackageProblem,
    checkboxes,
    scan_work_packages,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from specify_cli.kernel.errors import SpecKittyError
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage

SURFACE = "wp_frontmatter"
PROBLEM_CODE = "INVALID_WORK_PACKAGE"
# Lane worktrees hold copies of these, or nothing at all: what is changed there never arrives.
_NOT_FROM_A_LANE = ("kitty-specs", ".git", ".worktrees")
_REQUIRED = {
    "dependencies": "Write `dependencies: []`, or the ids it builds on: `dependencies: [WP01]`.",
    "owned_files": "List every file it may change: `owned_files: [src/app/store.py]`.",
    "requirement_refs": "List the requirements it serves: `requirement_refs: [FR-001]`.",
}


@dataclass(frozen=True, slots=True)
class CheckedTasks:
    """The outcome of the check.

    Attributes:
        work_packages: All readable work packages.
        problems: What must be corrected.
        warnings: What is odd but allowed.
        texts: Work package id to the new content of its file, for those that need additions.
    """

    work_packages: tuple[WorkPackage, ...]
    problems: tuple[WorkPackageProblem, ...]
    warnings: tuple[str, ...]
    texts: Mapping[str, bytes]

    def problem_of(self, error: SpecKittyError, mission: Mission) -> WorkPackageProblem:
        """Turn an error that concerns the work packages together into a problem."""
        folder = f"{mission.relative(mission.tasks_directory)}/"
        return WorkPackageProblem(error.code, folder, None, error.message.rstrip("."), error.fix)


def check_all(mission: Mission) -> CheckedTasks:
    """Check tasks.md, every work package and how they fit together.

    Raises:
        ReadFailed: READ_FAILED: the spec or tasks.md is not readable text.
    """
    scan = scan_work_packages(mission)
    packages = scan.work_packages
    problems = [*scan.problems]
    if not packages and not problems:
        problems.append(
            _problem(
                f"{mission.relative(mission.tasks_directory)}/",
                "there are no work package files",
                "Write at least one, WP01-short-name.md.",
            )
        )
    problems += map(_from_guard, check_tasks_index(mission))
    problems += _check_mentions(mission, packages)
    for package in packages:
        problems += _check_package(mission, package)
        problems += map(_from_guard, check_work_package_text(mission, package))
    problems += _check_dependencies(mission, packages)
    problems += _check_requirements(mission, packages)
    problems += _check_subtasks(mission, packages)
    texts: dict[str, bytes] = {}
    if not problems:
        for package in packages:
            problems += _complete(mission, package, texts)
    return CheckedTasks(packages, tuple(problems), _warnings(mission), texts)


def additions(mission: Mission, package: WorkPackage) -> JsonObject:
    """Return the frontmatter keys that have to be set in a work package file.

    They are those that a reader may rely on and that are missing, or written in another notation
    than the contract's (`WP1`).
    """
    wanted: JsonObject = {
        "work_package_id": package.id,
        "title": package.title,
        "dependencies": [*package.dependencies],
        "requirement_refs": [*package.requirement_refs],
        "owned_files": [*package.owned_files],
        "create_intent": [*package.create_intent],
        "execution_mode": package.execution_mode,
        "subtasks": [*package.subtasks],
        "planning_base_branch": mission.target_branch,
        "merge_target_branch": mission.target_branch,
    }
    return {key: value for key, value in wanted.items() if package.frontmatter.get(key) != value}


def _complete(
    mission: Mission, package: WorkPackage, texts: dict[str, bytes]
) -> Iterable[WorkPackageProblem]:
    changes = additions(mission, package)
    file = mission.relative(package.path)
    from spec_kitty_contracts.gate import violations

    found = violations(SURFACE, {**package.frontmatter, **changes})
    if changes and not found:
        from specify_cli.kernel.yaml import edit_frontmatter

        raw = package.path.read_bytes()
        text = edit_frontmatter(read_text(package.path), changes, source=file)
        # The author's line ends stay: an editor on Windows should not show every line as changed.
        texts[package.id] = (text.replace("\n", "\r\n") if b"\r\n" in raw else text).encode("utf-8")
    return [
        _problem(
            file,
            f"{violation.path.removeprefix('$.')}: {violation.expected}, found {violation.found}",
            "Correct the key between the '---' lines.",
        )
        for violation in found
    ]


def _check_package(mission: Mission, package: WorkPackage) -> Iterable[WorkPackageProblem]:
    file = mission.relative(package.path)
    problems = [
        _problem(file, f"the key {key} is missing", fix)
        for key, fix in _REQUIRED.items()
        if package.frontmatter.get(key) is None
    ]
    if "owned_files" in package.frontmatter and not package.owned_files:
        problems.append(_problem(file, "owned_files is empty", _REQUIRED["owned_files"]))
    for key, globs in (
        ("owned_files", package.owned_files),
        ("create_intent", package.create_intent),
    ):
        for glob in globs:
            wrong = glob_problem(glob)
            if wrong is not None:
                fix = f"Write a path or glob such as `{key}: [src/app/**]`."
                problems.append(_problem(file, f"{key}: '{glob}' is not usable: {wrong}", fix))
    if package.execution_mode != PLANNING_ARTIFACT:
        problems += [
            _problem(
                file,
                f"owned_files: '{glob}' cannot be changed from a worktree",
                "Remove it, or write `execution_mode: planning_artifact` if the work package only "
                "writes documents.",
            )
            for glob in package.owned_files
            if glob.removeprefix("./").split("/")[0] in _NOT_FROM_A_LANE
        ]
    problems += [
        _problem(
            file,
            f"create_intent: '{glob}' is not among the owned files",
            f"Add '{glob}' to owned_files.",
        )
        for glob in package.create_intent
        if package.owned_files and first_overlap([glob], package.owned_files) is None
    ]
    return problems


def _check_dependencies(
    mission: Mission, packages: Sequence[WorkPackage]
) -> Iterable[WorkPackageProblem]:
    known = {package.id for package in packages}
    problems = [
        _problem(
            mission.relative(package.path),
            f"it depends on {wp_id}, which does not exist",
            f"Remove {wp_id} from dependencies, or write its file.",
            "UNKNOWN_DEPENDENCY",
        )
        for package in packages
        for wp_id in package.dependencies
        if wp_id not in known
    ]
    cycle = find_cycle(dependency_graph(packages))
    if cycle:
        first = next(package for package in packages if package.id == cycle[0])
        problems.append(
            _problem(
                mission.relative(first.path),
                f"these work packages wait for each other: {' -> '.join((*cycle, cycle[0]))}",
                f"Remove one of these dependencies, for example {cycle[1 % len(cycle)]} "
                f"from {cycle[0]}.",
                "DEPENDENCY_CYCLE",
            )
        )
    return problems


def _check_requirements(
    mission: Mission, packages: Sequence[WorkPackage]
) -> Iterable[WorkPackageProblem]:
    path = mission.directory / SPEC_FILE
    spec_file = mission.relative(path)
    try:
        declared = declared_requirements(read_text(path))
    except FileNotFoundError:
        return [_problem(spec_file, "there is no specification", "Write and commit it first.")]
    known = {requirement.id for requirement in declared}
    used = {ref for package in packages for ref in package.requirement_refs}
    problems = [
        _problem(
            mission.relative(package.path),
            f"requirement_refs: {ref!r} is not in {spec_file}",
            f"Use ids that are there: {', '.join(sorted(known)[:10]) or 'none yet'}.",
            "UNKNOWN_REQUIREMENT",
        )
        for package in packages
        for ref in package.requirement_refs
        if ref not in known
    ]
    uncovered = dict.fromkeys(
        requirement.id
        for requirement in declared
        if requirement.is_functional and requirement.id not in used
    )
    problems += [
        _problem(
            spec_file,
            f"{requirement_id} is served by no work package",
            f"Add {requirement_id} to requirement_refs of the work package that meets it.",
            "UNCOVERED_REQUIREMENT",
        )
        for requirement_id in uncovered
        if packages
    ]
    return problems


def _check_mentions(
    mission: Mission, packages: Sequence[WorkPackage]
) -> Iterable[WorkPackageProblem]:
    try:
        text = read_text(mission.directory / TASKS_FILE)
    except FileNotFoundError:
        return []  # which the index's own check says
    mentioned = {int(number) for number in re.findall(r"\b(?:WP|Work Package )0*([0-9]+)\b", text)}
    return [
        _problem(
            mission.relative(mission.directory / TASKS_FILE),
            f"it has no section for {package.id}",
            f"Add a section `## {package.id}: {package.title}`.",
        )
        for package in packages
        if int(package.id.removeprefix("WP")) not in mentioned
    ]


def _check_subtasks(
    mission: Mission, packages: Sequence[WorkPackage]
) -> Iterable[WorkPackageProblem]:
    owner: dict[str, str] = {}
    problems = []
    for package in packages:
        boxes = [box.id for box in checkboxes(package.body)]
        twice = {task for task in boxes if boxes.count(task) > 1}
        for task in package.subtasks:
            other = package.id if task in twice else owner.setdefault(task, package.id)
            if task in twice or other != package.id:
                problems.append(
                    _problem(
                        mission.relative(package.path),
                        f"subtask {task} is in {other} already",
                        f"Give the subtask of {package.id} an id of its own.",
                    )
                )
    return problems


def _warnings(mission: Mission) -> tuple[str, ...]:
    folder = mission.tasks_directory
    if not folder.is_dir():
        return ()
    return tuple(
        f"{mission.relative(entry)} is not taken for a work package: its name does not start with "
        "WP and a number"
        for entry in sorted(folder.glob("*.md"))
        if entry.name != "README.md" and re.match(r"WP[0-9]", entry.name) is None
    )


def _from_guard(failure: GuardFailure) -> WorkPackageProblem:
    return _problem(
        failure.file, f"looked for {failure.looked_for}, found {failure.found}", failure.fix
    )


def _problem(file: str, problem: str, fix: str, code: str = PROBLEM_CODE) -> WorkPackageProblem:
    return WorkPackageProblem(code, file, None, problem, fix)
