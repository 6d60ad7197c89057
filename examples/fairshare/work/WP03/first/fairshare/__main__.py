"""The command line: `python -m fairshare LEDGER`."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from fairshare.ledger import LedgerError, read_ledger
from fairshare.settlement import settle, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from fairshare.ledger import Expense


def balances(expenses: Iterable[Expense]) -> dict[str, int]:
    """Return what each person is owed (positive) or owes (negative), in cents."""
    totals: defaultdict[str, int] = defaultdict(int)
    for expense in expenses:
        totals[expense.payer] += expense.cents
        for person, cents in split(expense.cents, expense.shared_by).items():
            totals[person] -= cents
    return dict(totals)


def money(cents: int) -> str:
    """Return cents as people write them: 1250 is 12.50."""
    return f"{cents // 100}.{cents % 100:02d}"


def main(arguments: Sequence[str]) -> int:
    """Print who pays whom; 0 done, 1 the ledger is wrong, 2 the command is wrong."""
    if len(arguments) != 1:
        print("usage: python -m fairshare LEDGER", file=sys.stderr)
        return 2
    ledger = Path(arguments[0])
    try:
        expenses = read_ledger(ledger.read_text(encoding="utf-8"))
    except OSError as wrong:
        print(f"{ledger}: {wrong.strerror}", file=sys.stderr)
        return 2
    except LedgerError as wrong:
        print(f"{ledger}:{wrong}", file=sys.stderr)
        return 1
    transfers = settle(balances(expenses))
    for transfer in transfers:
        print(f"{transfer.debtor} pays {transfer.creditor} {money(transfer.cents)}")
    if not transfers:
        print("Everyone is even.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
