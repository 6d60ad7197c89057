"""The communication artefact of any step, whoever has it in hand: reads only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.events.free_text import public_name
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.mission import folded_log
from specify_cli.missions.work_packages import find_work_package
from specify_cli.next.decision import Decision
from specify_cli.next.look import load_mission_type
from specify_cli.next.names import check_agent
from specify_cli.next.prompt import build_prompt

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.mission_runtime.artefact import CommunicationArtefact
    from specify_cli.missions.mission import Mission


class UnknownAction(SpecKittyError):
    """The mission type has no such step, or the step needs a work package."""

    code = "UNKNOWN_ACTION"


def resolve_artefact(
    project: Project, mission: Mission, action: str, *, agent: str, wp_id: str | None = None
) -> CommunicationArtefact:
    """Assemble what an agent is told about a step, as if it were handed out now.

    Args:
        project: The project.
        mission: The mission.
        action: The step's id, or the part in a work package: "implement", "review".
        agent: In whose name.
        wp_id: The work package, in any notation; needed where the step is done once for each.

    Raises:
        UnknownAction: UNKNOWN_ACTION.
        WorkPackageNotFound: WP_NOT_FOUND.
        SpecKittyError: What `load_mission_type` and `build_prompt` raise.
    """
    check_agent(agent)
    agent = public_name(agent)
    loaded = load_mission_type(project, mission)
    steps = loaded.description.template.steps
    step = next((step for step in steps if action in (step.id, step.per_work_package)), None)
    if step is None:
        names = [step.id for step in steps]
        raise UnknownAction(
            f"mission type {mission.mission_type} has no step {action!r}.",
            fix=f"Use one of: {', '.join(names)}",
            details={"action": action, "actions": [*names]},
        )
    board = folded_log(mission).board()
    if step.per_work_package is None:
        decision = Decision("step", step.id, step_id=step.id)
        return build_prompt(mission, loaded, decision, agent=agent, work_package=None, board=board)
    if wp_id is None:
        raise UnknownAction(
            f"{action} is done for one work package at a time.",
            fix=f"spec-kitty agent context resolve --action {action} --wp-id WP01",
            details={"action": action, "missing": "--wp-id"},
        )
    package = find_work_package(mission, wp_id)
    role = step.per_work_package
    state = board.work_packages.get(package.id)
    decision = Decision(
        "step",
        step.id,
        step_id=step.id,
        wp_id=package.id,
        role=role,
        self_review=role == "review" and state is not None and state.implementer == agent,
        rework=role == "implement" and state is not None and state.review_ref is not None,
    )
    return build_prompt(mission, loaded, decision, agent=agent, work_package=package, board=board)
