"""A change that is killed at any step of writing happened or did not; the next one repairs the rest."""

from __future__ import annotations

import json
import sys
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

from tests.crash.crash_lab import (
    FULL,
    Lab,
    assert_sound,
    hidden_scraps,
    make_lab,
    scraps,
    start_process,
    uncommitted,
)
from tests.crash.crash_points import DOCTOR, KILLED, SCENARIOS, Crash, Step, change_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes the POSIX way")

LOG = "status.events.jsonl"
DERIVED = {LOG, "status.json"}


class Picture(NamedTuple):
    """What a mission looks like to its users, whatever the ids and times of its rows."""

    packages: dict[str, Any]
    events: list[str]
    files: dict[str, bytes]


class Case(NamedTuple):
    """A scenario: the mission it starts from, what it looks like before and after, the steps."""

    start: Lab
    before: Picture
    after: Picture
    steps: list[Step]

    def step(self, name: str) -> int:
        """Return the number of the last step of this name."""
        return max(number for number, step in enumerate(self.steps) if step.name == name)


class Outcome(NamedTuple):
    """What one crash led to.

    Attributes:
        where: The step.
        acknowledged: Whether nothing was left to do but to tell.
        log_kept: Whether the bytes that were in the log before are all there.
        torn: Lines that reading reports.
        seen: The mission as the first reader finds it.
        repaired: The mission after the next command.
        unsound: What is wrong with the log then.
        uncommitted: What `git status` shows then.
        scraps: What lies around then.
        hidden_scraps: What lies around in the git folder then.
    """

    where: str
    acknowledged: bool
    log_kept: bool
    torn: int
    seen: Picture
    repaired: Picture
    unsound: str
    uncommitted: str
    scraps: list[str]
    hidden_scraps: list[str]


Cases: TypeAlias = "Callable[[str], Case]"
Outcomes: TypeAlias = "Callable[[str], list[Outcome]]"


def picture(lab: Lab) -> Picture:
    board = lab.board
    return Picture(
        packages={
            wp_id: (state.lane.value, state.remarks, dict(state.subtasks))
            for wp_id, state in board.work_packages.items()
            if wp_id != "WP90"  # the note of the next command
        },
        events=[str(row.row["event_type"]) for row in lab.log.lifecycle],
        files={
            path.relative_to(lab.directory).as_posix(): path.read_bytes()
            for path in sorted(lab.directory.rglob("*"))
            if path.is_file() and path.name not in DERIVED and path.suffix != ".tmp"
        },
    )


def run(lab: Lab, scenario: str, crash: Crash, report: str = "") -> int:
    process = start_process(change_until, str(lab.root), scenario, crash, report)
    process.join(60)
    assert process.exitcode is not None, f"{scenario} hangs at step {crash.at}"
    return process.exitcode


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Cases:
    """Return a function that prepares a scenario once for all tests of this file."""
    folder = tmp_path_factory.mktemp("cases")
    empty = make_lab(folder / "empty")
    planned = empty.copy(folder / "planned")
    planned.plan("WP01", "WP02")

    @cache
    def case(scenario: str) -> Case:
        start = empty if scenario == "first row" else planned
        if scenario == "long log":
            start = planned.copy(folder / "long")
            start.lengthen()
        if scenario == DOCTOR:
            # A merge left its markers in the log and in a commit; then a row was torn.
            start = planned.copy(folder / "damaged")
            first, *rest = start.bytes().splitlines(keepends=True)
            marked = [b"<<<<<<< HEAD\n", first, b"=======\n", *rest, b">>>>>>> other\n"]
            start.log_path.write_bytes(b"".join(marked))
            start.git("commit", "-q", "-a", "-m", "Merge")
            start.log_path.write_bytes(b"".join(marked) + b'{"event_id": "01K')
        if scenario == "repair":
            # Another change was killed right before its commit.
            start = planned.copy(folder / "crashed")
            crashed = case("merge bookkeeping")
            crash = Crash(crashed.step("rename status.json") + 1)
            assert run(start, "merge bookkeeping", crash) == KILLED
        straight = start.copy(folder / scenario.replace(" ", "-"))
        report = folder / f"{scenario}.json"
        assert run(straight, scenario, Crash(-1), str(report)) == 0
        assert_sound(straight, [])
        assert (uncommitted(straight), scraps(straight)) == ("", [])
        steps = [Step(name, size, tuple(lines)) for name, size, lines in json.loads(report.read_bytes())]  # fmt: skip
        return Case(start, picture(start), picture(straight), steps)

    return case


def crashes(steps: list[Step]) -> Iterator[Crash]:
    """Every point to crash at: before each step, and in the middle of each write."""
    for at, step in enumerate(steps):
        yield Crash(at)
        ends = set(accumulate(step.lines))
        inside = {1, step.size // 2, *ends, *(end - 1 for end in ends)} if step.size else set()
        yield from (Crash(at, after_bytes) for after_bytes in sorted(inside - {0}))


@pytest.fixture(scope="module")
def outcomes(cases: Cases, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """Return a function that crashes a scenario everywhere, once for all tests of this file.

    `make test` takes every fourth point of each scenario, another fourth in the next one.
    """

    @cache
    def crash_everywhere(scenario: str) -> list[Outcome]:
        case, folder = cases(scenario), tmp_path_factory.mktemp("crashes")
        points = list(crashes(case.steps))
        if not FULL:
            points = points[list(SCENARIOS).index(scenario) % 4 :: 4]
        return [
            outcome(case, scenario, crash, case.start.copy(folder / str(number)))
            for number, crash in enumerate(points)
        ]

    return crash_everywhere


def outcome(case: Case, scenario: str, crash: Crash, lab: Lab) -> Outcome:
    before = lab.bytes()
    where = f"{scenario}, step {crash.at}: {case.steps[crash.at]}, {crash.after_bytes} bytes"
    assert run(lab, scenario, crash) == KILLED, where
    kept, torn, seen = lab.bytes().startswith(before), len(lab.log.problems), picture(lab)
    # The next command is about something else, and nobody asks it to repair anything.
    next_id = lab.note("next")
    unsound = ""
    try:
        assert_sound(lab, [next_id], torn=torn)
    except AssertionError as error:
        unsound = str(error)
    return Outcome(
        where=where,
        acknowledged=case.steps[crash.at].name == "acknowledge",
        log_kept=kept and lab.bytes().startswith(before),
        torn=torn,
        seen=seen,
        repaired=picture(lab),
        unsound=unsound,
        uncommitted=uncommitted(lab),
        scraps=scraps(lab),
        hidden_scraps=hidden_scraps(lab),
    )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_crash_at_any_step_leaves_a_log_that_reads_and_goes_on(
    outcomes: Outcomes, scenario: str
) -> None:
    found = outcomes(scenario)
    assert len(found) >= (20 if FULL else 5)
    for crash in found:
        assert crash.log_kept, crash.where
        assert crash.torn <= 1, crash.where
        assert crash.unsound == "", crash.where


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_next_change_commits_what_a_crash_left_uncommitted(
    outcomes: Outcomes, scenario: str
) -> None:
    for crash in outcomes(scenario):
        assert crash.uncommitted == "", crash.where


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_change_killed_at_any_step_happened_or_did_not(
    cases: Cases, outcomes: Outcomes, scenario: str
) -> None:
    case = cases(scenario)
    ends = []
    for crash in outcomes(scenario):
        assert crash.repaired in (case.before, case.after), crash.where
        assert crash.repaired == crash.seen, f"the repair changed the mission: {crash.where}"
        assert crash.repaired == case.after or not crash.acknowledged, crash.where
        ends.append(crash.repaired == case.after)
    assert any(ends)
    assert scenario == "repair" or not all(ends)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_next_change_takes_the_scraps_of_a_crash_away(
    outcomes: Outcomes, scenario: str
) -> None:
    for crash in outcomes(scenario):
        assert crash.scraps == [], crash.where


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_next_change_takes_the_scraps_in_the_git_folder_away_too(
    outcomes: Outcomes, scenario: str
) -> None:
    for crash in outcomes(scenario):
        assert crash.hidden_scraps == [], crash.where


def test_a_repair_by_the_doctor_killed_at_any_step_loses_no_row_and_can_be_run_again(
    cases: Cases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case, folder = cases(DOCTOR), tmp_path_factory.mktemp("doctor")
    damaged, rows = case.start.bytes(), case.start.rows()
    assert len(case.start.log.problems) == 4
    # From the rename of the log to the commit, see the next test.
    shorter = range(case.step(f"rename {LOG}") + 1, case.step("git commit") + 1)
    points = [crash for crash in crashes(case.steps) if crash.at not in shorter]
    for number, crash in enumerate(points if FULL else points[::6]):
        where = f"step {crash.at}: {case.steps[crash.at]}, {crash.after_bytes} bytes"
        lab = case.start.copy(folder / str(number))
        assert run(lab, DOCTOR, crash) == KILLED, where
        assert lab.rows() == rows, where
        assert len(lab.log.problems) in (0, 4), where
        assert (lab.bytes() == damaged) == (len(lab.log.problems) == 4), where
        assert run(lab, DOCTOR, Crash(-1)) == 0, where
        assert lab.rows() == rows, where
        assert_sound(lab, [row["event_id"] for row in rows])
        lab.note("next")
        assert (uncommitted(lab), scraps(lab)) == ("", []), where


def test_a_repair_by_the_doctor_killed_before_its_commit_is_completed_by_the_next_change(
    cases: Cases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case = cases(DOCTOR)
    lab = case.start.copy(tmp_path_factory.mktemp("doctor") / "project")
    assert run(lab, DOCTOR, Crash(case.step("git commit"))) == KILLED
    assert lab.rows() == case.start.rows()
    lab.note("next")
    assert_sound(lab, [])
    assert (uncommitted(lab), scraps(lab)) == ("", [])


def test_a_deletion_that_a_crashed_change_staged_is_committed_by_the_next(
    cases: Cases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case = cases("annotation with files")
    lab = case.start.copy(tmp_path_factory.mktemp("staged") / "project")
    assert run(lab, "annotation with files", Crash(case.step("git commit"))) == KILLED
    lab.note("next")
    assert picture(lab) == case.after
    assert uncommitted(lab) == ""


@pytest.mark.parametrize("scenario", ["transition", "merge bookkeeping", "first row"])
def test_rows_are_forced_to_the_disk_once_before_they_are_committed_and_acknowledged(
    cases: Cases, scenario: str
) -> None:
    case = cases(scenario)
    names = [step.name for step in case.steps]
    assert names.count(f"fsync {LOG}") == names.count(f"write {LOG}") == 1
    assert (
        names.index(f"write {LOG}")
        < names.index(f"fsync {LOG}")
        < names.index("git commit")
        < names.index("acknowledge")
    )


def test_files_that_rows_refer_to_are_on_the_disk_before_the_rows(cases: Cases) -> None:
    names = [step.name for step in cases("annotation with files").steps]
    for file in ("review-cycle-1.md", "spec.md"):
        assert names.index(f"fsync .{file}.tmp") < names.index(f"rename {file}")
        assert names.index(f"rename {file}") < names.index(f"write {LOG}")


def test_what_is_derived_is_written_after_the_log(cases: Cases) -> None:
    for scenario in SCENARIOS:
        names = [step.name for step in cases(scenario).steps]
        if f"write {LOG}" in names:
            assert names.index(f"write {LOG}") < names.index("rename status.json")


def test_a_lock_that_git_left_behind_is_named_and_removing_it_is_all_it_takes(
    cases: Cases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from specify_cli.git.safe_commit import IndexLocked

    case = cases("transition")
    lab = case.start.copy(tmp_path_factory.mktemp("locked") / "project")
    assert run(lab, "transition", Crash(case.step("git commit"))) == KILLED
    lock = lab.root / ".git" / "index.lock"
    lock.touch()  # as when the machine stops while git commits
    left = lab.bytes()
    with pytest.raises(IndexLocked) as refused:
        lab.note("next")
    assert ".git/index.lock" in refused.value.message
    assert "delete" in refused.value.fix
    assert lab.bytes() == left
    lock.unlink()
    lab.note("next")
    assert (picture(lab), uncommitted(lab), scraps(lab)) == (case.after, "", [])
