"""`spec-kitty orchestrator-api …`: the commands of a mission's planning."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.orchestrator_api import (
    MissionHandle,
    PolicyJson,
    answered,
    given_only,
    policy_of,
)
from specify_cli.cli.outcome import Outcome
from specify_cli.kernel.errors import UsageError


def specify(
    *,
    mission: Annotated[str, Parameter(name="--mission", help="Title of the new mission.")],
    mission_type: Annotated[
        str, Parameter(name="--mission-type", help="Its type; see `spec-kitty mission-type list`.")
    ],
    topology: Annotated[
        str | None,
        Parameter(name="--topology", help="`single_branch`, for clients that always send it."),
    ] = None,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Start a mission, in one commit. Needs a policy.

    Asking again finds the unfinished mission of the same words and type, and writes nothing. On a
    protected branch, and on a branch of another mission, it makes and checks out a branch for it.

    For example:

    ```sh
    spec-kitty orchestrator-api specify --mission "Todo app" \
      --mission-type software-dev --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "mission_type": mission_type,
        **given_only(topology=topology),
        **policy_of(policy),
    }
    return answered(execute("specify", arguments))


def plan(*, mission: MissionHandle, policy: PolicyJson = None) -> Outcome:
    r"""Start a mission's plan, or tell what it lacks. Needs a policy.

    Refused while the specification is not finished. Writes and commits a plan.md to fill in when
    there is none; `phase_complete` tells whether the plan is finished.

    For example:

    ```sh
    spec-kitty orchestrator-api plan --mission todo-app --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    return answered(execute("plan", {"mission": mission, **policy_of(policy)}))


def tasks(
    *,
    mission: MissionHandle,
    actor: Annotated[
        str | None, Parameter(name="--actor", help="Who does it; it is recorded.")
    ] = None,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Check the work packages, compute their lanes and put them on the board. Needs a policy.

    Reports every problem at once. Running it again after a change adds what is new.

    For example:

    ```sh
    spec-kitty orchestrator-api tasks --mission todo-app --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {"mission": mission, **given_only(actor=actor), **policy_of(policy)}
    return answered(execute("tasks", arguments))


def check_prerequisites(
    *,
    mission: MissionHandle,
    include_tasks: Annotated[
        bool,
        Parameter(name="--include-tasks", negative="", help="The tasks must be finalised, too."),
    ] = False,
) -> Outcome:
    r"""Check that specification and plan are finished; anything less is a failure.

    For example:

    ```sh
    spec-kitty orchestrator-api check-prerequisites --mission todo-app \
      --include-tasks
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {"mission": mission, **given_only(include_tasks=include_tasks or None)}
    return answered(execute("check-prerequisites", arguments))


def record_analysis(
    *,
    mission: MissionHandle,
    report: Annotated[
        str | None,
        Parameter(name="--report", help="The report, Markdown.", allow_leading_hyphen=True),
    ] = None,
    input_file: Annotated[
        Path | None, Parameter(name="--input-file", help="A file with the report, anywhere.")
    ] = None,
    agent: Annotated[
        str | None, Parameter(name="--agent", help="Who analysed; it is recorded.")
    ] = None,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Commit the analysis of specification, plan and work packages. Needs a policy.

    Without a report it is the analysis-report.md in the mission's folder. Other uncommitted files
    stay as they are.

    For example:

    ```sh
    spec-kitty orchestrator-api record-analysis --mission todo-app \
      --input-file report.md --agent claude --policy "$POLICY"
    ```
    """
    from specify_cli.missions.analysis import read_report
    from specify_cli.orchestrator_api import execute

    if report is not None and input_file is not None:
        raise UsageError(
            "--report and --input-file are two reports.", fix="Give one of them, or neither."
        )
    text = read_report(input_file) if report is None else report
    given = given_only(report=text, agent=agent)
    return answered(execute("record-analysis", {"mission": mission, **given, **policy_of(policy)}))
