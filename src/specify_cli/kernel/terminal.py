"""Texts of others on their way to a terminal, or to whoever prints them there.

A title or a prompt can hold what clears a screen, moves the cursor or turns the reading direction
around. None of that is ever meant; it is shown as the escape it is written with.
"""

from __future__ import annotations

_LAYOUT = "\n\t"
# Control characters of both blocks, and what turns the direction of text around.
_CODES = (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SHOWN = {
    code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
    for code in _CODES
    if chr(code) not in _LAYOUT
}
_IN_JSON = {code: f"\\u{code:04x}" for code in _CODES if code >= 0x7F}


def harmless(text: str) -> str:
    """Return a text as it may be printed: with line breaks and tabs, without any other control."""
    return text if text.isprintable() else text.translate(_SHOWN)


def harmless_json(text: str) -> str:
    """Return rendered JSON with such characters escaped; it means the same document."""
    return text if text.isascii() and "\x7f" not in text else text.translate(_IN_JSON)


def first_control(text: str) -> tuple[int, str] | None:
    """Return line and character of the first control character of a text, or None.

    Half a surrogate pair is one, too: it cannot be written at all.
    """
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.isprintable():
            found = next((c for c in line if ord(c) in _SHOWN or "\ud800" <= c <= "\udfff"), None)
            if found is not None:
                return number, found
    return None
