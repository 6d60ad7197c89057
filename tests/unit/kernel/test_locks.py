"""One writer at a time, over processes and threads, and a dead one lets go."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.locks import LockTimeout, LockUnavailable, file_lock

if TYPE_CHECKING:
    from pathlib import Path

_HOLD = """
import sys, time
from pathlib import Path
from specify_cli.kernel.locks import file_lock
with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_lock_file_is_made_with_its_folder_and_stays_empty(tmp_path: Path) -> None:
    lock = tmp_path / "locks" / "a.lock"
    with file_lock(lock):
        pass
    assert lock.read_bytes() == b""


def test_a_second_holder_waits_until_the_first_lets_go(tmp_path: Path) -> None:
    lock, order = tmp_path / "a.lock", []

    def second() -> None:
        with file_lock(lock):
            order.append("second")

    with file_lock(lock):
        waiting = threading.Thread(target=second)
        waiting.start()
        time.sleep(0.1)
        order.append("first")
    waiting.join(5)
    assert order == ["first", "second"]


def test_a_holder_that_wants_the_lock_again_at_once_keeps_nobody_out(tmp_path: Path) -> None:
    lock, served = tmp_path / "a.lock", threading.Event()
    turns: list[str] = []

    def greedy() -> None:
        while not served.is_set() and len(turns) < 100:
            with file_lock(lock):
                turns.append("greedy")
                time.sleep(0.05)

    busy = threading.Thread(target=greedy)
    busy.start()
    try:
        for _ in range(3):
            before = len(turns)
            with file_lock(lock):
                # One who holds it, and one who became the next before this one.
                assert len(turns) - before <= 2
            time.sleep(0.12)
    finally:
        served.set()
        busy.join()


def test_waiting_ends_with_the_lock_and_the_time_waited(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with file_lock(lock), pytest.raises(LockTimeout) as refused, file_lock(lock, timeout=0.05):
        pass
    assert refused.value.code == "LOCK_TIMEOUT"
    assert refused.value.details == {"lock": "a.lock", "timeout_seconds": 0.05}


def test_the_lock_is_free_again_after_an_error_inside(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with pytest.raises(RuntimeError), file_lock(lock):
        raise RuntimeError
    with file_lock(lock, timeout=0):
        pass


def test_a_killed_process_frees_its_lock(tmp_path: Path) -> None:
    lock = tmp_path / "a.lock"
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockTimeout), file_lock(lock, timeout=0.05):
            pass
        holder.kill()
        holder.wait(10)
        with file_lock(lock, timeout=5):
            pass


def test_a_place_that_cannot_hold_a_lock_is_an_error_with_a_fix(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(LockUnavailable) as refused, file_lock(tmp_path / "file" / "a.lock"):
        pass
    assert refused.value.code == "LOCK_UNAVAILABLE"
    assert "writable" in refused.value.fix


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX primitive fails")
def test_a_file_system_without_locks_is_an_error_with_a_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def no_locks(_descriptor: int, _operation: int) -> None:
        raise OSError(37, os.strerror(37))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(LockUnavailable, match="No locks available"), file_lock(tmp_path / "a.lock"):
        pass
