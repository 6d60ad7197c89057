"""`make demo`: the whole story works, and stops with a plain sentence when something is off."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from demo.__main__ import EXAMPLE, main
from demo.accounts import check_budgets
from demo.announcement import Announcement
from demo.cli_runner import Call, DemoFailed, Terminal
from demo.prompt_reader import read_prompt
from demo.report import Report
from demo.scripted_agent import ScriptedAgent

if TYPE_CHECKING:
    from demo.prompt_reader import Prompt
    from demo.scripted_agent import Decision

ROOT = Path(__file__).resolve().parents[2]


class UntouchedScaffold(ScriptedAgent):
    """Reports success for a specification that it never wrote."""

    def specify(self, prompt: Prompt) -> Decision:
        return self._success(prompt)


class NoRework(ScriptedAgent):
    """Reports success for a rework that it never did."""

    def implement(self, prompt: Prompt) -> Decision:
        if "test_" in prompt.section("Review feedback"):
            return self._success(prompt)
        return super().implement(prompt)


class Uncommitted(ScriptedAgent):
    """Leaves its work in the worktree without a commit."""

    def _commit(self, prompt: Prompt, message: str | None = None) -> None:
        if message is None:
            super()._commit(prompt)


def test_the_demo_drives_a_mission_to_merged_code_in_a_folder_with_spaces(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with spaces"
    done = subprocess.run(
        [sys.executable, "-m", "demo", "--keep", str(folder)],
        cwd=ROOT,
        env=os.environ | {"HOME": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "Ben pays Ana 25.83" in done.stdout
    assert "WP02 reviewed: changes requested" in done.stdout
    assert (folder / EXAMPLE.name / "fairshare" / "__main__.py").is_file()
    asked = "claude    is asked: Which audience should the step 'Write the announcement' use?"
    for told in (asked, "tries to approve it: AUTHORITY_DENIED", "nora      approves"):
        assert told in done.stdout
    assert re.search(
        r"calls for question and signature +10  at most 10$", done.stdout, re.MULTILINE
    )
    (signed,) = (folder / EXAMPLE.name / "kitty-specs").glob("announce-*/announcement.md")
    assert signed.is_file()


def test_question_and_signature_have_a_budget_and_a_record_of_their_own(tmp_path: Path) -> None:
    terminal = Terminal.isolated(tmp_path / "home", lambda _: None)
    story = Announcement(terminal, tmp_path, EXAMPLE / "announcement", Report(stream=io.StringIO()))
    with pytest.raises(DemoFailed, match="tells of no DecisionInputAnswered"):
        story.check("announce-x")
    run = tmp_path / ".kittify" / "runtime" / "runs" / "01"
    run.mkdir(parents=True)
    events = "announce-x DecisionInputAnswered DecisionAuthorityDenied MissionRunCompleted"
    (run / "run.events.jsonl").write_text(events, encoding="utf-8")
    call = Call(("spec-kitty", "next"), tmp_path, 1.0, 0, "", "", "decisions")
    terminal.calls = [call] * 10
    story.check("announce-x")
    terminal.calls = [call] * 11
    with pytest.raises(DemoFailed, match="11 calls instead of 10"):
        story.check("announce-x")


def test_an_untouched_scaffold_stops_the_demo_at_the_guard(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--keep", str(tmp_path / "demo")], make_agent=UntouchedScaffold)
    said = capsys.readouterr()
    assert status == 1
    assert "the guard did not let claude's specify pass" in said.err
    assert "spec.md" in said.err
    assert "plan: wrote the plan" not in said.out


def test_uncommitted_work_stops_the_demo_at_the_hand_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--keep", str(tmp_path / "demo")], make_agent=Uncommitted)
    said = capsys.readouterr()
    assert status == 1
    assert "implement WP01" in said.err
    assert "fairshare/settlement.py" in said.err


def test_a_rework_without_a_commit_stops_the_demo(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["--keep", str(tmp_path / "demo")], make_agent=NoRework)
    said = capsys.readouterr()
    assert status == 1
    assert "implement WP02" in said.err


def test_a_budget_that_is_exceeded_fails_the_demo(tmp_path: Path) -> None:
    terminal = Terminal.isolated(tmp_path / "home", lambda _: None)
    repository = tmp_path / "repository"
    repository.mkdir()
    terminal.git(["init", "--quiet", "--initial-branch", "main"], repository)
    terminal.git(["config", "user.name", "Spec Kitty Demo"], repository)
    terminal.git(["config", "user.email", "demo@example.org"], repository)
    for number in range(21):
        message = ["commit", "--quiet", "--allow-empty", "--message", f"Bookkeeping {number}"]
        terminal.git(message, repository, author="Spec Kitty Demo")
    call = Call(("spec-kitty", "next"), repository, 1.0, 0, "", "", "mission")
    terminal.calls = [call] * 26
    terminal.baseline = [0.005]
    with pytest.raises(DemoFailed) as over:
        check_budgets(terminal, repository, Report(stream=io.StringIO()))
    assert str(over.value) == (
        "the mission is over its budget: 26 calls instead of 25; 26.0 s instead of 6.0 s; "
        "21 bookkeeping commits instead of 20."
    )
    terminal.calls = [replace(call, seconds=0.3)] * 25
    terminal.baseline = [0.015]
    terminal.git(["reset", "--quiet", "--hard", "HEAD~1"], repository)
    check_budgets(terminal, repository, Report(stream=io.StringIO()))


def test_a_folder_with_files_in_it_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious.txt").write_text("mine", encoding="utf-8")
    assert main(["--keep", str(tmp_path)]) == 1
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_prompt_is_read_and_nothing_is_guessed(tmp_path: Path) -> None:
    path = tmp_path / "implement.md"
    path.write_text(
        "# Build it: WP01 Storage\n\n> Sent back once.\n\n## What to do\n\n1. Commit:\n\n"
        '       git add -A && git commit -m "WP01: what you did"\n\n## How to report\n\n'
        "When it is done:\n\n    spec-kitty next --agent claude --result success\n\n"
        "## Facts\n\n- Work package: WP01\n",
        encoding="utf-8",
    )
    prompt = read_prompt(path)
    assert prompt.title == "Build it: WP01 Storage"
    assert prompt.notes == ("Sent back once.",)
    assert prompt.fact("Work package") == "WP01"
    report = prompt.command("next", "--result", "success")
    assert report.when == "When it is done:"
    assert report.argv[-1] == "success"
    assert prompt.command("git", "add").argv[-1] == "WP01: what you did"
    with pytest.raises(DemoFailed, match="does not say 'Work in this folder'"):
        prompt.fact("Work in this folder")
    with pytest.raises(DemoFailed, match="offers no command with 'mark-status'"):
        prompt.command("mark-status")
    with pytest.raises(DemoFailed, match="has no section 'Files'"):
        prompt.section("Files")
