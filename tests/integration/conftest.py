"""Missions in the states that the integration tests start from, made with the real command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import Ran, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SPEC = """# Specification: Counter

## Purpose

People at the door count visitors on paper and lose count. The counter keeps the number for them,
survives a restart, and can be corrected when somebody pressed twice by accident.

## User scenarios

### Scenario 1: Counting at the door

The person at the door runs the program once for each visitor and sees the new total at once. When the
file with the total is missing, counting starts at zero.

## Functional requirements

| ID | Requirement |
|---|---|
| FR-001 | The program adds one to the stored total and prints the new total. |
| FR-002 | The program can take one back, but never goes below zero. |

## Success criteria

1. After three counts and one correction the program prints 2, also after a restart.
"""

PLAN = """# Plan: Counter

## Technical approach

Plain Python 3.11 without dependencies. One module keeps the total in a text file and knows how to add
and take back; a second module reads the command line and prints what the first one returns.

## Files and structure

- `counter.py`: the total, in a file, with add and take_back.
- `door.py`: the command line on top of it.

## Test approach

Unit tests with unittest for both modules, each against a temporary folder: `python -m unittest`.
"""

TASKS = """# Tasks: Counter

## WP01: The total

Depends on nothing. Keeps the number in a file; the command line builds on it.

## WP02: The command line

Depends on WP01. Reads what the person at the door types and prints the new total.
"""


def work_package(
    number: str, title: str, *, dependencies: str = "[]", owned: str, refs: str = "[FR-001]"
) -> str:
    """Return the text of a work package file that finalize-tasks accepts."""
    return f"""---
work_package_id: {number}
title: {title}
dependencies: {dependencies}
requirement_refs: {refs}
owned_files: [{owned}]
create_intent: [{owned}]
execution_mode: code_change
subtasks: [T{number[2:]:0>3}]
---

# {number}: {title}

## Goal

{title} works as the plan says, with the functions that the plan names and with tests for each of them.

## What to do

- [ ] T{number[2:]:0>3} Write it together with its tests.

## Done means

The tests of this part pass, and nothing outside the owned files has changed in this work package.
"""


@pytest.fixture
def project(repository: Path, cli: Callable[..., Ran]) -> Path:
    """A repository that is set up for spec-kitty, everything committed."""
    assert cli(repository, "init", "--non-interactive").status == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Set up spec-kitty")
    return repository


@pytest.fixture
def mission(project: Path, cli: Callable[..., Ran]) -> Path:
    """The folder of a fresh mission in `project`."""
    created = cli(project, "specify", "Door counter", "--json")
    assert created.status == 0, created.stdout + created.stderr
    return project / "kitty-specs" / str(created.document["mission_slug"])


@pytest.fixture
def written_mission(mission: Path) -> Path:
    """A mission whose spec, plan and two work packages are written and committed."""
    root = mission.parent.parent
    write(mission / "spec.md", SPEC)
    write(mission / "plan.md", PLAN)
    write(mission / "tasks.md", TASKS)
    write(mission / "tasks/WP01-total.md", work_package("WP01", "The total", owned="counter.py"))
    write(
        mission / "tasks/WP02-door.md",
        work_package(
            "WP02", "The command line", dependencies="[WP01]", owned="door.py", refs="[FR-002]"
        ),
    )
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Write the documents")
    return mission


@pytest.fixture
def finalized_mission(written_mission: Path, cli: Callable[..., Ran]) -> Path:
    """A mission with two planned work packages, WP02 after WP01."""
    root = written_mission.parent.parent
    ran = cli(root, "tasks", "--json")
    assert ran.status == 0, ran.stdout + ran.stderr
    return written_mission


def write(path: Path, text: str) -> None:
    """Write a text file as UTF-8 with plain line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
