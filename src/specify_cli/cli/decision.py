"""`spec-kitty agent decision …`: questions of a mission's planning, on record."""

from __future__ import annotations

from typing import Annotated, Literal

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption, MissionOption
from specify_cli.cli.outcome import Outcome, finding
from specify_cli.cli.selection import select_mission

app = App(name="decision", help="Questions of a mission's planning: ask, answer, put off, check.")

_Actor = Annotated[
    str, Parameter(name=["--actor", "--agent"], help="Who is acting; it is recorded.")
]
_Closer = Annotated[
    str,
    Parameter(name=["--actor", "--agent", "--resolved-by"], help="Who decides it; it is recorded."),
]
_Rationale = Annotated[str, Parameter(help="Why.", allow_leading_hyphen=True)]


@app.command(name="open")
def ask(
    *,
    flow: Annotated[
        str, Parameter(name="--flow", help="What is being written: charter, specify or plan.")
    ],
    input_key: Annotated[str, Parameter(help="What the answer is called, such as storage.")],
    question: Annotated[str, Parameter(help="The question.", allow_leading_hyphen=True)],
    slot_key: Annotated[
        str | None, Parameter(help="The slot of an interview that asks; or --step-id.")
    ] = None,
    step_id: Annotated[str | None, Parameter(help="The step that asks; or --slot-key.")] = None,
    options: Annotated[
        str | None, Parameter(help='Suggested answers, a JSON list: `["a file", "a database"]`.')
    ] = None,
    mission: MissionOption = None,
    actor: _Actor = "spec-kitty",
    actor_type: Annotated[
        Literal["human", "llm", "service"], Parameter(help="What the one who asks is.")
    ] = "llm",
    json: JsonOption = False,
) -> Outcome:
    r"""Ask a question: an event of the log, and the files that follow from it, in one commit.

    Asking again with the same flow, step or slot, and key finds the question that is open.

    For example:

    ```sh
    spec-kitty agent decision open --flow specify --slot-key specify.storage \
      --input-key storage --question "Where is the total kept?" \
      --options '["a file", "a database"]' --actor claude
    ```
    """
    from specify_cli.decisions.opening import open_decision
    from specify_cli.decisions.said import parsed_options

    offered = parsed_options(options)
    project, chosen = select_mission(mission)
    opened = open_decision(
        project,
        chosen,
        origin_flow=flow,
        input_key=input_key,
        question=question,
        actor=actor,
        step_id=step_id,
        slot_key=slot_key,
        options=offered,
        actor_type=actor_type,
    )
    return Outcome(document=opened.to_json(), text=opened.to_text())


@app.command
def resolve(
    decision_id: str,
    /,
    *,
    final_answer: Annotated[str, Parameter(help="The answer.", allow_leading_hyphen=True)],
    other_answer: Annotated[
        bool, Parameter(negative="", help="The answer is none of the options.")
    ] = False,
    rationale: Annotated[str | None, Parameter(help="Why.", allow_leading_hyphen=True)] = None,
    mission: MissionOption = None,
    actor: _Closer = "spec-kitty",
    json: JsonOption = False,
) -> Outcome:
    r"""Answer a question that is open or was put off.

    For example:

    ```sh
    spec-kitty agent decision resolve 01KQ22DT0000000000000000D1 \
      --final-answer "a file" --rationale "One reader" --actor claude
    ```
    """
    from specify_cli.decisions.closing import resolve_decision

    project, chosen = select_mission(mission)
    closed = resolve_decision(
        project,
        chosen,
        decision_id,
        final_answer=final_answer,
        actor=actor,
        rationale=rationale,
        other_answer=other_answer,
    )
    return Outcome(document=closed.to_json(), text=closed.to_text())


@app.command
def defer(
    decision_id: str,
    /,
    *,
    rationale: _Rationale,
    mission: MissionOption = None,
    actor: _Closer = "spec-kitty",
    json: JsonOption = False,
) -> Outcome:
    r"""Put a question off; says which marker the document needs meanwhile.

    For example:

    ```sh
    spec-kitty agent decision defer 01KQ22DT0000000000000000D1 \
      --rationale "The owner is away until Monday" --actor claude
    ```
    """
    from specify_cli.decisions.closing import defer_decision

    project, chosen = select_mission(mission)
    closed = defer_decision(project, chosen, decision_id, rationale=rationale, actor=actor)
    return Outcome(document=closed.to_json(), text=closed.to_text())


@app.command
def cancel(
    decision_id: str,
    /,
    *,
    rationale: _Rationale,
    mission: MissionOption = None,
    actor: _Closer = "spec-kitty",
    json: JsonOption = False,
) -> Outcome:
    r"""Drop a question that need not be answered any more.

    For example:

    ```sh
    spec-kitty agent decision cancel 01KQ22DT0000000000000000D1 \
      --rationale "Nothing is stored any more" --actor claude
    ```
    """
    from specify_cli.decisions.closing import cancel_decision

    project, chosen = select_mission(mission)
    closed = cancel_decision(project, chosen, decision_id, rationale=rationale, actor=actor)
    return Outcome(document=closed.to_json(), text=closed.to_text())


@app.command
def verify(
    *,
    mission: MissionOption = None,
    fail_on_stale: Annotated[
        bool,
        Parameter(help="Whether markers of questions that are not put off (any more) count."),
    ] = True,
    json: JsonOption = False,
) -> Outcome:
    """Check that spec.md and plan.md mark every question that was put off, and no other.

    For example:

    ```sh
    spec-kitty agent decision verify
    spec-kitty agent decision verify --no-fail-on-stale --json
    ```
    """
    from specify_cli.decisions.verification import verify_decisions

    project, chosen = select_mission(mission)
    report = verify_decisions(project, chosen)
    refusal = report.refusal(fail_on_stale=fail_on_stale)
    if refusal is not None:
        return finding(refusal, report.to_text())
    return Outcome(document=report.to_json(), text=report.to_text())


@app.command(name="list")
def list_all(
    *,
    status: Annotated[
        Literal["open", "resolved", "deferred", "canceled"] | None,
        Parameter(help="Only those of this status."),
    ] = None,
    mission: MissionOption = None,
    json: JsonOption = False,
) -> Outcome:
    """List the questions of a mission's planning, with their answers.

    For example:

    ```sh
    spec-kitty agent decision list
    spec-kitty agent decision list --status open --json
    ```
    """
    from specify_cli.decisions.listing import list_decisions

    project, chosen = select_mission(mission)
    listed = list_decisions(project, chosen, status=status)
    return Outcome(document=listed.to_json(), text=listed.to_text())


@app.command
def rebuild(*, mission: MissionOption = None, json: JsonOption = False) -> Outcome:
    """Make `decisions/index.json` and the pages beside it again from the log.

    For example:

    ```sh
    spec-kitty agent decision rebuild --mission todo-app
    ```
    """
    from specify_cli.decisions.rebuilding import rebuild_decisions

    project, chosen = select_mission(mission)
    rebuilt = rebuild_decisions(project, chosen)
    return Outcome(document=rebuilt.to_json(), text=rebuilt.to_text())
