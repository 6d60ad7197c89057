from __future__ import annotations

import unittest
from itertools import product

from fairshare.settlement import Transfer, settle, split


class Splitting(unittest.TestCase):
    def test_an_even_amount_is_shared_evenly(self) -> None:
        self.assertEqual(split(900, ["Ana", "Ben", "Cho"]), {"Ana": 300, "Ben": 300, "Cho": 300})

    def test_the_odd_cents_go_to_those_named_first(self) -> None:
        self.assertEqual(split(1000, ["Ana", "Ben", "Cho"]), {"Ana": 334, "Ben": 333, "Cho": 333})

    def test_nobody_to_share_with_is_refused(self) -> None:
        with self.assertRaises(ValueError):
            split(100, [])


class Settling(unittest.TestCase):
    def test_two_people_need_one_transfer(self) -> None:
        self.assertEqual(settle({"Ana": 500, "Ben": -500}), [Transfer("Ben", "Ana", 500)])

    def test_even_people_need_none(self) -> None:
        self.assertEqual(settle({"Ana": 0, "Ben": 0}), [])

    def test_balances_that_do_not_add_up_are_refused(self) -> None:
        with self.assertRaises(ValueError):
            settle({"Ana": 1, "Ben": 1})

    def test_the_order_of_people_changes_nothing(self) -> None:
        balances = {"Ana": 700, "Ben": -300, "Cho": -400}
        self.assertEqual(settle(balances), settle(dict(reversed(balances.items()))))

    def test_everybody_ends_even_with_fewer_transfers_than_people(self) -> None:
        for first in product((-701, -100, 0, 33, 1000), repeat=4):
            balances = {f"P{place}": cents for place, cents in enumerate(first)}
            balances["last"] = -sum(first)
            transfers = settle(balances)
            for transfer in transfers:
                self.assertGreater(transfer.cents, 0)
                balances[transfer.debtor] += transfer.cents
                balances[transfer.creditor] -= transfer.cents
            self.assertEqual(set(balances.values()), {0})
            self.assertLess(len(transfers), len(balances))


if __name__ == "__main__":
    unittest.main()
