"""`spec-kitty orchestrator-api …`: commands for an external orchestrator.

Standard output is always exactly one JSON envelope, success or failure; there is no `--json`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import LaneName
from specify_cli.cli.outcome import Outcome
from specify_cli.kernel.errors import SpecKittyError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spec_kitty_contracts.wire.orchestrator_api import OrchestratorEnvelope

app = App(
    name="orchestrator-api",
    help=(
        "Commands for an external orchestrator; each answers with one JSON envelope.\n\n"
        'specify starts a mission as `spec-kitty specify "Todo app"` does, plan and tasks take it to '
        "its work packages, and check-prerequisites tells whether that is done. Or commit a folder "
        "such as `kitty-specs/099-todo-app` with a `meta.json` and work packages "
        "`tasks/WP01-start.md`."
    ),
    version_flags=[],
)
_SERVER = "specify_cli.cli.orchestrator_server"
app.command(f"{_SERVER}:serve", name="serve", help="Serve the API over HTTP.")
app.command(f"{_SERVER}:openapi", name="openapi", help="Print the API's OpenAPI document.")
_PLANNING = "specify_cli.cli.orchestrator_planning"
_COMPLETION = "specify_cli.cli.orchestrator_completion"
_DESIGN = "specify_cli.cli.orchestrator_design"
for _module, _name, _help in (
    (_PLANNING, "specify", "Start a mission."),
    (_PLANNING, "plan", "Start a mission's plan, or tell what it lacks."),
    (_PLANNING, "tasks", "Finalise a mission's tasks."),
    (_PLANNING, "check-prerequisites", "Check that the planning is finished."),
    (_PLANNING, "record-analysis", "Commit the analysis of the planning."),
    (_COMPLETION, "accept-mission", "Accept a mission whose work packages are all approved."),
    (_COMPLETION, "merge-mission", "Bring a mission's work onto its branch, and onto another."),
    (_DESIGN, "open-decision", "Ask a question of the mission's planning, on record."),
    (_DESIGN, "resolve-decision", "Answer a question that is open or was put off."),
    (_DESIGN, "defer-decision", "Put a question off; it can be answered later."),
    (_DESIGN, "cancel-decision", "Drop a question that need not be answered any more."),
    (_DESIGN, "answer-decision", "Answer the question that the mission's run waits for."),
    (_DESIGN, "design-status", "Tell how far the design of a mission is."),
):
    app.command(f"{_module}:{_name.replace('-', '_')}", name=_name, help=_help)

MissionHandle = Annotated[
    str,
    Parameter(
        name="--mission", help="Slug, ULID, its first 8 characters, or the words of the slug."
    ),
]
_WorkPackage = Annotated[
    str, Parameter(name="--wp", help="The work package: `WP01`, `WP1`, `wp-01`.")
]
ActorName = Annotated[str, Parameter(name="--actor", help="Who acts; it is recorded.")]
PolicyJson = Annotated[
    str | None,
    Parameter(
        name="--policy",
        help="How the agent works, a JSON object of texts: orchestrator_id, orchestrator_version, "
        "agent_family, approval_mode, sandbox_mode, network_mode, and dangerous_flags, a list of "
        "texts. Recorded with the change.",
    ),
]
_ReviewRef = Annotated[
    str | None,
    Parameter(name="--review-ref", help="The review that it refers to.", allow_leading_hyphen=True),
]


@app.default
def no_command(
    *words: Annotated[str, Parameter(allow_leading_hyphen=True, show=False)],
) -> Outcome:
    """Refuse a call without a command that exists: there is no prose to answer with."""
    from difflib import get_close_matches

    from specify_cli.orchestrator_api import OPERATIONS

    problem = f"there is no command {words[0][:60]!r}." if words else "no command is given."
    near = get_close_matches(words[0], OPERATIONS, n=1) if words else []
    meant = f"Did you mean {near[0]}? " if near else ""
    raise UsageError(
        problem, fix=f"{meant}See the commands with: spec-kitty orchestrator-api --help"
    )


@app.command(name="contract-version")
def contract_version(
    *,
    provider_version: Annotated[
        str | None,
        Parameter(
            name="--provider-version",
            help="Version of the client; refused when it is too old.",
            allow_leading_hyphen=True,
        ),
    ] = None,
) -> Outcome:
    """Tell the version of this API.

    For example:

    ```sh
    spec-kitty orchestrator-api contract-version --provider-version 0.1.2
    ```
    """
    from specify_cli.orchestrator_api import execute

    return answered(execute("contract-version", given_only(provider_version=provider_version)))


@app.command(name="mission-state")
def mission_state(*, mission: MissionHandle) -> Outcome:
    """Tell where every work package stands.

    For example:

    ```sh
    spec-kitty orchestrator-api mission-state --mission todo-app
    ```
    """
    from specify_cli.orchestrator_api import execute

    return answered(execute("mission-state", {"mission": mission}))


@app.command(name="list-ready")
def list_ready(*, mission: MissionHandle) -> Outcome:
    """Tell which work packages can be started now.

    For example:

    ```sh
    spec-kitty orchestrator-api list-ready --mission todo-app
    ```
    """
    from specify_cli.orchestrator_api import execute

    return answered(execute("list-ready", {"mission": mission}))


@app.command(name="resolve-workspace")
def resolve_workspace(*, mission: MissionHandle, wp: _WorkPackage) -> Outcome:
    """Tell where a work package is worked on; makes nothing.

    For example:

    ```sh
    spec-kitty orchestrator-api resolve-workspace --mission todo-app --wp WP01
    ```
    """
    from specify_cli.orchestrator_api import execute

    return answered(execute("resolve-workspace", {"mission": mission, "wp": wp}))


@app.command(name="start-implementation")
def start_implementation(
    *, mission: MissionHandle, wp: _WorkPackage, actor: ActorName, policy: PolicyJson = None
) -> Outcome:
    r"""Claim a work package and get its worktree and prompt. Needs a policy.

    For example:

    ```sh
    spec-kitty orchestrator-api start-implementation \
      --mission todo-app --wp WP01 --actor claude --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {"mission": mission, "wp": wp, "actor": actor, **policy_of(policy)}
    return answered(execute("start-implementation", arguments))


@app.command(name="start-review")
def start_review(
    *,
    mission: MissionHandle,
    wp: _WorkPackage,
    actor: ActorName,
    policy: PolicyJson = None,
    review_ref: _ReviewRef = None,
) -> Outcome:
    r"""Claim the review of a work package. Needs a policy.

    For example:

    ```sh
    spec-kitty orchestrator-api start-review --mission todo-app --wp WP01 \
      --actor codex --policy "$POLICY"
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "wp": wp,
        "actor": actor,
        **policy_of(policy),
        **given_only(review_ref=review_ref),
    }
    return answered(execute("start-review", arguments))


@app.command
def transition(
    *,
    mission: MissionHandle,
    wp: _WorkPackage,
    to: Annotated[LaneName, Parameter(name="--to", help="The lane; `doing` means in_progress.")],
    actor: ActorName,
    note: Annotated[
        str | None,
        Parameter(
            name="--note",
            help="Why; what has to change, when a review sends it back.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    policy: PolicyJson = None,
    force: Annotated[
        bool,
        Parameter(name="--force", negative="", help="Override edge and guards; the log says so."),
    ] = False,
    review_ref: _ReviewRef = None,
    evidence_json: Annotated[
        str | None,
        Parameter(
            name="--evidence-json",
            help="What approved and done rest on, a JSON object: "
            '`{"review": {"reviewer": "codex", "verdict": "approved", "reference": "URL"}}`, '
            "with `repos` and `verification` if you like.",
        ),
    ] = None,
    review_result_json: Annotated[
        str | None,
        Parameter(
            name="--review-result-json",
            help="The verdict, a JSON object: "
            '`{"reviewer": "codex", "verdict": "approved", "reference": "URL"}`; the other verdict '
            "is `changes_requested`.",
        ),
    ] = None,
    subtasks_complete: Annotated[
        bool | None,
        Parameter(
            name="--subtasks-complete",
            negative="--no-subtasks-complete",
            help="Every subtask is done; they are recorded as done.",
        ),
    ] = None,
    implementation_evidence_present: Annotated[
        bool | None,
        Parameter(
            name="--implementation-evidence-present",
            negative="--no-implementation-evidence-present",
            help="There is work to review; the branch is looked at all the same.",
        ),
    ] = None,
) -> Outcome:
    r"""Move a work package to another lane, if what that lane asks for is there.

    Into claimed, in_progress, for_review, in_review and approved a policy is needed.

    For example:

    ```sh
    spec-kitty orchestrator-api transition --mission todo-app --wp WP01 \
      --to for_review --actor claude --policy "$POLICY" \
      --subtasks-complete --implementation-evidence-present
    spec-kitty orchestrator-api transition --mission todo-app --wp WP01 \
      --to in_progress --actor codex --policy "$POLICY" \
      --note "The second test fails."
    spec-kitty orchestrator-api transition --mission todo-app --wp WP01 \
      --to blocked --actor claude --note "The service is down."
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {
        "mission": mission,
        "wp": wp,
        "to": to,
        "actor": actor,
        **policy_of(policy),
        **given_only(
            note=note,
            force=force or None,
            review_ref=review_ref,
            evidence=parsed_document(evidence_json),
            review_result=parsed_document(review_result_json),
            subtasks_complete=subtasks_complete,
            implementation_evidence_present=implementation_evidence_present,
        ),
    }
    return answered(execute("transition", arguments))


@app.command(name="append-history")
def append_history(
    *,
    mission: MissionHandle,
    wp: _WorkPackage,
    actor: ActorName,
    note: Annotated[str, Parameter(name="--note", help="The note.", allow_leading_hyphen=True)],
) -> Outcome:
    r"""Add a note to a work package's activity log.

    For example:

    ```sh
    spec-kitty orchestrator-api append-history --mission todo-app --wp WP01 \
      --actor claude --note "Tests pass."
    ```
    """
    from specify_cli.orchestrator_api import execute

    arguments = {"mission": mission, "wp": wp, "actor": actor, "note": note}
    return answered(execute("append-history", arguments))


def refused(error: SpecKittyError, words: Sequence[str] = ()) -> Outcome:
    """Return the envelope of a call that came to no answer: wrong usage, an abort, a defect.

    Args:
        error: Why.
        words: The command, if one was named. A wrong call is that of no command all the same.
    """
    from specify_cli.orchestrator_api import OPERATIONS
    from specify_cli.orchestrator_api.envelope import UNKNOWN
    from specify_cli.orchestrator_api.errors import failed

    named = words[0] if words and words[0] in OPERATIONS else None
    if isinstance(error, UsageError) and named is not None:
        error.message = f"{named}: {error.message}"
    return answered(failed(UNKNOWN if isinstance(error, UsageError) else named or UNKNOWN, error))


def answered(envelope: OrchestratorEnvelope) -> Outcome:
    """Return an envelope with the exit status that belongs to it."""
    from specify_cli.orchestrator_api import exit_status

    return Outcome(document=envelope, text="", exit_code=exit_status(envelope))


def given_only(**arguments: object) -> dict[str, object]:
    """Return the arguments that were given."""
    return {name: value for name, value in arguments.items() if value is not None}


def policy_of(text: str | None) -> dict[str, object]:
    """Return the policy as an argument; a blank one is none."""
    return given_only(policy=parsed_document(text if text and text.strip() else None))


def parsed_document(text: str | None) -> Any:
    """Parse JSON; what is none stays the text that it is, and the request's contract refuses it."""
    if text is None:
        return None
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
