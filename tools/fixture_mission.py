"""What an agent writes in the planning steps of the mission that a clean installation drives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_SPEC = """# Specification: Clean install

## Purpose

An operator who has just installed the command wants to see it advance a mission, and to know that
no further package is needed for that.

## User scenarios

### Scenario 1: a first greeting

The operator runs the program with a name and sees one line that greets that name. Without a name
the program greets the world, and ends with status 0 in both cases.

## Functional requirements

| ID | Requirement |
|---|---|
| FR-001 | The program prints one line that greets the name given as its first argument. |

## Success criteria

1. Running the program with the name Ada prints the line "Hello, Ada" and ends with status 0.
"""
_PLAN = """# Plan: Clean install

## Technical approach

One Python module without any library. A function makes the greeting from a name, and the entry
point reads the first argument, falls back to the world, and prints what the function returned.

## Files and structure

The module greeting.py holds the function and the entry point; test_greeting.py holds its tests. No
other file changes.

## Test approach

The function is tested with a name and without one, by running python -m unittest in the project.
"""
_TASKS = """# Tasks: Clean install

## WP01: Greeting

Depends on nothing. Writes the module that greets, together with the tests of its function.
"""
_WORK_PACKAGE = """---
work_package_id: WP01
title: Greeting
dependencies: []
requirement_refs: [FR-001]
owned_files:
  - greeting.py
  - test_greeting.py
create_intent:
  - greeting.py
  - test_greeting.py
execution_mode: code_change
subtasks: [T001]
---

# WP01: Greeting

## Goal

The program prints one line that greets the name given as its first argument, or the world.

## What to do

- [ ] T001 Write the function with its entry point, and test it with a name and without one.

## Done means

The command python -m unittest passes in the worktree, and no other file has changed.
"""


def write_purpose(mission: Path) -> None:
    """Fill in the purpose of the scaffolded specification and leave the rest of it alone."""
    path = mission / "spec.md"
    text = path.read_text(encoding="utf-8")
    purpose = "An operator wants to know that an installation works, without any other package."
    changed = re.sub(r"(?ms)^## Purpose\n.*?(?=^## )", f"## Purpose\n\n{purpose}\n\n", text)
    path.write_text(changed, encoding="utf-8")


def write_spec(mission: Path) -> None:
    """Write a whole specification."""
    (mission / "spec.md").write_text(_SPEC, encoding="utf-8")


def write_plan(mission: Path) -> None:
    """Write a whole plan."""
    (mission / "plan.md").write_text(_PLAN, encoding="utf-8")


def write_tasks(mission: Path) -> None:
    """Write the list of work packages and the one work package."""
    (mission / "tasks").mkdir(exist_ok=True)
    (mission / "tasks.md").write_text(_TASKS, encoding="utf-8")
    (mission / "tasks" / "WP01-greeting.md").write_text(_WORK_PACKAGE, encoding="utf-8")


WRITERS: Mapping[str, Callable[[Path], None]] = {
    "discovery": write_purpose,
    "specify": write_spec,
    "plan": write_plan,
    "tasks": write_tasks,
}
