"""Which HTTP status an answer of the API gets: its cause and its error code decide, nothing else.

The contract's list of error codes is closed. What only HTTP can get wrong is therefore a
`USAGE_ERROR` like every other wrong call, with a name of its own in `data.cause`.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.orchestrator_api import OrchestratorEnvelope

OK: Final = 200
CONFLICT: Final = 409
UNAUTHORIZED: Final = "UNAUTHORIZED"
NO_SUCH_OPERATION: Final = "NO_SUCH_OPERATION"
METHOD_NOT_ALLOWED: Final = "METHOD_NOT_ALLOWED"
BODY_TOO_LARGE: Final = "BODY_TOO_LARGE"
UNSUPPORTED_MEDIA_TYPE: Final = "UNSUPPORTED_MEDIA_TYPE"
WRONG_HOST: Final = "WRONG_HOST"
INTERNAL_ERROR: Final = "INTERNAL_ERROR"
USAGE_ERROR: Final = "USAGE_ERROR"
LOCK_TIMEOUT: Final = "LOCK_TIMEOUT"
RETRY_AFTER_SECONDS: Final = 1
"""What a client is told to wait when another command holds the mission's lock."""


OF_CODE: Final[Mapping[str, int]] = MappingProxyType(
    {
        USAGE_ERROR: 400,
        "MISSION_NOT_FOUND": 404,
        "WP_NOT_FOUND": 404,
        "DECISION_NOT_FOUND": 404,
        "DECISION_MISSING_STEP_OR_SLOT": 422,
        "POLICY_METADATA_REQUIRED": 422,
        "POLICY_VALIDATION_FAILED": 422,
        "UNSUPPORTED_STRATEGY": 422,
        "MISSION_CREATE_FAILED": 422,
        "RECORD_ANALYSIS_EMPTY_BODY": 422,
        "CONTRACT_VERSION_MISMATCH": 422,
        INTERNAL_ERROR: 500,
        "GIT_FAILED": 500,
        LOCK_TIMEOUT: 503,
    }
)
"""The status of an error code. Every other is about the state of the project: 409."""
OF_CAUSE: Final[Mapping[str, int]] = MappingProxyType(
    {
        UNAUTHORIZED: 401,
        NO_SUCH_OPERATION: 404,
        METHOD_NOT_ALLOWED: 405,
        BODY_TOO_LARGE: 413,
        UNSUPPORTED_MEDIA_TYPE: 415,
        WRONG_HOST: 421,
        # As the contract describes it, and yet no such thing.
        "INVALID_ACTOR": 422,
        "INVALID_ANALYSIS": 422,
        "INVALID_BRANCH_NAME": 422,
        "INVALID_DECISION": 422,
        "INVALID_JSON": 422,
        "INVALID_NOTE": 422,
        "UNKNOWN_LANE": 422,
        "UNSAFE_NAME": 422,
        # What the code tells apart for people, and a client cannot do anything about.
        "READ_FAILED": 500,
        "ROLLBACK_FAILED": 500,
        "WRITE_FAILED": 500,
    }
)
"""The status of a cause, whatever the code beside it; it comes first."""


class Failure(NamedTuple):
    """What one HTTP status means.

    Attributes:
        status: The status.
        name: Name of the response in the OpenAPI document.
        text: The same for people.
        body_only: Only requests with a body can get it.
    """

    status: int
    name: str
    text: str
    body_only: bool = False

    @property
    def codes(self) -> list[str]:
        """The error codes that lead to it, whatever the cause."""
        return [code for code, status in OF_CODE.items() if status == self.status]

    @property
    def causes(self) -> list[str]:
        """The causes that lead to it, whatever the code."""
        return [cause for cause, status in OF_CAUSE.items() if status == self.status]


FAILURES: Final[tuple[Failure, ...]] = (
    Failure(400, "Malformed", "The request is not what this document describes."),
    Failure(401, "Unauthorized", "No bearer token, or not the right one."),
    Failure(404, "NotFound", "There is no such mission, work package, decision or operation."),
    Failure(405, "MethodNotAllowed", "The operation has another method; `Allow` names it."),
    Failure(CONFLICT, "Conflict", "The project, the mission or the work package is not in a state that allows it."),
    Failure(413, "BodyTooLarge", "The body is larger than a request can be.", True),
    Failure(415, "UnsupportedMediaType", "The body is not declared as application/json in UTF-8.", True),
    Failure(421, "WrongHost", "The `Host` header names another host than this server's."),
    Failure(422, "Refused", "The request is well formed, but a rule refuses what it says."),
    Failure(500, "Internal", "A defect of this program, of git or of the disk."),
    Failure(503, "Busy", "Another command holds the mission's lock; wait for `Retry-After` seconds."),
)  # fmt: skip
"""Every status but 200, in order."""


def status_of_code(code: str) -> int:
    """Return the HTTP status of an error code without a cause that says more."""
    return OF_CODE.get(code, CONFLICT)


def status_of(envelope: OrchestratorEnvelope) -> int:
    """Return the HTTP status of an answer; 409 when nothing else is known about its code."""
    code = envelope["error_code"]
    if code is None:
        return OK
    cause = str(envelope["data"].get("cause"))
    return OF_CAUSE.get(cause) or status_of_code(code)
