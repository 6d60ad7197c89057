"""The analysis of a mission's planning: one report in its folder, looked at and committed by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from specify_cli.events.free_text import public_name, without_personal_data
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.files import read_text
from specify_cli.kernel.names import check_agent
from specify_cli.kernel.terminal import first_control
from specify_cli.missions.documents import Document, uncommitted_files
from specify_cli.missions.guards import GuardsUnmet
from specify_cli.missions.home import write_documents
from specify_cli.missions.mission import mission_log
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.guards import GuardFailure
    from specify_cli.missions.mission import Mission

ANALYSIS_FILE: Final = "analysis-report.md"
MAX_REPORT: Final = 200_000
"""Characters of a report."""
_MIN_WORDS: Final = 20


class AnalysisMissing(SpecKittyError):
    """There is no report to record."""

    code = "RECORD_ANALYSIS_INPUT_FILE_NOT_FOUND"


class AnalysisEmpty(GuardsUnmet):
    """The report says next to nothing."""

    code = "RECORD_ANALYSIS_EMPTY_BODY"


class AnalysisEdited(SpecKittyError):
    """Recording the report would overwrite changes that nobody has committed."""

    code = "DIRTY_WORKTREE"


class UnusableAnalysis(UsageError):
    """The report is no text that can be committed."""

    code = "INVALID_ANALYSIS"


class RecordedAnalysis(NamedTuple):
    """A report that is committed.

    Attributes:
        mission_slug: The mission.
        file: The report, relative to the project root.
        agent: Who analysed, as it is recorded.
        commit: The commit that holds it; None when it was committed before.
    """

    mission_slug: str
    file: str
    agent: str | None
    commit: str | None

    @property
    def no_op(self) -> bool:
        """The report was committed before."""
        return self.commit is None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent mission record-analysis`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "report_file": self.file,
            "agent": self.agent,
            "no_op": self.no_op,
            "commit_hash": self.commit,
        }

    def to_text(self) -> str:
        """Return the same for people."""
        return f"{self.file} {'was recorded before' if self.no_op else 'is recorded'}."


def record_analysis(
    project: Project, mission: Mission, *, report: str | None = None, agent: str | None = None
) -> RecordedAnalysis:
    """Commit the report of an analysis, and nothing else that may be uncommitted.

    The same report again changes nothing.

    Args:
        project: The project.
        mission: The mission.
        report: Markdown; what it tells about machine and user is masked (DESIGN.md P8). Without it, the
            report that lies in the mission's folder.
        agent: Who analysed; the commit's message names it.

    Raises:
        UnusableName: INVALID_ACTOR.
        UnusableAnalysis: INVALID_ANALYSIS: too long, or it holds control characters.
        AnalysisMissing: RECORD_ANALYSIS_INPUT_FILE_NOT_FOUND.
        AnalysisEmpty: RECORD_ANALYSIS_EMPTY_BODY: a few words, or text that only marks gaps.
        AnalysisEdited: DIRTY_WORKTREE: another report lies there and is not committed.
        SpecKittyError: READ_FAILED, and whatever writing and committing raise; the file is then as it
            was.
    """
    if agent is not None:
        check_agent(agent)
    who = None if agent is None else public_name(agent)
    message = f"Record the analysis of {mission.slug}" + (f" by {who}" if who else "")
    path = mission.directory / ANALYSIS_FILE
    file = mission.relative(path)
    apart: str | None = None
    with MissionStatus.change(mission_log(project, mission), message=message) as change:
        # Read under the lock: of two reports at once, the second is compared with the first.
        lying = _lying(path, file)
        said = lying if report is None else report
        if said is None:
            raise AnalysisMissing(
                f"there is no report: {file} does not exist.",
                fix=f"Write the report to {file}, then record it again.",
                details={"file": file},
            )
        text = without_personal_data(_checked(said), change.surroundings)
        _refuse_trivial(mission, path, text)
        dirty = lying is not None and file in uncommitted_files(mission.root, [file])
        if dirty and lying is not None and report is not None:
            _refuse_other(without_personal_data(_trimmed(lying), change.surroundings), text, file)
        if dirty or lying is None or path.read_bytes() != text.encode("utf-8"):
            content = {path: text.encode("utf-8")}
            apart = write_documents(project, mission, change, content, message)
    return RecordedAnalysis(mission.slug, file, who, change.result.commit or apart)


def read_report(path: Path | None) -> str | None:
    """Read a report that lies anywhere; no path, no report.

    Raises:
        AnalysisMissing: RECORD_ANALYSIS_INPUT_FILE_NOT_FOUND.
        ReadFailed: READ_FAILED.
    """
    if path is None:
        return None
    try:
        return read_text(path)
    except FileNotFoundError as error:
        raise AnalysisMissing(
            f"the report {path.name} does not exist.",
            fix="Write the report into a file and name that file.",
            details={"file": path.name},
        ) from error


def _lying(path: Path, file: str) -> str | None:
    if path.is_symlink():
        raise AnalysisMissing(
            f"{file} is a link, and what it leads to is not the mission's.",
            fix=f"Put the report itself into {file}.",
            details={"file": file},
        )
    try:
        return read_text(path)
    except FileNotFoundError:
        return None


def _trimmed(text: str) -> str:
    return text.replace("\r\n", "\n").strip() + "\n"


def _checked(report: str) -> str:
    text = _trimmed(report)
    problem = None
    if len(text) > MAX_REPORT:
        problem = f"it has {len(text)} characters (at most {MAX_REPORT})"
    else:
        found = first_control(text)
        if found is not None:
            line, odd = found
            problem = f"line {line} holds the control character U+{ord(odd):04X}"
    if problem is None:
        return text
    raise UnusableAnalysis(
        f"the report is not usable: {problem}.",
        fix="Give plain Markdown of a length that people read.",
        details={"argument": "report"},
    )


def _refuse_trivial(mission: Mission, path: Path, text: str) -> None:
    document = Document(mission, path, text, untouched=False, action="Say what was found")
    failures: list[GuardFailure] = document.check_text(_MIN_WORDS)
    if failures:
        raise AnalysisEmpty(
            f"the report says too little: {failures[0]}.",
            failures=tuple(failures),
            details={"mission_slug": mission.slug},
        )


def _refuse_other(lying: str, text: str, file: str) -> None:
    if lying == text:
        return
    raise AnalysisEdited(
        f"{file} has other changes that are not committed; this report would overwrite them.",
        fix=f"Commit or remove {file}, or record it as it lies there.",
        details={"files": [file]},
    )
