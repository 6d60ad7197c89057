from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.kernel.files import Disk, WriteFailed
from specify_cli.next._internal_runtime.journal import JOURNAL_FILE, read_journal
from specify_cli.next._internal_runtime.meaning import template_hash
from specify_cli.next._internal_runtime.planner import plan_next
from specify_cli.next._internal_runtime.run import MissionRun, NoPendingDecision
from specify_cli.next._internal_runtime.schema import NextDecision
from specify_cli.next._internal_runtime.state import (
    STATE_FILE,
    RunNotFound,
    mission_of,
    read_run,
    run_state,
)
from tests.unit.next.runtime_files import (
    ACTOR,
    MISSION_ID,
    OTHER,
    SLUG,
    identity,
    template,
)

if TYPE_CHECKING:
    from pathlib import Path

HASH = template_hash(template())


def started(store: Path) -> MissionRun:
    return MissionRun.start(
        template(),
        run_store=store,
        mission_id=MISSION_ID,
        mission_slug=SLUG,
        actor=ACTOR,
        identity=identity,
    )


def reopened(run: MissionRun) -> MissionRun:
    return MissionRun.open(run.ref.run_dir, identity=identity)


def rows(run: MissionRun) -> list[dict[str, Any]]:
    lines = (run.ref.run_dir / JOURNAL_FILE).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def state(run: MissionRun) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.ref.run_dir / STATE_FILE).read_bytes())
    return found


def question() -> NextDecision:
    return NextDecision(
        "decision_required",
        "r",
        "field-guide",
        step_id="draw",
        decision_id="input:region",
        input_key="region",
        question="Which region?",
    )


@pytest.mark.proves("002 D-10")
def test_a_run_names_its_mission_by_id_and_slug(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.save()
    assert state(run)["mission_id"] == MISSION_ID
    assert state(run)["mission_slug"] == SLUG
    assert reopened(run).ref == run.ref


def test_nothing_is_on_disk_before_the_run_is_saved(tmp_path: Path) -> None:
    started(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_journal_rows_are_envelopes_with_the_runs_payloads(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.report("survey", ACTOR, "success")
    run.finish(ACTOR)
    run.save()
    assert [row["event_type"] for row in rows(run)] == [
        "MissionRunStarted",
        "NextStepIssued",
        "NextStepAutoCompleted",
        "MissionRunCompleted",
    ]
    for number, row in enumerate(rows(run), start=1):
        assert row["aggregate_type"] == "Mission"
        assert row["aggregate_id"] == MISSION_ID
        assert row["correlation_id"] == run.ref.run_id
        assert row["lamport_clock"] == number
        assert row["payload"]["run_id"] == run.ref.run_id
    assert rows(run)[2]["payload"]["result"] == "success"


def test_the_clock_goes_on_where_the_journal_ends(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.save()
    again = reopened(run)
    again.issue("survey", ACTOR)
    again.save()
    assert [row["lamport_clock"] for row in rows(run)] == [1, 2]


def test_a_completed_step_is_no_longer_issued(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    issued = run.snapshot
    run.report("survey", ACTOR, "success")
    assert issued.issued_step_id == "survey"
    assert run.snapshot.issued_step_id is None
    assert run.snapshot.completed_steps == ("survey",)


@pytest.mark.parametrize("result", ["failed", "blocked"])
def test_a_failure_keeps_its_reason_and_is_taken_back_by_issuing_again(
    tmp_path: Path, result: Any
) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.report("survey", ACTOR, result, reason="no boots")
    run.save()
    stopped = state(run)["stopped"]
    assert (stopped["result"], stopped["reason"], stopped["agent"]) == (
        result,
        "no boots",
        "claude",
    )
    again = reopened(run)
    assert again.snapshot.blocked_reason is not None
    again.issue("survey", OTHER)
    again.save()
    assert state(run)["stopped"] is None
    assert reopened(run).snapshot.blocked_reason is None


def test_success_takes_a_failure_back(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.report("survey", ACTOR, "failed")
    run.report("survey", ACTOR, "success")
    assert run.snapshot.stops == ()
    assert run.snapshot.completed_steps == ("survey",)


def test_a_failed_work_package_is_kept_apart_from_its_step(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.issue("draw", ACTOR)
    run.report("draw", ACTOR, "failed", wp_id="WP01", reason="tests hang")
    assert run.snapshot.blocked_reason is None
    assert [stop.wp_id for stop in run.snapshot.stops] == ["WP01"]
    run.report("draw", OTHER, "blocked", wp_id="WP02")
    run.issue("draw", ACTOR, wp_id="WP01")
    assert [stop.wp_id for stop in run.snapshot.stops] == ["WP02"]
    run.report("draw", OTHER, "success", wp_id="WP02")
    assert run.snapshot.stops == ()
    assert run.snapshot.completed_steps == ()
    assert run.snapshot.issued_step_id == "draw"


def test_the_end_is_recorded_once(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.finish(ACTOR)
    run.finish(ACTOR)
    run.save()
    again = reopened(run)
    again.finish(OTHER)
    again.save()
    assert [row["event_type"] for row in rows(run)].count("MissionRunCompleted") == 1


def test_a_question_is_recorded_once_and_its_answer_becomes_an_input(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.ask(question(), ACTOR)
    run.ask(question(), ACTOR)
    run.save()
    assert len(rows(run)) == 2
    again = reopened(run)
    assert list(again.snapshot.pending_decisions) == ["input:region"]
    again.answer("input:region", "north", OTHER)
    again.save()
    final = reopened(run).snapshot
    assert final.inputs == {"region": "north"}
    assert final.decisions["input:region"].answered_by == "codex"
    assert not final.pending_decisions


def test_an_answer_to_no_question_is_refused(tmp_path: Path) -> None:
    run = started(tmp_path)
    with pytest.raises(NoPendingDecision):
        run.answer("input:region", "north", ACTOR)


def test_everybody_who_acted_is_remembered(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.issue("survey", OTHER)
    assert run.snapshot.agents == ("claude", "codex")


def test_inputs_given_at_the_start_survive(tmp_path: Path) -> None:
    run = MissionRun.start(
        template(),
        run_store=tmp_path,
        mission_id=MISSION_ID,
        mission_slug=SLUG,
        actor=ACTOR,
        identity=identity,
        inputs={"region": "north"},
    )
    run.save()
    assert reopened(run).snapshot.inputs == {"region": "north"}


class _NoState(Disk):
    """A disk that dies between the journal and the state file."""

    def rename(self, source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")


def test_a_crash_between_journal_and_state_loses_nothing(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.save()
    run.report("survey", ACTOR, "success")
    with pytest.raises(WriteFailed):
        run.save(disk=_NoState())
    assert state(run)["completed_steps"] == []
    again = reopened(run)
    assert again.snapshot.completed_steps == ("survey",)
    assert again.changed, "the state file lags behind and has to be written"
    again.save()
    assert state(run)["completed_steps"] == ["survey"]
    assert len(rows(run)) == 3, "recovery must not journal anything twice"


@pytest.mark.plants_rows
@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_torn_last_line_is_reported_with_its_offset_and_the_rest_is_read(
    tmp_path: Path, cut: int
) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.report("survey", ACTOR, "success")
    run.save()
    path = run.ref.run_dir / JOURNAL_FILE
    data = path.read_bytes()
    path.write_bytes(data[:-cut])
    last = data.rstrip(b"\n").rfind(b"\n") + 1
    journal = read_journal(run.ref.run_dir)
    if cut == 1:  # only the newline is gone: the row is whole
        assert journal.problems == ()
        assert len(journal.rows) == 3
        return
    (problem,) = journal.problems
    assert (problem.line, problem.offset) == (3, last)
    again = reopened(run)
    assert again.problems == (problem,)
    again.issue("survey", OTHER)
    again.save()
    assert len(read_journal(run.ref.run_dir).rows) == 3


@pytest.mark.plants_rows
def test_a_journal_that_lost_its_beginning_goes_on_from_the_state_file(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.report("survey", ACTOR, "success")
    run.issue("draw", ACTOR)
    run.report("draw", ACTOR, "blocked", reason="rain")
    run.save()
    (run.ref.run_dir / JOURNAL_FILE).unlink()
    snapshot = reopened(run).snapshot
    assert snapshot.completed_steps == ("survey",)
    assert snapshot.issued_step_id == "draw"
    assert snapshot.stops[0].reason == "rain"


@pytest.mark.parametrize("content", [None, b"", b"[]", b"{}", b'{"run_id": 3}'])
def test_a_lost_state_file_is_made_again_from_the_journal_byte_for_byte(
    tmp_path: Path, content: bytes | None
) -> None:
    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.report("survey", ACTOR, "failed", reason="rain")
    run.save()
    path = run.ref.run_dir / STATE_FILE
    before = path.read_bytes()
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content)
    reopened(run).save()
    assert path.read_bytes() == before


@pytest.mark.plants_rows
def test_a_folder_that_tells_of_no_mission_is_no_run(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.save()
    (run.ref.run_dir / STATE_FILE).unlink()
    (run.ref.run_dir / JOURNAL_FILE).write_bytes(b'{"event_type": "MissionRunStarted"}\n')
    with pytest.raises(RunNotFound):
        read_run(run.ref.run_dir)
    assert mission_of(run.ref.run_dir) is None


@pytest.mark.plants_rows
def test_rows_of_an_unknown_kind_change_nothing(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.save()
    path = run.ref.run_dir / JOURNAL_FILE
    extra = {"event_type": "SignificanceEvaluated", "timestamp": "2026", "payload": {}}
    with path.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(extra) + "\n\n" + '"text"\n')
    before = run_state(run.snapshot)
    assert run_state(reopened(run).snapshot) == before
    assert [p.line for p in read_journal(run.ref.run_dir).problems] == [4]


def test_the_emitter_hears_of_events_after_they_are_on_record(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []

    class Emitter:
        def _hear(self, name: str, payload: Any) -> None:
            assert (run.ref.run_dir / STATE_FILE).is_file()
            heard.append((name, payload["run_id"]))

        def emit_mission_run_started(self, payload: Any) -> None:
            self._hear("started", payload)

        def emit_next_step_issued(self, payload: Any) -> None:
            self._hear("issued", payload)

        def emit_next_step_auto_completed(self, payload: Any) -> None:
            self._hear("completed", payload)

        def emit_decision_input_requested(self, payload: Any) -> None:
            self._hear("requested", payload)

        def emit_decision_input_answered(self, payload: Any) -> None:
            self._hear("answered", payload)

        def emit_mission_run_completed(self, payload: Any) -> None:
            self._hear("finished", payload)

        def emit_significance_evaluated(self, payload: Any) -> None:
            self._hear("evaluated", payload)

        def emit_decision_timeout_expired(self, payload: Any) -> None:
            self._hear("expired", payload)

    run = started(tmp_path)
    run.issue("survey", ACTOR)
    run.report("survey", ACTOR, "success")
    run.ask(question(), ACTOR)
    run.answer("input:region", "north", ACTOR)
    run.finish(ACTOR)
    run.save(emitter=Emitter())
    assert [name for name, _ in heard] == [
        "started",
        "issued",
        "completed",
        "requested",
        "answered",
        "finished",
    ]
    assert {run_id for _, run_id in heard} == {run.ref.run_id}


def test_a_run_names_the_description_it_follows_and_the_one_it_has_adopted(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.save()
    assert state(run)["template_hash"] == HASH
    again = reopened(run)
    again.ask(question(), ACTOR)
    again.adopt("1" * 64, ACTOR)
    again.save()
    (run.ref.run_dir / STATE_FILE).unlink()
    found = reopened(run).snapshot
    assert found.template_hash == "1" * 64
    assert not found.pending_decisions, "what the old description asked is asked again if needed"


@pytest.mark.plants_rows
def test_a_run_of_an_earlier_release_follows_the_description_in_its_state_file(
    tmp_path: Path,
) -> None:
    run = started(tmp_path)
    run.save()
    path = run.ref.run_dir / JOURNAL_FILE
    row = rows(run)[0]
    del row["context"]["template_hash"]
    path.write_text(json.dumps(row) + "\n", encoding="utf-8")
    assert reopened(run).snapshot.template_hash == HASH
    (run.ref.run_dir / STATE_FILE).unlink()
    found = reopened(run).snapshot
    assert found.template_hash == "", "it is not known, so no change can be told"
    assert plan_next(found, template(), current_hash=HASH).kind == "step"


def test_saving_without_news_touches_nothing(tmp_path: Path) -> None:
    run = started(tmp_path)
    run.save()
    path = run.ref.run_dir / STATE_FILE
    before = path.stat().st_mtime_ns
    reopened(run).save()
    assert path.stat().st_mtime_ns == before
