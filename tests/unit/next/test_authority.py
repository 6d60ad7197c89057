"""Audits: who is asked, who may answer, what an answer does, and what happens when none comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.next._internal_runtime import (
    MissionPolicySnapshot,
    next_step,
    provide_decision_answer,
    start_mission_run,
)
from specify_cli.next._internal_runtime.authority import (
    AuthorityDenied,
    DecisionAmbiguous,
    InvalidAnswer,
    NoTimeout,
    answer_question,
    expire_overdue,
)
from specify_cli.next._internal_runtime.emitter import NullEmitter
from specify_cli.next._internal_runtime.engine import _read_snapshot, notify_decision_timeout
from specify_cli.next._internal_runtime.raci import (
    RACIUnresolved,
    infer,
    resolve,
)
from specify_cli.next._internal_runtime.run import MissionRun, NoPendingDecision
from specify_cli.next._internal_runtime.schema import ActorIdentity, NextDecision
from specify_cli.next._internal_runtime.significance import (
    CUTOFFS_KEY,
    TIMEOUT_KEY,
    InvalidPolicy,
    band_of,
    timeout_seconds,
)
from tests.unit.next.audit_files import HIGH, audited, dimensions
from tests.unit.next.runtime_files import (
    ACTOR,
    FIELD_GUIDE,
    MISSION_ID,
    SLUG,
    context,
    identity,
    template,
    write_type,
)

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.next._internal_runtime import MissionRunRef

ADA = ActorIdentity("ada", "human")
AUDIT = "audit:sign-off"


class Bench:
    """A run of a mission type, driven through the runtime's own door."""

    def __init__(self, tmp_path: Path, text: str, **options: Any) -> None:
        self.root = tmp_path / "types"
        write_type(self.root, text)
        inputs = {"mission_owner_id": "ada"} if options.pop("owned", True) else None
        self.ref: MissionRunRef = start_mission_run(
            "field-guide",
            context=context(self.root),
            run_store=tmp_path / "runs",
            mission_id=MISSION_ID,
            mission_slug=SLUG,
            actor=ACTOR,
            identity=identity,
            inputs=inputs,
            **options,
        )

    def step(self, result: Any = "success") -> NextDecision:
        return next_step(self.ref, ACTOR, result, context=context(self.root), identity=identity)

    def answer(self, text: str, actor: ActorIdentity = ADA, of: str = AUDIT) -> None:
        provide_decision_answer(self.ref, of, text, actor, identity=identity)

    @property
    def snapshot(self) -> Any:
        return _read_snapshot(self.ref.run_dir)

    def rows(self) -> list[dict[str, Any]]:
        text = (self.ref.run_dir / "run.events.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def kinds(self) -> list[str]:
        return [row["event_type"] for row in self.rows()]


def asked(tmp_path: Path, text: str = "", **options: Any) -> Bench:
    """Return a run whose audit has just been asked."""
    bench = Bench(tmp_path, text or audited(), **options)
    bench.step()
    assert bench.step().decision_id == AUDIT
    return bench


def test_an_audit_is_asked_when_no_step_is_left_and_asking_again_records_nothing(
    tmp_path: Path,
) -> None:
    bench = asked(tmp_path)
    before = bench.rows()
    again = bench.step()
    assert (again.kind, again.options, again.reason) == (
        "decision_required",
        ("approve", "reject"),
        "pending_decision",
    )
    assert bench.rows() == before
    assert bench.kinds().count("SignificanceEvaluated") == 1
    (note,) = [r for r in bench.rows() if r["event_type"] == "SignificanceEvaluated"]
    assert note["payload"]["band"] == "high"
    assert note["payload"]["hard_triggers"] == ["architecture_foundation"]


def test_an_approved_last_audit_ends_the_run_exactly_once(tmp_path: Path) -> None:
    bench = asked(tmp_path)
    bench.answer("approve")
    assert bench.snapshot.completed_steps == ("survey", "sign-off")
    assert [bench.step().kind for _ in range(3)] == ["terminal"] * 3
    assert bench.kinds().count("MissionRunCompleted") == 1


def test_a_rejected_audit_stops_the_run(tmp_path: Path) -> None:
    bench = asked(tmp_path)
    bench.answer("reject")
    stopped = bench.step()
    assert stopped.kind == "blocked"
    assert "reject by ada" in (stopped.reason or "")
    assert bench.step().kind == "blocked"


@pytest.mark.parametrize("answer", ["open_stand_up", "defer"])
def test_an_audit_of_medium_significance_stays_open_until_somebody_decides_alone(
    tmp_path: Path, answer: str
) -> None:
    bench = asked(tmp_path, audited(f"dimensions: {{{dimensions(3, 3, 1)}}}"))
    assert bench.step().options == ("decide_solo", "open_stand_up", "defer")
    bench.answer(answer)
    assert bench.step().decision_id == AUDIT
    assert bench.snapshot.decisions[AUDIT].answer == answer
    bench.answer("decide_solo")
    assert bench.step().kind == "terminal"


def test_an_audit_of_low_significance_asks_nobody(tmp_path: Path) -> None:
    bench = Bench(tmp_path, audited(f"dimensions: {{{dimensions(3, 3)}}}"))
    bench.step()
    assert bench.step().kind == "terminal"
    assert bench.snapshot.completed_steps == ("survey", "sign-off")


def test_an_audit_without_a_significance_is_approved_or_rejected(tmp_path: Path) -> None:
    bench = asked(tmp_path, audited(None))
    assert bench.step().options == ("approve", "reject")
    assert "SignificanceEvaluated" not in bench.kinds()


def test_an_advisory_audit_is_work_like_any_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path, audited(enforcement="advisory"))
    bench.step()
    found = bench.step()
    assert (found.kind, found.step_id, found.prompt) == ("step", "sign-off", "Is it right?")
    assert bench.step().kind == "terminal"


def test_a_step_can_wait_for_an_audit(tmp_path: Path) -> None:
    text = audited(after="  - {id: print, title: Print, prompt: Print., depends_on: [sign-off]}\n")
    bench = asked(tmp_path, text)
    bench.answer("approve")
    assert bench.step().step_id == "print"


@pytest.mark.parametrize(
    ("actor", "word"),
    [
        (ACTOR, "claude (llm) may not decide"),
        (ActorIdentity("ada", "llm"), "ada (llm) may not decide"),
        (ActorIdentity("bob", "human"), "bob (human) may not decide"),
        (ActorIdentity("ada", "service"), "ada (service)"),
    ],
)
def test_only_the_owner_as_a_person_decides_at_an_audit(
    tmp_path: Path, actor: ActorIdentity, word: str
) -> None:
    bench = asked(tmp_path)
    with pytest.raises(AuthorityDenied) as denied:
        bench.answer("approve", actor)
    assert word in denied.value.message
    assert "--agent ada --actor-type human" in denied.value.fix
    assert bench.step().decision_id == AUDIT, "the refused answer changed nothing"
    (note,) = [r for r in bench.rows() if r["event_type"] == "DecisionAuthorityDenied"]
    assert note["payload"]["actor_id"] == actor.actor_id


def test_without_an_owner_nobody_decides_and_the_fix_names_the_setting(tmp_path: Path) -> None:
    bench = asked(tmp_path, owned=False)
    with pytest.raises(AuthorityDenied) as denied:
        bench.answer("approve")
    assert denied.value.fix.startswith("spec-kitty config set mission.owner")


def test_a_description_can_name_who_decides(tmp_path: Path) -> None:
    more = """\
    raci:
      responsible: {actor_type: service, actor_id: gatekeeper}
      accountable: {actor_type: human, actor_id: eve}
      consulted: [{actor_type: human, actor_id: bob}]
    raci_override_reason: eve signs for the guide
"""
    bench = asked(tmp_path, audited(more=more))
    with pytest.raises(AuthorityDenied):
        bench.answer("approve", ADA)
    bench.answer("approve", ActorIdentity("gatekeeper", "service"))
    assert bench.step().kind == "terminal"


def test_who_answers_as_a_person_is_not_counted_as_an_agent(tmp_path: Path) -> None:
    bench = asked(tmp_path)
    bench.answer("approve")
    assert bench.snapshot.agents == ("claude",)


@pytest.mark.parametrize("answer", ["", "  ", "yes", "Approve"])
def test_an_answer_that_is_none_of_the_options_is_refused(tmp_path: Path, answer: str) -> None:
    with pytest.raises(InvalidAnswer) as refused:
        asked(tmp_path).answer(answer)
    assert refused.value.fix == "Answer one of: approve, reject."


def test_an_answer_to_another_question_is_refused(tmp_path: Path) -> None:
    bench = asked(tmp_path)
    with pytest.raises(NoPendingDecision, match="audit:other"):
        bench.answer("approve", of="audit:other")


def test_a_role_of_the_step_says_who_may_give_an_input(tmp_path: Path) -> None:
    text = """\
mission: {key: field-guide, name: Guide}
steps:
  - {id: draw, title: Draw, prompt: Draw., requires_inputs: [region, scale]}
"""
    bench = Bench(tmp_path, text)
    assert bench.step().decision_id == "input:region"
    with pytest.raises(AuthorityDenied):
        bench.answer("north", ActorIdentity("cron", "service"), of="input:region")
    bench.answer("north", ACTOR, of="input:region")
    bench.step()
    bench.answer(" 1:1000 ", ActorIdentity("bob", "human"), of="input:scale")
    assert bench.snapshot.inputs["scale"] == "1:1000"


def test_an_input_cannot_become_overdue(tmp_path: Path) -> None:
    text = FIELD_GUIDE.replace("    depends_on: [survey]\n", "", 1)
    bench = Bench(tmp_path, text)
    bench.step()
    assert bench.step().decision_id == "input:region"
    with pytest.raises(NoTimeout):
        notify_decision_timeout(bench.ref, "input:region", ACTOR, identity=identity)


def test_of_several_questions_the_one_that_is_answered_has_to_be_named(tmp_path: Path) -> None:
    bench = asked(tmp_path)
    run = MissionRun.open(bench.ref.run_dir, identity=identity)
    run.ask(
        NextDecision(
            "decision_required", "r", "k", step_id="survey", decision_id="input:x", question="?"
        ),
        ACTOR,
    )
    with pytest.raises(DecisionAmbiguous, match="2 answers"):
        answer_question(run, None, "approve", ADA)
    assert answer_question(run, "input:x", "north", ADA).decision_id == "input:x"
    assert answer_question(run, None, "approve", ADA, owner="ada").decision_id == AUDIT


class _Heard(NullEmitter):
    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def emit_decision_timeout_expired(self, payload: Any) -> None:
        self.told.append(payload)

    def emit_significance_evaluated(self, payload: Any) -> None:
        self.told.append(payload)


@pytest.mark.parametrize(
    ("significance", "told"),
    [("", ("human:ada", "human:bob")), (f"dimensions: {{{dimensions(3, 3, 1)}}}", ("human:ada",))],
)
def test_an_overdue_audit_names_whom_to_tell_once_and_stays_open(
    tmp_path: Path, significance: str, told: tuple[str, ...]
) -> None:
    more = """\
    raci:
      responsible: {actor_type: human}
      accountable: {actor_type: human}
      consulted: [{actor_type: human, actor_id: bob}]
    raci_override_reason: bob knows the ground
"""
    bench = asked(tmp_path, audited(significance, more=more))
    heard = _Heard()
    for _ in range(2):
        found = notify_decision_timeout(bench.ref, AUDIT, ACTOR, identity=identity, emitter=heard)
        assert found == told
    assert [list(note["notify"]) for note in heard.told] == [list(told)]
    assert bench.kinds().count("DecisionTimeoutExpired") == 1
    assert bench.step().decision_id == AUDIT


def test_an_answer_is_due_after_the_policys_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from specify_cli.kernel.clock import utc_now
    from specify_cli.next._internal_runtime import authority

    policy = MissionPolicySnapshot(extras={TIMEOUT_KEY: 60})
    bench = asked(tmp_path, policy_snapshot=policy)
    assert bench.snapshot.policy_snapshot == policy, "the journal keeps the policy"
    run = MissionRun.open(bench.ref.run_dir, identity=identity)
    expire_overdue(run, ACTOR, owner="ada")
    assert not run.snapshot.pending_decisions[AUDIT].expired
    monkeypatch.setattr(authority, "utc_now", lambda: utc_now() + timedelta(seconds=61))
    expire_overdue(run, ACTOR, owner="ada")
    expire_overdue(run, ACTOR, owner="ada")
    run.save()
    assert bench.snapshot.pending_decisions[AUDIT].expired
    assert bench.kinds().count("DecisionTimeoutExpired") == 1


@pytest.mark.parametrize(
    ("values", "triggers", "band"),
    [
        ((), "", "low"),
        ((3, 3), "", "low"),
        ((3, 3, 1), "", "medium"),
        ((3, 3, 3, 2), "", "medium"),
        ((3, 3, 3, 3), "", "high"),
        ((3, 3, 3, 3, 3, 3), "", "high"),
        ((), HIGH, "high"),
    ],
)
def test_the_sum_of_six_dimensions_gives_the_band_and_a_trigger_makes_it_high(
    values: tuple[int, ...], triggers: str, band: str
) -> None:
    text = audited(f"dimensions: {{{dimensions(*values)}}}\n      {triggers}")
    (audit,) = template(text).audit_steps
    assert band_of(audit, MissionPolicySnapshot()) == band


def test_a_policy_can_move_the_bands_and_must_cover_every_sum() -> None:
    (audit,) = template(audited(f"dimensions: {{{dimensions(3, 1)}}}")).audit_steps
    moved: Any = {"low": [0, 3], "medium": [4, 5], "high": [6, 18]}
    assert band_of(audit, MissionPolicySnapshot(extras={CUTOFFS_KEY: moved})) == "medium"
    wrongs: tuple[Any, ...] = (
        {**moved, "medium": [4, 6]},
        {**moved, "high": [7, 18]},
        {"low": [0, 18]},
        [1],
        {**moved, "low": "0-3"},
    )
    for wrong in wrongs:
        with pytest.raises(InvalidPolicy):
            band_of(audit, MissionPolicySnapshot(extras={CUTOFFS_KEY: wrong}))


@pytest.mark.parametrize("value", [0, -1, True, "600", 1.5])
def test_a_timeout_is_a_number_of_seconds(value: Any) -> None:
    with pytest.raises(InvalidPolicy):
        timeout_seconds(MissionPolicySnapshot(extras={TIMEOUT_KEY: value}))


def test_roles_are_inferred_by_the_kind_of_step() -> None:
    def rule(text: str, step_id: str = "sign-off") -> tuple[str | None, list[str]]:
        step = template(text).step(step_id)
        assert step is not None
        found = infer(step)
        pair = (found.assignment.responsible, found.assignment.accountable)
        return found.inferred_rule, [role.actor_type for role in pair]

    assert rule(audited(), "survey") == ("prompt_default", ["llm", "human"])
    assert rule(audited()) == ("audit_blocking", ["human", "human"])
    assert rule(audited(enforcement="advisory")) == ("audit_advisory", ["llm", "human"])


def test_roles_are_filled_from_the_inputs_and_an_open_one_is_an_error() -> None:
    step = template(audited()).step("survey")
    assert step is not None
    filled = resolve(infer(step), {"mission_owner_id": "ada", "agent_id": "claude"})
    assert filled.assignment.responsible.actor_id == "claude"
    assert filled.assignment.accountable.actor_id == "ada"
    with pytest.raises(RACIUnresolved, match="no responsible llm"):
        resolve(infer(step), {"mission_owner_id": "ada"})
    with pytest.raises(RACIUnresolved) as missing:
        resolve(infer(step), {"agent_id": "claude"})
    assert "config set mission.owner" in missing.value.fix
