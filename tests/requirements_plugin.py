"""Writes what happened to every test of a run, for the check that proofs were run and passed.

`pytest --proofs FILE` writes one JSON object: node id to "passed", "failed", "skipped" or
"xfailed". `tests/architecture/check_requirements.py` compares it with `tests/requirements.toml`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_WORST_FIRST = ("failed", "xfailed", "skipped", "passed")


class ProofRecorder:
    """Collects the outcome of every test; with xdist, of every worker."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst outcome of setup, call and teardown."""
        outcome = "xfailed" if hasattr(report, "wasxfail") else str(report.outcome)
        known = self._outcomes.get(report.nodeid, "passed")
        self._outcomes[report.nodeid] = min(outcome, known, key=_WORST_FIRST.index)

    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._outcomes, indent=0, sort_keys=True)
        self._path.write_text(text + "\n", encoding="utf-8")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption("--proofs", metavar="FILE", help="write every test's outcome to FILE as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Record in the process that reports: the only one, or xdist's controller."""
    path = config.getoption("--proofs")
    if path and not hasattr(config, "workerinput"):
        config.pluginmanager.register(ProofRecorder(Path(path)), "proof-recorder")
