"""Questions of a mission's planning: asked, closed, listed, and their files made again."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli import decisions as sdk
from specify_cli.decisions.closing import (
    ClosedDecision,
    cancel_decision,
    defer_decision,
    resolve_decision,
)
from specify_cli.decisions.decision import moment
from specify_cli.decisions.listing import list_decisions
from specify_cli.decisions.opening import OpenedDecision, open_decision
from specify_cli.decisions.rebuilding import rebuild_decisions
from specify_cli.decisions.refusals import (
    DecisionAlreadyClosed,
    DecisionConflict,
    DecisionIndexCorrupt,
    DecisionNotFound,
    InvalidDecision,
    MissingStepOrSlot,
)
from specify_cli.decisions.register import register_of
from specify_cli.decisions.said import parsed_options
from specify_cli.kernel.files import Disk
from specify_cli.kernel.gate import check
from specify_cli.kernel.names import UnusableName
from specify_cli.missions.bookkeeping import is_bookkeeping
from specify_cli.missions.mission import Mission, mission_log
from specify_cli.status.log import Log, OtherRow
from specify_cli.status.validate import validate_log
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.missions.mission_files import MISSION_ID, SLUG

OPENED = "01M7ZE9SKBK2XSHM0X09TNHX64"
LEFT = "01M7ZE9XF2AFSKH4BZGE7KESPA"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    return make_project(fresh_repository(tmp_path_factory.mktemp("decisions") / "project"), {1: ()})


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def ask(work: MissionAtWork, key: str = "storage", **said: Any) -> OpenedDecision:
    place = {} if "step_id" in said else {"slot_key": "specify.storage"}
    given: dict[str, Any] = {"origin_flow": "specify", "question": "Where is it kept?", **place}
    return open_decision(
        work.project, work.mission, **{**given, "input_key": key, "actor": "claude", **said}
    )


def answer(
    work: MissionAtWork, decision_id: str, said: str = "a file", **more: Any
) -> ClosedDecision:
    return resolve_decision(
        work.project, work.mission, decision_id, **{"final_answer": said, "actor": "ada", **more}
    )


def folder(work: MissionAtWork) -> Path:
    return work.mission.directory / "decisions"


def files(work: MissionAtWork) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder(work).iterdir()}


def index(work: MissionAtWork) -> Any:
    return json.loads((folder(work) / "index.json").read_bytes())


def test_a_question_is_an_event_an_entry_and_a_page_in_one_commit(work: MissionAtWork) -> None:
    before = work.tip("HEAD")
    opened = ask(work, options=["a file", "a database"])
    assert (opened.idempotent, opened.commit) == (False, work.tip("HEAD"))
    assert work.tip("HEAD^") == before
    assert work.clean()
    row = work.rows()[-1]
    assert (row["event_type"], row["event_id"]) == ("DecisionPointOpened", opened.event_id)
    assert row["aggregate_id"] == MISSION_ID
    assert row["lamport_clock"] == opened.lamport_clock
    payload: Any = row["payload"]
    assert (payload["step_id"], row["slot_key"]) == ("specify.storage", "specify.storage")
    assert (payload["actor_id"], payload["actor_type"], payload["phase"]) == (
        "claude",
        "llm",
        "SPECIFY",
    )
    check("decision_index", index(work))
    (entry,) = index(work)["entries"]
    assert entry["created_at"].endswith("Z")
    assert entry == {
        **opened.decision.to_json(),
        "decision_id": opened.decision.decision_id,
        "mission_id": MISSION_ID,
        "mission_slug": SLUG,
        "origin_flow": "specify",
        "step_id": None,
        "slot_key": "specify.storage",
        "input_key": "storage",
        "question": "Where is it kept?",
        "options": ["a file", "a database"],
        "status": "open",
        "final_answer": None,
        "opened_by": "claude",
        "resolved_at": None,
    }
    page = opened.page.read_text("utf-8")
    assert page.startswith(f"# Decision Moment `{opened.decision.decision_id}`\n")
    assert "> Where is it kept?\n" in page
    assert "- a file\n- a database\n" in page
    # The log stays one that this program and its checks accept.
    assert validate_log(mission_log(work.project, work.mission)).valid


def test_asking_again_finds_the_open_question_and_records_nothing(work: MissionAtWork) -> None:
    first = ask(work)
    tip = work.tip("HEAD")
    again = ask(work, question="Where is it kept then?")
    assert again.idempotent
    assert again.decision == first.decision
    assert (again.event_id, again.lamport_clock, again.commit) == (None, None, None)
    assert (work.tip("HEAD"), work.clean()) == (tip, True)
    # Another place is another question.
    other = ask(work, step_id="specify.storage")
    assert other.decision.decision_id != first.decision.decision_id
    assert other.decision.step_id == "specify.storage"
    assert len(index(work)["entries"]) == 2


def test_a_question_is_put_off_and_answered_later(work: MissionAtWork) -> None:
    one = ask(work, options=["a file", "a database"]).decision.decision_id
    put_off = defer_decision(
        work.project, work.mission, one, rationale="The owner is away", actor="claude"
    )
    assert (put_off.decision.status, put_off.decision.rationale) == (
        "deferred",
        "The owner is away",
    )
    assert f"<!-- decision_id: {one} -->" in put_off.to_text()
    with pytest.raises(DecisionAlreadyClosed, match="deferred") as closed:
        ask(work)
    assert f"resolve {one}" in closed.value.fix
    for close in (cancel_decision, defer_decision):
        with pytest.raises(DecisionConflict):
            close(work.project, work.mission, one, rationale="Another reason", actor="ada")
    done = answer(work, one, "a shelf", rationale="Simple")
    assert (done.decision.status, done.decision.final_answer) == ("resolved", "a shelf")
    assert done.decision.other_answer  # it is none of the options
    assert work.rows()[-1]["event_id"] == done.event_id
    page = (folder(work) / f"DM-{one}.md").read_text("utf-8")
    assert [line.partition("—")[2] for line in page.splitlines() if "—" in line] == [
        " opened by `claude`",
        " deferred by `claude`",
        " resolved by `ada`",
    ]
    assert index(work)["entries"][0]["resolved_by"] == "ada"


def test_saying_the_same_again_records_nothing_and_anything_else_is_refused(
    work: MissionAtWork,
) -> None:
    one = ask(work).decision.decision_id
    answer(work, one, rationale="Simple")
    tip = work.tip("HEAD")
    for again in (answer(work, one), answer(work, one, rationale="Simple", actor="rob")):
        assert (again.idempotent, again.event_id, again.decision.resolved_by) == (True, None, "ada")
    with pytest.raises(DecisionConflict) as other:
        answer(work, one, "a database")
    assert other.value.details["existing_status"] == "resolved"
    assert "'a file'" in other.value.message
    with pytest.raises(DecisionConflict):
        answer(work, one, rationale="Another reason")
    for close in (defer_decision, cancel_decision):
        with pytest.raises(DecisionConflict):
            close(work.project, work.mission, one, rationale="No", actor="ada")
    with pytest.raises(DecisionAlreadyClosed, match="is resolved"):
        ask(work)
    assert (work.tip("HEAD"), work.clean()) == (tip, True)


def test_what_was_dropped_stays_dropped(work: MissionAtWork) -> None:
    one = ask(work).decision.decision_id
    dropped = cancel_decision(work.project, work.mission, one, rationale="Nothing", actor="ada")
    assert dropped.decision.status == "canceled"
    with pytest.raises(DecisionConflict):
        answer(work, one)
    # The fix of the refusal works.
    assert ask(work, "storage-2").decision.status == "open"


def test_a_decision_of_another_mission_is_refused_with_its_name(work: MissionAtWork) -> None:
    one = ask(work).decision.decision_id
    other = work.mission.directory.with_name("other-01KQ22DT")
    other.mkdir()
    meta = json.loads((work.mission.directory / "meta.json").read_bytes())
    meta |= {
        "mission_slug": other.name,
        "slug": other.name,
        "mission_id": "01KQ22DT000000000000000001",
    }
    (other / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    git(work.root, "add", "-A")
    git(work.root, "commit", "-q", "-m", "Another mission")
    from specify_cli.missions.mission import load_mission

    foreign = load_mission(work.root, other.name)
    with pytest.raises(DecisionNotFound) as refused:
        resolve_decision(work.project, foreign, one, final_answer="x", actor="ada")
    assert refused.value.details["belongs_to"] == SLUG
    assert refused.value.fix == f"Run the command again with --mission {SLUG}"
    with pytest.raises(DecisionNotFound, match="no decision"):
        answer(work, "../../etc/passwd")
    with pytest.raises(DecisionNotFound) as run:
        answer(work, "input:region")
    assert "spec-kitty next" in run.value.fix


def test_the_files_are_made_again_from_the_log_byte_for_byte(work: MissionAtWork) -> None:
    one = ask(work, options=["a file"]).decision.decision_id
    two = ask(work, "format", step_id="plan", origin_flow="plan").decision.decision_id
    three = ask(work, "colour").decision.decision_id
    answer(work, one, "line one\n\n# no heading\n```\nno fence", rationale="Ünïcode 🙂")
    defer_decision(work.project, work.mission, two, rationale="Later", actor="ada")
    answer(work, two, "JSON")
    cancel_decision(work.project, work.mission, three, rationale="None", actor="ada")
    before = files(work)
    assert set(before) == {"index.json", *(f"DM-{key}.md" for key in (one, two, three))}
    assert rebuild_decisions(work.project, work.mission).written == ()
    tip = work.tip("HEAD")
    for path in folder(work).iterdir():
        path.unlink()
    folder(work).rmdir()
    rebuilt = rebuild_decisions(work.project, work.mission)
    assert files(work) == before
    assert (len(rebuilt.written), rebuilt.total) == (4, 3)
    # They were in the last commit, so there is nothing to commit.
    assert (rebuilt.commit, work.tip("HEAD"), work.clean()) == (None, tip, True)
    assert rebuilt.to_json()["written"] == [*rebuilt.written]


def test_a_damaged_index_stops_changes_and_is_made_again(work: MissionAtWork) -> None:
    one = ask(work).decision.decision_id
    good = files(work)
    path = folder(work) / "index.json"
    for bad in (b"<<<<<<< HEAD\n", b"[]", b'{"version": 2}', b"[" * 100_000):
        path.write_bytes(bad)
        for act in (lambda: answer(work, one), lambda: list_decisions(work.project, work.mission)):
            with pytest.raises(DecisionIndexCorrupt) as refused:
                act()
            assert refused.value.fix.endswith(f"spec-kitty agent decision rebuild --mission {SLUG}")
        assert path.read_bytes() == bad
    rebuild_decisions(work.project, work.mission)
    assert files(work) == good
    assert answer(work, one).decision.status == "resolved"


def test_when_the_log_cannot_be_written_nothing_else_is(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = ask(work).decision.decision_id
    before, rows = files(work), work.rows()

    def refuse(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Disk, "append_lines", refuse)
    with pytest.raises(OSError, match="No space"):
        answer(work, one)
    monkeypatch.undo()
    assert (files(work), work.rows(), work.clean()) == (before, rows, True)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"question": "   "}, "blank"),
        ({"question": "x" * 10_001}, "10001 characters"),
        ({"question": "red \x1b[31m"}, r"U\+001B"),
        ({"question": "turned \u202e around"}, r"U\+202E"),
        ({"question": "half \ud800"}, r"U\+D800"),
        ({"key": "../x"}, "input_key"),
        ({"key": "a\nb"}, "input_key"),
        ({"slot_key": "a b"}, "slot_key"),
        ({"origin_flow": "tasks"}, "not a flow"),
        ({"actor_type": "robot"}, "kind of actor"),
        ({"options": ["a"] * 51}, "51 options"),
        ({"options": ["a", " a"]}, "the same"),
        ({"options": ["x" * 501]}, "501 characters"),
        ({"options": [""]}, "blank"),
    ],
)
def test_what_cannot_be_recorded_is_refused_before_anything_happens(
    work: MissionAtWork, said: dict[str, Any], problem: str
) -> None:
    tip = work.tip("HEAD")
    with pytest.raises(InvalidDecision, match=problem) as refused:
        ask(work, **said)
    assert (refused.value.code, refused.value.exit_code) == ("INVALID_DECISION", 2)
    assert (work.tip("HEAD"), folder(work).exists()) == (tip, False)


@pytest.mark.parametrize("name", ["a\nb", "", "  ", "-x", "x" * 121, "\x1b[31mred", "\ud800"])
def test_an_actor_without_a_usable_name_is_refused(work: MissionAtWork, name: str) -> None:
    with pytest.raises(UnusableName) as refused:
        ask(work, actor=name)
    assert refused.value.code == "INVALID_ACTOR"
    with pytest.raises(UnusableName):
        answer(work, OPENED, actor=name)


@pytest.mark.parametrize("place", [{"slot_key": None}, {"step_id": "a", "slot_key": "b"}])
def test_a_question_has_exactly_one_place(work: MissionAtWork, place: dict[str, Any]) -> None:
    with pytest.raises(MissingStepOrSlot):
        ask(work, **place)


@pytest.mark.parametrize("text", ["a, b", '{"a": 1}', "[1]", "[" * 100_000])
def test_options_on_a_command_line_are_a_json_list_of_texts(text: str) -> None:
    with pytest.raises(InvalidDecision, match="JSON list"):
        parsed_options(text)
    assert parsed_options(None) == ()
    assert parsed_options('["a", "b"]') == ("a", "b")


def test_nothing_personal_is_recorded_and_the_question_is_found_again(work: MissionAtWork) -> None:
    home = "/home/somebody/notes.txt"
    one = ask(work, question=f"Keep {home}?", options=[home], actor="somebody@example.com")
    assert ask(work, question=f"Keep {home}?").decision == one.decision
    answer(work, one.decision.decision_id, f"Yes, in {home}", rationale=home)
    assert answer(work, one.decision.decision_id, f"Yes, in {home}", rationale=home).idempotent
    everything = work.mission.log_file.read_bytes() + b"".join(files(work).values())
    assert b"~/notes.txt" in everything
    assert b"somebody" not in everything


def test_a_key_that_names_the_machine_is_masked_and_found_again(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("specify_cli.events.free_text._host", lambda: "zanzibar")
    first = ask(work, "zanzibar.db", slot_key="plan.zanzibar")
    assert first.decision.input_key == "<host>.db"
    assert ask(work, "zanzibar.db", slot_key="plan.zanzibar").idempotent
    assert b"zanzibar" not in files(work)["index.json"]


def of_the_existing_cli(work: MissionAtWork) -> None:
    """Leave behind what 3.2.7 does: rows without a build, an index, and an entry without its event."""
    at, later = "2026-11-21T16:16:16.491170", "2026-11-21T16:17:00.755891"
    common = {"mission_id": MISSION_ID, "mission_slug": SLUG, "mission_type": "software-dev"}
    opened = {
        **common, "actor_id": "claude", "actor_type": "human", "decision_point_id": OPENED,
        "input_key": "auth", "options": ["oauth"], "origin_flow": "specify",
        "origin_surface": "planning_interview", "phase": "SPECIFY", "question": "Which?",
        "recorded_at": f"{at}Z", "run_id": OPENED, "state_entered_at": f"{at}Z",
        "step_id": "specify.auth",
    }  # fmt: skip
    row = {"at": f"{at}+00:00", "event_id": "01M7ZE9SKCVF6HC6ZCC7SJSD6T", "payload": opened}
    with work.mission.log_file.open("a", encoding="utf-8") as log:
        log.write(json.dumps({**row, "event_type": "DecisionPointOpened"}) + "\n")
    entry = {
        **common, "created_at": f"{at}Z", "decision_id": OPENED, "final_answer": None,
        "input_key": "auth", "opened_by": "claude", "options": ["oauth"], "origin_flow": "specify",
        "other_answer": False, "question": "Which?", "rationale": None, "resolved_at": None,
        "resolved_by": None, "slot_key": "specify.auth", "status": "open", "step_id": None,
        "summary_json": None,
    }  # fmt: skip
    left = {
        **entry, "decision_id": LEFT, "input_key": "db", "step_id": "plan.db", "slot_key": None,
        "origin_flow": "plan", "status": "resolved", "final_answer": "files", "resolved_by": "bob",
        "resolved_at": f"{later}Z",
    }  # fmt: skip
    del left["mission_type"], entry["mission_type"]
    document = {"version": 1, "mission_id": MISSION_ID, "entries": [entry, left]}
    folder(work).mkdir()
    (folder(work) / "index.json").write_text(json.dumps(document), encoding="utf-8")
    git(work.root, "add", "-A")
    git(work.root, "commit", "-q", "-m", "Decisions of 3.2.7")


def test_decisions_of_the_existing_cli_are_read_found_again_and_closed(work: MissionAtWork) -> None:
    of_the_existing_cli(work)
    listed = list_decisions(work.project, work.mission)
    assert [(one.decision_id, one.status) for one in listed.decisions] == [
        (OPENED, "open"),
        (LEFT, "resolved"),
    ]
    assert listed.decisions[0].slot_key == "specify.auth"
    again = ask(work, "auth", slot_key="specify.auth")
    assert (again.idempotent, again.decision.decision_id) == (True, OPENED)
    answer(work, OPENED, "oauth")
    entries = {entry["decision_id"]: entry for entry in index(work)["entries"]}
    assert entries[OPENED]["slot_key"] == "specify.auth"
    assert (entries[OPENED]["status"], entries[OPENED]["other_answer"]) == ("resolved", False)
    assert validate_log(mission_log(work.project, work.mission)).valid


def test_an_entry_without_its_event_gets_one_at_the_next_change(work: MissionAtWork) -> None:
    of_the_existing_cli(work)
    ask(work, "colour")
    rows: Any = [row for row in work.rows() if str(row.get("event_type")).startswith("Decision")]
    told = [(r["event_type"], r["payload"]["decision_point_id"]) for r in rows]
    assert told[1:3] == [("DecisionPointOpened", LEFT), ("DecisionPointResolved", LEFT)]
    (folder(work) / "index.json").unlink()
    rebuild_decisions(work.project, work.mission)
    (entry,) = [entry for entry in index(work)["entries"] if entry["decision_id"] == LEFT]
    assert (entry["status"], entry["final_answer"], entry["step_id"]) == (
        "resolved",
        "files",
        "plan.db",
    )
    assert (entry["resolved_by"], entry["resolved_at"]) == ("bob", "2026-11-21T16:17:00.755891Z")


def test_lists_show_all_or_those_of_one_status(work: MissionAtWork) -> None:
    empty = list_decisions(work.project, work.mission)
    assert (empty.to_json()["decisions"], empty.to_text()) == ([], f"{SLUG}: no decision.")
    one = ask(work).decision
    two = ask(work, "format").decision
    answer(work, two.decision_id, "JSON\nlines")
    still = list_decisions(work.project, work.mission, status="open")
    assert (still.decisions, still.total) == ((one,), 2)
    assert "JSON lines" in list_decisions(work.project, work.mission).to_text()
    assert "none of them" in list_decisions(work.project, work.mission, status="deferred").to_text()


def test_a_page_keeps_texts_of_people_apart_from_its_own_headings(work: MissionAtWork) -> None:
    opened = ask(work, question="Which?\n## Final answer\n```\n<!--", options=["`a`"])
    lines = opened.page.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("## ")] == [
        *("## Question", "## Options", "## Final answer", "## Rationale", "## Change log"),
    ]
    assert "> ## Final answer" in lines
    assert "- 'a'" in lines


def test_the_files_are_bookkeeping_that_no_lane_may_change() -> None:
    assert is_bookkeeping(f"kitty-specs/{SLUG}/decisions/index.json")
    assert is_bookkeeping(f"kitty-specs/{SLUG}/decisions/DM-{OPENED}.md")
    assert not is_bookkeeping(f"kitty-specs/{SLUG}/decisions/deep/x.md")
    assert not is_bookkeeping(f"kitty-specs/{SLUG}/research/index.json")


def test_the_sdk_offers_the_functions_by_name() -> None:
    assert sdk.open_decision is open_decision
    assert sorted(sdk.__all__) == sdk.__all__
    assert all(callable(getattr(sdk, name)) for name in sdk.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sdk.nothing


MISSION = Mission(
    slug=SLUG, mission_id=MISSION_ID, directory=Path("m"), root=Path(), mission_type="software-dev",
    mission_number=None, target_branch="b", friendly_name="m",
)  # fmt: skip
IDS = [f"01M7ZE9SKBK2XSHM0X09TNHX6{digit}" for digit in "01"]


def event(number: int, decision: str, outcome: str | None) -> OtherRow:
    at = f"2026-11-21T16:16:16.{number:06}+00:00"
    payload: dict[str, Any] = {
        "decision_point_id": decision, "origin_surface": "planning_interview",
        "state_entered_at": at, "step_id": "a", "input_key": "b", "origin_flow": "plan",
        "question": "c", "terminal_outcome": outcome, "final_answer": str(number),
    }  # fmt: skip
    kind = "DecisionPointOpened" if outcome is None else "DecisionPointResolved"
    row: dict[str, Any] = {"event_type": kind, "event_id": f"{number:026}", "timestamp": at}
    return OtherRow(number, {**row, "build_id": "x", "payload": payload})


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(IDS), st.sampled_from([None, "resolved", "deferred", "canceled", "odd"])
        ),
        max_size=12,
    ),
    seed=st.integers(0, 1000),
)
def test_what_a_log_says_depends_on_neither_the_order_nor_the_repetition_of_its_lines(
    steps: list[tuple[str, str | None]], seed: int
) -> None:
    rows = [event(number, *step) for number, step in enumerate(steps)]
    straight = register_of(MISSION, Log(lifecycle=tuple(rows)), None)
    shuffled = [*rows, *rows[::2]]
    random.Random(seed).shuffle(shuffled)  # noqa: S311 - an order, not a secret
    half = len(shuffled) // 2
    log = Log(lifecycle=tuple(shuffled[:half]), decisions=tuple(shuffled[half:]))
    assert register_of(MISSION, log, None) == straight
    # The state machine by hand: the first outcome counts, and only an answer follows a deferral.
    expected: dict[str, str] = {}
    for decision, outcome in steps:
        now = expected.get(decision)
        if outcome is None:
            expected.setdefault(decision, "open")
        elif outcome != "odd" and (now == "open" or (now == "deferred" and outcome == "resolved")):
            expected[decision] = outcome
    assert {one.decision_id: one.status for one in straight.decisions} == expected


def test_rows_that_say_too_little_are_passed_over() -> None:
    whole = event(1, IDS[0], None)
    payload: Any = whole.row["payload"]
    odd: list[dict[str, Any]] = [
        {**whole.row, "payload": None},
        {**whole.row, "timestamp": "yesterday"},
        {**whole.row, "payload": {**payload, "question": ""}},
        {**whole.row, "payload": {**payload, "origin_surface": "adr"}},
        {**whole.row, "payload": {**payload, "decision_point_id": 7}},
        {**whole.row, "event_type": "Other"},
    ]
    rows = tuple(OtherRow(1, row) for row in odd)
    assert register_of(MISSION, Log(lifecycle=rows), None).decisions == ()
    assert moment("0001-01-01T00:00:00+14:00") is None
    assert moment("2026-11-21T16:16:16") == "2026-11-21T16:16:16.000000+00:00"
