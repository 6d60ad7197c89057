"""Collects every envelope that any test of a run wrote, for the cutover oracles to judge.

At the end of a run the logs below its temporary folders are read; envelope rows are taken as they
are, transition rows as the envelope they travel in. Tests that plant rows of their own making carry the
mark `plants_rows`. Off unless SPEC_KITTY_OUTCOMES names a folder (make test does).

`python -m tests.written_envelopes LOGS OUTCOMES` collects those of the logs below a folder.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

_LOGS = ("status.events.jsonl", "run.events.jsonl", "decisions.events.jsonl")
_PRUNED = {".git", ".venv", "node_modules", "site-packages", ".worktrees", "__pycache__"}
ENVELOPES_FILE = "envelopes-{worker}.jsonl"


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("SPEC_KITTY_OUTCOMES"):
        # Tests change the working directory; the folder stays where the run started.
        os.environ["SPEC_KITTY_OUTCOMES"] = str(Path(os.environ["SPEC_KITTY_OUTCOMES"]).absolute())


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(request: pytest.FixtureRequest) -> Generator[None, object, object]:
    """Remember the folders that fixtures make for tests that plant rows of their own."""
    if not request.node.get_closest_marker("plants_rows"):
        return (yield)
    base = request.getfixturevalue("tmp_path_factory").getbasetemp()
    before = set(base.iterdir())
    made = yield
    _PLANTED.update(set(base.iterdir()) - before)
    return made


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Collect what lies below the temporary folder of this process, shared fixtures included."""
    outcomes = os.environ.get("SPEC_KITTY_OUTCOMES")
    factory = getattr(session.config, "_tmp_path_factory", None)
    if not outcomes or factory is None:
        return
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    target = Path(outcomes) / ENVELOPES_FILE.format(worker=worker)
    with target.open("a", encoding="utf-8", newline="\n") as stream:
        for folder in sorted(factory.getbasetemp().iterdir()):
            # Workers have folders of their own in here, and pytest links the latest of each name.
            foreign = folder.is_symlink() or folder.name.startswith("popen-")
            if folder not in _PLANTED and folder.is_dir() and not foreign:
                for entry in _entries_below(folder):
                    stream.write(json.dumps({"test": folder.name, **entry}) + "\n")


_PLANTED: set[Path] = set()


def _entries_below(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield an `envelope` for each row that is one or travels in one, or why it cannot: `refused`."""
    for directory, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in _PRUNED]
        for name in files:
            if name in _LOGS:
                yield from _entries_in(Path(directory, name))


def _entries_in(path: Path) -> Iterator[dict[str, Any]]:
    from specify_cli.events.envelope import wp_status_changed
    from specify_cli.identity.project import ProjectIdentity
    from specify_cli.kernel.gate import ContractViolation

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
            yield {"envelope": row}
        elif "to_lane" in row and "build_id" in row:
            try:
                event = wp_status_changed(identity, row, correlation_id=row["event_id"])  # type: ignore[arg-type]
            except ContractViolation as violation:
                yield {"refused": f"{path}: {violation.message}"}
            else:
                yield {"envelope": event}


def main(arguments: list[str]) -> int:
    """Collect the envelopes of all logs below a folder."""
    logs, outcomes = map(Path, arguments)
    outcomes.mkdir(parents=True, exist_ok=True)
    target = outcomes / ENVELOPES_FILE.format(worker="logs")
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        for entry in _entries_below(logs):
            stream.write(json.dumps({"test": logs.name, **entry}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
