"""Merging: the lanes' work arrives whole, nothing uncommitted is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.merging import advance_branch
from specify_cli.git.repository import Repository, open_repository
from specify_cli.identity.project import Project
from specify_cli.missions.acceptance import MissionNotReady, accept_mission
from specify_cli.missions.merge import UnsupportedStrategy, merge_mission
from specify_cli.missions.merge_preflight import MergeConflict, PreflightFailed
from specify_cli.missions.mission import load_mission
from specify_cli.missions.workspaces import LaneBranchMissing
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
from tests.unit.missions.mission_files import SLUG, canonical_meta, write_mission

if TYPE_CHECKING:
    from specify_cli.missions.merge_report import MergeReport

LANES = ("lane-a", "lane-b", "lane-c")


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
    """A project of its own for each test."""
    return copy_project(template, tmp_path / "project")


def merge(work: MissionAtWork, **options: object) -> MergeReport:
    return merge_mission(work.project, work.mission, actor="ada", **options)  # type: ignore[arg-type]


def meta(work: MissionAtWork) -> dict[str, object]:
    text = (work.mission.directory / "meta.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def files(work: MissionAtWork, commit: str) -> set[str]:
    return set(git(work.root, "ls-tree", "-r", "--name-only", commit).splitlines())


def state(work: MissionAtWork) -> tuple[str, str, str]:
    """Everything that a refused merge must leave alone: branches, worktrees, files."""
    return (
        git(work.root, "for-each-ref", "--format=%(refname) %(objectname)"),
        git(work.root, "worktree", "list", "--porcelain"),
        git(work.root, "status", "--porcelain"),
    )


def test_the_work_of_all_lanes_is_on_the_target_branch(work: MissionAtWork) -> None:
    baseline = work.tip(BRANCH)
    tips = [work.tip(work.branch(lane)) for lane in LANES]
    report = merge(work)
    for number in (1, 2, 3):
        assert (work.root / f"src/part{number}/work.txt").is_file()
    for tip in tips:
        git(work.root, "merge-base", "--is-ancestor", tip, BRANCH)
    assert report.merged_commit == work.tip(f"{BRANCH}^")
    assert report.bookkeeping_commit == work.tip(BRANCH)
    assert work.clean()
    # The branch moved by one step to the merges and by one for what is recorded.
    moves = git(work.root, "reflog", "--format=%H", BRANCH).splitlines()
    assert moves[:3] == [report.bookkeeping_commit, report.merged_commit, baseline]


@pytest.mark.proves("001 FR-002")
def test_done_metadata_and_the_closing_event_are_one_commit(work: MissionAtWork) -> None:
    baseline = work.tip(BRANCH)
    report = merge(work)
    changed = git(work.root, "show", "--format=", "--name-only", "HEAD").splitlines()
    folder = f"kitty-specs/{SLUG}"
    assert changed == [
        f"{folder}/meta.json",
        f"{folder}/status.events.jsonl",
        f"{folder}/status.json",
    ]
    facts = meta(work)
    assert facts["mission_number"] == report.mission_number == 1
    assert (facts["merged_by"], facts["merged_commit"]) == ("ada", report.merged_commit)
    assert facts["baseline_merge_commit"] == baseline
    assert work.mission.merged_at is not None
    rows = work.rows()[-4:]
    assert [row.get("to_lane") for row in rows] == ["done", "done", "done", None]
    assert rows[3]["event_type"] == "MissionClosed"
    assert rows[3]["payload"] == {
        "mission_slug": SLUG,
        "mission_number": 1,
        "mission_type": "software-dev",
    }
    evidence = rows[0]["evidence"]
    assert isinstance(evidence, dict)
    assert evidence["repos"] == [{"repo": "todo", "branch": BRANCH, "commit": report.merged_commit}]
    assert evidence["review"]["reviewer"] == "rob"
    snapshot = json.loads((work.mission.directory / "status.json").read_text(encoding="utf-8"))
    assert (snapshot["mission_number"], snapshot["summary"]["done"]) == (1, 3)


def test_worktrees_and_lane_branches_are_cleaned_up(work: MissionAtWork) -> None:
    report = merge(work)
    assert report.cleanup.removed_worktrees == tuple(f"{SLUG}-{lane}" for lane in LANES)
    assert report.cleanup.deleted_branches == tuple(work.branch(lane) for lane in LANES)
    assert report.cleanup.kept == ()
    assert not (work.root / ".worktrees").exists()
    assert git(work.root, "branch", "--format=%(refname:short)").split() == [BRANCH, "main"]


def test_merging_again_changes_nothing(work: MissionAtWork) -> None:
    first = merge(work)
    tip = work.tip(BRANCH)
    again = merge(work)
    assert work.tip(BRANCH) == tip
    assert (again.bookkeeping_commit, again.mission_number) == (None, first.mission_number)
    assert [lane.outcome for lane in again.lanes] == ["merged"] * 3


def test_a_squash_is_one_commit_with_everything_in_it(work: MissionAtWork) -> None:
    baseline = work.tip(BRANCH)
    report = merge(work, strategy="squash")
    assert report.merged_commit is not None
    assert git(work.root, "rev-list", "--parents", "-1", report.merged_commit).split() == [
        report.merged_commit,
        baseline,
    ]
    for number in (1, 2, 3):
        assert (work.root / f"src/part{number}/work.txt").is_file()
    assert git(work.root, "log", "-1", "--format=%s", report.merged_commit) == f"Todo app ({SLUG})"
    assert report.cleanup.deleted_branches == tuple(work.branch(lane) for lane in LANES)


@pytest.mark.parametrize("strategy", ["recursive", "octopus", "", "MERGE"])
def test_other_strategies_are_refused(work: MissionAtWork, strategy: str) -> None:
    with pytest.raises(UnsupportedStrategy) as caught:
        merge(work, strategy=strategy)
    assert caught.value.code == "UNSUPPORTED_STRATEGY"
    assert caught.value.details["supported"] == ["merge", "rebase", "squash"]


def test_unapproved_work_is_not_merged(repository: Path) -> None:
    work = make_project(repository, {1: (), 2: ()})
    work.deliver("WP01")
    work.start("WP02")
    before = state(work)
    with pytest.raises(MissionNotReady) as caught:
        merge(work)
    assert caught.value.code == "MISSION_NOT_READY"
    assert caught.value.details["incomplete_wps"] == ["WP02"]
    assert state(work) == before


@pytest.mark.parametrize("kind", ["untracked", "changed", "staged"])
def test_an_uncommitted_file_in_a_lane_stops_the_merge(work: MissionAtWork, kind: str) -> None:
    tree = work.worktree("lane-b")
    name = "src/part2/keep.txt" if kind == "changed" else "src/part2/größe.txt"
    (tree / name).write_text("precious\n", encoding="utf-8")
    if kind == "staged":
        git(tree, "add", name)
    before = state(work)
    with pytest.raises(PreflightFailed) as caught:
        merge(work)
    assert caught.value.code == "PREFLIGHT_FAILED"
    assert caught.value.details["worktrees"] == [
        {"worktree": f"{SLUG}-lane-b", "files": [name], "problem": "has uncommitted files"}
    ]
    assert name in caught.value.message
    assert state(work) == before
    assert (tree / name).read_text(encoding="utf-8") == "precious\n"


def test_all_dirty_worktrees_are_named_at_once(work: MissionAtWork) -> None:
    for lane in ("lane-a", "lane-c"):
        (work.worktree(lane) / "draft.txt").write_text("x\n", encoding="utf-8")
    (work.root / "src/part1/work.txt").write_text("mine\n", encoding="utf-8")
    with pytest.raises(PreflightFailed) as caught:
        merge(work)
    worktrees = caught.value.details["worktrees"]
    assert isinstance(worktrees, list)
    assert [item["worktree"] for item in worktrees if isinstance(item, dict)] == [
        f"{SLUG}-lane-a",
        f"{SLUG}-lane-c",
        work.root.name,
    ]


def test_a_worktree_on_another_branch_stops_the_merge(work: MissionAtWork) -> None:
    git(work.worktree("lane-a"), "switch", "-q", "-c", "experiment")
    before = state(work)
    with pytest.raises(PreflightFailed, match="is on branch experiment"):
        merge(work)
    assert state(work) == before


@pytest.mark.parametrize("kind", ["changed", "staged", "untracked", "ignored", "file for folder"])
def test_a_local_file_that_the_merge_would_overwrite_stops_it(
    work: MissionAtWork, kind: str
) -> None:
    name = "src/part1/keep.txt" if kind in ("changed", "staged") else "src/part1/new/data.txt"
    work.commit("lane-a", {name: "from the lane\n"})
    path = work.root / name
    if kind == "file for folder":
        path = path.parent
    path.parent.mkdir(exist_ok=True)
    if kind == "ignored":
        exclude = work.root / ".git" / "info" / "exclude"
        exclude.write_text(exclude.read_text(encoding="utf-8") + "data.txt\n", encoding="utf-8")
    path.write_text("precious\n", encoding="utf-8")
    if kind == "staged":
        git(work.root, "add", name)
    before = state(work)
    with pytest.raises(PreflightFailed) as caught:
        merge(work, allow_unreviewed=True)
    assert caught.value.details["worktrees"] == [
        {
            "worktree": work.root.name,
            "files": [path.relative_to(work.root).as_posix()],
            "problem": f"has files that the merge into {BRANCH} would overwrite",
        }
    ]
    assert state(work) == before
    assert path.read_text(encoding="utf-8") == "precious\n"


def test_local_files_that_the_merge_does_not_touch_stay_as_they_are(work: MissionAtWork) -> None:
    (work.root / "README.md").write_text("changed\n", encoding="utf-8")
    (work.root / "staged.txt").write_text("staged\n", encoding="utf-8")
    git(work.root, "add", "staged.txt")
    (work.root / "untracked.txt").write_text("untracked\n", encoding="utf-8")
    merge(work)
    assert git(work.root, "status", "--porcelain").splitlines() == [
        "M README.md",
        "A  staged.txt",
        "?? untracked.txt",
    ]


def test_a_file_that_appears_in_a_worktree_meanwhile_keeps_the_worktree(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(repo: Repository, branch: str, new: str, old: str) -> Path | None:
        (work.worktree("lane-a") / "late.txt").write_text("precious\n", encoding="utf-8")
        return advance_branch(repo, branch, new, old)

    monkeypatch.setattr("specify_cli.missions.merge.advance_branch", late)
    report = merge(work)
    assert (work.worktree("lane-a") / "late.txt").is_file()
    assert report.cleanup.kept[0][0] == f"{SLUG}-lane-a"
    assert "late.txt" in report.cleanup.kept[0][1]
    assert work.branch("lane-a") in git(work.root, "branch", "--list")
    assert f"Kept {SLUG}-lane-a" in report.to_text()

    (work.worktree("lane-a") / "late.txt").unlink()
    monkeypatch.undo()
    assert merge(work).cleanup.deleted_branches == (work.branch("lane-a"),)


def test_a_commit_that_appears_in_a_lane_meanwhile_keeps_the_branch(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(repo: Repository, branch: str, new: str, old: str) -> Path | None:
        work.commit("lane-a", {"src/part1/late.txt": "late\n"})
        return advance_branch(repo, branch, new, old)

    monkeypatch.setattr("specify_cli.missions.merge.advance_branch", late)
    report = merge(work)
    assert report.cleanup.kept == ((work.branch("lane-a"), "it has commits that are not merged"),)
    assert git(work.root, "show", f"{work.branch('lane-a')}:src/part1/late.txt") == "late"


def test_conflicting_lanes_are_found_before_anything_is_touched(repository: Path) -> None:
    work = make_project(repository, {1: (), 2: ()})
    work.deliver("WP01", {"shared.txt": "a\n", "src/part1/a.txt": "a\n"})
    work.deliver("WP02", {"shared.txt": "b\n", "src/part2/b.txt": "b\n"})
    before = state(work)
    with pytest.raises(MergeConflict) as caught:
        merge(work)
    assert caught.value.code == "MERGE_CONFLICT"
    assert caught.value.details["conflicts"] == [
        {"lane_id": "lane-b", "wp_ids": ["WP02"], "with": ["lane-a"], "files": ["shared.txt"]}
    ]
    assert state(work) == before

    # What the fix says works.
    assert f"git merge {work.branch('lane-a')}" in caught.value.fix
    git(work.worktree("lane-b"), "merge", "-q", "-X", "ours", work.branch("lane-a"))
    merge(work)
    assert (work.root / "shared.txt").read_text(encoding="utf-8") == "b\n"


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_a_conflict_with_the_target_is_never_resolved_by_preferring_a_side(
    repository: Path, strategy: str
) -> None:
    work = make_project(repository, {1: ()})
    work.deliver("WP01", {"README.md": "the lane's\n"})
    (work.root / "README.md").write_text("the user's\n", encoding="utf-8")
    git(work.root, "commit", "-qam", "The user's")
    before = state(work)
    with pytest.raises(MergeConflict) as caught:
        merge(work, strategy=strategy)
    assert BRANCH in caught.value.message
    assert state(work) == before


def test_changes_of_the_target_survive_beside_those_of_the_lanes(work: MissionAtWork) -> None:
    (work.root / "src/part1/keep.txt").write_text("the user's\n", encoding="utf-8")
    git(work.root, "commit", "-qam", "The user's")
    merge(work, strategy="squash")
    assert (work.root / "src/part1/keep.txt").read_text(encoding="utf-8") == "the user's\n"
    assert (work.root / "src/part1/work.txt").is_file()


@pytest.mark.parametrize("strategy", ["merge", "squash", "rebase"])
def test_a_lane_cannot_change_the_log(work: MissionAtWork, strategy: str) -> None:
    folder = f"kitty-specs/{SLUG}"
    log = work.mission.log_file.read_bytes()
    work.commit(
        "lane-a",
        {
            f"{folder}/status.events.jsonl": "forged\n",
            f"{folder}/status.json": None,
            f"{folder}/meta.json": "{}\n",
            "kitty-specs/other/lanes.json": "{}\n",
            f"{folder}/notes.md": "a document\n",
        },
        "Meddle",
    )
    merge(work, strategy=strategy, allow_unreviewed=True)
    assert work.mission.log_file.read_bytes().startswith(log)
    assert work.lane("WP01") == "done"
    assert meta(work)["friendly_name"] == "Todo app"
    assert not (work.root / "kitty-specs/other").exists()
    assert (work.root / folder / "notes.md").is_file()


def test_a_lane_whose_work_was_canceled_is_left_alone(repository: Path) -> None:
    work = make_project(repository, {1: (), 2: ()})
    work.deliver("WP01")
    work.start("WP02")
    tip = work.commit("lane-b", {"src/part2/half.txt": "half\n"})
    (work.worktree("lane-b") / "draft.txt").write_text("x\n", encoding="utf-8")
    work.move("WP02", Lane.CANCELED)
    report = merge(work)
    assert [lane.outcome for lane in report.lanes] == ["merge", "canceled"]
    assert not (work.root / "src/part2/half.txt").exists()
    assert work.tip(work.branch("lane-b")) == tip
    assert (work.worktree("lane-b") / "draft.txt").is_file()
    assert report.done_wps == ("WP01",)


def test_a_lane_that_was_approved_without_work_is_done_without_a_merge(repository: Path) -> None:
    work = make_project(repository, {1: (), 2: ()})
    work.deliver("WP01")
    work.move("WP02", Lane.APPROVED, "nothing to do")
    report = merge(work)
    assert [lane.outcome for lane in report.lanes] == ["merge", "no_work"]
    assert report.done_wps == ("WP01", "WP02")


def test_a_lane_branch_that_is_gone_stops_the_merge(work: MissionAtWork) -> None:
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    git(work.root, "branch", "-D", work.branch("lane-a"))
    before = state(work)
    with pytest.raises(LaneBranchMissing, match="lane-a"):
        merge(work)
    assert state(work) == before


def test_planning_work_has_no_lane_to_merge(repository: Path) -> None:
    work = make_project(repository, {1: ()}, modes={1: "planning_artifact"}, owns={1: ["docs/**"]})
    work.start("WP01")
    (work.root / "docs").mkdir()
    (work.root / "docs/plan.md").write_text("plan\n", encoding="utf-8")
    git(work.root, "add", "docs")
    git(work.root, "commit", "-q", "-m", "WP01: plan")
    work.hand_off("WP01")
    work.review("WP01")
    tip = work.tip(BRANCH)
    report = merge(work)
    assert (report.lanes, report.done_wps) == ((), ("WP01",))
    assert report.merged_commit == tip == work.tip(f"{BRANCH}^")


def test_commits_made_after_the_review_are_merged_only_knowingly(work: MissionAtWork) -> None:
    work.commit("lane-a", {"src/part1/more.txt": "unseen\n"})
    before = state(work)
    with pytest.raises(MissionNotReady, match=r"1 commit\(s\) on .*lane-a made after") as caught:
        merge(work)
    assert state(work) == before
    assert caught.value.fix.endswith(f"spec-kitty merge --mission {SLUG} --allow-unreviewed")
    report = merge(work, allow_unreviewed=True)
    assert any("1 commit(s)" in warning for warning in report.warnings)
    assert (work.root / "src/part1/more.txt").is_file()


def test_an_ignored_file_that_no_tool_makes_again_keeps_its_worktree(work: MissionAtWork) -> None:
    tree = work.worktree("lane-a")
    exclude = work.root / ".git" / "info" / "exclude"
    with exclude.open("a", encoding="utf-8") as stream:
        stream.write("*.env\n__pycache__/\n")
    (tree / "my.env").write_text("SECRET=1\n", encoding="utf-8")
    report = merge(work)
    assert (tree / "my.env").read_text(encoding="utf-8") == "SECRET=1\n"
    ((name, reason),) = report.cleanup.kept
    assert name == tree.name
    assert "my.env" in reason


def test_caches_do_not_keep_a_worktree(work: MissionAtWork) -> None:
    tree = work.worktree("lane-a")
    exclude = work.root / ".git" / "info" / "exclude"
    with exclude.open("a", encoding="utf-8") as stream:
        stream.write("__pycache__/\n")
    (tree / "src" / "__pycache__").mkdir()
    (tree / "src" / "__pycache__" / "made.pyc").write_bytes(b"made")
    assert merge(work).cleanup.kept == ()
    assert not tree.exists()


def test_worktrees_whose_folder_is_gone_are_forgotten(work: MissionAtWork) -> None:
    shutil.rmtree(work.root / ".worktrees")
    merge(work)
    assert git(work.root, "worktree", "list", "--porcelain").count("worktree ") == 1


def test_a_mission_that_nobody_accepted_is_pointed_out(work: MissionAtWork) -> None:
    assert any("never accepted" in warning for warning in merge(work, dry_run=True).warnings)
    accept_mission(work.project, work.mission, actor="codex")
    accepted = load_mission(work.root, SLUG)
    report = merge_mission(work.project, accepted, actor="ada", dry_run=True)
    assert report.warnings == ()


def test_the_checkout_must_be_on_the_missions_branch(work: MissionAtWork) -> None:
    git(work.root, "switch", "-q", "-c", "elsewhere")
    before = state(work)
    with pytest.raises(WrongBranch):
        merge(work)
    assert state(work) == before


def test_a_dry_run_says_what_would_happen_and_does_nothing(work: MissionAtWork) -> None:
    before = state(work)
    report = merge(work, dry_run=True, target="main")
    assert state(work) == before
    document = report.to_json()
    assert (document["ready"], document["blockers"], document["dry_run"]) == (True, [], True)
    assert document["would_assign_mission_number"] == 1
    lanes = document["lanes"]
    assert isinstance(lanes, list)
    assert [lane["outcome"] for lane in lanes if isinstance(lane, dict)] == ["merge"] * 3
    landing = document["landing"]
    assert isinstance(landing, dict)
    assert (landing["branch"], landing["outcome"]) == ("main", "land")
    assert "as no. 1" in report.to_text()


def test_a_dry_run_lists_every_blocker_with_its_fix(repository: Path) -> None:
    work = make_project(repository, {1: (), 2: (), 3: ()})
    work.deliver("WP01", {"shared.txt": "a\n"})
    work.deliver("WP02", {"shared.txt": "b\n"})
    (work.worktree("lane-b") / "draft.txt").write_text("x\n", encoding="utf-8")
    report = merge(work, dry_run=True)
    document = report.to_json()
    blockers = document["blockers"]
    assert isinstance(blockers, list)
    assert [item["error_code"] for item in blockers if isinstance(item, dict)] == [
        "MISSION_NOT_READY",
        "PREFLIGHT_FAILED",
        "MERGE_CONFLICT",
    ]
    assert document["ready"] is False
    text = report.to_text()
    assert "conflict with lane-a: shared.txt" in text
    assert text.count("  fix: ") == 3


def test_a_merge_from_inside_a_lane_keeps_that_worktree(
    work: MissionAtWork, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = work.worktree("lane-b")
    monkeypatch.chdir(tree / "src")
    inside = Project(work.root, open_repository(Path.cwd()))
    report = merge_mission(inside, work.mission, actor="ada")
    assert tree.is_dir()
    assert report.cleanup.kept == (
        (f"{SLUG}-lane-b", "you are in it; run the command again from the main checkout"),
    )
    monkeypatch.chdir(work.root)
    assert merge(work).cleanup.deleted_branches == (work.branch("lane-b"),)


def test_the_number_is_one_more_than_any_on_the_branch_or_on_main(work: MissionAtWork) -> None:
    write_mission(work.root, canonical_meta("old-01AAAAAA", mission_number=4), "old-01AAAAAA")
    git(work.root, "switch", "-q", "main")
    write_mission(work.root, canonical_meta("new-01BBBBBB", mission_number=7), "new-01BBBBBB")
    write_mission(work.root, "not json", "bad-01CCCCCC")
    git(work.root, "add", "kitty-specs/new-01BBBBBB", "kitty-specs/bad-01CCCCCC")
    git(work.root, "commit", "-q", "-m", "Another mission")
    git(work.root, "switch", "-q", BRANCH)
    assert merge(work).mission_number == 8


def test_an_empty_folder_of_worktrees_is_left_if_it_holds_something(work: MissionAtWork) -> None:
    (work.root / ".worktrees" / "mine").mkdir()
    merge(work)
    assert os.listdir(work.root / ".worktrees") == ["mine"]  # noqa: PTH208
