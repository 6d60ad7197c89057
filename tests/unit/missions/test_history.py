"""Everything about one work package, and notes in its file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.files import ReadFailed
from specify_cli.missions.activity_log import with_entry
from specify_cli.missions.history import (
    HistoryEntry,
    InvalidLimit,
    InvalidNote,
    WorkPackageFileEdited,
    add_history,
    work_package_history,
)
from specify_cli.missions.work_packages import WorkPackageNotFound, find_work_package
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.status.log_rows import annotation, text_of, transition

if TYPE_CHECKING:
    from pathlib import Path

FILE = "kitty-specs/{slug}/tasks/WP01-part.md"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    root = fresh_repository(tmp_path_factory.mktemp("history") / "project")
    return make_project(root, {1: (), 2: ()})


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def note(work: MissionAtWork, text: str, actor: str = "ada") -> HistoryEntry:
    return add_history(work.project, work.mission, "wp1", actor=actor, note=text)


def test_a_note_is_a_line_of_the_file_and_a_row_of_the_log_in_one_commit(
    work: MissionAtWork,
) -> None:
    before = work.tip("HEAD")
    entry = note(work, "Tests pass\non Windows too")
    assert re.fullmatch("hist-[0-9a-f]{32}", entry.id)
    assert work.tip("HEAD^") == before
    assert entry.commit == work.tip("HEAD")
    assert git(work.root, "log", "-1", "--format=%s").startswith("hist: ")
    changed = git(work.root, "show", "--name-only", "--format=", "HEAD").splitlines()
    assert {name.rpartition("/")[2] for name in changed} >= {"WP01-part.md", "status.events.jsonl"}
    text = find_work_package(work.mission, "WP01").path.read_text(encoding="utf-8")
    assert text.endswith(f"## Activity Log\n\n- {entry.at} ada: Tests pass\n    on Windows too\n")
    row = work.rows()[-1]
    assert row["delta"] == {"note": "Tests pass\non Windows too", "history_entry_id": entry.id}
    assert entry.event_id == row["event_id"]
    assert work.clean()


def test_a_file_with_edits_of_its_user_is_left_alone(work: MissionAtWork) -> None:
    path = find_work_package(work.mission, "WP01").path
    edited = path.read_bytes() + b"\nMine, and not finished.\n"
    path.write_bytes(edited)
    before = work.tip("HEAD")
    with pytest.raises(WorkPackageFileEdited) as refused:
        note(work, "Tests pass")
    assert refused.value.code == "WP_FILE_UNCOMMITTED"
    assert work.mission.relative(path) in refused.value.fix
    assert (path.read_bytes(), work.tip("HEAD")) == (edited, before)
    git(work.root, "commit", "-q", "-m", "Edit", "--", str(path))
    note(work, "Tests pass")
    assert work.clean()


def test_a_line_of_a_note_that_looks_like_a_heading_is_none(work: MissionAtWork) -> None:
    first, second = note(work, "one\n# not a heading\n```\nopen"), note(work, "two")
    text = find_work_package(work.mission, "WP01").path.read_text(encoding="utf-8")
    told = f"- {first.at} ada: one\n    # not a heading\n    ```\n    open\n"
    assert text.endswith(f"{told}- {second.at} ada: two\n")
    assert "note: one\n    # not" in work_package_history(work.mission, "WP01").to_text()


def test_notes_stand_below_each_other_in_one_section(work: MissionAtWork) -> None:
    first, second = note(work, "one"), note(work, "two", "bob")
    text = find_work_package(work.mission, "WP01").path.read_text(encoding="utf-8")
    assert text.count("## Activity Log") == 1
    assert text.endswith(f"- {first.at} ada: one\n- {second.at} bob: two\n")


@pytest.mark.parametrize(("text", "actor"), [("  ", "ada"), ("x", " "), ("x" * 10_001, "ada")])
def test_a_note_that_says_nothing_or_too_much_is_refused(
    work: MissionAtWork, text: str, actor: str
) -> None:
    with pytest.raises(InvalidNote):
        note(work, text, actor)
    assert work.clean()


def test_an_unknown_work_package_is_not_found(work: MissionAtWork) -> None:
    with pytest.raises(WorkPackageNotFound):
        add_history(work.project, work.mission, "WP77", actor="ada", note="x")
    with pytest.raises(WorkPackageNotFound):
        work_package_history(work.mission, "WP77")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b"## Activity Log\n\n- E\n"),
        (b"# A", b"# A\n\n## Activity Log\n\n- E\n"),
        (b"# A\r\n\r\n## activity log\r\n", b"# A\r\n\r\n## activity log\r\n\r\n- E\r\n"),
        (b"## Activity Log\n- 1\n## N\nx\n", b"## Activity Log\n- 1\n- E\n\n## N\nx\n"),
        (b"## Activity Log\n\n- 1\n\n\n## N\n", b"## Activity Log\n\n- 1\n- E\n\n\n## N\n"),
        (b"## Activity Log\n- 1", b"## Activity Log\n- 1\n- E\n"),
        (b"## Activity Log\n## N\n", b"## Activity Log\n\n- E\n\n## N\n"),
        (b"```\n## Activity Log\n```\n", b"```\n## Activity Log\n```\n\n## Activity Log\n\n- E\n"),
    ],
)
def test_an_entry_goes_to_the_end_of_the_section_and_leaves_the_rest(
    before: bytes, after: bytes
) -> None:
    assert with_entry(before, "- E") == after


def test_a_file_that_is_not_text_is_not_touched() -> None:
    with pytest.raises(ReadFailed):
        with_entry(b"\xff\xfe", "- E")


def test_the_history_of_a_work_package_has_all_its_rows_in_order(work: MissionAtWork) -> None:
    work.start("WP02")
    work.start("WP01")
    note(work, "half way")
    told = work_package_history(work.mission, "wp1")
    kinds = [(row.kind, row.facts.get("to_lane")) for row in told.rows]
    assert kinds == [
        ("transition", "planned"),
        ("transition", "claimed"),
        ("transition", "in_progress"),
        ("annotation", None),
        ("annotation", None),
    ]
    assert told.total == 5
    assert "note: half way" in told.to_text().splitlines()[-1]
    assert told.to_json()["entries"][-1]["delta"]["note"] == "half way"  # type: ignore[index, call-overload]


def test_a_limit_shows_the_latest_and_says_how_many_there_are(work: MissionAtWork) -> None:
    work.start("WP01")
    told = work_package_history(work.mission, "WP01", limit=1)
    assert ([row.kind for row in told.rows], told.total) == (["annotation"], 4)
    assert told.to_text().startswith("(3 earlier")
    with pytest.raises(InvalidLimit):
        work_package_history(work.mission, "WP01", limit=0)


def test_odd_rows_are_shown_and_never_dropped(work: MissionAtWork) -> None:
    claimed = transition(900, "WP1", "planned", "claimed", mission_slug="todo")
    rows = [
        claimed,
        claimed,
        annotation(901, "WP9", {"shoe_size": 47}),
        {"kind": "odd", "wp_id": "WP1"},
    ]
    with work.mission.log_file.open("ab") as stream:
        stream.write(text_of(*rows) + b"{torn")
    told = work_package_history(work.mission, "WP01")
    assert [row.repeated for row in told.rows if row.event_id == claimed["event_id"]] == [
        False,
        True,
    ]
    assert "unknown" in [row.kind for row in told.rows]
    assert told.unreadable_lines == 1
    assert "(repeated row)" in told.to_text()
    assert "agent status doctor" in told.to_text()
    # WP9 has no file, but the log knows it.
    assert [row.facts for row in work_package_history(work.mission, "WP09").rows] == [
        {"delta": {"shoe_size": 47}}
    ]
