"""`spec-kitty agent tasks …`: the board, its moves and the subtasks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import AgentOption, JsonOption, LaneName, MissionOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_mission

app = App(name="tasks", help="Work packages and their subtasks.")


@app.command
def status(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Show the board: every work package and its lane.

    For example:

    ```sh
    spec-kitty agent tasks status
    spec-kitty agent tasks status --mission todo-app --json
    ```
    """
    from specify_cli.missions.board import mission_board

    _, chosen = select_mission(mission)
    board = mission_board(chosen)
    return Outcome(document=board.to_json(), text=board.to_text())


@app.command(name=["list", "list-tasks"])
def list_tasks(
    *,
    lane: Annotated[LaneName | None, Parameter(help="Only the work packages of this lane.")] = None,
    mission: MissionOption = None,
    json: JsonOption = False,
) -> Outcome:
    """List the work packages, all or those of one lane.

    For example:

    ```sh
    spec-kitty agent tasks list
    spec-kitty agent tasks list --lane for_review --json
    ```
    """
    from specify_cli.missions.task_list import task_list

    _, chosen = select_mission(mission)
    listed = task_list(chosen, lane=lane)
    return Outcome(document=listed.to_json(), text=listed.to_text())


@app.command(name="list-dependents")
def list_dependents(
    wp: str, /, *, mission: MissionOption = None, json: JsonOption = False
) -> Outcome:
    """Show which work packages depend on one, directly and through others.

    For example:

    ```sh
    spec-kitty agent tasks list-dependents WP01
    ```
    """
    from specify_cli.missions.task_list import dependents

    _, chosen = select_mission(mission)
    found = dependents(chosen, wp)
    return Outcome(document=found.to_json(), text=found.to_text())


@app.command(name="add-history")
def note_history(
    wp: str,
    /,
    *,
    note: Annotated[str, Parameter(help="What happened, in a sentence.")],
    agent: Annotated[
        str, Parameter(name=["--agent", "--actor"], help="Who notes it; it is recorded.")
    ],
    mission: MissionOption = None,
    json: JsonOption = False,
) -> Outcome:
    r"""Note something in a work package's activity log: in its file and in the event log.

    A note may have several lines. Refused while the file has changes that are not committed.

    For example:

    ```sh
    spec-kitty agent tasks add-history WP01 --agent claude \
      --note "Tests pass on Windows too"
    ```
    """
    from specify_cli.missions.history import add_history

    project, chosen = select_mission(mission)
    entry = add_history(project, chosen, wp, actor=agent, note=note)
    return Outcome(document=entry.to_json(), text=entry.to_text())


@app.command(name="mark-status")
def mark_status(
    task_ids: list[str],
    /,
    *,
    status: Annotated[Literal["done", "pending"], Parameter(help="The subtasks' new status.")],
    mission: MissionOption = None,
    agent: AgentOption = "spec-kitty",
    json: JsonOption = False,
) -> Outcome:
    """Mark subtasks as done or pending, several in one commit.

    For example:

    ```sh
    spec-kitty agent tasks mark-status T001 T002 --status done --agent claude
    ```
    """
    from specify_cli.missions.subtasks import mark_subtasks

    project, chosen = select_mission(mission)
    marked = mark_subtasks(project, chosen, tuple(task_ids), status, actor=agent)
    return Outcome(document=marked.to_json(), text=marked.to_text())


@app.command(name="move-task")
def move_task(
    wp: str,
    /,
    *,
    to: Annotated[LaneName, Parameter(help="The lane to move it to.")],
    agent: Annotated[
        str, Parameter(name=["--agent", "--actor"], help="Who moves it; it is recorded.")
    ],
    mission: MissionOption = None,
    note: Annotated[
        str | None, Parameter(name=["--note", "--reason"], help="Why; required with --force.")
    ] = None,
    review_feedback_file: Annotated[
        Path | None,
        Parameter(
            name=["--review-feedback-file", "--feedback-file"],
            help="What has to change, when a review sends it back.",
        ),
    ] = None,
    force: Annotated[
        bool, Parameter(negative="", help="Skip the guards; the log says so.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    r"""Move a work package to another lane, if that lane's guard allows it.

    For example:

    ```sh
    spec-kitty agent tasks move-task WP01 --to for_review --agent claude
    spec-kitty agent tasks move-task WP01 --to approved --agent codex
    spec-kitty agent tasks move-task WP01 --to in_progress --agent codex \
      --review-feedback-file feedback.md
    ```
    """
    from specify_cli.missions.feedback import read_feedback
    from specify_cli.missions.moves import move_work_package

    project, chosen = select_mission(mission)
    moved = move_work_package(
        project,
        chosen,
        wp,
        to,
        actor=agent,
        note=note,
        feedback=read_feedback(review_feedback_file),
        force=force,
    )
    return Outcome(document=moved.to_json(), text=moved.to_text())
