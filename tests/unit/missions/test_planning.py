"""Starting a plan and listing missions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.missions.board import mission_board
from specify_cli.missions.listing import mission_list, mission_summary
from specify_cli.missions.planning import SpecNotReady, start_plan
from specify_cli.status.mission_status import MissionStatus
from tests.conftest import git
from tests.unit.missions.lane_missions import MissionAtWork, make_project
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def work(repository: Path) -> MissionAtWork:
    return make_project(repository, {1: (), 2: (1,)})


def test_a_plan_needs_a_finished_spec(work: MissionAtWork) -> None:
    spec = work.mission.directory / "spec.md"
    spec.write_text("# Specification: nothing\n", encoding="utf-8")
    with pytest.raises(SpecNotReady) as caught:
        start_plan(work.project, work.mission)
    assert caught.value.details["guard_failures"]
    assert "spec.md" in caught.value.message


def test_a_missing_plan_is_written_as_a_scaffold_that_does_not_pass(work: MissionAtWork) -> None:
    plan = work.mission.directory / "plan.md"
    plan.unlink()
    status = start_plan(work.project, work.mission)
    assert (status.created, status.complete) == (True, False)
    assert plan.read_text(encoding="utf-8").startswith("# Plan:")
    assert status.commit == git(work.root, "rev-parse", "HEAD")
    assert work.clean()
    again = start_plan(work.project, work.mission)
    assert (again.created, again.commit, again.complete) == (False, None, False)


def test_a_plan_that_somebody_began_meanwhile_is_not_written_over(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = work.mission.directory / "plan.md"
    git(work.root, "rm", "-q", "--", str(plan))
    git(work.root, "commit", "-q", "-m", "No plan yet")
    head = git(work.root, "rev-parse", "HEAD")
    locked = MissionStatus.change

    def slow(*given: Any, **more: Any) -> Any:
        plan.write_text("# Plan: mine\n", encoding="utf-8")
        return locked(*given, **more)

    monkeypatch.setattr(MissionStatus, "change", slow)
    status = start_plan(work.project, work.mission)
    assert (status.created, status.commit) == (False, None)
    assert plan.read_text(encoding="utf-8") == "# Plan: mine\n"
    assert git(work.root, "rev-parse", "HEAD") == head


def test_a_plan_with_substance_is_left_alone_and_complete(work: MissionAtWork) -> None:
    plan = work.mission.directory / "plan.md"
    before = plan.read_bytes()
    status = start_plan(work.project, work.mission)
    assert (status.created, status.complete) == (False, True)
    assert status.to_json()["phase_complete"] is True
    assert plan.read_bytes() == before


def test_an_unreadable_mission_is_listed_beside_the_others(work: MissionAtWork) -> None:
    broken = work.root / "kitty-specs" / "broken-01KQ99ZZ"
    broken.mkdir()
    (broken / "meta.json").write_text("{", encoding="utf-8")
    listing = mission_list(work.project)
    assert [mission.slug for mission in listing.missions] == [SLUG]
    (problem,) = listing.problems
    assert "broken-01KQ99ZZ" in problem
    assert SLUG in listing.to_text()
    assert "unreadable" in listing.to_text()


def test_missions_on_other_branches_are_listed_with_the_way_there(work: MissionAtWork) -> None:
    git(work.root, "branch", "kitty/mission-blog-01KQ99ZZ")
    listing = mission_list(work.project)
    assert listing.elsewhere == ("kitty/mission-blog-01KQ99ZZ",)
    assert "git switch kitty/mission-blog-01KQ99ZZ" in listing.to_text()


def test_a_project_without_missions_says_how_to_start_one(work: MissionAtWork) -> None:
    git(work.root, "rm", "-rq", "kitty-specs")
    listing = mission_list(work.project)
    assert (listing.missions, listing.problems) == ((), ())
    assert "spec-kitty specify" in listing.to_text()


def test_the_board_counts_lanes_and_subtasks(work: MissionAtWork) -> None:
    work.start("WP01")
    work.finish_subtasks("WP01")
    document = mission_board(work.mission).to_json()
    lanes = document["by_lane"]
    assert isinstance(lanes, dict)
    assert lanes["in_progress"] == 1
    assert sum(count for count in lanes.values() if isinstance(count, int)) == document["total_wps"]
    text = mission_summary(work.mission).to_text()
    assert "by ada" in text
    assert f"folder  kitty-specs/{SLUG}" in text


@pytest.mark.plants_rows
def test_a_line_that_cannot_be_read_is_told_on_the_board(work: MissionAtWork) -> None:
    with work.mission.log_file.open("ab") as stream:
        stream.write(b"{torn")
    (problem,) = mission_board(work.mission).problems
    assert problem.startswith("line ")
