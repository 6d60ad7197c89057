"""Time as the log writes it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the current time, in UTC with microseconds."""
    return datetime.now(UTC)


def isoformat(moment: datetime) -> str:
    """Render a moment as `2026-11-21T07:13:00.123456+00:00`.

    Microseconds are always written, so that text order is time order.

    Raises:
        ValueError: `moment` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone is ambiguous")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
