"""Running the HTTP server: what has to hold before it starts, and what it leaves when it ends."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, NamedTuple, NoReturn

from specify_cli.kernel import stopping
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.mission_runtime.resolver import ROOT_VARIABLE, resolve_project
from specify_cli.orchestrator_api.bearer import (
    TOKEN_VARIABLE,
    Token,
    find_token,
    forget_token,
    keep_token,
)
from specify_cli.orchestrator_api.hosts import is_loopback, url_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path
    from types import FrameType

    from specify_cli.identity.project import Project

LOOPBACK: Final = "127.0.0.1"
EXTRA: Final = ("starlette", "uvicorn")
INSTALL: Final = "pip install 'spec-kitty-cli[serve]'"
_GRACE_SECONDS = 30
_MAX_PORT = 65535


class ServeExtraMissing(SpecKittyError):
    """The packages that only the server needs are not installed."""

    code = "SERVE_EXTRA_MISSING"


class AddressUnavailable(SpecKittyError):
    """The server cannot listen on the address."""

    code = "ADDRESS_UNAVAILABLE"


class Address(NamedTuple):
    """Where to listen.

    Attributes:
        host: A name or an address.
        port: 0 for any that is free.
    """

    host: str
    port: int


def serve(address: Address, *, token_file: Path | None = None) -> None:
    """Serve the project of the working directory until the process is told to stop.

    When the server takes requests, one JSON line on standard output says where: `url`, and
    `token_file`, which is null when the token came from the environment. SIGINT and SIGTERM let the
    commands that run finish, then end it.

    Args:
        address: Where to listen.
        token_file: A file with the token; else the environment's, else one that is made up and kept
            in a file below the project's git folder as long as the server runs.

    Raises:
        ServeExtraMissing: SERVE_EXTRA_MISSING.
        UsageError: USAGE_ERROR: not this machine only, and no token was given; no such port.
        TokenInvalid: TOKEN_INVALID.
        TokenFileExposed: TOKEN_FILE_EXPOSED.
        NotARepository: NOT_A_REPOSITORY.
        BareRepository: BARE_REPOSITORY.
        AddressUnavailable: ADDRESS_UNAVAILABLE.
        WriteFailed: WRITE_FAILED: the token could not be kept.
    """
    check_extra()
    token = find_token(token_file, os.environ)
    check_address(address, token)
    project = resolve_project()
    # The requests must find the project that was found now, whatever the variable said relative to.
    os.environ[ROOT_VARIABLE] = str(project.root)
    with _listening(address) as listener:
        port: int = listener.getsockname()[1]
        kept = keep_token(token, project.repository.common_dir, port) if token.generated else None
        try:
            _run(project, Address(address.host, port), token, listener, kept or token.file)
        finally:
            if kept is not None:
                forget_token(kept)


def check_extra() -> None:
    """Refuse to go on without the packages of the extra.

    Raises:
        ServeExtraMissing: SERVE_EXTRA_MISSING.
    """
    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        raise ServeExtraMissing(
            f"serving needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            "not installed.",
            fix=INSTALL,
            details={"missing": list(missing)},
        )


def check_address(address: Address, token: Token) -> None:
    """Refuse a port that cannot be, and to be reached from elsewhere with a token nobody chose.

    Raises:
        UsageError: USAGE_ERROR.
    """
    if not 0 <= address.port <= _MAX_PORT:
        raise UsageError(f"there is no port {address.port}.", fix="Use 0 (any free port) to 65535.")
    if token.generated and not is_loopback(address.host):
        raise UsageError(
            f"{address.host} can be reached from other machines, and no token was given.",
            fix=f"Give a token with --token-file or {TOKEN_VARIABLE}, or leave out --host.",
            details={"host": address.host},
        )


def _run(
    project: Project,
    address: Address,
    token: Token,
    listener: socket.socket,
    token_file: Path | None,
) -> None:
    import uvicorn

    from specify_cli.orchestrator_api.server import LOG, Served, build_application

    @asynccontextmanager
    async def announced(_: object) -> AsyncIterator[None]:
        ready = {
            "url": url_of(address.host, address.port),
            "token_file": None if token_file is None else str(token_file.absolute()),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        yield

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)
    application = build_application(
        Served(start=project.root, secret=token.secret, host=address.host), lifespan=announced
    )
    config = uvicorn.Config(
        application,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    with _stoppable():
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _stoppable() -> Iterator[None]:
    """Take a signal to stop for the ordinary end that it is.

    The server stops at SIGINT and SIGTERM, and when it is done sends itself the signal again.
    """

    def stop(_: int, __: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    stopping.uninstall()
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _listening(address: Address) -> Iterator[socket.socket]:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _unavailable(address, error) from error
    with listener:
        try:
            if sys.platform != "win32":
                # On Windows this would let two servers share a port.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
            listener.listen()
        except OSError as error:
            raise _unavailable(address, error) from error
        yield listener


def _unavailable(address: Address, error: OSError) -> AddressUnavailable:
    reason = error.strerror or type(error).__name__
    return AddressUnavailable(
        f"cannot listen on {address.host}, port {address.port}: {reason}.",
        fix="Leave out --port to get a free one.",
        details={"host": address.host, "port": address.port, "reason": reason},
    )
