"""The API over HTTP: one ASGI application for one project, and the server that runs it.

Every request below `/v1/` ends in the same `execute` that the command line calls. What comes before
is this module's: the host, the token, the method, the size and the form of the body. Needs the extra
`spec-kitty-cli[serve]`; nothing else of the program imports this module.
"""

from __future__ import annotations

import json
import logging
import time
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from specify_cli.kernel.errors import internal_error
from specify_cli.orchestrator_api import http_status as codes
from specify_cli.orchestrator_api.bearer import is_authorized
from specify_cli.orchestrator_api.envelope import CONTRACT_VERSION, UNKNOWN, failure
from specify_cli.orchestrator_api.errors import failed
from specify_cli.orchestrator_api.hosts import is_own_host
from specify_cli.orchestrator_api.openapi import (
    DOCUMENT_PATH,
    HEALTH_PATH,
    PREFIX,
    openapi_document,
    path_of,
)
from specify_cli.orchestrator_api.operations import OPERATIONS, Operation, execute, query_arguments

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from spec_kitty_contracts.wire.orchestrator_api import OrchestratorEnvelope

    Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]

MAX_BODY_BYTES: Final = 1024 * 1024
"""The largest body; the largest request the contract allows is far below."""
LOG: Final = logging.getLogger("specify_cli.orchestrator_api")
_JSON = "application/json"


class Served(NamedTuple):
    """What one application serves, fixed when it starts.

    Attributes:
        start: The project's folder.
        secret: The token that requests must show.
        host: The name or address that the server is bound to.
    """

    start: Path
    secret: bytes
    host: str

    def __repr__(self) -> str:
        return f"Served(start={self.start!r}, host={self.host!r})"


class _Refused(Exception):
    """A request that never reaches a command; becomes the failure envelope of a wrong call."""

    def __init__(self, cause: str | None, message: str, fix: str) -> None:
        super().__init__(message)
        self.cause = cause
        self.message = message
        self.fix = fix


def build_application(served: Served, *, lifespan: Lifespan | None = None) -> Starlette:
    """Return the ASGI application for one project.

    Args:
        served: The project, the token, the host.
        lifespan: What to do when it starts and when it ends.
    """
    routes = [
        Route(
            path_of(operation.command),
            partial(_run_command, operation, served.start),
            methods=[operation.method],
        )
        for operation in OPERATIONS.values()
    ]
    routes.append(Route(HEALTH_PATH, _health, methods=["GET"]))
    routes.append(Route(DOCUMENT_PATH, _openapi, methods=["GET"]))
    application = Starlette(
        routes=routes,
        middleware=[Middleware(_Gate, served=served)],
        exception_handlers={
            _Refused: _answer_refusal,
            HTTPException: _answer_no_route,
            ClientDisconnect: _answer_nobody,
            Exception: _answer_defect,
        },
        lifespan=lifespan,
    )
    application.router.redirect_slashes = False
    return application


async def _run_command(operation: Operation, start: Path, request: Request) -> Response:
    if operation.method == "GET":
        arguments: Mapping[str, object] = query_arguments(operation, _query_texts(request))
    else:
        arguments = await _body_arguments(request)
    # In a thread of its own: a command waits for the mission's lock and for git.
    call = partial(execute, operation.command, arguments, start=start)
    return _envelope_response(await run_in_threadpool(call))


async def _health(_: Request) -> Response:
    return _json_response(200, {"status": "ok", "contract_version": CONTRACT_VERSION})


async def _openapi(_: Request) -> Response:
    return _json_response(200, openapi_document())


class _Gate:
    """What every request passes first: the log, the host, the token."""

    def __init__(self, app: ASGIApp, served: Served) -> None:
        self.app = app
        self.served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        begun = time.monotonic()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            refused = self._refusal(request)
            if refused is None:
                await self.app(scope, receive, watched)
            else:
                await _refusal_response(request, refused)(scope, receive, watched)
        finally:
            # Neither query nor headers: they hold what is the client's business, or the token.
            spent = (time.monotonic() - begun) * 1000
            LOG.info("%s %r %s %.0f ms", request.method, request.url.path, status, spent)

    def _refusal(self, request: Request) -> _Refused | None:
        if not is_own_host(request.headers.get("host"), self.served.host):
            return _Refused(
                codes.WRONG_HOST,
                "the request names another host than this server's.",
                "Use the address that `serve` printed when it started.",
            )
        if request.url.path == HEALTH_PATH:
            return None
        header = request.headers.get("authorization")
        shown = None if header is None else header.encode("latin-1")
        if not is_authorized(shown, self.served.secret):
            return _Refused(
                codes.UNAUTHORIZED,
                "the request shows no token, or not the one of this server.",
                "Send `Authorization: Bearer` with the token in the file that `serve` named.",
            )
        return None


def _query_texts(request: Request) -> dict[str, object]:
    """Return the arguments of a GET request; the contract's gate looks at names and values.

    Raises:
        _Refused: USAGE_ERROR: a parameter is there twice, or is no UTF-8 text.
    """
    pairs = request.query_params.multi_items()
    arguments: dict[str, object] = dict(pairs)
    if len(arguments) != len(pairs):
        raise _malformed("a parameter is there more than once.")
    if any("\ufffd" in text for pair in pairs for text in pair):
        raise _malformed("a parameter is not UTF-8 text.")
    return arguments


async def _body_arguments(request: Request) -> dict[str, object]:
    """Return the arguments of a POST request; the contract's gate looks at names and values.

    Raises:
        _Refused: UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE, or USAGE_ERROR: no JSON object in UTF-8.
    """
    if not _is_json(request.headers.get("content-type", "")):
        raise _Refused(
            codes.UNSUPPORTED_MEDIA_TYPE,
            "the body is not declared as JSON.",
            f"Send `Content-Type: {_JSON}`.",
        )
    if request.query_params:
        raise _malformed("this operation takes no parameters; its arguments are the body.")
    body = await _body(request)
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_json)
    except (ValueError, RecursionError) as error:
        raise _malformed("the body is no JSON document in UTF-8.") from error
    if not isinstance(document, dict):
        raise _malformed("the body is no JSON object.")
    return document


async def _body(request: Request) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise _too_large()
    return bytes(body)


def _is_json(content_type: str) -> bool:
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != _JSON:
        return False
    name, _, value = parameters.partition("=")
    charset = value.strip().strip('"').lower() if name.strip().lower() == "charset" else "utf-8"
    return charset in {"utf-8", "utf8"}


def _no_json(constant: str) -> object:
    raise ValueError(constant)


def _malformed(message: str) -> _Refused:
    return _Refused(None, message, f"See the request in {DOCUMENT_PATH} of this server.")


def _too_large() -> _Refused:
    return _Refused(
        codes.BODY_TOO_LARGE,
        f"the body is larger than {MAX_BODY_BYTES} bytes.",
        "Send less: long texts belong into the repository.",
    )


async def _answer_refusal(request: Request, refused: Exception) -> Response:
    if not isinstance(refused, _Refused):
        raise refused
    return _refusal_response(request, refused)


async def _answer_no_route(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code != HTTPStatus.METHOD_NOT_ALLOWED:
        message = f"there is no operation {request.url.path[:100]!r}."
        fix = f"Use one of: {', '.join(map(path_of, OPERATIONS))}"
        return _refusal_response(request, _Refused(codes.NO_SUCH_OPERATION, message, fix))
    allowed = ", ".join(sorted((error.headers or {}).get("Allow", "").split(", ")))
    message = f"{request.method[:20]} is not allowed here."
    refused = _Refused(codes.METHOD_NOT_ALLOWED, message, f"Use {allowed}.")
    return _refusal_response(request, refused, {"Allow": allowed})


async def _answer_nobody(_: Request, __: Exception) -> Response:
    """Answer a client that went away before its body was complete."""
    return Response(status_code=HTTPStatus.BAD_REQUEST)


async def _answer_defect(request: Request, error: Exception) -> Response:
    """Answer what nothing else caught; the server's log gets the traceback."""
    return _envelope_response(failed(_command_of(request), internal_error(error)))


def _refusal_response(
    request: Request, refused: _Refused, headers: Mapping[str, str] | None = None
) -> Response:
    data = {"message": refused.message, "fix": refused.fix}
    if refused.cause is not None:
        data["cause"] = refused.cause
    return _envelope_response(failure(_command_of(request), codes.USAGE_ERROR, data), headers)


def _command_of(request: Request) -> str:
    command = request.url.path.removeprefix(PREFIX)
    return command if command in OPERATIONS else UNKNOWN


def _envelope_response(
    envelope: OrchestratorEnvelope, headers: Mapping[str, str] | None = None
) -> Response:
    status = codes.status_of(envelope)
    more = dict(headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        more["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        more["Retry-After"] = str(codes.RETRY_AFTER_SECONDS)
    return _json_response(status, envelope, more)


def _json_response(
    status: int, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        json.dumps(document, ensure_ascii=False).encode("utf-8") + b"\n",
        status,
        {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
        _JSON,
    )
