"""Repairing a log: planned, backed up, proven, and never at the cost of a row."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import Disk
from specify_cli.status import mending
from specify_cli.status.board import fold
from specify_cli.status.idle_lines import IdleLine
from specify_cli.status.lanes import Lane
from specify_cli.status.lines import iter_rows
from specify_cli.status.log import read_log
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.repair import PlanOutdated, RepairUnproven, plan_repair, repair_log
from tests.unit.status.log_rows import annotation, text_of, transition, walk

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.status.log import Log
    from specify_cli.status.repair import Repaired
    from tests.unit.status.conftest import Lab

OURS = b"<<<<<<< HEAD\n"
BETWEEN = b"=======\n"
THEIRS = b">>>>>>> other branch\n"
TORN = b'{"actor": "claude", "at": "2026-11-21T07:1'


def plant(lab: Lab, *parts: bytes) -> bytes:
    lab.log.write_bytes(b"".join(parts))
    lab.git("add", "-A")
    lab.git("commit", "-qm", "Plant a log")
    return lab.log.read_bytes()


def fixed(lab: Lab) -> Repaired:
    return repair_log(lab.mission_log, plan_repair(lab.mission_log))


def rows(path: Path) -> list[object]:
    return [line.row for line in iter_rows(path) if line.row is not None]


def test_a_sound_mission_needs_no_repair_and_gets_none(lab: Lab) -> None:
    lab.seed("WP01")
    head = lab.git("rev-parse", "HEAD")
    plan = plan_repair(lab.mission_log)
    assert plan.steps == ()
    assert not repair_log(lab.mission_log, plan).applied
    assert lab.git("rev-parse", "HEAD") == head
    assert not (lab.mission_log.lock_path.parent.parent / "backups").exists()
    assert "nothing to repair" in plan.to_text()


def test_markers_of_a_merge_go_and_the_rows_of_both_sides_stay(lab: Lab) -> None:
    base = walk(1, "WP01", "genesis", "planned")
    mine = walk(2, "WP01", "planned", "claimed")
    other = walk(3, "WP02", "genesis", "planned", "blocked")
    plant(lab, text_of(*base), OURS, text_of(*mine), BETWEEN, text_of(*other), THEIRS)
    board = fold(read_log(lab.log))
    done = fixed(lab)
    assert lab.log.read_bytes() == text_of(*base, *mine, *other)
    assert fold(read_log(lab.log)) == board
    assert MissionStatus.load(lab.mission_log).board == board
    assert (done.applied, done.rows) == (True, 4)
    assert done.commit == lab.git("rev-parse", "HEAD")
    assert lab.git("status", "--porcelain") == ""
    assert plan_repair(lab.mission_log).steps == ()


def test_the_plan_says_what_why_and_where_before_anything_happens(lab: Lab) -> None:
    row = text_of(transition(1, "WP01", "genesis", "planned"))
    before = plant(lab, row, OURS, TORN)
    plan = plan_repair(lab.mission_log)
    assert [(step.kind, step.line, step.offset) for step in plan.steps] == [
        ("remove_line", 2, len(row)),
        ("remove_line", 3, len(row) + len(OURS)),
        ("write_snapshot", None, None),
        ("commit", None, None),
    ]
    assert all(step.what and step.why and step.file for step in plan.steps)
    text = plan.to_text()
    assert "status.events.jsonl:2" in text
    assert "<<<<<<< HEAD" in text
    assert "never acknowledged" in text
    assert lab.log.read_bytes() == before


def test_log_and_snapshot_are_kept_as_they_were_outside_of_git(lab: Lab) -> None:
    lab.seed("WP01")
    with lab.log.open("ab") as stream:
        stream.write(OURS + TORN)
    lab.status.write_bytes(b"{broken")
    before = lab.log.read_bytes()
    backup = fixed(lab).backup
    assert backup is not None
    assert (backup / lab.log.name).read_bytes() == before
    assert (backup / lab.status.name).read_bytes() == b"{broken"
    assert sorted(path.name for path in backup.iterdir()) == [lab.log.name, lab.status.name]
    assert backup.is_relative_to(lab.root / ".git" / "spec-kitty" / "backups")
    assert lab.git("status", "--porcelain") == ""


def test_lines_that_may_hold_a_row_are_kept_and_named(lab: Lab) -> None:
    good = text_of(transition(1, "WP01", "genesis", "planned"))
    odd = b'X{"half": "a row"}\n' + b'<<<<<<< {"event_id": "01KQ"}\n'
    unknown = text_of({"kind": "odd", "x": 1})
    plant(lab, good, odd, OURS, unknown)
    plan = plan_repair(lab.mission_log)
    assert [line.partition(" (")[0] for line in plan.kept] == ["line 2", "line 3"]
    repair_log(lab.mission_log, plan)
    assert lab.log.read_bytes() == good + odd + unknown
    assert "kept, since it may hold a row: line 2" in plan.to_text()


def test_repeated_rows_stay(lab: Lab) -> None:
    row = text_of(transition(1, "WP01", "genesis", "planned"))
    plant(lab, row, row, OURS)
    fixed(lab)
    assert lab.log.read_bytes() == row + row


def test_a_drifted_snapshot_is_written_anew_without_touching_the_log(lab: Lab) -> None:
    lab.seed("WP01")
    before = lab.log.read_bytes()
    lab.status.write_bytes(b"{}")
    assert [step.kind for step in plan_repair(lab.mission_log).steps] == [
        "write_snapshot",
        "commit",
    ]
    fixed(lab)
    assert json.loads(lab.status.read_bytes())["work_packages"]["WP01"]["lane"] == "planned"
    assert lab.log.read_bytes() == before


def test_what_an_interrupted_change_left_is_committed(lab: Lab) -> None:
    lab.seed("WP01")
    marker = lab.mission_log.lock_path.with_suffix(".pending")
    marker.write_text("[]", encoding="utf-8")
    with lab.log.open("ab") as stream:
        stream.write(text_of(*walk(9, "WP02", "genesis", "planned")))
    fixed(lab)
    assert lab.git("status", "--porcelain") == ""
    assert not marker.exists()
    assert MissionStatus.load(lab.mission_log).board.lane("WP02") is Lane.PLANNED


def test_a_left_marker_of_a_change_is_taken_away(lab: Lab) -> None:
    lab.seed("WP01")
    marker = lab.mission_log.lock_path.with_suffix(".pending")
    marker.write_text("[]", encoding="utf-8")
    assert [step.why for step in plan_repair(lab.mission_log).steps] == [
        "an interrupted change is completed"
    ]
    assert fixed(lab).commit is None
    assert not marker.exists()


def test_a_mission_goes_on_after_its_repair(lab: Lab) -> None:
    lab.seed("WP01", "WP02")
    MissionStatus.load(lab.mission_log)
    lines = lab.log.read_bytes().splitlines(keepends=True)
    plant(lab, lines[0], OURS, lines[1], TORN)
    MissionStatus.load(lab.mission_log)
    fixed(lab)
    lab.move("WP02", Lane.CLAIMED)
    board = MissionStatus.load(lab.mission_log).board
    assert board == fold(read_log(lab.log))
    assert (board.lane("WP01"), board.lane("WP02")) == (Lane.PLANNED, Lane.CLAIMED)
    assert plan_repair(lab.mission_log).steps == ()


def test_a_long_log_whose_fold_is_kept_is_read_anew_after_its_repair(lab: Lab) -> None:
    ways = ("planned", "blocked") * 500
    rows_of = [text_of(row) for row in walk(1, "WP01", "genesis", *ways)]
    plant(lab, *rows_of)
    MissionStatus.load(lab.mission_log)
    plant(lab, *rows_of[:400], OURS, *rows_of[400:], TORN)
    before = MissionStatus.load(lab.mission_log).board
    fixed(lab)
    assert MissionStatus.load(lab.mission_log).board == before == fold(read_log(lab.log))
    lab.move("WP01", Lane.DONE)
    assert MissionStatus.load(lab.mission_log).board == fold(read_log(lab.log))
    assert MissionStatus.load(lab.mission_log).board.lane("WP01") is Lane.DONE


def test_a_repair_that_would_lose_a_row_is_refused_and_writes_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = text_of(transition(1, "WP01", "genesis", "planned"))
    second = text_of(annotation(2, "WP01", {"note": "kept"}))
    before = plant(lab, first, second)
    wrong = (IdleLine("blank_line", 2, len(first), len(second), ""),)
    monkeypatch.setattr(mending, "idle_lines", lambda _: wrong)
    plan = plan_repair(lab.mission_log)
    head = lab.git("rev-parse", "HEAD")
    with pytest.raises(RepairUnproven) as caught:
        repair_log(lab.mission_log, plan)
    assert caught.value.code == "STATUS_REPAIR_UNPROVEN"
    assert "row 2" in caught.value.message
    assert lab.log.read_bytes() == before
    assert lab.git("rev-parse", "HEAD") == head
    assert lab.git("status", "--porcelain") == ""


def test_a_repair_that_would_change_the_board_is_refused(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = plant(lab, text_of(transition(1, "WP01", "genesis", "planned")), OURS)
    plan = plan_repair(lab.mission_log)

    def read_wrongly(path: Path) -> Log:
        log = read_log(path)
        return log._replace(transitions=()) if path.name.startswith("repaired.") else log

    monkeypatch.setattr("specify_cli.status.repair.read_log", read_wrongly)
    with pytest.raises(RepairUnproven, match="the board would not be the same"):
        repair_log(lab.mission_log, plan)
    assert lab.log.read_bytes() == before


def test_a_plan_that_no_longer_fits_is_not_carried_out(lab: Lab) -> None:
    lab.seed("WP01")
    with lab.log.open("ab") as stream:
        stream.write(OURS)
    plan = plan_repair(lab.mission_log)
    with lab.log.open("ab") as stream:
        stream.write(BETWEEN)
    before = lab.log.read_bytes()
    with pytest.raises(PlanOutdated):
        repair_log(lab.mission_log, plan)
    assert lab.log.read_bytes() == before


class FullDisk(Disk):
    """A disk that refuses the n-th rename."""

    def __init__(self, fails_at: int) -> None:
        self.left = fails_at

    def rename(self, source: Path, target: Path) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(28, "No space left on device")
        super().rename(source, target)


@pytest.mark.parametrize("fails_at", range(1, 8))
def test_a_disk_that_fails_on_the_way_leaves_everything_as_it_was(lab: Lab, fails_at: int) -> None:
    before = plant(lab, text_of(transition(1, "WP01", "genesis", "planned")), OURS, TORN)
    plan = plan_repair(lab.mission_log)
    head = lab.git("rev-parse", "HEAD")
    try:
        done = repair_log(lab.mission_log, plan, disk=FullDisk(fails_at))
    except SpecKittyError as error:
        assert error.code == "WRITE_FAILED"
        assert lab.log.read_bytes() == before
        assert lab.git("rev-parse", "HEAD") == head
        assert lab.git("status", "--porcelain") == ""
    else:
        assert fails_at >= 6
        assert done.commit is not None


@pytest.mark.parametrize("seed", range(25))
def test_no_usable_or_unknown_row_is_ever_dropped(lab: Lab, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311
    pieces = [
        *(text_of(row) for row in walk(1, "WP01", "genesis", "planned", "claimed", "in_progress")),
        text_of(annotation(8, "WP01", {"note": "x"})),
        text_of({"kind": "odd", "seed": seed}),
        OURS, BETWEEN, THEIRS, b"\n", b"\r\n", b"\0\0\n",
        b'{"half"\n', b'X{"half"}\n', b"garbage\n", OURS.strip() + b'{"event_id": "x"}\n', b"[]\n",
        b'{"torn": {"event_id": "inside"}\n',
    ]  # fmt: skip
    dice.shuffle(pieces)
    tail = dice.choice(
        [b"", TORN, b"{", text_of(transition(20, "WP02", "genesis", "planned"))[:-1]]
    )
    plant(lab, *pieces, tail)
    before, board = rows(lab.log), fold(read_log(lab.log))
    fixed(lab)
    assert rows(lab.log) == before
    assert fold(read_log(lab.log)) == board
    left = lab.log.read_bytes()
    for kept in (
        b'X{"half"}\n',
        b"garbage\n",
        b"[]\n",
        b'{"torn"',
        b'<<<<<<< HEAD{"event_id": "x"}',
    ):
        assert kept in left
