"""Every command of the API in one table, and the one way to run them.

The command line and the HTTP server are two doors to `execute`: it checks the request, runs the
command, and answers with an envelope whatever happens. It never prints.
"""

from __future__ import annotations

import json
import os
import re
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from specify_cli.kernel.errors import SpecKittyError, UsageError, internal_error
from specify_cli.orchestrator_api.envelope import UNKNOWN, success

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.gate import Violation
    from spec_kitty_contracts.wire.orchestrator_api import OrchestratorEnvelope
    from specify_cli.kernel.json_types import JsonObject

_POLICY = "$.arguments.policy"
_DEFINITION = re.compile(r"/\$defs/(\w+Request)/")
_SHOWN = 3
_DOCUMENTS = ("evidence", "review_result")
"""Arguments that a command line gives as JSON text; what is no JSON arrives as that text."""
# The second pair is what clients in Python write without thinking of it.
_TRUTHS: Final[Mapping[object, bool]] = MappingProxyType(
    {"true": True, "false": False, "True": True, "False": False}
)
_IN_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ActorName": "the name of an agent or a person, on one line, that does not begin with a "
        "hyphen or a space",
        "AnyWorkPackageId": "a work package such as WP01",
    }
)


class InvalidDocument(SpecKittyError):
    """Evidence or a review result is no JSON object of the contract."""

    code = "INVALID_DOCUMENT"


_BAD_DOCUMENT: Final = (InvalidDocument.code, "INVALID_JSON")


class Operation(NamedTuple):
    """One command.

    Attributes:
        command: Its name, such as `mission-state`.
        method: GET when it only reads, POST when it changes something.
        request: Definition of its arguments in the published schema of requests.
        answer: Definition of the data it answers with in the published schema of answers.
        handler: Module of this package and function.
    """

    command: str
    method: Literal["GET", "POST"]
    request: str
    answer: str
    handler: str


def _table(*operations: Operation) -> Mapping[str, Operation]:
    return MappingProxyType({operation.command: operation for operation in operations})


OPERATIONS: Final[Mapping[str, Operation]] = _table(
    Operation("contract-version", "GET", "ContractVersionRequest", "ContractVersionData", "reads:contract_version"),
    Operation("mission-state", "GET", "MissionStateRequest", "MissionStateData", "reads:mission_state"),
    Operation("list-ready", "GET", "ListReadyRequest", "ListReadyData", "reads:list_ready"),
    Operation("resolve-workspace", "GET", "ResolveWorkspaceRequest", "ResolveWorkspaceData", "reads:resolve_workspace"),
    Operation("start-implementation", "POST", "StartImplementationRequest", "StartImplementationData", "work:start_implementation"),
    Operation("start-review", "POST", "StartReviewRequest", "StartReviewData", "work:start_review"),
    Operation("transition", "POST", "TransitionRequest", "TransitionData", "transition:transition"),
    Operation("append-history", "POST", "AppendHistoryRequest", "AppendHistoryData", "history:append_history"),
    Operation("accept-mission", "POST", "AcceptMissionRequest", "AcceptMissionData", "completion:accept_mission"),
    Operation("merge-mission", "POST", "MergeMissionRequest", "MergeMissionData", "completion:merge_mission"),
    Operation("specify", "POST", "SpecifyRequest", "SpecifyData", "planning:specify"),
    Operation("plan", "POST", "PlanRequest", "PlanData", "planning:plan"),
    Operation("tasks", "POST", "TasksRequest", "TasksData", "planning:tasks"),
    Operation("check-prerequisites", "GET", "CheckPrerequisitesRequest", "CheckPrerequisitesData", "planning:check_prerequisites"),
    Operation("record-analysis", "POST", "RecordAnalysisRequest", "RecordAnalysisData", "planning:record_analysis"),
    Operation("open-decision", "POST", "OpenDecisionRequest", "OpenDecisionData", "decisions:open_decision"),
    Operation("resolve-decision", "POST", "ResolveDecisionRequest", "CloseDecisionData", "decisions:resolve_decision"),
    Operation("defer-decision", "POST", "DeferDecisionRequest", "CloseDecisionData", "decisions:defer_decision"),
    Operation("cancel-decision", "POST", "CancelDecisionRequest", "CloseDecisionData", "decisions:cancel_decision"),
    Operation("answer-decision", "POST", "AnswerDecisionRequest", "AnswerDecisionData", "answering:answer_decision"),
    Operation("design-status", "GET", "DesignStatusRequest", "DesignStatusData", "decisions:design_status"),
)  # fmt: skip
"""Command name to the command."""


def execute(
    command: str, arguments: Mapping[str, object], *, start: Path | None = None
) -> OrchestratorEnvelope:
    """Run one command and answer with an envelope, whatever happens.

    Args:
        command: A name of `OPERATIONS`.
        arguments: Its arguments, as the published schema of requests describes them.
        start: The folder that the search for the project starts from; the working directory by
            default. `SPECIFY_REPO_ROOT` comes first.

    Raises:
        Exception: Only with SPEC_KITTY_DEBUG set: what would be an INTERNAL_ERROR otherwise.
    """
    operation = OPERATIONS.get(command)
    name = command if operation is not None else UNKNOWN
    try:
        return success(name, _run(command, operation, arguments, start))
    except SpecKittyError as error:
        refusal: SpecKittyError = error
    except Exception as error:
        if os.environ.get("SPEC_KITTY_DEBUG"):
            raise
        refusal = internal_error(error)
    from specify_cli.orchestrator_api.errors import failed

    return failed(name, refusal)


def query_arguments(operation: Operation, texts: Mapping[str, object]) -> dict[str, object]:
    """Return the arguments that a query of texts means: `true` and `false` where a truth value belongs."""
    kinds = _arguments_of(operation)
    return {
        name: _TRUTHS.get(value, value) if "bool" in str(kinds.get(name)) else value
        for name, value in texts.items()
    }


def _run(
    command: str,
    operation: Operation | None,
    arguments: Mapping[str, object],
    start: Path | None,
) -> Mapping[str, object]:
    if operation is None:
        raise _unknown_command(command)
    _check_request(operation, arguments)
    return _handler(operation)(arguments, start)


def exit_status(envelope: OrchestratorEnvelope) -> int:
    """Return the exit status that belongs to an answer: 0 done, 1 refused or failed, 2 wrong usage.

    Evidence or a review result that cannot be used is a USAGE_ERROR and yet no wrong usage of the
    command line: 1, as clients of the contract know it.
    """
    if envelope["success"]:
        return 0
    wrong = envelope["error_code"] == UsageError.code
    return (
        UsageError.exit_code if wrong and envelope["data"].get("cause") not in _BAD_DOCUMENT else 1
    )


def _handler(
    operation: Operation,
) -> Callable[[Mapping[str, object], Path | None], Mapping[str, object]]:
    module, _, function = operation.handler.partition(":")
    found = getattr(import_module(f"specify_cli.orchestrator_api.{module}"), function)
    return cast("Callable[[Mapping[str, object], Path | None], Mapping[str, object]]", found)


def _check_request(operation: Operation, arguments: Mapping[str, object]) -> None:
    """Refuse arguments that the contract does not describe.

    Raises:
        UsageError: USAGE_ERROR.
        InvalidDocument: INVALID_DOCUMENT: only evidence or review result are wrong.
        PolicyInvalid: POLICY_VALIDATION_FAILED: only the policy is wrong.
    """
    from spec_kitty_contracts.gate import violations

    _refuse_what_json_cannot_hold(operation, arguments)
    request = {"command": operation.command, "arguments": arguments}
    found = violations("orchestrator_request", request)
    if not found:
        return
    mine = [violation for violation in found if _is_about(violation, operation)]
    policy = [v for v in mine if v.path.startswith(_POLICY) and "Request/" not in v.source]
    usage = [violation for violation in mine if violation not in policy]
    if policy and not usage:
        from specify_cli.orchestrator_api.policy import PolicyInvalid

        # Every field at once: whoever writes a policy writes it once.
        problem = _no_object(arguments.get("policy")) or _listed(policy, shown=len(policy))
        raise PolicyInvalid(problem, path=policy[0].path.removeprefix("$.arguments."))
    wrong = {name: _no_object(arguments[name]) for name in _DOCUMENTS if name in arguments}
    told = [f"{name}: {problem}" for name, problem in wrong.items() if problem]
    others = [v for v in usage or found if wrong.get(_argument(v)) is None]
    told += [_listed(others)] if others else []
    raise _wrong_arguments(
        operation,
        "; ".join(told),
        {_argument(v) for v in usage or found},
        {"violations": [f"{v.path}: {v.expected}, found {v.found}" for v in usage]},
    )


def _no_object(value: object) -> str | None:
    """Say why something was not taken for a JSON object; None when it is one."""
    if isinstance(value, dict):
        return None
    if isinstance(value, str):
        try:
            json.loads(value)
        except ValueError as error:
            return f"it is not JSON ({error})"
        except RecursionError:
            return "it is not JSON (it is nested too deeply)"
    return "it is not a JSON object"


def _argument(violation: Violation) -> str:
    """Return the name of the argument that a violation is about, or inside."""
    return re.split(r"[.\[]", violation.path.removeprefix("$.arguments."), maxsplit=1)[0]


def _wrong_arguments(
    operation: Operation, problem: str, names: Collection[str], details: JsonObject | None = None
) -> SpecKittyError:
    """Return the refusal of a call; JSON documents that are wrong are no wrong usage (exit status 1)."""
    kind: type[SpecKittyError] = UsageError
    if names and all(name in _DOCUMENTS for name in names):
        kind = InvalidDocument
    return kind(
        f"the arguments of {operation.command} are wrong: {problem}.",
        fix=_expected_arguments(operation),
        details=details,
    )


def _expected_arguments(operation: Operation) -> str:
    arguments = _arguments_of(operation)
    # The annotations are text, and `__required_keys__` does not look into it.
    others = [name for name, kind in arguments.items() if "NotRequired[" in str(kind)]
    needed = [name for name in arguments if name not in others]
    listed = f"{operation.command} needs {', '.join(needed)}" if needed else operation.command
    more = f"; it takes {', '.join(others)} as well" if others else " and takes no other argument"
    return (
        f"{listed}{more}. The form of each: `{operation.request}` in what "
        "`spec-kitty orchestrator-api openapi` prints."
    )


def _arguments_of(operation: Operation) -> Mapping[str, object]:
    """Return the arguments of a command and their types, as annotations."""
    from spec_kitty_contracts.wire import orchestrator_request

    found: Mapping[str, object] = getattr(orchestrator_request, operation.request).__annotations__
    return found


def _refuse_what_json_cannot_hold(operation: Operation, arguments: Mapping[str, object]) -> None:
    """Refuse text that is no Unicode, and whatever else could not be written down afterwards."""
    # A program may hand over anything; what is no object is told so by the contract.
    for name, value in arguments.items() if isinstance(arguments, dict) else ():
        try:
            json.dumps({name: value}, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except (TypeError, ValueError, RecursionError) as error:
            raise _unwritable(operation, name, error) from error


def _unwritable(operation: Operation, name: str, error: Exception) -> SpecKittyError:
    if isinstance(error, UnicodeError):
        problem = "it is not usable as JSON (it holds half a surrogate pair)"
    elif isinstance(error, RecursionError):
        problem = "it is not usable as JSON (it is nested too deeply)"
    else:
        problem = "it is not usable as JSON (it holds a value such as an infinite number)"
    if name == "policy" and name in _arguments_of(operation):
        from specify_cli.orchestrator_api.policy import PolicyInvalid

        return PolicyInvalid(problem, path=name)
    shown = name[:60].encode("ascii", "backslashreplace").decode("ascii")
    return _wrong_arguments(operation, f"{shown}: {problem}", {name})


def _is_about(violation: Violation, operation: Operation) -> bool:
    """Tell whether a violation concerns this command's arguments and not another's."""
    if violation.rule == "anyOf" and violation.path == "$.arguments":
        return False
    named = _DEFINITION.search(violation.source)
    return named is None or named[1] == operation.request


def _listed(found: Sequence[Violation], *, shown: int = _SHOWN) -> str:
    lines = list(
        dict.fromkeys(
            f"{v.path.removeprefix('$.arguments.')}: expected {_expected(v)}, found {v.found}"
            for v in found
        )
    )
    more = f" (and {len(lines) - shown} more)" if len(lines) > shown else ""
    return f"{'; '.join(lines[:shown])}{more}"


def _expected(violation: Violation) -> str:
    """Say what was expected: in words where the contract has a pattern."""
    definition = violation.source.rpartition("/$defs/")[2].partition("/")[0]
    if violation.rule in ("pattern", "minLength"):
        return _IN_WORDS.get(definition, violation.expected)
    return violation.expected


def _unknown_command(command: object) -> UsageError:
    return UsageError(
        f"there is no command {str(command)[:60]!r}.",
        fix="Use one of: " + ", ".join(OPERATIONS),
        details={"commands": list(OPERATIONS)},
    )
