"""Proof that changed workflows have run; nothing here can run them, and no review of their text can tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tips
from specify_cli.git.process import run_git, split_nul
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import read_text
from specify_cli.missions.lanes import LanesMissing, load_lanes
from specify_cli.missions.mission import BRANCH_PREFIX
from specify_cli.status.lanes import Lane

if TYPE_CHECKING:
    from collections.abc import Iterator

    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission
    from specify_cli.status.board import Board

EVIDENCE_FILE = "workflow-evidence.md"
WORKFLOWS = ".github/workflows"
_RUN = re.compile(
    r"https://\S+/actions/runs/\d+"
    r"|^[^\w\n]*(?:(?:successful|github actions) )*run(?: id)?\s*[:#-]*\s*\d{5,}\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_SHOWN = 5


class WorkflowEvidenceRequired(SpecKittyError):
    """The mission changes workflows, and nothing shows that they ran."""

    code = "WORKFLOW_EVIDENCE_REQUIRED"


def refuse_unproven_workflows(project: Project, mission: Mission, board: Board) -> None:
    """Refuse a mission that adds or changes workflows without naming a run of them.

    A run is named in `workflow-evidence.md` of the mission's folder: its address, or `run id` and the
    number. Whether it was successful, nobody but the one who writes it down looks at.

    Raises:
        WorkflowEvidenceRequired: WORKFLOW_EVIDENCE_REQUIRED with `required_evidence_path`.
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    files = sorted({
        file
        for old, new in _work(project.repository, mission, board)
        for file in _changed_workflows(project.repository, old, new)
    })  # fmt: skip
    if not files or _names_a_run(mission):
        return
    evidence = mission.relative(mission.directory / EVIDENCE_FILE)
    more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
    raise WorkflowEvidenceRequired(
        f"mission {mission.slug} changes {', '.join(files[:_SHOWN])}{more}, and nothing shows that a "
        "workflow ran as it is now.",
        fix="Push the work and let the workflows run; then write the address of the successful run "
        f"into {evidence} and commit that file.",
        details={
            "mission_slug": mission.slug,
            "required_evidence_path": evidence,
            "workflow_files": list(files),
        },
    )


def _work(repo: Repository, mission: Mission, board: Board) -> Iterator[tuple[str, str]]:
    """Yield what the mission's work lies between: one pair for all of it once it is merged."""
    baseline = mission.metadata.get("baseline_merge_commit")
    merged = mission.metadata.get("merged_commit")
    if isinstance(baseline, str) and isinstance(merged, str):
        yield baseline, merged
        return
    try:
        lanes = load_lanes(mission).lanes
    except LanesMissing:
        return
    tips = branch_tips(repo, f"{BRANCH_PREFIX}{mission.slug}-")
    for lane in lanes:
        if any(board.lane(wp_id) is not Lane.CANCELED for wp_id in lane.wp_ids):
            tip = tips.get(lane.branch)
            if tip is not None:
                yield f"refs/heads/{mission.target_branch}", tip


def _changed_workflows(repo: Repository, old: str, new: str) -> tuple[str, ...]:
    """Return the workflows that one side added or changed since the two parted."""
    options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--diff-filter=AM")
    between = f"{old}...{new}"
    return split_nul(
        run_git(repo.root, "diff", *options, "--end-of-options", between, "--", WORKFLOWS)
    )


def _names_a_run(mission: Mission) -> bool:
    try:
        return _RUN.search(read_text(mission.directory / EVIDENCE_FILE)) is not None
    except FileNotFoundError:
        return False
