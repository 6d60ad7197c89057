from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.mission import load_mission
from specify_cli.next._internal_runtime.description import Description, read_description
from specify_cli.next._internal_runtime.discovery import BUILTIN_ROOT
from specify_cli.next.runs import find_run, save_run, start_run
from tests.unit.next.lab import Lab
from tests.unit.next.runtime_files import ACTOR

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lab(repository: Path) -> Lab:
    return Lab.create(repository)


def described() -> Description:
    return read_description(BUILTIN_ROOT / "software-dev" / "mission-runtime.yaml")


def start(lab: Lab) -> str:
    run = start_run(lab.project, lab.mission, described(), ACTOR)
    save_run(lab.project, run)
    return run.ref.run_id


def found(lab: Lab) -> str | None:
    run = find_run(lab.project, lab.mission)
    return run.ref.run_id if run else None


def index(lab: Lab) -> Path:
    return lab.root / ".kittify" / "runtime" / "runs.json"


def test_a_mission_without_a_run_has_none(lab: Lab) -> None:
    assert found(lab) is None


def test_a_saved_run_is_found_through_the_index(lab: Lab) -> None:
    run_id = start(lab)
    assert json.loads(index(lab).read_bytes()) == {"runs": {lab.slug: run_id}}
    assert found(lab) == run_id


@pytest.mark.parametrize("content", [None, b"", b"[]", b'{"runs": 3}', b'{"runs": {"x": 1}}'])
def test_a_lost_or_damaged_index_loses_no_run(lab: Lab, content: bytes | None) -> None:
    run_id = start(lab)
    if content is None:
        index(lab).unlink()
    else:
        index(lab).write_bytes(content)
    assert found(lab) == run_id


def test_an_index_cannot_lead_out_of_the_folder_of_runs(lab: Lab) -> None:
    run_id = start(lab)
    index(lab).write_text(json.dumps({"runs": {lab.slug: "../../elsewhere"}}), encoding="utf-8")
    assert found(lab) == run_id


def test_an_index_that_names_a_deleted_run_is_made_up_for(lab: Lab) -> None:
    run_id = start(lab)
    shutil.rmtree(lab.root / ".kittify" / "runtime" / "runs" / run_id)
    assert found(lab) is None
    assert start(lab) == found(lab) != run_id


def test_the_run_of_another_mission_is_not_taken(lab: Lab) -> None:
    start(lab)
    path = lab.mission.directory / "meta.json"
    other = "01M00000000000000000000000"
    text = path.read_text(encoding="utf-8").replace(lab.mission.mission_id or "", other)
    path.write_text(text, encoding="utf-8")
    assert found(lab) is None


def test_of_several_runs_the_newest_counts(lab: Lab) -> None:
    start(lab)
    second = start(lab)
    index(lab).unlink()
    assert found(lab) == second


def test_a_mission_without_an_id_has_its_run_in_this_checkout_all_the_same(lab: Lab) -> None:
    path = lab.mission.directory / "meta.json"
    meta = json.loads(path.read_bytes())
    del meta["mission_id"]
    path.write_text(json.dumps(meta), encoding="utf-8")
    assert found(lab) is None
    run = start(lab)
    assert found(lab) == run
    assert load_mission(lab.root, lab.slug).mission_id is None
