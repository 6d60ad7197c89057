"""The formats that the gate asserts: RFC 3339 dates and times, UUIDs, RFC 3986 URIs.

This file is copied word for word into the generated package as `gate/formats.py`. String
operations instead of regular expressions: they need no import and are as quick.
"""

from __future__ import annotations

_DIGITS = "0123456789"
_HEX = "0123456789abcdefABCDEF"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SCHEME_CHARACTERS = _LETTERS + _DIGITS + "+-."
_URI_CHARACTERS = _LETTERS + _DIGITS + "-._~:/?#[]@!$&'()*+,;=%"

_DATE_LENGTH = 10
_CLOCK_END = 19
_OFFSET_LENGTH = 6
_UUID_LENGTH = 36
_UUID_DIGITS = 32
_LONG_MONTH, _SHORT_MONTH, _SHORTEST_MONTH = 31, 30, 28
_SHORT_MONTHS = ("04", "06", "09", "11")


def is_date(text: str) -> bool:
    """Whether a text is an RFC 3339 full-date; there is no year 0."""
    if len(text) != _DATE_LENGTH or text[4] != "-" or text[7] != "-":
        return False
    year, month, day = text[:4], text[5:7], text[8:]
    if (year + month + day).strip(_DIGITS) or year == "0000":
        return False
    if not ("01" <= month <= "12" and "01" <= day <= "31"):
        return False
    if int(day) <= _SHORTEST_MONTH:
        return True
    if month == "02":
        return day == "29" and _is_leap(int(year))
    return int(day) <= (_SHORT_MONTH if month in _SHORT_MONTHS else _LONG_MONTH)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def is_date_time(text: str) -> bool:
    """Whether a text is an RFC 3339 date-time with an offset; leap seconds are refused."""
    if len(text) <= _CLOCK_END or text[10] not in "Tt" or text[13] != ":" or text[16] != ":":
        return False
    hours, minutes, seconds = text[11:13], text[14:16], text[17:19]
    if (hours + minutes + seconds).strip(_DIGITS):
        return False
    if hours > "23" or minutes > "59" or seconds > "59":
        return False
    offset = text[_CLOCK_END:]
    if offset[0] == ".":
        offset = offset[1:].lstrip(_DIGITS)
        if len(text) == _CLOCK_END + 1 + len(offset):
            return False
    return (offset in ("Z", "z") or _is_offset(offset)) and is_date(text[:_DATE_LENGTH])


def _is_offset(text: str) -> bool:
    if len(text) != _OFFSET_LENGTH or text[0] not in "+-" or text[3] != ":":
        return False
    hours, minutes = text[1:3], text[4:]
    return not (hours + minutes).strip(_DIGITS) and hours <= "23" and minutes <= "59"


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in its hyphenated form, either case."""
    if len(text) != _UUID_LENGTH:
        return False
    if text[8] != "-" or text[13] != "-" or text[18] != "-" or text[23] != "-":
        return False
    digits = text.replace("-", "")
    return len(digits) == _UUID_DIGITS and not digits.strip(_HEX)


def is_uri(text: str) -> bool:
    """Whether a text is an absolute RFC 3986 URI; http and https need a host."""
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or scheme.strip(_SCHEME_CHARACTERS) or rest.strip(_URI_CHARACTERS):
        return False
    if not scheme or scheme[0] not in _LETTERS or rest.count("#") > 1:
        return False
    for escape in rest.split("%")[1:]:
        if len(escape) == 1 or not escape or escape[:2].strip(_HEX):
            return False
    return scheme.lower() not in ("http", "https") or _has_host(rest)


def _has_host(rest: str) -> bool:
    if not rest.startswith("//"):
        return False
    authority = rest[2:]
    for end in "/?#":
        authority = authority.partition(end)[0]
    host = authority.rpartition("@")[2]
    return bool(host) and not host.startswith(":")
