"""Recording the analysis of a planning: looked at, masked, committed by itself."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.analysis import (
    MAX_REPORT,
    AnalysisEdited,
    AnalysisEmpty,
    AnalysisMissing,
    UnusableAnalysis,
    read_report,
    record_analysis,
)
from tests.conftest import git
from tests.unit.missions.lane_missions import MissionAtWork, make_project

REPORT = (
    "# Analysis\n\n| Severity | Place | Problem |\n|---|---|---|\n| low | WP02 | It names no test. |\n\n"
    "Every requirement is met by a work package, and no two change one file.\n\nVerdict: ready.\n"
)


@pytest.fixture
def work(repository: Path) -> MissionAtWork:
    return make_project(repository, {1: (), 2: (1,)})


def report_of(work: MissionAtWork) -> Path:
    return work.mission.directory / "analysis-report.md"


def test_a_report_is_committed_alone_whatever_else_is_dirty(work: MissionAtWork) -> None:
    (work.root / "README.md").write_text("# Mine\n", encoding="utf-8")
    (work.root / "new.txt").write_text("mine\n", encoding="utf-8")
    git(work.root, "add", "new.txt")
    recorded = record_analysis(work.project, work.mission, report=REPORT, agent="claude")
    assert report_of(work).read_text(encoding="utf-8") == REPORT
    assert recorded.commit == git(work.root, "rev-parse", "HEAD")
    changed = git(work.root, "show", "--format=%s", "--name-only", "HEAD").split("\n")
    assert changed[0].endswith(" by claude")
    assert {line for line in changed[1:] if line} == {recorded.file}
    assert git(work.root, "status", "--porcelain").split("\n") == ["M README.md", "A  new.txt"]


def test_the_same_report_again_changes_nothing(work: MissionAtWork) -> None:
    first = record_analysis(work.project, work.mission, report=REPORT)
    again = record_analysis(work.project, work.mission, report=REPORT.replace("\n", "\r\n"))
    assert (first.no_op, again.no_op, again.commit) == (False, True, None)
    assert git(work.root, "rev-parse", "HEAD") == first.commit
    assert record_analysis(work.project, work.mission).no_op
    other = record_analysis(work.project, work.mission, report=REPORT + "\nOne word more.\n")
    assert not other.no_op
    assert work.clean()


def test_the_report_that_lies_in_the_folder_is_recorded_without_being_named(
    work: MissionAtWork,
) -> None:
    with pytest.raises(AnalysisMissing):
        record_analysis(work.project, work.mission)
    report_of(work).write_text(REPORT, encoding="utf-8")
    assert record_analysis(work.project, work.mission).commit
    assert work.clean()


def test_edits_that_nobody_committed_are_not_written_over(work: MissionAtWork) -> None:
    mine = REPORT.replace("ready", "not ready")
    report_of(work).write_text(mine, encoding="utf-8")
    head = git(work.root, "rev-parse", "HEAD")
    with pytest.raises(AnalysisEdited) as caught:
        record_analysis(work.project, work.mission, report=REPORT)
    assert caught.value.details["files"] == [work.mission.relative(report_of(work))]
    assert report_of(work).read_text(encoding="utf-8") == mine
    assert git(work.root, "rev-parse", "HEAD") == head
    assert record_analysis(work.project, work.mission, report=mine).commit


@pytest.mark.parametrize("text", ["", " \n", "# Analysis\n\nFine.\n", "TODO\n\n" + "word " * 30])
def test_a_report_that_says_nothing_is_refused_and_nothing_is_written(
    work: MissionAtWork, text: str
) -> None:
    with pytest.raises(AnalysisEmpty) as caught:
        record_analysis(work.project, work.mission, report=text)
    assert caught.value.failures
    assert not report_of(work).exists()
    assert work.clean()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (REPORT + "\x1b[2J", "U+001B"),
        (REPORT + "\u202e", "U+202E"),
        (REPORT + "x" * MAX_REPORT, str(MAX_REPORT)),
    ],
)
def test_a_report_that_is_no_plain_text_is_refused(
    work: MissionAtWork, text: str, told: str
) -> None:
    with pytest.raises(UnusableAnalysis, match=told.replace("+", r"\+")):
        record_analysis(work.project, work.mission, report=text)
    assert work.clean()


def test_what_a_report_tells_about_the_machine_is_masked(work: MissionAtWork) -> None:
    told = REPORT + f"\nSeen in {work.root}/src and {Path.home()}/notes.\n"
    record_analysis(work.project, work.mission, report=told)
    written = report_of(work).read_text(encoding="utf-8")
    assert str(work.root) not in written
    assert str(Path.home()) not in written
    assert record_analysis(work.project, work.mission, report=told).no_op


@pytest.mark.skipif(os.name == "nt", reason="a link needs rights there")
def test_a_link_is_no_report(work: MissionAtWork, tmp_path: Path) -> None:
    elsewhere = tmp_path / "secret.md"
    elsewhere.write_text(REPORT, encoding="utf-8")
    report_of(work).symlink_to(elsewhere)
    for report in (None, REPORT):
        with pytest.raises(SpecKittyError, match="link"):
            record_analysis(work.project, work.mission, report=report)
    assert elsewhere.read_text(encoding="utf-8") == REPORT


def test_an_agent_whose_name_cannot_be_recorded_is_refused(work: MissionAtWork) -> None:
    with pytest.raises(SpecKittyError) as caught:
        record_analysis(work.project, work.mission, report=REPORT, agent="a\nb")
    assert caught.value.code == "INVALID_ACTOR"


def test_of_reports_at_once_each_is_committed_whole(work: MissionAtWork) -> None:
    texts = [REPORT + f"\nBy number {number}.\n" for number in range(4)]

    def record(text: str) -> str | None:
        return record_analysis(work.project, work.mission, report=text).commit

    with ThreadPoolExecutor(4) as pool:
        commits = list(pool.map(record, texts))
    file = work.mission.relative(report_of(work))
    kept = {git(work.root, "show", f"{commit}:{file}") + "\n" for commit in commits}
    assert kept == set(texts)
    assert work.clean()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(extra=st.text(max_size=60))
def test_whatever_is_recorded_once_is_there_the_second_time(
    work: MissionAtWork, extra: str
) -> None:
    try:
        record_analysis(work.project, work.mission, report=REPORT + extra)
    except (UnusableAnalysis, AnalysisEmpty):
        assert work.clean()
        return
    assert record_analysis(work.project, work.mission, report=REPORT + extra).no_op
    assert work.clean()


def test_a_file_with_a_report_lies_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    with pytest.raises(AnalysisMissing):
        read_report(path)
    path.write_text(REPORT, encoding="utf-8")
    assert read_report(path) == REPORT
    assert read_report(None) is None
