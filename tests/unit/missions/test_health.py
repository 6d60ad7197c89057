"""What stands still in a mission, and what was left behind."""

from __future__ import annotations

import shlex
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.clock import utc_now
from specify_cli.missions import health
from specify_cli.missions.emit import emit_transition
from specify_cli.missions.health import InvalidDays, MissionUnhealthy, mission_health
from specify_cli.missions.history import add_history
from specify_cli.missions.merge_plan import LANE_TRAILER, MISSION_TRAILER
from specify_cli.missions.work_packages import WorkPackageNotFound
from specify_cli.status import mission_status
from specify_cli.status.lanes import Lane
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.status.doctor import Finding


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """One work package in progress in its worktree, one that nobody has."""
    root = fresh_repository(tmp_path_factory.mktemp("health") / "project")
    work = make_project(root, {1: (), 2: ()})
    work.start("WP01")
    return work


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def findings(work: MissionAtWork, **days: int) -> tuple[Finding, ...]:
    return mission_health(work.project, work.mission, **days).findings


def days_later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    moment = utc_now() + timedelta(days=days)
    monkeypatch.setattr(health, "utc_now", lambda: moment)


def test_a_mission_in_work_is_healthy(work: MissionAtWork) -> None:
    found = mission_health(work.project, work.mission)
    assert (found.findings, found.healthy) == ((), True)
    assert found.to_text() == f"{SLUG} is healthy."


@pytest.mark.parametrize(("days", "stale"), [(13, False), (14, True)])
def test_work_without_a_sign_of_life_is_stale_after_two_weeks(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch, days: int, stale: bool
) -> None:
    days_later(monkeypatch, days)
    found = [f for f in findings(work) if f.kind == "stale_claim"]
    assert [f.wp_id for f in found] == (["WP01"] if stale else [])
    if stale:
        assert "in_progress by ada" in found[0].message
        assert "--to planned" in (found[0].fix or "")


def test_work_without_a_file_is_canceled_by_the_command_that_is_named(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file,) = work.mission.tasks_directory.glob("WP01*.md")
    file.unlink()
    days_later(monkeypatch, 15)
    (found,) = [f for f in findings(work) if f.kind == "stale_claim"]
    assert "no file in tasks/" in found.message
    words = shlex.split(found.fix or "")
    assert words[:7] == ["spec-kitty", "agent", "status", "emit", "WP01", "--to", "canceled"]
    with pytest.raises(WorkPackageNotFound):
        emit_transition(work.project, work.mission, "WP01", "planned", actor="ada")
    with pytest.raises(WorkPackageNotFound):
        emit_transition(work.project, work.mission, "WP77", "canceled", actor="ada")
    emit_transition(
        work.project, work.mission, "WP01", "canceled", actor="spec-kitty", reason=words[10]
    )
    assert work.board.lane("WP01") is Lane.CANCELED
    assert not [f for f in findings(work) if f.kind == "stale_claim"]


def test_a_claim_is_stale_sooner_than_work(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    work.move("WP02", Lane.CLAIMED)
    days_later(monkeypatch, 8)
    assert [f.wp_id for f in findings(work)] == ["WP02"]
    assert findings(work, stale_claimed_days=9) == ()
    assert {f.wp_id for f in findings(work, stale_in_progress_days=8)} == {"WP01", "WP02"}


def test_a_note_and_a_commit_are_signs_of_life(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = utc_now() + timedelta(days=20)
    monkeypatch.setenv("GIT_COMMITTER_DATE", later.isoformat())
    work.commit("lane-a", {"src/part1/x.txt": "x\n"})
    days_later(monkeypatch, 21)
    assert findings(work) == ()
    days_later(monkeypatch, 35)
    assert [f.kind for f in findings(work)] == ["stale_claim"]


def test_a_note_is_a_sign_of_life(work: MissionAtWork, monkeypatch: pytest.MonkeyPatch) -> None:
    later = utc_now() + timedelta(days=20)
    with monkeypatch.context() as then:
        then.setattr(mission_status, "utc_now", lambda: later)
        add_history(work.project, work.mission, "WP01", actor="ada", note="still here")
    days_later(monkeypatch, 21)
    assert findings(work) == ()
    days_later(monkeypatch, 35)
    assert [f.kind for f in findings(work)] == ["stale_claim"]


def test_days_below_zero_are_refused(work: MissionAtWork) -> None:
    with pytest.raises(InvalidDays):
        findings(work, stale_claimed_days=-1)


def test_worktrees_and_branches_that_no_lane_needs_are_named(work: MissionAtWork) -> None:
    extra = f"{SLUG}-lane-q"
    git(work.root, "worktree", "add", "-q", "-b", f"kitty/mission-{extra}", f".worktrees/{extra}")
    (work.root / ".worktrees" / f"{SLUG}-lane-z").mkdir()
    (work.root / ".worktrees" / f"{SLUG}-orchestrator").mkdir()
    found = {(f.kind, f.file or f.message.split()[1]): f.fix for f in findings(work)}
    assert set(found) == {
        ("orphaned_worktree", f".worktrees/{extra}"),
        ("orphaned_worktree", f".worktrees/{SLUG}-lane-z"),
        ("orphaned_branch", f"kitty/mission-{extra}"),
    }
    assert found["orphaned_worktree", f".worktrees/{extra}"] == (
        f"git worktree remove .worktrees/{extra}"
    )
    assert found["orphaned_worktree", f".worktrees/{SLUG}-lane-z"] is None
    assert found["orphaned_branch", f"kitty/mission-{extra}"] == (
        f"git branch -d kitty/mission-{extra}"
    )


def left_over(work: MissionAtWork) -> list[Finding]:
    """Give up the work of lane-a, in whose worktree something may be left; return what is found."""
    work.move("WP01", Lane.CANCELED)
    return [found for found in findings(work) if found.kind.startswith("orphaned_")]


def test_a_worktree_with_ignored_files_is_never_to_be_removed_before_they_are_moved(
    work: MissionAtWork,
) -> None:
    tree = work.worktree("lane-a")
    (work.root / ".git" / "info" / "exclude").write_text(".env\n.worktrees/\n", encoding="utf-8")
    (tree / ".env").write_text("SECRET=1\n", encoding="utf-8")
    worktree, branch = left_over(work)
    assert (worktree.fix, branch.fix) == (None, None)
    assert ".env" in worktree.message
    assert "Move them" in worktree.message
    (tree / ".env").unlink()
    for found in left_over(work):
        assert found.fix is not None
        git(work.root, *found.fix.split()[1:])
    assert left_over(work) == []


def test_the_branch_of_a_squashed_lane_is_deleted_by_the_command_that_is_told(
    work: MissionAtWork,
) -> None:
    work.commit("lane-a", {"src/part1/x.txt": "x\n"})
    tip = git(work.root, "rev-parse", work.branch("lane-a"))
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    (found,) = left_over(work)
    assert (found.fix, found.note) == (None, True)  # work that would be given up
    message = f"Squash\n\n{MISSION_TRAILER}: {SLUG}\n{LANE_TRAILER}: lane-a {tip}"
    git(work.root, "commit", "-q", "--allow-empty", "-m", message)
    (found,) = left_over(work)
    assert found.fix == f"git branch -D {work.branch('lane-a')}"
    git(work.root, *found.fix.split()[1:])
    assert left_over(work) == []


def test_the_lane_of_canceled_work_is_not_needed_and_that_of_finished_work_is(
    work: MissionAtWork,
) -> None:
    work.move("WP01", Lane.DONE)
    assert findings(work) == ()
    work.move("WP01", Lane.CANCELED)
    assert [f.kind for f in findings(work)] == ["orphaned_worktree", "orphaned_branch"]


def test_a_missing_worktree_is_a_note_and_a_missing_branch_a_problem(work: MissionAtWork) -> None:
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    assert [(f.kind, f.note) for f in findings(work)] == [("worktree_missing", True)]
    git(work.root, "branch", "-D", work.branch("lane-a"))
    (found,) = findings(work)
    assert (found.kind, found.note) == ("lane_branch_missing", False)
    assert (found.fix or "").startswith("git branch ")


def test_a_marker_in_a_work_package_file_is_found_where_it_is(work: MissionAtWork) -> None:
    path = work.mission.tasks_directory / "WP02-part.md"
    path.write_text("# Part\n\n<<<<<<< HEAD\nx\n", encoding="utf-8")
    (found,) = (f for f in findings(work) if f.kind == "conflict_marker")
    assert (found.line, found.offset) == (3, 8)
    assert found.file == f"kitty-specs/{SLUG}/tasks/WP02-part.md"


def test_a_heading_that_is_underlined_is_no_marker(work: MissionAtWork) -> None:
    path = work.mission.tasks_directory / "WP02-part.md"
    path.write_text("Heading\n=======\n", encoding="utf-8")
    assert findings(work) == ()


def test_an_unhealthy_mission_is_an_error_with_the_whole_report(work: MissionAtWork) -> None:
    with work.mission.log_file.open("ab") as stream:
        stream.write(b"\n<<<<<<< HEAD\n")
    found = mission_health(work.project, work.mission)
    error = MissionUnhealthy(found)
    assert (error.code, error.details) == ("MISSION_UNHEALTHY", found.to_json())
    assert error.fix == f"spec-kitty agent status doctor --fix --mission {SLUG}"
    # What needs somebody comes before what is only worth knowing.
    assert [f.note for f in found.findings] == sorted(f.note for f in found.findings)
    assert "note: " in found.to_text()
