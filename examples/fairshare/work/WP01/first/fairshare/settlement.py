"""Sharing an amount fairly, and the transfers that make everybody even."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment between two people, in cents."""

    debtor: str
    creditor: str
    cents: int


def split(cents: int, people: Sequence[str]) -> dict[str, int]:
    """Share an amount so that nothing is lost: shares differ by at most one cent.

    The cents that do not divide go to the people named first.
    """
    if not people:
        raise ValueError("nobody to share with")
    base, extra = divmod(cents, len(people))
    return {person: base + (place < extra) for place, person in enumerate(people)}


def settle(balances: Mapping[str, int]) -> list[Transfer]:
    """Return transfers that bring every balance to zero.

    A positive balance is money owed to that person. The largest debt pays the largest
    credit first, names break ties, so that the answer never depends on the input's order.
    """
    if sum(balances.values()) != 0:
        raise ValueError("balances do not add up to zero")
    open_balances = {person: cents for person, cents in balances.items() if cents}
    transfers: list[Transfer] = []
    while open_balances:
        debtor = min(open_balances, key=lambda person: (open_balances[person], person))
        creditor = min(open_balances, key=lambda person: (-open_balances[person], person))
        cents = min(-open_balances[debtor], open_balances[creditor])
        transfers.append(Transfer(debtor, creditor, cents))
        for person, change in ((debtor, cents), (creditor, -cents)):
            open_balances[person] += change
            if open_balances[person] == 0:
                del open_balances[person]
    return transfers
