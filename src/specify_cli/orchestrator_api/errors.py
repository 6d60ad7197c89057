"""Failures as the contract words them: its code, and data that says what is wrong and what to do.

Most of our codes are the contract's. Where one differs, the contract's stands in `error_code` and ours
in `data.cause`, so that nothing is lost on a reader who knows it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from specify_cli.kernel.errors import InternalError, SpecKittyError, UsageError
from specify_cli.kernel.gate import ContractViolation
from specify_cli.orchestrator_api.envelope import failure
from specify_cli.orchestrator_api.fixes import details_of, fix_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.orchestrator_api import OrchestratorEnvelope
    from specify_cli.kernel.json_types import JsonObject

_NOT_FOUND: Final = "STATUS_READ_PATH_NOT_FOUND"
_UNUSABLE: Final = "PROJECT_FILES_INVALID"
_ALLOCATION: Final = "LANE_ALLOCATION_FAILED"
_REJECTED: Final = "TRANSITION_REJECTED"
_COMMIT: Final = "SAFE_COMMIT_GENERIC"
_HEAD: Final = "SAFE_COMMIT_HEAD_MISMATCH"
_DESTINATION: Final = "SAFE_COMMIT_DESTINATION_NOT_FOUND"
_GIT: Final = "GIT_FAILED"
_PREFLIGHT: Final = "PREFLIGHT_FAILED"
_HISTORY: Final = "HISTORY_COMMIT_FAILED"

CONTRACT_CODES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # What the caller said.
        "INVALID_ACTOR": UsageError.code,
        "INVALID_ANALYSIS": UsageError.code,
        "INVALID_BRANCH_NAME": UsageError.code,
        "INVALID_DECISION": UsageError.code,
        "INVALID_DOCUMENT": UsageError.code,
        "INVALID_JSON": UsageError.code,
        "INVALID_NOTE": UsageError.code,
        "UNKNOWN_LANE": UsageError.code,
        "UNSAFE_NAME": UsageError.code,
        # How `serve` was called.
        "ADDRESS_UNAVAILABLE": UsageError.code,
        "SERVE_EXTRA_MISSING": UsageError.code,
        "TOKEN_FILE_EXPOSED": UsageError.code,
        "TOKEN_INVALID": UsageError.code,
        # An abort is answered like a wrong call: nothing was decided. When it is not known whether
        # that is so, the contract has no code that says less.
        "INTERRUPTED": UsageError.code,
        "OUTCOME_UNKNOWN": InternalError.code,
        "WP_FILE_UNCOMMITTED": _HISTORY,
        # Which mission.
        "MISSION_AMBIGUOUS": "MISSION_AMBIGUOUS_SELECTOR",
        "NOT_A_REPOSITORY": _NOT_FOUND,
        "BARE_REPOSITORY": _NOT_FOUND,
        "NOT_INITIALIZED": _NOT_FOUND,
        # Files of the project that cannot be used as they are.
        "CONFIG_INVALID": _UNUSABLE,
        "CORRUPT_METADATA": _UNUSABLE,
        "DECISION_INDEX_CORRUPT": _UNUSABLE,
        "DEPENDENCY_CYCLE": _UNUSABLE,
        "DUPLICATE_WP_ID": _UNUSABLE,
        "GOVERNANCE_INVALID": _UNUSABLE,
        "IDENTITY_INCOMPLETE": _UNUSABLE,
        "INVALID_MISSION_TEMPLATE": _UNUSABLE,
        "INVALID_WORK_PACKAGE": _UNUSABLE,
        "INVALID_YAML": _UNUSABLE,
        "LINK_LEADS_OUT": _UNUSABLE,
        "LANES_CORRUPT": _UNUSABLE,
        "MISSION_RUNTIME_ERROR": _UNUSABLE,
        "MISSION_TEMPLATE_HAS_NO_STEPS": _UNUSABLE,
        "PROMPT_TEMPLATE_INVALID": _UNUSABLE,
        "PROMPT_TEMPLATE_MISSING": _UNUSABLE,
        "READ_FAILED": _UNUSABLE,
        "STATUS_LOG_NOT_SOUND": _UNUSABLE,
        "STATUS_LOG_ROWS_LOST": _UNUSABLE,
        "TASKS_INVALID": _UNUSABLE,
        "UNKNOWN_DEPENDENCY": _UNUSABLE,
        "UNKNOWN_MISSION_TYPE": _UNUSABLE,
        "SPEC_NOT_READY": "PLAN_SETUP_FAILED",
        "STEP_NOT_IN_MISSION_TYPE": "PLAN_SETUP_FAILED",
        # Steps that the work package does not allow now.
        "HANDOFF_INCOMPLETE": _REJECTED,
        "REVIEW_FEEDBACK_REQUIRED": _REJECTED,
        "UNKNOWN_VERDICT": _REJECTED,
        # No worktree to work in.
        "BRANCH_EXISTS": _ALLOCATION,
        "BRANCH_IN_USE": _ALLOCATION,
        "BRANCH_MOVED": _ALLOCATION,
        "CHECKOUT_IN_THE_WAY": _ALLOCATION,
        "DEPENDENCY_LANE_MERGE_CONFLICT": _ALLOCATION,
        "LANES_MISSING": _ALLOCATION,
        "LANE_BRANCH_MISSING": _ALLOCATION,
        "LANE_BUSY": _ALLOCATION,
        "LANE_DEPENDENCY_CYCLE": _ALLOCATION,
        "STARTED_LANES_COLLIDE": _ALLOCATION,
        "WORKTREE_DIRTY": _ALLOCATION,
        "WORKTREE_PATH_TAKEN": _ALLOCATION,
        "WP_NOT_IN_LANE": _ALLOCATION,
        # Writing and committing.
        "COMMIT_TARGET_MISMATCH": _HEAD,
        "COORDINATION_BRANCH_MISSING": _DESTINATION,
        "COORDINATION_WORKTREE_ASTRAY": _HEAD,
        "DETACHED_HEAD": _HEAD,
        "WRONG_BRANCH": _HEAD,
        "TARGET_BRANCH_MISSING": _DESTINATION,
        "PROTECTED_BRANCH": "SAFE_COMMIT_PROTECTED_BRANCH",
        "ROLLBACK_FAILED": "SAFE_COMMIT_RECOVERY_FAILED",
        "SAFE_COMMIT_INDEX_LOCKED": _COMMIT,
        "SAFE_COMMIT_OPERATION_IN_PROGRESS": _COMMIT,
        "GIT_IDENTITY_MISSING": _COMMIT,
        "WRITE_FAILED": _COMMIT,
        "LOCK_UNAVAILABLE": "LOCK_TIMEOUT",
        "GIT_MISSING": _GIT,
        "GIT_TOO_OLD": _GIT,
        "MERGE_CONFLICT": _PREFLIGHT,
        "PUSH_FAILED": _PREFLIGHT,
        # What was to be written or answered breaks a contract: a defect of ours.
        "CONTRACT_VIOLATION": InternalError.code,
        "UNKNOWN_SURFACE": InternalError.code,
    }
)  # fmt: skip
"""Our code to the contract's, where they differ."""


class Reworded(SpecKittyError):
    """A failure under another code than that of its class.

    Attributes:
        error_code: The contract's code.
        cause: Our own.
    """

    def __init__(
        self, error: SpecKittyError, error_code: str, details: JsonObject | None = None
    ) -> None:
        merged = {**error.details, **(details or {})}
        super().__init__(error.message, fix=error.fix, details=merged)
        self.error_code = error_code
        self.cause = error.code


def contract_code(error: SpecKittyError) -> str:
    """Return the contract's code for a failure."""
    if isinstance(error, Reworded):
        return error.error_code
    return CONTRACT_CODES.get(error.code, error.code)


def history_failure(error: SpecKittyError) -> SpecKittyError:
    """Return what a failure to record a note is for the contract; others stay what they are."""
    return Reworded(error, _HISTORY) if _is_about_committing(error) else error


def merge_failure(error: SpecKittyError, branch: str) -> SpecKittyError:
    """Return what a failure of a merge is for the contract; what it has a code for stays that.

    Args:
        error: The failure.
        branch: The branch that was to be merged into.
    """
    code = contract_code(error)
    if code not in (_PREFLIGHT, _ALLOCATION) and not _is_about_committing(error):
        return error
    return Reworded(error, _PREFLIGHT, {"target_branch": branch, "errors": [error.message]})


def creation_failure(error: SpecKittyError) -> SpecKittyError:
    """Return what a failure to make a mission is for the contract; what it has a code for stays that."""
    about_what_is_asked = (
        error.code == "UNKNOWN_MISSION_TYPE" or contract_code(error) == _ALLOCATION
    )
    return Reworded(error, "MISSION_CREATE_FAILED") if about_what_is_asked else error


def finalize_failure(error: SpecKittyError) -> SpecKittyError:
    """Return what a failure to finalise the tasks is for the contract; others stay what they are."""
    about_the_tasks = error.code in ("TASKS_INVALID", "STEP_NOT_IN_MISSION_TYPE")
    return Reworded(error, "TASKS_FINALIZE_FAILED") if about_the_tasks else error


def _is_about_committing(error: SpecKittyError) -> bool:
    code = contract_code(error)
    return code == _GIT or code.startswith("SAFE_COMMIT_")


def failed(command: str, error: SpecKittyError) -> OrchestratorEnvelope:
    """Compose the answer to a refusal or failure.

    A code that the contract does not have for the command is a defect of ours; it is answered as one,
    with the code as its cause.

    Args:
        command: The command's name, or `envelope.UNKNOWN`.
        error: What happened.
    """
    code = contract_code(error)
    cause = error.cause if isinstance(error, Reworded) else error.code
    fix = fix_of(cause, error, command)
    data: JsonObject = {**details_of(error), "message": error.message, "fix": fix}
    if cause != code:
        data["cause"] = cause
    try:
        return failure(command, code, data)
    except ContractViolation:
        plain: JsonObject = {"message": error.message, "fix": fix, "cause": cause}
        return failure(command, InternalError.code, plain)
