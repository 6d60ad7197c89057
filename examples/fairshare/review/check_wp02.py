"""The reviewer's own check of WP02: every way of writing an amount that FR-002 allows."""

from __future__ import annotations

import unittest

from fairshare.ledger import parse_amount, read_ledger


class Amounts(unittest.TestCase):
    def test_a_whole_amount_is_full_units(self) -> None:
        self.assertEqual(parse_amount("25"), 2500)

    def test_an_amount_with_one_decimal_counts_tenths(self) -> None:
        self.assertEqual(parse_amount("12.5"), 1250)

    def test_an_amount_with_two_decimals_counts_cents(self) -> None:
        self.assertEqual(parse_amount("12.05"), 1205)


class Lines(unittest.TestCase):
    def test_space_around_the_fields_means_nothing(self) -> None:
        tight = "2026-03-14|Ana|9.99|bread|Ana,Ben"
        wide = "  2026-03-14 |  Ana |  9.99 | bread |  Ana ,  Ben "
        self.assertEqual(read_ledger(tight), read_ledger(wide))
