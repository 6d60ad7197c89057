"""A server answers to its own names only."""

from __future__ import annotations

import pytest

from specify_cli.orchestrator_api.hosts import host_of, is_loopback, is_own_host, url_of

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing is bound


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "LocalHost"])
def test_addresses_of_this_machine_alone_are_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", [EVERYWHERE, "::", "10.0.0.5", "example.org", "localhost.example.org", ""]
)
def test_what_others_can_reach_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "header", ["127.0.0.1", "127.0.0.1:8765", "localhost", "localhost:1", "[::1]", "[::1]:8765"]
)
def test_a_loopback_server_answers_to_loopback_names(header: str) -> None:
    assert is_own_host(header, "127.0.0.1")


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "evil.example",
        "evil.example:8765",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "127.0.0.1:8765:evil.example",
        "10.0.0.5",
        "[::1].evil.example",
        "[::1",
        "2130706433",
    ],
)
def test_a_loopback_server_answers_to_no_other_name(header: str | None) -> None:
    assert not is_own_host(header, "127.0.0.1")


def test_a_server_elsewhere_answers_to_addresses_and_its_own_name() -> None:
    assert is_own_host("10.0.0.5:8765", EVERYWHERE)
    assert is_own_host("[fe80::1]:8765", "::")
    assert is_own_host("Build.Example:8765", "build.example")
    assert not is_own_host("evil.example:8765", EVERYWHERE)
    assert not is_own_host("evil.example", "build.example")


def test_a_host_header_is_taken_apart() -> None:
    assert host_of("[::1]:80") == "::1"
    assert host_of("name:80") == "name"
    assert host_of("name:http") == "name:http"


def test_the_printed_address_is_one_that_a_client_can_use() -> None:
    assert url_of("127.0.0.1", 8765) == "http://127.0.0.1:8765"
    assert url_of("::1", 8765) == "http://[::1]:8765"
    assert url_of(EVERYWHERE, 8765) == "http://127.0.0.1:8765"
    assert url_of("::", 8765) == "http://[::1]:8765"
    assert url_of("localhost", 8765) == "http://localhost:8765"
