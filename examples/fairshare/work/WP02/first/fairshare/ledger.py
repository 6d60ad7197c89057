"""Reading the ledger: one shared expense per line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

_AMOUNT = re.compile(r"([0-9]+)(?:\.([0-9]{1,2}))?")
_FIELDS = ("day", "payer", "amount", "purpose", "shared by")


@dataclass(frozen=True, slots=True)
class Expense:
    """What one person paid for some people, in cents."""

    day: date
    payer: str
    cents: int
    purpose: str
    shared_by: tuple[str, ...]


class LedgerError(ValueError):
    """A line that is not an expense; `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"{line}: {reason}")
        self.line = line
        self.reason = reason


def parse_amount(text: str) -> int:
    """Return an amount in cents: "12", "12.5" and "12.50" are amounts."""
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not an amount like 12 or 12.50")
    whole, decimals = match.groups(default="0")
    return int(whole) * 100 + int(decimals)


def read_ledger(text: str) -> list[Expense]:
    """Return the expenses of a ledger; empty lines and lines starting with # are skipped."""
    expenses = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            expenses.append(_expense(line))
        except ValueError as wrong:
            raise LedgerError(number, str(wrong)) from wrong
    return expenses


def _expense(line: str) -> Expense:
    fields = [field.strip() for field in line.split("|")]
    if len(fields) != len(_FIELDS):
        raise ValueError(f"expected {' | '.join(_FIELDS)}, found {len(fields)} field(s)")
    day, payer, amount, purpose, shared_by = fields
    people = tuple(person.strip() for person in shared_by.split(","))
    if not payer or not all(people):
        raise ValueError("a name is empty")
    if len(set(people)) != len(people):
        raise ValueError("a name is listed twice")
    return Expense(date.fromisoformat(day), payer, parse_amount(amount), purpose, people)
