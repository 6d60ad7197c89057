"""`spec-kitty orchestrator-api …`: the commands that finish a mission."""

from __future__ import annotations

from typing import Annotated

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.options import StrategyName
from specify_cli.cli.orchestrator_api import ActorName, MissionHandle, answered, given_only
from specify_cli.cli.outcome import Outcome


def accept_mission(*, mission: MissionHandle, actor: ActorName) -> Outcome:
    r"""Accept a mission whose work packages are all approved.

    For example:

    ```sh
    spec-kitty orchestrator-api accept-mission \
      --mission todo-app --actor codex
    ```
    """
    from specify_cli.orchestrator_api import execute

    return answered(execute("accept-mission", {"mission": mission, "actor": actor}))


def merge_mission(
    *,
    mission: MissionHandle,
    target: Annotated[
        str | None, Parameter(name="--target", help="Another branch to bring the work onto.")
    ] = None,
    strategy: Annotated[
        StrategyName | None, Parameter(name="--strategy", help="`merge` is the default.")
    ] = None,
    push: Annotated[
        bool, Parameter(name="--push", negative="", help="Push the branch afterwards.")
    ] = False,
    actor: Annotated[
        str | None, Parameter(name="--actor", help="Who merges; it is recorded.")
    ] = None,
) -> Outcome:
    r"""Bring a mission's work onto its branch, and onto another if asked.

    For example:

    ```sh
    spec-kitty orchestrator-api merge-mission --mission todo-app \
      --target main --strategy squash
    ```
    """
    from specify_cli.orchestrator_api import execute

    given = given_only(target=target, strategy=strategy, push=push or None, actor=actor)
    return answered(execute("merge-mission", {"mission": mission, **given}))
