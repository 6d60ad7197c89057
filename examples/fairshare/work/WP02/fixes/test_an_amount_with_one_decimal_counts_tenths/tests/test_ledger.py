from __future__ import annotations

import unittest
from datetime import date

from fairshare.ledger import Expense, LedgerError, parse_amount, read_ledger

LINE = "2026-03-14 | Ana | 30.00 | groceries | Ana, Ben, Cho"


class Amounts(unittest.TestCase):
    def test_a_whole_amount_is_in_full_units(self) -> None:
        self.assertEqual(parse_amount("12"), 1200)

    def test_two_decimals_are_cents(self) -> None:
        self.assertEqual(parse_amount("12.05"), 1205)

    def test_an_amount_with_one_decimal_counts_tenths(self) -> None:
        self.assertEqual(parse_amount("12.5"), 1250)

    def test_anything_else_is_refused(self) -> None:
        for text in ("", "-3", "1,50", "1.234", "ten", "1.", ".5"):
            with self.subTest(text), self.assertRaises(ValueError):
                parse_amount(text)


class Ledger(unittest.TestCase):
    def test_a_line_is_an_expense(self) -> None:
        expense = Expense(date(2026, 3, 14), "Ana", 3000, "groceries", ("Ana", "Ben", "Cho"))
        self.assertEqual(read_ledger(LINE), [expense])

    def test_comments_and_empty_lines_are_skipped(self) -> None:
        self.assertEqual(len(read_ledger(f"# weekend\n\n{LINE}\n")), 1)

    def test_a_bad_line_is_named_by_its_number(self) -> None:
        for bad in ("no fields", LINE.replace("30.00", "x"), LINE.replace("2026", "soon")):
            with self.subTest(bad), self.assertRaises(LedgerError) as caught:
                read_ledger(f"# weekend\n{LINE}\n{bad}\n")
            self.assertEqual(caught.exception.line, 3)

    def test_names_are_neither_empty_nor_repeated(self) -> None:
        for people in ("Ana, ", "Ana, Ana"):
            with self.subTest(people), self.assertRaises(LedgerError):
                read_ledger(LINE.replace("Ana, Ben, Cho", people))


if __name__ == "__main__":
    unittest.main()
