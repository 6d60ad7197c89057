"""The token of the server: where it comes from, where it is kept, how it is compared."""

from __future__ import annotations

import shlex
import socket
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.files import WriteFailed
from specify_cli.orchestrator_api.bearer import (
    Token,
    TokenFileExposed,
    TokenInvalid,
    find_token,
    forget_token,
    is_authorized,
    keep_token,
)
from specify_cli.orchestrator_api.serving import Address, check_address

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "a-token-of-good-length"
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no file modes")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text(f"{GOOD}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def test_the_file_comes_before_the_environment(token_file: Path) -> None:
    token = find_token(token_file, {"SPEC_KITTY_API_TOKEN": "another-token-of-good-length"})
    assert token == Token(GOOD.encode(), token_file, generated=False)


def test_the_environment_comes_before_a_new_token() -> None:
    token = find_token(None, {"SPEC_KITTY_API_TOKEN": f" {GOOD}\n"})
    assert token == Token(GOOD.encode(), None, generated=False)


def test_without_one_every_server_makes_a_long_token_of_its_own() -> None:
    one, other = find_token(None, {}), find_token(None, {})
    assert one.generated
    assert one.secret != other.secret
    assert len(one.secret) >= 43


@posix
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_can_use_is_refused(token_file: Path, mode: int) -> None:
    token_file.chmod(mode)
    with pytest.raises(TokenFileExposed) as refused:
        find_token(token_file, {})
    assert shlex.split(refused.value.fix) == ["chmod", "600", str(token_file)]
    assert GOOD not in str(refused.value)


@pytest.mark.parametrize(
    "text", ["", "short", "has spaces in the middle", "ümlaut" * 5, "x" * 5000]
)
def test_an_unusable_token_is_refused_and_not_repeated(token_file: Path, text: str) -> None:
    token_file.write_text(text, encoding="utf-8")
    for origin in (token_file, None):
        with pytest.raises(TokenInvalid) as refused:
            find_token(origin, {"SPEC_KITTY_API_TOKEN": text})
        told = refused.value.message + refused.value.fix
        assert not text or text not in told


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_token_file_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(TokenInvalid, match="cannot be read"):
        find_token(tmp_path / name, {})


def test_a_generated_token_is_kept_for_this_user_only_and_forgotten_at_the_end(
    tmp_path: Path,
) -> None:
    token = find_token(None, {})
    path = keep_token(token, tmp_path / ".git", 8765)
    assert path == tmp_path / ".git" / "spec-kitty" / "orchestrator-api-8765.token"
    assert path.read_bytes().strip() == token.secret
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert find_token(path, {}).secret == token.secret
    forget_token(path)
    forget_token(path)
    assert not path.exists()


@posix
def test_what_lies_in_the_place_of_the_token_is_neither_followed_nor_kept(tmp_path: Path) -> None:
    folder = tmp_path / ".git" / "spec-kitty"
    folder.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("mine", encoding="utf-8")
    (folder / "orchestrator-api-1.token").symlink_to(elsewhere)
    (folder / "orchestrator-api-2.token").write_text("stale", encoding="utf-8")
    for port in (1, 2):
        path = keep_token(find_token(None, {}), tmp_path / ".git", port)
        assert not path.is_symlink()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert elsewhere.read_text(encoding="utf-8") == "mine"


def test_a_token_that_cannot_be_kept_says_so(tmp_path: Path) -> None:
    (tmp_path / "spec-kitty").write_text("in the way", encoding="utf-8")
    with pytest.raises(WriteFailed):
        keep_token(find_token(None, {}), tmp_path, 1)


def test_a_token_does_not_show_itself() -> None:
    assert GOOD not in repr(Token(GOOD.encode(), None, generated=False))


@pytest.mark.parametrize("header", [f"Bearer {GOOD}", f"bearer {GOOD}", f"BEARER  {GOOD} "])
def test_the_right_token_is_let_in(header: str) -> None:
    assert is_authorized(header.encode(), GOOD.encode())


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        GOOD,
        f"Basic {GOOD}",
        f"Bearer {GOOD}x",
        f"Bearer {GOOD[:-1]}",
    ],
)
def test_anything_else_is_kept_out(header: str | None) -> None:
    shown = None if header is None else header.encode()
    assert not is_authorized(shown, GOOD.encode())


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def compare(left: bytes, right: bytes) -> bool:
        compared.append((left, right))
        return left == right

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert is_authorized(f"Bearer {GOOD}".encode(), GOOD.encode())
    assert not is_authorized(b"Basic x", GOOD.encode())
    assert compared == [(GOOD.encode(), GOOD.encode()), (b"x", GOOD.encode())]


def test_others_reach_a_server_only_with_a_token_that_somebody_chose() -> None:
    made, given = find_token(None, {}), Token(GOOD.encode(), None, generated=False)
    check_address(Address("127.0.0.1", 0), made)
    check_address(Address("0.0.0.0", 0), given)  # noqa: S104
    for host in ("0.0.0.0", "::", "build.example", "10.0.0.5"):  # noqa: S104
        with pytest.raises(UsageError, match="other machines"):
            check_address(Address(host, 0), made)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match="no port"):
        check_address(Address("127.0.0.1", port), find_token(None, {}))


def test_what_killed_servers_left_is_swept_and_a_running_ones_token_is_not(tmp_path: Path) -> None:
    token = Token(GOOD.encode(), None, generated=True)
    with socket.create_server(("127.0.0.1", 0)) as running, socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        left = keep_token(token, tmp_path, gone.getsockname()[1])
        served = keep_token(token, tmp_path, running.getsockname()[1])
        assert not left.exists()
        mine = keep_token(token, tmp_path, gone.getsockname()[1])
        assert served.is_file()
    assert mine.is_file()
