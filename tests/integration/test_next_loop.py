"""The loop in real repositories: what it hands out, records, refuses and survives."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.files import Disk, WriteFailed
from specify_cli.missions.acceptance import accept_mission
from specify_cli.missions.mission import load_mission, mission_log
from specify_cli.missions.moves import move_work_package
from specify_cli.missions.work_packages import WorkPackageNotFound
from specify_cli.next import advance, query
from specify_cli.next._internal_runtime.run import MissionRun
from specify_cli.next.actions import take_implementation, take_review
from specify_cli.next.settle import NothingInHand
from specify_cli.status.mission_status import MissionStatus
from tests.conftest import git
from tests.unit.missions.mission_files import PLAN, SPEC, write_work_package
from tests.unit.next.lab import Lab, snapshot_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def lab(repository: Path) -> Lab:
    return Lab.create(repository)


@pytest.fixture
def planned(lab: Lab) -> Lab:
    lab.plan_out()
    return lab


def told(decision: Any) -> tuple[str, str | None, str | None]:
    return decision["kind"], decision["action"], decision["wp_id"]


def journal(lab: Lab) -> list[dict[str, Any]]:
    (path,) = (lab.root / ".kittify" / "runtime" / "runs").glob("*/run.events.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def events(lab: Lab) -> list[tuple[str, str | None]]:
    return [(row["event_type"], row["payload"].get("step_id")) for row in journal(lab)]


def commits(lab: Lab) -> int:
    return int(git(lab.root, "rev-list", "--count", "HEAD"))


def approve(lab: Lab, agent: str, **options: Any) -> Any:
    return lab.report(agent, verdict="approved", **options)


@pytest.mark.proves("000 FR-001", "000 FR-017")
def test_two_agents_take_a_mission_from_nothing_to_accepted(lab: Lab) -> None:
    assert told(lab.report("claude")) == ("step", "discovery", None)
    lab.write_purpose()
    assert told(lab.report("claude")) == ("step", "specify", None)
    lab.write("spec.md", SPEC)
    assert told(lab.report("claude")) == ("step", "plan", None)
    lab.write("plan.md", PLAN)
    assert told(lab.report("claude")) == ("step", "tasks", None)
    lab.write_tasks()
    before = commits(lab)
    one = lab.report("claude")
    assert told(one) == ("step", "implement", "WP01")
    two = lab.report("codex")
    assert told(two) == ("step", "implement", "WP02")
    assert one["workspace_path"] != two["workspace_path"]
    lab.work(one)
    lab.work(two)
    assert lab.report("claude")["kind"] == "blocked"
    assert told(lab.report("codex")) == ("step", "review", "WP01")
    assert told(lab.report("claude")) == ("step", "review", "WP02")
    rejected = lab.report("codex", verdict="changes_requested", feedback="Handle zero.")
    assert rejected["kind"] == "blocked"
    again = approve(lab, "claude")
    assert told(again) == ("step", "implement", "WP01")
    assert "Handle zero." in Path(again["prompt_file"]).read_text(encoding="utf-8")
    lab.work(again, "zero.py")
    assert lab.report("claude")["kind"] == "blocked"
    assert told(lab.report("codex")) == ("step", "review", "WP01")
    third = approve(lab, "codex")
    assert told(third) == ("step", "implement", "WP03")
    lab.work(third)
    assert lab.report("codex")["kind"] == "blocked"
    assert told(lab.report("claude")) == ("step", "review", "WP03")
    accepting = approve(lab, "claude")
    assert told(accepting) == ("step", "accept", None)
    accept_mission(lab.project, lab.mission, actor="claude")
    end = lab.report("claude")
    assert (end["kind"], end["mission_state"]) == ("terminal", "done")
    assert end["fix"] == f"spec-kitty merge --mission {lab.slug}"
    assert lab.lanes() == {"WP01": "approved", "WP02": "approved", "WP03": "approved"}
    state = lab.board.work_packages
    assert (state["WP01"].implementer, state["WP01"].reviewer) == ("claude", "codex")
    assert (state["WP03"].implementer, state["WP03"].reviewer) == ("codex", "claude")
    assert commits(lab) - before <= 20
    assert [kind for kind, _ in events(lab)].count("MissionRunCompleted") == 1
    lab.report("claude")
    lab.report("codex")
    assert [kind for kind, _ in events(lab)].count("MissionRunCompleted") == 1
    assert [s for k, s in events(lab) if k == "NextStepAutoCompleted"] == [
        "discovery",
        "specify",
        "plan",
        "tasks",
        "implement",
        "review",
        "accept",
    ]


def test_asking_changes_not_a_single_byte_at_any_stage(lab: Lab) -> None:
    def ask_everybody() -> None:
        before = snapshot_of(lab.root)
        for agent in (None, "claude", "codex"):
            decision = lab.ask(agent)
            assert decision["kind"] == "query"
            assert decision["is_query"] is True
        assert snapshot_of(lab.root) == before

    ask_everybody()
    lab.report("claude")
    ask_everybody()
    lab.plan_out()
    ask_everybody()
    lab.report("claude")
    step = lab.report("claude")
    ask_everybody()
    lab.work(step)
    ask_everybody()
    lab.report("claude")
    lab.report("codex")
    ask_everybody()


def test_a_question_foretells_what_an_advance_hands_out(planned: Lab) -> None:
    for agent in ("claude", "codex", "gemini"):
        asked, given = planned.ask(agent), planned.report(agent)
        assert asked["preview_step"] == (given["action"] or given["kind"])
        for key in ("wp_id", "step_id", "mission_state", "waiting_on", "fix"):
            assert asked[key] == given[key]


def test_a_question_needs_no_agent_and_no_run(lab: Lab) -> None:
    decision = lab.ask()
    assert (decision["mission_state"], decision["preview_step"]) == ("not_started", "discovery")
    assert (decision["run_id"], decision["agent"], decision["prompt_file"]) == (None, None, None)


@pytest.mark.parametrize("step", ["discovery", "specify", "plan", "tasks"])
def test_success_completes_nothing_whose_guard_fails(lab: Lab, step: str) -> None:
    lab.report("claude")
    for done, write in (
        ("discovery", lab.write_purpose),
        ("specify", lambda: lab.write("spec.md", SPEC)),
        ("plan", lambda: lab.write("plan.md", PLAN)),
    ):
        if step == done:
            break
        write()
        lab.report("claude")
    before = snapshot_of(lab.root / ".kittify" / "runtime" / "runs")
    for _ in range(2):
        decision = lab.report("claude")
        assert told(decision) == ("step", step, None)
        assert decision["guard_failures"], "it must say what is missing"
        for failure in decision["guard_failures"]:
            assert failure["file"].startswith(f"kitty-specs/{lab.slug}/")
            assert failure["looked_for"]
            assert failure["found"]
            assert failure["fix"]
            prompt = Path(decision["prompt_file"]).read_text(encoding="utf-8")
            assert failure["looked_for"] in prompt
    assert snapshot_of(lab.root / ".kittify" / "runtime" / "runs") == before


def test_written_but_uncommitted_documents_do_not_pass(lab: Lab) -> None:
    lab.report("claude")
    lab.write("spec.md", SPEC, commit=False)
    decision = lab.report("claude")
    assert decision["action"] == "discovery"
    assert "not committed" in decision["guard_failures"][0]["found"]
    lab.commit("spec")
    assert lab.report("claude")["action"] == "plan", "a finished spec needs no specify step"


def test_advancing_twice_without_work_gives_the_same_step_and_records_nothing(
    planned: Lab,
) -> None:
    planned.report("claude")
    head, rows = commits(planned), len(journal(planned))
    for _ in range(2):
        decision = planned.report("claude")
        assert told(decision) == ("step", "implement", "WP01")
        assert decision["transitions"] == []
        assert decision["commit"] is None
        found = [failure["found"] for failure in decision["guard_failures"]]
        assert found, "nothing was done, and it says so"
    assert (commits(planned), len(journal(planned))) == (head, rows)


def test_hand_over_and_next_claim_land_in_one_commit(lab: Lab) -> None:
    lab.plan_out({1: [], 2: []})
    lab.work(lab.report("claude"))
    before = commits(lab)
    decision = lab.report("claude")
    assert [(t["wp_id"], t["from_lane"], t["to_lane"]) for t in decision["transitions"]] == [
        ("WP01", "in_progress", "for_review"),
        ("WP02", "planned", "claimed"),
        ("WP02", "claimed", "in_progress"),
    ]
    assert commits(lab) == before + 1
    assert decision["commit"] == git(lab.root, "rev-parse", "HEAD")


def test_the_worktree_exists_when_its_path_is_printed(planned: Lab) -> None:
    asked = planned.ask("claude")
    assert asked["workspace_path"] is None
    given = planned.report("claude")
    workspace = Path(given["workspace_path"])
    assert workspace.is_absolute()
    assert (workspace / ".git").exists()
    assert Path(given["prompt_file"]).is_file()
    assert planned.ask("claude")["workspace_path"] == given["workspace_path"]
    assert planned.ask("claude")["prompt_file"] == given["prompt_file"]


def test_a_lost_worktree_is_made_again(planned: Lab) -> None:
    first = planned.report("claude")
    planned.work(first)
    shutil.rmtree(first["workspace_path"])
    again = planned.report("claude", "success", wp_id="WP01")
    assert again["kind"] in ("step", "blocked")
    assert planned.lanes()["WP01"] in ("for_review", "in_progress")


def test_an_unfinished_work_package_is_not_handed_over(planned: Lab) -> None:
    step = planned.report("claude")
    (Path(step["workspace_path"]) / "new.py").write_text("x\n", encoding="utf-8")
    decision = planned.report("claude")
    assert told(decision) == ("step", "implement", "WP01")
    text = json.dumps(decision["guard_failures"])
    assert "new.py" in text
    assert "T011" in text
    assert planned.lanes()["WP01"] == "in_progress"


@pytest.mark.parametrize("result", ["failed", "blocked"])
def test_a_stopped_step_is_explained_until_success_or_retry(lab: Lab, result: str) -> None:
    lab.report("claude")
    stopped = lab.report("claude", result, reason="Nobody answers.")
    assert stopped["kind"] == "blocked"
    for agent in ("claude", "codex"):
        assert "Nobody answers." in lab.ask(agent)["reason"]
        assert lab.ask(agent)["preview_step"] == "blocked"
        assert "--retry" in lab.ask(agent)["fix"]
    state = json.loads(next(lab.root.glob(".kittify/runtime/runs/*/state.json")).read_bytes())
    assert (state["stopped"]["result"], state["stopped"]["reason"]) == (result, "Nobody answers.")
    assert told(lab.report("codex", None, retry=True)) == ("step", "discovery", None)
    assert lab.ask("claude")["preview_step"] == "discovery"
    lab.report("claude", result)
    lab.write_purpose()
    assert told(lab.report("claude")) == ("step", "specify", None)


def test_success_takes_a_stop_back_even_if_the_guard_still_fails(lab: Lab) -> None:
    lab.report("claude")
    lab.report("claude", "failed")
    decision = lab.report("claude")
    assert told(decision) == ("step", "discovery", None)
    assert decision["guard_failures"]


def test_a_failed_work_package_stays_with_its_holder_and_stops_nobody_else(planned: Lab) -> None:
    planned.report("claude")
    stopped = planned.report("claude", "failed", reason="Tests hang.")
    assert (stopped["kind"], stopped["wp_id"]) == ("blocked", "WP01")
    assert "Tests hang." in stopped["reason"]
    assert planned.lanes()["WP01"] == "in_progress"
    assert "Tests hang." in json.dumps(dict(planned.board.work_packages["WP01"].notes))
    assert told(planned.report("codex")) == ("step", "implement", "WP02")
    assert "Tests hang." in planned.ask("claude")["reason"]
    assert told(planned.report("claude", None, retry=True)) == ("step", "implement", "WP01")
    planned.report("claude", "failed")
    planned.work({"wp_id": "WP01", "workspace_path": lane(planned, "a"), "agent": "claude"})
    planned.report("claude")
    assert planned.lanes()["WP01"] == "for_review"
    assert "reported" not in planned.ask("claude")["reason"]


def lane(lab: Lab, letter: str) -> str:
    return str(lab.root / ".worktrees" / f"{lab.slug}-lane-{letter}")


def test_a_blocked_work_package_moves_to_the_lane_blocked_and_back(planned: Lab) -> None:
    planned.report("claude")
    stopped = planned.report("claude", "blocked", reason="The server is down.")
    assert stopped["kind"] == "blocked"
    assert planned.lanes()["WP01"] == "blocked"
    assert "The server is down." in planned.ask("claude")["reason"]
    back = planned.report("claude", None, retry=True)
    assert told(back) == ("step", "implement", "WP01")
    assert planned.lanes()["WP01"] == "in_progress"
    planned.report("claude", "blocked")
    planned.work({"wp_id": "WP01", "workspace_path": lane(planned, "a"), "agent": "claude"})
    planned.report("claude")
    assert planned.lanes()["WP01"] == "for_review", "success undoes the block"


def test_somebody_else_can_take_a_block_back_for_its_holder(planned: Lab) -> None:
    planned.report("claude")
    planned.report("claude", "blocked")
    decision = planned.report("codex", None, retry=True, wp_id="WP01")
    assert planned.lanes()["WP01"] == "in_progress"
    assert told(decision) == ("step", "implement", "WP02"), "it stays claude's"
    assert told(planned.ask("claude")) == ("query", "implement", "WP01")


def test_a_review_that_fails_stays_with_the_reviewer(planned: Lab) -> None:
    planned.work(planned.report("claude"))
    planned.report("claude")
    assert told(planned.report("codex")) == ("step", "review", "WP01")
    stopped = planned.report("codex", "blocked", reason="No compiler.")
    assert (stopped["kind"], planned.lanes()["WP01"]) == ("blocked", "in_review")
    assert told(planned.report("codex", None, retry=True)) == ("step", "review", "WP01")


def test_taking_a_failed_work_package_up_by_name_is_a_retry(planned: Lab) -> None:
    planned.report("claude")
    planned.report("claude", "failed")
    taken = take_implementation(planned.project, planned.mission, "WP1", agent="claude")
    assert taken.no_op is True
    assert told(planned.ask("claude")) == ("query", "implement", "WP01")


def test_a_review_without_a_verdict_completes_nothing(planned: Lab) -> None:
    planned.work(planned.report("claude"))
    planned.report("claude")
    planned.report("codex")
    decision = planned.report("codex")
    assert told(decision) == ("step", "review", "WP01")
    (failure,) = decision["guard_failures"]
    assert "--verdict approved" in failure["fix"]
    assert planned.lanes()["WP01"] == "in_review"


def test_a_rejection_without_feedback_is_refused_and_records_nothing(planned: Lab) -> None:
    planned.work(planned.report("claude"))
    planned.report("claude")
    planned.report("codex")
    head = commits(planned)
    with pytest.raises(SpecKittyError):
        planned.report("codex", verdict="changes_requested")
    assert (commits(planned), planned.lanes()["WP01"]) == (head, "in_review")


def test_an_agent_alone_reviews_itself_and_is_told(lab: Lab) -> None:
    lab.report("claude")
    lab.write("spec.md", SPEC)
    lab.write("plan.md", PLAN)
    lab.write_tasks({1: []})
    lab.work(lab.report("claude"))
    decision = lab.report("claude")
    assert told(decision) == ("step", "review", "WP01")
    assert decision["self_review"] is True
    assert "yourself" in Path(decision["prompt_file"]).read_text(encoding="utf-8")
    assert told(approve(lab, "claude")) == ("step", "accept", None)


def test_with_another_agent_around_own_work_waits_for_it(planned: Lab) -> None:
    planned.report("codex")
    planned.work(planned.report("claude"))
    decision = planned.report("claude")
    assert decision["kind"] == "blocked"
    waiting = {w["wp_id"]: w for w in decision["waiting_on"]}
    assert waiting["WP01"]["held_by"] == "codex"
    assert waiting["WP03"]["on"] == ["WP01", "WP02"]
    mine = planned.report("claude", wp_id="WP02")
    assert (told(mine), mine["self_review"]) == (("step", "review", "WP02"), True)


def test_a_work_package_can_be_asked_for_by_name(planned: Lab) -> None:
    assert planned.ask("claude", wp_id="WP2")["wp_id"] == "WP02"
    assert told(planned.report("claude", wp_id="WP2")) == ("step", "implement", "WP02")
    refused = planned.report("codex", wp_id="WP03")
    assert (refused["kind"], refused["waiting_on"][0]["on"]) == ("blocked", ["WP01", "WP02"])


def test_a_question_about_a_mission_of_another_branch_says_that_it_may_be_old(planned: Lab) -> None:
    branch = planned.mission.target_branch
    assert "may be old" not in (planned.ask()["reason"] or "")
    git(planned.root, "switch", "-q", "-c", "elsewhere")
    reason = planned.ask()["reason"]
    assert "may be old" in reason
    assert f"git switch {branch}" in reason


def test_rework_is_handed_out_with_its_feedback_before_it_is_judged(planned: Lab) -> None:
    first = planned.report("claude")
    planned.work(first)
    planned.report("claude")
    assert told(planned.report("codex", wp_id="WP01")) == ("step", "review", "WP01")
    planned.report("codex", verdict="changes_requested", feedback="Handle zero.", wp_id="WP01")
    asked = planned.ask("claude", wp_id="WP01")
    assert (asked["action"], asked["wp_id"], asked["prompt_file"]) == ("implement", "WP01", None)
    second = planned.ask("claude", wp_id="WP02")
    planned.work(second)
    move_work_package(planned.project, planned.mission, "WP02", "for_review", actor="claude")
    poll = planned.report("claude")
    assert told(poll) == ("step", "implement", "WP01")
    assert poll["guard_failures"] == []
    assert "Handle zero." in Path(poll["prompt_file"]).read_text(encoding="utf-8")
    assert planned.ask("claude", wp_id="WP01")["prompt_file"] == poll["prompt_file"]
    unworked = planned.report("claude")
    assert told(unworked) == ("step", "implement", "WP01")
    assert unworked["guard_failures"] != []


def test_a_report_is_about_the_work_package_it_names(planned: Lab) -> None:
    """A rejection comes back while its implementer works on something else."""
    planned.work(planned.report("claude"))
    assert planned.report("claude")["wp_id"] == "WP02"
    planned.report("codex")
    planned.report("codex", verdict="changes_requested", feedback="More.")
    assert planned.ask("claude")["wp_id"] == "WP02", "work at hand comes first"
    about = planned.report("claude", wp_id="WP01")
    assert (about["wp_id"], about["action"]) == ("WP01", "implement")
    assert "after the review" in json.dumps(about["guard_failures"])
    assert "More." in Path(about["prompt_file"]).read_text(encoding="utf-8")
    unnamed = planned.report("claude")
    assert unnamed["wp_id"] == "WP02", "a report without a name is about the work at hand"


def test_the_run_can_be_lost_at_any_time(planned: Lab) -> None:
    planned.report("claude")
    planned.report("codex")
    shutil.rmtree(planned.root / ".kittify" / "runtime")
    assert told(planned.ask("claude")) == ("query", "implement", "WP01")
    assert told(planned.report("claude")) == ("step", "implement", "WP01")
    assert [s for k, s in events(planned) if k == "NextStepAutoCompleted"] == [
        "discovery",
        "specify",
        "plan",
        "tasks",
    ]


@pytest.mark.proves("002 D-9")
def test_a_clone_goes_on_where_the_mission_stands(planned: Lab, tmp_path: Path) -> None:
    planned.report("claude")
    branch = planned.mission.target_branch
    git(tmp_path, "clone", "-q", "-b", branch, str(planned.root), "clone")
    git(tmp_path / "clone", "remote", "set-head", "origin", "main")
    other = Lab(tmp_path / "clone", planned.slug)
    assert told(other.ask("codex")) == ("query", "implement", "WP02")
    assert told(other.report("codex")) == ("step", "implement", "WP02")


def test_commands_run_by_hand_count(lab: Lab) -> None:
    lab.report("claude")
    assert events(lab)[-1] == ("NextStepIssued", "discovery")
    lab.plan_out()
    taken = take_implementation(lab.project, lab.mission, "WP01", agent="claude")
    assert told(lab.ask("claude")) == ("query", "implement", "WP01")
    lab.work({"wp_id": "WP01", "workspace_path": str(taken.workspace.path), "agent": "claude"})
    assert told(lab.report("claude")) == ("step", "implement", "WP02")
    review = take_review(lab.project, lab.mission, "WP01", agent="codex")
    assert review.to_json()["self_review"] is False
    assert told(lab.ask("codex")) == ("query", "review", "WP01")
    assert "reviewing WP01" in review.to_text()
    own = take_review(lab.project, lab.mission, "WP01", agent="codex")
    assert (own.no_op, own.commit) == (True, None)


def test_a_hand_over_counts_even_if_the_next_claim_fails(lab: Lab) -> None:
    lab.plan_out({1: [], 2: []})
    lab.work(lab.report("claude"))
    blocked_path = lab.root / ".worktrees" / f"{lab.slug}-lane-b"
    blocked_path.mkdir(parents=True)
    (blocked_path / "mine.txt").write_text("not yours\n", encoding="utf-8")
    decision = lab.report("claude")
    assert decision["kind"] == "blocked"
    assert "WP01 is settled, but WP02 cannot be handed out" in decision["reason"]
    assert decision["fix"]
    assert lab.lanes() == {"WP01": "for_review", "WP02": "planned"}
    assert (blocked_path / "mine.txt").read_text(encoding="utf-8") == "not yours\n"
    with pytest.raises(SpecKittyError):
        lab.report("claude", wp_id="WP02")


class _FullDisk(Disk):
    """A disk that is full for state files."""

    def rename(self, source: Path, target: Path) -> None:
        if target.name == "state.json":
            raise OSError(28, "No space left on device")
        super().rename(source, target)


def test_a_crash_before_the_state_is_written_loses_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.report("claude")
    lab.write_purpose()
    save = MissionRun.save
    monkeypatch.setattr(MissionRun, "save", lambda self: save(self, disk=_FullDisk()))
    with pytest.raises(WriteFailed):
        lab.report("claude")
    monkeypatch.undo()
    assert lab.ask("claude")["preview_step"] == "specify"
    rows = len(journal(lab))
    assert told(lab.report("claude")) == ("step", "specify", None)
    assert len(journal(lab)) == rows


def test_a_commit_that_fails_leaves_mission_and_run_as_they_were(
    planned: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned.work(planned.report("claude"))
    lanes, rows, head = planned.lanes(), len(journal(planned)), commits(planned)

    def fail(*_: object, **__: object) -> None:
        raise WriteFailed("the disk is full.", fix="Free some space.")

    monkeypatch.setattr("specify_cli.status.mission_status.StatusChange.finish", fail)
    with pytest.raises(WriteFailed):
        planned.report("claude")
    monkeypatch.undo()
    assert (planned.lanes(), len(journal(planned)), commits(planned)) == (lanes, rows, head)
    assert told(planned.report("claude"))[1:] == ("implement", "WP02")


@pytest.mark.plants_rows
def test_damaged_lines_are_told_and_stop_nothing(planned: Lab) -> None:
    planned.report("claude")
    with planned.mission.log_file.open("a", encoding="utf-8") as stream:
        stream.write('{"torn": \n')
    path = next(planned.root.glob(".kittify/runtime/runs/*/run.events.jsonl"))
    with path.open("a", encoding="utf-8") as stream:
        stream.write("{torn\n")
    decision = planned.ask("claude")
    assert told(decision) == ("query", "implement", "WP01")
    assert "event log cannot be used" in decision["reason"]
    assert "journal cannot be used" in decision["reason"]


def test_every_journal_row_is_an_envelope_of_this_checkout(planned: Lab) -> None:
    planned.report("claude")
    for row in journal(planned):
        assert row["schema_version"] == "3.0.0"
        assert row["aggregate_type"] == "Mission"
        assert row["aggregate_id"] == planned.mission.mission_id
        assert row["correlation_id"] == row["payload"]["run_id"]


@pytest.mark.proves("002 D-8", "002 D-9")
@pytest.mark.parametrize("place", ["main", "subfolder", "lane", "variable"])
def test_the_loop_works_from_every_working_directory(
    planned: Lab, place: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from specify_cli.mission_runtime.resolver import resolve_project

    step = planned.report("claude")
    planned.work(step)
    cwd = {
        "main": planned.root,
        "subfolder": planned.mission.directory,
        "lane": Path(step["workspace_path"]) / "src",
        "variable": tmp_path,
    }[place]
    monkeypatch.chdir(cwd)
    if place == "variable":
        monkeypatch.setenv("SPECIFY_REPO_ROOT", str(planned.root))
    project = resolve_project()
    assert told(query(project, load_mission(project.root, planned.slug), agent="claude")) == (
        "query",
        "implement",
        "WP01",
    )
    decision = advance(
        project, load_mission(project.root, planned.slug), agent="claude", result="success"
    )
    assert told(decision) == ("step", "implement", "WP02")
    assert planned.lanes()["WP01"] == "for_review"
    assert git(planned.root, "status", "--porcelain") == ""


def test_two_agents_at_once_never_get_the_same_work(planned: Lab) -> None:
    answers: dict[str, Any] = {}

    def work(agent: str) -> None:
        answers[agent] = planned.report(agent)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b", "c", "d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    given = [a["wp_id"] for a in answers.values() if a["kind"] == "step"]
    assert sorted(given) == ["WP01", "WP02"]
    holders = {a["wp_id"]: name for name, a in answers.items() if a["kind"] == "step"}
    for wp_id, name in holders.items():
        assert planned.board.work_packages[wp_id].implementer == name


def test_a_mission_type_of_the_project_runs_with_a_question(lab: Lab) -> None:
    folder = lab.root / ".kittify" / "missions" / "guide"
    folder.mkdir(parents=True)
    (folder / "mission-runtime.yaml").write_text(
        "mission: {key: guide, name: Guide}\n"
        "steps:\n"
        "  - {id: survey, title: Survey, prompt: Walk., requires_inputs: [region]}\n"
        "  - {id: draw, title: Draw, prompt: Draw., depends_on: [survey]}\n",
        encoding="utf-8",
    )
    path = lab.mission.directory / "meta.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"software-dev"', '"guide"'), encoding="utf-8")
    for _ in range(2):
        decision = lab.report("claude")
        assert (decision["kind"], decision["decision_id"]) == ("decision_required", "input:region")
        assert decision["question"]
    assert [kind for kind, _ in events(lab)].count("DecisionInputRequested") == 1
    assert told(lab.report("claude", None, answer="north")) == ("step", "survey", None)
    assert told(lab.report("claude")) == ("step", "draw", None)
    end = lab.report("claude")
    accept = f"spec-kitty accept --mission {lab.slug} --agent claude"
    assert (end["kind"], end["fix"]) == ("terminal", accept)
    assert end["origin"] == {
        "mission_tier": "project",
        "mission_path": ".kittify/missions/guide/mission-runtime.yaml",
    }


@pytest.mark.parametrize(
    "options",
    [
        {"result": None},
        {"result": "bogus"},
        {"result": "success", "retry": True},
        {"result": "failed", "verdict": "approved"},
        {"result": "success", "feedback": "text"},
        {"agent": ""},
        {"agent": "--json"},
        {"agent": "x" * 121},
        {"agent": "two\nlines"},
    ],
)
def test_contradictory_reports_are_refused(lab: Lab, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        lab.report(**({"agent": "claude", "result": "success"} | options))
    assert not (lab.root / ".kittify" / "runtime").exists()


@pytest.mark.parametrize("wp_id", ["", "WPX", "../x", "1"])
def test_an_id_that_is_none_is_refused(planned: Lab, wp_id: str) -> None:
    with pytest.raises(WorkPackageNotFound):
        planned.report("claude", wp_id=wp_id)


@pytest.mark.parametrize(
    "options",
    [
        {"result": "failed"},
        {"result": "blocked", "wp_id": "WP02"},
        {"verdict": "approved"},
        {"verdict": "approved", "wp_id": "WP01"},
    ],
)
def test_a_report_on_what_an_agent_does_not_have_is_refused(
    planned: Lab, options: dict[str, Any]
) -> None:
    planned.report("claude")
    with pytest.raises(NothingInHand):
        planned.report("codex", **options)


def test_a_verdict_on_work_under_way_is_refused(planned: Lab) -> None:
    planned.report("claude")
    with pytest.raises(UsageError):
        approve(planned, "claude")


def test_a_verdict_on_a_planning_step_is_refused(lab: Lab) -> None:
    lab.report("claude")
    with pytest.raises(NothingInHand):
        approve(lab, "claude")


def test_a_work_package_written_after_finalising_holds_the_mission(lab: Lab) -> None:
    lab.plan_out({1: []})
    lab.work(lab.report("claude"))
    lab.report("claude")
    write_work_package(lab.mission, 2)
    approve(lab, "claude")
    decision = lab.ask("claude")
    assert decision["preview_step"] == "blocked"
    assert "finalize-tasks" in decision["fix"]


def test_progress_counts_the_board(planned: Lab) -> None:
    assert planned.ask()["progress"] == {
        "total_wps": 3,
        "done_wps": 0,
        "approved_wps": 0,
        "in_progress_wps": 0,
        "planned_wps": 3,
        "for_review_wps": 0,
        "weighted_percentage": 0.0,
    }
    given = planned.report("claude")["progress"]
    assert (given["in_progress_wps"], given["weighted_percentage"]) == (1, 10.0)
    assert planned.ask()["progress"] == given


def test_the_log_and_the_board_agree_after_the_loop(planned: Lab) -> None:
    planned.work(planned.report("claude"))
    planned.report("claude")
    status = MissionStatus.load(mission_log(planned.project, planned.mission))
    snapshot = json.loads((planned.mission.directory / "status.json").read_bytes())
    shown = {wp: state["lane"] for wp, state in snapshot["work_packages"].items()}
    assert shown == {wp: state.lane.value for wp, state in status.board.work_packages.items()}
    assert git(planned.root, "status", "--porcelain") == ""


def test_another_checkout_of_the_branch_is_named(planned: Lab) -> None:
    git(planned.root, "switch", "-q", "-c", "elsewhere")
    with pytest.raises(SpecKittyError) as refused:
        planned.report("claude")
    assert refused.value.code == "WRONG_BRANCH"
    assert planned.mission.target_branch in refused.value.fix


def test_the_project_of_a_lane_is_the_main_checkout(planned: Lab) -> None:
    step = planned.report("claude")
    repository = open_repository(Path(step["workspace_path"]))
    project = Project(root=repository.main_root, repository=repository)
    assert query(project, planned.mission, agent="claude")["wp_id"] == "WP01"


@pytest.mark.parametrize("result", ["success", "failed", "blocked"])
def test_the_first_call_hands_out_whatever_it_reports(
    make_repository: Callable[..., Path], result: str
) -> None:
    lab = Lab.create(make_repository("with space"))
    assert told(lab.report("claude", result)) == ("step", "discovery", None)
    assert events(lab) == [("MissionRunStarted", None), ("NextStepIssued", "discovery")]
