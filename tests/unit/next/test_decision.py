from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specify_cli.missions.guards import GuardFailure
from specify_cli.next._internal_runtime.schema import DecisionRequest, Stop
from specify_cli.next.decision import decide
from specify_cli.next.view import CLOSED
from specify_cli.status.lanes import Lane
from tests.unit.next.views import FIVE_MINUTES_AGO, PLANNED, SLUG, run, view, wp

if TYPE_CHECKING:
    from specify_cli.next.decision import Decision
    from specify_cli.next.view import MissionView

LATER = "2026-11-21T11:58:00.000000+00:00"
MISSING = GuardFailure("kitty-specs/x/spec.md", "a requirement", "none", "Write one.")


def told(decision: Decision) -> tuple[str, str | None, str | None]:
    return decision.kind, decision.action, decision.wp_id


def test_a_new_mission_starts_with_discovery() -> None:
    decision = decide(view(snapshot=run()))
    assert told(decision) == ("step", "discovery", None)
    assert decision.failures == ()


def test_a_step_under_way_says_what_its_guard_misses() -> None:
    decision = decide(
        view(snapshot=run("discovery", issued="specify"), failures={"specify": (MISSING,)})
    )
    assert told(decision) == ("step", "specify", None)
    assert decision.failures == (MISSING,)
    assert "a requirement" in (decision.reason or "")


def test_a_step_that_nobody_has_begun_is_not_reproached_for_what_is_missing() -> None:
    decision = decide(view(snapshot=run("discovery"), failures={"specify": (MISSING,)}))
    assert decision.failures == ()


def test_a_step_whose_guard_passes_waits_for_the_report() -> None:
    decision = decide(view(snapshot=run("discovery", issued="specify"), failures={"specify": ()}))
    assert told(decision) == ("step", "specify", None)
    assert "--result success" in (decision.reason or "")


def test_another_agent_is_told_who_has_the_step() -> None:
    decision = decide(view(agent="codex", snapshot=run(issued="discovery")))
    assert told(decision) == ("step", "discovery", None)
    assert "claude 5 minutes ago" in (decision.reason or "")


def test_a_failed_step_blocks_everybody_and_names_the_way_out() -> None:
    stop = Stop("plan", None, "claude", "failed", FIVE_MINUTES_AGO, "no disk")
    snapshot = run("discovery", "specify", issued="plan", stops=(stop,))
    for agent in ("claude", "codex", None):
        decision = decide(view(agent=agent, snapshot=snapshot))
        assert decision.kind == "blocked"
        assert decision.step_id == "plan"
        assert "no disk" in (decision.reason or "")
        assert "--retry" in (decision.fix or "")
        assert SLUG in (decision.fix or "")


def test_a_pending_question_is_asked() -> None:
    request = DecisionRequest("input:region", "discovery", "Which?", "claude", FIVE_MINUTES_AGO)
    decision = decide(view(snapshot=run(pending_decisions={"input:region": request})))
    assert decision.kind == "decision_required"
    assert decision.question is not None
    assert decision.question.question == "Which?"


def test_the_first_planned_work_package_is_handed_out() -> None:
    decision = decide(view(wp("WP01"), wp("WP02")))
    assert told(decision) == ("step", "implement", "WP01")
    assert (decision.step_id, decision.role) == ("implement", "implement")


def test_a_work_package_waits_until_its_dependencies_are_approved() -> None:
    dependent = wp("WP02", dependencies=("WP01",))
    for lane in ("planned", "in_progress", "for_review", "in_review", "blocked", "canceled"):
        seen = view(wp("WP01", lane, implementer="gemini"), dependent, agent="claude")
        assert decide(seen).wp_id != "WP02", lane
    for lane in ("approved", "done"):
        assert decide(view(wp("WP01", lane), dependent)).wp_id == "WP02"


def test_what_an_agent_has_in_hand_comes_first() -> None:
    seen = view(
        wp("WP01"), wp("WP02", "in_progress"), wp("WP03", "for_review", implementer="codex")
    )
    assert told(decide(seen)) == ("step", "implement", "WP02")


def test_a_review_in_hand_comes_before_new_work() -> None:
    seen = view(wp("WP01", "in_review"), wp("WP02"), agent="codex")
    assert told(decide(seen)) == ("step", "review", "WP01")


def test_work_of_others_is_reviewed_before_new_work_is_taken_up() -> None:
    seen = view(wp("WP01", "for_review"), wp("WP02"), agent="codex")
    decision = decide(seen)
    assert told(decision) == ("step", "review", "WP01")
    assert decision.self_review is False


def test_the_oldest_hand_over_is_reviewed_first() -> None:
    seen = view(wp("WP01", "for_review", since=LATER), wp("WP02", "for_review"), agent="codex")
    assert decide(seen).wp_id == "WP02"


def test_new_work_comes_before_own_work_to_review() -> None:
    seen = view(wp("WP01", "for_review"), wp("WP02"))
    assert told(decide(seen)) == ("step", "implement", "WP02")


def test_an_agent_alone_reviews_its_own_work_and_is_told_so() -> None:
    decision = decide(view(wp("WP01", "for_review")))
    assert told(decision) == ("step", "review", "WP01")
    assert decision.self_review is True
    assert "nobody else" in (decision.reason or "")


def test_own_work_waits_when_another_agent_has_been_seen() -> None:
    decision = decide(view(wp("WP01", "for_review"), agents=("codex",)))
    assert decision.kind == "blocked"
    (waiting,) = decision.waiting_on
    assert (waiting.wp_id, waiting.lane, waiting.held_by) == ("WP01", Lane.FOR_REVIEW, None)
    assert "5 minutes" in (decision.reason or "")
    assert "--wp WP01" in (decision.fix or "")


def test_own_work_can_be_reviewed_when_it_is_asked_for_by_name() -> None:
    decision = decide(view(wp("WP01", "for_review"), agents=("codex",), wanted="WP01"))
    assert told(decision) == ("step", "review", "WP01")
    assert decision.self_review is True


def test_waiting_names_who_is_waited_for_and_for_how_long() -> None:
    seen = view(
        wp("WP01", "in_progress", implementer="codex", since="2026-11-18T11:00:00.000000+00:00"),
        wp("WP02", "planned", dependencies=("WP01",)),
        wp("WP03", "in_review", implementer="claude", reviewer="gemini"),
        wp("WP04", "approved"),
    )
    decision = decide(seen)
    assert decision.kind == "blocked"
    assert decision.action is None
    facts = {w.wp_id: (w.on, w.held_by) for w in decision.waiting_on}
    assert facts == {"WP01": ((), "codex"), "WP02": (("WP01",), None), "WP03": ((), "gemini")}
    reason = decision.reason or ""
    assert "codex for 3 days" in reason
    assert "gemini" in reason
    assert decision.fix


def test_a_rejected_work_package_goes_back_to_who_implements_it() -> None:
    rejected = wp("WP01", "in_progress", last_actor="codex", reviewer="codex", review_ref="r")
    decision = decide(view(rejected, wp("WP02")))
    assert told(decision) == ("step", "implement", "WP01")
    assert decision.rework is True
    assert decide(view(rejected, agent="gemini")).kind == "blocked"


def test_a_rejection_does_not_interrupt_the_work_at_hand() -> None:
    rejected = wp("WP01", "in_progress", last_actor="codex", reviewer="codex", review_ref="r")
    assert decide(view(rejected, wp("WP02", "in_progress", since=LATER))).wp_id == "WP02"


def test_a_failed_work_package_stops_its_holder_only() -> None:
    stop = Stop("implement", "WP01", "claude", "failed", LATER, "tests hang")
    snapshot = run(*PLANNED, issued="implement", stops=(stop,))
    packages = (wp("WP01", "in_progress"), wp("WP02"))
    mine = decide(view(*packages, snapshot=snapshot))
    assert mine.kind == "blocked"
    assert "tests hang" in (mine.reason or "")
    assert "--retry" in (mine.fix or "")
    assert "--wp WP01" in (mine.fix or "")
    assert decide(view(*packages, snapshot=snapshot, agent="codex")).wp_id == "WP02"


def test_a_failure_is_forgotten_once_the_work_package_has_moved_on() -> None:
    stop = Stop("implement", "WP01", "claude", "failed", FIVE_MINUTES_AGO)
    snapshot = run(*PLANNED, issued="implement", stops=(stop,))
    moved = wp("WP01", "in_progress", since=LATER)
    assert decide(view(moved, snapshot=snapshot)).kind == "step"
    over = snapshot._replace(completed_steps=(*PLANNED, "implement", "review"))
    assert decide(view(wp("WP01", "approved"), snapshot=over)).action == "accept"


def test_a_blocked_work_package_is_explained_to_its_holder_and_to_others() -> None:
    blocked = wp("WP01", "blocked", blocked_from=Lane.IN_PROGRESS)
    for agent in ("claude", "codex"):
        decision = decide(view(blocked, agent=agent))
        assert decision.kind == "blocked"
        assert decision.waiting_on[0].held_by == "claude"
        assert "--retry" in (decision.fix or "")


def test_a_blocked_review_belongs_to_the_reviewer() -> None:
    blocked = wp("WP01", "blocked", blocked_from=Lane.IN_REVIEW, reviewer="codex")
    assert blocked.holder() == "codex"


def test_work_packages_of_one_worktree_are_not_worked_on_by_two_agents() -> None:
    busy = wp("WP01", "in_progress", implementer="codex", lane_id="lane-a")
    decision = decide(view(busy, wp("WP02", lane_id="lane-a")))
    assert decision.kind == "blocked"
    assert "shares its worktree with WP01" in (decision.reason or "")
    assert decide(view(busy, wp("WP02", lane_id="lane-b"))).wp_id == "WP02"
    handed_over = busy._replace(lane=Lane.APPROVED)
    assert decide(view(handed_over, wp("WP02", lane_id="lane-a"))).wp_id == "WP02"


def test_a_mission_without_work_packages_says_how_to_get_them() -> None:
    decision = decide(view())
    assert decision.kind == "blocked"
    assert "finalize-tasks" in (decision.fix or "")


@pytest.mark.parametrize("lane", ["genesis", "uninitialized"])
def test_a_work_package_that_is_not_on_the_board_holds_the_mission(lane: str) -> None:
    decision = decide(view(wp("WP01", "approved"), wp("WP02", lane)))
    assert decision.kind == "blocked"
    assert "finalize-tasks" in (decision.fix or "")


def test_a_work_package_can_be_asked_for_by_name() -> None:
    assert decide(view(wp("WP01"), wp("WP02"), wanted="WP02")).wp_id == "WP02"


def test_a_work_package_that_cannot_be_had_is_explained() -> None:
    seen = view(wp("WP01"), wp("WP02", dependencies=("WP01",)), wanted="WP02")
    decision = decide(seen)
    assert (decision.kind, decision.wp_id) == ("blocked", "WP02")
    assert decision.waiting_on[0].on == ("WP01",)


def test_an_unknown_work_package_is_explained() -> None:
    decision = decide(view(wp("WP01"), wanted="WP09"))
    assert decision.kind == "blocked"
    assert "WP01" in (decision.fix or "")


def test_a_finished_work_package_asked_for_gives_the_next_one() -> None:
    decision = decide(view(wp("WP01", "approved"), wp("WP02"), wanted="WP01"))
    assert decision.wp_id == "WP02"
    assert "WP01 is approved already" in (decision.reason or "")


def test_everything_approved_leads_to_acceptance() -> None:
    snapshot = run(*PLANNED, "implement", "review")
    decision = decide(view(wp("WP01", "approved"), snapshot=snapshot))
    assert told(decision) == ("step", "accept", None)


def test_an_accepted_mission_names_the_merge_that_is_left() -> None:
    snapshot = run(*PLANNED, "implement", "review", "accept")
    decision = decide(view(wp("WP01", "approved"), snapshot=snapshot, accepted_at="x"))
    assert (decision.kind, decision.mission_state) == ("terminal", "done")
    assert "accepted" in (decision.reason or "")
    assert decision.fix == f"spec-kitty merge --mission {SLUG}"


def test_a_merged_mission_is_over_whatever_the_run_says() -> None:
    decision = decide(view(wp("WP01", "done"), snapshot=run(), merged_at="x"))
    assert (decision.kind, decision.fix) == ("terminal", None)
    assert "merged" in (decision.reason or "")


_LANES = [lane.value for lane in Lane]
_NAMES = ["claude", "codex", "gemini"]


@st.composite
def _boards(draw: st.DrawFn) -> MissionView:
    packages = []
    for number in range(draw(st.integers(1, 5))):
        wp_id = f"WP{number + 1:02d}"
        earlier = [f"WP{n + 1:02d}" for n in range(number)]
        packages.append(
            wp(
                wp_id,
                draw(st.sampled_from(_LANES)),
                implementer=draw(st.sampled_from([*_NAMES, None])),
                reviewer=draw(st.sampled_from([*_NAMES, None])),
                last_actor=draw(st.sampled_from(_NAMES)),
                dependencies=tuple(
                    draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
                ),
                lane_id=draw(st.sampled_from(["lane-a", "lane-b", None])),
            )
        )
    stops = tuple(
        Stop("implement", p.id, "claude", "failed", LATER) for p in packages if draw(st.booleans())
    )
    return view(
        *packages,
        agent=draw(st.sampled_from([*_NAMES, None])),
        snapshot=run(*PLANNED, issued="implement", stops=stops),
    )


@given(_boards())
def test_any_board_gives_a_decision_that_can_be_carried_out(seen: MissionView) -> None:
    decision = decide(seen)
    assert decision == decide(seen), "the same view must give the same decision"
    if decision.kind == "step":
        package = seen.work_package(decision.wp_id or "")
        assert package is not None
        mine = seen.agent is not None and package.holder() == seen.agent
        if decision.role == "review":
            assert package.lane is Lane.FOR_REVIEW or (mine and package.lane is Lane.IN_REVIEW)
            assert decision.self_review == (package.implementer == seen.agent is not None)
        else:
            assert mine or (package.lane is Lane.PLANNED and not seen.unmet(package))
        assert seen.stop_of(package.id) is None or not mine
    else:
        assert decision.kind == "blocked"
        assert decision.reason
        assert decision.fix
        open_ids = {p.id for p in seen.work_packages if p.lane not in CLOSED}
        assert {w.wp_id for w in decision.waiting_on} <= open_ids


@given(_boards())
def test_nothing_that_could_be_handed_out_is_held_back(seen: MissionView) -> None:
    decision = decide(seen)
    if decision.kind == "blocked" and not seen.held():
        for package in seen.work_packages:
            assert not (package.lane is Lane.FOR_REVIEW and package.implementer != seen.agent)


def test_lanes_take_turns_so_that_none_starves() -> None:
    packages = [
        wp("WP01", "approved", lane_id="lane-a"),
        wp("WP02", lane_id="lane-a"),
        wp("WP03", lane_id="lane-b"),
    ]
    assert decide(view(*packages)).wp_id == "WP03"
    packages[2] = wp("WP03", "approved", lane_id="lane-b")
    assert decide(view(*packages)).wp_id == "WP02"
