"""`spec-kitty agent status …`: change, check, repair and read the event log."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption, LaneName, MissionOption
from specify_cli.cli.outcome import Outcome, finding, note
from specify_cli.cli.selection import select_mission

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission

app = App(name="status", help="Change, check, repair and read the event log.")


@app.command
def emit(
    wp: str,
    /,
    *,
    to: Annotated[LaneName, Parameter(help="The lane to move it to.")],
    actor: Annotated[
        str, Parameter(name=["--actor", "--agent"], help="Who moves it; it is recorded.")
    ],
    mission: MissionOption = None,
    reason: Annotated[str | None, Parameter(help="Why; required with --force.")] = None,
    force: Annotated[
        bool, Parameter(negative="", help="Go past edge, guard and claims; the log says so.")
    ] = False,
    review_ref: Annotated[
        str | None, Parameter(help="The review that the change refers to, such as its file.")
    ] = None,
    evidence_json: Annotated[
        str | None,
        Parameter(help='What approved or done rests on: \'{"review": {"reviewer": ...}}\'.'),
    ] = None,
    review_result_json: Annotated[
        str | None,
        Parameter(
            help='The verdict that ends a review: \'{"reviewer": ..., "verdict": ..., "reference": ...}\'.'
        ),
    ] = None,
    workspace_context: Annotated[
        str | None, Parameter(help="The worktree or branch that the work happens in.")
    ] = None,
    subtasks_complete: Annotated[
        bool | None,
        Parameter(help="Whether every subtask is done. Not given: as the log says."),
    ] = None,
    implementation_evidence_present: Annotated[
        bool | None, Parameter(help="Whether the work is committed.")
    ] = None,
    execution_mode: Annotated[
        Literal["worktree", "direct_repo"] | None,
        Parameter(help="Where the work happens. Not given: as the work package says."),
    ] = None,
    json: JsonOption = False,
) -> Outcome:
    r"""Record one lane change: exactly what is asked for, with its guard, in one commit.

    `implement`, `agent action review`, `agent tasks move-task` and `next` do more: they make
    worktrees, look at commits and keep reviews. This is for programs that do so themselves. A work
    package that somebody else has, or that builds on unapproved work, cannot be taken up here
    either.

    For example:

    ```sh
    spec-kitty agent status emit WP01 --to claimed --actor claude
    spec-kitty agent status emit WP01 --to in_progress --actor claude \
      --workspace-context lane-a
    spec-kitty agent status emit WP01 --to for_review --actor claude \
      --implementation-evidence-present
    spec-kitty agent status emit WP01 --to planned --actor ada --force \
      --reason "claude is gone" --json
    ```
    """
    from specify_cli.missions.emit import emit_transition, parse_object

    project, chosen = select_mission(mission)
    emitted = emit_transition(
        project,
        chosen,
        wp,
        to,
        actor=actor,
        reason=reason,
        force=force,
        review_ref=review_ref,
        evidence=parse_object(evidence_json, option="--evidence-json"),
        review_result=parse_object(review_result_json, option="--review-result-json"),
        workspace_context=workspace_context,
        subtasks_complete=subtasks_complete,
        implementation_evidence_present=implementation_evidence_present,
        execution_mode=execution_mode,
    )
    return Outcome(document=emitted.to_json(), text=emitted.to_text())


@app.command
def show(
    wp: str | None = None, /, *, mission: MissionOption = None, json: JsonOption = False
) -> Outcome:
    """Show where work packages stand, who has them, and which lanes they can go to next.

    For example:

    ```sh
    spec-kitty agent status show WP01
    spec-kitty agent status show --json
    ```
    """
    from specify_cli.missions.standing import mission_standing

    _, chosen = select_mission(mission)
    standing = mission_standing(chosen, wp)
    return Outcome(document=standing.to_json(), text=standing.to_text())


@app.command
def history(
    wp: str,
    /,
    *,
    limit: Annotated[int | None, Parameter(help="Only the latest so many rows.")] = None,
    mission: MissionOption = None,
    json: JsonOption = False,
) -> Outcome:
    """Show every row of the log about one work package: lane changes, notes, subtasks.

    For example:

    ```sh
    spec-kitty agent status history WP01
    spec-kitty agent status history WP01 --limit 5 --json
    ```
    """
    from specify_cli.missions.history import work_package_history

    _, chosen = select_mission(mission)
    told = work_package_history(chosen, wp, limit=limit)
    return Outcome(document=told.to_json(), text=told.to_text())


@app.command
def timeline(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Tell what happened in a mission, oldest first.

    For example:

    ```sh
    spec-kitty agent status timeline
    ```
    """
    from specify_cli.missions.mission import mission_log
    from specify_cli.status.timeline import mission_timeline

    project, chosen = select_mission(mission)
    story = mission_timeline(mission_log(project, chosen))
    return Outcome(document=story.to_json(), text=story.to_text())


@app.command
def materialize(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Write status.json from the log and commit it; nothing happens when both are in step.

    For example:

    ```sh
    spec-kitty agent status materialize
    spec-kitty agent status materialize --mission todo-app --json
    ```
    """
    from specify_cli.missions.mission import mission_log
    from specify_cli.status.materialize import materialize_status

    project, chosen = select_mission(mission)
    done = materialize_status(mission_log(project, chosen))
    return Outcome(document=done.to_json(), text=done.to_text())


@app.command
def validate(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Check every row of a mission's event log: readable, conforming, legal.

    Exit status 1 when something is wrong; every problem is listed with its line.

    For example:

    ```sh
    spec-kitty agent status validate
    spec-kitty agent status validate --mission todo-app --json
    ```
    """
    from specify_cli.missions.mission import mission_log
    from specify_cli.status.validate import LogNotSound, validate_log

    project, chosen = select_mission(mission)
    report = validate_log(mission_log(project, chosen))
    if not report.valid:
        return finding(LogNotSound(report), report.to_text())
    return Outcome(document=report.to_json(), text=report.to_text())


@app.command
def doctor(
    *,
    fix: Annotated[
        bool,
        Parameter(negative="", help="Plan a repair of log and status.json, show it, and ask."),
    ] = False,
    yes: Annotated[
        bool, Parameter(negative="", help="With --fix: carry the plan out without asking.")
    ] = False,
    stale_claimed_days: Annotated[
        int, Parameter(help="Days without event or commit that make a claim stale; 7.")
    ] = 7,
    stale_in_progress_days: Annotated[
        int, Parameter(help="The same for work in progress; 14.")
    ] = 14,
    mission: MissionOption = None,
    json: JsonOption = False,
) -> Outcome:
    """Examine a mission: log, status.json, stale claims, leftover worktrees and markers.

    Exit status 1 when something needs somebody, with `--fix` when something is left that does.
    `--fix` takes out of the log only what certainly holds no row (conflict markers, blank lines,
    pieces of rows), puts committed rows back that are gone or changed, writes status.json anew and
    commits both. It keeps a copy of the files in the git folder first, and writes nothing unless
    every row of the log and of its commit is in the repaired log. In the middle of a merge it
    mends the files and leaves staging and committing to you. Without a terminal and without `--yes`
    it shows the plan and changes nothing.

    For example:

    ```sh
    spec-kitty agent status doctor
    spec-kitty agent status doctor --stale-claimed-days 3 --json
    spec-kitty agent status doctor --fix
    spec-kitty agent status doctor --fix --yes --json
    ```
    """
    from specify_cli.missions.health import MissionUnhealthy, mission_health

    project, chosen = select_mission(mission)
    if fix:
        return _repair(project, chosen, yes=yes, ask=not json)
    if yes:
        from specify_cli.kernel.errors import UsageError

        raise UsageError(
            "--yes carries a repair out, and none is asked for.",
            fix="spec-kitty agent status doctor --fix --yes",
        )
    health = mission_health(
        project,
        chosen,
        stale_claimed_days=stale_claimed_days,
        stale_in_progress_days=stale_in_progress_days,
    )
    if not health.healthy:
        return finding(MissionUnhealthy(health), health.to_text())
    return Outcome(document=health.to_json(), text=health.to_text())


def _repair(project: Project, mission: Mission, *, yes: bool, ask: bool) -> Outcome:
    from specify_cli.missions.health import RepairIncomplete, mission_health
    from specify_cli.missions.mission import mission_log
    from specify_cli.status.repair import Repaired, plan_repair, repair_log

    log = mission_log(project, mission)
    plan = plan_repair(log)
    asked = ask and bool(plan.steps) and not yes and _is_terminal()
    if ask and plan.steps:
        shown = yes or asked
        if shown:
            note(plan.to_text())
        if not yes and shown:
            note("Do it? [y/N] ")
            yes = sys.stdin.readline().strip().lower() in ("y", "yes")
    done = repair_log(log, plan) if yes else Repaired(plan, applied=False)
    told = done.to_text(plan_shown=asked)
    left = mission_health(project, mission)
    if not left.healthy:
        return finding(RepairIncomplete(left, done), f"{told}\n{left.to_text()}")
    return Outcome(document=done.to_json(), text=told)


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
