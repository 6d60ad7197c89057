"""The formats are those of the RFCs, checked against the libraries that know them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rfc3339_validator import validate_rfc3339  # type: ignore[import-untyped]

from codegen.gate_formats import is_date, is_date_time, is_uri, is_uuid

if TYPE_CHECKING:
    import uuid

MOMENTS = (
    "2026-11-21T07:13:00Z",
    "2026-11-21t07:13:00z",
    "2026-11-21T07:13:00.123456+00:00",
    "2024-02-29T23:59:59-23:59",
    "2000-02-29T00:00:00.0+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
)
NO_MOMENTS = (
    "",
    "2026-11-21",
    "2026-11-21T07:13:00",
    "2026-11-21 07:13:00Z",
    "2026-11-21T07:13Z",
    "2026-13-21T07:13:00Z",
    "2026-00-21T07:13:00Z",
    "2026-11-31T07:13:00Z",
    "2026-11-00T07:13:00Z",
    "2026-02-29T07:13:00Z",
    "1900-02-29T07:13:00Z",
    "0000-01-01T00:00:00Z",
    "2026-11-21T24:00:00Z",
    "2026-11-21T07:60:00Z",
    "2026-11-21T07:13:60Z",
    "2026-11-21T07:13:00.Z",
    "2026-11-21T07:13:00.",
    "2026-11-21T07:13:00+0000",
    "2026-11-21T07:13:00+24:00",
    "2026-11-21T07:13:00+00:60",
    "2026-11-21T07:13:00+00:00 ",
    "2026-11-21T07:13:00Z\n",
    "2026-11-21T07:13:00ZZ",
    "\uff12026-11-21T07:13:00Z",
    "2026-11-21T07:13:00.٣Z",
    "-026-11-21T07:13:00Z",
    "20261121T071300Z",
)


def test_moments_are_accepted_and_everything_else_is_not() -> None:
    assert [text for text in MOMENTS if not is_date_time(text)] == []
    assert [text for text in NO_MOMENTS if is_date_time(text)] == []


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(),
    st.integers(-23 * 60, 23 * 60),
    st.text("0123456789TZtz:-+. ", max_size=3),
    st.integers(0, 30),
)
def test_moments_and_their_mutants_are_judged_as_by_the_rfc_3339_library(
    moment: datetime, minutes: int, noise: str, position: int
) -> None:
    text = moment.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat()
    assert is_date_time(text)
    mutant = text[:position] + noise + text[position + len(noise) :]
    if "t" not in mutant and "z" not in mutant:  # the library refuses lower case
        assert is_date_time(mutant) == validate_rfc3339(mutant)


def test_what_the_clock_writes_is_a_moment() -> None:
    from specify_cli.kernel.clock import isoformat, utc_now

    assert is_date_time(isoformat(utc_now()))
    assert is_date_time(isoformat(datetime(2026, 1, 1, tzinfo=UTC)))


def test_every_day_of_the_calendar_and_no_other_is_a_date() -> None:
    for year in (1900, 2000, 2024, 2026):
        for month in range(14):
            for day in range(34):
                text = f"{year:04}-{month:02}-{day:02}"
                try:
                    datetime(year, month, day, tzinfo=UTC)
                except ValueError:
                    assert not is_date(text)
                else:
                    assert is_date(text)
    assert not is_date("2026-01-01Z")
    assert not is_date("2026-1-1")


@settings(max_examples=100, deadline=None)
@given(st.uuids())
def test_a_uuid_is_accepted_in_its_hyphenated_form_only(value: uuid.UUID) -> None:
    text = str(value)
    assert is_uuid(text)
    assert is_uuid(text.upper())
    for wrong in (value.hex, f"{{{text}}}", value.urn, text[:-1], text + "0", f"{text}\n", ""):
        assert not is_uuid(wrong)
    assert not is_uuid(text.replace("-", "_"))
    assert not is_uuid("g" + text[1:])
    assert not is_uuid(text[:8] + "0" + text[9:])


@pytest.mark.parametrize(
    "text",
    [
        "https://example.test",
        "HTTPS://user:pw@example.test:8443/a/b%20c?d=e&f=[1]#g",
        "http://[::1]:80/",
        "urn:isbn:0451450523",
        "feedback://todo-app/WP01/review.md",
        "mailto:a@example.test",
    ],
)
def test_an_absolute_uri_is_accepted(text: str) -> None:
    assert is_uri(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "example.test",
        "/a/b",
        "//example.test",
        ":x",
        "1a:b",
        "https:",
        "https://",
        "https:///path",
        "https://:80",
        "https://user@",
        "https:example.test",
        "https://exa mple.test",
        "https://example.test/%zz",
        "https://example.test/%2",
        "https://example.test/ü",
        "https://example.test/a#b#c",
        "https://example.test\n",
        "ht tp://example.test",
        'https://example.test/"',
        "https://example.test/<a>",
    ],
)
def test_what_is_no_absolute_uri_is_refused(text: str) -> None:
    assert not is_uri(text)
