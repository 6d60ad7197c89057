"""`spec-kitty orchestrator-api …`: the commands about the design of a mission."""

from __future__ import annotations

from typing import Annotated

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.orchestrator_api import (
    ActorName,
    MissionHandle,
    PolicyJson,
    answered,
    given_only,
    parsed_document,
    policy_of,
)
from specify_cli.cli.outcome import Outcome

_Origin = Annotated[
    str, Parameter(name="--origin", help="What is being written: charter, specify or plan.")
]
_DecisionId = Annotated[str, Parameter(name="--decision-id", help="The decision.")]
_Why = Annotated[str, Parameter(name="--rationale", help="Why.", allow_leading_hyphen=True)]
_ResolvedBy = Annotated[
    str | None,
    Parameter(name="--resolved-by", help="Who decided, when that is not the one who acts."),
]


def open_decision(
    *,
    mission: MissionHandle,
    origin: _Origin,
    input_key: Annotated[
        str, Parameter(name="--input-key", help="What the answer is called, such as storage.")
    ],
    question: Annotated[
        str, Parameter(name="--question", help="The question.", allow_leading_hyphen=True)
    ],
    step_id: Annotated[
        str | None, Parameter(name="--step-id", help="The step that asks; or --slot-key.")
    ] = None,
    slot_key: Annotated[
        str | None, Parameter(name="--slot-key", help="The slot that asks; or --step-id.")
    ] = None,
    options: Annotated[
        str | None, Parameter(name="--options", help="Suggested answers, a JSON list of texts.")
    ] = None,
    actor: ActorName,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Ask a question of the mission's planning, on record. Needs a policy.

    Asking again finds the question that is open, and records nothing.

    For example:

    ```sh
    spec-kitty orchestrator-api open-decision --mission todo-app \
      --origin specify --slot-key specify.storage --input-key storage \
      --question "Where is it kept?" --options '["a file"]' \
      --actor claude --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "origin": origin,
        "input_key": input_key,
        "question": question,
        "actor": actor,
        **policy_of(policy),
        **given_only(step_id=step_id, slot_key=slot_key, options=parsed_document(options)),
    }
    return answered(execute("open-decision", arguments))


def resolve_decision(
    *,
    mission: MissionHandle,
    decision_id: _DecisionId,
    final_answer: Annotated[
        str, Parameter(name="--final-answer", help="The answer.", allow_leading_hyphen=True)
    ],
    other_answer: Annotated[
        bool,
        Parameter(name="--other-answer", negative="", help="The answer is none of the options."),
    ] = False,
    rationale: Annotated[
        str | None, Parameter(name="--rationale", help="Why.", allow_leading_hyphen=True)
    ] = None,
    resolved_by: _ResolvedBy = None,
    actor: ActorName,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Answer a question that is open or was put off. Needs a policy.

    For example:

    ```sh
    spec-kitty orchestrator-api resolve-decision --mission todo-app \
      --decision-id 01KQ22DT0000000000000000D1 --final-answer "a file" \
      --actor claude --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "decision_id": decision_id,
        "final_answer": final_answer,
        "actor": actor,
        **policy_of(policy),
        **given_only(
            other_answer=other_answer or None, rationale=rationale, resolved_by=resolved_by
        ),
    }
    return answered(execute("resolve-decision", arguments))


def defer_decision(
    *,
    mission: MissionHandle,
    decision_id: _DecisionId,
    rationale: _Why,
    resolved_by: _ResolvedBy = None,
    actor: ActorName,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Put a question off; it can be answered later. Needs a policy.

    For example:

    ```sh
    spec-kitty orchestrator-api defer-decision --mission todo-app \
      --decision-id 01KQ22DT0000000000000000D1 --rationale "The owner is away" \
      --actor claude --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "decision_id": decision_id,
        "rationale": rationale,
        "actor": actor,
        **policy_of(policy),
        **given_only(resolved_by=resolved_by),
    }
    return answered(execute("defer-decision", arguments))


def cancel_decision(
    *,
    mission: MissionHandle,
    decision_id: _DecisionId,
    rationale: _Why,
    resolved_by: _ResolvedBy = None,
    actor: ActorName,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Drop a question that need not be answered any more. Needs a policy.

    For example:

    ```sh
    spec-kitty orchestrator-api cancel-decision --mission todo-app \
      --decision-id 01KQ22DT0000000000000000D1 --rationale "Nothing is stored" \
      --actor claude --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "decision_id": decision_id,
        "rationale": rationale,
        "actor": actor,
        **policy_of(policy),
        **given_only(resolved_by=resolved_by),
    }
    return answered(execute("cancel-decision", arguments))


def answer_decision(
    *,
    mission: MissionHandle,
    agent: Annotated[
        str, Parameter(name="--agent", help="Who answers, and gets the next work; it is recorded.")
    ],
    answer: Annotated[
        str, Parameter(name="--answer", help="The answer.", allow_leading_hyphen=True)
    ],
    decision_id: Annotated[
        str | None,
        Parameter(name="--decision-id", help="The question, such as input:region."),
    ] = None,
    result: Annotated[
        str | None, Parameter(name="--result", help="`success`, for clients that always send it.")
    ] = None,
    policy: PolicyJson = None,
) -> Outcome:
    r"""Answer the question that the mission's run waits for. Needs a policy.

    For example:

    ```sh
    spec-kitty orchestrator-api answer-decision --mission todo-app \
      --agent claude --answer north --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "agent": agent,
        "answer": answer,
        **policy_of(policy),
        **given_only(decision_id=decision_id, result=result),
    }
    return answered(execute("answer-decision", arguments))


def design_status(*, mission: MissionHandle) -> Outcome:
    """Tell how far the design of a mission is, and which questions are open.

    For example:

    ```sh
    spec-kitty orchestrator-api design-status --mission todo-app
    ```
    """
    from specify_cli.orchestrator_api import execute

    return answered(execute("design-status", {"mission": mission}))
