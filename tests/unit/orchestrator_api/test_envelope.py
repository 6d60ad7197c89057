"""Every answer is one envelope of seven keys, whatever the call was."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import specify_cli.orchestrator_api as sdk
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.gate import ContractViolation
from specify_cli.orchestrator_api import (
    CONTRACT_VERSION,
    MIN_PROVIDER_VERSION,
    OPERATIONS,
    execute,
    exit_status,
)
from specify_cli.orchestrator_api import operations as table
from specify_cli.orchestrator_api.envelope import failure, success
from specify_cli.orchestrator_api.errors import CONTRACT_CODES, failed
from tests.unit.orchestrator_api.calls import IDENTITY, PUBLISHED, judged

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.orchestrator_api.calls import Caller

API = json.loads((PUBLISHED / "orchestrator_api.schema.json").read_bytes())
REQUEST = json.loads((PUBLISHED / "orchestrator_request.schema.json").read_bytes())
VERSIONS = {"api_version": CONTRACT_VERSION, "min_supported_provider_version": MIN_PROVIDER_VERSION}


def codes(command: str) -> set[str]:
    """The error codes that the published schema gives a command."""

    def walk(node: Any) -> set[str]:
        if "const" in node:
            return {node["const"]}
        target = API["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node
        return set().union(*(walk(part) for part in target["anyOf"]))

    for rule in API["allOf"]:
        known = rule["if"]["properties"]
        named = known.get("command", {}).get("const") == f"orchestrator-api.{command}"
        if named and known["success"]["const"] is False:
            return walk(rule["then"]["properties"]["error_code"])
    raise AssertionError(command)


@pytest.mark.proves("001 FR-004")
def test_an_answer_has_exactly_the_seven_keys_in_their_order() -> None:
    envelope = judged(execute("contract-version", {}))
    assert envelope["contract_version"] == "1.5.0"
    assert envelope["command"] == "orchestrator-api.contract-version"
    assert re.fullmatch("corr-[0-9a-f]{32}", envelope["correlation_id"])
    assert datetime.fromisoformat(envelope["timestamp"]).utcoffset() == timedelta(0)
    assert envelope["timestamp"].endswith("+00:00")
    assert (envelope["success"], envelope["error_code"]) == (True, None)
    assert envelope["data"] == VERSIONS
    again = execute("contract-version", {})
    assert again["correlation_id"] != envelope["correlation_id"]


@pytest.mark.parametrize(
    "version", ["0.1.0", "0.1.2", "1.0.0", "99.0.0", "0.1.3.dev1", "0.2.0-rc1"]
)
def test_a_client_that_is_new_enough_is_served(version: str) -> None:
    assert execute("contract-version", {"provider_version": version})["success"]


@pytest.mark.parametrize(
    "version", ["0.0.1", "0.0.99", "abc", "1.0", "-1.0.0", "1.0.0\n2", "\u0661.\u0660.\u0660"]
)
def test_a_client_that_is_too_old_or_has_no_version_is_refused(version: str) -> None:
    envelope = judged(execute("contract-version", {"provider_version": version}))
    assert envelope["error_code"] == "CONTRACT_VERSION_MISMATCH"
    assert exit_status(envelope) == 1
    assert envelope["data"].items() >= {"provider_version": version, **VERSIONS}.items()


def test_the_table_of_commands_is_that_of_the_published_schemas() -> None:
    assert list(OPERATIONS) == REQUEST["properties"]["command"]["enum"]
    assert [f"orchestrator-api.{name}" for name in OPERATIONS] == API["properties"]["command"][
        "enum"
    ][:-1]
    for name, operation in OPERATIONS.items():
        assert operation.command == name
        rule = REQUEST["allOf"][list(OPERATIONS).index(name)]
        assert rule["then"]["properties"]["arguments"]["$ref"].endswith(f"/{operation.request}")
        assert operation.answer in API["$defs"]
        assert table._handler(operation).__doc__
    assert [name for name, operation in OPERATIONS.items() if operation.method == "GET"] == [
        *("contract-version", "mission-state", "list-ready", "resolve-workspace"),
        *("check-prerequisites", "design-status"),
    ]


@pytest.mark.proves("001 FR-004")
@pytest.mark.parametrize(
    "name", ["", "feature-state", "accept-feature", "merge-feature", "mission_state"]
)
def test_a_command_that_does_not_exist_is_a_wrong_call(name: str) -> None:
    envelope = judged(execute(name, {}))
    assert envelope["command"] == "orchestrator-api.unknown"
    assert envelope["error_code"] == "USAGE_ERROR"
    assert exit_status(envelope) == 2
    assert envelope["data"]["commands"] == list(OPERATIONS)


@pytest.mark.parametrize(
    ("command", "arguments", "told"),
    [
        ("mission-state", {}, "mission: expected a string, found missing"),
        ("mission-state", {"mission": 7}, "mission"),
        ("mission-state", {"mission": "a", "policy": {}}, "policy: expected no such key"),
        ("mission-state", {"feature": "a"}, "feature: expected no such key"),
        ("append-history", {"mission": "a", "wp": "WP01", "actor": "a"}, "note"),
        ("transition", {"mission": "a", "wp": "WP01", "actor": "a"}, "to: expected a string"),
        ("accept-mission", {"mission": "a", "actor": " "}, "actor"),
        ("merge-mission", {"mission": "a", "push": "yes"}, "push"),
        ("mission-state", {"mission": "\ud800"}, "not usable as JSON"),
        ("mission-state", {"mission": float("nan")}, "not usable as JSON"),
        ("mission-state", {"mission": "../../etc"}, "not usable"),
        ("mission-state", [], "expected an object"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_looked_up(
    command: str, arguments: Any, told: str, tmp_path: Path, repository: Path
) -> None:
    (repository / ".kittify").mkdir()
    envelope = judged(execute(command, arguments, start=repository))
    assert envelope["command"] == f"orchestrator-api.{command}"
    assert envelope["error_code"] == "USAGE_ERROR"
    assert exit_status(envelope) == 2
    assert told in envelope["data"]["message"]
    # The other commands' arguments are nobody's business here.
    assert "ContractVersionRequest" not in json.dumps(envelope["data"])


def test_without_a_project_there_is_nothing_to_read(tmp_path: Path, repository: Path) -> None:
    outside = judged(execute("mission-state", {"mission": "a"}, start=tmp_path))
    assert outside["error_code"] == "STATUS_READ_PATH_NOT_FOUND"
    assert outside["data"]["cause"] == "NOT_A_REPOSITORY"
    bare = judged(execute("mission-state", {"mission": "a"}, start=repository))
    assert bare["data"]["cause"] == "NOT_INITIALIZED"
    assert exit_status(bare) == 1


def test_the_variable_for_the_root_comes_first(
    call: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPECIFY_REPO_ROOT", str(call.work.root))
    envelope = execute("mission-state", {"mission": call.work.mission.slug}, start=tmp_path)
    assert envelope["success"]


def test_a_mission_that_is_not_there_or_not_one_is_told(call: Caller) -> None:
    missing = call("mission-state", mission="no-such-mission")
    assert missing["error_code"] == "MISSION_NOT_FOUND"
    assert "mission_id" not in missing["data"]
    other = call.work.root / "kitty-specs" / "todo-app-01KQ22DT"
    other.mkdir()
    meta = (call.work.mission.directory / "meta.json").read_text("utf-8")
    (other / "meta.json").write_text(meta.replace("01KQ22DS", "01KQ22DT"), "utf-8")
    ambiguous = call("mission-state", mission="todo-app")
    assert ambiguous["error_code"] == "MISSION_AMBIGUOUS_SELECTOR"
    assert ambiguous["data"]["cause"] == "MISSION_AMBIGUOUS"
    (other / "meta.json").write_text("{", "utf-8")
    corrupt = call("mission-state", mission="todo-app-01KQ22DT")
    assert corrupt["error_code"] == "PROJECT_FILES_INVALID"
    assert corrupt["data"]["cause"] == "CORRUPT_METADATA"


def test_a_refusal_says_which_mission_it_is_about(call: Caller) -> None:
    data = call.refused("resolve-workspace", "WP_NOT_FOUND", wp="WP99")
    assert data.items() >= IDENTITY.items()
    assert "WP01, WP02, WP03" in data["fix"]


def test_a_defect_is_an_answer_and_shows_itself_only_when_asked(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("deep inside")

    monkeypatch.setattr("specify_cli.orchestrator_api.reads.mission_state", broken)
    envelope = call("mission-state")
    assert envelope["error_code"] == "INTERNAL_ERROR"
    assert exit_status(envelope) == 1
    assert "ZeroDivisionError: deep inside" in envelope["data"]["message"]
    assert envelope["data"]["where"].startswith("orchestrator_api/test_envelope.py:")
    monkeypatch.setenv("SPEC_KITTY_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        call("mission-state")


def test_an_answer_that_breaks_the_contract_does_not_leave(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "specify_cli.orchestrator_api.reads.mission_state", lambda *_: {"mission_slug": "x"}
    )
    envelope = call("mission-state")
    assert envelope["error_code"] == "INTERNAL_ERROR"
    assert envelope["data"]["cause"] == "CONTRACT_VIOLATION"
    with pytest.raises(ContractViolation):
        success("mission-state", {})
    with pytest.raises(ContractViolation):
        failure("mission-state", "WP_ALREADY_CLAIMED", {"message": "m", "fix": "f"})


def test_a_failure_that_the_contract_does_not_know_is_a_defect_with_its_cause() -> None:
    class Novel(SpecKittyError):
        code = "SOMETHING_NOVEL"

    envelope = judged(failed("mission-state", Novel("new", fix="none", details={"wp_id": 7})))
    assert envelope["error_code"] == "INTERNAL_ERROR"
    assert envelope["data"] == {"message": "new", "fix": "none", "cause": "SOMETHING_NOVEL"}


def test_every_error_of_the_program_has_a_code_of_the_contract() -> None:
    allowed = set().union(*(codes(name) for name in OPERATIONS))
    assert set(CONTRACT_CODES.values()) <= allowed
    elsewhere = {
        *("CONTRACT_SET_NOT_FOUND", "CONTRACT_UNREADABLE", "FILE_UNREADABLE"),  # contract
        *("MANIFEST_CORRUPT", "UNKNOWN_AGENT", "BRANCH_EXISTS"),  # init, creation
        *("FEEDBACK_FILE_MISSING", "SUBTASK_AMBIGUOUS", "SUBTASK_NOT_FOUND"),  # agent tasks
        *("NOTHING_IN_HAND", "NO_PENDING_DECISION", "RUN_NOT_FOUND"),  # next
        "UNKNOWN_ACTION",  # agent context
        *("REASON_REQUIRED", "CHARTER_EDITED", "CHARTER_ANSWERS_MISSING"),  # charter
        *("INVALID_TOKEN_BUDGET", "UNKNOWN_GOVERNANCE_ITEM"),  # charter
        *("AUTHORITY_DENIED", "DECISION_AMBIGUOUS", "INVALID_ANSWER", "NO_TIMEOUT"),  # next
        *("RACI_UNRESOLVED", "INVALID_POLICY", "INVALID_MISSION_PACK"),  # the runtime
        *(
            "MISSION_TYPE_EXISTS",
            "INVALID_MISSION_TYPE",
        ),  # mission-type
        *("UNKNOWN_SETTING", "INVALID_SETTING"),  # config
        *("INVALID_DAYS", "INVALID_LIMIT", "UNKNOWN_EXECUTION_MODE", "INTERNAL"),
        "DECISION_VERIFY_DRIFT",  # agent decision
        "MERGE_UNRESOLVED",  # the merge drivers, which git calls
        *("MISSION_UNHEALTHY", "STATUS_REPAIR_PLAN_OUTDATED", "STATUS_REPAIR_UNPROVEN"),  # doctor
        "STATUS_REPAIR_INCOMPLETE",
    }
    unknown = program_codes() - allowed - CONTRACT_CODES.keys() - elsewhere
    assert unknown == set(), "give them a code in CONTRACT_CODES, or say here why not"


def program_codes() -> set[str]:
    """The code of every error that the program's packages define."""
    root = PUBLISHED.parents[1] / "src" / "specify_cli"
    packages = (
        *("kernel", "git", "identity", "status", "governance", "missions", "decisions"),
        *("mission_runtime", "next"),
    )
    return {
        code
        for package in packages
        for path in (root / package).rglob("*.py")
        for code in re.findall(r'^    code = "(\w+)"', path.read_text("utf-8"), re.MULTILINE)
    }


def test_the_sdk_offers_the_api_by_name() -> None:
    assert sdk.execute is execute
    assert sorted(sdk.__all__) == sdk.__all__
    assert all(getattr(sdk, name) is not None for name in sdk.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sdk.nothing
