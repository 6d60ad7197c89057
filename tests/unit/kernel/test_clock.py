"""Time as the log writes it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from specify_cli.kernel.clock import isoformat, utc_now


def test_a_moment_always_has_microseconds_and_the_utc_offset() -> None:
    assert isoformat(datetime(2026, 11, 21, 7, 13, tzinfo=UTC)) == (
        "2026-11-21T07:13:00.000000+00:00"
    )


def test_another_time_zone_is_converted_to_utc() -> None:
    moment = datetime(2026, 11, 21, 9, 13, tzinfo=timezone(timedelta(hours=2)))
    assert isoformat(moment) == "2026-11-21T07:13:00.000000+00:00"


def test_text_order_is_time_order_even_within_one_second() -> None:
    moment = datetime(2026, 11, 21, 7, 13, tzinfo=UTC)
    texts = [isoformat(moment + timedelta(microseconds=n)) for n in (0, 1, 10, 999_999, 1_000_000)]
    assert texts == sorted(texts)


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        isoformat(datetime(2026, 11, 21))


def test_now_is_in_utc() -> None:
    assert utc_now().tzinfo is UTC
