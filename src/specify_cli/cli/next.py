"""`spec-kitty next`: the loop an agent calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.options import JsonOption, MissionOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_mission

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.next_decision import NextDecision


def next_step(
    *,
    agent: Annotated[
        str | None,
        Parameter(help="Your name as an agent, such as claude. Needed to report or to go on."),
    ] = None,
    mission: MissionOption = None,
    result: Annotated[
        Literal["success", "failed", "blocked"] | None,
        Parameter(help="How your last step ended. Without it nothing changes: a pure question."),
    ] = None,
    wp: Annotated[
        str | None, Parameter(help="The work package you report on, when you hold several.")
    ] = None,
    verdict: Annotated[
        Literal["approved", "changes_requested"] | None,
        Parameter(help="Your verdict on the work package you review."),
    ] = None,
    feedback_file: Annotated[
        Path | None, Parameter(help="What has to change, with --verdict changes_requested.")
    ] = None,
    reason: Annotated[str | None, Parameter(help="Why, with --result failed or blocked.")] = None,
    answer: Annotated[
        str | None, Parameter(help="Your answer to the question the mission waits for.")
    ] = None,
    decision_id: Annotated[
        str | None, Parameter(help="Which question you answer, when the mission waits for several.")
    ] = None,
    actor_type: Annotated[
        Literal["human", "llm", "service"],
        Parameter(help="What answers: audits are for the person in `mission.owner`."),
    ] = "llm",
    retry: Annotated[
        bool, Parameter(negative="", help="Go on after a failed or blocked step.")
    ] = False,
    adopt_template: Annotated[
        bool, Parameter(negative="", help="Follow the mission type as it is now, after it changed.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Ask for the next step of a mission, or report the last one and go on.

    Without `--result` it answers and changes nothing. With `--result success` it checks what you
    did, completes the step only if the check passes, claims the next piece of work for you, and
    names a prompt file that says everything about it.

    Exit status: 0 for a step, a question, a decision or the end; 1 when blocked (the answer says
    why and what to do).

    For example:

    ```sh
    spec-kitty next --json
    spec-kitty next --agent claude --result success
    spec-kitty next --agent codex --result success --verdict approved
    spec-kitty next --agent claude --retry
    spec-kitty next --agent ada --actor-type human --answer approve
    ```
    """
    from specify_cli import next as loop
    from specify_cli.missions.feedback import read_feedback

    project, chosen = select_mission(mission)
    if result is None and answer is None and not retry and not adopt_template:
        decision = loop.query(project, chosen, agent=agent, wp_id=wp)
    else:
        decision = loop.advance(
            project,
            chosen,
            agent=_required_agent(agent),
            result=result,
            wp_id=wp,
            verdict=verdict,
            feedback=read_feedback(feedback_file),
            reason=reason,
            retry=retry,
            answer=answer,
            decision_id=decision_id,
            actor_type=actor_type,
            adopt_template=adopt_template,
        )
    return Outcome(
        document=decision, text=_text(decision), exit_code=1 if decision["kind"] == "blocked" else 0
    )


def _required_agent(agent: str | None) -> str:
    from specify_cli.kernel.errors import UsageError

    if agent is None:
        raise UsageError(
            "--agent is needed to report a result.",
            fix="Add your name: spec-kitty next --agent claude --result success",
        )
    return agent


def _text(decision: NextDecision) -> str:
    lines = [
        f"recorded  {move['wp_id']}: {move['from_lane']} → {move['to_lane']}"
        + ("  (a self-review)" if move.get("self_review") else "")
        for move in decision["transitions"]
    ]
    lines.append(_headline(decision))
    if decision["guard_failures"]:
        lines.append("  Not finished yet:")
    elif decision["reason"]:
        lines.append(f"  {decision['reason']}")
    for failure in decision["guard_failures"]:
        lines.append(
            f"  - {failure['file']}: looked for {failure['looked_for']}; {failure['found']}"
        )
        lines.append(f"    fix: {failure['fix']}")
    if decision["workspace_path"]:
        lines.append(f"  work in  {decision['workspace_path']}")
    if decision["prompt_file"]:
        lines.append(f"  read     {decision['prompt_file']}")
    if decision["fix"]:
        lines.append(f"  fix      {decision['fix']}")
    progress = decision["progress"]
    if progress and progress["total_wps"]:
        finished = progress["done_wps"] + progress["approved_wps"]
        lines.append(f"  {finished} of {progress['total_wps']} work packages approved or done")
    return "\n".join(lines)


def _headline(decision: NextDecision) -> str:
    what = " ".join(part for part in (decision["action"], decision["wp_id"]) if part)
    match decision["kind"]:
        case "terminal":
            return f"{decision['mission_slug']}: finished"
        case "blocked":
            return f"{decision['mission_slug']}: blocked{f' at {what}' if what else ''}"
        case "query":
            if decision["question"]:
                return f"{decision['mission_slug']}: a decision is needed"
            return f"{decision['mission_slug']}: next is {decision['preview_step'] or what}"
        case "decision_required":
            return f"{decision['mission_slug']}: a decision is needed"
        case _:
            return f"{decision['mission_slug']}: {what}"
