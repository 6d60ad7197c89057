"""Committed rows that are gone or changed: nothing goes on, and the doctor puts them back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.git import process
from specify_cli.status import lost_rows
from specify_cli.status.checkpoint import SMALLEST_LOG
from specify_cli.status.doctor import examine_log
from specify_cli.status.lost_rows import LogRowsLost
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.repair import plan_repair, repair_log
from specify_cli.status.validate import validate_log
from tests.unit.status.log_rows import annotation, text_of, walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from specify_cli.status.mission_log import MissionLog
    from tests.unit.status.conftest import Lab

SLUG = "todo-app-01KQ22DS"


@pytest.fixture
def noted(lab: Lab) -> Lab:
    """A mission with eleven committed rows."""
    lab.seed("WP01")
    for number in range(10):
        note(lab, f"note {number}")
    return lab


def note(lab: Lab, text: str) -> str:
    with MissionStatus.change(lab.mission_log, message="Note") as change:
        return change.annotate("WP01", "claude", {"note": text})


def broken(line: bytes) -> bytes:
    return b"X" + line


def garbled(line: bytes) -> bytes:
    return b"#" * (len(line) - 1) + b"\n"


def cut(line: bytes) -> bytes:
    return line[: len(line) // 2] + b"\n"


def reworded(line: bytes) -> bytes:
    return line.replace(b"note ", b"lie  ")


def gone(_line: bytes) -> bytes:
    return b""


DAMAGES: list[Callable[[bytes], bytes]] = [broken, garbled, cut, reworded, gone]


@pytest.mark.parametrize("number", [2, 6, 11])
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("fresh", [False, True], ids=["known", "fresh clone"])
def test_a_changed_row_is_not_committed_away_and_comes_back_with_every_good_row_kept(
    noted: Lab, damage: Callable[[bytes], bytes], number: int, fresh: bool
) -> None:
    whole = noted.log.read_bytes()
    lines = whole.splitlines(keepends=True)
    lines[number - 1] = damage(lines[number - 1])
    good = text_of(annotation(90, "WP01", {"note": "not committed"}))
    damaged = b"".join(lines) + good
    noted.log.write_bytes(damaged)
    if fresh:
        for record in noted.mission_log.lock_path.parent.glob("*.left"):
            record.unlink()
    head = noted.git("rev-parse", "HEAD")
    with pytest.raises(LogRowsLost, match=f"line {number} of the committed") as refused:
        note(noted, "goes on")
    assert refused.value.details["lines"] == [number]
    assert refused.value.fix == f"spec-kitty agent status doctor --fix --mission {SLUG}"
    assert (noted.log.read_bytes(), noted.git("rev-parse", "HEAD")) == (damaged, head)
    (finding,) = (f for f in examine_log(noted.mission_log) if f.kind == "committed_rows_missing")
    assert finding.fix == refused.value.fix
    done = repair_log(noted.mission_log, plan_repair(noted.mission_log))
    assert noted.log.read_bytes() == whole + good
    assert done.backup is not None
    assert (done.backup / noted.log.name).read_bytes() == damaged
    assert noted.git("status", "--porcelain") == ""
    assert examine_log(noted.mission_log) == ()
    note(noted, "goes on")


def test_a_row_that_shares_its_damaged_line_with_a_committed_one_is_not_dropped(noted: Lab) -> None:
    whole = noted.log.read_bytes()
    good = text_of(annotation(90, "WP01", {"note": "not committed"}))
    noted.log.write_bytes(whole.rstrip(b"\n") + good)
    plan = plan_repair(noted.mission_log)
    assert [step.kind for step in plan.steps][:1] == ["restore_line"]
    repair_log(noted.mission_log, plan)
    assert good.strip() in noted.log.read_bytes()
    assert whole.splitlines()[-1] in noted.log.read_bytes().splitlines()


def test_a_log_that_was_deleted_comes_back(noted: Lab) -> None:
    whole = noted.log.read_bytes()
    noted.log.unlink()
    with pytest.raises(LogRowsLost, match="11 lines"):
        note(noted, "goes on")
    repair_log(noted.mission_log, plan_repair(noted.mission_log))
    assert noted.log.read_bytes() == whole


def test_a_repair_that_would_lose_a_row_beside_the_restored_ones_is_refused(
    noted: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specify_cli.status.mending import Mended, mend
    from specify_cli.status.repair import RepairUnproven

    lines = noted.log.read_bytes().splitlines(keepends=True)
    damaged = b"".join([*lines[:3], b"X" + lines[3], *lines[4:]])
    noted.log.write_bytes(damaged)

    def mend_badly(mission_log: MissionLog, **options: Any) -> Mended:
        found = mend(mission_log, **options)
        return found._replace(data=found.data.replace(lines[7], b""))

    monkeypatch.setattr("specify_cli.status.repair.mend", mend_badly)
    with pytest.raises(RepairUnproven, match="line 8 would be missing"):
        repair_log(noted.mission_log, plan_repair(noted.mission_log))
    assert noted.log.read_bytes() == damaged


def appended(lab: Lab) -> None:
    with lab.log.open("ab") as stream:
        stream.write(text_of(annotation(80, "WP01", {"note": "of another program"})))


def appended_and_committed(lab: Lab) -> None:
    appended(lab)
    lab.git("commit", "-q", "-a", "-m", "Another program")


def merged_by_git(lab: Lab) -> None:
    (lab.root / ".git" / "info" / "attributes").write_text(
        "*.jsonl merge=union\n", encoding="utf-8"
    )
    lab.git("switch", "-q", "-c", "other")
    appended_and_committed(lab)
    lab.git("switch", "-q", "-")
    note(lab, "ours")
    lab.git("checkout", "-q", "HEAD", "--", ".")
    lab.git("merge", "-q", "-X", "ours", "other")
    assert b"of another program" in lab.log.read_bytes()


def sorted_anew(lab: Lab) -> None:
    lines = lab.log.read_bytes().splitlines(keepends=True)
    lab.log.write_bytes(b"".join([*lines[:4], lines[5], lines[4], *lines[6:]]))


def with_other_line_ends(lab: Lab) -> None:
    lab.log.write_bytes(b"\xef\xbb\xbf" + lab.log.read_bytes().replace(b"\n", b"\r\n"))


def without_the_last_line_end(lab: Lab) -> None:
    lab.log.write_bytes(lab.log.read_bytes().rstrip(b"\n"))


def an_older_commit(lab: Lab) -> None:
    lab.git("reset", "-q", "--hard", "HEAD~3")


@pytest.mark.parametrize(
    "happens",
    [
        appended,
        appended_and_committed,
        merged_by_git,
        sorted_anew,
        with_other_line_ends,
        without_the_last_line_end,
        an_older_commit,
    ],
)
def test_what_loses_no_row_is_no_reason_to_stop(noted: Lab, happens: Callable[[Lab], None]) -> None:
    happens(noted)
    assert "committed_rows_missing" not in [f.kind for f in examine_log(noted.mission_log)]
    event_id = note(noted, "goes on")
    assert event_id.encode() in noted.log.read_bytes()
    assert noted.git("status", "--porcelain") == ""


def test_a_commit_that_moves_under_the_log_is_noticed(noted: Lab) -> None:
    """The file is as this program left it, but the branch has a row more than the file."""
    before = noted.log.read_bytes()
    appended_and_committed(noted)
    noted.log.write_bytes(before)
    with pytest.raises(LogRowsLost, match="line 12"):
        note(noted, "goes on")


@pytest.mark.parametrize("long", [False, True], ids=["short log", "long log"])
def test_usually_nothing_is_compared_with_git_however_long_the_log(
    noted: Lab, monkeypatch: pytest.MonkeyPatch, long: bool
) -> None:
    if long:
        rows = [text_of(row) for row in walk(100, "WP09", "genesis", *("planned", "blocked") * 500)]
        noted.log.write_bytes(noted.log.read_bytes() + b"".join(rows))
        noted.git("commit", "-q", "-a", "-m", "Long")
        assert noted.log.stat().st_size > SMALLEST_LOG
        # As if the commit had taken as long as it does for a log that is long indeed.
        monkeypatch.setattr("specify_cli.status.checkpoint._TICK_NS", 0)
    note(noted, "known now")
    started: list[str] = []
    monkeypatch.setattr(lost_rows, "try_git", lambda *a: started.append("git"))
    monkeypatch.setattr(lost_rows, "git_lines", lambda *a: started.append("git"))
    note(noted, "goes on")
    noted.git("commit", "-q", "--allow-empty", "-m", "Something else")
    assert started == []
    monkeypatch.setattr(lost_rows, "try_git", process.try_git)
    note(noted, "goes on")  # one small question: whether that commit changed the log
    assert started == []


def test_a_fragment_that_was_committed_is_taken_out_and_need_not_be_put_back(noted: Lab) -> None:
    whole = noted.log.read_bytes()
    lines = whole.splitlines(keepends=True)
    noted.log.write_bytes(b"".join([*lines[:5], lines[5][:50] + b"\n", *lines[5:]]))
    noted.git("commit", "-q", "-a", "-m", "A fragment of long ago")
    assert [p.line for p in validate_log(noted.mission_log).problems] == [6]
    damaged = noted.log.read_bytes()
    plan = plan_repair(noted.mission_log)
    assert plan.kept == ()
    done = repair_log(noted.mission_log, plan)
    assert noted.log.read_bytes() == whole
    assert done.backup is not None
    assert (done.backup / noted.log.name).read_bytes() == damaged
    assert examine_log(noted.mission_log) == ()
    noted.log.write_bytes(damaged)
    noted.git("commit", "-q", "-a", "-m", "Again")
    noted.log.write_bytes(whole)  # by hand
    note(noted, "goes on")
