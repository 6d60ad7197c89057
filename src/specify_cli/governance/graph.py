"""The relations between items: requires, suggests, specializes_from, replaces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.governance.merging import merged_document
from specify_cli.governance.places import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.governance.merging import Merged
    from specify_cli.governance.problems import Problem
    from specify_cli.kernel.json_types import JsonObject

RELATIONS = ("requires", "suggests", "specializes_from", "replaces")
_SAME_KIND = frozenset({"specializes_from", "replaces"})
_NOT_INHERITED = frozenset({"id", "profile-id", "aliases", "replaces", "specializes_from"})


def targets(document: Mapping[str, object], relation: str) -> list[tuple[str, str]]:
    """Return what a document points to, each with its JSON path."""
    value = document.get(relation)
    if isinstance(value, str):
        return [(value, f"$.{relation}")]
    if not isinstance(value, list):
        return []
    return [(name, f"$.{relation}[{at}]") for at, name in enumerate(value) if isinstance(name, str)]


def check_relations(items: Mapping[str, Merged]) -> list[Problem]:
    """Return unknown targets, targets of the wrong kind, circles and rival replacements."""
    found: list[Problem] = []
    for item in items.values():
        for relation in RELATIONS:
            for name, path in targets(item.document, relation):
                if name not in items:
                    message = f"{relation} names {name}, which no layer declares"
                    found.append(item.problem(path, message))
                elif relation in _SAME_KIND and items[name].kind != item.kind:
                    found.append(item.problem(path, f"{relation} names {name}, another kind"))
    for relation in RELATIONS:
        for circle in _circles(items, relation):
            loudest = _loudest([items[name] for name in circle])
            message = f"{relation} goes in a circle: {' -> '.join([*circle, circle[0]])}"
            found.append(loudest.problem(f"$.{relation}", message))
    return found + _rivals(items)


def specialised(items: Mapping[str, Merged]) -> dict[str, JsonObject]:
    """Return each item's document with the fields it takes over; there must be no circle."""
    done: dict[str, JsonObject] = {}

    def document(name: str) -> JsonObject:
        if name not in done:
            item = items[name]
            done[name] = item.document
            for parent, _ in targets(item.document, "specializes_from"):
                if parent in items:
                    above = document(parent)
                    taken = {k: v for k, v in above.items() if k not in _NOT_INHERITED}
                    done[name] = merged_document(taken, item.document)
        return done[name]

    for name in items:
        document(name)
    return done


def replacements(items: Mapping[str, Merged]) -> dict[str, str]:
    """Return what applies in the place of a replaced item: the replacement of the highest layer."""
    found: dict[str, str] = {}
    # Lower layers first, so that a higher one overwrites their word.
    for item in sorted(items.values(), key=_height):
        for name, _ in targets(item.document, "replaces"):
            found[name] = f"{item.kind.name}:{item.identity}"
    return found


def _rivals(items: Mapping[str, Merged]) -> list[Problem]:
    claimed: dict[tuple[str, int], Merged] = {}
    found = []
    for item in items.values():
        for name, path in targets(item.document, "replaces"):
            other = claimed.setdefault((name, _height(item)), item)
            if other is not item:
                message = f"{name} is replaced by {other.kind.name}:{other.identity} already ({other.top.file})"
                found.append(item.problem(path, message))
    return found


def _height(item: Merged) -> int:
    """Return how high the layer stands that declares an item."""
    layer = item.top.layer
    return 0 if layer == BUILT_IN else 1 if layer.startswith("organisation:") else 2


def _loudest(circle: list[Merged]) -> Merged:
    """Return the item whose author can be helped: built-in items are in no circle of their own."""
    return max(circle, key=_height)


def _circles(items: Mapping[str, Merged], relation: str) -> list[list[str]]:
    """Return each circle once, found by walking from every item without recursion."""
    state: dict[str, bool] = {}  # True: on the way, False: done
    circles = []
    for start in items:
        way: list[tuple[str, list[str]]] = []
        if start not in state:
            state[start] = True
            way.append((start, _next(items, start, relation)))
        while way:
            name, rest = way[-1]
            if not rest:
                state[name] = False
                way.pop()
                continue
            following = rest.pop(0)
            if following not in state:
                state[following] = True
                way.append((following, _next(items, following, relation)))
            elif state[following]:
                names = [step for step, _ in way]
                circles.append(names[names.index(following) :])
    return circles


def _next(items: Mapping[str, Merged], name: str, relation: str) -> list[str]:
    return [found for found, _ in targets(items[name].document, relation) if found in items]
