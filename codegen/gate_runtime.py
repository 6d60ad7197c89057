"""What every compiled gate module shares: violations, the JSON walk, formats.

This file is copied word for word into the generated package as `gate/runtime.py`;
it imports nothing outside the standard library and as little of that as possible,
because loading the gate is part of every command's start-up (DESIGN.md section 6).
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MAX_DEPTH = 100
"""Deepest nesting of objects and arrays that a document may have."""
MAX_VALUES = 1_000_000
"""Most values that a document may have, shared parts counted each time they appear."""
MAX_VIOLATIONS = 1_000
"""Most violations that are listed; one more says that the list was cut."""
MAX_INTEGER_BITS = 14_000
"""Longest integer; beyond it Python cannot write the number in decimal."""

_QUICK_CONTAINERS = 4_096
_SHOWN_CHARACTERS = 60
_SHOWN_BITS = 256
_UUID_LENGTH = 36
_UUID_HYPHENS = (8, 13, 18, 23)
_SECONDS_END = 19
_OFFSET_LENGTH = 6

_STRINGS_ONLY = frozenset((str,))
_HEX = "0123456789abcdefABCDEF"
_DIGITS = "0123456789"
_URI_CHARACTERS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"
)
_SCHEME_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789+-."
_NAME_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"


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
        return f"{self.path}: expected {self.expected}, found {self.found} ({self.rule}, {self.source})"

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
        return f"refused on surface {self.surface}:\n{lines}"


def show(value: object) -> str:
    """Describe a value in a few words, never longer than a line."""
    kind = type(value)
    if kind is str:
        return _show_text(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return _show_integer(value)
    if kind is float or kind is _Missing:
        return repr(value)
    if kind is dict:
        return f"an object with {len(value)} keys"  # type: ignore[arg-type]
    if kind is list:
        return f"an array of {len(value)} items"  # type: ignore[arg-type]
    return f"a Python {kind.__name__}"


def _show_text(value: object) -> str:
    text = str(value)
    shown = (
        ascii(text[:_SHOWN_CHARACTERS]) if not text.isascii() else repr(text[:_SHOWN_CHARACTERS])
    )
    return shown if len(text) <= _SHOWN_CHARACTERS else f"{shown}... ({len(text)} characters)"


def _show_integer(value: object) -> str:
    assert type(value) is int  # noqa: S101 - narrows for the type checker
    bits = value.bit_length()
    return str(value) if bits <= _SHOWN_BITS else f"an integer of {bits} bits"


def at_key(path: str, key: object) -> str:
    """JSON path of a key of the object at `path`."""
    if type(key) is not str:
        return f"{path}[<{type(key).__name__}>]"
    if key and not key.strip(_NAME_CHARACTERS) and not key[0].isdigit():
        return f"{path}.{key}"
    return f"{path}[{_show_text(key)}]"


def at_index(path: str, index: int) -> str:
    """JSON path of an item of the array at `path`."""
    return f"{path}[{index}]"


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


def same(left: object, right: object) -> bool:
    """JSON equality, where true is not 1 and 1.0 is not 1."""
    if type(left) is not type(right):
        return False
    if type(left) is dict and type(right) is dict:
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if type(left) is list and type(right) is list:
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def unique(items: list[object]) -> bool:
    """Whether no two items of an array are equal."""
    seen: set[object] = set()
    for item in items:
        key = _frozen(item)
        if key in seen:
            return False
        seen.add(key)
    return True


def _frozen(value: object) -> object:
    if type(value) is dict:
        return (dict, frozenset((key, _frozen(item)) for key, item in value.items()))
    if type(value) is list:
        return (list, tuple(map(_frozen, value)))
    return (type(value), value)


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


# --- formats (asserted, RFC 3339 / RFC 4122 / RFC 3986) ---------------------------------


def is_date(text: str) -> bool:
    """Whether a text is an RFC 3339 full-date."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return False
    digits = text[:4] + text[5:7] + text[8:]
    if digits.strip(_DIGITS) or len(digits) != 8:
        return False
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:])
    if not year or not 1 <= month <= 12 or day < 1:
        return False
    if day <= 28:
        return True
    if month == 2:
        return day == 29 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return day <= (30 if month in (4, 6, 9, 11) else 31)


def is_date_time(text: str) -> bool:
    """Whether a text is an RFC 3339 date-time with an offset (no leap second)."""
    if len(text) <= _SECONDS_END or text[10] not in "Tt" or not is_date(text[:10]):
        return False
    if text[13] != ":" or text[16] != ":":
        return False
    clock = text[11:13] + text[14:16] + text[17:19]
    if clock.strip(_DIGITS) or not ("00" <= clock[:2] <= "23"):
        return False
    if not ("00" <= clock[2:4] <= "59" and "00" <= clock[4:] <= "59"):
        return False
    rest = text[_SECONDS_END:]
    if rest[0] == ".":
        offset = rest[1:].lstrip(_DIGITS)
        if len(offset) == len(rest) - 1:
            return False
    else:
        offset = rest
    if offset in ("Z", "z"):
        return True
    return (
        len(offset) == _OFFSET_LENGTH
        and offset[0] in "+-"
        and offset[3] == ":"
        and not (offset[1:3] + offset[4:]).strip(_DIGITS)
        and "00" <= offset[1:3] <= "23"
        and "00" <= offset[4:] <= "59"
    )


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID in its hyphenated form."""
    if len(text) != _UUID_LENGTH:
        return False
    if text[8] != "-" or text[13] != "-" or text[18] != "-" or text[23] != "-":
        return False
    digits = text.replace("-", "")
    return len(digits) == 32 and not digits.strip(_HEX)


def is_uri(text: str) -> bool:
    """Whether a text is an absolute RFC 3986 URI; http and https need a host."""
    scheme, colon, rest = text.partition(":")
    if not colon or not scheme.isascii() or not scheme[:1].isalpha():
        return False
    if scheme.lower().strip(_SCHEME_CHARACTERS) or rest.strip(_URI_CHARACTERS):
        return False
    for escape in rest.split("%")[1:]:
        if len(escape) < 2 or escape[:2].strip(_HEX):
            return False
    if scheme.lower() in ("http", "https"):
        host = rest[2:].split("/", 1)[0].split("?", 1)[0].split("#", 1)[0].rpartition("@")[2]
        return rest.startswith("//") and bool(host) and not host.startswith(":")
    return bool(rest)


# --- patterns: compiled when first used -------------------------------------------------

_COMPILED: dict[str, Callable[[str], object]] = {}


def matches(pattern: str, text: str) -> bool:
    """Whether a (translated) regular expression is found in a text."""
    search = _COMPILED.get(pattern)
    if search is None:
        import re

        search = _COMPILED[pattern] = re.compile(pattern).search
    return search(text) is not None


# --- the walk: is this JSON at all, and does it carry a legacy key anywhere? -------------


def scan(document: object, legacy: frozenset[str], source: str, out: list[Violation]) -> bool:
    """Check that a document is JSON and carries no legacy key at any depth.

    Args:
        document: What is to be checked.
        legacy: Keys that no object may have.
        source: Where the legacy keys are listed.
        out: Receives the violations.

    Returns:
        Whether the document's structure can be relied on; if not, no schema applies to it.
    """
    if _is_clean(document, legacy):
        return True
    problem = _structure_problem(document)
    if problem is not None:
        bad(out, "$", "json", "RFC 8259", document, problem)
        return False
    return _list_problems(document, legacy, source, out)


def _is_clean(document: object, legacy: frozenset[str]) -> bool:  # noqa: C901
    kind = type(document)
    if kind is not dict and kind is not list:
        return _is_plain(document)
    level: list[object] = [document]
    budget = _QUICK_CONTAINERS
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for node in level:
            if type(node) is dict:
                if not _STRINGS_ONLY.issuperset(map(type, node)) or not legacy.isdisjoint(node):
                    return False
                if not "".join(node).isascii() and not all(map(_is_plain, node)):
                    return False
                values: Iterable[object] = node.values()
            else:
                values = node  # type: ignore[assignment]
            for value in values:
                kind = type(value)
                if kind is str:
                    if not value.isascii() and not _is_plain(value):  # type: ignore[attr-defined]
                        return False
                elif kind is dict or kind is list:
                    below.append(value)
                elif value is not None and kind is not bool and not _is_plain(value):
                    return False
        if not below:
            return True
        budget -= len(below)
        if budget < 0:
            return False
        level = below
    return False


def _is_plain(value: object) -> bool:
    """Whether a value that is no container can be written as JSON."""
    kind = type(value)
    if kind is int:
        return value.bit_length() <= MAX_INTEGER_BITS  # type: ignore[attr-defined, no-any-return]
    if kind is str:
        try:
            value.encode()  # type: ignore[attr-defined]
        except UnicodeEncodeError:
            return False
        return True
    if kind is float:
        return value - value == 0.0  # type: ignore[operator, no-any-return]
    return value is None or kind is bool


def _structure_problem(document: object) -> str | None:
    """Say why a document is no finite tree of a sensible size, or None."""
    sizes: dict[int, tuple[int, int]] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[object, bool]] = [(document, False)]
    while stack:
        node, leaving = stack.pop()
        children = _children(node)
        if leaving:
            open_nodes.discard(id(node))
            size, height = len(children) + 1, 0
            for child in children:
                below = sizes.get(id(child))
                if below is not None:
                    size, height = size + below[0], max(height, below[1])
            if size > MAX_VALUES:
                return f"at most {MAX_VALUES} values"
            if height >= MAX_DEPTH:
                return f"at most {MAX_DEPTH} levels of objects and arrays"
            sizes[id(node)] = (size, height + 1)
            continue
        if id(node) in sizes:
            continue
        if id(node) in open_nodes:
            return "a tree: this document contains itself"
        open_nodes.add(id(node))
        stack.append((node, True))
        stack.extend(
            (child, False) for child in children if type(child) is dict or type(child) is list
        )
    return None


def _children(node: object) -> list[object]:
    if type(node) is dict:
        return list(node.values())
    if type(node) is list:
        return node
    return []


def _list_problems(
    document: object, legacy: frozenset[str], source: str, out: list[Violation]
) -> bool:
    """List non-JSON values and legacy keys with their paths, in document order."""
    sound = True
    stack: list[tuple[str, object]] = [("$", document)]
    while stack and len(out) <= MAX_VIOLATIONS:
        path, node = stack.pop()
        inner: list[tuple[str, object]] = []
        if type(node) is dict:
            for key, value in node.items():
                where = at_key(path, key)
                if type(key) is not str or not _is_plain(key):
                    sound = False
                    bad(out, where, "json", "RFC 8259", key, "a Unicode string as key")
                elif key in legacy:
                    bad(out, where, "legacy_key", source, value, "no legacy key at any depth")
                inner.append((where, value))
        elif type(node) is list:
            inner = [(at_index(path, index), value) for index, value in enumerate(node)]
        elif not _is_plain(node):
            bad(out, path, "json", "RFC 8259", node, "a JSON value")
        stack.extend(reversed(inner))
    return sound


def settle(found: list[Violation]) -> tuple[Violation, ...]:
    """Drop repeated violations and cut a list that nobody would read."""
    distinct = tuple(dict.fromkeys(found))
    if len(distinct) <= MAX_VIOLATIONS:
        return distinct
    rest = len(distinct) - MAX_VIOLATIONS
    cut = Violation("$", "truncated", "gate", f"{rest} more violations", "a conforming document")
    return (*distinct[:MAX_VIOLATIONS], cut)
