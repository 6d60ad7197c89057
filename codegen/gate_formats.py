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
_UUID_LENGTH = 36
_UUID_DIGITS = 32

_AS_ZEROS = {ord(digit): "0" for digit in _DIGITS}
_LAST_DAYS = {f"{month:02}": "31" for month in range(1, 13)}
_LAST_DAYS |= {"02": "29", "04": "30", "06": "30", "09": "30", "11": "30"}


def is_date(text: str) -> bool:
    """Whether a text is an RFC 3339 full-date; there is no year 0."""
    return text.translate(_AS_ZEROS) == "0000-00-00" and _is_in_calendar(text)


def _is_in_calendar(text: str) -> bool:
    """Whether a date that has the right shape exists."""
    month, day = text[5:7], text[8:_DATE_LENGTH]
    last = _LAST_DAYS.get(month, "")
    if not "01" <= day <= last or text.startswith("0000"):
        return False
    return month != "02" or day != "29" or _is_leap(int(text[:4]))


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def is_date_time(text: str) -> bool:
    """Whether a text is an RFC 3339 date-time with an offset; leap seconds are refused."""
    shape = text[:_CLOCK_END].translate(_AS_ZEROS)
    if shape not in ("0000-00-00T00:00:00", "0000-00-00t00:00:00"):
        return False
    if text[11:13] > "23" or text[14:16] > "59" or text[17:_CLOCK_END] > "59":
        return False
    offset = text[_CLOCK_END:]
    if offset.startswith("."):
        fraction = offset[1:]
        offset = fraction.lstrip(_DIGITS)
        if offset == fraction:
            return False
    return (offset in ("+00:00", "Z", "z") or _is_offset(offset)) and _is_in_calendar(text)


def _is_offset(text: str) -> bool:
    shape = text[1:].translate(_AS_ZEROS)
    return text[:1] in ("+", "-") and shape == "00:00" and text[1:3] <= "23" and text[4:] <= "59"


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
