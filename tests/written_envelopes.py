"""Collects every envelope that any test of a run wrote, for the cutover oracles to judge.

After each test the logs below its temporary folder are read; envelope rows are taken as they are,
transition rows as the envelope they travel in. Tests that plant rows of their own making carry the
mark `plants_rows`. Off unless SPEC_KITTY_OUTCOMES names a folder (make test does).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_LOGS = ("status.events.jsonl", "run.events.jsonl", "decisions.events.jsonl")
_PRUNED = {".git", ".venv", "node_modules", "site-packages", ".worktrees", "__pycache__"}
ENVELOPES_FILE = "envelopes-{worker}.jsonl"


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("SPEC_KITTY_OUTCOMES"):
        # Tests change the working directory; the folder stays where the run started.
        os.environ["SPEC_KITTY_OUTCOMES"] = str(Path(os.environ["SPEC_KITTY_OUTCOMES"]).absolute())
    config.addinivalue_line(
        "markers", "plants_rows: writes log rows by hand, so they are not the product's envelopes"
    )


@pytest.hookimpl(trylast=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    """Remember the temporary folder: fixtures are gone at teardown."""
    tmp_path = getattr(item, "funcargs", {}).get("tmp_path")
    if tmp_path is not None:
        item.stash[_FOLDER] = tmp_path


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> None:
    outcomes = os.environ.get("SPEC_KITTY_OUTCOMES")
    folder = item.stash.get(_FOLDER, None)
    if not outcomes or folder is None or item.get_closest_marker("plants_rows"):
        return
    envelopes = list(_envelopes_below(folder))
    if not envelopes:
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    target = Path(outcomes) / ENVELOPES_FILE.format(worker=worker)
    with target.open("a", encoding="utf-8", newline="\n") as stream:
        for envelope in envelopes:
            stream.write(json.dumps({"test": item.nodeid, "envelope": envelope}) + "\n")


_FOLDER = pytest.StashKey[Path]()


def _envelopes_below(folder: Path) -> Iterator[dict[str, Any]]:
    for directory, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in _PRUNED]
        for name in files:
            if name in _LOGS:
                yield from _envelopes_in(Path(directory, name))


def _envelopes_in(path: Path) -> Iterator[dict[str, Any]]:
    from specify_cli.events.envelope import wp_status_changed
    from specify_cli.identity.project import ProjectIdentity

    identity = ProjectIdentity(
        project_uuid="0b9d4b1c-6f0e-4c57-9d39-2f1f5a1d7a10",
        project_slug="collected",
        repo_slug=None,
        build_id="01KAB0000000000000000000ZZ",
        node_id="000000000000",
    )
    for line in path.read_bytes().splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # a torn or planted line is no envelope
        if not isinstance(row, dict):
            continue
        if "schema_version" in row:
            yield row
        elif "to_lane" in row and "build_id" in row:
            yield dict(wp_status_changed(identity, row, correlation_id=row["event_id"]))  # type: ignore[arg-type]
