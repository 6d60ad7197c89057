"""Whatever fails while a change is written, everything is as it was; a crash is healed later."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.git.safe_commit import SafeCommitRefused, safe_commit
from specify_cli.kernel.files import Disk, WriteFailed
from specify_cli.status import transaction
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transaction import RollbackFailed
from specify_cli.status.transitions import TransitionRequest
from tests.unit.status.log_rows import text_of, transition

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from specify_cli.status.mission_status import StatusChange
    from tests.unit.status.conftest import Lab


class Faults(Disk):
    """Fails at the n-th primitive call, once or from then on."""

    def __init__(
        self, fail_at: int, error: BaseException, *, lasting: tuple[str, ...] = ()
    ) -> None:
        self.calls: list[str] = []
        self.fail_at = fail_at
        self.error = error
        self.lasting = lasting

    def write(self, descriptor: int, data: bytes) -> int:
        self._count("write")
        return super().write(descriptor, data)

    def fsync(self, descriptor: int) -> None:
        self._count("fsync")
        super().fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        self._count("rename")
        super().rename(source, target)

    def truncate(self, path: Path, size: int) -> None:
        self._count("truncate")
        super().truncate(path, size)

    def _count(self, primitive: str) -> None:
        self.calls.append(primitive)
        reached = len(self.calls)
        if reached == self.fail_at or (reached > self.fail_at and primitive in self.lasting):
            raise self.error


def no_space() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def picture(lab: Lab) -> dict[str, Any]:
    """Everything that a failed change must leave as it was."""
    files = {
        str(path.relative_to(lab.root)): path.read_bytes() if path.is_file() else None
        for path in lab.root.rglob("*")
        if ".git" not in path.relative_to(lab.root).parts
    }
    state = lab.root / ".git" / "spec-kitty" / "locks"
    return {
        "files": files,
        "head": lab.git("rev-parse", "HEAD"),
        "index": lab.git("ls-files", "--stage"),
        "status": lab.git("status", "--porcelain", "--untracked-files=all"),
        "marker": {
            path.name: json.loads(path.read_bytes())["files"] for path in state.glob("*.pending")
        },
    }


def a_full_change(lab: Lab, change: StatusChange) -> None:
    """Ask for a bit of everything: rows, a new file in a new folder, a changed and a deleted one."""
    change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
    change.transition(TransitionRequest("WP01", Lane.IN_PROGRESS, "claude", workspace_context="a"))
    change.include(lab.mission_log.directory / "tasks" / "WP01" / "review-cycle-1.md", b"no\n")
    change.include(lab.mission_log.directory / "spec.md", b"# Changed\n")
    change.include(lab.mission_log.directory / "plan.md", None)


@pytest.fixture
def ready(lab: Lab) -> Lab:
    """A mission with a planned work package, a plan, and other work of the user going on."""
    lab.seed("WP01")
    (lab.mission_log.directory / "plan.md").write_text("# Plan\n", encoding="utf-8")
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "Plan")
    (lab.root / "README.md").write_text("changed\n", encoding="utf-8")
    (lab.root / "staged.txt").write_text("staged\n", encoding="utf-8")
    lab.git("add", "staged.txt")
    return lab


def count_calls(ready: Lab) -> int:
    """Return how many primitives a full change takes; it is taken back again."""
    before = ready.git("rev-parse", "HEAD")
    disk = Faults(0, no_space())
    with MissionStatus.change(ready.mission_log, message="Go", disk=disk) as change:
        a_full_change(ready, change)
    ready.git("reset", "-q", "--soft", before)
    ready.git("restore", "-q", "--staged", "--worktree", "kitty-specs")
    ready.git("clean", "-qfd", "kitty-specs")
    return len(disk.calls)


ERRORS: list[Callable[[], BaseException]] = [
    no_space,
    lambda: OSError(errno.EIO, os.strerror(errno.EIO)),
    KeyboardInterrupt,
]


@pytest.mark.parametrize("make_error", ERRORS)
def test_a_failure_at_any_primitive_leaves_everything_as_it_was(
    ready: Lab, make_error: Callable[[], BaseException]
) -> None:
    before = picture(ready)
    calls = count_calls(ready)
    assert picture(ready) == before
    assert calls >= 10
    for fail_at in range(1, calls + 1):
        disk = Faults(fail_at, make_error())
        with (
            pytest.raises((WriteFailed, KeyboardInterrupt)),
            MissionStatus.change(ready.mission_log, message="Go", disk=disk) as change,
        ):
            a_full_change(ready, change)
        assert picture(ready) == before, f"call {fail_at}: {disk.calls[-1]}"
    with MissionStatus.change(ready.mission_log, message="Go") as change:
        a_full_change(ready, change)
    assert MissionStatus.load(ready.mission_log).board.lane("WP01") is Lane.IN_PROGRESS


def test_a_disk_that_stays_full_loses_nothing(ready: Lab) -> None:
    before = picture(ready)
    for fail_at in range(1, count_calls(ready) + 1):
        disk = Faults(fail_at, no_space(), lasting=("write", "fsync"))
        with pytest.raises(WriteFailed) as refused, MissionStatus.change(ready.mission_log, message="Go", disk=disk) as change:  # fmt: skip
            a_full_change(ready, change)
        assert refused.value.code == "WRITE_FAILED"
        assert refused.value.fix
        assert picture(ready) == before


def test_a_file_system_without_hard_links_is_put_back_too(
    ready: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pathlib import Path

    def unsupported(_self: Path, _target: Path) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(Path, "hardlink_to", unsupported)
    before = picture(ready)
    ready.git("config", "user.useConfigOnly", "true")
    (ready.root / ".git" / "index.lock").write_bytes(b"")
    with pytest.raises(SafeCommitRefused), MissionStatus.change(ready.mission_log, message="Go") as change:  # fmt: skip
        a_full_change(ready, change)
    (ready.root / ".git" / "index.lock").unlink()
    assert picture(ready) == before


def test_a_refused_commit_leaves_everything_as_it_was(ready: Lab) -> None:
    before = picture(ready)
    lock = ready.root / ".git" / "index.lock"
    lock.write_bytes(b"")
    with pytest.raises(SafeCommitRefused) as refused, MissionStatus.change(ready.mission_log, message="Go") as change:  # fmt: skip
        a_full_change(ready, change)
    lock.unlink()
    assert refused.value.code == "SAFE_COMMIT_INDEX_LOCKED"
    assert picture(ready) == before


def test_a_commit_refused_after_new_files_were_added_leaves_them_unstaged(
    ready: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = picture(ready)
    # Git adds the new file first and finds out only then that it cannot write the commit.
    monkeypatch.setenv("GIT_COMMITTER_NAME", "")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "")
    with pytest.raises(SafeCommitRefused), MissionStatus.change(ready.mission_log, message="Go") as change:  # fmt: skip
        a_full_change(ready, change)
    monkeypatch.setenv("GIT_COMMITTER_NAME", "Test Author")
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "author@example.invalid")
    assert picture(ready) == before


def test_an_interrupt_after_the_commit_does_not_take_history_back(
    ready: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> None:
        safe_commit(*args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(transaction, "safe_commit", interrupted)
    with pytest.raises(KeyboardInterrupt), MissionStatus.change(ready.mission_log, message="Go") as change:  # fmt: skip
        a_full_change(ready, change)
    assert MissionStatus.load(ready.mission_log).board.lane("WP01") is Lane.IN_PROGRESS
    assert ready.git("status", "--porcelain", "--", "kitty-specs") == ""


def test_an_interrupt_after_a_commit_of_files_only_does_not_take_them_back(
    ready: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any, **options: Any) -> None:
        safe_commit(*args, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(transaction, "safe_commit", interrupted)
    with pytest.raises(KeyboardInterrupt), MissionStatus.change(ready.mission_log, message="Go") as change:  # fmt: skip
        change.include(ready.mission_log.directory / "plan.md", None)
    assert not (ready.mission_log.directory / "plan.md").exists()
    assert ready.git("status", "--porcelain", "--", "kitty-specs") == ""


def test_a_refused_commit_of_files_only_is_taken_back(ready: Lab) -> None:
    before = picture(ready)
    (ready.root / ".git" / "index.lock").write_bytes(b"")
    with pytest.raises(SafeCommitRefused), MissionStatus.change(ready.mission_log, message="Go") as change:  # fmt: skip
        change.include(ready.mission_log.directory / "spec.md", b"# Other\n")
    (ready.root / ".git" / "index.lock").unlink()
    assert picture(ready) == before


def test_when_putting_back_fails_too_the_user_is_told_and_the_next_change_completes_it(
    ready: Lab,
) -> None:
    class Dying(Faults):
        def truncate(self, path: Path, size: int) -> None:
            raise no_space()

    (ready.root / ".git" / "index.lock").write_bytes(b"")
    with pytest.raises(RollbackFailed) as refused, MissionStatus.change(ready.mission_log, message="Go", disk=Dying(0, no_space())) as change:  # fmt: skip
        a_full_change(ready, change)
    assert refused.value.code == "ROLLBACK_FAILED"
    (ready.root / ".git" / "index.lock").unlink()
    with MissionStatus.change(ready.mission_log, message="Heal"):
        pass
    assert MissionStatus.load(ready.mission_log).board.lane("WP01") is Lane.IN_PROGRESS
    assert ready.git("status", "--porcelain", "--", "kitty-specs") == ""


def test_a_folder_in_place_of_a_file_is_an_error_and_nothing_changes(ready: Lab) -> None:
    (ready.mission_log.directory / "odd").mkdir()
    before = picture(ready)
    with pytest.raises(WriteFailed), MissionStatus.change(ready.mission_log, message="Go") as change:  # fmt: skip
        a_full_change(ready, change)
        change.include(ready.mission_log.directory / "odd", b"x")
    assert picture(ready) == before


class Killed(BaseException):
    """Stands for a process that is gone: nothing of ours runs after it."""


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that makes the next change end at a step as if the process was killed."""

    def at_step(step: str) -> None:
        def die(*_args: Any, **_options: Any) -> None:
            raise Killed

        # A dead process puts nothing back and takes no marker or scrap away.
        monkeypatch.setattr(transaction.Transaction, "_restore", lambda *_a, **_k: None)
        monkeypatch.setattr(transaction.Transaction, "_is_committed", lambda *_a: False)
        if step == "commit":
            monkeypatch.setattr(transaction, "safe_commit", die)
        else:
            real = transaction.Transaction._replace

            def replace(self: Any, path: Path, data: Any, **options: Any) -> None:
                if path.name == step:
                    raise Killed
                real(self, path, data, **options)

            monkeypatch.setattr(transaction.Transaction, "_replace", replace)

    return at_step


@pytest.mark.parametrize("step", ["commit", "status.json"])
def test_rows_of_a_crashed_change_are_committed_by_the_next_one(
    ready: Lab,
    crash: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    crash(step)
    with pytest.raises(Killed), MissionStatus.change(ready.mission_log, message="Go") as change:
        a_full_change(ready, change)
    monkeypatch.undo()
    assert ready.git("status", "--porcelain", "--", "kitty-specs") != ""
    with MissionStatus.change(ready.mission_log, message="Next") as change:
        # The rows are there: the same command finds its work done.
        assert change.board.lane("WP01") is Lane.IN_PROGRESS
        change.transition(TransitionRequest("WP01", Lane.BLOCKED, "claude"))
    assert ready.git("status", "--porcelain", "--", "kitty-specs") == ""
    assert json.loads(ready.status.read_bytes())["work_packages"]["WP01"]["lane"] == "blocked"
    shown = ready.git("show", "--format=", "--name-status", "HEAD")
    assert "tasks/WP01/review-cycle-1.md" in shown
    assert "D\tkitty-specs/todo-app-01KQ22DS/plan.md" in shown
    assert ready.git("status", "--porcelain") == "M README.md\nA  staged.txt"


def test_a_change_that_asks_for_nothing_heals_a_crashed_one(
    ready: Lab, crash: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    crash("commit")
    with pytest.raises(Killed), MissionStatus.change(ready.mission_log, message="Go") as change:
        a_full_change(ready, change)
    monkeypatch.undo()
    with MissionStatus.change(ready.mission_log, message="Again") as change:
        pass
    assert change.result.event_ids == ()
    assert change.result.commit == ready.git("rev-parse", "HEAD")
    assert ready.git("status", "--porcelain", "--", "kitty-specs") == ""
    assert not list((ready.root / ".git" / "spec-kitty" / "locks").glob("*.pending"))


def test_a_failed_change_after_a_crash_keeps_what_the_crashed_one_wrote(
    ready: Lab, crash: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    crash("commit")
    with pytest.raises(Killed), MissionStatus.change(ready.mission_log, message="Go") as change:
        a_full_change(ready, change)
    monkeypatch.undo()
    crashed = picture(ready)
    with pytest.raises(WriteFailed), MissionStatus.change(ready.mission_log, message="Next", disk=Faults(4, no_space())) as change:  # fmt: skip
        change.transition(TransitionRequest("WP01", Lane.BLOCKED, "claude"))
        change.include(ready.mission_log.directory / "other.md", b"other\n")
    assert picture(ready) == crashed
    with MissionStatus.change(ready.mission_log, message="Heal"):
        pass
    assert "review-cycle-1.md" in ready.git("show", "--format=", "--name-only", "HEAD")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"[]", b'["../../outside"]', b"[7]", b'["/etc/passwd"]']
)
def test_a_damaged_marker_still_heals_log_and_snapshot(ready: Lab, content: bytes) -> None:
    row = transition(5, "WP02", "genesis", "planned")
    ready.log.write_bytes(ready.log.read_bytes() + text_of(row))
    ready.mission_log.lock_path.with_suffix(".pending").write_bytes(content)
    with MissionStatus.change(ready.mission_log, message="Heal"):
        pass
    assert ready.git("status", "--porcelain", "--", "kitty-specs") == ""
    assert json.loads(ready.status.read_bytes())["work_packages"]["WP02"]["lane"] == "planned"


def test_scraps_of_a_crash_are_swept_by_the_next_change(ready: Lab) -> None:
    directory = ready.mission_log.directory
    scrap = directory / ".status.json.01KQ22DT0000000000000000A1.tmp"
    scrap.write_bytes(b"half")
    other = directory / ".mine.tmp"
    other.write_bytes(b"the user's")
    ready.mission_log.lock_path.with_suffix(".pending").write_bytes(b"[]")
    with MissionStatus.change(ready.mission_log, message="Heal"):
        pass
    assert not scrap.exists()
    assert other.exists()


def test_a_usual_change_costs_one_fsync(ready: Lab) -> None:
    disk = Faults(0, no_space())
    with MissionStatus.change(ready.mission_log, message="Go", disk=disk) as change:
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
        change.transition(
            TransitionRequest("WP01", Lane.IN_PROGRESS, "claude", workspace_context="a")
        )
    assert disk.calls.count("fsync") == 1
