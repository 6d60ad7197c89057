"""A mission's lock, and the file systems of others: dead holders, no fsync, the rules of Windows."""

from __future__ import annotations

import errno
import json
import os
import signal
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.kernel.files import Disk, WriteFailed
from specify_cli.kernel.locks import LockTimeout
from specify_cli.status import Lane, MissionStatus
from tests.crash.crash_lab import Lab, assert_sound, make_lab, scraps, start_process, uncommitted
from tests.crash.workers import SHARED, change_and_list_opened, hold, step

if TYPE_CHECKING:
    from collections.abc import Iterator

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = make_lab(tmp_path / "project")
    lab.plan("WP01", SHARED)
    return lab


@pytest.fixture
def holder(lab: Lab, tmp_path: Path) -> Iterator[Any]:
    """A process that has the mission's lock."""
    ready = tmp_path / "ready"
    process = start_process(hold, str(lab.root), str(ready))
    deadline = time.monotonic() + 30
    while not ready.exists():
        assert process.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield process
    process.kill()
    process.join()


def take_step(lab: Lab, disk: Disk, *, timeout: float = 30.0) -> str:
    """Make a change that writes rows and another file."""
    with MissionStatus.change(
        lab.mission_log, message="Step", disk=disk, timeout=timeout
    ) as change:
        step(change, "claude", SHARED, Lane.PLANNED)
        change.include(lab.directory / "notes.md", b"a note\n")
    return change.result.event_ids[0]


def test_the_lock_of_a_live_process_ends_the_wait_with_a_clear_error(lab: Lab, holder: Any) -> None:
    before, started = lab.bytes(), time.monotonic()
    with pytest.raises(LockTimeout) as refused:
        take_step(lab, Disk(), timeout=0.3)
    assert 0.3 <= time.monotonic() - started < 5
    assert refused.value.code == "LOCK_TIMEOUT"
    assert "mission.lock for 0.3 s" in refused.value.message
    assert "Wait for the other command to end, or stop it" in refused.value.fix
    assert lab.bytes() == before
    assert uncommitted(lab) == ""
    # Reading takes no lock.
    assert lab.board.lane(SHARED) is Lane.PLANNED
    assert holder.is_alive()


@posix
def test_the_lock_of_a_stopped_process_is_still_its_own(lab: Lab, holder: Any) -> None:
    os.kill(holder.pid, signal.SIGSTOP)
    with pytest.raises(LockTimeout):
        take_step(lab, Disk(), timeout=0.2)
    os.kill(holder.pid, signal.SIGCONT)


def test_the_lock_of_a_dead_process_is_free_at_once(lab: Lab, holder: Any) -> None:
    holder.kill()
    holder.join()
    event_id = take_step(lab, Disk(), timeout=2)
    assert_sound(lab, [event_id])
    assert (uncommitted(lab), scraps(lab)) == ("", [])


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_fsync_is_written_to_all_the_same(lab: Lab, code: int) -> None:
    class NoFsync(Disk):
        calls = 0

        def fsync(self, descriptor: int) -> None:
            NoFsync.calls += 1
            raise OSError(code, os.strerror(code))

    event_id = take_step(lab, NoFsync())
    assert NoFsync.calls == 3  # the marker, the file, the log
    assert_sound(lab, [event_id])
    assert (lab.directory / "notes.md").read_bytes() == b"a note\n"
    assert (uncommitted(lab), scraps(lab)) == ("", [])


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_an_fsync_that_failed_is_never_taken_for_one_that_is_not_there(lab: Lab, code: int) -> None:
    class BadDisk(Disk):
        def fsync(self, descriptor: int) -> None:
            raise OSError(code, os.strerror(code))

    before = lab.bytes()
    with pytest.raises(WriteFailed):
        take_step(lab, BadDisk())
    assert lab.bytes() == before
    assert (uncommitted(lab), scraps(lab)) == ("", [])


def test_only_files_are_forced_to_the_disk_because_folders_cannot_be_everywhere(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, forced = os.fsync, []

    def fsync(descriptor: int) -> None:
        forced.append(stat.S_ISREG(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    take_step(lab, Disk())
    assert forced == [True, True, True]  # the marker, the file, the log


def test_nobody_opens_the_lock_file_a_second_time_while_it_is_locked(
    lab: Lab, tmp_path: Path
) -> None:
    """On Windows the lock is mandatory: whoever reads it through another handle is refused."""
    report = tmp_path / "opened.json"
    process = start_process(change_and_list_opened, str(lab.root), str(report))
    process.join(60)
    assert process.exitcode == 0
    opened = [(Path(name), flags) for name, flags in json.loads(report.read_bytes())]
    locks = [(path.name, flags) for path, flags in opened if path.suffix == ".lock"]
    assert sorted(name for name, _ in locks) == ["commit.lock", "mission.lock"]
    assert all(flags & os.O_RDWR for _, flags in locks)
    # The list is complete: the log itself is on it, and is no lock.
    assert any(path.name == "status.events.jsonl" for path, _ in opened)


def test_a_lock_file_that_cannot_be_read_is_taken_all_the_same(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mandatory locks, played: reading a lock file fails, opening it to lock it does not."""
    real = Path.open

    def mandatory(path: Path, *args: Any, **options: Any) -> Any:
        if path.suffix == ".lock":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return real(path, *args, **options)

    monkeypatch.setattr(Path, "open", mandatory)
    event_id = take_step(lab, Disk())
    assert_sound(lab, [event_id])


def contents(lab: Lab) -> dict[str, bytes]:
    """Return every file of the mission's folder."""
    return {path.name: path.read_bytes() for path in lab.directory.iterdir()}


class BusyTarget(Disk):
    """Refuses to rename over a file a number of times, as Windows does while somebody reads it."""

    def __init__(self, name: str, times: int) -> None:
        self.name = name
        self.times = times

    def rename(self, source: Path, target: Path) -> None:
        if target.name == self.name and self.times:
            self.times -= 1
            raise PermissionError(errno.EACCES, "Access is denied", str(target))
        super().rename(source, target)


@pytest.mark.parametrize("name", ["status.json", "notes.md", "mission.pending"])
def test_a_file_that_is_being_read_is_replaced_as_soon_as_it_is_free(lab: Lab, name: str) -> None:
    disk = BusyTarget(name, 3)
    event_id = take_step(lab, disk)
    assert disk.times == 0
    assert_sound(lab, [event_id])
    assert (uncommitted(lab), scraps(lab)) == ("", [])


@pytest.mark.parametrize("name", ["status.json", "notes.md", "mission.pending"])
def test_a_file_that_stays_busy_is_reported_and_everything_is_as_it_was(
    lab: Lab, name: str
) -> None:
    (lab.directory / "notes.md").write_bytes(b"an older note\n")
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "Add a note")
    before = contents(lab)
    with pytest.raises(WriteFailed) as refused:
        take_step(lab, BusyTarget(name, 1000))
    assert f"{name} could not be written: Access is denied" in refused.value.message
    assert "Nothing was changed" in refused.value.message
    assert refused.value.fix
    assert contents(lab) == before
    assert (uncommitted(lab), scraps(lab)) == ("", [])
    event_id = take_step(lab, Disk())
    assert_sound(lab, [event_id])
    assert (uncommitted(lab), scraps(lab)) == ("", [])
