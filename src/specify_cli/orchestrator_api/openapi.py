"""The API as an OpenAPI 3.1 document, derived from the published schemas and the operations.

Nothing about a field is written here: parameters, bodies and answers are the definitions of
`contracts/published/orchestrator_{request,api}.schema.json`, methods and names are those of
`OPERATIONS`, statuses and codes those of `http_status`. What a schema cannot say is added: which
answer leads to which next request, with an example of each (`examples`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from specify_cli.contract.documents import packaged_document
from specify_cli.orchestrator_api.envelope import CONTRACT_VERSION
from specify_cli.orchestrator_api.examples import EXAMPLES, LINKS, Link
from specify_cli.orchestrator_api.http_status import CONFLICT, FAILURES, Failure, status_of_code
from specify_cli.orchestrator_api.operations import OPERATIONS, Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

API_SCHEMA: Final = "published/orchestrator_api.schema.json"
REQUEST_SCHEMA: Final = "published/orchestrator_request.schema.json"
PREFIX: Final = "/v1/"
HEALTH_PATH: Final = "/health"
DOCUMENT_PATH: Final = "/openapi.json"
_COMPONENTS = "#/components/schemas/"
_DESCRIPTION = """\
What an orchestrator calls to drive missions, one operation for each command of
`spec-kitty orchestrator-api`. Served by `spec-kitty orchestrator-api serve`, which prints its
address and the file with its token.

Every answer below `/v1/` is the envelope of seven keys that the command line prints as well; the
HTTP status follows from its `error_code`. A repeated request of the same actor changes nothing and
says `no_op`. Made by `python -m tools.orchestrator_openapi`; a check compares.
"""


def path_of(command: str) -> str:
    """Return the path of a command's operation."""
    return f"{PREFIX}{command}"


def openapi_document() -> dict[str, Any]:
    """Return the document.

    Raises:
        ContractUnreadable: CONTRACT_UNREADABLE: the installation lacks a published schema.
    """
    api: Mapping[str, Any] = packaged_document(API_SCHEMA)
    requests: Mapping[str, Any] = packaged_document(REQUEST_SCHEMA)
    definitions: dict[str, Any] = {**api["$defs"], **requests["$defs"]}
    operations = OPERATIONS.values()
    answers = {_answer_name(o): _answer(api, o) for o in operations}
    failures = {f"{failure.name}Answer": _failure(api, failure) for failure in FAILURES}
    paths: dict[str, Any] = {
        path_of(o.command): {o.method.lower(): _operation(o, api, definitions)} for o in operations
    }
    paths[HEALTH_PATH] = {
        "get": _plain("health", "Tell that the server runs; needs no token.", _HEALTH, (405, 421))
        | {"security": []}
    }
    paths[DOCUMENT_PATH] = {
        "get": _plain("openapi", "Return this document.", {"type": "object"}, (401, 405, 421))
    }
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "spec-kitty orchestrator API",
            "version": CONTRACT_VERSION,
            "summary": "Drive missions from an external program.",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "servers": [{"url": "/", "description": "The server that `serve` started."}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "The token in the file that `serve` names when it starts.",
                }
            },
            "responses": {failure.name: _response(failure) for failure in FAILURES},
            "schemas": dict(sorted({**definitions, **answers, **failures}.items())),
        },
    }
    relocated: dict[str, Any] = _relocated(document)
    return relocated


def _operation(
    operation: Operation, api: Mapping[str, Any], definitions: Mapping[str, Any]
) -> dict[str, Any]:
    request: Mapping[str, Any] = definitions[operation.request]
    document: dict[str, Any] = {
        "operationId": operation.command,
        "summary": request["description"],
        "description": f"`spec-kitty orchestrator-api {operation.command}`",
    }
    example = EXAMPLES[operation.command]
    if operation.method == "GET":
        document["parameters"] = [
            {
                "name": name,
                "in": "query",
                "required": name in request.get("required", ()),
                "description": schema["description"],
                "schema": schema,
                "example": example[name],
            }
            for name, schema in request["properties"].items()
        ]
    else:
        document["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"$ref": f"{_COMPONENTS}{operation.request}"},
                    "example": dict(example),
                }
            },
        }
    codes = dict(_codes_of(api, operation))
    document["responses"] = _responses(operation, definitions) | _refusals(operation, codes)
    return document


def _responses(operation: Operation, definitions: Mapping[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {
        "description": definitions[operation.answer]["description"],
        "content": {
            "application/json": {"schema": {"$ref": f"{_COMPONENTS}{_answer_name(operation)}"}}
        },
    }
    links = {
        link.name: _link(link, operation, definitions)
        for link in LINKS
        if link.source == operation.command
    }
    if links:
        done["links"] = links
    return {"200": done}


def _refusals(operation: Operation, codes: Mapping[str, str]) -> dict[str, Any]:
    """Return a response for every status that an operation can refuse with.

    Args:
        operation: The command.
        codes: The error codes that the contract gives it, with what each means.
    """
    responses: dict[str, Any] = {}
    for failure in FAILURES:
        if failure.body_only and operation.method != "POST":
            continue
        own = {code: text for code, text in codes.items() if status_of_code(code) == failure.status}
        if own or (failure.codes and failure.causes):
            responses[str(failure.status)] = _refusal(failure, operation, own, codes)
        elif not failure.codes and failure.status != CONFLICT:
            reference = {"$ref": f"#/components/responses/{failure.name}"}
            responses[str(failure.status)] = reference
    return responses


def _refusal(
    failure: Failure, operation: Operation, own: Mapping[str, str], codes: Mapping[str, str]
) -> dict[str, Any]:
    """Return the response of one status, narrowed to the command and the codes that it has."""
    lines = "\n".join(f"- `{code}`: {text}" for code, text in own.items())
    narrowed = {
        "command": {"const": f"orchestrator-api.{operation.command}"},
        # A cause of this status can stand beside any code of the command.
        "error_code": {"enum": list(codes if failure.causes else own)},
    }
    response = _response(failure)
    reference = response["content"]["application/json"]["schema"]
    schema = {"allOf": [reference, {"type": "object", "properties": narrowed}]}
    return response | {
        "description": f"{failure.text}\n\n{lines}".strip(),
        "content": {"application/json": {"schema": schema}},
    }


def _codes_of(api: Mapping[str, Any], operation: Operation) -> Iterator[tuple[str, str]]:
    """Yield the error codes of a command, with what each means."""
    failed = {"const": False}, {"const": f"orchestrator-api.{operation.command}"}
    for rule in api["allOf"]:
        asked = rule["if"]["properties"]
        if (asked["success"], asked.get("command")) == failed:
            yield from _listed(api, rule["then"]["properties"]["error_code"])


def _listed(api: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "const" in schema:
        yield schema["const"], schema["description"]
    if "$ref" in schema:
        yield from _listed(api, api["$defs"][schema["$ref"].rpartition("/")[2]])
    for choice in schema.get("anyOf", ()):
        yield from _listed(api, choice)


def _link(link: Link, source: Operation, definitions: Mapping[str, Any]) -> dict[str, Any]:
    target = OPERATIONS[link.target]
    wanted: Mapping[str, Any] = definitions[target.request]["properties"]
    arguments: dict[str, Any] = {k: v for k, v in link.constants.items() if k in wanted}
    arguments |= {
        name: f"$response.body#/data/{pointer}"
        for name, pointer in _identities(definitions[source.answer], definitions)
        if name in wanted
    }
    document: dict[str, Any] = {
        "operationId": link.target,
        "description": definitions[target.request]["description"],
    }
    if target.method == "GET":
        document["parameters"] = arguments
    else:
        document["requestBody"] = arguments
    return document


def _identities(
    answer: Mapping[str, Any], definitions: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield the arguments that an answer knows: name, and place in its data."""
    properties: Mapping[str, Any] = answer["properties"]
    if "mission_slug" in properties:
        yield "mission", "mission_slug"
    if "wp_id" in properties:
        yield "wp", "wp_id"
        return
    for name, schema in properties.items():
        reference = str(schema.get("items", {}).get("$ref", "")).rpartition("/")[2]
        if "wp_id" in definitions.get(reference, {}).get("properties", {}):
            yield "wp", f"{name}/0/wp_id"


def _answer_name(operation: Operation) -> str:
    return f"{operation.answer.removesuffix('Data')}Answer"


def _answer(api: Mapping[str, Any], operation: Operation) -> dict[str, Any]:
    return _envelope(
        api,
        description=f"What `{operation.command}` answers when it did what was asked.",
        narrowed={
            "command": {"const": f"orchestrator-api.{operation.command}"},
            "success": {"const": True},
            "error_code": {"type": "null"},
            "data": {"$ref": f"#/$defs/{operation.answer}"},
        },
    )


def _failure(api: Mapping[str, Any], failure: Failure) -> dict[str, Any]:
    """Return the envelope of a status: what `status_of` answers with it, and nothing else."""
    document = _envelope(
        api,
        description=failure.text,
        narrowed={
            "success": {"const": False},
            "error_code": {"$ref": "#/$defs/ErrorCode"},
            "data": {"$ref": "#/$defs/FailureData"},
        },
    )
    document["anyOf"] = list(_reasons(failure))
    return document


def _reasons(failure: Failure) -> Iterator[dict[str, Any]]:
    """Yield what an envelope of a status looks like: a cause of it, or a code without such a cause."""
    if failure.causes:
        cause = {"properties": {"cause": {"enum": list(failure.causes)}}, "required": ["cause"]}
        yield {"properties": {"data": cause}}
    code: dict[str, Any] = {"enum": list(failure.codes)}
    if failure.status == CONFLICT:
        code = {"not": {"enum": [code for other in FAILURES for code in other.codes]}}
    elif not failure.codes:
        return
    causes = [cause for other in FAILURES for cause in other.causes]
    without = {"properties": {"cause": {"not": {"enum": causes}}}}
    yield {"properties": {"error_code": code, "data": without}}


def _envelope(
    api: Mapping[str, Any], *, description: str, narrowed: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the published envelope with some of its properties narrowed."""
    properties: Mapping[str, Any] = api["properties"]
    return {
        "description": description,
        "type": "object",
        "properties": {
            name: {**narrowed[name], "description": schema["description"]}
            if name in narrowed
            else schema
            for name, schema in properties.items()
        },
        "required": api["required"],
        "additionalProperties": api["additionalProperties"],
    }


_HEADERS: Final[Mapping[int, Mapping[str, Any]]] = MappingProxyType(
    {
        401: {
            "WWW-Authenticate": {
                "description": "The scheme to use.",
                "required": True,
                "schema": {"const": "Bearer"},
            }
        },
        405: {
            "Allow": {
                "description": "The methods of this operation.",
                "required": True,
                "schema": {"type": "string"},
            }
        },
        503: {
            "Retry-After": {
                "description": "Seconds to wait.",
                "required": True,
                "schema": {"type": "integer", "minimum": 1},
            }
        },
    }
)


def _response(failure: Failure) -> dict[str, Any]:
    schema = {"$ref": f"{_COMPONENTS}{failure.name}Answer"}
    document: dict[str, Any] = {
        "description": failure.text,
        "content": {"application/json": {"schema": schema}},
    }
    if failure.status in _HEADERS:
        document["headers"] = _HEADERS[failure.status]
    return document


_HEALTH: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "type": "object",
        "properties": {"status": {"const": "ok"}, "contract_version": {"const": CONTRACT_VERSION}},
        "required": ["status", "contract_version"],
        "additionalProperties": False,
    }
)


def _plain(
    name: str, summary: str, answer: Mapping[str, Any], statuses: tuple[int, ...]
) -> dict[str, Any]:
    """Describe an operation beside the API, which answers without an envelope."""
    done = {"description": summary, "content": {"application/json": {"schema": dict(answer)}}}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": done}
        | {
            str(failure.status): {"$ref": f"#/components/responses/{failure.name}"}
            for failure in FAILURES
            if failure.status in statuses
        },
    }


def _relocated(node: Any) -> Any:
    """Return a copy whose references to `$defs` point to the components."""
    if isinstance(node, Mapping):
        return {
            key: value.replace("#/$defs/", _COMPONENTS) if key == "$ref" else _relocated(value)
            for key, value in node.items()
        }
    if isinstance(node, list | tuple):
        return [_relocated(item) for item in node]
    return node
