"""Taking a work package up by name: what the loop does when it hands one out, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.free_text import public_name
from specify_cli.mission_runtime.prompts import write_prompt
from specify_cli.missions.implementation import start_implementation
from specify_cli.missions.mission import mission_log
from specify_cli.missions.review import start_review
from specify_cli.missions.work_packages import find_work_package
from specify_cli.next._internal_runtime.schema import ActorIdentity
from specify_cli.next.decision import Decision
from specify_cli.next.look import load_mission_type
from specify_cli.next.names import check_agent
from specify_cli.next.prompt import build_prompt
from specify_cli.next.runs import find_run, run_lock, save_run
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.workspaces import Workspace
    from specify_cli.next._internal_runtime.discovery import LoadedMission
    from specify_cli.next._internal_runtime.schema import WorkPackageRole
    from specify_cli.status.lanes import Lane


class Taken(NamedTuple):
    """A work package that an agent has in hand now.

    Attributes:
        role: "implement" or "review".
        workspace: Where to work.
        prompt: The prompt on disk, absolute.
        from_lane: Where the work package was.
        to_lane: Where it is now.
        no_op: The agent had it already; nothing was recorded.
        self_review: The agent reviews what it implemented.
        commit: The commit that records it, or None.
    """

    mission: Mission
    wp_id: str
    agent: str
    role: WorkPackageRole
    execution_mode: str
    workspace: Workspace
    prompt: Path
    from_lane: Lane
    to_lane: Lane
    no_op: bool
    self_review: bool
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `implement` and `agent action review`."""
        return {
            "result": "success",
            "mission_slug": self.mission.slug,
            "mission_number": self.mission.mission_number,
            "mission_type": self.mission.mission_type,
            "wp_id": self.wp_id,
            "action": self.role,
            "agent": self.agent,
            "status": "created" if self.workspace.created else "reused",
            "workspace_path": str(self.workspace.path),
            "branch": self.workspace.branch,
            "lane_id": self.workspace.lane_id,
            "execution_mode": self.execution_mode,
            "prompt_file": str(self.prompt),
            "from_lane": self.from_lane.value,
            "to_lane": self.to_lane.value,
            "no_op": self.no_op,
            "self_review": self.self_review,
            "commit": self.commit,
            "remarks": [*self.workspace.stale],
        }

    def to_text(self) -> str:
        """Return the same for people."""
        doing = "implementing" if self.role == "implement" else "reviewing"
        lines = [
            f"{self.agent} is {doing} {self.wp_id} ({self.from_lane.shown} -> {self.to_lane}).",
            f"  work in  {self.workspace.path}",
            f"  read     {self.prompt}",
        ]
        if self.self_review:
            lines.append(f"  note     {self.agent} implemented it: this is a self-review")
        lines += [f"  note     {remark}" for remark in self.workspace.stale]
        return "\n".join(lines)


def take_implementation(
    project: Project,
    mission: Mission,
    wp_id: str,
    *,
    agent: str,
    policy_metadata: JsonObject | None = None,
    reports: bool = True,
) -> Taken:
    """Claim a work package, make its worktree and write its prompt.

    A failure that was reported for it is taken back: taking it up again is the retry.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation.
        agent: Who implements it.
        policy_metadata: Recorded with the claim, as an orchestrator gave it.
        reports: The agent reports the result itself; else whoever started it does.

    Raises:
        SpecKittyError: What `start_implementation` and `build_prompt` raise.
    """
    return _take(
        project,
        mission,
        wp_id,
        agent=agent,
        role="implement",
        policy_metadata=policy_metadata,
        reports=reports,
    )


def take_review(
    project: Project,
    mission: Mission,
    wp_id: str,
    *,
    agent: str,
    policy_metadata: JsonObject | None = None,
    review_ref: str | None = None,
    reports: bool = True,
) -> Taken:
    """Claim the review of a work package and write its prompt.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation.
        agent: Who reviews it.
        policy_metadata: Recorded with the claim, as an orchestrator gave it.
        review_ref: What the review refers to, such as a pull request.
        reports: The agent reports the result itself; else whoever started it does.

    Raises:
        SpecKittyError: What `start_review` and `build_prompt` raise.
    """
    return _take(
        project,
        mission,
        wp_id,
        agent=agent,
        role="review",
        policy_metadata=policy_metadata,
        review_ref=review_ref,
        reports=reports,
    )


def _take(
    project: Project,
    mission: Mission,
    wp_id: str,
    *,
    agent: str,
    role: WorkPackageRole,
    policy_metadata: JsonObject | None,
    reports: bool,
    review_ref: str | None = None,
) -> Taken:
    check_agent(agent)
    agent = public_name(agent)
    package = find_work_package(mission, wp_id)
    loaded = load_mission_type(project, mission)
    verb = "started" if role == "implement" else "under review"
    message = f"{package.id} {verb} by {agent} ({mission.slug})"
    with run_lock(project, mission):
        with MissionStatus.change(mission_log(project, mission), message=message) as change:
            run = find_run(project, mission)
            # Whatever keeps the prompt from being made is told before anything is recorded.
            draft = build_prompt(
                mission,
                loaded,
                Decision("step", role, step_id=_step_of(loaded, role), wp_id=package.id, role=role),
                agent=agent,
                work_package=package,
                board=change.board,
                reports=reports,
                inputs=run.snapshot.inputs if run else None,
            )
            self_review = False
            if role == "implement":
                started = start_implementation(
                    project,
                    mission,
                    package.id,
                    actor=agent,
                    change=change,
                    policy_metadata=policy_metadata,
                )
                workspace, no_op = started.workspace, started.no_op
                from_lane, to_lane = started.from_lane, started.to_lane
            else:
                review = start_review(
                    project,
                    mission,
                    package.id,
                    actor=agent,
                    change=change,
                    policy_metadata=policy_metadata,
                    review_ref=review_ref,
                )
                workspace, no_op = review.workspace, review.no_op
                from_lane, to_lane = review.from_lane, review.to_lane
                self_review = review.self_review
        inputs = _take_failure_back(project, mission, package.id, agent)
    board = change.board
    state = board.work_packages[package.id]
    decision = Decision(
        "step",
        role,
        step_id=_step_of(loaded, role),
        wp_id=package.id,
        role=role,
        self_review=self_review,
        rework=role == "implement" and state.review_ref is not None,
    )
    prompt = write_prompt(
        build_prompt(
            mission,
            loaded,
            decision,
            agent=agent,
            work_package=package,
            board=board,
            reports=reports,
            inputs=inputs,
            governance=draft.governance,
        )
    )
    return Taken(
        mission=mission,
        wp_id=package.id,
        agent=agent,
        role=role,
        execution_mode=package.execution_mode,
        workspace=workspace,
        prompt=prompt,
        from_lane=from_lane,
        to_lane=to_lane,
        no_op=no_op,
        self_review=self_review,
        commit=change.result.commit,
    )


def _take_failure_back(
    project: Project, mission: Mission, wp_id: str, agent: str
) -> Mapping[str, str]:
    """Take a failure of the work package back, and return what the run was told so far."""
    run = find_run(project, mission)
    if run is None:
        return {}
    stop = next((stop for stop in run.snapshot.stops if stop.wp_id == wp_id), None)
    if stop is not None:
        run.issue(stop.step_id, ActorIdentity(agent, display_name=agent), wp_id=wp_id)
        save_run(project, run)
    return run.snapshot.inputs


def _step_of(loaded: LoadedMission, role: WorkPackageRole) -> str:
    steps = loaded.description.template.steps
    return next((step.id for step in steps if step.per_work_package == role), steps[0].id)
