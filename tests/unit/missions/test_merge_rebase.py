"""The strategy `rebase`, and pushing what was merged."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.pushing import PushFailed
from specify_cli.missions.merge import merge_mission
from specify_cli.missions.merge_preflight import MergeConflict
from tests.conftest import git
from tests.unit.missions.lane_missions import (
    BRANCH,
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.missions.merge_report import MergeReport


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """A finished mission: two parallel work packages and one that builds on both."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    work = make_project(root, {1: (), 2: (), 3: (1, 2)})
    for wp_id in ("WP01", "WP02", "WP03"):
        work.deliver(wp_id)
    return work


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    return copy_project(template, tmp_path / "project")


def merge(work: MissionAtWork, **options: object) -> MergeReport:
    return merge_mission(work.project, work.mission, actor="ada", **options)  # type: ignore[arg-type]


def history(work: MissionAtWork, since: str, until: str) -> list[str]:
    return git(work.root, "log", "--reverse", "--format=%s", f"{since}..{until}").splitlines()


def tree(work: MissionAtWork, commit: str) -> str:
    return git(work.root, "rev-parse", f"{commit}:src")


def test_a_rebase_leaves_every_commit_in_a_row_and_no_merge(work: MissionAtWork) -> None:
    baseline = work.tip(BRANCH)
    report = merge(work, strategy="rebase")
    assert report.merged_commit is not None
    assert history(work, baseline, report.merged_commit) == [
        "WP01: work",
        "WP02: work",
        "WP03: work",
    ]
    assert git(work.root, "rev-list", "--merges", f"{baseline}..{BRANCH}") == ""
    assert report.cleanup.kept == ()
    assert len(report.cleanup.deleted_branches) == 3
    assert work.clean()


def test_all_strategies_arrive_at_the_same_files(template: MissionAtWork, tmp_path: Path) -> None:
    trees = set()
    for strategy in ("merge", "squash", "rebase"):
        work = copy_project(template, tmp_path / strategy)
        merge(work, strategy=strategy)
        trees.add(tree(work, BRANCH))
    assert len(trees) == 1


def test_a_rebase_keeps_author_date_and_message_of_each_commit(work: MissionAtWork) -> None:
    told = "--format=%an %ae %aI %B"
    tip = work.branch("lane-a")
    git(
        work.worktree("lane-a"),
        *("-c", "user.name=Grace Höpper", "-c", "user.email=grace@example.invalid"),
        *("commit", "-q", "--amend", "--reset-author", "--date=2026-01-02T03:04:05+02:00"),
        *("-m", "Sübject\n\nA body of its own."),
    )
    before = git(work.root, "log", "-1", told, tip)
    baseline = work.tip(BRANCH)
    report = merge(work, strategy="rebase", allow_unreviewed=True)
    replayed = git(work.root, "rev-list", "--reverse", f"{baseline}..{report.merged_commit}")
    assert git(work.root, "log", "-1", told, replayed.split()[0]).startswith(before.rstrip())


def test_a_rebase_that_is_run_again_does_nothing(work: MissionAtWork) -> None:
    first = merge(work, strategy="rebase")
    tip = work.tip(BRANCH)
    again = merge(work, strategy="rebase")
    assert work.tip(BRANCH) == tip
    assert again.merged_commit == first.merged_commit


def test_a_conflict_that_was_resolved_in_a_lane_survives_a_rebase(tmp_path: Path) -> None:
    root = fresh_repository(tmp_path / "project")
    work = make_project(root, {1: (), 2: ()}, owns={1: ["src/one/**"], 2: ["src/two/**"]})
    work.start("WP01")
    work.commit("lane-a", {"src/shared.txt": "from one\n"}, "One")
    work.hand_off("WP01")
    work.review("WP01")
    work.start("WP02")
    work.commit("lane-b", {"src/shared.txt": "from two\n"}, "Two")
    work.hand_off("WP02")
    work.review("WP02")
    with pytest.raises(MergeConflict):
        merge(work, strategy="rebase")
    lane = work.worktree("lane-b")
    git(lane, "merge", "-q", "-X", "ours", work.branch("lane-a"))
    (lane / "src" / "shared.txt").write_text("from both\n", encoding="utf-8")
    git(lane, "commit", "-q", "--all", "--amend", "--no-edit")
    baseline = work.tip(BRANCH)
    report = merge(work, strategy="rebase")
    assert git(work.root, "show", f"{BRANCH}:src/shared.txt") == "from both"
    # "Two" alone cannot be put on top of "One": the lane lands as one commit with its result.
    assert history(work, baseline, report.merged_commit or "")[0] == "One"
    assert git(work.root, "rev-list", "--merges", f"{baseline}..{BRANCH}") == ""


def test_a_mission_lands_in_a_row_on_another_branch(work: MissionAtWork) -> None:
    main = work.tip("main")
    merge(work, strategy="rebase", target="main")
    assert git(work.root, "rev-list", "--merges", f"{main}..main") == ""
    assert git(work.root, "rev-parse", "main^{tree}") == git(
        work.root, "rev-parse", f"{BRANCH}^{{tree}}"
    )
    tip = work.tip("main")
    merge(work, strategy="rebase", target="main")
    assert work.tip("main") == tip


def test_a_landing_whose_branch_is_behind_in_a_row_follows_without_new_commits(
    work: MissionAtWork,
) -> None:
    report = merge(work, strategy="rebase", target="main")
    assert report.landed_commit == work.tip("main") == work.tip(BRANCH)
    again = merge(work, strategy="rebase", target="main")
    assert again.landing is not None
    assert (again.landing.outcome, again.no_op) == ("landed", True)


def test_a_landing_with_a_merge_in_between_is_put_in_a_row(work: MissionAtWork) -> None:
    main = work.tip("main")
    merge(work)
    merge(work, strategy="rebase", target="main")
    assert work.tip("main") != work.tip(BRANCH)
    assert git(work.root, "rev-list", "--merges", f"{main}..main") == ""


@pytest.fixture
def remote(work: MissionAtWork, tmp_path: Path) -> Path:
    path = tmp_path / "remote.git"
    git(work.root, "init", "-q", "--bare", os.fspath(path))
    git(work.root, "remote", "add", "origin", os.fspath(path))
    return path


def test_the_branch_with_the_work_is_pushed(work: MissionAtWork, remote: Path) -> None:
    report = merge(work, target="main", push=True)
    assert report.pushed_to == "origin"
    assert git(remote, "rev-parse", "main") == work.tip("main")
    assert report.to_json()["pushed_to"] == "origin"
    assert "pushed to origin" in report.to_text()


def test_without_a_remote_a_push_is_refused_before_anything_is_done(work: MissionAtWork) -> None:
    refs = git(work.root, "for-each-ref")
    with pytest.raises(PushFailed, match="the repository has none") as caught:
        merge(work, push=True)
    assert "git remote add" in caught.value.fix
    assert git(work.root, "for-each-ref") == refs


def test_with_several_remotes_the_branch_has_to_say_which(
    work: MissionAtWork, remote: Path
) -> None:
    git(work.root, "remote", "rename", "origin", "one")
    git(work.root, "remote", "add", "two", os.fspath(remote))
    with pytest.raises(PushFailed, match="several") as caught:
        merge(work, push=True)
    assert caught.value.details["remotes"] == ["one", "two"]
    git(work.root, "config", f"branch.{BRANCH}.remote", "two")
    assert merge(work, push=True).pushed_to == "two"


def test_a_refused_push_keeps_the_merge_and_can_be_repeated(
    work: MissionAtWork, remote: Path
) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    with pytest.raises(PushFailed, match="pre-receive hook declined") as caught:
        merge(work, push=True)
    assert caught.value.fix == f"git push origin {BRANCH}"
    assert work.lane("WP01") == "done"
    hook.unlink()
    assert merge(work, push=True).pushed_to == "origin"
    assert git(remote, "rev-parse", BRANCH) == work.tip(BRANCH)


def test_a_branch_that_moved_on_the_remote_is_never_overwritten(
    work: MissionAtWork, remote: Path, tmp_path: Path
) -> None:
    git(work.root, "push", "-q", "origin", BRANCH)
    other = tmp_path / "other"
    git(work.root, "clone", "-q", "-b", BRANCH, os.fspath(remote), os.fspath(other))
    git(other, "commit", "-q", "--allow-empty", "-m", "Somebody else")
    git(other, "push", "-q", "origin", BRANCH)
    there = git(remote, "rev-parse", BRANCH)
    with pytest.raises(PushFailed, match="fetch first"):
        merge(work, push=True)
    assert git(remote, "rev-parse", BRANCH) == there
