from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "fairshare", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


class Command(unittest.TestCase):
    def test_the_sample_is_settled(self) -> None:
        result = run("samples/weekend.txt")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stdout, "Ben pays Ana 25.83\nCho pays Ana 8.32\n")

    def test_an_empty_ledger_leaves_everyone_even(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ledger = Path(folder, "empty.txt")
            ledger.write_text("# nothing yet\n", encoding="utf-8")
            self.assertEqual(run(str(ledger)).stdout, "Everyone is even.\n")

    def test_a_bad_line_is_named_with_file_and_line(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            ledger = Path(folder, "bad.txt")
            ledger.write_text("# weekend\n2026-03-14 | Ana | lots\n", encoding="utf-8")
            result = run(str(ledger))
        self.assertEqual(result.returncode, 1)
        self.assertIn("bad.txt:2: expected day | payer", result.stderr)
        self.assertEqual(result.stdout, "")

    def test_a_missing_file_and_a_missing_argument_are_usage_errors(self) -> None:
        self.assertEqual(run("no-such-file.txt").returncode, 2)
        self.assertEqual(run().returncode, 2)


if __name__ == "__main__":
    unittest.main()
