"""Accepting a mission: everything approved, nothing open, nothing uncommitted; then it is recorded."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tips, landing_place
from specify_cli.git.process import run_git
from specify_cli.git.worktrees import dirty_files, list_worktrees
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.files import read_text
from specify_cli.missions.actors import recorded_name
from specify_cli.missions.documents import PLAN_FILE, SPEC_FILE, uncommitted_files
from specify_cli.missions.guards import GuardFailure
from specify_cli.missions.handoff import shown_worktree, uncommitted_failures
from specify_cli.missions.home import write_documents
from specify_cli.missions.lanes import LanesMissing, load_lanes
from specify_cli.missions.markdown import without_fences
from specify_cli.missions.metadata import META_FILE, read_metadata, updated_metadata
from specify_cli.missions.mission import LOG_FILE, mission_log
from specify_cli.missions.seeding import beginning
from specify_cli.missions.unfinished import MissionNotReady as MissionNotReady
from specify_cli.missions.unfinished import (
    not_ready,
    unreviewed_commits,
    work_package_problems,
)
from specify_cli.missions.work_packages import scan_work_packages
from specify_cli.missions.workflow_evidence import refuse_unproven_workflows
from specify_cli.status.board import STATUS_FILE, actor_label
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.unfinished import Steps, StepsEnd
    from specify_cli.status.board import Board

MODE = "auto"
"""How acceptance was decided: by the checks of this module."""
_MARKER = re.compile(r"\[NEEDS CLARIFICATION[^\]\n]*\]?")
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_SHOWN = 3
_LOOKED_AT = (
    "Looked at: every work package is approved, done or canceled, no lane has a commit that no review "
    "has seen, spec.md and plan.md have no open question, and nothing in the mission's folder is "
    "uncommitted. Its code was not run."
)
_LOOKED_AT_STEPS = (
    "Looked at: every step is complete and every decision made, its documents pass their checks as they "
    "are now, spec.md and plan.md have no open question, and nothing in the mission's folder is "
    "uncommitted. Whether what they say is true, nobody but their readers can tell."
)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """An accepted mission.

    Attributes:
        mission_slug: The mission.
        accepted_at: When it was accepted.
        accepted_by: Who accepted it.
        commit: The commit that records it; None when it had been accepted before.
        already_accepted: It had been accepted before, and still holds.
        approved: Work packages that are approved and not merged yet.
        done: Work packages that are merged.
        canceled: Work packages that were given up.
        merged: The mission's work is on its target branch.
        completed_steps: Of a mission without work packages, the steps and audits it went through.
        landing: For such a mission, another branch that its documents belong on, such as main.
    """

    mission_slug: str
    accepted_at: str
    accepted_by: str
    commit: str | None
    already_accepted: bool
    approved: tuple[str, ...]
    done: tuple[str, ...]
    canceled: tuple[str, ...]
    merged: bool
    completed_steps: tuple[str, ...] = ()
    landing: str | None = None

    @property
    def next_step(self) -> str | None:
        """The command that comes next; None when the work is merged."""
        if self.merged:
            return None
        line = f"spec-kitty merge --mission {self.mission_slug}"
        return line if self.landing is None else f"{line} --target {shlex.quote(self.landing)}"

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `accept`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "accepted_at": self.accepted_at,
            "accepted_by": self.accepted_by,
            "acceptance_mode": MODE,
            "already_accepted": self.already_accepted,
            "commit": self.commit,
            "approved_wps": list(self.approved),
            "done_wps": list(self.done),
            "canceled_wps": list(self.canceled),
            "completed_steps": list(self.completed_steps),
            "merge_pending": not self.merged,
            "merge_pending_wps": list(self.approved),
            "next_step": self.next_step,
        }

    def to_text(self) -> str:
        """Return the outcome for people."""
        was = "was accepted before" if self.already_accepted else "is accepted"
        lines = [f"Mission {self.mission_slug} {was} (by {self.accepted_by})."]
        if not self.already_accepted:
            lines.append(_LOOKED_AT_STEPS if self.completed_steps else _LOOKED_AT)
        if self.merged:
            lines.append("Its work is merged.")
        else:
            pending = f": {', '.join(self.approved)}" if self.approved else ""
            lines.append(f"Its work is not merged yet{pending}.")
            lines.append(f"Next: {self.next_step}")
        return "\n".join(lines)


def acceptance_problems(
    project: Project,
    mission: Mission,
    *,
    board: Board | None = None,
    steps: StepsEnd | None = None,
) -> tuple[GuardFailure, ...]:
    """Say what keeps a mission from being accepted; empty when nothing does.

    Needed: its steps complete, where its type has no work packages; else work packages, each approved, done or canceled for a reason of the operator, at least one
    of them not canceled; no commits in their lanes that no review has seen, and no uncommitted files
    in their worktrees; spec.md and plan.md without open questions; nothing uncommitted in the
    mission's folder.

    Args:
        project: The project.
        mission: The mission.
        board: The board to go by; read from the log when it is not given.
        steps: How far its steps have come, for a mission without work packages.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    if board is None:
        board = MissionStatus.load(mission_log(project, mission)).board
    if steps is not None:
        work: Sequence[GuardFailure] = steps.problems
    else:
        work = [
            *(_unreadable_work_packages(mission) or work_package_problems(mission, board)),
            *_unfinished_lanes(project, mission, board),
        ]
    return (
        *work,
        *_open_questions(mission),
        *_uncommitted(mission),
    )


def accept_mission(
    project: Project, mission: Mission, *, actor: str, steps: Steps | None = None
) -> Acceptance:
    """Accept a mission and record it in `meta.json`, in one commit.

    Doing it again changes nothing, as long as nothing has been reopened. `specify_cli.next.ending`
    does it for a mission of any type.

    Args:
        project: The project.
        mission: The mission.
        actor: Who accepts.
        steps: Tells how far its steps have come; None for a mission with work packages.

    Raises:
        MissionNotReady: MISSION_NOT_READY with `incomplete_wps` and `guard_failures`.
        WorkflowEvidenceRequired: WORKFLOW_EVIDENCE_REQUIRED with `required_evidence_path`.
        SpecKittyError: WRONG_BRANCH, SAFE_COMMIT_*, CORRUPT_METADATA.
    """
    actor = recorded_name(actor)
    message = f"Accept {mission.slug}"
    with MissionStatus.change(mission_log(project, mission), message=message) as change:
        end = None if steps is None else steps(mission)
        problems = acceptance_problems(project, mission, board=change.board, steps=end)
        if problems:
            raise not_ready(mission, change.board, problems, step="accepted")
        source = mission.relative(mission.directory)
        recorded = read_metadata(mission.directory, source=source)
        already = recorded.accepted_at is not None
        apart: str | None = None
        accepted_at = recorded.accepted_at or isoformat(utc_now())
        accepted_by = _label(recorded.document.get("accepted_by")) if already else actor
        if not already:
            refuse_unproven_workflows(project, mission, change.board)
            head = run_git(mission.root, "rev-parse", "HEAD").strip()
            changes: JsonObject = {
                "accepted_at": accepted_at,
                "accepted_by": actor,
                "acceptance_mode": MODE,
                "accept_commit": head,
            }
            path = mission.directory / META_FILE
            branch = mission.target_branch
            meta = updated_metadata(
                mission.directory,
                changes,
                source=source,
                branch=branch,
                began_at=lambda: beginning(change.log),
            )
            apart = write_documents(project, mission, change, {path: meta}, message)
        board = change.board
    landing = None if end is None else landing_place(project.repository)
    return Acceptance(
        mission_slug=mission.slug,
        accepted_at=accepted_at,
        accepted_by=accepted_by,
        commit=apart or change.result.commit,
        already_accepted=already,
        approved=board.in_lane(Lane.APPROVED),
        done=board.in_lane(Lane.DONE),
        canceled=board.in_lane(Lane.CANCELED),
        merged=recorded.merged_at is not None,
        completed_steps=() if end is None else end.completed,
        landing=None if landing == mission.target_branch else landing,
    )


def _unreadable_work_packages(mission: Mission) -> list[GuardFailure]:
    scan = scan_work_packages(mission)
    if scan.problems:
        return [
            GuardFailure(one.file, "a work package that can be read", one.problem, one.fix)
            for one in scan.problems
        ]
    if scan.work_packages:
        return []
    folder = f"{mission.relative(mission.tasks_directory)}/"
    fix = f"spec-kitty next --agent <your-name> --mission {mission.slug}"
    return [GuardFailure(folder, "work packages", "none", fix, "planned")]


def _unfinished_lanes(project: Project, mission: Mission, board: Board) -> list[GuardFailure]:
    """Find commits that no review has seen, and files that nobody has committed."""
    try:
        lanes = [lane for lane in load_lanes(mission).lanes if not lane.is_planning]
    except LanesMissing:
        return []
    repo = project.repository
    problems = unreviewed_commits(repo, mission, board, lanes, branch_tips(repo))
    trees = {tree.branch: tree.path for tree in list_worktrees(repo) if not tree.missing}
    for lane in lanes:
        kept = any(board.lane(wp_id) is not Lane.CANCELED for wp_id in lane.wp_ids)
        if kept and lane.branch in trees:
            path = trees[lane.branch]
            problems += uncommitted_failures(shown_worktree(path), dirty_files(path))
    return problems


def _open_questions(mission: Mission) -> list[GuardFailure]:
    problems = []
    for name in (SPEC_FILE, PLAN_FILE):
        path = mission.directory / name
        try:
            # Deferred questions count here too: nobody can accept what nobody has decided.
            text = _CODE_SPAN.sub("", without_fences(read_text(path)))
        except FileNotFoundError:
            continue
        found = [
            (text.count("\n", 0, match.start()) + 1, match.group())
            for match in _MARKER.finditer(text)
        ]
        if found:
            listed = ", ".join(f"line {line}: {marker}" for line, marker in found[:_SHOWN])
            problems.append(
                GuardFailure(
                    mission.relative(path),
                    "no open question",
                    f"{len(found)} ({listed})",
                    "Answer each in the text and remove its [NEEDS CLARIFICATION ...] marker.",
                )
            )
    return problems


def _uncommitted(mission: Mission) -> list[GuardFailure]:
    folder = mission.relative(mission.directory)
    # What a crash left uncommitted of the log goes into the commit of the acceptance itself.
    own = (f"{folder}/{LOG_FILE}", f"{folder}/{STATUS_FILE}")
    return [
        GuardFailure(
            file,
            "the file committed",
            "it has never been committed" if state == "??" else "uncommitted changes",
            f'git add -- "{file}" && git commit -m "{mission.slug}: documents", or delete the file',
        )
        for file, state in sorted(uncommitted_files(mission.root, [folder]).items())
        if state != "!!" and file not in own
    ]


def _label(actor: object) -> str:
    if isinstance(actor, str):
        return actor
    return actor_label(actor) if isinstance(actor, dict) else "unknown"
