"""The reviewer's own check of WP03: the command on a ledger of the reviewer's."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

LEDGER = "2026-05-01 | Eve | 12.5 | tent | Eve, Fay\n2026-05-02 | Fay | 12.50 | food | Eve, Fay\n"


class Command(unittest.TestCase):
    def test_equal_payments_leave_everyone_even(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ledger = Path(folder, "camping trip.txt")
            ledger.write_text(LEDGER, encoding="utf-8")
            command = [sys.executable, "-m", "fairshare", str(ledger)]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stdout), (0, "Everyone is even.\n"))
