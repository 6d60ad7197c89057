"""Decides which items apply to an action: what is mandatory, what is suggested, and what fits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from specify_cli.governance.compiled import Compiled, CompiledAction, CompiledItem

EVERY_ACTION = "*"
DEFAULT_TYPE = "default"


class Choice(NamedTuple):
    """An item that applies.

    Attributes:
        target: The item.
        mandatory: Whether it must be followed.
        why: What makes it apply.
    """

    target: str
    mandatory: bool
    why: str


def index_of(governance: Compiled, mission_type: str) -> str:
    """Return the mission type whose index holds: `default` for a type without one."""
    return mission_type if mission_type in governance["index"] else DEFAULT_TYPE


def index_entries(governance: Compiled, mission_type: str, action: str) -> list[CompiledAction]:
    """Return what the index says about an action, then what it says about every action."""
    actions = governance["index"].get(index_of(governance, mission_type), {})
    return [actions[key] for key in (action, EVERY_ACTION) if key in actions]


def index_profile(governance: Compiled, mission_type: str, action: str) -> str:
    """Return the profile that the index chooses for an action; empty for none."""
    entries = index_entries(governance, mission_type, action)
    return next((entry["profile"] for entry in entries if entry["profile"]), "")


def choose(
    governance: Compiled, mission_type: str, action: str, profile: str | None
) -> tuple[Choice, ...]:
    """Return every item that applies, mandatory ones first, then by how directly they were asked for.

    Args:
        governance: The project's governance.
        mission_type: The mission type.
        action: The action.
        profile: Id of the agent profile, if there is one.
    """
    chosen = _Chosen(governance)
    entries = index_entries(governance, mission_type, action)
    named = f"{action} in {index_of(governance, mission_type)}"
    for entry in entries:
        chosen.add(entry["mandatory"], f"mandatory for {named}", mandatory=True)
    activated = [
        name
        for name in (governance["charter"]["activated"] if governance["charter"] else ())
        if name in governance["items"]
        and _concerns(governance["items"][name], mission_type, action)
    ]
    items = governance["items"]
    required = [name for name in activated if items[name]["required"]]
    chosen.add(required, "activated by the charter", mandatory=True)
    role = governance["profiles"][profile] if profile else None
    if role is not None:
        chosen.add(role["requires"], f"required by the profile {profile}", mandatory=True)
    chosen.add(activated, "activated by the charter", mandatory=False)
    for entry in entries:
        chosen.add(entry["suggested"], f"suggested for {named}", mandatory=False)
    if role is not None:
        chosen.add(role["suggests"], f"suggested by the profile {profile}", mandatory=False)
    for name in [name for name, choice in chosen.found.items() if choice.mandatory]:
        chosen.add(items[name]["suggests"], f"suggested by {name}", mandatory=False)
    return tuple(sorted(chosen.found.values(), key=lambda choice: not choice.mandatory))


def fit(
    governance: Compiled,
    choices: Iterable[Choice],
    cost: Callable[[Choice], int],
    room: int | None,
) -> tuple[list[Choice], list[tuple[Choice, int]]]:
    """Drop suggestions that do not fit, with what only they require; never a mandatory item.

    Returns:
        What is kept, in the order of the choices; and what is not, with what it would have cost.

    Args:
        governance: The project's governance.
        choices: What applies, in the order in which it is kept.
        cost: What an item costs.
        room: How much there is for suggestions; None without a limit.
    """
    by_name = {choice.target: choice for choice in choices}
    kept = {name: choice for name, choice in by_name.items() if choice.mandatory or room is None}
    left = room or 0
    dropped: list[tuple[Choice, int]] = []
    for name, choice in by_name.items():
        if name in kept:
            continue
        unit = _unit(governance, name, by_name, kept)
        price = sum(cost(by_name[part]) for part in unit)
        if price <= left:
            kept.update((part, by_name[part]) for part in unit)
            left -= price
        else:
            dropped.append((choice, price))
    # What was dropped may have come back as a part of a later suggestion.
    gone = [(choice, price) for choice, price in dropped if choice.target not in kept]
    return [choice for name, choice in by_name.items() if name in kept], gone


def in_force(governance: Compiled, name: str) -> str:
    """Return what applies in the place of an item: its replacement's replacement, and so on."""
    while name in governance["replaced"]:
        name = governance["replaced"][name]
    return name


def taken_away(governance: Compiled) -> frozenset[str]:
    """Return the items that the charter takes away."""
    charter = governance["charter"]
    return frozenset(entry["item"] for entry in charter["deactivated"]) if charter else frozenset()


class _Chosen:
    """Choices so far; an item that comes again keeps the stricter word."""

    def __init__(self, governance: Compiled) -> None:
        self.found: dict[str, Choice] = {}
        self._governance = governance
        self._gone = taken_away(governance)

    def add(self, names: Iterable[str], why: str, *, mandatory: bool) -> None:
        waiting = [(name, why) for name in reversed([*names])]
        while waiting:
            asked, reason = waiting.pop()
            name = in_force(self._governance, asked)
            if asked in self._gone or name in self._gone or name not in self._governance["items"]:
                continue
            known = self.found.get(name)
            if known is not None and (known.mandatory or not mandatory):
                continue
            said = reason if name == asked else f"{reason}; in the place of {asked}"
            self.found[name] = Choice(name, mandatory, said)
            needed = self._governance["items"][name]["requires"]
            waiting += [(part, f"required by {name}") for part in reversed(needed)]


def _concerns(item: CompiledItem, mission_type: str, action: str) -> bool:
    return (not item["actions"] or action in item["actions"]) and (
        not item["mission_types"] or mission_type in item["mission_types"]
    )


def _unit(
    governance: Compiled, name: str, choices: dict[str, Choice], kept: dict[str, Choice]
) -> list[str]:
    """Return an item with everything that it requires and that is not there yet."""
    unit: list[str] = []
    waiting = [name]
    while waiting:
        part = in_force(governance, waiting.pop())
        if part in choices and part not in kept and part not in unit:
            unit.append(part)
            waiting += governance["items"][part]["requires"]
    return unit
