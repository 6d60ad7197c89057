"""Guards for the documents that a mission type asks for: there, in shape, without gaps, committed."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from specify_cli.kernel.files import read_text
from specify_cli.missions.documents import PLAN_FILE, Document, uncommitted
from specify_cli.missions.guards import GuardFailure
from specify_cli.missions.markdown import placeholders, sections, word_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.missions.mission import Mission

_MIN_WORDS = 40
_MIN_ROWS = 3
_PLANNED = re.compile(r"`(docs/[A-Za-z0-9][A-Za-z0-9._/-]*\.md)`")


def check_document(mission: Mission, name: str, *, shape: str = "") -> tuple[GuardFailure, ...]:
    """Say what a document of the mission lacks; empty when the next step can work from it.

    Args:
        mission: The mission.
        name: The file in the mission's folder.
        shape: A document that shows its shape: each of its `## ` headings needs a counterpart with
            real text below it.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    document = Document.open(mission, name, "Write it", shape=shape or None)
    failures = document.check_text(_MIN_WORDS)
    if document.text is not None and not document.untouched:
        titles = [part.title for part in sections(shape)[1:]]
        failures += document.check_sections(
            [(title, rf"^(?:[\d.]+ +)?{re.escape(title)}\W*$") for title in titles]
        )
    return (*failures, *uncommitted(mission, [document.path]))


def check_table(mission: Mission, name: str, *, columns: Sequence[str]) -> tuple[GuardFailure, ...]:
    """Say what a CSV file of the mission lacks: its columns, and three rows with every cell filled.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    path = mission.directory / name
    file = mission.relative(path)
    wanted = f"at least {_MIN_ROWS} rows with {', '.join(columns)}"
    fix = f"Write {file}: a first line {','.join(columns)}, then a line for each entry."
    try:
        rows = list(csv.DictReader(read_text(path).splitlines()))
    except FileNotFoundError:
        return (GuardFailure(file, wanted, "no such file", fix),)
    full = [
        row
        for row in rows
        if all((row.get(c) or "").strip() and not placeholders(row[c]) for c in columns)
    ]
    if len(full) < max(_MIN_ROWS, len(rows)):
        found = f"{len(full)} complete of {len(rows)}"
        return (GuardFailure(file, wanted, found, fix),)
    return uncommitted(mission, [path])


def check_planned_documents(mission: Mission) -> tuple[GuardFailure, ...]:
    """Say which of the documents that plan.md names are missing, empty, full of gaps or uncommitted.

    Raises:
        ReadFailed: READ_FAILED.
        GitFailed: GIT_FAILED.
    """
    plan = mission.relative(mission.directory / PLAN_FILE)
    try:
        text = read_text(mission.directory / PLAN_FILE)
    except FileNotFoundError:
        text = ""
    named = [name for name in dict.fromkeys(_PLANNED.findall(text)) if ".." not in name]
    if not named:
        return (
            GuardFailure(
                plan,
                "the files to write, such as `docs/tutorial.md`",
                "none",
                f"Name each file in {plan}, in backticks, as a path below docs/.",
            ),
        )
    failures = []
    for name in named:
        try:
            written = read_text(mission.root / name)
        except FileNotFoundError:
            failures.append(
                GuardFailure(name, "the file that the plan names", "no such file", f"Write {name}.")
            )
            continue
        gaps, words = placeholders(written), word_count(written)
        if gaps or words < _MIN_WORDS:
            found = f"{len(gaps)} gaps" if gaps else f"{words} words"
            wanted = f"at least {_MIN_WORDS} words without gaps"
            failures.append(GuardFailure(name, wanted, found, f"Complete {name}."))
    return (*failures, *uncommitted(mission, [mission.root / name for name in named]))
