"""Accepting: only what is finished, recorded once, and honest about the merge."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.acceptance import (
    MissionNotReady,
    accept_mission,
    acceptance_problems,
)
from specify_cli.missions.merge import merge_mission
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import WrongBranch
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    BRANCH,
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = f"kitty-specs/{SLUG}"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """A mission of two work packages; the first is approved."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    work = make_project(root, {1: (), 2: ()})
    work.deliver("WP01")
    return work


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    """A project of its own for each test."""
    return copy_project(template, tmp_path / "project")


def finish(work: MissionAtWork) -> None:
    work.deliver("WP02")


def problems(work: MissionAtWork) -> list[tuple[str, str]]:
    return [(p.file, p.found) for p in acceptance_problems(work.project, work.mission)]


def test_a_finished_mission_is_accepted_in_one_commit(work: MissionAtWork) -> None:
    finish(work)
    before = work.tip(BRANCH)
    accepted = accept_mission(work.project, work.mission, actor="ada")
    assert work.tip(f"{BRANCH}^") == before
    assert accepted.commit == work.tip(BRANCH)
    meta = json.loads((work.root / FOLDER / "meta.json").read_text(encoding="utf-8"))
    assert (meta["accepted_by"], meta["accepted_at"]) == ("ada", accepted.accepted_at)
    assert (meta["accept_commit"], meta["acceptance_mode"]) == (before, "auto")
    assert work.mission.accepted_at == accepted.accepted_at
    assert work.clean()


def test_it_says_that_the_merge_is_still_to_come(work: MissionAtWork) -> None:
    finish(work)
    accepted = accept_mission(work.project, work.mission, actor="ada")
    document = accepted.to_json()
    assert document["merge_pending"] is True
    assert document["merge_pending_wps"] == ["WP01", "WP02"]
    assert document["next_step"] == f"spec-kitty merge --mission {SLUG}"
    assert "not merged yet: WP01, WP02" in accepted.to_text()


def test_after_the_merge_it_says_that_nothing_is_pending(work: MissionAtWork) -> None:
    finish(work)
    merge_mission(work.project, work.mission, actor="ada")
    accepted = accept_mission(work.project, work.mission, actor="ada")
    document = accepted.to_json()
    assert (document["merge_pending"], document["next_step"]) == (False, None)
    assert document["done_wps"] == ["WP01", "WP02"]
    assert "is merged" in accepted.to_text()


def test_accepting_again_changes_nothing(work: MissionAtWork) -> None:
    finish(work)
    first = accept_mission(work.project, work.mission, actor="ada")
    tip = work.tip(BRANCH)
    again = accept_mission(work.project, work.mission, actor="bob")
    assert (again.already_accepted, again.commit) == (True, None)
    assert (again.accepted_by, again.accepted_at) == ("ada", first.accepted_at)
    assert work.tip(BRANCH) == tip


def test_a_mission_that_was_reopened_is_not_accepted_any_more(work: MissionAtWork) -> None:
    finish(work)
    accept_mission(work.project, work.mission, actor="ada")
    work.move("WP02", Lane.IN_PROGRESS)
    with pytest.raises(MissionNotReady):
        accept_mission(work.project, work.mission, actor="ada")


def test_everything_that_is_missing_is_listed_with_its_fix(work: MissionAtWork) -> None:
    spec = work.root / FOLDER / "spec.md"
    spec.write_text(
        spec.read_text(encoding="utf-8") + "\n[NEEDS CLARIFICATION: how many items?]\n",
        encoding="utf-8",
    )
    git(work.root, "commit", "-qam", "A question")
    (work.root / FOLDER / "plan.md").write_text("changed\n", encoding="utf-8")
    (work.root / FOLDER / "notes.md").write_text("new\n", encoding="utf-8")
    with pytest.raises(MissionNotReady) as caught:
        accept_mission(work.project, work.mission, actor="ada")
    error = caught.value
    assert error.code == "MISSION_NOT_READY"
    assert error.details["incomplete_wps"] == ["WP02"]
    failures = error.details["guard_failures"]
    assert isinstance(failures, list)
    assert len(failures) == 4
    found = problems(work)
    assert found[0] == (f"{FOLDER}/tasks/WP02-part.md", "WP02 is planned")
    assert found[1] == (
        f"{FOLDER}/spec.md",
        "1 (line 23: [NEEDS CLARIFICATION: how many items?])",
    )
    assert found[2:] == [
        (f"{FOLDER}/notes.md", "it has never been committed"),
        (f"{FOLDER}/plan.md", "uncommitted changes"),
    ]
    assert work.mission.accepted_at is None


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("[NEEDS CLARIFICATION: a] <!-- decision_id: 01KQ22DSA8G3W5V7T9Y1B3D5F7 -->", True),
        ("[NEEDS CLARIFICATION]", True),
        ("Write `[NEEDS CLARIFICATION: ...]` for questions.", False),
        ("```text\n[NEEDS CLARIFICATION: in an example]\n```", False),
    ],
)
def test_open_questions_count_deferred_ones_too_but_not_in_code(
    work: MissionAtWork, text: str, counts: bool
) -> None:
    finish(work)
    plan = work.root / FOLDER / "plan.md"
    plan.write_text(f"{plan.read_text(encoding='utf-8')}\n{text}\n", encoding="utf-8")
    git(work.root, "commit", "-qam", "Text")
    assert bool(problems(work)) is counts


def test_commits_that_no_review_has_seen_keep_a_mission_from_being_accepted(
    work: MissionAtWork,
) -> None:
    finish(work)
    work.commit("lane-a", {"src/part1/unseen.txt": "unseen\n"})
    ((file, found),) = problems(work)
    assert file == f".worktrees/{SLUG}-lane-a"
    assert "after the last review" in found
    with pytest.raises(MissionNotReady):
        accept_mission(work.project, work.mission, actor="ada")


def test_files_outside_the_mission_do_not_matter(work: MissionAtWork) -> None:
    finish(work)
    (work.root / "users-own.txt").write_text("x\n", encoding="utf-8")
    assert accept_mission(work.project, work.mission, actor="ada").commit is not None
    assert git(work.root, "status", "--porcelain") == "?? users-own.txt"


def test_canceled_work_packages_are_accepted_if_something_was_delivered(
    work: MissionAtWork,
) -> None:
    work.move("WP02", Lane.CANCELED)
    accepted = accept_mission(work.project, work.mission, actor="ada")
    assert (accepted.approved, accepted.canceled) == (("WP01",), ("WP02",))


def test_a_mission_that_delivered_nothing_is_not_accepted(work: MissionAtWork) -> None:
    work.move("WP01", Lane.CANCELED)
    work.move("WP02", Lane.CANCELED)
    assert problems(work) == [(f"{FOLDER}/tasks/", "all of them canceled")]


def test_a_mission_without_work_packages_is_not_accepted(repository: Path) -> None:
    work = make_project(repository, {1: ()})
    (work.root / FOLDER / "tasks" / "WP01-part.md").unlink()
    git(work.root, "commit", "-qam", "None")
    assert problems(work) == [(f"{FOLDER}/tasks/", "none")]


def test_a_broken_work_package_file_is_named(work: MissionAtWork) -> None:
    path = work.root / FOLDER / "tasks" / "WP02-part.md"
    path.write_text("---\ntitle: [\n---\nbody\n", encoding="utf-8")
    git(work.root, "commit", "-qam", "Broken")
    assert any(file.endswith("WP02-part.md") for file, _ in problems(work))


def test_a_checkout_on_another_branch_is_refused(work: MissionAtWork) -> None:
    finish(work)
    git(work.root, "switch", "-q", "-c", "elsewhere")
    with pytest.raises(WrongBranch):
        accept_mission(work.project, work.mission, actor="ada")


def test_who_accepted_may_be_written_in_the_structured_form(work: MissionAtWork) -> None:
    finish(work)
    path = work.root / FOLDER / "meta.json"
    meta = json.loads(path.read_text(encoding="utf-8"))
    meta |= {"accepted_at": "2026-11-21T07:13:00+00:00", "accepted_by": {"tool": "codex"}}
    path.write_text(json.dumps(meta), encoding="utf-8")
    git(work.root, "commit", "-qam", "By another client")
    accepted = accept_mission(work.project, work.mission, actor="ada")
    assert (accepted.already_accepted, accepted.accepted_by) == (True, "codex")
