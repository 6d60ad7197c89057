"""Logs as real repositories hold them: read whole, never rewritten, and a change goes on from them."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.missions.board import mission_board
from specify_cli.missions.mission import folded_log, mission_log
from specify_cli.status import reading
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest
from specify_cli.status.validate import validate_log
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.status.log_rows import lifecycle, text_of, transition, walk

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.plants_rows

PLANNED = [transition(n, f"WP0{n}", "genesis", "planned") for n in (1, 2)]
CLAIMED = transition(3, "WP01", "planned", "claimed", actor="ann")


def without(row: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    root = fresh_repository(tmp_path_factory.mktemp("odd") / "project")
    return make_project(root, {1: (), 2: (1,)})


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def plant(work: MissionAtWork, data: bytes) -> None:
    work.mission.log_file.write_bytes(data)
    git(work.project.root, "add", "-A")
    git(work.project.root, "commit", "-q", "--allow-empty", "-m", "A log of old")


LOGS = {
    "ids without zeros": text_of(*({**row, "wp_id": row["wp_id"].replace("0", "")} for row in (*PLANNED, CLAIMED))),
    "no mission": text_of(*(without(row, "mission_slug", "mission_id") for row in (*PLANNED, CLAIMED))),
    "the name of old": text_of(*({**without(row, "mission_slug"), "feature_slug": "001-x"} for row in (*PLANNED, CLAIMED))),
    "no creation": text_of(*PLANNED, CLAIMED),
    "no planning": text_of(transition(2, "WP02", "planned", "planned", force=True, reason="x"), CLAIMED),
    "with creation": text_of(lifecycle(0), *PLANNED, CLAIMED),
    "Windows line ends": text_of(*PLANNED, CLAIMED).replace(b"\n", b"\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + text_of(*PLANNED, CLAIMED),
    "both sides of a conflict": b"<<<<<<< ours\n" + text_of(*PLANNED) + b"=======\n" + text_of(CLAIMED) + b">>>>>>> theirs\n",
    "rows out of order": text_of(CLAIMED, *reversed(PLANNED)),
    "other times": text_of(*({**row, "at": row["at"][:19] + "Z"} for row in PLANNED), {**CLAIMED, "at": "2026-11-21T09:30:00+02:00"}),
    "times without a zone": text_of(*({**row, "at": row["at"][:26]} for row in (*PLANNED, CLAIMED))),
    "lanes of no board": text_of(transition(0, "WP02", "uninitialized", "genesis"), *PLANNED, CLAIMED),
    "few keys": text_of(*({key: row[key] for key in ("at", "event_id", "wp_id", "to_lane")} for row in PLANNED), CLAIMED),
}  # fmt: skip


@pytest.mark.parametrize("data", LOGS.values(), ids=LOGS)
@pytest.mark.parametrize("kept", [False, True], ids=["short", "kept"])
def test_an_odd_log_is_read_and_a_change_goes_on_from_it(
    work: MissionAtWork, data: bytes, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    if kept:
        monkeypatch.setattr(reading, "SMALLEST_LOG", 1)
    plant(work, data)
    for _ in range(2):
        entries = {entry.wp_id: entry for entry in mission_board(work.mission).entries}
        assert (entries["WP01"].lane, entries["WP01"].implementer) == (Lane.CLAIMED, "ann")
        assert entries["WP02"].lane is Lane.PLANNED
    with MissionStatus.change(mission_log(work.project, work.mission)) as change:
        change.transition(
            TransitionRequest("WP01", Lane.IN_PROGRESS, "ann", workspace_context="lane")
        )
    assert work.lane("WP01") == "in_progress"
    assert work.mission.log_file.read_bytes().startswith(data)
    shown = json.loads((work.mission.directory / "status.json").read_bytes())["work_packages"]
    assert set(shown) == {"WP01", "WP02"}


def test_an_actor_that_is_an_object_is_shown_by_one_word(work: MissionAtWork) -> None:
    plant(work, text_of(*PLANNED, {**CLAIMED, "actor": {"tool": "codex", "role": "implementer"}}))
    assert mission_board(work.mission).entries[0].implementer == "codex"


def test_a_package_in_review_is_in_review(work: MissionAtWork) -> None:
    lanes = ("planned", "claimed", "in_progress", "for_review", "in_review")
    plant(work, text_of(*walk(1, "WP01", *lanes)))
    assert mission_board(work.mission).entries[0].lane is Lane.IN_REVIEW


def test_conflict_markers_and_unknown_rows_are_shown_with_the_board(work: MissionAtWork) -> None:
    data = b"<<<<<<< ours\n" + text_of(*PLANNED, {"kind": "weather"}, {"hello": 1})
    plant(work, data)
    board = mission_board(work.mission)
    assert board.problems == ("line 1 (byte 0): it is a merge-conflict marker",)
    assert board.unknown_rows == board.to_json()["log_unknown_rows"] == 2
    assert "2 rows of a kind unknown to this version" in board.to_text()


def test_a_name_that_is_no_work_package_stands_in_nobodys_way(work: MissionAtWork) -> None:
    plant(work, text_of(*PLANNED, transition(9, "setup", "planned", "claimed")))
    work.start("WP01")
    assert work.lane("WP01") == "in_progress"
    kinds = {
        problem.kind for problem in validate_log(mission_log(work.project, work.mission)).problems
    }
    assert "snapshot_drift" not in kinds


def test_readers_and_changes_keep_the_fold_in_one_place(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SMALLEST_LOG", 1)
    kept = mission_log(work.project, work.mission).checkpoint_path
    assert kept.name == f"mission-{work.mission.slug}.json"
    kept.unlink(missing_ok=True)
    folded_log(work.mission)
    assert kept.exists()
    os.utime(kept, ns=(time.time_ns() + 10_000_000_000,) * 2)
    monkeypatch.setattr(reading, "_read", None)  # nobody reads the log any more
    assert MissionStatus.load(mission_log(work.project, work.mission)).board == work.board
    (work.project.root / ".git").rename(work.project.root / "git-of-old")
    monkeypatch.undo()
    assert folded_log(work.mission).board() == work.board
