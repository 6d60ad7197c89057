"""Reviewing: one reviewer, a verdict with evidence, feedback that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.yaml import split_frontmatter
from specify_cli.missions.mission import mission_log
from specify_cli.missions.review import (
    ReviewFeedbackRequired,
    UnknownVerdict,
    next_cycle,
    record_verdict,
    review_files,
    start_review,
)
from specify_cli.missions.taking_up import WorkPackageClaimed
from specify_cli.missions.work_packages import find_work_package
from specify_cli.missions.workspaces import LaneBranchMissing
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRejected
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

CYCLE_1 = f"kitty-specs/{SLUG}/tasks/WP01-part/review-cycle-1.md"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """A mission whose first work package waits for review."""
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    work = make_project(root, {1: (), 2: ()})
    work.start("WP01", actor="ada")
    work.commit("lane-a", {"src/part1/a.txt": "a\n"})
    work.hand_off("WP01", actor="ada")
    return work


@pytest.fixture
def work(template: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    """A project of its own for each test."""
    return copy_project(template, tmp_path / "project")


def last_row(work: MissionAtWork, to_lane: str) -> dict[str, object]:
    return [row for row in work.rows() if row.get("to_lane") == to_lane][-1]


def test_a_review_is_taken_up_with_what_is_to_be_reviewed(work: MissionAtWork) -> None:
    started = start_review(work.project, work.mission, "wp1", actor="rob")
    assert (started.wp_id, started.from_lane, started.to_lane) == (
        "WP01",
        Lane.FOR_REVIEW,
        Lane.IN_REVIEW,
    )
    assert (started.implementer, started.self_review, started.no_op) == ("ada", False, False)
    assert started.head_commit == work.tip(work.branch("lane-a"))
    assert started.base_commit is not None
    assert started.base_commit != started.head_commit
    assert started.workspace.path == work.worktree("lane-a")
    assert started.cycle == 1
    assert work.board.work_packages["WP01"].reviewer == "rob"


def test_a_reviewer_who_implemented_it_is_told_so(work: MissionAtWork) -> None:
    assert start_review(work.project, work.mission, "WP01", actor="ada").self_review
    recorded = record_verdict(work.project, work.mission, "WP01", actor="ada", verdict="approved")
    assert recorded.self_review


def test_the_same_reviewer_again_records_nothing_and_another_is_refused(
    work: MissionAtWork,
) -> None:
    start_review(work.project, work.mission, "WP01", actor="rob")
    tip = work.tip(BRANCH)
    assert start_review(work.project, work.mission, "WP01", actor="rob").no_op
    assert work.tip(BRANCH) == tip
    with pytest.raises(WorkPackageClaimed) as caught:
        start_review(work.project, work.mission, "WP01", actor="eve")
    assert caught.value.code == "WP_ALREADY_CLAIMED"
    assert caught.value.details["claimed_by"] == "rob"
    with pytest.raises(WorkPackageClaimed):
        record_verdict(work.project, work.mission, "WP01", actor="eve", verdict="approved")


def test_the_reviewers_worktree_is_made_again_when_it_is_gone(work: MissionAtWork) -> None:
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    started = start_review(work.project, work.mission, "WP01", actor="rob")
    assert (started.workspace.path / "src/part1/a.txt").is_file()


def test_work_that_does_not_wait_for_review_cannot_be_reviewed(work: MissionAtWork) -> None:
    with pytest.raises(TransitionRejected):
        start_review(work.project, work.mission, "WP02", actor="rob")
    assert not work.worktree("lane-b").exists()
    with pytest.raises(TransitionRejected):
        record_verdict(work.project, work.mission, "WP01", actor="rob", verdict="approved")


def test_an_approval_carries_evidence_of_repository_branch_commit_and_review(
    work: MissionAtWork,
) -> None:
    tip = work.tip(work.branch("lane-a"))
    recorded = work.review("WP01")
    assert (recorded.to_lane, recorded.commit, recorded.feedback_file) == (
        Lane.APPROVED,
        tip,
        None,
    )
    row = last_row(work, "approved")
    reference = f"{work.branch('lane-a')}@{tip}"
    review = {"reviewer": "rob", "verdict": "approved", "reference": reference}
    assert row["evidence"] == {
        "repos": [{"repo": "todo", "branch": work.branch("lane-a"), "commit": tip}],
        "review": review,
    }
    assert row["review_result"] == review
    assert row["review_ref"] == reference
    assert work.board.work_packages["WP01"].notes["reviewed_commit"] == tip
    assert work.clean()


@pytest.mark.parametrize("feedback", [None, "", "  \n"])
def test_changes_cannot_be_asked_for_without_saying_which(
    work: MissionAtWork, feedback: str | None
) -> None:
    start_review(work.project, work.mission, "WP01", actor="rob")
    with pytest.raises(ReviewFeedbackRequired) as caught:
        record_verdict(
            work.project,
            work.mission,
            "WP01",
            actor="rob",
            verdict="changes_requested",
            feedback=feedback,
        )
    assert caught.value.code == "REVIEW_FEEDBACK_REQUIRED"
    assert work.lane("WP01") == "in_review"


def test_feedback_is_stored_with_the_verdict_in_one_commit(work: MissionAtWork) -> None:
    commits = int(git(work.root, "rev-list", "--count", BRANCH))
    recorded = work.review("WP01", "changes_requested", "Größer!\n\n- name it better\n")
    assert int(git(work.root, "rev-list", "--count", BRANCH)) == commits + 2
    assert (recorded.review_ref, recorded.feedback_file) == (CYCLE_1, CYCLE_1)
    assert recorded.to_lane is Lane.IN_PROGRESS
    text = git(work.root, "show", f"HEAD:{CYCLE_1}") + "\n"
    head, body = split_frontmatter(text, source=CYCLE_1)
    assert body.strip() == "Größer!\n\n- name it better"
    assert set(head) >= {"cycle_number", "reviewer_agent", "wp_id", "mission_slug", "reviewed_at"}
    assert (head["cycle_number"], head["verdict"]) == (1, "changes_requested")
    assert (head["reviewer_agent"], head["wp_id"]) == ("rob", "WP01")
    row = last_row(work, "in_progress")
    assert row["review_ref"] == CYCLE_1
    assert row["review_result"] == {
        "reviewer": "rob",
        "verdict": "changes_requested",
        "reference": CYCLE_1,
        "feedback_path": CYCLE_1,
    }
    # Work goes back to who did it, not to the reviewer.
    state = work.board.work_packages["WP01"]
    assert (state.implementer, state.review_ref) == ("ada", CYCLE_1)


def test_each_review_has_its_own_file_and_the_latest_holds_the_verdict(
    work: MissionAtWork,
) -> None:
    for number in (1, 2):
        work.review("WP01", "changes_requested", f"Round {number}")
        work.commit("lane-a", {"src/part1/a.txt": f"{number}\n"})
        work.hand_off("WP01")
    recorded = work.review("WP01")
    package = find_work_package(work.mission, "WP01")
    assert [path.name for path in review_files(work.mission, package)] == [
        "review-cycle-1.md",
        "review-cycle-2.md",
        "review-cycle-3.md",
    ]
    assert next_cycle(work.mission, package) == 4
    last = review_files(work.mission, package)[-1].read_text(encoding="utf-8")
    assert split_frontmatter(last, source="r")[0]["verdict"] == "approved"
    assert recorded.review_ref.endswith("review-cycle-3.md")


def test_remarks_on_an_approval_are_kept_too(work: MissionAtWork) -> None:
    recorded = work.review("WP01", "approved", "Well done.")
    assert recorded.feedback_file == CYCLE_1
    assert "Well done." in (work.root / CYCLE_1).read_text(encoding="utf-8")


def test_cycle_numbers_go_by_value_and_other_files_do_not_count(work: MissionAtWork) -> None:
    package = find_work_package(work.mission, "WP01")
    folder = package.path.with_suffix("")
    folder.mkdir()
    for name in ("review-cycle-9.md", "review-cycle-10.md", "review-cycle-x.md", "notes.md"):
        (folder / name).write_text("x\n", encoding="utf-8")
    assert next_cycle(work.mission, package) == 11


def test_rejected_work_can_be_freed_for_anybody(work: MissionAtWork) -> None:
    recorded = work.review("WP01", "changes_requested", "Start over.", to_lane=Lane.PLANNED)
    assert recorded.to_lane is Lane.PLANNED
    assert work.board.work_packages["WP01"].implementer is None


def test_a_word_that_is_no_verdict_is_a_usage_error(work: MissionAtWork) -> None:
    with pytest.raises(UnknownVerdict) as caught:
        record_verdict(work.project, work.mission, "WP01", actor="rob", verdict="fine")
    assert caught.value.exit_code == 2
    assert "approved or changes_requested" in caught.value.fix


def test_a_verdict_on_a_branch_that_is_gone_is_refused(work: MissionAtWork) -> None:
    start_review(work.project, work.mission, "WP01", actor="rob")
    git(work.root, "worktree", "remove", str(work.worktree("lane-a")))
    git(work.root, "branch", "-D", work.branch("lane-a"))
    with pytest.raises(LaneBranchMissing):
        record_verdict(work.project, work.mission, "WP01", actor="rob", verdict="approved")


def test_a_verdict_that_joins_a_change_that_fails_leaves_no_file(work: MissionAtWork) -> None:
    start_review(work.project, work.mission, "WP01", actor="rob")
    log = mission_log(work.project, work.mission)
    with pytest.raises(RuntimeError), MissionStatus.change(log, message="Fails") as change:
        record_verdict(
            work.project,
            work.mission,
            "WP01",
            actor="rob",
            verdict="changes_requested",
            feedback="Better.",
            change=change,
        )
        raise RuntimeError
    assert not (work.root / CYCLE_1).exists()
    assert work.lane("WP01") == "in_review"
