"""What a user may call a mission, and which mission that means."""

from __future__ import annotations

import re

from specify_cli.kernel.ulid import is_ulid

_MID8 = r"[0-9A-HJKMNP-TV-Z]{8}\Z"


def answers_to(slug: str, mission_id: str | None, handle: str) -> bool:
    """Tell whether a handle means a mission: its slug or id, the short id, or the words of the slug."""
    if mission_id is not None:
        upper = handle.upper()
        if upper == mission_id or (re.match(_MID8, upper) and upper == mission_id[:8]):
            return True
    return slug_answers_to(slug, handle)


def slug_answers_to(slug: str, handle: str) -> bool:
    """Tell whether a handle other than the mission's id means a slug: whole, its words, its ending."""
    if handle == slug:
        return True
    head, _, tail = slug.rpartition("-")
    if re.match(_MID8, tail) and head:
        return handle in (head, tail) or (is_ulid(handle.upper()) and handle.upper()[:8] == tail)
    number, _, words = slug.partition("-")
    return number.isdigit() and handle in (number, words)
