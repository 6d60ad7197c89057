"""Whether a value is JSON at all, and whether it carries a legacy key at any depth.

This file is copied word for word into the generated package as `gate/walk.py`. Nothing in it
runs code of the value (types are compared, never asked), nothing in it recurses: hostile input
ends in a violation.
"""

from __future__ import annotations

from spec_kitty_contracts.gate.runtime import MAX_VIOLATIONS, at_key, bad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, KeysView

    from spec_kitty_contracts.gate.runtime import Violation

MAX_DEPTH = 100
"""Deepest nesting of objects and arrays that a document may have."""
MAX_VALUES = 1_000_000
"""Most values that a document may have, shared parts counted each time they appear."""
MAX_INTEGER_BITS = 14_000
"""Longest integer; beyond it Python cannot write the number in decimal."""

JSON = "RFC 8259"
_QUICK_CONTAINERS = 4_096
_STRINGS_ONLY = frozenset((str,))


def scan(document: object, legacy: dict[str, str], out: list[Violation]) -> bool:
    """Check that a document is JSON and carries no legacy key at any depth.

    Args:
        document: What is to be checked.
        legacy: Keys that no object may have, with the source of the rule.
        out: Receives the violations.

    Returns:
        Whether it is JSON; if not, no schema applies to it.
    """
    if _is_clean(document, legacy.keys()):
        return True
    problem = _structure_problem(document)
    if problem is not None:
        bad(out, "$", "json", JSON, document, problem)
        return False
    return _list_problems(document, legacy, out)


def _is_clean(document: object, legacy: KeysView[str]) -> bool:  # noqa: C901 - the hottest loop: no calls
    """Whether there is certainly nothing to report: one quick look at every value."""
    kind = type(document)
    if kind is not dict and kind is not list:
        return _is_plain(document)
    level: list[object] = [document]
    budget = _QUICK_CONTAINERS
    for _ in range(MAX_DEPTH):
        below: list[object] = []
        for node in level:
            values: Iterable[object]
            if type(node) is dict:
                if not _STRINGS_ONLY.issuperset(map(type, node)) or not legacy.isdisjoint(
                    node.keys()
                ):
                    return False
                if not "".join(node).isascii() and not all(map(_is_plain, node)):
                    return False
                values = node.values()
            else:
                values = node  # type: ignore[assignment]  # a list: only these two are kept
            for value in values:
                kind = type(value)
                if kind is str:
                    if not value.isascii() and not _is_plain(value):  # type: ignore[attr-defined]  # a str
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
    # Asked for once: this runs for every value, and mypy does not narrow by a stored type.
    kind = type(value)
    if kind is int:
        return value.bit_length() <= MAX_INTEGER_BITS  # type: ignore[attr-defined, no-any-return]  # an int
    if kind is str:
        try:
            value.encode()  # type: ignore[attr-defined]  # a str
        except UnicodeEncodeError:
            return False
        return True
    if kind is float:
        return bool(value - value == 0.0)  # type: ignore[operator]  # neither infinite nor NaN
    return value is None or kind is bool


def _structure_problem(document: object) -> str | None:
    """Say what a document should be when it is no tree of sensible size, else None.

    Shared parts are visited once, so that a small object graph which unfolds into an immense
    document costs no more than its own size.
    """
    measured: dict[int, tuple[int, int]] = {}  # id of a container: values in it, its height
    entered: set[int] = set()
    stack: list[tuple[object, bool]] = [(document, False)]
    while stack:
        node, is_leaving = stack.pop()
        children = _children(node)
        if not is_leaving:
            if id(node) in measured:
                continue
            if id(node) in entered:
                return "a tree: this document contains itself"
            entered.add(id(node))
            stack.append((node, True))
            stack.extend((child, False) for child in children if _is_container(child))
            continue
        size, height = len(children) + 1, 0
        for child in children:
            if _is_container(child):
                below = measured[id(child)]
                size, height = size + below[0] - 1, max(height, below[1])
        if size > MAX_VALUES:
            return f"at most {MAX_VALUES} values"
        if height >= MAX_DEPTH:
            return f"at most {MAX_DEPTH} levels of objects and arrays"
        entered.discard(id(node))
        measured[id(node)] = (size, height + 1)
    return None


def _is_container(value: object) -> bool:
    return type(value) is dict or type(value) is list


def _children(node: object) -> list[object]:
    if type(node) is dict:
        return list(node.values())
    return node if type(node) is list else []


def _list_problems(document: object, legacy: dict[str, str], out: list[Violation]) -> bool:
    """List non-JSON values and legacy keys with their paths, in document order."""
    is_json = True
    stack: list[tuple[str, object]] = [("$", document)]
    while stack and len(out) <= MAX_VIOLATIONS:
        path, node = stack.pop()
        inner: list[tuple[str, object]] = []
        if type(node) is dict:
            for key, value in node.items():
                where = at_key(path, key)
                if type(key) is not str or not _is_plain(key):
                    is_json = False
                    bad(out, where, "json", JSON, key, "a Unicode string as key")
                elif key in legacy:
                    bad(out, where, "legacy_key", legacy[key], value, "no legacy key, however deep")
                inner.append((where, value))
        elif type(node) is list:
            inner = [(f"{path}[{index}]", value) for index, value in enumerate(node)]
        elif not _is_plain(node):
            is_json = False
            bad(out, path, "json", JSON, node, "a JSON value")
        stack.extend(reversed(inner))
    return is_json
