"""The accounts at the end: every row conforms, nothing is left behind, the budgets hold.

A mission's calls are those from `agent mission create` to `merge`; setting the project up happens
once and looking at the result is free. Bookkeeping commits are those the tool made without bringing
anybody's work along.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from demo.cli_runner import DemoFailed

if TYPE_CHECKING:
    from pathlib import Path

    from demo.cli_runner import Terminal
    from demo.report import Report

MAX_CALLS = 25
MAX_BOOKKEEPING_COMMITS = 20
MAX_SECONDS = 6.0
"""On a machine where `python -c pass` takes 10 ms or less; scaled by how much longer it takes."""

AGENTS = ("claude", "codex")
_TOOL = "Spec Kitty Demo"
_OPERATOR = "Demo Operator"


def check_accounts(terminal: Terminal, repository: Path, slug: str, report: Report) -> None:
    """Check the log, show the board and the timeline, and hold the run against the budgets.

    Raises:
        DemoFailed: Something is off.
    """
    terminal.chapter = "check"
    report.section("The event log")
    _check_rows(terminal, repository, slug, report)
    _check_story(repository, slug, report)
    report.section("The board")
    report.block(_show(terminal, repository, "agent", "tasks", "status", "--mission", slug))
    report.section("The timeline")
    report.block(_show(terminal, repository, "agent", "status", "timeline", "--mission", slug))
    report.section("What is left behind")
    check_leftovers(terminal, repository, report)
    report.section("The accounts")
    check_budgets(terminal, repository, report)


def _check_rows(terminal: Terminal, repository: Path, slug: str, report: Report) -> None:
    log = f"kitty-specs/{slug}/status.events.jsonl"
    rows = (repository / log).read_text(encoding="utf-8").splitlines()
    terminal.spec_kitty(
        ["contract", "validate", log, "--surface", "status_row", "--json"], repository
    )
    report.step("gate", f"{len(rows)} rows conform to the published contract")
    for journal in sorted(repository.glob(".kittify/runtime/runs/*/run.events.jsonl")):
        events = journal.relative_to(repository).as_posix()
        terminal.spec_kitty(
            ["contract", "validate", events, "--surface", "envelope", "--json"], repository
        )
        count = len(journal.read_text(encoding="utf-8").splitlines())
        report.step("gate", f"{count} events of the run conform to the envelope's contract")
    call = terminal.spec_kitty(
        ["agent", "status", "validate", "--mission", slug, "--json"], repository
    )
    if call.document().get("valid") is not True:
        raise DemoFailed(f"the event log is not valid:\n{call.output()}")
    report.step("log", "readable to the last byte, every transition legal")


def _check_story(repository: Path, slug: str, report: Report) -> None:
    """Check that the log tells what happened: who built, who reviewed, one rejection, all done."""
    lines = (repository / "kitty-specs" / slug / "status.events.jsonl").read_text(encoding="utf-8")
    moves = [row for row in map(json.loads, lines.splitlines()) if "to_lane" in row]
    built = {row["wp_id"]: row["actor"] for row in moves if row["to_lane"] == "claimed"}
    reviewed = {row["wp_id"]: row["actor"] for row in moves if row["to_lane"] == "in_review"}
    rejected = [
        row["wp_id"]
        for row in moves
        if (row["from_lane"], row["to_lane"]) == ("in_review", "in_progress")
    ]
    last = {row["wp_id"]: row["to_lane"] for row in moves}
    expected = ("WP01", "WP02", "WP03")
    wrong = {
        "every work package built by an agent": not set(built.values()) <= set(AGENTS),
        "none reviewed by who built it": any(built[wp] == reviewed.get(wp) for wp in built),
        "WP02 sent back once, no other": rejected != ["WP02"],
        "all done": last != dict.fromkeys(expected, "done"),
        "nothing forced": any(row["force"] for row in moves),
    }
    off = [what for what, is_wrong in wrong.items() if is_wrong]
    if off:
        raise DemoFailed(f"the log does not tell what happened; expected: {', '.join(off)}.")
    for wp_id, agent in sorted(built.items()):
        back = ", sent back once" if wp_id in rejected else ""
        report.step("story", f"{wp_id} built by {agent}, reviewed by {reviewed[wp_id]}{back}")


def check_leftovers(terminal: Terminal, repository: Path, report: Report) -> None:
    """Check that nothing is uncommitted, no worktree is left and the home folder is untouched.

    Raises:
        DemoFailed: Something is left behind.
    """
    status = terminal.git(["status", "--porcelain"], repository).strip()
    if status:
        raise DemoFailed(f"files are left uncommitted:\n{status}")
    worktrees = terminal.git(["worktree", "list"], repository).strip().splitlines()
    if len(worktrees) != 1:
        raise DemoFailed("worktrees are left:\n" + "\n".join(worktrees))
    home = repository.parent / "home"
    strays = [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()]
    strays.remove("gitconfig")
    if strays:
        raise DemoFailed(f"the home folder got files: {', '.join(sorted(strays))}.")
    report.step("git", "clean, one worktree")
    report.step("home", "untouched")


def check_budgets(terminal: Terminal, repository: Path, report: Report) -> None:
    """Hold calls, time and bookkeeping commits against their budgets.

    Raises:
        DemoFailed: One of them is exceeded.
    """
    calls = [call for call in terminal.calls if call.chapter == "mission"]
    checks = [call for call in terminal.calls if call.chapter == "check"]
    seconds = sum(call.seconds for call in calls)
    limit = MAX_SECONDS * terminal.slowness()
    merges = terminal.git(["rev-list", "--count", "--merges", "main"], repository).strip()
    log = terminal.git(["log", "--no-merges", "--format=%an", "main"], repository)
    authors = Counter(log.splitlines())
    bookkeeping = authors[_TOOL]
    agents = sum(authors[name] for name in AGENTS)
    slow = f" ({terminal.slowness():.1f} x slower than 10 ms for `python -c pass`)"
    report.table(
        [
            ("spec-kitty calls for the mission", str(len(calls)), f"at most {MAX_CALLS}"),
            (
                "time inside spec-kitty",
                f"{seconds:.1f} s",
                f"under {limit:.1f} s{slow if terminal.slowness() > 1 else ''}",
            ),
            (
                "bookkeeping commits",
                str(bookkeeping),
                f"at most {MAX_BOOKKEEPING_COMMITS}",
            ),
            ("commits by the agents", str(agents), ""),
            ("merges of their work", merges, ""),
            ("calls to check and show", str(len(checks)), ""),
        ]
    )
    over = [
        what
        for what, is_over in (
            (f"{len(calls)} calls instead of {MAX_CALLS}", len(calls) > MAX_CALLS),
            (f"{seconds:.1f} s instead of {limit:.1f} s", seconds >= limit),
            (
                f"{bookkeeping} bookkeeping commits instead of {MAX_BOOKKEEPING_COMMITS}",
                bookkeeping > MAX_BOOKKEEPING_COMMITS,
            ),
        )
        if is_over
    ]
    if over:
        raise DemoFailed(f"the mission is over its budget: {'; '.join(over)}.")


def _show(terminal: Terminal, repository: Path, *arguments: str) -> str:
    return terminal.spec_kitty(arguments, repository).stdout
