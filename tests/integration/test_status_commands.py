"""The status commands as they are called: emit, show, history, materialize, doctor, the board."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import COMMAND, Ran, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cli = Callable[..., Ran]

pty = pytest.importorskip("pty", reason="a terminal of one's own needs POSIX")


def ok(ran: Ran) -> Ran:
    assert ran.status == 0, ran.stdout + ran.stderr
    return ran


def refused(ran: Ran, code: str, status: int = 1) -> dict[str, object]:
    assert ran.status == status, ran.stdout + ran.stderr
    document: dict[str, object] = ran.document
    assert document["error_code"] == code
    assert document["fix"]
    return document


def emit(cli: Cli, root: Path, *words: str) -> Ran:
    return cli(root, "agent", "status", "emit", *words, "--json")


def test_a_program_that_keeps_its_own_workspaces_can_drive_a_work_package(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    emitted = ok(emit(cli, root, "WP01", "--to", "claimed", "--actor", "claude")).document
    assert (
        emitted["status_events_path"] == f"kitty-specs/{finalized_mission.name}/status.events.jsonl"
    )
    assert emitted["commit"] == git(root, "rev-parse", "HEAD")
    refused(emit(cli, root, "WP01", "--to", "claimed", "--actor", "gemini"), "WP_ALREADY_CLAIMED")
    refused(
        emit(cli, root, "WP02", "--to", "claimed", "--actor", "gemini"),
        "DEPENDENCIES_NOT_SATISFIED",
    )
    refused(emit(cli, root, "WP07", "--to", "claimed", "--actor", "gemini"), "WP_NOT_FOUND")
    refused(emit(cli, root, "WP01", "--to", "nowhere", "--actor", "claude"), "UNKNOWN_LANE", 2)
    refused(
        emit(cli, root, "WP01", "--to", "done", "--actor", "a", "--evidence-json", "{"),
        "INVALID_JSON",
        2,
    )
    where = ("--workspace-context", "somewhere")
    ok(emit(cli, root, "WP01", "--to", "doing", "--actor", "claude", *where))
    refused(
        emit(cli, root, "WP01", "--to", "for_review", "--actor", "claude"), "TRANSITION_REJECTED"
    )
    complete = ("--subtasks-complete", "--implementation-evidence-present")
    ok(emit(cli, root, "WP01", "--to", "for_review", "--actor", "claude", *complete))
    ok(emit(cli, root, "WP01", "--to", "in_review", "--actor", "claude"))
    result = '{"reviewer": "claude", "verdict": "approved", "reference": "by eye"}'
    approve = ("--to", "approved", "--actor", "claude", "--review-result-json", result)
    approved = ok(emit(cli, root, "WP01", *approve)).document
    assert approved["self_review"] is True
    assert "(a self-review)" in ok(cli(root, "status")).stdout
    forced = ok(
        emit(cli, root, "WP02", "--to", "done", "--actor", "me", "--force", "--reason", "x")
    )
    assert forced.document["from_lane"] == "planned"
    assert git(root, "status", "--porcelain") == ""
    ok(cli(root, "agent", "status", "validate"))


def test_force_past_a_dependency_is_in_the_history(finalized_mission: Path, cli: Cli) -> None:
    root = finalized_mission.parent.parent
    forced = ("--to", "claimed", "--actor", "boss", "--force", "--reason", "we know")
    document = ok(emit(cli, root, "WP02", *forced)).document
    assert document["overridden"][0].startswith("DEPENDENCIES_NOT_SATISFIED: ")
    told = ok(cli(root, "agent", "status", "history", "WP02")).stdout
    assert "planned -> claimed (forced)" in told
    assert "overridden: DEPENDENCIES_NOT_SATISFIED" in told


def test_show_history_and_lists_are_for_people_too(finalized_mission: Path, cli: Cli) -> None:
    root = finalized_mission.parent.parent
    ok(cli(root, "agent", "tasks", "add-history", "wp1", "--note", "Small", "--agent", "claude"))
    assert "note: Small" in ok(cli(root, "agent", "status", "history", "WP01")).stdout
    shown = ok(cli(root, "agent", "status", "show", "WP02")).stdout
    assert "waits for    WP01" in shown
    assert "claimed (needs an actor)" in shown
    assert ok(cli(root, "agent", "tasks", "list", "--lane", "done")).stdout.startswith("No work")
    assert (
        "On WP01 depend WP02." in ok(cli(root, "agent", "tasks", "list-dependents", "WP01")).stdout
    )
    refused(
        cli(root, "agent", "status", "history", "WP01", "--limit", "0", "--json"),
        "INVALID_LIMIT",
        2,
    )
    refused(cli(root, "agent", "tasks", "add-history", "WP01", "--note", " ", "--agent", "a", "--json"), "INVALID_NOTE", 2)  # fmt: skip


def test_a_snapshot_is_brought_back_by_materialize(finalized_mission: Path, cli: Cli) -> None:
    root = finalized_mission.parent.parent
    snapshot = finalized_mission / "status.json"
    before = snapshot.read_bytes()
    assert ok(cli(root, "agent", "status", "materialize", "--json")).document["changed"] is False
    snapshot.write_bytes(b"{}")
    assert ok(cli(root, "agent", "status", "materialize", "--json")).document["changed"] is True
    assert snapshot.read_bytes() == before


def damaged(mission: Path) -> bytes:
    log = mission / "status.events.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(
        b"".join([*lines[:1], b"<<<<<<< HEAD\n", *lines[1:], b">>>>>>> x\n", b'{"half'])
    )
    return log.read_bytes()


def test_the_doctor_finds_plans_repairs_and_is_content(finalized_mission: Path, cli: Cli) -> None:
    root = finalized_mission.parent.parent
    log = finalized_mission / "status.events.jsonl"
    whole, before = log.read_bytes(), damaged(finalized_mission)
    report = refused(cli(root, "agent", "status", "doctor", "--json"), "MISSION_UNHEALTHY")
    assert "doctor --fix" in str(report["fix"])
    refused(cli(root, "agent", "status", "validate", "--json"), "STATUS_LOG_NOT_SOUND")
    people = cli(root, "agent", "status", "validate")
    assert "agent status doctor --fix" in people.stdout
    unapplied = refused(
        cli(root, "agent", "status", "doctor", "--fix", "--json"), "STATUS_REPAIR_INCOMPLETE"
    )
    plan: Any = unapplied["details"]
    assert (plan["applied"], plan["backup"]) == (False, None)
    assert [step["line"] for step in plan["plan"]][:3] == [2, len(whole.splitlines()) + 2, len(whole.splitlines()) + 3]  # fmt: skip
    asked = cli(root, "agent", "status", "doctor", "--fix", stdin="y\n")
    assert (asked.status, "add --yes" in asked.stdout) == (1, True)
    assert log.read_bytes() == before
    done = ok(cli(root, "agent", "status", "doctor", "--fix", "--yes", "--json"))
    assert done.document["applied"] is True
    assert done.stderr == ""
    assert log.read_bytes() == whole
    assert ok(cli(root, "agent", "status", "doctor")).stdout.endswith("is healthy.\n")
    assert git(root, "status", "--porcelain") == ""


def test_a_repair_that_leaves_something_says_so_and_lists_it(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    with (finalized_mission / "status.events.jsonl").open("ab") as stream:
        stream.write(b"X{}\n<<<<<<< HEAD\n")
    report = refused(
        cli(root, "agent", "status", "doctor", "--fix", "--yes", "--json"),
        "STATUS_REPAIR_INCOMPLETE",
    )
    details: Any = report["details"]
    assert details["applied"] is True
    assert [found["kind"] for found in details["remaining"]] == ["unusable_line"]
    people = cli(root, "agent", "status", "doctor", "--fix", "--yes")
    assert people.status == 1
    assert "has 1 problem:" in people.stdout


def test_yes_without_a_repair_is_a_mistake(finalized_mission: Path, cli: Cli) -> None:
    root = finalized_mission.parent.parent
    refused(cli(root, "agent", "status", "doctor", "--yes", "--json"), "USAGE_ERROR", 2)
    refused(cli(root, "status", "--watch", "--json"), "USAGE_ERROR", 2)
    refused(cli(root, "status", "--watch", "0", "--mission", "x", "--json"), "MISSION_NOT_FOUND")
    assert cli(root, "status", "--watch", "0").status == 2


def test_the_board_is_plain_when_piped_and_the_document_is_that_of_tasks_status(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    plain = ok(cli(root, "status")).stdout
    assert "\x1b" not in plain
    assert re.search(r"^planned 2 +WP01", plain, re.M)
    assert "canceled 0" in plain
    columns = ok(cli(root, "status", env={"COLUMNS": "140"})).stdout
    assert re.search(r"^planned 2 +claimed 0 +in_progress 0 .*canceled 0$", columns, re.M)
    assert (
        ok(cli(root, "status", "--json")).document
        == ok(cli(root, "agent", "tasks", "status", "--json")).document
    )


class Terminal:
    """The command in a terminal of its own."""

    def __init__(self, root: Path, *words: str, **variables: str) -> None:
        import fcntl
        import struct
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 150, 0, 0))
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
        self.process = subprocess.Popen(
            [str(COMMAND), *words], cwd=root, stdin=theirs, stdout=theirs, stderr=theirs,
            env={**kept, "TERM": "xterm", **variables}, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )  # fmt: skip
        os.close(theirs)
        self.screen = ""

    def read_until(self, wanted: str, *, times: int = 1) -> None:
        deadline = time.monotonic() + 30
        while self.screen.count(wanted) < times:
            assert time.monotonic() < deadline, self.screen
            self._read()

    def end(self) -> int:
        while self._read():
            pass
        os.close(self._ours)
        return self.process.wait(timeout=30)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def _read(self) -> bool:
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # Linux says so when the other side has closed
            return False
        self.screen += data.decode("utf-8", "replace")
        return bool(data)


def test_a_terminal_gets_colours_and_columns_unless_no_color_says_no(
    finalized_mission: Path,
) -> None:
    root = finalized_mission.parent.parent
    coloured = Terminal(root, "status")
    assert coloured.end() == 0
    assert "\x1b[" in coloured.screen
    assert re.search(r"planned 2.*claimed 0.*canceled 0", coloured.screen)
    plain = Terminal(root, "status", NO_COLOR="1")
    assert plain.end() == 0
    assert "\x1b[" not in plain.screen


def test_watching_draws_again_on_a_change_and_ends_well_with_ctrl_c(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    terminal = Terminal(root, "status", "--watch", "0.2")
    terminal.read_until("Ctrl-C ends")
    time.sleep(0.7)
    ok(emit(cli, root, "WP01", "--to", "claimed", "--actor", "claude"))
    terminal.read_until("claimed 1")
    assert terminal.screen.count("Ctrl-C ends") == 2
    terminal.type("\x03")
    assert terminal.end() == 0
    assert "Traceback" not in terminal.screen
    assert terminal.screen.endswith("\r\n")


def test_watching_without_a_terminal_prints_a_board_only_when_something_changed(
    finalized_mission: Path, cli: Cli
) -> None:
    import signal

    root = finalized_mission.parent.parent
    process = subprocess.Popen(
        [str(COMMAND), "status", "--watch", "0.2"],
        cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip
    assert process.stdout is not None
    first = [process.stdout.readline() for _ in range(3)]
    time.sleep(1)
    ok(emit(cli, root, "WP01", "--to", "claimed", "--actor", "claude"))
    while "claimed 1" not in process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert first[0].startswith("Door counter")
    assert "Door counter" not in rest


def test_watching_ends_when_nobody_reads_it_any_more_even_if_nothing_changes(
    finalized_mission: Path,
) -> None:
    process = subprocess.Popen(
        [str(COMMAND), "status", "--watch", "3600"],
        cwd=finalized_mission.parent.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=30) == 0
    assert process.stderr.read() == b""
    process.stderr.close()


def test_watching_too_seldom_is_refused_with_the_limit(finalized_mission: Path, cli: Cli) -> None:
    refusal = cli(finalized_mission.parent.parent, "status", "--watch", "1e9")
    assert refusal.status == 2
    assert "from 0.1 to 86400 (a day)" in refusal.stderr


def test_a_person_is_shown_the_plan_and_asked(finalized_mission: Path) -> None:
    root = finalized_mission.parent.parent
    log = finalized_mission / "status.events.jsonl"
    whole, before = log.read_bytes(), damaged(finalized_mission)
    no = Terminal(root, "agent", "status", "doctor", "--fix")
    no.read_until("[y/N]")
    assert "take out '<<<<<<< HEAD'" in no.screen
    no.type("n\n")
    assert no.end() == 1
    assert no.screen.count("To repair") == 1
    assert log.read_bytes() == before
    yes = Terminal(root, "agent", "status", "doctor", "--fix")
    yes.read_until("[y/N]")
    yes.type("y\n")
    assert yes.end() == 0
    assert "Repaired" in yes.screen
    assert log.read_bytes() == whole


def test_the_board_needs_no_terminal_library(finalized_mission: Path) -> None:
    script = (
        "import sys; sys.argv[1:] = ['status']\n"
        "from specify_cli.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('rich' in sys.modules, file=sys.stderr)"
    )
    root = finalized_mission.parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.stderr.strip() == "False"
