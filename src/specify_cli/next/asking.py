"""Asking what comes next: nothing is written, nothing is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.events.free_text import public_name
from specify_cli.mission_runtime.context import resolve_context
from specify_cli.mission_runtime.prompts import prompt_path, told_since
from specify_cli.missions.branches import checked_out_branch
from specify_cli.missions.mission import folded_log
from specify_cli.next._internal_runtime.state import read_run
from specify_cli.next.decision import decide
from specify_cli.next.document import Outcome, compose
from specify_cli.next.look import load_mission_type, look
from specify_cli.next.names import check_agent, wanted_work_package
from specify_cli.next.runs import locate_run, unstarted

if TYPE_CHECKING:
    from pathlib import Path

    from spec_kitty_contracts.wire.next_decision import NextDecision
    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission
    from specify_cli.next._internal_runtime.journal import JournalProblem
    from specify_cli.next.decision import Decision
    from specify_cli.next.look import Look
    from specify_cli.status.log import LogProblem


def query(
    project: Project, mission: Mission, *, agent: str | None = None, wp_id: str | None = None
) -> NextDecision:
    """Tell what comes next. Writes nothing but what can be derived again.

    Args:
        project: The project.
        mission: The mission.
        agent: In whose name; None asks for somebody who has not acted yet.
        wp_id: The work package that is asked for.

    Raises:
        SpecKittyError: The mission type or a file of the mission cannot be read.
    """
    if agent is not None:
        check_agent(agent)
        agent = public_name(agent)
    wanted = wanted_work_package(mission.slug, wp_id)
    loaded = load_mission_type(project, mission)
    snapshot = unstarted(mission, loaded.description.template)
    problems: tuple[JournalProblem, ...] = ()
    run_dir = locate_run(project, mission)
    if run_dir is not None:
        snapshot, journal, _ = read_run(run_dir)
        problems = journal.problems
    log = folded_log(mission)
    seen = look(mission, loaded, snapshot, log.board(), agent=agent, wanted=wanted)
    decision = decide(seen.view)
    workspace, prompt = places(mission, seen, decision, agent)
    outcome = Outcome(
        is_query=True,
        prompt=prompt if is_current(mission, seen, decision, agent) else None,
        workspace=workspace if workspace is not None and workspace.is_dir() else None,
        remarks=(*_astray(mission), *remarks(log.problems, problems)),
    )
    return compose(mission, loaded, seen.view, decision, outcome)


def _astray(mission: Mission) -> tuple[str, ...]:
    """Say when this checkout holds only a copy of the mission: its board may be old."""
    branch = checked_out_branch(mission.root)
    if branch is None or branch == mission.target_branch:
        return ()
    return (
        (
            f"The mission lives on {mission.target_branch}, but {branch} is checked out: this may be "
            f"old. Go there: git switch {mission.target_branch}"
        ),
    )


def places(
    mission: Mission, seen: Look, decision: Decision, agent: str | None
) -> tuple[Path | None, Path | None]:
    """Return the folder to work in and the place of the prompt; neither need exist."""
    if decision.action is None:
        return None, None
    package = seen.work_package(decision.wp_id or "")
    context = resolve_context(mission, decision.action, agent=agent or "", work_package=package)
    return context.workspace, prompt_path(context) if agent is not None else None


def is_current(mission: Mission, seen: Look, decision: Decision, agent: str | None) -> bool:
    """Tell whether the agent's prompt was written after the work last moved.

    A prompt from before a review sent the work back lacks the feedback.
    """
    if decision.action is None or agent is None:
        return False
    package = seen.work_package(decision.wp_id or "")
    context = resolve_context(mission, decision.action, agent=agent, work_package=package)
    state = seen.view.work_package(decision.wp_id or "")
    return told_since(context, state.since if state else None)


def remarks(log: tuple[LogProblem, ...], journal: tuple[JournalProblem, ...]) -> tuple[str, ...]:
    """Say which lines could not be used: they are never dropped in silence (P3)."""
    told = []
    if log:
        first = log[0]
        told.append(
            f"Line {first.line} of the event log cannot be used ({first.reason}); "
            "see spec-kitty agent status validate."
        )
    if journal:
        torn = journal[0]
        told.append(
            f"Line {torn.line} (offset {torn.offset}) of the run's journal cannot be used "
            f"({torn.reason}); everything else was read."
        )
    return tuple(told)
