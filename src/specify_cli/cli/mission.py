"""Missions as a whole: create, plan, finalise the tasks, accept, merge, list, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import AgentOption, JsonOption, MissionOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_mission, select_project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.missions.guards import GuardFailure

app = App(name="mission", help="List and show missions.")
agent_app = App(name="mission", help="Create and plan missions.")


@agent_app.command
def create(
    title: str,
    /,
    *,
    branch: Annotated[
        str | None, Parameter(help="Branch to make and work on, instead of kitty/mission-SLUG.")
    ] = None,
    mission_type: Annotated[
        str, Parameter(help="Kind of mission; see `spec-kitty mission-type list`.")
    ] = "software-dev",
    purpose_tldr: Annotated[str | None, Parameter(help="One sentence: what it is for.")] = None,
    purpose_context: Annotated[str | None, Parameter(help="Why, in a few sentences.")] = None,
    json: JsonOption = False,
) -> Outcome:
    """Start a mission: its folder, its metadata and its first event, in one commit.

    On a protected branch (main, master, the remote's default), and on a branch of another mission,
    it makes and switches to a feature branch first; on any other branch the mission lives there.

    For example:

    ```sh
    spec-kitty specify "Todo app"
    spec-kitty specify "Which database?" --mission-type research
    spec-kitty agent mission create "Todo app" --branch feature/todo --json
    ```
    """
    from specify_cli.next.beginning import begin_mission

    created = begin_mission(
        select_project(),
        title,
        mission_type=mission_type,
        branch=branch,
        purpose_tldr=purpose_tldr,
        purpose_context=purpose_context,
    )
    slug = created.mission.slug
    where = "a new branch, now checked out:" if created.branch_created else "branch"
    return Outcome(
        document=created.to_json(),
        text=(
            f"Mission {slug} is created on {where} {created.branch}\n"
            f"Next: spec-kitty next --agent <your-name> --mission {slug} --result success"
        ),
    )


@agent_app.command(name="setup-plan")
def plan(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Start a mission's plan, or check the one that is there.

    Needs a finished, committed spec.md. Writes and commits a plan.md to fill in when there is none,
    and says what the plan still lacks.

    For example:

    ```sh
    spec-kitty plan
    spec-kitty plan --mission todo-app --json
    ```
    """
    from specify_cli.missions.planning import start_plan
    from specify_cli.next.beginning import refuse_other_types

    project, chosen = select_mission(mission)
    refuse_other_types(project, chosen, "plan")
    status = start_plan(project, chosen)
    if status.complete:
        text = f"{status.file} is complete."
    else:
        verb = "was written for you to fill in" if status.created else "is not complete yet"
        text = "\n".join([f"{status.file} {verb}.", *guard_lines(status.guard_failures)])
    return Outcome(document=status.to_json(), text=text)


@agent_app.command(name="finalize-tasks")
def finalize_tasks(
    *,
    mission: MissionOption = None,
    actor: AgentOption = "spec-kitty",
    validate_only: Annotated[
        bool, Parameter(negative="", help="Check everything and write nothing.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Check the work packages, compute their lanes and put them on the board.

    Reports every problem at once. Running it again after a change adds what is new.

    For example:

    ```sh
    spec-kitty agent mission finalize-tasks --validate-only
    spec-kitty tasks --mission todo-app --json
    ```
    """
    from specify_cli.missions.finalize import finalize_tasks as finalize
    from specify_cli.next.beginning import refuse_other_types

    project, chosen = select_mission(mission)
    refuse_other_types(project, chosen, "tasks")
    report = finalize(project, chosen, actor=actor, validate_only=validate_only)
    return Outcome(document=report.to_json(), text=report.to_text())


@agent_app.command(name="check-prerequisites")
def check_prerequisites(
    *,
    mission: MissionOption = None,
    paths_only: Annotated[
        bool, Parameter(negative="", help="Only tell where the documents are; check nothing.")
    ] = False,
    include_tasks: Annotated[
        bool,
        Parameter(
            name=["--include-tasks", "--require-tasks"],
            negative="",
            help="The tasks have to be finalised, too.",
        ),
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Check that specification and plan are finished and committed; fails with all that is missing.

    Asks what `next` asks: the guards of the mission type's steps.

    For example:

    ```sh
    spec-kitty agent mission check-prerequisites --include-tasks
    spec-kitty agent mission check-prerequisites --paths-only --json
    ```
    """
    from specify_cli.next.prerequisites import check_prerequisites as check
    from specify_cli.next.prerequisites import mission_documents

    project, chosen = select_mission(mission)
    if paths_only:
        found = mission_documents(chosen)
    else:
        found = check(project, chosen, include_tasks=include_tasks)
    return Outcome(document=found.to_json(), text=found.to_text())


@agent_app.command(name="record-analysis")
def record_analysis(
    *,
    mission: MissionOption = None,
    input_file: Annotated[
        Path | None,
        Parameter(help="A file with the report; without it, analysis-report.md of the mission."),
    ] = None,
    agent: Annotated[
        str | None,
        Parameter(name=["--agent", "--actor"], help="Who analysed; the commit names it."),
    ] = None,
    json: JsonOption = False,
) -> Outcome:
    """Commit the analysis of specification, plan and work packages as analysis-report.md.

    Commits that file alone, whatever else is uncommitted. The same report again changes nothing.

    For example:

    ```sh
    spec-kitty agent mission record-analysis --agent claude
    spec-kitty agent mission record-analysis --input-file report.md --json
    ```
    """
    from specify_cli.missions.analysis import read_report
    from specify_cli.missions.analysis import record_analysis as record

    project, chosen = select_mission(mission)
    recorded = record(project, chosen, report=read_report(input_file), agent=agent)
    return Outcome(document=recorded.to_json(), text=recorded.to_text())


def accept(
    *,
    mission: MissionOption = None,
    actor: AgentOption = "spec-kitty",
    json: JsonOption = False,
) -> Outcome:
    """Accept a mission: every work package approved, nothing open, nothing uncommitted.

    A mission without work packages is accepted when every step of its type is complete, its documents
    still pass their checks and its audits are decided.

    A mission that changes files in `.github/workflows` has to name a run of them in
    `workflow-evidence.md` of its folder: the address of the run, or `run id` and its number.

    For example:

    ```sh
    spec-kitty accept --agent claude
    spec-kitty accept --mission todo-app --json
    ```
    """
    from specify_cli.next.ending import accept as accept_mission

    project, chosen = select_mission(mission)
    acceptance = accept_mission(project, chosen, actor=actor)
    return Outcome(document=acceptance.to_json(), text=acceptance.to_text())


def merge(
    *,
    mission: MissionOption = None,
    actor: AgentOption = "spec-kitty",
    target: Annotated[
        str | None,
        Parameter(help="Also bring the work onto this branch, such as main."),
    ] = None,
    strategy: Annotated[
        Literal["merge", "squash", "rebase"],
        Parameter(help="How the lanes' commits land: merged, as one, or in a row."),
    ] = "merge",
    push: Annotated[
        bool, Parameter(negative="", help="Push the branch with the work to its remote.")
    ] = False,
    dry_run: Annotated[
        bool, Parameter(negative="", help="Show what would happen, conflicts included.")
    ] = False,
    allow_unreviewed: Annotated[
        bool,
        Parameter(
            negative="", help="Merge commits that were made after the last review all the same."
        ),
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Bring a mission's work onto its target branch and clean up its worktrees.

    The documents of a mission without work packages are on its branch already: it is closed there, and
    `--target` brings them onto another one.

    Refuses while a work package is not approved, a lane has commits that no review has seen, a
    worktree holds uncommitted files or the lanes conflict, and changes nothing then. After an interruption, run it again: it goes on where it stopped.

    For example:

    ```sh
    spec-kitty merge --dry-run
    spec-kitty merge --target main --push
    spec-kitty merge --mission todo-app --strategy squash --json
    ```
    """
    from specify_cli.next.ending import merge as merge_mission

    project, chosen = select_mission(mission)
    report = merge_mission(
        project,
        chosen,
        actor=actor,
        target=target,
        strategy=strategy,
        push=push,
        dry_run=dry_run,
        allow_unreviewed=allow_unreviewed,
    )
    return Outcome(document=report.to_json(), text=report.to_text())


@app.command(name="list")
def list_all(*, json: JsonOption = False) -> Outcome:
    """List the missions of this repository.

    For example:

    ```sh
    spec-kitty mission list
    spec-kitty mission list --json
    ```
    """
    from specify_cli.missions.listing import mission_list

    listing = mission_list(select_project())
    return Outcome(document=listing.to_json(), text=listing.to_text())


@app.command
def show(mission: str | None = None, /, *, json: JsonOption = False) -> Outcome:
    """Show one mission: its metadata, its branch and its board.

    For example:

    ```sh
    spec-kitty mission show todo-app
    ```
    """
    from specify_cli.missions.listing import mission_summary

    _, chosen = select_mission(mission)
    summary = mission_summary(chosen)
    return Outcome(document=summary.to_json(), text=summary.to_text())


def guard_lines(failures: Sequence[GuardFailure]) -> list[str]:
    """Render guard failures for people, one per two lines."""
    lines = []
    for failure in failures:
        lines.append(f"  - {failure.file}: looked for {failure.looked_for}; {failure.found}")
        lines.append(f"    fix: {failure.fix}")
    return lines
