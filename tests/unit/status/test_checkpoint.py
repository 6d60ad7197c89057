"""A kept fold changes no answer: whatever becomes of it or of the log, the board is that of the log."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from specify_cli.kernel.files import Disk
from specify_cli.status import checkpoint as checkpoint_module
from specify_cli.status import digest as digest_module
from specify_cli.status import reading
from specify_cli.status.board import fold
from specify_cli.status.checkpoint import load_checkpoint
from specify_cli.status.digest import PrefixDigest
from specify_cli.status.lanes import Lane
from specify_cli.status.log import read_log, summary_of
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.reading import FoldedLog, fold_log
from specify_cli.status.transitions import TransitionRejected, TransitionRequest
from tests.unit.status.log_rows import (
    annotation,
    at,
    event_id,
    lifecycle,
    text_of,
    transition,
    walk,
)
from tests.unit.status.test_tally import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.status.conftest import Lab

pytestmark = pytest.mark.plants_rows

ROWS = [
    *walk(1, "WP01", "genesis", "planned", "claimed", "in_progress"),
    *walk(11, "WP02", "genesis", "planned", "blocked"),
    annotation(21, "WP01", {"note": "ü", "head_commit": "a" * 40}),
    lifecycle(22),
    transition(23, "WP03", "genesis", "planned", evidence={"repos": []}),
]
MORE = [
    transition(31, "WP01", "in_progress", "for_review"),
    annotation(32, "WP02", {"subtasks": {"T001": "done"}}),
]


class Reader:
    """Reads a log with a checkpoint beside it, and tells how much of the log was looked at."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "status.events.jsonl"
        self.kept = folder / "git" / "index" / "mission.json"
        self.log.write_bytes(text_of(*ROWS))

    def read(self) -> FoldedLog:
        """Read, and check everything against a plain read of the whole log."""
        found = fold_log(self.log, self.kept)
        log = read_log(self.log)
        assert plain(found.board()) == plain(fold(log))
        expected = summary_of(log, len(self.log.read_bytes().splitlines(keepends=True)))
        assert found.summary == expected
        assert found.log() == log
        return found

    def settle(self) -> None:
        """Let the checkpoint be older than any tick of the clock."""
        now = time.time_ns() + 10_000_000_000
        os.utime(self.kept, ns=(now, now))

    def append(self, *rows: dict[str, Any] | bytes) -> None:
        with self.log.open("ab") as stream:
            for row in rows:
                stream.write(row if isinstance(row, bytes) else text_of(row))


@pytest.fixture
def no_threshold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the fold of short logs too, and digest in blocks that such logs fill."""
    monkeypatch.setattr(reading, "SMALLEST_LOG", 1)
    monkeypatch.setattr(digest_module, "BLOCK_BYTES", 512)


@pytest.fixture
def reader(tmp_path: Path, no_threshold: None) -> Reader:
    """A log whose fold was kept, and may be believed."""
    made = Reader(tmp_path)
    made.read()
    made.settle()
    return made


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return a function that tells how logs were read since it was asked last."""
    seen: list[str] = []
    inside = reading._read

    def watched(path: Path, stream: Any, kept: Path | None, old: Any) -> FoldedLog:
        seen.append("log")
        return inside(path, stream, kept, old)

    monkeypatch.setattr(reading, "_read", watched)

    def told() -> list[str]:
        answer, seen[:] = list(seen), []
        return answer

    return told


def test_an_unchanged_log_is_not_read_again(reader: Reader, reads: Callable[[], list[str]]) -> None:
    reader.read()
    assert reads() == []


def test_a_short_log_is_read_without_keeping_anything(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.read()
    assert not reader.kept.exists()


def test_a_missing_log_is_an_empty_log(tmp_path: Path) -> None:
    found = fold_log(tmp_path / "none", tmp_path / "kept")
    assert (found.board().work_packages, found.log().size, found.problems) == ({}, 0, ())


def test_a_checkpoint_right_after_the_log_changed_is_not_believed_unseen(
    tmp_path: Path, no_threshold: None, reads: Callable[[], list[str]]
) -> None:
    reader = Reader(tmp_path)
    reader.read()
    reader.read()
    assert reads() == ["log", "log"]


def test_a_file_system_that_counts_in_seconds_is_given_seconds(
    tmp_path: Path, no_threshold: None, reads: Callable[[], list[str]]
) -> None:
    reader = Reader(tmp_path)
    whole = time.time_ns() // 1_000_000_000 * 1_000_000_000
    os.utime(reader.log, ns=(whole, whole))
    reader.read()
    for ahead, expected in ((1_000_000_000, ["log"]), (9_000_000_000, [])):
        os.utime(reader.kept, ns=(time.time_ns() + ahead,) * 2)
        reads()
        fold_log(reader.log, reader.kept)
        assert reads() == expected


def test_only_the_new_rows_of_a_log_that_grew_are_taken_in(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specify_cli.status import stream

    reader.append(*MORE)
    before = []
    inside = stream.fold_stream

    def watched(source: Any, tally: Any, summary: Any) -> Any:
        before.append(summary.size)
        return inside(source, tally, summary)

    monkeypatch.setattr(stream, "fold_stream", watched)
    reader.read()
    assert before == [len(text_of(*ROWS))]


def edit_in_place(reader: Reader) -> None:
    edited = reader.log.read_bytes().replace(b'"claude"', b'"CLAUDE"')
    with reader.log.open("r+b") as stream:
        stream.write(edited)


def edit_and_append(reader: Reader) -> None:
    edit_in_place(reader)
    reader.append(*MORE)


def edit_and_put_the_time_back(reader: Reader) -> None:
    stat = reader.log.stat()
    edit_in_place(reader)
    os.utime(reader.log, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def replace_by_another_of_the_same_size(reader: Reader) -> None:
    other = reader.log.with_name("other")
    other.write_bytes(reader.log.read_bytes().replace(b'"claude"', b'"CLAUDE"'))
    other.replace(reader.log)


def shorten(reader: Reader) -> None:
    reader.log.write_bytes(text_of(*ROWS[:3]))


def shorten_and_append(reader: Reader) -> None:
    reader.log.write_bytes(text_of(*ROWS[:3], *MORE, *MORE, *MORE, *MORE))


def empty(reader: Reader) -> None:
    reader.log.write_bytes(b"")


def append(reader: Reader) -> None:
    reader.append(*MORE)


def append_garbage(reader: Reader) -> None:
    reader.append(b"garbage\n", *MORE, b"\xff\n", b'{"kind": "weather"}\n')


def append_a_torn_row(reader: Reader) -> None:
    reader.append(*MORE, text_of(transition(33, "WP01", "for_review", "in_review"))[:40])


def append_an_earlier_row(reader: Reader) -> None:
    reader.append(transition(90, "WP01", "planned", "canceled", at=at(2.5)))


def append_an_earlier_note(reader: Reader) -> None:
    reader.append(annotation(90, "WP01", {"head_commit": "b" * 40}, at=at(1)))


def append_a_row_again(reader: Reader) -> None:
    reader.append({**ROWS[1], "at": at(50), "to_lane": "canceled"})


def append_a_smaller_id(reader: Reader) -> None:
    reader.append(transition(40, "WP01", "in_progress", "for_review", event_id=event_id(0)))


def touch(reader: Reader) -> None:
    os.utime(reader.log)


def merge_in_rows_before(reader: Reader) -> None:
    reader.log.write_bytes(text_of(*MORE, *ROWS))


LOG_CHANGES = [
    edit_in_place,
    edit_and_append,
    edit_and_put_the_time_back,
    replace_by_another_of_the_same_size,
    shorten,
    shorten_and_append,
    empty,
    append,
    append_garbage,
    append_a_torn_row,
    append_an_earlier_row,
    append_an_earlier_note,
    append_a_row_again,
    append_a_smaller_id,
    touch,
    merge_in_rows_before,
]


@pytest.mark.parametrize("change", LOG_CHANGES, ids=lambda change: change.__name__)
def test_whatever_becomes_of_the_log_its_board_is_told(
    reader: Reader, change: Callable[[Reader], None]
) -> None:
    change(reader)
    reader.read()
    reader.read()
    reader.append(transition(99, "WP03", "planned", "claimed"))
    reader.read()


def delete(kept: Path) -> None:
    kept.unlink()


def truncate(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes()[:-100])


def cut_to_nothing(kept: Path) -> None:
    kept.write_bytes(b"")


def tamper(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b'"in_progress"', b'"approved"'))


def other_format(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b'{"format": ', b'{"format": 9', 1))


def other_version(kept: Path) -> None:
    kept.write_bytes(kept.read_bytes().replace(b'"program": "', b'"program": "9', 1))


def other_shape(kept: Path) -> None:
    body = b'{"log": [1]}'
    kept.write_bytes(checkpoint_module._head(body) + b"\n" + body)


def not_json(kept: Path) -> None:
    kept.write_bytes(checkpoint_module._head(b"{") + b"\n{")


def folder_in_its_place(kept: Path) -> None:
    kept.unlink()
    kept.mkdir()


def of_another_mission(kept: Path) -> None:
    other = kept.parents[2] / "other"
    other.mkdir()
    (other / "log").write_bytes(text_of(*walk(1, "WP07", "genesis", "planned", "claimed")))
    kept.unlink()
    fold_log(other / "log", kept)
    os.utime(kept, ns=(time.time_ns() + 10_000_000_000,) * 2)


CHECKPOINT_CHANGES = [
    delete,
    truncate,
    cut_to_nothing,
    tamper,
    other_format,
    other_version,
    other_shape,
    not_json,
    folder_in_its_place,
    of_another_mission,
]


@pytest.mark.parametrize("change", CHECKPOINT_CHANGES, ids=lambda change: change.__name__)
@pytest.mark.parametrize("grown", [False, True], ids=["same", "grown"])
def test_whatever_becomes_of_the_checkpoint_the_board_is_that_of_the_log(
    reader: Reader, change: Callable[[Path], None], *, grown: bool
) -> None:
    change(reader.kept)
    if grown:
        reader.append(*MORE)
    reader.read()
    reader.read()


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_no_damaged_byte_of_a_checkpoint_is_believed(reader: Reader, data: st.DataObject) -> None:
    whole = reader.kept.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    bit = data.draw(st.integers(0, 7))
    damaged = bytearray(whole)
    damaged[place] ^= 1 << bit
    reader.kept.write_bytes(damaged)
    assert load_checkpoint(reader.kept) is None
    reader.kept.write_bytes(whole)


def test_an_older_checkpoint_of_the_same_log_is_as_good(reader: Reader) -> None:
    old = reader.kept.read_bytes()
    reader.append(*MORE)
    reader.read()
    reader.kept.write_bytes(old)
    reader.settle()
    reader.read()


def test_what_a_crash_left_of_a_checkpoint_goes_when_it_is_old(reader: Reader) -> None:
    old, new = (reader.kept.with_name(f".mission.json.{name}.tmp") for name in ("OLD", "NEW"))
    for scrap in (old, new):
        scrap.write_bytes(b"{")
    yesterday = time.time() - 86_400
    os.utime(old, (yesterday, yesterday))
    reader.append(*MORE)
    reader.read()
    assert not old.exists()
    assert new.exists()  # another reader may be writing it


@pytest.mark.parametrize("kind", ["a file", "read only"])
def test_a_folder_that_cannot_be_written_costs_the_checkpoint_only(
    tmp_path: Path, no_threshold: None, kind: str
) -> None:
    reader = Reader(tmp_path)
    reader.kept.parent.parent.mkdir()
    if kind == "a file":
        reader.kept.parent.write_bytes(b"")
    else:
        reader.kept = reader.kept.parent / ("x" * 300) / "too-long-a-name.json"
    reader.read()
    assert not reader.kept.exists() if kind == "a file" else True


def test_a_log_that_changes_while_it_is_read_is_not_kept(
    tmp_path: Path, no_threshold: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(tmp_path)
    real, calls = os.fstat, iter(range(99))

    def slow(descriptor: int) -> os.stat_result:
        if next(calls) == 2:  # opened, about to be read, read
            edit_in_place(reader)
        return real(descriptor)

    monkeypatch.setattr(os, "fstat", slow)
    fold_log(reader.log, reader.kept)
    monkeypatch.undo()
    assert not reader.kept.exists()


@settings(deadline=None, max_examples=100)
@given(st.binary(max_size=3000), st.integers(0, 3000))
def test_a_digest_that_is_continued_is_that_of_the_whole(data: bytes, cut: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(digest_module, "BLOCK_BYTES", 256)
        whole, first = PrefixDigest(), PrefixDigest()
        whole.update(data)
        first.update(data[:cut])
        prefix = first.prefix()
        rest = PrefixDigest(prefix)
        rest.update(data[prefix.size // 256 * 256 :])
        assert rest.prefix() == whole.prefix()
        assert (prefix == whole.prefix()) == (data[:cut] == data)


@pytest.fixture
def big(lab: Lab, no_threshold: None) -> Iterator[Lab]:
    """A mission whose log is long enough to be kept."""
    lab.seed("WP01", "WP02")
    MissionStatus.load(lab.mission_log)
    yield lab
    status = MissionStatus.load(lab.mission_log)
    assert plain(status.board) == plain(fold(read_log(lab.log)))


def settle(lab: Lab) -> None:
    os.utime(lab.mission_log.checkpoint_path, ns=(time.time_ns() + 10_000_000_000,) * 2)


def test_a_change_keeps_the_fold_of_what_it_appended(
    big: Lab, reads: Callable[[], list[str]]
) -> None:
    settle(big)
    with MissionStatus.change(big.mission_log) as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
        change.annotate("WP01", "claude", {"note": "x"})
        assert change.board.lane("WP01") is Lane.CLAIMED
        assert len(change.log.transitions) == 3
        assert [row.to_lane for row in change.moved] == [Lane.CLAIMED]
    assert len(change.log.annotations) == 1
    settle(big)
    status = MissionStatus.load(big.mission_log)
    assert reads() == []
    assert status.folded.summary == summary_of(read_log(big.log), 4)
    assert status.board.work_packages["WP01"].remarks == ("x",)
    assert len(status.log.transitions) == 3


def test_a_change_that_fails_leaves_a_checkpoint_that_is_true(big: Lab) -> None:
    settle(big)
    with pytest.raises(TransitionRejected), MissionStatus.change(big.mission_log) as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
        change.transition(TransitionRequest("WP01", Lane.DONE, "claude"))


def test_rows_that_another_program_appends_are_seen_by_a_change(big: Lab) -> None:
    settle(big)
    row = transition(1, "WP02", "planned", "claimed", at="2036-01-01T00:00:00+00:00")
    with big.log.open("ab") as stream:
        stream.write(text_of({**row, "event_id": "7ZZZZZZZZZ0000000000000000"}))
    with MissionStatus.change(big.mission_log) as change:
        assert change.board.lane("WP02") is Lane.CLAIMED
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
    assert json.loads(big.log.read_bytes().splitlines()[-1])["at"] > "2036"


def test_a_log_edited_between_reading_and_appending_is_not_kept(big: Lab) -> None:
    settle(big)
    before = big.mission_log.checkpoint_path.read_bytes()
    with MissionStatus.change(big.mission_log) as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
        data = big.log.read_bytes()
        big.log.write_bytes(data.replace(b'"planner"', b'"PLANNER"', 1))
    assert big.mission_log.checkpoint_path.read_bytes() == before


def test_a_log_put_back_by_git_is_read_again(big: Lab) -> None:
    with MissionStatus.change(big.mission_log) as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
    settle(big)
    big.git("checkout", "-q", "HEAD~1", "--", ".")
    assert MissionStatus.load(big.mission_log).board.lane("WP01") is Lane.PLANNED
    big.git("checkout", "-q", "HEAD", "--", ".")
    assert MissionStatus.load(big.mission_log).board.lane("WP01") is Lane.CLAIMED


def test_a_checkpoint_that_cannot_be_written_does_not_stop_a_change(big: Lab) -> None:
    class NoIndex(Disk):
        def rename(self, source: Path, target: Path) -> None:
            if target.parent.name == "index":
                raise OSError(28, "No space left on device")
            super().rename(source, target)

    settle(big)
    with MissionStatus.change(big.mission_log, disk=NoIndex()) as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
    assert change.result.commit == big.git("rev-parse", "HEAD")


def test_a_change_of_a_long_log_reads_no_more_of_it_than_one_block(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [transition(n, f"WP{n % 99:02d}", "planned", "claimed") for n in range(1, 8001)]
    lab.log.write_bytes(text_of(*rows))
    lab.git("add", "-A")
    lab.git("commit", "-qm", "A long story")
    MissionStatus.load(lab.mission_log)
    settle(lab)
    read = 0
    inside = Path.open

    class Watched(io.BufferedReader):
        def read(self, size: int | None = -1, /) -> bytes:
            nonlocal read
            data = super().read(size)
            read += len(data)
            return data

        def readline(self, size: int | None = -1, /) -> bytes:
            nonlocal read
            data = super().readline(size)
            read += len(data)
            return data

    def watched(path: Path, *given: Any, **named: Any) -> Any:
        stream = inside(path, *given, **named)
        return Watched(stream.detach()) if path == lab.log and given == ("rb",) else stream

    monkeypatch.setattr(Path, "open", watched)
    with MissionStatus.change(lab.mission_log) as change:
        change.transition(TransitionRequest("WP01", Lane.BLOCKED, "claude"))
    size = lab.log.stat().st_size
    assert size > 2_500_000
    # One byte to see how the log ends, the block that the prefix ends in, the new row.
    assert 0 < read < digest_module.BLOCK_BYTES + 2_000
    settle(lab)
    read = 0
    assert MissionStatus.load(lab.mission_log).board.lane("WP01") is Lane.BLOCKED
    assert read == 0
