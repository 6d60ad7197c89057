"""The frozen door of the runtime, with golden answers (000 FR-001)."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import specify_cli.next._internal_runtime as runtime
from specify_cli.next._internal_runtime import (
    NextDecision,
    NullEmitter,
    engine,
    next_step,
    planner,
    provide_decision_answer,
    schema,
    start_mission_run,
)
from specify_cli.next._internal_runtime.run import NoPendingDecision
from specify_cli.next._internal_runtime.schema import MissionRuntimeError
from tests.unit.next.runtime_files import (
    ACTOR,
    FIELD_GUIDE,
    MISSION_ID,
    SLUG,
    context,
    identity,
    write_type,
)

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime import DiscoveryContext, MissionRunRef
    from specify_cli.next._internal_runtime.schema import MissionRunSnapshot


@pytest.fixture
def where(tmp_path: Path) -> DiscoveryContext:
    write_type(tmp_path / "types")
    return context(tmp_path / "types")


@pytest.fixture
def run(tmp_path: Path, where: DiscoveryContext) -> MissionRunRef:
    return start_mission_run(
        "field-guide",
        context=where,
        run_store=tmp_path / "runs",
        mission_id=MISSION_ID,
        mission_slug=SLUG,
        actor=ACTOR,
        identity=identity,
        emitter=NullEmitter(),
    )


def golden(value: Any) -> str:
    """Render as sorted JSON with ids, times and paths taken out."""
    text = json.dumps(value, sort_keys=True, default=str)
    text = re.sub(r"[0-7][0-9A-HJKMNP-TV-Z]{25}", "<id>", text)
    return re.sub(r'"/[^"]*"', '"<path>"', text)


def plain(snapshot: MissionRunSnapshot) -> dict[str, Any]:
    """Return a run as nested mappings."""
    decisions, pending = snapshot.decisions, snapshot.pending_decisions
    return {
        **snapshot._asdict(),
        "policy_snapshot": {
            **snapshot.policy_snapshot._asdict(),
            "extras": dict(snapshot.policy_snapshot.extras),
        },
        "issued": snapshot.issued and snapshot.issued._asdict(),
        "decisions": {key: answer._asdict() for key, answer in decisions.items()},
        "pending_decisions": {key: request._asdict() for key, request in pending.items()},
    }


def step(run: MissionRunRef, where: DiscoveryContext, result: Any = "success") -> NextDecision:
    return next_step(run, ACTOR, result, context=where, identity=identity)


@pytest.mark.proves("000 FR-001")
def test_the_frozen_names_exist_where_they_are_promised() -> None:
    assert set(runtime.__all__) == {
        "DiscoveryContext",
        "MissionPolicySnapshot",
        "MissionRunRef",
        "NextDecision",
        "NullEmitter",
        "next_step",
        "provide_decision_answer",
        "start_mission_run",
    }
    frozen = [
        (schema, "ActorIdentity"),
        (schema, "load_mission_template_file"),
        (schema, "MissionRuntimeError"),
        (engine, "_read_snapshot"),
        (planner, "plan_next"),
    ]
    for module, name in frozen:
        assert callable(getattr(module, name))


@pytest.mark.proves("000 FR-001", "000 FR-017")
def test_starting_a_run_gives_the_golden_reference(run: MissionRunRef) -> None:
    assert golden(run._asdict()) == (
        '{"mission_id": "<id>", "mission_key": "field-guide", "mission_slug": '
        '"field-guide-01KQ22DS", "run_dir": "<path>", "run_id": "<id>"}'
    )
    assert run.run_id != run.mission_id


@pytest.mark.proves("000 FR-001", "000 FR-017")
def test_three_steps_in_a_row_give_the_golden_decisions(
    run: MissionRunRef, where: DiscoveryContext
) -> None:
    shown = [step(run, where)._asdict() for _ in range(2)]
    provide_decision_answer(run, "input:region", "north", ACTOR, identity=identity)
    shown.append(step(run, where)._asdict())
    issued: dict[str, Any] = {
        "decision_id": None,
        "input_key": None,
        "kind": "step",
        "mission_key": "field-guide",
        "options": [],
        "question": None,
        "reason": None,
        "run_id": "<id>",
    }
    survey = issued | {
        "step_id": "survey",
        "step_title": "Survey the ground",
        "prompt": "Walk the $mission_slug.",
    }
    asked = issued | {
        "kind": "decision_required",
        "decision_id": "input:region",
        "input_key": "region",
        "question": "Which region should the step 'Draw the map' use?",
        "reason": "missing_required_input",
        "step_id": "draw",
        "step_title": "Draw the map",
        "prompt": None,
    }
    draw = issued | {"step_id": "draw", "step_title": "Draw the map", "prompt": "Draw it."}
    expected = [json.dumps(decision, sort_keys=True) for decision in (survey, asked, draw)]
    assert [golden(decision) for decision in shown] == expected


@pytest.mark.proves("000 FR-001", "000 FR-017")
def test_an_answer_leaves_the_golden_snapshot(run: MissionRunRef, where: DiscoveryContext) -> None:
    step(run, where)
    step(run, where)
    provide_decision_answer(run, "input:region", "north", ACTOR, identity=identity)
    snapshot = plain(engine._read_snapshot(run.run_dir))
    snapshot["template_hash"] = "<hash>"
    for answer in snapshot["decisions"].values():
        answer["answered_at"] = "<time>"
    assert golden(snapshot) == (
        '{"agents": ["claude"], "completed_steps": ["survey"], "decisions": {"input:region": '
        '{"answer": "north", "answered_at": "<time>", "answered_by": "claude", "decision_id": '
        '"input:region"}}, "finished": false, "inputs": {"region": "north"}, "issued": null, '
        '"mission_id": "<id>", "mission_key": "field-guide", "mission_slug": '
        '"field-guide-01KQ22DS", "pending_decisions": {}, "policy_snapshot": {"default_route": '
        '"same_llm_context", "extras": {}, "strictness": "medium"}, "run_id": "<id>", "stops": '
        '[], "template_hash": "<hash>"}'
    )


def test_the_first_call_issues_whatever_the_result(
    run: MissionRunRef, where: DiscoveryContext
) -> None:
    assert step(run, where, "failed").step_id == "survey"
    assert engine._read_snapshot(run.run_dir).completed_steps == ()


def test_a_failure_stays_until_the_step_succeeds(
    run: MissionRunRef, where: DiscoveryContext
) -> None:
    step(run, where)
    assert step(run, where, "failed").kind == "blocked"
    assert step(run, where, "success").kind == "decision_required"


def test_a_whole_run_ends_and_says_so_repeatedly(
    run: MissionRunRef, where: DiscoveryContext
) -> None:
    step(run, where)
    step(run, where)
    provide_decision_answer(run, "input:region", "north", ACTOR, identity=identity)
    kinds = [step(run, where).kind for _ in range(4)]
    assert kinds == ["step", "step", "terminal", "terminal"]
    journal = (run.run_dir / "run.events.jsonl").read_text(encoding="utf-8")
    assert journal.count('"MissionRunCompleted"') == 1


def test_an_unknown_result_is_refused(run: MissionRunRef, where: DiscoveryContext) -> None:
    with pytest.raises(MissionRuntimeError):
        step(run, where, "bogus")


def test_an_answer_that_nobody_waits_for_is_refused(run: MissionRunRef) -> None:
    with pytest.raises(NoPendingDecision):
        provide_decision_answer(run, "input:region", "north", ACTOR, identity=identity)


def test_a_changed_description_stops_an_unfinished_run_and_a_comment_does_not(
    run: MissionRunRef, where: DiscoveryContext, tmp_path: Path
) -> None:
    step(run, where)
    write_type(tmp_path / "types", f"# a comment\n{FIELD_GUIDE}")
    assert step(run, where).kind == "decision_required"
    write_type(tmp_path / "types", FIELD_GUIDE.replace("Draw it.", "Sketch."))
    stopped = [step(run, where) for _ in range(2)]
    assert [(one.kind, one.reason) for one in stopped] == [("blocked", "template_changed")] * 2
    assert engine._read_snapshot(run.run_dir).completed_steps == ("survey",)


def test_a_changed_description_never_stops_a_finished_run(
    run: MissionRunRef, where: DiscoveryContext, tmp_path: Path
) -> None:
    step(run, where)
    step(run, where)
    provide_decision_answer(run, "input:region", "north", ACTOR, identity=identity)
    assert [step(run, where).kind for _ in range(3)][-1] == "terminal"
    more = f"{FIELD_GUIDE}  - {{id: bind, title: Bind it, prompt: Bind it.}}\n"
    write_type(tmp_path / "types", more)
    assert step(run, where).kind == "terminal"


def test_the_runtime_imports_no_command_line_and_no_terminal() -> None:
    for path in Path(engine.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.split(".")[0] not in {"rich", "typer", "cyclopts", "pydantic"}, path
                assert not name.startswith(("specify_cli.cli", "spec_kitty_runtime")), path
