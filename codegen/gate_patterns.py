"""Regular expressions of JSON Schema (ECMA 262) as Python expressions."""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLASSES = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    # Python's has U+001C to U+001F and U+0085 too, and lacks U+FEFF.
    "s": r"\t-\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff",
}
_NEGATED = {"D": "d", "W": "w", "S": "s"}
_KEPT_ESCAPES = frozenset("bBtnrfv\\^$.*+?()[]{}|-/")
_SYNTAX = frozenset("\\^$.*+?()[]{}|")


class PatternError(ValueError):
    """A regular expression that the gate compiler does not understand."""


def translate(pattern: str) -> str:
    r"""Rewrite an ECMA 262 pattern so that Python's `re` reads it the same way.

    `$` becomes `\Z` (Python's `$` also matches before a final newline), `\d` and `\w` become
    ASCII classes, `\s` the white space of ECMA 262, `.` excludes every line terminator of it.

    Raises:
        PatternError: The pattern uses a construct that is not supported.
    """
    out: list[str] = []
    index, in_class = 0, False
    while index < len(pattern):
        char = pattern[index]
        if char == "\\":
            index += 1
            out.append(_escape(pattern, index, in_class=in_class))
        elif in_class:
            in_class = char != "]"
            out.append("\\[" if char == "[" else char)
        elif char == "[":
            in_class = True
            out.append(char)
        elif char == "$":
            out.append(r"\Z")
        elif char == ".":
            out.append(r"[^\n\r\u2028\u2029]")
        elif pattern.startswith("(?", index) and not pattern.startswith(
            ("(?:", "(?=", "(?!", "(?<=", "(?<!"), index
        ):
            raise PatternError(f"unsupported group in pattern {pattern!r}")
        else:
            out.append(char)
        index += 1
    translated = "".join(out)
    try:
        re.compile(translated)
    except re.error as error:
        raise PatternError(f"pattern {pattern!r} cannot be compiled: {error}") from error
    return translated


def _escape(pattern: str, index: int, *, in_class: bool) -> str:
    if index >= len(pattern):
        raise PatternError(f"pattern {pattern!r} ends in a backslash")
    char = pattern[index]
    if char in _CLASSES:
        return _CLASSES[char] if in_class else f"[{_CLASSES[char]}]"
    if char in _NEGATED and not in_class:
        return f"[^{_CLASSES[_NEGATED[char]]}]"
    if char == "/":
        return "/"
    if char in _KEPT_ESCAPES:
        return "\\" + char
    raise PatternError(f"unsupported escape \\{char} in pattern {pattern!r}")


@dataclass(frozen=True, slots=True)
class _Run:
    """`count` characters, each out of `characters`; an open run has `count` or more."""

    characters: str
    count: int
    is_open: bool


_DIGITS = "0123456789"
_WORDS = re.compile(r"\^\((?P<words>\w+(\|\w+)+)\)\$")
_RUN = re.compile(
    r"(?P<one>\[(?P<set>[^\]\\^]+)\]|\\d|(?P<literal>[A-Za-z0-9_ -]))"
    r"(?:\{(?P<count>\d+)(?P<comma>,)?\}|(?P<repeat>[+*]))?"
)


def match_expression(pattern: str, variable: str) -> str:
    """Python expression that is true when the text in `variable` matches `pattern`.

    Anchored alternatives made of character runs become string operations, which need no
    `re` at run time; every other pattern becomes a call of `matches`.

    Raises:
        PatternError: The pattern uses a construct that is not supported.
    """
    translated = translate(pattern)
    if pattern == r"\S":
        return f"{variable}.strip()"
    words = _WORDS.fullmatch(pattern)
    if words is not None:
        return f"{variable} in {tuple(words['words'].split('|'))!r}"
    alternatives = [_runs(part) for part in pattern.split("|")]
    tests = [_runs_test(runs, variable) for runs in alternatives if runs is not None]
    if len(tests) < len(alternatives):
        return f"matches({translated!r}, {variable})"
    return tests[0] if len(tests) == 1 else " or ".join(f"({test})" for test in tests)


def _runs(part: str) -> list[_Run] | None:
    """Read an anchored alternative; None unless only its last run is open."""
    if not part.startswith("^") or not part.endswith("$"):
        return None
    body, index = part[1:-1], 0
    runs: list[_Run] = []
    while index < len(body):
        found = _RUN.match(body, index)
        if found is None or (runs and runs[-1].is_open):
            return None
        index = found.end()
        characters = found["literal"] or (_spread(found["set"]) if found["set"] else _DIGITS)
        count = 0 if found["repeat"] == "*" else int(found["count"] or 1)
        runs.append(_Run(characters, count, bool(found["comma"] or found["repeat"])))
    return runs


def _spread(body: str) -> str:
    """Every character of a class such as `0-9a-f`, in order."""
    out: list[str] = []
    index = 0
    while index < len(body):
        if body[index + 1 : index + 2] == "-" and index + 2 < len(body):
            out.extend(map(chr, range(ord(body[index]), ord(body[index + 2]) + 1)))
            index += 3
        else:
            out.append(body[index])
            index += 1
    return "".join(dict.fromkeys(out))


def _runs_test(runs: list[_Run], variable: str) -> str:
    """Test a text against runs, one slice each, literals joined."""
    total = sum(run.count for run in runs)
    is_open = bool(runs) and runs[-1].is_open
    tests = [f"len({variable}) {'>=' if is_open else '=='} {total}"]
    literal, start = "", 0
    for run in runs:
        if len(run.characters) == 1 and not run.is_open:
            literal += run.characters * run.count
            continue
        if literal:
            tests.append(f"{variable}[{start}:{start + len(literal)}] == {literal!r}")
            start, literal = start + len(literal), ""
        end = "" if run.is_open else str(start + run.count)
        part = variable if len(runs) == 1 else f"{variable}[{start}:{end}]"
        tests.append(f"not {part}.strip({run.characters!r})")
        start += run.count
    if literal:
        tests.append(f"{variable}[{start}:] == {literal!r}")
    return " and ".join(tests)
