"""Writes what happened to every test of a run, for the check that listed proofs ran and passed.

With `SPEC_KITTY_OUTCOMES` set to a folder, each run adds one JSON file to it: node id to "passed",
"failed", "skipped" or "xfailed". `python -m tests.requirements_check FOLDER` reads them.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

FOLDER_VARIABLE = "SPEC_KITTY_OUTCOMES"
_WORST_FIRST = ("failed", "xfailed", "skipped", "passed")


class OutcomeRecorder:
    """Collects the outcome of every test; with xdist, of every worker."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst outcome of setup, call and teardown."""
        outcome = "xfailed" if hasattr(report, "wasxfail") else str(report.outcome)
        known = self._outcomes.get(report.nodeid, "passed")
        self._outcomes[report.nodeid] = min(outcome, known, key=_WORST_FIRST.index)

    def pytest_sessionfinish(self) -> None:
        """Write the file; its name is new, so that several runs can share the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(suffix=".json", dir=self._folder)
        os.close(descriptor)
        text = json.dumps(self._outcomes, indent=0, sort_keys=True)
        Path(name).write_text(text + "\n", encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Record in the process that reports: the only one, or xdist's controller."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if folder and not hasattr(config, "workerinput"):
        config.pluginmanager.register(OutcomeRecorder(config.rootpath / folder), "outcomes")
