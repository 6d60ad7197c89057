"""The runs of a checkout: which there are, and which can go."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from specify_cli.next.run_store import list_runs, prune_runs
from specify_cli.next.runs import run_store, save_run, start_run
from tests.unit.next.lab import Lab
from tests.unit.next.runtime_files import ACTOR
from tests.unit.next.test_runs import described

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lab(repository: Path) -> Lab:
    return Lab.create(repository)


def start(lab: Lab, *, finished: bool = False) -> str:
    run = start_run(lab.project, lab.mission, described(), ACTOR)
    if finished:
        run.finish(ACTOR)
    save_run(lab.project, run)
    return run.ref.run_id


def states(lab: Lab) -> dict[str, str]:
    return {run.run_id: run.state for run in list_runs(lab.project)}


def test_no_runs_are_no_error(lab: Lab) -> None:
    assert list_runs(lab.project) == ()
    assert prune_runs(lab.project).runs == ()


def test_the_run_that_a_mission_goes_on_with_stays_and_the_older_ones_go(lab: Lab) -> None:
    old, new = start(lab, finished=True), start(lab)
    assert states(lab) == {old: "finished", new: "open"}
    assert [run.run_id for run in prune_runs(lab.project, dry_run=True).runs] == [old]
    assert states(lab).keys() == {old, new}
    assert [run.run_id for run in prune_runs(lab.project).runs] == [old]
    assert states(lab) == {new: "open"}
    assert [path.name for path in run_store(lab.project).iterdir()] == [new]


def test_a_finished_run_stays_until_its_mission_is_merged(lab: Lab) -> None:
    run_id = start(lab, finished=True)
    assert prune_runs(lab.project).runs == ()
    path = lab.mission.directory / "meta.json"
    meta = {**json.loads(path.read_text("utf-8")), "merged_at": "2026-11-21T07:13:00+00:00"}
    path.write_text(json.dumps(meta), encoding="utf-8")
    (gone,) = prune_runs(lab.project).runs
    assert (gone.run_id, gone.prunable) == (run_id, "finished, and its mission is merged")


def test_an_unfinished_run_of_a_mission_that_is_elsewhere_stays(lab: Lab) -> None:
    done, under_way = start(lab, finished=True), start(lab)
    shutil.rmtree(lab.mission.directory)
    assert [run.run_id for run in prune_runs(lab.project).runs] == [done]
    assert states(lab) == {under_way: "open"}


def test_a_stopped_and_an_unreadable_run_are_shown_as_such(lab: Lab) -> None:
    run = start_run(lab.project, lab.mission, described(), ACTOR)
    run.issue("discovery", ACTOR)
    run.report("discovery", ACTOR, "failed")
    save_run(lab.project, run)
    other = run_store(lab.project) / "01KQ22DT0000000000000000A1"
    other.mkdir()
    assert states(lab) == {run.ref.run_id: "stopped", other.name: "unreadable"}
    text = "\n".join(one.to_text() for one in list_runs(lab.project))
    assert f"stopped    {lab.slug}" in text
    assert prune_runs(lab.project).runs == ()
