"""What every compiled gate module shares: violations, and what is too long to be inlined.

This file is copied word for word into the generated package as `gate/runtime.py`. It imports
nothing but `re`, and that only when a pattern needs it: loading the gate is part of every
command's start-up (DESIGN.md, budgets).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_VIOLATIONS = 1_000
"""Most violations that are listed; one more says that the list was cut."""

_SHOWN_CHARACTERS = 60
_SHOWN_BITS = 256
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
_NAME_OF_TYPE = type.__dict__["__name__"]


class _Missing:
    """Stands for a key that the document does not have."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()


class Violation:
    """One rule that a document breaks.

    Attributes:
        path: JSON path of the offending value, e.g. `$.payload.wp_id`.
        rule: Keyword of the rule, e.g. `required` or `legacy_key`.
        source: File and JSON pointer of the rule.
        found: What the document has there, shortened.
        expected: What the rule asks for.
    """

    __slots__ = ("expected", "found", "path", "rule", "source")

    path: str
    rule: str
    source: str
    found: str
    expected: str

    def __init__(self, path: str, rule: str, source: str, found: str, expected: str) -> None:
        put = object.__setattr__
        put(self, "path", path)
        put(self, "rule", rule)
        put(self, "source", source)
        put(self, "found", found)
        put(self, "expected", expected)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a violation is read-only: {name}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"a violation is read-only: {name}")

    def __reduce__(self) -> tuple[type[Violation], tuple[str, str, str, str, str]]:
        return Violation, self._parts()

    def _parts(self) -> tuple[str, str, str, str, str]:
        return (self.path, self.rule, self.source, self.found, self.expected)

    def __eq__(self, other: object) -> bool:
        if type(other) is Violation:
            return self._parts() == other._parts()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._parts())

    def __str__(self) -> str:
        rule = f"{self.rule}, {self.source}"
        return f"{self.path}: expected {self.expected}, found {self.found} ({rule})"

    def __repr__(self) -> str:
        return (
            f"Violation(path={self.path!r}, rule={self.rule!r}, source={self.source!r}, "
            f"found={self.found!r}, expected={self.expected!r})"
        )


class GateRefusal(Exception):
    """A document that its surface's contract does not admit.

    Attributes:
        surface: Surface it was checked against.
        violations: Everything that is wrong with it; never empty.
    """

    def __init__(self, surface: str, violations: tuple[Violation, ...]) -> None:
        super().__init__(surface, violations)
        self.surface = surface
        self.violations = violations

    def __str__(self) -> str:
        lines = "\n".join(f"  {violation}" for violation in self.violations)
        return f"refused on the surface {self.surface}:\n{lines}"


# --- describing what was found ---------------------------------------------------------------


def show(value: object) -> str:
    """Describe a value in a few words, never longer than a line; runs no code of the value."""
    if type(value) is str:
        return _show_text(value)
    if type(value) is int:
        return _show_integer(value)
    if type(value) is dict or type(value) is list:
        return _show_container(value)
    if type(value) is bool:
        return "true" if value else "false"
    if value is None:
        return "null"
    if type(value) is float or type(value) is _Missing:
        return repr(value)
    return f"a Python {_type_name(value)}"


def _show_text(text: str) -> str:
    start = text[:_SHOWN_CHARACTERS]
    shown = repr(start) if start.isascii() else ascii(start)
    return shown if len(text) <= _SHOWN_CHARACTERS else f"{shown}... ({len(text)} characters)"


def _show_integer(value: int) -> str:
    bits = value.bit_length()
    return str(value) if bits <= _SHOWN_BITS else f"an integer of {bits} bits"


def _show_container(value: dict[object, object] | list[object]) -> str:
    size = len(value)
    what, item = ("an object", "key") if type(value) is dict else ("an array", "item")
    return f"{what} with {size} {item}{'' if size == 1 else 's'}"


def _type_name(value: object) -> str:
    return str(_NAME_OF_TYPE.__get__(type(value)))


def at_key(path: str, key: object) -> str:
    """JSON path of a key of the object at `path`; a very long key is shortened."""
    if type(key) is not str:
        return f"{path}[<{_type_name(key)}>]"
    is_name = bool(key) and not key.strip(_NAME_CHARACTERS) and not key[0].isdigit()
    if is_name and len(key) <= _SHOWN_CHARACTERS:
        return f"{path}.{key}"
    return f"{path}[{_show_text(key)}]"


# --- reporting -------------------------------------------------------------------------------


def bad(
    out: list[Violation], path: str, rule: str, source: str, value: object, expected: str
) -> None:
    """Note a violation."""
    out.append(Violation(path, rule, source, show(value), expected))


def extra_keys(
    out: list[Violation], path: str, source: str, value: dict[str, object], known: frozenset[str]
) -> None:
    """Note every key of a closed object that it does not declare."""
    for key in value:
        if key not in known:
            bad(out, at_key(path, key), "additionalProperties", source, value[key], "no such key")


def closest(
    out: list[Violation],
    path: str,
    value: object,
    branches: Iterable[Callable[[object, str, list[Violation]], None]],
) -> None:
    """Add what the best matching branch of a failed union has against a value."""
    best: list[Violation] | None = None
    for branch in branches:
        found: list[Violation] = []
        branch(value, path, found)
        if best is None or len(found) < len(best):
            best = found
    out.extend(best or ())


def settle(found: list[Violation]) -> tuple[Violation, ...]:
    """Drop repeated violations and cut a list that nobody would read."""
    distinct = tuple(dict.fromkeys(found))
    if len(distinct) <= MAX_VIOLATIONS:
        return distinct
    rest = len(distinct) - MAX_VIOLATIONS
    cut = Violation("$", "truncated", "gate", f"{rest} more violations", "a conforming document")
    return (*distinct[:MAX_VIOLATIONS], cut)


# --- comparing -------------------------------------------------------------------------------


def same(left: object, right: object) -> bool:
    """JSON equality, where true is not 1 and 1.0 is not 1."""
    return _comparable(left) == _comparable(right)


def unique(items: list[object]) -> bool:
    """Whether no two items of an array are equal."""
    return len(set(map(_comparable, items))) == len(items)


def _comparable(value: object) -> object:
    """The value as something that can be hashed and knows its JSON type."""
    if type(value) is dict:
        return (dict, frozenset((key, _comparable(item)) for key, item in value.items()))
    if type(value) is list:
        return (list, tuple(map(_comparable, value)))
    return (type(value), value)


# --- patterns: compiled when first used ------------------------------------------------------

_compiled: dict[str, Callable[[str], object]] = {}


def matches(pattern: str, text: str) -> bool:
    """Whether a regular expression (in Python's syntax) is found in a text."""
    search = _compiled.get(pattern)
    if search is None:
        import re

        search = _compiled[pattern] = re.compile(pattern).search
    return search(text) is not None
