"""What the caller of the API can do about a refusal, in terms of its arguments.

The program's own fixes are command lines for people and their agents. An orchestrator calls neither
`spec-kitty next` nor `agent tasks`, and over HTTP there are no options: what it can change is an
argument of its call, or the next call.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from specify_cli.orchestrator_api.policy import FORM

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from specify_cli.kernel.errors import SpecKittyError
    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.missions.guards import GuardFailure

_GUARDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "actor_present": "Give `actor`: who does it.",
        "workspace_present": "Call start-implementation, which makes the worktree.",
        "subtasks_complete": "When every subtask is done, give `subtasks_complete`: true.",
        "implementation_evidence": "Let the agent commit its work in the work package's worktree, then "
        "give `implementation_evidence_present`: true.",
        "review_evidence": "Give `evidence` with a `review` of reviewer, verdict approved and reference, "
        "or the same as `review_result`.",
        "review_result": "Give `review_result` with reviewer, verdict and reference.",
        "review_approves": "Send it back to in_progress with a `note`, or have it reviewed again.",
        "review_rejects": "Move it to approved, or give `review_result` with the verdict "
        "changes_requested.",
        "review_consistent": "Name one review: the same reviewer, verdict and reference in "
        "`review_result`, `evidence` and `review_ref`.",
        "reason_given": "Say why in `note`.",
        "review_ref": "Name the review in `review_ref`.",
        "force_actor": "Give `actor`: who forces it.",
        "force_reason": "Say why in `note`.",
    }
)
"""Guard of a lane change to what satisfies it."""


_FAILURES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "finalised": "Call tasks.",
        "planned": "Write work packages, as files `tasks/WP01-….md` of the mission's folder.",
        "step_complete": "Let an agent drive the mission's steps with `spec-kitty next`: missions of its "
        "type have no work packages, and the API moves nothing else.",
        "subtask_done": _GUARDS["subtasks_complete"],
        "unfinished_uninitialized": "start-implementation {wp}",
        "unfinished_genesis": "start-implementation {wp}",
        "unfinished_planned": "start-implementation {wp}",
        "unfinished_claimed": "start-implementation {wp}",
        "unfinished_in_progress": "When the work is committed: transition {wp} with `to`: for_review.",
        "unfinished_for_review": "start-review {wp}",
        "unfinished_in_review": "When the reviewer approves: transition {wp} with `to`: approved.",
        "unfinished_blocked": "transition {wp} with `to`: in_progress",
        "canceled_for_a_reason": "transition {wp} with `to`: canceled, `force`: true and a `note` that "
        "says why.",
        "reviewed_commits": "Have them reviewed: transition {wp} with `to`: for_review, `force`: true "
        "and a `note`, then start-review {wp}.",
    }
)
"""Rule of a guard failure to what satisfies it."""


def fix_of(code: str, error: SpecKittyError, command: str = "") -> str:
    """Return the fix of a failure for a caller of the API; the error's own where that fits.

    Args:
        code: This program's own code of it.
        error: The failure.
        command: The command that failed.
    """
    if command.startswith("start-") and error.details.get("guard") == "edge":
        return _not_startable(error)
    return _FIXES[code](error) if code in _FIXES else error.fix


def details_of(error: SpecKittyError) -> JsonObject:
    """Return the details of a failure, its guards' fixes worded for a caller of the API."""
    failures = getattr(error, "failures", ())
    if not failures:
        return error.details
    told: list[JsonValue] = [{**one.to_json(), "fix": _fix_of_guard(one)} for one in failures]
    return {**error.details, "guard_failures": told}


def _fix_of_guard(failure: GuardFailure) -> str:
    return _FAILURES.get(failure.rule, failure.fix).replace("{wp}", failure.wp_id or "")


def _not_startable(error: SpecKittyError) -> str:
    """Say which other command leads from where the work package stands."""
    lane, wp_id = str(error.details.get("from_lane")), str(error.details.get("wp_id"))
    again = "Reopen it: transition {wp} with `to`: planned, `force`: true and a `note`."
    return _FAILURES.get(f"unfinished_{lane}", again).replace("{wp}", wp_id)


def _claimed(error: SpecKittyError) -> str:
    details = error.details
    back = "for_review" if details.get("task") == "reviewing" else "planned"
    return (
        f"Take another work package of list-ready. If {details.get('claimed_by')} will not go on: "
        f"transition {details.get('wp_id')} with `to`: {back}, `force`: true and a `note`."
    )


def _waiting(error: SpecKittyError) -> str:
    first = error.details.get("unsatisfied_dependencies")
    listed = " and ".join(map(str, first)) if isinstance(first, list) else "those"
    return f"Get {listed} approved first; list-ready names it as soon as it can be started."


def _rejected(error: SpecKittyError) -> str:
    details = error.details
    guard = details.get("guard")
    if isinstance(guard, str) and guard in _GUARDS:
        return _GUARDS[guard]
    if "implementer" in details:
        return f"Wait until {details['implementer']} has handed it over; mission-state tells."
    targets = details.get("legal_targets")
    if guard != "edge" or not isinstance(targets, list):
        return error.fix
    forced = "`force`: true and a `note`"
    if details.get("from_lane") == details.get("to_lane"):
        return "Nothing needs to be done."
    if details.get("from_lane") == "genesis":
        return error.fix
    if not targets:
        return f"Reopen it with {forced}, or plan a new work package."
    listed = ", ".join(map(str, targets))
    return f"From {details.get('from_lane')} it can go to {listed}; anything else needs {forced}."


def _incomplete(error: SpecKittyError) -> str:
    failures = getattr(error, "failures", ())
    return _fix_of_guard(failures[0]) if failures else error.fix


def _not_ready(error: SpecKittyError) -> str:
    missing = error.details.get("incomplete_wps")
    if not isinstance(missing, list) or not missing:
        return _incomplete(error)
    return (
        f"Get {', '.join(map(str, missing))} approved first; mission-state tells where they stand."
    )


def _always(fix: str) -> Callable[[SpecKittyError], str]:
    return lambda _: fix


def _asked_before(error: SpecKittyError) -> str:
    if error.details.get("status") == "deferred":
        return (
            f"Answer it: resolve-decision with `decision_id`: {error.details.get('decision_id')}."
        )
    return "Use what is recorded, or ask under another `input_key`."


def _elsewhere(error: SpecKittyError) -> str:
    owner = error.details.get("belongs_to")
    if owner is not None:
        return f"Give `mission`: {owner}."
    return "design-status tells which questions are open, and which were put off."


def _first_mission(error: SpecKittyError) -> str:
    missions = error.details.get("missions")
    listed = ", ".join(map(str, missions)) if isinstance(missions, list) else "the full slug"
    return f"Give one of these as `mission`: {listed}"


_FIXES: Final[Mapping[str, Callable[[SpecKittyError], str]]] = MappingProxyType(
    {
        "DECISION_ALREADY_CLOSED": _asked_before,
        "DECISION_MISSING_STEP_OR_SLOT": _always("Give one of `step_id` and `slot_key`."),
        "DECISION_NOT_FOUND": _elsewhere,
        "DECISION_TERMINAL_CONFLICT": _always(
            "What is recorded stays. To change it, ask a new question under another `input_key`."
        ),
        "DEPENDENCIES_NOT_SATISFIED": _waiting,
        "STEP_NOT_IN_MISSION_TYPE": _always(
            "Let an agent drive the mission's steps with `spec-kitty next`; the API has no verb for them."
        ),
        "HANDOFF_INCOMPLETE": _incomplete,
        "CHECK_PREREQUISITES_FAILED": _incomplete,
        "INVALID_NOTE": _always("Say what happened in `note`."),
        "MISSION_AMBIGUOUS": _first_mission,
        "MISSION_NOT_READY": _not_ready,
        "POLICY_METADATA_REQUIRED": _always(
            f"Give `policy`, a JSON object that says how the agent works. {FORM}"
        ),
        "REVIEW_FEEDBACK_REQUIRED": _always(
            "Say what has to change in `note`, or name where it is written in `review_ref`."
        ),
        "TRANSITION_REJECTED": _rejected,
        "WP_ALREADY_CLAIMED": _claimed,
    }
)
