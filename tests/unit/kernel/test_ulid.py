"""ULIDs are unique, sortable and say when they were minted."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from specify_cli.kernel import ulid
from specify_cli.kernel.ulid import is_ulid, new_ulid, ulid_time_ms


def test_a_minted_id_is_a_ulid_with_its_time() -> None:
    moment = datetime(2026, 11, 21, 7, 13, 0, 123456, tzinfo=UTC)
    minted = new_ulid(moment)
    assert is_ulid(minted)
    assert ulid_time_ms(minted) == 1795245180123


def test_the_known_example_of_the_specification_is_read() -> None:
    assert ulid_time_ms("01ARZ3NDEKTSV4RRFFQ69G5FAV") == 1469922850259


def test_ids_of_one_millisecond_increase() -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    minted = [new_ulid(moment) for _ in range(1000)]
    assert minted == sorted(minted)
    assert len(set(minted)) == 1000


def test_ids_minted_by_many_threads_are_distinct() -> None:
    with ThreadPoolExecutor(8) as pool:
        batches = list(pool.map(lambda _: [new_ulid() for _ in range(500)], range(8)))
    minted = [one for batch in batches for one in batch]
    assert len(set(minted)) == len(minted)


def test_incrementing_never_leaves_the_random_part(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    millis = int(moment.timestamp() * 1000)
    monkeypatch.setattr(ulid, "_last", (millis, (1 << 80) - 1))
    monkeypatch.setattr(os, "urandom", lambda n: b"\xff" * n)
    assert ulid_time_ms(new_ulid(moment)) == millis


@pytest.mark.parametrize(
    "text",
    [
        "",
        "01ARZ3NDEKTSV4RRFFQ69G5FA",
        "01ARZ3NDEKTSV4RRFFQ69G5FAVX",
        "01arz3ndektsv4rrffq69g5fav",
        "01ARZ3NDEKTSV4RRFFQ69G5FAI",
        "81ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01ARZ3NDEKTSV4RRFFQ69G5FAV\n",
    ],
)
def test_anything_else_is_no_ulid(text: str) -> None:
    assert not is_ulid(text)
    with pytest.raises(ValueError, match="not a ULID"):
        ulid_time_ms(text)
