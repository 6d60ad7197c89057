from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.next._internal_runtime.planner import plan_next, runnable_step, serialize_decision
from specify_cli.next._internal_runtime.schema import (
    DecisionRequest,
    IssuedStep,
    MissionMeta,
    MissionRunSnapshot,
    MissionTemplate,
    PromptStep,
    Stop,
)
from tests.unit.next.audit_files import audited, dimensions
from tests.unit.next.runtime_files import MISSION_ID, SLUG, template

RUN = MissionRunSnapshot("01KQ22DT0000000000000000A1", "field-guide", MISSION_ID, SLUG, "0" * 64)
AT = "2026-11-21T07:13:00.000000+00:00"


def test_the_first_step_without_open_dependencies_comes_first() -> None:
    decision = plan_next(RUN, template())
    assert (decision.kind, decision.step_id, decision.step_title) == (
        "step",
        "survey",
        "Survey the ground",
    )


def test_a_missing_input_is_asked_for_before_its_step() -> None:
    decision = plan_next(RUN._replace(completed_steps=("survey",)), template())
    assert (decision.kind, decision.decision_id, decision.input_key) == (
        "decision_required",
        "input:region",
        "region",
    )


def test_a_given_input_lets_the_step_be_issued() -> None:
    run = RUN._replace(completed_steps=("survey",), inputs={"region": "north"})
    assert plan_next(run, template()).step_id == "draw"


def test_a_pending_question_is_asked_again_under_the_same_id() -> None:
    request = DecisionRequest("input:region", "draw", "Which region?", "claude", AT, "region")
    run = RUN._replace(completed_steps=("survey",), pending_decisions={"input:region": request})
    decision = plan_next(run, template())
    assert (decision.decision_id, decision.question, decision.reason) == (
        "input:region",
        "Which region?",
        "pending_decision",
    )


def test_a_reported_failure_blocks_everything_and_says_who_and_why() -> None:
    run = RUN._replace(stops=(Stop("survey", None, "claude", "failed", AT, "no boots"),))
    decision = plan_next(run, template())
    assert decision.kind == "blocked"
    assert decision.reason is not None
    assert "claude" in decision.reason
    assert "no boots" in decision.reason


def test_a_failed_work_package_does_not_block_the_run() -> None:
    run = RUN._replace(stops=(Stop("survey", "WP01", "claude", "failed", AT),))
    assert plan_next(run, template()).kind == "step"


def test_the_issued_step_is_handed_out_again() -> None:
    wide = MissionTemplate(
        MissionMeta("wide", "Wide", "1"),
        (PromptStep("one", "One", prompt="1"), PromptStep("two", "Two", prompt="2")),
    )
    run = RUN._replace(issued=IssuedStep("two", "claude", AT))
    assert plan_next(run, wide).step_id == "two"


def test_the_end_is_reached_when_every_step_is_complete() -> None:
    run = RUN._replace(completed_steps=("survey", "draw", "print"))
    assert plan_next(run, template()).kind == "terminal"
    assert runnable_step(run, template()) is None


@st.composite
def _templates(draw: st.DrawFn) -> MissionTemplate:
    count = draw(st.integers(1, 7))
    steps = []
    for index in range(count):
        earlier = [f"s{i}" for i in range(index)]
        depends = draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []
        steps.append(PromptStep(f"s{index}", "S", prompt="p", depends_on=tuple(depends)))
    return MissionTemplate(MissionMeta("any", "Any", "1"), tuple(draw(st.permutations(steps))))


@given(_templates())
def test_any_description_without_cycles_runs_to_its_end_in_order(wide: MissionTemplate) -> None:
    run = RUN
    for _ in wide.steps:
        decision = plan_next(run, wide)
        assert decision.kind == "step"
        assert serialize_decision(decision) == serialize_decision(plan_next(run, wide))
        step = wide.step(decision.step_id or "")
        assert step is not None
        assert set(step.depends_on) <= set(run.completed_steps)
        run = run._replace(completed_steps=(*run.completed_steps, step.id))
    assert plan_next(run, wide).kind == "terminal"


@st.composite
def _runs(draw: st.DrawFn) -> tuple[MissionTemplate, MissionRunSnapshot]:
    text = audited(
        draw(
            st.sampled_from(
                [
                    None,
                    "",
                    f"dimensions: {{{dimensions(3)}}}",
                    f"dimensions: {{{dimensions(3, 3, 2)}}}",
                ]
            )
        ),
        enforcement=draw(st.sampled_from(["blocking", "advisory"])),
        after="  - {id: draw, title: Draw, prompt: D., depends_on: [survey], requires_inputs: [a, b]}\n",
    )
    steps = ["survey", "draw", "sign-off"]
    return template(text), _started(
        completed_steps=tuple(draw(st.permutations(steps))[: draw(st.integers(0, 3))]),
        inputs=draw(st.dictionaries(st.sampled_from(["a", "b"]), st.just("x"))),
        template_hash=draw(st.sampled_from(["0" * 64, "1" * 64, ""])),
        finished=draw(st.booleans()),
        stops=draw(st.sampled_from([(), (Stop("survey", None, "claude", "failed", "t"),)])),
    )


def _started(**changes: Any) -> MissionRunSnapshot:
    return MissionRunSnapshot("r", "field-guide", "m", "s", **{"template_hash": "", **changes})


@given(_runs())
def test_the_same_run_and_description_always_give_the_same_bytes(
    given_run: tuple[MissionTemplate, MissionRunSnapshot],
) -> None:
    found, snapshot = given_run
    first = serialize_decision(plan_next(snapshot, found, current_hash="1" * 64))
    copied = snapshot._replace(inputs=dict(sorted(snapshot.inputs.items(), reverse=True)))
    assert serialize_decision(plan_next(copied, found, current_hash="1" * 64)) == first
    decision = plan_next(snapshot, found, current_hash="1" * 64)
    if snapshot.stops:
        assert decision.kind == "blocked"
    elif snapshot.template_hash == "0" * 64:
        assert decision.kind == ("terminal" if snapshot.finished else "blocked")
    elif decision.kind == "terminal":
        assert set(snapshot.completed_steps) | {"sign-off"} == {"survey", "draw", "sign-off"}
