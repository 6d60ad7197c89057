"""Work packages: the files `tasks/WP*.md` of a mission."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import LinkLeadsOut, ReadFailed, read_text, refuse_link_out
from specify_cli.missions.frontmatter import read_frontmatter
from specify_cli.missions.markdown import without_fences
from specify_cli.status.wp_ids import normalise_wp_id as normalise_wp_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.missions.mission import Mission

PLANNING_ARTIFACT = "planning_artifact"
CODE_CHANGE = "code_change"
MAX_BYTES = 1_000_000
"""More than any model reads; the whole file stands in a prompt."""
EXECUTION_MODES = (CODE_CHANGE, PLANNING_ARTIFACT)
# Compiled on first use: a mission whose tasks are not written yet needs none of them.
_FILE = r"WP([0-9]{1,5})(?:[-_.].*)?\.md\Z"
_CHECKBOX = r"(?m)^[ \t]*[-*+] \[([ xX])\] +[*_`]*(T[0-9]{2,5})\b[*_`]*[:.)]?[ \t]*(.*)$"
_TITLE = r"(?m)^# +(.+?) *$"


class WorkPackageNotFound(SpecKittyError):
    """The mission has no such work package."""

    code = "WP_NOT_FOUND"


class DuplicateWorkPackage(SpecKittyError):
    """Two files claim the same work package id."""

    code = "DUPLICATE_WP_ID"


class InvalidWorkPackage(SpecKittyError):
    """A work package file that cannot be used; `details.problems` lists what is wrong."""

    code = "INVALID_WORK_PACKAGE"


class WorkPackage(NamedTuple):
    """One work package file.

    Attributes:
        id: Normalised: "WP01", "WP100".
        title: From the frontmatter, else the first heading.
        dependencies: Normalised ids of the work packages that must be approved first.
        owned_files: Globs relative to the project root that this work package may change.
        subtasks: Ids ("T001") from the frontmatter and from the `- [ ] T001 ...` lines below it.
        requirement_refs: Ids of requirements in spec.md ("FR-001").
        create_intent: Paths it will create.
        execution_mode: "code_change" (works in a lane worktree) or "planning_artifact" (works in
            the main checkout).
        agent_profile: The profile to work as, or None.
        path: Absolute path of the file.
        body: The text below the frontmatter.
        frontmatter: Everything between the '---' lines.
    """

    id: str
    title: str
    dependencies: tuple[str, ...]
    owned_files: tuple[str, ...]
    subtasks: tuple[str, ...]
    requirement_refs: tuple[str, ...]
    create_intent: tuple[str, ...]
    execution_mode: str
    agent_profile: str | None
    path: Path
    body: str
    frontmatter: Mapping[str, JsonValue] = MappingProxyType({})


class Checkbox(NamedTuple):
    """A line `- [ ] T001 description` in a work package file.

    Attributes:
        id: "T001".
        description: The text behind the id.
        checked: Whether there is an x; a note for readers, the event log decides.
    """

    id: str
    description: str
    checked: bool


class WorkPackageProblem(NamedTuple):
    """Something wrong in one work package file.

    Attributes:
        code: The error code it has when it stands alone.
        file: Relative to the project root.
        line: Line in the file, or None when it concerns the file as a whole.
        problem: What is wrong.
        fix: What to do.
    """

    code: str
    file: str
    line: int | None
    problem: str
    fix: str

    def to_json(self) -> dict[str, JsonValue]:
        """Return the problem as a JSON object."""
        return {
            "code": self.code,
            "file": self.file,
            "line": self.line,
            "problem": self.problem,
            "fix": self.fix,
        }


class WorkPackageScan(NamedTuple):
    """All work packages of a mission and every problem found on the way.

    Attributes:
        work_packages: Usable ones, in the order of their numbers.
        problems: In the order of the files.
    """

    work_packages: tuple[WorkPackage, ...]
    problems: tuple[WorkPackageProblem, ...]


def checkboxes(body: str) -> tuple[Checkbox, ...]:
    """Return the subtask lines of a work package's text; those in code blocks do not count."""
    if "] " not in body:
        return ()
    return tuple(
        Checkbox(match.group(2), match.group(3).strip(), match.group(1) != " ")
        for match in re.finditer(_CHECKBOX, without_fences(body))
    )


def load_work_packages(mission: Mission) -> tuple[WorkPackage, ...]:
    """Read every work package of a mission, in the order of their numbers.

    Raises:
        DuplicateWorkPackage: DUPLICATE_WP_ID: naming both files.
        InvalidWorkPackage: INVALID_WORK_PACKAGE: with every problem in `details.problems`.
    """
    scan = scan_work_packages(mission)
    if scan.problems:
        raise _error(scan.problems)
    return scan.work_packages


def find_work_package(mission: Mission, wp_id: str) -> WorkPackage:
    """Find one work package by its id in any notation.

    A problem in another file does not matter here.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND: the fix lists the ids that exist.
        DuplicateWorkPackage: DUPLICATE_WP_ID.
        InvalidWorkPackage: INVALID_WORK_PACKAGE: this work package's own file is wrong.
    """
    wanted = normalise_wp_id(wp_id)
    files = _files(mission)
    mine = [path for number, path in files if f"WP{number:02d}" == wanted]
    if len(mine) > 1:
        raise _error((_duplicate(mission, mine),))
    if not mine:
        known = known_ids(mission)
        listed = ", ".join(known) or "none yet"
        raise WorkPackageNotFound(
            f"mission {mission.slug} has no work package {wp_id[:40]!r}.",
            fix=f"Work packages of this mission: {listed}.",
            details={"wp_id": wp_id[:200], "mission_slug": mission.slug, "known": [*known]},
        )
    problems: list[WorkPackageProblem] = []
    package = _read(mission, mine[0], problems)
    if package is None or problems:
        raise _error(tuple(problems))
    return package


def known_ids(mission: Mission) -> tuple[str, ...]:
    """Return the ids that have a file, in the order of their numbers; reads no file."""
    return tuple(dict.fromkeys(f"WP{number:02d}" for number, _ in _files(mission)))


def only_logged(mission: Mission, wp_id: str) -> WorkPackage:
    """Return what is left of a work package whose file is gone: its id."""
    return WorkPackage(
        id=wp_id,
        title=wp_id,
        dependencies=(),
        owned_files=(),
        subtasks=(),
        requirement_refs=(),
        create_intent=(),
        execution_mode=CODE_CHANGE,
        agent_profile=None,
        path=mission.tasks_directory / f"{wp_id}.md",
        body="",
    )


def scan_work_packages(mission: Mission) -> WorkPackageScan:
    """Read every work package file and collect all problems instead of stopping at the first."""
    packages: list[WorkPackage] = []
    problems: list[WorkPackageProblem] = []
    by_number: dict[int, list[Path]] = {}
    for number, path in _files(mission):
        by_number.setdefault(number, []).append(path)
    for paths in by_number.values():
        if len(paths) > 1:
            problems.append(_duplicate(mission, paths))
        package = _read(mission, paths[0], problems)
        if package is not None:
            packages.append(package)
    return WorkPackageScan(tuple(packages), tuple(problems))


def _files(mission: Mission) -> list[tuple[int, Path]]:
    folder = mission.tasks_directory
    if not folder.is_dir():
        return []
    found = [
        (int(match.group(1)), entry)
        for entry in folder.iterdir()
        if (match := re.match(_FILE, entry.name)) is not None and entry.is_file()
    ]
    return sorted(found, key=lambda pair: (pair[0], pair[1].name))


def _read(mission: Mission, path: Path, problems: list[WorkPackageProblem]) -> WorkPackage | None:
    file = mission.relative(path)
    match = re.match(_FILE, path.name)
    if match is None:  # pragma: no cover - only files of this shape get here
        return None
    wp_id = f"WP{int(match.group(1)):02d}"
    try:
        refuse_link_out(path, mission.root)
        if path.stat().st_size > MAX_BYTES:
            problem = f"it has more than {MAX_BYTES:,} bytes"
            problems.append(_problem(file, None, problem, "Say it shorter: an agent reads it all."))
            return None
        text = read_text(path)
        frontmatter, body = read_frontmatter(text, source=file)
    except (ReadFailed, LinkLeadsOut) as error:
        problems.append(_problem(file, None, error.message, error.fix))
        return None
    except SpecKittyError as error:
        line = error.details.get("line")
        problems.append(
            _problem(file, line if isinstance(line, int) else None, error.message, error.fix)
        )
        return None
    reader = _Fields(file, text, frontmatter, problems)
    reader.check_id(wp_id)
    mode = reader.text("execution_mode") or CODE_CHANGE
    if mode not in EXECUTION_MODES:
        reader.complain(
            "execution_mode",
            f"execution_mode is {mode!r}",
            f"Use {' or '.join(EXECUTION_MODES)}.",
        )
    return WorkPackage(
        id=wp_id,
        title=reader.text("title") or _heading(body) or wp_id,
        dependencies=reader.dependencies(),
        owned_files=reader.texts("owned_files"),
        subtasks=_subtask_ids(reader.texts("subtasks"), body),
        requirement_refs=reader.texts("requirement_refs"),
        create_intent=reader.texts("create_intent"),
        execution_mode=mode,
        agent_profile=reader.text("agent_profile"),
        path=path,
        body=body,
        frontmatter=frontmatter,
    )


class _Fields(NamedTuple):
    """Typed access to one frontmatter; a wrong type becomes a problem and reads as empty."""

    file: str
    source: str
    frontmatter: Mapping[str, JsonValue]
    problems: list[WorkPackageProblem]

    def text(self, key: str) -> str | None:
        value = self.frontmatter.get(key)
        if value is None or value == "":
            return None
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return str(value)
        self.complain(key, f"{key} is not text", f"Write `{key}: some text`.")
        return None

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.frontmatter.get(key)
        if value is None or value == "":
            return ()
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(str(item) for item in value)
        self.complain(key, f"{key} is not a list of texts", f"Write `{key}: [first, second]`.")
        return ()

    def dependencies(self) -> tuple[str, ...]:
        ids: list[str] = []
        given = self.frontmatter.get("dependencies")
        # A single one without brackets, as the existing CLI reads it.
        alone = isinstance(given, str) and normalise_wp_id(given) is not None
        for item in (str(given),) if alone else self.texts("dependencies"):
            wp_id = normalise_wp_id(item)
            if wp_id is None:
                self.complain(
                    "dependencies",
                    f"dependency {item!r} is not a work package id",
                    "Write ids such as `dependencies: [WP01]`.",
                )
            elif wp_id not in ids:
                ids.append(wp_id)
        return tuple(ids)

    def check_id(self, expected: str) -> None:
        declared = self.text("work_package_id")
        if declared is not None and normalise_wp_id(declared) != expected:
            self.complain(
                "work_package_id",
                f"work_package_id is {declared!r} but the file name says {expected}",
                f"Write `work_package_id: {expected}`, or rename the file.",
            )

    def complain(self, key: str, problem: str, fix: str) -> None:
        match = re.search(rf"^{re.escape(key)}\s*:", self.source, re.MULTILINE)
        line = self.source.count("\n", 0, match.start()) + 1 if match else None
        self.problems.append(_problem(self.file, line, problem, fix))


def _heading(body: str) -> str | None:
    match = re.search(_TITLE, body)
    return match.group(1) if match else None


def _subtask_ids(declared: tuple[str, ...], body: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*declared, *(box.id for box in checkboxes(body)))))


def _problem(file: str, line: int | None, problem: str, fix: str) -> WorkPackageProblem:
    return WorkPackageProblem(InvalidWorkPackage.code, file, line, problem, fix)


def _duplicate(mission: Mission, paths: Sequence[Path]) -> WorkPackageProblem:
    names = [mission.relative(path) for path in paths]
    match = re.match(_FILE, paths[0].name)
    number = int(match.group(1)) if match else 0
    return WorkPackageProblem(
        DuplicateWorkPackage.code,
        names[0],
        None,
        f"WP{number:02d} is claimed by {' and '.join(names)}",
        "Renumber or delete all but one of these files.",
    )


def _error(problems: tuple[WorkPackageProblem, ...]) -> SpecKittyError:
    first = problems[0]
    where = first.file if first.line is None else f"{first.file} line {first.line}"
    message = first.problem if first.problem.startswith(first.file) else f"{where}: {first.problem}"
    more = f" ({len(problems) - 1} more in details)" if len(problems) > 1 else ""
    kind = DuplicateWorkPackage if first.code == DuplicateWorkPackage.code else InvalidWorkPackage
    return kind(
        f"{message.rstrip('.')}{more}.",
        fix=first.fix,
        details={"problems": [problem.to_json() for problem in problems]},
    )
