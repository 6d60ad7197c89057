"""Ids that are minted apart do not meet (001 NFR-005)."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from specify_cli.identity.build import build_id
from specify_cli.kernel import ulid

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOMENT = datetime(2026, 11, 21, 7, 13, tzinfo=UTC)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def minted_apart(monkeypatch: pytest.MonkeyPatch, count: int) -> Iterator[int]:
    """Yield the random part of ids that processes of their own mint in the same millisecond."""
    for _ in range(count):
        monkeypatch.setattr(ulid, "_last", (-1, 0))
        yield random_part(ulid.new_ulid(MOMENT))


def random_part(text: str) -> int:
    """Return the 80 bits of an id that are not its time."""
    value = 0
    for character in text[10:]:
        value = value * 32 + ALPHABET.index(character)
    return value


@pytest.mark.proves("001 NFR-005")
def test_two_checkouts_in_the_same_millisecond_collide_less_than_once_in_10_to_the_18(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parts = list(minted_apart(monkeypatch, 400))
    free = [bit for bit in range(80) if {(part >> bit) & 1 for part in parts} == {0, 1}]
    assert 2.0 ** -len(free) < 1e-18
    assert len(set(parts)) == len(parts)


@pytest.mark.proves("001 NFR-005")
def test_the_build_ids_of_checkouts_are_such_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = []
    for number in range(70):
        # As in a process of its own, where nothing is known of the ids before.
        monkeypatch.setattr(ulid, "_last", (-1, 0))
        git_dir = tmp_path / str(number) / ".git"
        git_dir.mkdir(parents=True)
        parts.append(random_part(build_id(git_dir)))
    free = [bit for bit in range(80) if {(part >> bit) & 1 for part in parts} == {0, 1}]
    assert 2.0 ** -len(free) < 1e-18


@pytest.mark.proves("001 NFR-005")
def test_the_randomness_is_that_of_the_operating_system(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def urandom(count: int) -> bytes:
        asked.append(count)
        return b"\xff" * count

    monkeypatch.setattr(os, "urandom", urandom)
    [part] = minted_apart(monkeypatch, 1)
    assert asked == [10]
    assert part.bit_count() >= 60
