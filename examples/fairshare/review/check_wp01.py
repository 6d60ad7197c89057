"""The reviewer's own check of WP01: properties the plan promises."""

from __future__ import annotations

import unittest

from fairshare.settlement import settle, split


class Settlement(unittest.TestCase):
    def test_no_cent_is_lost_or_invented(self) -> None:
        for cents in range(200):
            for count in range(1, 8):
                shares = split(cents, [f"P{n}" for n in range(count)])
                self.assertEqual(sum(shares.values()), cents)
                self.assertLessEqual(max(shares.values()) - min(shares.values()), 1)

    def test_a_chain_of_debts_is_settled_with_fewer_transfers_than_people(self) -> None:
        balances = {"Ana": 1000, "Ben": -400, "Cho": -350, "Dee": -250}
        self.assertEqual(len(settle(balances)), 3)
