"""Work package ids: one form for the many ways in which people and programs write them."""

from __future__ import annotations

import re

_ID = r"(?i)WP-?([0-9]{1,5})\Z"


def normalise_wp_id(text: str) -> str | None:
    """Return the canonical form of a work package id: "WP1" and "wp01" are "WP01".

    Returns:
        The id, or None when `text` is not one.
    """
    match = re.match(_ID, text.strip())
    return f"WP{int(match.group(1)):02d}" if match else None


def is_wp_id(text: str) -> bool:
    """Tell whether a text is a work package id in its canonical form."""
    number = text[2:]
    return text[:2] == "WP" and len(number) >= 2 and number.isascii() and number.isdigit()


class WorkPackageIds(dict[str, str]):
    """Ids as a log spells them, each to its canonical form; looked up once, then shared.

    A name that is no work package id stands for itself: old logs have such.
    """

    def __missing__(self, text: str) -> str:
        canonical = normalise_wp_id(text) or text
        self[text] = canonical
        return canonical
