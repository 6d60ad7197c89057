from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.guards import GuardFailure
from specify_cli.next._internal_runtime.schema import Stop
from specify_cli.next.frontier import board_completes, find_frontier
from tests.unit.next.runtime_files import template
from tests.unit.next.views import FIVE_MINUTES_AGO, PLANNED, run, software_dev, wp

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime.schema import MissionRunSnapshot, Step
    from specify_cli.next.frontier import Frontier
    from specify_cli.next.view import WorkPackageView

MISSING = GuardFailure("spec.md", "text", "none", "Write.")


def at(
    snapshot: MissionRunSnapshot,
    *packages: WorkPackageView,
    passes: tuple[str, ...] = (),
    asked: list[str] | None = None,
) -> Frontier:
    """Find the frontier when the guards of `passes` pass and all others fail."""

    def check(step: Step) -> tuple[GuardFailure, ...]:
        if asked is not None:
            asked.append(step.id)
        return () if step.id in passes else (MISSING,)

    return find_frontier(software_dev(), snapshot, packages, check)


def test_a_fresh_mission_is_at_its_first_step() -> None:
    found = at(run())
    assert found.run.completed_steps == ()
    assert found.failures == {"discovery": (MISSING,)}


def test_a_step_that_was_never_handed_out_is_complete_when_its_guard_passes() -> None:
    found = at(run(), passes=("discovery", "specify"))
    assert found.proven == ("discovery", "specify")
    assert "plan" in found.failures


def test_a_step_that_was_handed_out_also_needs_the_report() -> None:
    found = at(run("discovery", issued="specify"), passes=("discovery", "specify"))
    assert found.run.completed_steps == ("discovery",)
    assert found.failures["specify"] == ()


def test_a_reported_step_is_not_checked_again() -> None:
    asked: list[str] = []
    at(run("discovery", "specify"), asked=asked)
    assert asked == ["plan"]


def test_begun_work_puts_everything_before_it_behind_the_mission() -> None:
    asked: list[str] = []
    found = at(run(issued="specify"), wp("WP01", "in_progress"), asked=asked)
    assert found.run.completed_steps == PLANNED
    assert found.proven == PLANNED
    assert asked == [], "no guard needs to be asked"


def test_planned_work_does_not() -> None:
    assert at(run(issued="specify"), wp("WP01", "planned")).run.completed_steps == ()


def test_the_board_completes_the_work_package_steps() -> None:
    found = at(run(*PLANNED), wp("WP01", "approved"), wp("WP02", "done"))
    assert found.proven == ("implement", "review")
    assert list(found.failures) == ["accept"]


def test_a_reopened_work_package_takes_the_mission_back() -> None:
    found = at(run(*PLANNED, "implement", "review"), wp("WP01", "in_progress"))
    assert found.run.completed_steps == PLANNED


def test_an_acceptance_completes_its_step_without_a_report() -> None:
    snapshot = run(*PLANNED, issued="accept")
    found = at(snapshot, wp("WP01", "approved"), passes=("accept",))
    assert found.proven == ("implement", "review", "accept")


def test_a_step_that_the_description_no_longer_has_is_forgotten() -> None:
    assert at(run("warm-up", "discovery")).run.completed_steps == ("discovery",)


def test_a_failure_of_a_step_that_was_overtaken_is_forgotten() -> None:
    stops = (
        Stop("specify", None, "claude", "failed", FIVE_MINUTES_AGO),
        Stop("implement", "WP01", "claude", "failed", FIVE_MINUTES_AGO),
    )
    found = at(run(issued="specify", stops=stops), wp("WP01", "in_progress"))
    assert [stop.wp_id for stop in found.run.stops] == ["WP01"]
    assert len(at(run(issued="discovery", stops=stops)).run.stops) == 2


def test_a_step_without_a_guard_needs_the_report() -> None:
    snapshot = run()._replace(mission_key="field-guide")
    found = find_frontier(template(), snapshot, (), lambda _: ())
    assert found.proven == ()


@pytest.mark.parametrize(
    ("lane", "holds_implement", "holds_review"),
    [
        # The existing CLI lets a genesis work package pass implement; that is a gap, closed here.
        ("genesis", True, True),
        ("uninitialized", True, True),
        ("planned", True, True),
        ("claimed", True, True),
        ("in_progress", True, True),
        ("for_review", False, True),
        # Handed over is handed over, whoever looks at it; 3.2.x holds implement here.
        ("in_review", False, True),
        ("approved", False, False),
        ("done", False, False),
        ("blocked", True, True),
        ("canceled", False, False),
    ],
)
def test_each_lane_holds_the_steps_it_should(
    lane: str, holds_implement: bool, holds_review: bool
) -> None:
    packages = [wp("WP01", "approved"), wp("WP02", lane)]
    implement, review = (software_dev().step(s) for s in ("implement", "review"))
    assert implement is not None
    assert review is not None
    assert board_completes(implement, packages) is not holds_implement
    assert board_completes(review, packages) is not holds_review


def test_no_work_packages_complete_nothing() -> None:
    step = software_dev().step("implement")
    assert step is not None
    assert not board_completes(step, [])
