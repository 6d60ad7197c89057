"""The OpenAPI document follows from the published schemas, the operations and the statuses."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from spec_kitty_contracts import gate
from specify_cli.contract.documents import packaged_document
from specify_cli.orchestrator_api import openapi
from specify_cli.orchestrator_api.errors import CONTRACT_CODES
from specify_cli.orchestrator_api.examples import EXAMPLES, LINKS
from specify_cli.orchestrator_api.http_status import FAILURES, status_of
from specify_cli.orchestrator_api.openapi import openapi_document, path_of
from specify_cli.orchestrator_api.operations import OPERATIONS
from tools import orchestrator_openapi

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = openapi_document()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def published(name: str) -> Any:
    return json.loads((ROOT / f"contracts/published/{name}.schema.json").read_bytes())


API, REQUEST = published("orchestrator_api"), published("orchestrator_request")


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def validator(name: str) -> jsonschema.Draft202012Validator:
    whole = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    return jsonschema.Draft202012Validator(whole)


def test_the_committed_document_follows_from_its_sources() -> None:
    assert orchestrator_openapi.is_current(), f"run: {orchestrator_openapi.COMMAND}"


def test_a_document_that_was_edited_is_noticed(tmp_path: Path) -> None:
    edited = tmp_path / "openapi.json"
    assert not orchestrator_openapi.is_current(edited)
    edited.write_bytes(orchestrator_openapi.rendered().replace(b"WP01", b"WP02", 1))
    assert not orchestrator_openapi.is_current(edited)


def test_the_check_that_make_runs_fails_on_a_stale_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "openapi.json"
    monkeypatch.setattr(orchestrator_openapi, "PAGE", page)
    monkeypatch.setattr(orchestrator_openapi.is_current, "__defaults__", (page,))
    assert orchestrator_openapi.main(["--check"]) == 1
    assert orchestrator_openapi.COMMAND in capsys.readouterr().err
    assert orchestrator_openapi.main([]) == 0
    assert orchestrator_openapi.main(["--check"]) == 0


def test_every_command_is_one_operation_with_its_method() -> None:
    found = {
        (path, method, operation["operationId"])
        for path, method, operation in operations()
        if path.startswith("/v1/")
    }
    assert found == {(path_of(o.command), o.method.lower(), o.command) for o in OPERATIONS.values()}


def test_the_definitions_are_the_published_ones() -> None:
    for source in (API, REQUEST):
        for name, definition in source["$defs"].items():
            relocated = json.dumps(definition).replace("#/$defs/", "#/components/schemas/")
            assert SCHEMAS[name] == json.loads(relocated)


def test_the_two_schemas_mean_the_same_by_a_name() -> None:
    both = API["$defs"].keys() & REQUEST["$defs"].keys()
    assert [name for name in both if API["$defs"][name] != REQUEST["$defs"][name]] == []


def test_a_read_takes_exactly_the_arguments_of_its_request_as_texts() -> None:
    for operation in OPERATIONS.values():
        request = REQUEST["$defs"][operation.request]
        if operation.method != "GET":
            body = DOCUMENT["paths"][path_of(operation.command)]["post"]["requestBody"]
            schema = body["content"]["application/json"]["schema"]
            assert schema == {"$ref": f"#/components/schemas/{operation.request}"}
            continue
        parameters = DOCUMENT["paths"][path_of(operation.command)]["get"]["parameters"]
        assert {p["name"]: p["required"] for p in parameters} == {
            name: name in request.get("required", ()) for name in request["properties"]
        }
        # The server knows how a query writes a truth value; anything else it passes on as text.
        kinds = {resolved(parameter["schema"])["type"] for parameter in parameters}
        assert kinds <= {"string", "boolean"}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    return SCHEMAS[name] if name else schema


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_leads_somewhere() -> None:
    for reference in references(DOCUMENT):
        node: Any = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


@pytest.mark.parametrize("command", OPERATIONS)
def test_the_example_of_a_request_conforms_to_the_contract(command: str) -> None:
    example = {"command": command, "arguments": EXAMPLES[command]}
    assert gate.violations("orchestrator_request", example) == ()


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.source}-{link.name}")
def test_a_link_gives_its_target_all_that_it_requires_and_nothing_else(link: Any) -> None:
    source = OPERATIONS[link.source]
    answers = DOCUMENT["paths"][path_of(link.source)][source.method.lower()]["responses"]
    found = answers["200"]["links"][link.name]
    assert found["operationId"] == link.target
    arguments = found.get("requestBody", found.get("parameters"))
    request = REQUEST["$defs"][OPERATIONS[link.target].request]
    assert set(request["required"]) <= set(arguments) <= set(request["properties"])
    assert arguments["mission"] == "$response.body#/data/mission_slug"


def test_no_two_links_of_a_command_share_a_name() -> None:
    assert len({(link.source, link.name) for link in LINKS}) == len(LINKS)


def example_envelope(command: str, **changes: Any) -> dict[str, Any]:
    envelope = dict(API["examples"][0])
    return {**envelope, "command": f"orchestrator-api.{command}", **changes}


def test_an_answer_is_the_envelope_with_the_data_of_its_command() -> None:
    good = example_envelope("contract-version")
    schema = validator("ContractVersionAnswer")
    assert schema.is_valid(good)
    for wrong in (
        example_envelope("mission-state"),
        example_envelope("contract-version", success=False),
        example_envelope("contract-version", error_code="USAGE_ERROR"),
        example_envelope("contract-version", data={"api_version": "1.5.0"}),
        {**good, "more": 1},
        {key: value for key, value in good.items() if key != "correlation_id"},
    ):
        assert not schema.is_valid(wrong), wrong


def a_failure(code: str, cause: str | None = None) -> Any:
    data = {"message": "m", "fix": "f"} | ({"cause": cause} if cause else {})
    return example_envelope("transition", success=False, error_code=code, data=data)


@pytest.mark.parametrize(
    ("status", "code", "cause"),
    [
        (400, "USAGE_ERROR", None),
        (401, "USAGE_ERROR", "UNAUTHORIZED"),
        (404, "MISSION_NOT_FOUND", None),
        (404, "WP_NOT_FOUND", None),
        (404, "USAGE_ERROR", "NO_SUCH_OPERATION"),
        (405, "USAGE_ERROR", "METHOD_NOT_ALLOWED"),
        (409, "TRANSITION_REJECTED", None),
        (409, "WP_ALREADY_CLAIMED", None),
        (409, "DEPENDENCIES_NOT_SATISFIED", None),
        (409, "MISSION_NOT_READY", None),
        (409, "PREFLIGHT_FAILED", None),
        (409, "SAFE_COMMIT_GENERIC", "GIT_IDENTITY_MISSING"),
        (413, "USAGE_ERROR", "BODY_TOO_LARGE"),
        (415, "USAGE_ERROR", "UNSUPPORTED_MEDIA_TYPE"),
        (421, "USAGE_ERROR", "WRONG_HOST"),
        (422, "POLICY_METADATA_REQUIRED", None),
        (422, "POLICY_VALIDATION_FAILED", None),
        (422, "UNSUPPORTED_STRATEGY", None),
        (422, "CONTRACT_VERSION_MISMATCH", None),
        (422, "USAGE_ERROR", "UNKNOWN_LANE"),
        (500, "INTERNAL_ERROR", None),
        (500, "SAFE_COMMIT_GENERIC", "WRITE_FAILED"),
        (503, "LOCK_TIMEOUT", None),
    ],
)
def test_a_failure_has_the_status_of_its_cause_or_code_and_no_other(
    status: int, code: str, cause: str | None
) -> None:
    envelope = a_failure(code, cause)
    assert status_of(envelope) == status
    fitting = {f.status for f in FAILURES if validator(f"{f.name}Answer").is_valid(envelope)}
    assert fitting == {status}


def test_a_value_that_only_a_rule_refuses_has_the_status_422() -> None:
    elsewhere = {"INTERRUPTED", "ADDRESS_UNAVAILABLE", "SERVE_EXTRA_MISSING"}
    # A document of another shape is malformed: the OpenAPI document describes its shape.
    elsewhere |= {"TOKEN_FILE_EXPOSED", "TOKEN_INVALID", "INVALID_DOCUMENT"}
    wrong_values = {ours for ours, theirs in CONTRACT_CODES.items() if theirs == "USAGE_ERROR"}
    assert {status_of(a_failure("USAGE_ERROR", cause)) for cause in wrong_values - elsewhere} == {
        422
    }


def test_a_success_has_status_200() -> None:
    envelope: Any = example_envelope("contract-version")
    assert status_of(envelope) == 200


def contract_codes(command: str) -> set[str]:
    """The codes that the published schema lets a command fail with, found by trying each."""
    schema = jsonschema.Draft202012Validator(API)
    known = {code for failure in FAILURES for code in failure.codes}
    text = json.dumps(API)
    known |= set(re.findall(r'"const": "([A-Z][A-Z_]+)"', text))
    data = {"message": "m", "fix": "f"}
    return {
        code
        for code in known
        if schema.is_valid(example_envelope(command, success=False, error_code=code, data=data))
    }


@pytest.mark.parametrize("command", OPERATIONS)
def test_every_code_of_a_command_is_declared_under_its_status_and_no_other(command: str) -> None:
    operation = OPERATIONS[command]
    responses = DOCUMENT["paths"][path_of(command)][operation.method.lower()]["responses"]
    data = {"message": "m", "fix": "f"}
    codes = contract_codes(command)
    assert {"USAGE_ERROR", "INTERNAL_ERROR"} <= codes
    for code in codes:
        envelope: Any = example_envelope(command, success=False, error_code=code, data=data)
        accepted = {status for status, response in responses.items() if accepts(response, envelope)}
        assert accepted == {str(status_of(envelope))}
    foreign = example_envelope(command, success=False, error_code="NO_SUCH_CODE", data=data)
    assert not [status for status, response in responses.items() if accepts(response, foreign)]


def accepts(response: dict[str, Any], envelope: Any) -> bool:
    name = response.get("$ref", "").rpartition("/")[2]
    declared = DOCUMENT["components"]["responses"][name] if name else response
    schema = declared["content"]["application/json"]["schema"]
    return jsonschema.Draft202012Validator(
        {"allOf": [schema], "components": DOCUMENT["components"]}
    ).is_valid(envelope)


def test_what_only_http_can_get_wrong_is_declared_for_every_operation() -> None:
    for path, method, operation in operations():
        if not path.startswith("/v1/"):
            continue
        expected = {"401", "405", "421"} | ({"413", "415"} if method == "post" else set())
        assert set(operation["responses"]) >= {"200", "400", "500"} | expected
        assert method == "post" or not {"413", "415"} & set(operation["responses"])


def test_only_the_health_of_the_server_needs_no_token() -> None:
    assert DOCUMENT["security"] == [{"token": []}]
    free = {path for path, _, operation in operations() if operation.get("security") == []}
    assert free == {openapi.HEALTH_PATH}


def test_the_document_is_made_from_the_packaged_schemas() -> None:
    assert packaged_document(openapi.API_SCHEMA) == API
    assert packaged_document(openapi.REQUEST_SCHEMA) == REQUEST
