"""A log that crashes, disks, editors and merges have damaged: all of it reported, the rest read (P3)."""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING, NamedTuple

import pytest

from specify_cli.events.envelope import mission_created
from specify_cli.kernel.files import json_line
from specify_cli.status import (
    Lane,
    MissionStatus,
    TransitionRequest,
    fold,
    read_log,
    validate_log,
)
from tests.crash.crash_lab import FULL, SLUG, Lab, make_lab, sized, uncommitted

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.status import Log

pytestmark = pytest.mark.plants_rows

BOM = b"\xef\xbb\xbf"
LF = b"\n"
GARBAGE = [
    b"\0" * 64,
    b'{"event_id": "01K\0\0\0',
    b"<<<<<<< HEAD",
    b"=======",
    b">>>>>>> kitty/mission-todo-app",
    b"||||||| 1234567",
    b"{",
    b'{"torn": "in the mid',
    b"}",
    b"]",
    b"[]",
    b"null",
    b"\xff\xfe\xfd",
    b'{"half": "\\ud800"}',
    BOM + b"{}",
    b"{} {}",
    b"not a row at all",
    b"[" * 5000,
    b'{"long": "' + b"x" * 70_000,  # longer than what is read at once
]


class Written(NamedTuple):
    """A mission with rows of every kind, and its log in lines."""

    lab: Lab
    lines: list[bytes]

    @property
    def data(self) -> bytes:
        return b"".join(self.lines)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Written:
    lab = make_lab(tmp_path_factory.mktemp("template") / "project")
    with MissionStatus.change(lab.mission_log, message="Start") as change:
        change.record(
            mission_created(
                change.identity,
                {
                    "mission_slug": SLUG,
                    "mission_number": None,
                    "mission_type": "software-dev",
                    "target_branch": "main",
                    "wp_count": 2,
                    "created_at": "2026-11-21T07:00:00+00:00",
                    "friendly_name": "Todo app",
                    "purpose_tldr": "Tasks",
                    "purpose_context": "Tasks of a day",
                },
                change.stamp(),
            )
        )
        change.transition(TransitionRequest("WP01", Lane.PLANNED, "planner"))
        change.transition(TransitionRequest("WP02", Lane.PLANNED, "Grüße 🎉"))
        change.transition(
            TransitionRequest("WP01", Lane.CLAIMED, {"tool": "claude", "role": "implementer"})
        )
        change.annotate("WP01", "claude", {"note": 'say "yes"\n\u2028', "subtasks": {"T1": "done"}})
        change.transition(TransitionRequest("WP02", Lane.BLOCKED, "boss", reason="waits"))
    return Written(lab, lab.bytes().splitlines(keepends=True))


@pytest.fixture
def written(template: Written, tmp_path: Path) -> Written:
    return Written(template.lab.copy(tmp_path / "project"), template.lines)


def read_ids(log: Log) -> list[str]:
    """Return the ids of the rows that were read, in the order of the file."""
    found = [(row.line, row.event_id) for row in log.transitions]
    found += [(note.line, note.event_id) for note in log.annotations]
    others = (*log.lifecycle, *log.decisions, *log.unknown)
    found += [(row.line, str(row.row.get("event_id"))) for row in others]
    return [event_id for _, event_id in sorted(found)]


def ids(lines: list[bytes]) -> list[str]:
    return [json.loads(line)["event_id"] for line in lines]


def next_rows() -> bytes:
    """Return two rows as a change would append them."""
    row = {
        "actor": "claude", "at": "2099-01-01T00:00:00.000000+00:00",
        "event_id": "01ZZZZZZZZZZZZZZZZZZZZZZZ1", "evidence": None, "execution_mode": "worktree",
        "force": False, "from_lane": "claimed", "mission_id": None, "mission_slug": SLUG,
        "policy_metadata": None, "reason": "über", "review_ref": None, "to_lane": "canceled",
        "wp_id": "WP01",
    }  # fmt: skip
    other = {**row, "event_id": "01ZZZZZZZZZZZZZZZZZZZZZZZ2", "wp_id": "WP02"}
    return json_line(row) + b"\n" + json_line(other) + b"\n"


def test_a_tail_torn_at_any_byte_is_reported_where_it_begins_and_all_before_it_is_read(
    written: Written,
) -> None:
    path, good, tail = written.lab.log_path, written.data, next_rows()
    first = len(tail.splitlines(keepends=True)[0])
    torn_ends = 0
    for end in range(len(tail) + 1):
        path.write_bytes(good + tail[:end])
        log = read_log(path)
        whole = (end >= first - 1) + (end >= len(tail) - 1)
        assert read_ids(log) == [*ids(written.lines), *ids(tail.splitlines()[:whole])], end
        torn = end not in (0, first - 1, first, len(tail) - 1, len(tail))
        assert bool(log.problems) == torn, end
        for problem in log.problems:
            torn_ends += 1
            begins = len(good) + (0 if end < first else first)
            assert (problem.line, problem.offset) == (len(written.lines) + 1 + whole, begins), end
            assert problem.reason in (
                "it is torn: the file ends in the middle of a row",
                "it is not UTF-8 text",  # in the middle of a character
            )
        assert path.read_bytes() == good + tail[:end]
    assert torn_ends == len(tail) - 4


def test_a_torn_tail_is_reported_with_file_line_and_offset(written: Written) -> None:
    lab, tail = written.lab, next_rows()
    lab.log_path.write_bytes(written.data + tail[:100])
    (found,) = (
        problem for problem in validate_log(lab.mission_log).problems if problem.offset is not None
    )
    assert (found.kind, found.file) == ("unusable_line", "status.events.jsonl")
    assert (found.line, found.offset) == (len(written.lines) + 1, len(written.data))
    place = f"status.events.jsonl:{len(written.lines) + 1} (byte {len(written.data)}): "
    assert str(found).startswith(place)


def backups(lab: Lab) -> list[bytes]:
    folder = lab.root / ".git" / "spec-kitty" / "backups"
    return [path.read_bytes() for path in folder.rglob("*") if path.is_file()]


def test_a_change_after_a_torn_tail_cuts_it_off_and_keeps_it_in_the_backups(
    written: Written, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tail = next_rows()
    first = len(tail.splitlines(keepends=True)[0])
    step = sized(97, 11)
    for end in sorted({*range(1, len(tail), step), first - 1, first, len(tail) - 1}):
        lab = written.lab.copy(tmp_path / str(end))
        found = written.data + tail[:end]
        lab.log_path.write_bytes(found)
        before = read_ids(lab.log)
        caplog.clear()
        event_id = lab.note("goes on")
        whole = 0 if end < first - 1 else first - 1 if end < len(tail) - 1 else len(tail) - 1
        torn = tail[:end][whole:].removeprefix(b"\n")
        # A whole row without its line end is a row; half of one is none, and nobody was told of it.
        kept = found[: len(found) - len(torn)]
        added = lab.bytes()[len(kept) :]
        assert lab.bytes().startswith(kept), end
        assert ids([added]) == [event_id]
        assert added.startswith(b"\n") != kept.endswith(b"\n"), end
        assert read_ids(lab.log) == [*before, event_id]
        assert lab.log.problems == ()
        assert backups(lab) == ([torn] if torn else [])
        assert len(caplog.messages) == bool(torn), end
        assert uncommitted(lab) == ""


def test_a_change_without_rows_commits_no_torn_tail_either(written: Written) -> None:
    lab = written.lab
    lab.log_path.write_bytes(written.data + next_rows()[:100])
    with MissionStatus.change(lab.mission_log, message="A file") as change:
        change.include(lab.directory / "spec.md", b"# Changed\n")
    assert lab.bytes() == written.data
    assert uncommitted(lab) == ""


def test_a_change_after_what_may_hold_a_row_keeps_every_byte_and_starts_on_a_new_line(
    written: Written, tmp_path: Path
) -> None:
    tails = [b"no row at all", b'{"event_id": "torn{"event_id": "01KQ", "kind": "odd"}']
    for number, tail in enumerate(tails):
        lab = written.lab.copy(tmp_path / str(number))
        lab.log_path.write_bytes(written.data + tail)
        problems = lab.log.problems
        event_id = lab.note("goes on")
        assert lab.bytes().startswith(written.data + tail + b"\n")
        assert read_ids(lab.log)[-1] == event_id
        # The same line, and now that it has an end, it is no longer the file that ends in it.
        assert [(p.line, p.offset) for p in lab.log.problems] == [
            (p.line, p.offset) for p in problems
        ]
        assert uncommitted(lab) == ""


def test_a_torn_tail_that_is_committed_stays_where_it_is(written: Written) -> None:
    lab = written.lab
    lab.log_path.write_bytes(written.data + next_rows()[:100])
    lab.git("commit", "-q", "-a", "-m", "Half a row")
    lab.note("goes on")
    assert lab.bytes().startswith(written.data + next_rows()[:100] + b"\n")
    assert uncommitted(lab) == ""


def test_a_torn_tail_of_a_long_log_is_reported_and_gone_after_the_next_change(
    written: Written,
) -> None:
    lab, tail = written.lab, next_rows()
    lab.lengthen()
    good, rows = lab.bytes(), ids(lab.bytes().splitlines())
    lab.log_path.write_bytes(good + tail[:100])
    status = MissionStatus.load(lab.mission_log)
    # A long log is folded in another way than it is read with its rows.
    for problems in (status.problems, status.log.problems):
        assert [(p.line, p.offset) for p in problems] == [(len(rows) + 1, len(good))]
    for grown in (1, 2):
        lab.note("goes on")
        status = MissionStatus.load(lab.mission_log)
        assert status.problems == status.log.problems == ()
        assert read_ids(status.log)[: len(rows)] == rows
        assert len(read_ids(lab.log)) == len(rows) + grown
        assert lab.bytes().startswith(good)


@pytest.mark.parametrize("lengthen", [False, True], ids=["short log", "long log"])
def test_rows_that_git_brought_or_took_away_count_at_once(written: Written, lengthen: bool) -> None:
    lab = written.lab
    if lengthen:
        lab.lengthen()
    good, before = lab.bytes(), lab.board
    for _ in range(2):
        lab.log_path.write_bytes(good + next_rows())
        assert [lab.board.lane(wp) for wp in ("WP01", "WP02")] == [Lane.CANCELED, Lane.CANCELED]
        lab.log_path.write_bytes(good)
        assert lab.board == before


def test_a_cut_into_committed_rows_is_refused_and_nothing_is_written(
    written: Written, tmp_path: Path
) -> None:
    from specify_cli.status.lost_rows import LogRowsLost

    size = len(written.data)
    for number, end in enumerate((0, 1, len(written.lines[0]), size // 2, size - 2)):
        lab = written.lab.copy(tmp_path / str(number))
        lab.log_path.write_bytes(written.data[:end])
        with pytest.raises(LogRowsLost) as refused:
            lab.note("goes on")
        assert refused.value.fix.startswith("spec-kitty agent status doctor --fix ")
        assert f"line {written.data[:end].count(LF) + 1}" in refused.value.message
        assert lab.bytes() == written.data[:end]


def test_a_flipped_bit_costs_at_most_the_rows_it_touches_and_is_never_passed_over(
    written: Written,
) -> None:
    path, lines = written.lab.log_path, written.lines
    for number in range(len(lines)):
        begins = sum(map(len, lines[:number]))
        # Every bit of every byte; in short, one bit of every other byte, another one each time.
        bits = [
            (place, bit)
            for place in range(0, len(lines[number]), 1 if FULL else 2)
            for bit in (range(8) if FULL else (place // 2 % 8,))
        ]
        for place, bit in bits:
            data = bytearray(written.data)
            data[begins + place] ^= 1 << bit
            path.write_bytes(data)
            log = read_log(path)
            where = f"bit {bit} of byte {place} of line {number + 1}"
            # A lost line end takes the next row with it.
            touched = {number, number + 1} if place == len(lines[number]) - 1 else {number}
            untouched = [line for n, line in enumerate(lines) if n not in touched]
            found = read_ids(log)
            rest = iter(found)  # in their order, whatever the flipped row now calls itself
            assert all(event_id in rest for event_id in ids(untouched)), where
            assert len(found) + len(log.problems) >= len(untouched) + 1, where
            assert log.problems or len(found) == len(lines), f"a row is gone unnoticed: {where}"
            for problem in log.problems:
                assert begins <= problem.offset <= begins + place + 1, where
            assert path.read_bytes() == data


def test_garbage_between_rows_is_reported_line_by_line_and_every_row_is_read(
    written: Written,
) -> None:
    dice = random.Random(20261121)  # noqa: S311 - a shuffle, no secrets
    for _ in range(sized(30, 300)):
        lines: list[bytes] = []
        expected = []
        for row in written.lines:
            for garbage in dice.sample(GARBAGE, dice.randrange(4)):
                if lines or not garbage.startswith(BOM):
                    expected.append((len(lines) + 1, sum(map(len, lines))))
                    lines.append(garbage + dice.choice([b"\n", b"\r\n"]))
            lines += [b"  \r\n"] * dice.randrange(2)
            lines.append(row.rstrip(b"\n") + dice.choice([b"\n", b"\r\n"]))
        written.lab.log_path.write_bytes(b"".join(lines))
        log = read_log(written.lab.log_path)
        assert read_ids(log) == ids(written.lines)
        assert [(problem.line, problem.offset) for problem in log.problems] == expected


def test_a_byte_order_mark_line_ends_of_windows_and_no_last_line_end_change_nothing(
    written: Written,
) -> None:
    board = written.lab.board
    data = BOM + written.data.replace(b"\n", b"\r\n").rstrip()
    written.lab.log_path.write_bytes(data)
    assert read_log(written.lab.log_path).problems == ()
    assert written.lab.board == board
    event_id = written.lab.note("goes on")
    assert written.lab.bytes().startswith(data + b"\n")
    assert read_ids(written.lab.log) == [*ids(written.lines), event_id]


def test_a_merge_conflict_in_the_log_shows_both_sides_and_survives_the_next_change(
    written: Written,
) -> None:
    mine, theirs = next_rows().splitlines(keepends=True)
    data = written.data + b"<<<<<<< HEAD\n" + mine + b"=======\n" + theirs + b">>>>>>> other\n"
    written.lab.log_path.write_bytes(data)
    board = written.lab.board
    assert [board.lane(wp) for wp in ("WP01", "WP02")] == [Lane.CANCELED, Lane.CANCELED]
    markers = [problem.line for problem in written.lab.log.problems]
    assert markers == [len(written.lines) + n for n in (1, 3, 5)]
    written.lab.note("goes on")
    assert written.lab.bytes().startswith(data)
    assert [problem.line for problem in written.lab.log.problems] == markers


@pytest.mark.parametrize("lengthen", [False, True], ids=["short log", "long log"])
def test_damage_to_a_row_that_was_read_before_is_noticed(written: Written, lengthen: bool) -> None:
    """Whatever is remembered about the log from earlier reads must not hide it."""
    lab = written.lab
    if lengthen:
        lab.lengthen()
    lab.note("remember")
    MissionStatus.load(lab.mission_log)
    data = bytearray(lab.bytes())
    begins = len(written.lines[0])
    data[begins] = ord("#")  # of the first lane change
    lab.log_path.write_bytes(data)
    status = MissionStatus.load(lab.mission_log)
    # The board may come from what is remembered, the rows never do.
    for problems in (status.problems, status.log.problems):
        assert {(problem.line, problem.offset) for problem in problems} == {(2, begins)}
    assert status.board == fold(read_log(lab.log_path))
    assert lab.bytes() == data


@pytest.mark.parametrize("lengthen", [False, True], ids=["short log", "long log"])
def test_validation_notices_damage_that_leaves_size_and_time_of_the_file_alone(
    written: Written, lengthen: bool
) -> None:
    lab = written.lab
    if lengthen:
        lab.lengthen()
    lab.note("remember")
    MissionStatus.load(lab.mission_log)
    times = lab.log_path.stat()
    data = bytearray(lab.bytes())
    data[len(written.lines[0])] = ord("#")
    lab.log_path.write_bytes(data)
    os.utime(lab.log_path, ns=(times.st_atime_ns, times.st_mtime_ns))
    report = validate_log(lab.mission_log)
    assert [p.line for p in report.problems if p.kind == "unusable_line"] == [2]


def test_reading_a_damaged_mission_writes_nothing(written: Written) -> None:
    lab = written.lab
    lab.log_path.write_bytes(written.data + b"\0\0\0")
    (lab.directory / "status.json").write_bytes(b"{")
    before = {path: path.read_bytes() for path in lab.directory.rglob("*") if path.is_file()}
    MissionStatus.load(lab.mission_log)
    validate_log(lab.mission_log)
    after = {path: path.read_bytes() for path in lab.directory.rglob("*") if path.is_file()}
    assert after == before
