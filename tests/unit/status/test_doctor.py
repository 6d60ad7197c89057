"""What is wrong with a log and its snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.locks import file_lock
from specify_cli.status.doctor import Finding, examine_log
from specify_cli.status.idle_lines import idle_lines
from specify_cli.status.lanes import Lane
from tests.unit.status.log_rows import annotation, text_of, transition, walk

if TYPE_CHECKING:
    from tests.unit.status.conftest import Lab

SLUG = "todo-app-01KQ22DS"
FILE = f"kitty-specs/{SLUG}/status.events.jsonl"


def append(lab: Lab, data: bytes) -> None:
    with lab.log.open("ab") as stream:
        stream.write(data)


def plant(lab: Lab, data: bytes) -> None:
    lab.log.write_bytes(data)
    lab.git("add", "-A")
    lab.git("commit", "-qm", "Plant a log")


def kinds(lab: Lab) -> list[str]:
    return [finding.kind for finding in examine_log(lab.mission_log)]


def the(lab: Lab, kind: str) -> Finding:
    (finding,) = (finding for finding in examine_log(lab.mission_log) if finding.kind == kind)
    return finding


def test_a_mission_of_ours_is_healthy(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.CLAIMED, Lane.IN_PROGRESS)
    assert kinds(lab) == []


def test_a_left_marker_is_found_with_file_line_and_offset(lab: Lab) -> None:
    lab.seed("WP01")
    first = len(lab.log.read_bytes())
    append(lab, b"<<<<<<< HEAD\n=======\n>>>>>>> other\n")
    found = [f for f in examine_log(lab.mission_log) if f.kind == "conflict_marker"]
    assert [(f.file, f.line, f.offset) for f in found] == [
        (FILE, 2, first),
        (FILE, 3, first + 13),
        (FILE, 4, first + 21),
    ]
    assert found[0].fix is not None
    assert "agent status doctor --fix" in found[0].fix
    assert not found[0].note


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"<<<<<<< HEAD\n", "conflict_marker"),
        (b">>>>>>> 1234abc (Move)\r\n", "conflict_marker"),
        (b"||||||| base\n", "conflict_marker"),
        (b"=======\n", "conflict_marker"),
        (b"\n", "blank_line"),
        (b" \r\n", "blank_line"),
        (b"\0\0\0\n", "nul_line"),
        (b'{"event_id": "01KQ", "act', "torn_tail"),
        (b'{"event_id": "caf\xc3', "torn_tail"),
        (b'{"event_id": "01KQ", "act\n', "row_fragment"),
        (b'{"event_id": "01KQ", "force": fal\r\n', "row_fragment"),
        (b'{"event_id": "01KQ", "n": \n', "row_fragment"),
        (b'{"event_id": "01KQ", "delta": {"note": "caf\xc3\n', "row_fragment"),
        (b'{"event_id": "01KQ", "x": "\\u00\n', "row_fragment"),
        (b'{"event_id": "01K\0\0\0\n', "row_fragment"),
        # These may hold a row, or what somebody can mend.
        (b'{"event_id": "01KQ", "wp_id": "WP01"\n', None),
        (b'{"event_id": "01KQ", "wp_id": "WP01}\n', None),
        (b'{"event_id": 01KQ", "wp_id": "WP01"}\n', None),
        (b'X{"event_id": "01KQ", "wp_id": "WP01"}\n', None),
        (b'{"torn": {"event_id": "01KQ"}, "ac\n', None),
        (b'<<<<<<< {"event_id": "01KQ"}\n', None),
        (b"======= and more\n", None),
        (b"\0\0{}x\n", None),
        (b'{"event_id": "torn{"event_id": "01KQ", "kind": "odd"}', None),
        (b"no row at all", None),
        (b'{"event_id": "whole"}', None),
        (b'{"event_id": "whole"}{"ev', None),
    ],
)
def test_only_what_certainly_holds_no_row_is_idle(lab: Lab, line: bytes, kind: str | None) -> None:
    lab.log.write_bytes(text_of(transition(1, "WP01", "genesis", "planned")) + line)
    assert [idle.kind for idle in idle_lines(lab.log)] == ([kind] if kind else [])


def test_an_unreadable_line_that_may_hold_a_row_is_told_as_kept(lab: Lab) -> None:
    lab.seed("WP01")
    append(lab, b'X{"event_id": "01KQ"}\n')
    finding = the(lab, "unusable_line")
    assert (finding.line, finding.file) == (2, FILE)
    assert "it is kept" in finding.message


def test_blank_lines_repeated_rows_and_unknown_rows_are_notes(lab: Lab) -> None:
    row = transition(1, "WP01", "genesis", "planned")
    plant(lab, text_of(row) + b"\n" + text_of(row, {"kind": "odd", "x": 1}))
    lab.status.unlink(missing_ok=True)
    notes = [f.kind for f in examine_log(lab.mission_log) if f.note]
    assert sorted(notes) == ["blank_line", "duplicate_row", "unknown_rows"]
    assert the(lab, "duplicate_row").line == 3


def test_a_reused_event_id_is_a_problem_and_no_duplicate(lab: Lab) -> None:
    row = transition(1, "WP01", "genesis", "planned")
    plant(lab, text_of(row, annotation(1, "WP01", {"note": "x"})))
    assert "event_id_reused" in kinds(lab)
    assert "duplicate_row" not in kinds(lab)


def test_a_snapshot_that_drifted_is_found_and_another_form_of_it_is_a_note(lab: Lab) -> None:
    lab.seed("WP01")
    lab.status.write_bytes(lab.status.read_bytes().replace(b"  ", b" "))
    assert the(lab, "snapshot_drift").note
    lab.status.write_bytes(b"{}")
    finding = the(lab, "snapshot_drift")
    assert (finding.note, finding.file) == (False, FILE.replace(".events.jsonl", ".json"))


def test_rows_that_are_not_committed_are_found(lab: Lab) -> None:
    lab.seed("WP01")
    append(lab, text_of(transition(9, "WP02", "genesis", "planned")))
    assert the(lab, "uncommitted").file == FILE


def test_rows_that_git_has_and_the_log_lacks_are_found(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.CLAIMED)
    lines = lab.log.read_bytes().splitlines(keepends=True)
    lab.log.write_bytes(lines[0] + b"\n" * len(lines[1]))
    finding = the(lab, "committed_rows_missing")
    assert "1 row" in finding.message
    assert finding.message.startswith("1 row of the committed log is gone or changed, first line 2")
    assert finding.fix == f"spec-kitty agent status doctor --fix --mission {SLUG}"


def test_a_marker_that_somebody_took_out_by_hand_is_no_missing_row(lab: Lab) -> None:
    rows = text_of(*walk(1, "WP01", "genesis", "planned", "claimed"))
    plant(lab, b"<<<<<<< HEAD\n" + rows + b"=======\n>>>>>>> x\n")
    lab.log.write_bytes(rows)
    assert "committed_rows_missing" not in kinds(lab)
    assert "uncommitted" in kinds(lab)


def test_an_interrupted_change_is_told_but_not_one_that_is_going_on(lab: Lab) -> None:
    lab.seed("WP01")
    marker = lab.mission_log.lock_path.with_suffix(".pending")
    marker.write_text("[]", encoding="utf-8")
    assert kinds(lab) == ["interrupted_change"]
    with file_lock(lab.mission_log.lock_path):
        assert kinds(lab) == []


def test_examining_writes_nothing(lab: Lab) -> None:
    lab.seed("WP01")
    append(lab, b"<<<<<<< HEAD\n{torn")
    lab.status.write_bytes(b"{}")
    before = {path: path.read_bytes() for path in lab.log.parent.iterdir()}
    head, listed = lab.git("rev-parse", "HEAD"), lab.git("status", "--porcelain")
    examine_log(lab.mission_log)
    assert {path: path.read_bytes() for path in lab.log.parent.iterdir()} == before
    assert (lab.git("rev-parse", "HEAD"), lab.git("status", "--porcelain")) == (head, listed)
