"""A user's merge with a conflict in the log: refused commands change nothing, the doctor mends the files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.git.process import try_git
from specify_cli.git.safe_commit import OperationInProgress, SafeCommitRefused
from specify_cli.status.doctor import examine_log
from specify_cli.status.lines import iter_rows
from specify_cli.status.materialize import materialize_status
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.repair import plan_repair, repair_log
from specify_cli.status.validate import validate_log

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.status.conftest import Lab


def note(lab: Lab, text: str) -> str:
    with MissionStatus.change(lab.mission_log, message="Note") as change:
        return change.annotate("WP01", "claude", {"note": text})


def picture(lab: Lab) -> dict[str, Any]:
    return {
        "files": {
            path.name: path.read_bytes() for path in lab.root.rglob("*")
            if path.is_file() and ".git" not in path.relative_to(lab.root).parts
        },
        "head": lab.git("rev-parse", "HEAD"),
        "index": lab.git("ls-files", "--stage"),
        "unmerged": lab.git("ls-files", "-u"),
        "status": lab.git("status", "--porcelain"),
        "merging": try_git(lab.root, "rev-parse", "--verify", "--quiet", "MERGE_HEAD").stdout,
    }  # fmt: skip


@pytest.fixture(params=["merge", "diff3"])
def merging(lab: Lab, request: pytest.FixtureRequest) -> tuple[Lab, set[str]]:
    """A mission in the middle of a merge: each side has notes of its own; and all the event ids."""
    lab.seed("WP01")
    branch = lab.mission_log.target_branch
    lab.git("branch", "other")
    ours = {note(lab, "ours 1"), note(lab, "ours 2")}
    lab.git("switch", "-q", "other")
    theirs_log = lab.mission_log._replace(target_branch="other")
    with MissionStatus.change(theirs_log, message="Note") as change:
        theirs = {change.annotate("WP01", "codex", {"note": "theirs"})}
    lab.git("switch", "-q", branch)
    assert try_git(lab.root, "-c", f"merge.conflictStyle={request.param}", "merge", "other").code
    assert "UU" in lab.git("status", "--porcelain")
    return lab, ours | theirs


COMMANDS: dict[str, Callable[[Lab], object]] = {
    "a note": lambda lab: note(lab, "more"),
    "a move": lambda lab: lab.move("WP01"),
    "materialize": lambda lab: materialize_status(lab.mission_log),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_refused_in_a_merge_before_it_changes_files_or_index(
    merging: tuple[Lab, set[str]], command: str
) -> None:
    lab, _ = merging
    before = picture(lab)
    with pytest.raises(OperationInProgress, match="a merge is going on"):
        COMMANDS[command](lab)
    assert picture(lab) == before


def test_the_block_of_a_refused_change_is_never_entered(merging: tuple[Lab, set[str]]) -> None:
    lab, _ = merging
    with (
        pytest.raises(OperationInProgress),
        MissionStatus.change(lab.mission_log, message="Note"),
    ):
        pytest.fail("the block would write")


def test_the_doctor_mends_the_files_of_a_merge_and_leaves_the_rest_to_the_user(
    merging: tuple[Lab, set[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lab, event_ids = merging
    before = picture(lab)
    plan = plan_repair(lab.mission_log)
    assert "commit" not in [step.kind for step in plan.steps]
    assert plan.then is not None
    done = repair_log(lab.mission_log, plan)
    assert (done.applied, done.commit) == (True, None)
    assert done.backup is not None
    assert (done.backup / lab.log.name).read_bytes() == before["files"][lab.log.name]
    after = picture(lab)
    for unchanged in ("head", "index", "unmerged", "merging"):
        assert after[unchanged] == before[unchanged]
    rows = [line.row for line in iter_rows(lab.log) if line.row is not None]
    assert len(rows) == 1 + len(event_ids)  # each of them once
    assert {row["event_id"] for row in rows} >= event_ids
    assert validate_log(lab.mission_log).problems == ()
    assert [finding.note for finding in examine_log(lab.mission_log)] == [True]
    assert plan_repair(lab.mission_log).steps == ()
    # What it says goes on indeed, word for word.
    add, _, go_on = plan.then.partition(" && ")
    lab.git(*add.split()[1:])
    monkeypatch.setenv("GIT_EDITOR", "true")
    lab.git(*go_on.split()[1:])
    assert lab.git("status", "--porcelain") == ""
    note(lab, "and on")
    assert {row.row["event_id"] for row in iter_rows(lab.log) if row.row} >= event_ids


def test_a_side_that_was_chosen_in_a_merge_gets_the_rows_of_the_other_back(
    merging: tuple[Lab, set[str]],
) -> None:
    lab, event_ids = merging
    lab.git("checkout", "--ours", "--", str(lab.log), str(lab.status))
    assert "committed_rows_missing" in [finding.kind for finding in examine_log(lab.mission_log)]
    repair_log(lab.mission_log, plan_repair(lab.mission_log))
    assert {line.row["event_id"] for line in iter_rows(lab.log) if line.row} >= event_ids


@pytest.fixture(params=["the log", "a file of the user"])
def conflicted(lab: Lab, request: pytest.FixtureRequest) -> tuple[Lab, set[str]]:
    """A mission in whose checkout `git stash pop` has left conflicts; and all the event ids."""
    user_file = lab.root / "notes.txt"
    user_file.write_text("base\n", encoding="utf-8")
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "Notes")
    lab.seed("WP01")
    event_ids = {note(lab, "committed")}
    stashed = lab.log if request.param == "the log" else user_file
    with stashed.open("ab") as stream:
        stream.write(b'{"event_id": "01KQ22DT00000000000000STSH"}\n')
    lab.git("stash", "-q")
    user_file.write_text("committed since\n", encoding="utf-8")
    lab.git("commit", "-q", "-a", "-m", "Since")
    event_ids.add(note(lab, "since"))
    assert try_git(lab.root, "stash", "pop").code
    assert "UU" in lab.git("status", "--porcelain")
    return lab, event_ids


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_refused_before_it_changes_anything_while_a_stash_has_left_conflicts(
    conflicted: tuple[Lab, set[str]], command: str
) -> None:
    lab, _ = conflicted
    before = picture(lab)
    with pytest.raises(OperationInProgress, match="conflicts are not resolved yet"):
        COMMANDS[command](lab)
    assert picture(lab) == before


def test_the_doctor_mends_a_log_with_conflicts_of_a_stash_and_says_how_to_go_on(
    conflicted: tuple[Lab, set[str]],
) -> None:
    lab, event_ids = conflicted
    plan = plan_repair(lab.mission_log)
    assert plan.then is not None
    repair_log(lab.mission_log, plan)
    assert {line.row["event_id"] for line in iter_rows(lab.log) if line.row} >= event_ids
    for command in plan.then.split(" && "):
        lab.git(*command.split()[1:])
    if "UU" in lab.git("status", "--porcelain"):
        lab.git("checkout", "--theirs", "--", "notes.txt")
        lab.git("add", "notes.txt")
    note(lab, "and on")
    lab.git("commit", "-q", "-a", "--allow-empty", "-m", "What was stashed")
    assert lab.git("status", "--porcelain") == ""


def test_what_the_user_staged_stays_staged_when_a_commit_is_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.seed("WP01")
    spec = lab.mission_log.directory / "spec.md"
    spec.write_text("# Half done\n", encoding="utf-8")
    lab.git("add", "--", str(spec))
    spec.write_text("# Nearly done\n", encoding="utf-8")
    before = lab.git("ls-files", "--stage"), lab.git("status", "--porcelain")
    # A new file is staged first, and then git finds out that it cannot write the commit.
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "")
    with pytest.raises(SafeCommitRefused), MissionStatus.change(lab.mission_log, message="Go") as change:  # fmt: skip
        change.include(spec, b"# Ours\n")
        change.include(spec.with_name("new.md"), b"new\n")
    assert (lab.git("ls-files", "--stage"), lab.git("status", "--porcelain")) == before
