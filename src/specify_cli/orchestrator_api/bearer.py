"""The token that every request to the server has to show: where it comes from, where it is kept."""

from __future__ import annotations

import hmac
import os
import re
import secrets
import shlex
import stat
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from specify_cli.identity.build import STATE_FOLDER
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import write_failed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TOKEN_VARIABLE: Final = "SPEC_KITTY_API_TOKEN"  # noqa: S105 - a name, no secret
_MIN_LENGTH = 16
_MAX_LENGTH = 4096
# What RFC 6750 lets a bearer token consist of.
_TOKEN = re.compile(rb"[A-Za-z0-9\-._~+/]+=*")
_FILE = "orchestrator-api-{}.token"
_GENERATE = 'Make one with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
_OTHERS_MAY_READ = stat.S_IRWXG | stat.S_IRWXO
_FLAGS = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0)


class TokenInvalid(SpecKittyError):
    """The token that was given is missing, too short, or cannot stand in a header."""

    code = "TOKEN_INVALID"


class TokenFileExposed(SpecKittyError):
    """Other users of the machine may read the token's file."""

    code = "TOKEN_FILE_EXPOSED"


class Token(NamedTuple):
    """The secret of one server. Its representation does not show it.

    Attributes:
        secret: What requests must show.
        file: The file it was read from; None when it came from the environment or is to be kept.
        generated: Nobody gave one, so it has to be written where clients find it.
    """

    secret: bytes
    file: Path | None
    generated: bool

    def __repr__(self) -> str:
        return f"Token(file={self.file!r}, generated={self.generated})"


def find_token(token_file: Path | None, environment: Mapping[str, str]) -> Token:
    """Return the token of a server: from a file, else from the environment, else a new one.

    Raises:
        TokenInvalid: TOKEN_INVALID.
        TokenFileExposed: TOKEN_FILE_EXPOSED.
    """
    if token_file is not None:
        return Token(_checked(_read(token_file), token_file.name), token_file, generated=False)
    given = environment.get(TOKEN_VARIABLE)
    if given is not None:
        secret = given.strip().encode("utf-8", "surrogateescape")
        return Token(_checked(secret, TOKEN_VARIABLE), None, generated=False)
    return Token(secrets.token_urlsafe(32).encode("ascii"), None, generated=True)


def keep_token(token: Token, common_dir: Path, port: int) -> Path:
    """Write a generated token where only this user can read it.

    Args:
        token: The token.
        common_dir: The git folder that all checkouts share; nothing below it is ever committed.
        port: The server's port; two servers of one project do not share a file.

    Raises:
        WriteFailed: WRITE_FAILED.
    """
    path = common_dir / STATE_FOLDER / _FILE.format(port)
    _sweep(path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What a killed server left behind. Made anew, so that neither its mode nor a link counts.
        path.unlink(missing_ok=True)
        descriptor = os.open(path, _FLAGS, 0o600)
        try:
            os.write(descriptor, token.secret + b"\n")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise write_failed(path, error) from error
    return path


def _sweep(folder: Path) -> None:
    """Remove what servers left that were killed: the files of ports where nobody listens."""
    for path in folder.glob(_FILE.format("*")):
        port = path.stem.rpartition("-")[2]
        if port.isdecimal() and not _is_served(int(port)):
            forget_token(path)


def _is_served(port: int) -> bool:
    # Who listens on more than this machine chose the token, and it is in no file of ours.
    import socket

    for host in ("127.0.0.1", "::1"):
        with suppress(OSError, OverflowError), socket.create_connection((host, port), timeout=0.5):
            return True
    return False


def forget_token(path: Path) -> None:
    """Remove the file of a generated token; a server that has ended needs none."""
    with suppress(OSError):
        path.unlink(missing_ok=True)


def is_authorized(header: bytes | None, secret: bytes) -> bool:
    """Tell in constant time whether an `Authorization` header shows the token."""
    scheme, _, shown = (header or b"").partition(b" ")
    return hmac.compare_digest(shown.strip(), secret) and scheme.lower() == b"bearer"


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if sys.platform != "win32" and status.st_mode & _OTHERS_MAY_READ:
                raise TokenFileExposed(
                    f"{path} can be read by other users of this machine "
                    f"(mode {stat.S_IMODE(status.st_mode):04o}).",
                    fix=f"chmod 600 {shlex.quote(str(path))}",
                    details={"file": path.name},
                )
            return stream.read(_MAX_LENGTH + 1).strip()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TokenInvalid(
            f"the token file {path.name} cannot be read: {reason}.",
            fix=f"Write a token into it that only you can read. {_GENERATE}",
            details={"file": path.name},
        ) from error


def _checked(secret: bytes, origin: str) -> bytes:
    if _MIN_LENGTH <= len(secret) <= _MAX_LENGTH and _TOKEN.fullmatch(secret):
        return secret
    raise TokenInvalid(
        f"{origin} holds no usable token: at least {_MIN_LENGTH} letters, digits or -._~+/ are needed.",
        fix=_GENERATE,
        details={"origin": origin},
    )
