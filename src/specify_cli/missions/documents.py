"""The documents of a mission: their scaffolds, and the guards that test their substance.

A guard asks whether the next reader can work from the document: the untouched scaffold, text that
only marks a gap, a missing part, a few words or an uncommitted file do not pass.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from specify_cli.git.process import run_git
from specify_cli.kernel.files import read_text
from specify_cli.missions.guards import GuardFailure
from specify_cli.missions.lanes import LANES_FILE, LanesCorrupt, LanesMissing, load_lanes
from specify_cli.missions.markdown import placeholders, sections, word_count
from specify_cli.missions.requirements import declared_requirements
from specify_cli.missions.work_packages import scan_work_packages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage

SPEC_FILE = "spec.md"
PLAN_FILE = "plan.md"
TASKS_FILE = "tasks.md"
TASKS_README = "tasks/README.md"
_TEMPLATES = Path(__file__).parent / "templates"
_SCAFFOLDS = {SPEC_FILE: "spec.md", PLAN_FILE: "plan.md", TASKS_README: "tasks-readme.md"}
_MIN_SECTION_WORDS = 8
_MIN_DOCUMENT_WORDS = 40
_MIN_WORK_PACKAGE_WORDS = 20
_MIN_TASKS_WORDS = 10
_SHOWN = 3

# What a heading may be called, in words of the guard's message.
_SPEC_SECTIONS = (
    ("user scenarios", r"scenario|user stor(?:y|ies)|use cases?|user journey"),
    ("success criteria", r"success|acceptance criteria|done means|definition of done"),
)
_PLAN_SECTIONS = (
    (
        "the technical approach",
        r"^(?!.*\btest).*(?:approach|architecture|technical|design|solution)",
    ),
    ("files and structure", r"structure|files?\b|layout|modules?|components?"),
    ("the test approach", r"\btest|verification|quality"),
)


def scaffold(name: str, mission: Mission) -> str:
    """Return the scaffold of a document.

    Args:
        name: "spec.md", "plan.md" or "tasks/README.md".
        mission: The mission that it is for.
    """
    return scaffold_text(name, title=mission.friendly_name, slug=mission.slug)


def scaffold_text(name: str, *, title: str, slug: str) -> str:
    """Return the scaffold of a document of a mission that does not exist yet."""
    return filled(scaffold_template(name), title=title, slug=slug)


def scaffold_template(name: str) -> str:
    """Return a scaffold as it is before it is made for a mission, see `filled`."""
    return (_TEMPLATES / _SCAFFOLDS[name]).read_text(encoding="utf-8")


def filled(template: str, *, title: str, slug: str) -> str:
    """Return a template of a document with a mission's title and slug in their places."""
    return template.replace("{{title}}", title).replace("{{slug}}", slug)


def check_spec(mission: Mission) -> tuple[GuardFailure, ...]:
    """Say what the specification still lacks; empty when it can be planned from.

    Needed: at least one requirement row with real text, user scenarios, success criteria, no gaps,
    and the file committed.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    document = Document.open(mission, SPEC_FILE, "Write the specification")
    failures = document.check_text(_MIN_DOCUMENT_WORDS)
    if document.text is not None and not document.untouched:
        failures += document.check_requirements()
        failures += document.check_sections(_SPEC_SECTIONS)
    return (*failures, *uncommitted(mission, [document.path]))


def check_plan(mission: Mission) -> tuple[GuardFailure, ...]:
    """Say what the plan still lacks; empty when work packages can be cut from it.

    Needed: technical approach, files and structure, test approach, no gaps, and the file committed.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    document = Document.open(mission, PLAN_FILE, "Write the plan")
    failures = document.check_text(_MIN_DOCUMENT_WORDS)
    if document.text is not None and not document.untouched:
        failures += document.check_sections(_PLAN_SECTIONS)
    return (*failures, *uncommitted(mission, [document.path]))


def check_tasks(mission: Mission) -> tuple[GuardFailure, ...]:
    """Say what the tasks still lack; empty when they are finalised and can be worked on.

    Needed: tasks.md, at least one work package file, each with real text and in a lane, all
    committed.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    scan = scan_work_packages(mission)
    failures = list(check_tasks_index(mission))
    failures += [
        GuardFailure(
            problem.file,
            "a work package file that can be read",
            problem.problem if problem.line is None else f"line {problem.line}: {problem.problem}",
            problem.fix,
        )
        for problem in scan.problems
    ]
    if not scan.work_packages and not scan.problems:
        failures.append(
            GuardFailure(
                f"{mission.relative(mission.tasks_directory)}/",
                "work package files such as WP01-short-name.md",
                "none",
                f"Write one file for each work package, as {TASKS_README} describes.",
            )
        )
    for package in scan.work_packages:
        failures += check_work_package_text(mission, package)
    paths = [mission.directory / TASKS_FILE, *(package.path for package in scan.work_packages)]
    if scan.work_packages:
        failures += _unfinalised(mission, [package.id for package in scan.work_packages])
        paths.append(mission.directory / LANES_FILE)
    return (*failures, *uncommitted(mission, paths))


def check_tasks_index(mission: Mission) -> tuple[GuardFailure, ...]:
    """Say what tasks.md lacks, whether it is committed or not.

    Raises:
        ReadFailed: READ_FAILED.
    """
    index = Document.open(mission, TASKS_FILE, "List the work packages")
    return tuple(index.check_text(_MIN_TASKS_WORDS))


def check_work_package_text(mission: Mission, package: WorkPackage) -> tuple[GuardFailure, ...]:
    """Say what the text of a work package lacks, whether it is committed or not."""
    body = Document(
        mission, package.path, package.body, untouched=False, action="Say what is to be done"
    )
    return tuple(body.check_text(_MIN_WORK_PACKAGE_WORDS))


def uncommitted_files(root: Path, files: Sequence[str]) -> dict[str, str]:
    """Return those of some files that differ from the last commit, with git's two-letter state.

    One git process. Ignored files count: nobody else would ever see them.

    Args:
        root: Top folder of the checkout.
        files: Existing or deleted files, relative to it.

    Raises:
        GitFailed: GIT_FAILED.
    """
    listed = run_git(
        root,
        "--no-optional-locks",
        "--literal-pathspecs",
        "status",
        "--porcelain=v1",
        "-z",
        "--untracked-files=all",
        "--ignored=matching",
        "--no-renames",
        "--",
        *files,
    )
    return {entry[3:]: entry[:2].strip() for entry in listed.split("\0") if entry}


class Document:
    """One document and the checks that several guards share.

    Attributes:
        text: What it says; None when there is no such file.
        untouched: It is still the scaffold.
    """

    def __init__(
        self,
        mission: Mission,
        path: Path,
        text: str | None,
        *,
        untouched: bool,
        action: str = "Complete it",
    ) -> None:
        self.mission = mission
        self.path = path
        self.text = text
        self.untouched = untouched
        self._action = action

    @classmethod
    def open(
        cls, mission: Mission, name: str, action: str, *, shape: str | None = None
    ) -> Document:
        """Read a document that may be missing.

        Args:
            mission: The mission.
            name: The file in the mission's folder.
            action: What is to be done with it, for the fix.
            shape: Its scaffold, as a template; by default that of the name, if it has one.
        """
        path = mission.directory / name
        try:
            text: str | None = read_text(path)
        except FileNotFoundError:
            text = None
        if shape is None and name in _SCAFFOLDS:
            shape = scaffold_template(name)
        untouched = (
            text is not None
            and shape is not None
            and text.split()
            == filled(shape, title=mission.friendly_name, slug=mission.slug).split()
        )
        return cls(mission, path, text, untouched=untouched, action=action)

    @property
    def file(self) -> str:
        """The path for messages."""
        return self.mission.relative(self.path)

    def check_text(self, min_words: int) -> list[GuardFailure]:
        """Check that there is real text without gaps."""
        if self.text is None:
            return [
                self._failure("the document", "no such file", f"{self._action} in {self.file}.")
            ]
        if self.untouched:
            return [
                self._failure(
                    "real text instead of the scaffold",
                    "the untouched scaffold",
                    f"{self._action} in {self.file}: replace every [FILL IN ...].",
                )
            ]
        failures = []
        gaps = placeholders(self._without_title(self.text))
        if gaps:
            listed = ", ".join(f"line {gap.line}: {gap.text}" for gap in gaps[:_SHOWN])
            more = f" and {len(gaps) - _SHOWN} more" if len(gaps) > _SHOWN else ""
            failures.append(
                self._failure(
                    "text without gaps",
                    f"{len(gaps)} that only mark one ({listed}{more})",
                    "Replace each with real text, or delete it; what is meant literally goes into "
                    "`backticks`.",
                )
            )
        words = word_count(self.text)
        if words < min_words:
            failures.append(
                self._failure(
                    f"at least {min_words} words", f"{words}", f"{self._action} in {self.file}."
                )
            )
        return failures

    def _without_title(self, text: str) -> str:
        # A mission may well be called "TODO: ..."; its name in the first heading is no gap.
        first, newline, rest = text.lstrip("\n").partition("\n")
        skipped = len(text) - len(text.lstrip("\n"))
        if first.startswith("#"):
            first = first.replace(self.mission.friendly_name, "")
        return "\n" * skipped + first + newline + rest

    def check_sections(self, wanted: Sequence[tuple[str, str]]) -> list[GuardFailure]:
        """Check that each wanted part has a heading and text below it."""
        failures = []
        # The first heading names the document; below it is everything.
        found = sections(self.text or "")[1:]
        for what, pattern in wanted:
            matching = [part for part in found if re.search(pattern, part.title, re.IGNORECASE)]
            words = max((word_count(part.text) for part in matching), default=0)
            if not matching:
                failures.append(
                    self._failure(
                        f"a section on {what}",
                        "no heading that says so",
                        f"Add a section `## {what[0].upper()}{what[1:]}` with real text.",
                    )
                )
            elif words < _MIN_SECTION_WORDS:
                failures.append(
                    self._failure(
                        f"at least {_MIN_SECTION_WORDS} words on {what}",
                        f"{words} below '{matching[0].title}' (line {matching[0].line})",
                        f"Say more on {what}.",
                    )
                )
        return failures

    def check_requirements(self) -> list[GuardFailure]:
        """Check that there is a functional requirement with real text."""
        functional = [row for row in declared_requirements(self.text or "") if row.is_functional]
        if any(row.has_substance for row in functional):
            return []
        found = "none"
        if functional:
            found = f"{functional[0].id} (line {functional[0].line}) without text"
        return [
            self._failure(
                "a functional requirement such as `| FR-001 | what the program does |`",
                found,
                "Write at least one row with an id FR-001 and real text.",
            )
        ]

    def _failure(self, looked_for: str, found: str, fix: str) -> GuardFailure:
        return GuardFailure(self.file, looked_for, found, fix)


def _unfinalised(mission: Mission, wp_ids: Sequence[str]) -> list[GuardFailure]:
    file = mission.relative(mission.directory / LANES_FILE)
    fix = f"spec-kitty agent mission finalize-tasks --mission {mission.slug}"
    looked_for = "a lane for each work package"
    try:
        lanes = load_lanes(mission)
    except LanesMissing:
        return [
            GuardFailure(
                file, looked_for, "no such file: the tasks are not finalised", fix, "finalised"
            )
        ]
    except LanesCorrupt as error:
        return [GuardFailure(file, looked_for, error.message, fix, "finalised")]
    in_lanes = {wp_id for lane in lanes.lanes for wp_id in lane.wp_ids}
    missing = [wp_id for wp_id in wp_ids if wp_id not in in_lanes]
    if missing:
        return [GuardFailure(file, looked_for, f"none for {', '.join(missing)}", fix, "finalised")]
    return []


def uncommitted(mission: Mission, paths: Sequence[Path]) -> tuple[GuardFailure, ...]:
    """Say which of some files are not committed; those that do not exist are left out.

    Raises:
        GitFailed: GIT_FAILED.
    """
    files = [mission.relative(path) for path in paths if path.exists()]
    if not files:
        return ()
    states = uncommitted_files(mission.root, files)
    return tuple(
        GuardFailure(
            file,
            "the file in a commit",
            _STATES.get(state, "changes that are not committed"),
            f"git add {'--force ' if state == '!!' else ''}-- {file} && "
            f'git commit -m "Write {Path(file).name} of {mission.slug}" -- {file}',
        )
        for file, state in states.items()
    )


_STATES = {"??": "a file that git does not know", "!!": "a file that git is told to ignore"}
