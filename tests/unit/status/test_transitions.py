"""Which lane changes are legal, and what a refusal tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.status.lanes import DISPLAY_LANES, TERMINAL_LANES, Lane
from specify_cli.status.transitions import (
    EDGES,
    RESUME,
    TransitionRejected,
    TransitionRequest,
    check_transition,
    is_legal,
    legal_targets,
)

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.definitions import ReviewResult, RowEvidence

G, P, C, I, F, R, A, D, B, X = (  # noqa: E741 - a table of ten columns
    Lane.GENESIS,
    Lane.PLANNED,
    Lane.CLAIMED,
    Lane.IN_PROGRESS,
    Lane.FOR_REVIEW,
    Lane.IN_REVIEW,
    Lane.APPROVED,
    Lane.DONE,
    Lane.BLOCKED,
    Lane.CANCELED,
)
# Written out a second time, by hand, so that a slip in the table shows.
UPSTREAM = {
    (G, P), (G, X),
    (P, C), (P, B), (P, X),
    (C, I), (C, B), (C, X),
    (I, F), (I, A), (I, P), (I, B), (I, X),
    (F, R), (F, B), (F, X),
    (R, A), (R, D), (R, I), (R, P), (R, B), (R, X),
    (A, D), (A, I), (A, P), (A, B), (A, X),
    (B, I), (B, X),
}  # fmt: skip

APPROVED: ReviewResult = {"reviewer": "rev", "verdict": "approved", "reference": "review-1"}
REJECTED: ReviewResult = {
    "reviewer": "rev",
    "verdict": "changes_requested",
    "reference": "review-1",
}
EVIDENCE: RowEvidence = {
    "review": {"reviewer": "rev", "verdict": "approved", "reference": "review-1"}
}


def request(to_lane: Lane, **given_: Any) -> TransitionRequest:
    return TransitionRequest(**{"wp_id": "WP01", "to_lane": to_lane, "actor": "claude", **given_})


# What satisfies the guard of each guarded edge.
SATISFYING: dict[tuple[Lane, Lane], dict[str, Any]] = {
    (P, C): {},
    (C, I): {"workspace_context": "lane-a"},
    (I, F): {"subtasks_complete": True, "implementation_evidence_present": True},
    (I, A): {"evidence": EVIDENCE},
    (I, P): {"reason": "no time"},
    (F, R): {},
    (R, A): {"review_result": APPROVED},
    (R, D): {"review_result": APPROVED},
    (R, I): {"review_result": REJECTED},
    (R, P): {"review_result": REJECTED},
    (R, B): {"review_result": REJECTED},
    (R, X): {"review_result": REJECTED},
    (A, D): {"evidence": EVIDENCE},
    (A, I): {"review_ref": "review-2"},
    (A, P): {"review_ref": "review-2"},
}


def rejected(source: Lane, wanted: TransitionRequest, **more: Any) -> TransitionRejected:
    with pytest.raises(TransitionRejected) as refused:
        check_transition(source, wanted, **more)
    return refused.value


def test_there_are_exactly_the_29_edges_of_the_existing_cli() -> None:
    edges = {(source, target) for source, targets in EDGES.items() for target in targets}
    assert edges == UPSTREAM
    assert len(edges) == 29


@pytest.mark.parametrize(("source", "target"), sorted(UPSTREAM))
def test_every_edge_passes_when_its_guard_is_satisfied(source: Lane, target: Lane) -> None:
    check_transition(source, request(target, **SATISFYING.get((source, target), {})))


@pytest.mark.parametrize(("source", "target"), sorted(UPSTREAM - set(SATISFYING)))
def test_an_edge_without_guard_passes_with_nothing_but_a_name(source: Lane, target: Lane) -> None:
    check_transition(source, request(target))


@pytest.mark.parametrize("nobody", ["", " ", {}, {"tool": " "}, {"role": None, "model": ""}])
@pytest.mark.parametrize(("source", "target"), sorted(UPSTREAM))
def test_no_edge_passes_for_an_actor_without_any_name(
    source: Lane, target: Lane, nobody: str | dict[str, Any]
) -> None:
    facts = {**SATISFYING.get((source, target), {}), "actor": nobody}
    error = rejected(source, request(target, **facts))
    assert error.code == "TRANSITION_REJECTED"
    assert error.details["guard"] == "actor_present"
    assert "nobody is named as the actor" in error.message
    assert "--agent" in error.fix


@pytest.mark.parametrize("nobody", [{}, {"tool": " "}])
@pytest.mark.parametrize("origin", sorted(RESUME))
def test_nobody_takes_a_blocked_package_back_to_where_it_came_from(
    origin: Lane, nobody: dict[str, str]
) -> None:
    error = rejected(B, request(origin, evidence=EVIDENCE, actor=nobody), blocked_from=origin)
    assert error.details["guard"] == "actor_present"


@pytest.mark.parametrize(
    ("source", "target", "missing", "guard"),
    [
        (P, C, {"actor": " "}, "actor_present"),
        (P, C, {"actor": {"tool": "", "role": None}}, "actor_present"),
        (C, I, {}, "workspace_present"),
        (C, I, {"workspace_context": " "}, "workspace_present"),
        (I, F, {}, "subtasks_complete"),
        (
            I,
            F,
            {"subtasks_complete": False, "implementation_evidence_present": True},
            "subtasks_complete",
        ),
        (I, F, {"subtasks_complete": True}, "implementation_evidence"),
        (I, A, {}, "review_evidence"),
        (
            I,
            A,
            {"evidence": {"review": {"reviewer": "r", "verdict": "maybe", "reference": "x"}}},
            "review_evidence",
        ),
        (
            I,
            A,
            {"evidence": {"review": {"reviewer": "r", "verdict": "approved"}}},
            "review_evidence",
        ),
        (I, P, {}, "reason_given"),
        (I, P, {"reason": "  "}, "reason_given"),
        (F, R, {"actor": ""}, "actor_present"),
        (R, A, {}, "review_result"),
        (R, A, {"review_result": REJECTED}, "review_approves"),
        (R, A, {"review_result": {**APPROVED, "reviewer": ""}}, "review_result"),
        (R, A, {"review_result": APPROVED, "review_ref": "another"}, "review_consistent"),
        (
            R,
            A,
            {
                "review_result": APPROVED,
                "evidence": {"review": {"reviewer": "someone", "verdict": "approved"}},
            },
            "review_consistent",
        ),
        (R, I, {}, "review_result"),
        (R, I, {"review_result": APPROVED}, "review_rejects"),
        (R, P, {"review_result": APPROVED}, "review_rejects"),
        (R, B, {}, "review_result"),
        (R, X, {}, "review_result"),
        (A, D, {}, "review_evidence"),
        (A, I, {}, "review_ref"),
        (A, P, {}, "review_ref"),
    ],
)
def test_a_guard_that_says_no_names_itself_and_what_would_satisfy_it(
    source: Lane, target: Lane, missing: dict[str, Any], guard: str
) -> None:
    error = rejected(source, request(target, **missing))
    assert error.code == "TRANSITION_REJECTED"
    assert error.details["guard"] == guard
    assert (error.details["from_lane"], error.details["to_lane"]) == (source.value, target.value)
    assert error.message.startswith(f"WP01 cannot go from {source} to {target}: ")
    assert error.fix


@pytest.mark.parametrize("source", [lane for lane in Lane if lane is not Lane.UNINITIALIZED])
@pytest.mark.parametrize("target", DISPLAY_LANES)
def test_what_is_no_edge_is_refused_with_the_lanes_that_can_be_reached(
    source: Lane, target: Lane
) -> None:
    if (source, target) in UPSTREAM:
        return
    error = rejected(source, request(target, reason="please"))
    assert error.details["guard"] == "edge"
    assert error.details["legal_targets"] == [lane.value for lane in legal_targets(source)]


@pytest.mark.parametrize("source", DISPLAY_LANES)
@pytest.mark.parametrize("target", DISPLAY_LANES)
def test_force_overrides_every_edge_and_guard_even_out_of_final_lanes(
    source: Lane, target: Lane
) -> None:
    check_transition(source, request(target, force=True, reason="the operator says so"))


@pytest.mark.parametrize(
    ("given_", "guard"),
    [({"actor": "", "reason": "x"}, "force_actor"), ({"actor": {}, "reason": "x"}, "force_actor"),
     ({"reason": None}, "force_reason"), ({"reason": " \t"}, "force_reason")],
)  # fmt: skip
def test_force_needs_an_actor_and_a_reason(given_: dict[str, Any], guard: str) -> None:
    assert rejected(P, request(D, force=True, **given_)).details["guard"] == guard


@pytest.mark.parametrize("target", [Lane.GENESIS, Lane.UNINITIALIZED])
@pytest.mark.parametrize("force", [True, False])
def test_genesis_is_never_a_target_even_with_force(target: Lane, *, force: bool) -> None:
    error = rejected(P, request(target, force=force, reason="x"))
    assert error.details["guard"] == "target"


def test_an_unknown_work_package_starts_at_genesis_and_is_told_to_be_planned() -> None:
    check_transition(Lane.UNINITIALIZED, request(P))
    assert "finalize-tasks" in rejected(Lane.UNINITIALIZED, request(C)).fix


@pytest.mark.parametrize("source", sorted(TERMINAL_LANES))
def test_a_final_lane_is_left_by_force_only(source: Lane) -> None:
    assert "--force" in rejected(source, request(P)).fix


def test_going_where_it_is_already_is_refused_as_such() -> None:
    assert "already" in rejected(P, request(P)).message


@pytest.mark.parametrize("origin", sorted(RESUME))
def test_a_blocked_work_package_returns_to_the_lane_it_came_from_and_no_other(
    origin: Lane,
) -> None:
    check_transition(B, request(origin, evidence=EVIDENCE), blocked_from=origin)
    for other in set(RESUME) - {origin}:
        rejected(B, request(other, evidence=EVIDENCE), blocked_from=origin)
    assert is_legal(B, origin, origin)
    assert not is_legal(B, origin)
    assert not is_legal(P, D, origin)


def test_a_blocked_package_returns_to_approved_without_being_reviewed_again() -> None:
    check_transition(B, request(A), blocked_from=A)
    rejected(B, request(A), blocked_from=R)


def test_it_does_not_matter_to_other_lanes_where_a_package_was_blocked() -> None:
    rejected(C, request(P), blocked_from=P)


@settings(deadline=None)
@given(
    source=st.sampled_from(sorted(Lane)),
    target=st.sampled_from(sorted(Lane)),
    facts=st.fixed_dictionaries(
        {},
        optional={
            "actor": st.sampled_from(["", "claude", {}, {"tool": "codex"}]),
            "force": st.booleans(),
            "reason": st.sampled_from([None, "", "because"]),
            "review_ref": st.sampled_from([None, "review-1", "other"]),
            "review_result": st.sampled_from([None, APPROVED, REJECTED]),
            "evidence": st.sampled_from([None, EVIDENCE]),
            "workspace_context": st.sampled_from([None, "lane-a"]),
            "subtasks_complete": st.sampled_from([None, True, False]),
            "implementation_evidence_present": st.sampled_from([None, True, False]),
        },
    ),
)
def test_a_change_passes_by_an_edge_or_by_force_and_never_otherwise(
    source: Lane, target: Lane, facts: dict[str, Any]
) -> None:
    wanted = request(target, **facts)
    try:
        check_transition(source, wanted)
    except TransitionRejected as error:
        assert error.fix
        assert error.details["guard"]
        return
    assert target in DISPLAY_LANES
    assert wanted.actor
    if wanted.force:
        assert wanted.reason
    else:
        start = Lane.GENESIS if source is Lane.UNINITIALIZED else source
        assert (start, target) in UPSTREAM
        # A guard looks at the request alone, so asking again changes nothing.
        check_transition(source, wanted._replace())
