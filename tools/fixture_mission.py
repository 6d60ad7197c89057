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
_SECTION = """## {wp_id}: Greeting

Depends on nothing. Writes a module that greets, together with the tests of its function.
"""
_WORK_PACKAGE = """---
work_package_id: {wp_id}
title: Greeting
dependencies: []
requirement_refs: [FR-001]
owned_files:
  - {module}.py
  - test_{module}.py
create_intent:
  - {module}.py
  - test_{module}.py
execution_mode: code_change
subtasks: [{subtask}]
---

# {wp_id}: Greeting

## Goal

The program prints one line that greets the name given as its first argument, or the world.

## What to do

- [ ] {subtask} Write the function with its entry point, and test it with a name and without one.

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


def write_tasks(mission: Path, count: int = 1) -> None:
    """Write the list of work packages and the work packages, each of which can start at once.

    Args:
        mission: The mission's folder.
        count: How many; each owns files of its own.
    """
    (mission / "tasks").mkdir(exist_ok=True)
    sections = []
    for number in range(1, count + 1):
        wp_id = f"WP{number:02}"
        module = "greeting" if number == 1 else f"greeting_{number}"
        sections.append(_SECTION.format(wp_id=wp_id))
        text = _WORK_PACKAGE.format(wp_id=wp_id, module=module, subtask=f"T{number:03}")
        (mission / "tasks" / f"{wp_id}-{module}.md").write_text(text, encoding="utf-8")
    text = "\n".join(["# Tasks: Clean install\n", *sections])
    (mission / "tasks.md").write_text(text, encoding="utf-8")


WRITERS: Mapping[str, Callable[[Path], None]] = {
    "discovery": write_purpose,
    "specify": write_spec,
    "plan": write_plan,
    "tasks": write_tasks,
}
