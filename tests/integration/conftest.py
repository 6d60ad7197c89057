"""Missions in the states that the integration tests start from, made with the real command."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.conftest import git, run_command, start_repository

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


def _set_up(root: Path) -> None:
    start_repository(root)
    assert run_command(root, "init", "--non-interactive").status == 0
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Set up spec-kitty")


def _specify(root: Path) -> None:
    created = run_command(root, "specify", "Door counter", "--json")
    assert created.status == 0, created.stdout + created.stderr


def _write_documents(root: Path) -> None:
    mission = _mission_of(root)
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


def _finalize(root: Path) -> None:
    ran = run_command(root, "tasks", "--json")
    assert ran.status == 0, ran.stdout + ran.stderr


_STAGES = (_set_up, _specify, _write_documents, _finalize)


def _mission_of(root: Path) -> Path:
    (found,) = (root / "kitty-specs").iterdir()
    return found


@pytest.fixture(scope="session")
def at_stage(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[Callable[..., None], Path], Path]:
    """Return a function that copies a project which has come so far; each stage is made once."""

    @cache
    def template(number: int) -> Path:
        root = tmp_path_factory.mktemp("stage") / "project"
        if number:
            shutil.copytree(template(number - 1), root)
        _STAGES[number](root)
        return root

    def copy(stage: Callable[..., None], folder: Path) -> Path:
        return shutil.copytree(template(_STAGES.index(stage)), folder / "project")

    return copy


@pytest.fixture
def project(at_stage: Callable[..., Path], tmp_path: Path) -> Path:
    """A repository that is set up for spec-kitty, everything committed."""
    return at_stage(_set_up, tmp_path)


@pytest.fixture
def mission(at_stage: Callable[..., Path], tmp_path: Path) -> Path:
    """The folder of a fresh mission in a project."""
    return _mission_of(at_stage(_specify, tmp_path))


@pytest.fixture
def written_mission(at_stage: Callable[..., Path], tmp_path: Path) -> Path:
    """A mission whose spec, plan and two work packages are written and committed."""
    return _mission_of(at_stage(_write_documents, tmp_path))


@pytest.fixture
def finalized_mission(at_stage: Callable[..., Path], tmp_path: Path) -> Path:
    """A mission with two planned work packages, WP02 after WP01."""
    return _mission_of(at_stage(_finalize, tmp_path))


def write(path: Path, text: str) -> None:
    """Write a text file as UTF-8 with plain line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
