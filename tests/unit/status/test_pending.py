"""What a crash left half done is taken back by whoever comes next, and nothing else is."""

from __future__ import annotations

import errno
import json
from typing import TYPE_CHECKING, NamedTuple

import pytest

from specify_cli.kernel.files import Disk
from specify_cli.kernel.locks import file_lock
from specify_cli.missions.mission import load_mission
from specify_cli.status import Lane, MissionStatus, TransitionRequest
from specify_cli.status.pending import (
    Pending,
    Replacement,
    backup_beside,
    digest_of,
    read_marker,
    take_back,
    take_back_if_crashed,
    way_back,
    write_marker,
)
from tests.crash.crash_lab import BRANCH, SLUG, Lab, make_lab, scraps, uncommitted

if TYPE_CHECKING:
    from pathlib import Path

ROW = b'{"event_id": "01KQ22E0000000000000000001"}\n'


def described(name: str) -> bytes:
    """A mission's metadata."""
    document = {
        "mission_slug": SLUG,
        "mission_type": "software-dev",
        "target_branch": BRANCH,
        "friendly_name": name,
        "topology": "lanes",
    }
    return json.dumps(document).encode()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    lab = make_lab(tmp_path / "project")
    lab.plan("WP01", "WP02")
    (lab.directory / "meta.json").write_bytes(described("Before"))
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "Describe")
    return lab


class Left(NamedTuple):
    """What a crashed change left: two files and a row, of which some are written."""

    marker: Path
    replaced: Path
    made: Path
    backup: Path


def crash(lab: Lab, *, rows: bytes = ROW + ROW, log: bytes = b"", name: str = "spec.md") -> Left:
    """Leave what a process leaves that dies after writing its files and `log` of its rows."""
    replaced, made = lab.directory / name, lab.directory / "tasks" / "review.md"
    backup = backup_beside(replaced, "01KQ22E0000000000000000009")
    marker = lab.mission_log.marker_path
    new = {replaced: described("Half"), made: b"fine\n"}
    size = len(lab.bytes())
    back = way_back(new, {replaced: backup}, lab.log_path, size, rows)
    write_marker(marker, lab.root, Pending((*new, lab.log_path), back), Disk())
    replaced.rename(backup)
    made.parent.mkdir(exist_ok=True)
    for path, data in new.items():
        path.write_bytes(data)
    with lab.log_path.open("ab") as stream:
        stream.write(log)
    return Left(marker, replaced, made, backup)


@pytest.mark.parametrize("written", [b"", ROW[:1], ROW, ROW + ROW[:-1]])
def test_whoever_reads_the_status_next_takes_half_a_change_back(lab: Lab, written: bytes) -> None:
    before, spec = lab.bytes(), (lab.directory / "spec.md").read_bytes()
    left = crash(lab, log=written)
    assert MissionStatus.load(lab.mission_log).board.lane("WP01") is Lane.PLANNED
    assert lab.bytes() == before
    assert left.replaced.read_bytes() == spec
    assert not left.made.exists()
    lab.note("next")
    assert (uncommitted(lab), scraps(lab)) == ("", [])


def test_a_mission_is_read_as_it_was_before_the_change_that_crashed(lab: Lab) -> None:
    crash(lab, name="meta.json")
    project = lab.mission_log  # its lock is called otherwise than that of a real mission
    real = project.lock_path.with_name(f"mission-{SLUG}.pending")
    project.marker_path.rename(real)
    assert load_mission(lab.root, SLUG).friendly_name == "Before"
    assert read_marker(real, lab.root) == Pending(
        (lab.directory / "meta.json", lab.log_path, lab.directory / "tasks" / "review.md"), None
    )


def test_a_change_with_all_its_rows_in_the_log_happened(lab: Lab) -> None:
    left = crash(lab, log=ROW + ROW)
    MissionStatus.load(lab.mission_log)
    assert lab.bytes().endswith(ROW + ROW)
    assert left.made.exists()
    lab.note("next")
    assert (uncommitted(lab), scraps(lab)) == ("", [])
    assert lab.git("show", f"HEAD:kitty-specs/{SLUG}/tasks/review.md") == "fine"


def test_rows_after_a_last_line_without_newline_are_recognised(lab: Lab) -> None:
    whole = lab.bytes()
    lab.log_path.write_bytes(whole.rstrip(b"\n"))
    crash(lab, log=b"\n" + ROW)
    MissionStatus.load(lab.mission_log)
    assert lab.bytes() == whole.rstrip(b"\n")


def test_what_the_user_changed_since_stays_as_it_is(lab: Lab) -> None:
    left = crash(lab)
    left.replaced.write_bytes(b"# Mine\n")
    left.made.write_bytes(b"mine\n")
    MissionStatus.load(lab.mission_log)
    assert (left.replaced.read_bytes(), left.made.read_bytes()) == (b"# Mine\n", b"mine\n")


def test_a_file_that_was_to_be_deleted_comes_back(lab: Lab) -> None:
    path = lab.directory / "plan.md"
    kept, backup = path.read_bytes(), backup_beside(path, "01KQ22E0000000000000000009")
    back = way_back({path: None}, {path: backup}, lab.log_path, len(lab.bytes()), ROW)
    write_marker(lab.mission_log.marker_path, lab.root, Pending((path,), back), Disk())
    path.rename(backup)
    MissionStatus.load(lab.mission_log)
    assert path.read_bytes() == kept


def test_rows_that_another_program_appended_since_are_never_cut_off(lab: Lab) -> None:
    foreign = b'{"event_id": "theirs"}\n'
    left = crash(lab, log=ROW + foreign)
    now = lab.bytes()
    MissionStatus.load(lab.mission_log)
    assert lab.bytes() == now
    assert left.made.exists()


def test_a_change_that_is_going_on_is_left_to_its_process(lab: Lab) -> None:
    left = crash(lab, log=ROW)
    now = lab.bytes()
    with file_lock(lab.mission_log.lock_path):
        MissionStatus.load(lab.mission_log)
        assert lab.bytes() == now
        assert left.made.exists()


class Locked(Disk):
    """A disk on which nothing can be replaced any more."""

    def rename(self, source: Path, target: Path) -> None:
        raise PermissionError(errno.EACCES, "Access is denied", str(target))


def test_a_reader_that_may_not_write_reads_on_and_the_next_takes_it_back(lab: Lab) -> None:
    left = crash(lab)
    log = lab.mission_log
    assert not take_back_if_crashed(log.lock_path, lab.root, Locked())
    assert left.backup.exists()
    assert take_back_if_crashed(log.lock_path, lab.root)
    assert not left.backup.exists()
    assert not left.made.exists()


def test_a_change_made_of_one_step_needs_no_way_back(lab: Lab) -> None:
    path = lab.directory / "spec.md"
    assert way_back({path: b"new"}, {}, lab.log_path, 0, b"") is None
    assert way_back({}, {}, lab.log_path, 0, b"") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"files": 3}',
        '{"files": ["../x"]}',
        '{"files": ["/etc/hosts"]}',
        '{"files": [], "rows": "", "log": "a", "size": 0, "replaced": [["../x", null, null]]}',
        '{"files": [], "rows": "", "log": "a", "size": 0, "replaced": [["x", "../y", null]]}',
        '{"files": [], "rows": 1, "log": "a", "size": 0, "replaced": []}',
    ],
)
def test_a_damaged_marker_leads_nowhere(lab: Lab, text: str) -> None:
    marker = lab.mission_log.marker_path
    marker.write_text(text, encoding="utf-8")
    before = lab.bytes()
    assert read_marker(marker, lab.root) == Pending((), None)
    assert not take_back(marker, lab.root, Disk())
    lab.note("next")
    assert lab.bytes().startswith(before)
    assert not marker.exists()


def test_rows_that_are_no_utf8_survive_the_marker(lab: Lab) -> None:
    marker = lab.mission_log.marker_path
    back = way_back({}, {}, lab.log_path, 7, b"caf\xe9\n\xff\n")
    write_marker(marker, lab.root, Pending((lab.log_path,), back), Disk())
    assert read_marker(marker, lab.root) == Pending((lab.log_path,), back)


def test_a_marker_says_how_each_file_is_put_back(lab: Lab) -> None:
    left = crash(lab)
    pending = read_marker(left.marker, lab.root)
    assert pending is not None
    assert pending.way_back is not None
    assert pending.way_back.replacements == (
        Replacement(left.replaced, left.backup, digest_of(left.replaced.read_bytes())),
        Replacement(left.made, None, digest_of(b"fine\n")),
    )


def test_a_failed_change_leaves_no_marker(lab: Lab) -> None:
    class Full(Disk):
        def fsync(self, descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with (
        pytest.raises(Exception, match="No space left"),
        MissionStatus.change(lab.mission_log, disk=Full()) as change,
    ):
        change.transition(TransitionRequest("WP01", Lane.CLAIMED, "claude"))
    assert scraps(lab) == []
