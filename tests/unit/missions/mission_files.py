"""Missions on disk, made by hand so that a test sees exactly what it needs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import Project
from specify_cli.missions.creation import create_mission
from specify_cli.missions.mission import Mission, load_mission
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MISSION_ID = "01KQ22DSA8G3W5V7T9Y1B3D5F7"
SLUG = "todo-app-01KQ22DS"

SPEC = """# Specification: Todo app

## Purpose

People forget what they wanted to do. A small command keeps a list of things to do, on disk, so that
nothing is lost between two sessions.

## User scenarios

Ada adds an item with one command, lists what is open, and marks an item as done when she is through.

## Functional requirements

| ID | Requirement |
|---|---|
| FR-001 | The program stores an item with its title |
| FR-002 | The program lists all items in order |

## Success criteria

1. An item that was added yesterday is listed today, after a restart of the machine.
"""

PLAN = """# Plan: Todo app

## Technical approach

Python 3.11 without libraries. One module keeps the items in a JSON file, another one reads the
command line and calls it. Nothing runs in the background.

## Files and structure

```text
src/app/store.py   keeps the items
src/app/cli.py     reads the command line
```

## Test approach

Each function has unit tests with pytest; one test runs the command as a user does. All of them run
with `python -m pytest`.
"""

BODY = """# Store

## What to do

- [ ] T001 Write the store with functions to add an item and to list the items in order.
- [ ] T002 Test each function, the missing file and the damaged file.

## Done means

The tests pass and nothing outside the owned files has changed since the work began.
"""


def canonical_meta(slug: str = SLUG, **changes: Any) -> dict[str, Any]:
    meta = {
        "mission_id": MISSION_ID,
        "mission_slug": slug,
        "slug": slug,
        "mission_number": None,
        "mission_type": "software-dev",
        "friendly_name": "Todo app",
        "purpose_tldr": "Todo app",
        "purpose_context": "Keep a list of things to do.",
        "target_branch": "kitty/mission-todo",
        "topology": "single_branch",
        "created_at": "2026-11-21T07:13:00.123456+00:00",
        "vcs": "git",
    }
    return {**meta, **changes}


def write_mission(root: Path, meta: dict[str, Any] | str | None = None, slug: str = SLUG) -> Path:
    """Write a mission folder and return it; a text is written as it is."""
    directory = root / "kitty-specs" / slug
    (directory / "tasks").mkdir(parents=True)
    if meta is None:
        meta = canonical_meta(slug)
    text = meta if isinstance(meta, str) else json.dumps(meta, indent=2)
    (directory / "meta.json").write_text(text, encoding="utf-8")
    return directory


def make_mission(root: Path, slug: str = SLUG, **changes: Any) -> Mission:
    """Write a mission folder and read it."""
    write_mission(root, canonical_meta(slug, **changes), slug)
    return load_mission(root, slug)


def write_work_package(
    mission: Mission,
    number: int,
    *,
    depends: Iterable[int] = (),
    owns: Iterable[str] | None = None,
    refs: Iterable[str] = ("FR-001", "FR-002"),
    mode: str = "code_change",
    body: str | None = None,
    name: str = "part",
) -> Path:
    """Write a complete work package file and return it."""
    wp_id = f"WP{number:02d}"
    path = mission.tasks_directory / f"{wp_id}-{name}.md"
    owned = [f"src/part{number}/**"] if owns is None else list(owns)
    lines = [
        "---",
        f"work_package_id: {wp_id}",
        f"title: Part {number}",
        f"dependencies: [{', '.join(f'WP{other:02d}' for other in depends)}]",
        f"requirement_refs: [{', '.join(refs)}]",
        f"owned_files: {json.dumps(owned)}",
        f"execution_mode: {mode}",
        "---",
        "",
    ]
    text = BODY if body is None else body
    text = text.replace("T001", f"T{number:02d}1").replace("T002", f"T{number:02d}2")
    path.write_text("\n".join(lines) + text, encoding="utf-8")
    return path


CONFIG = """project:
  uuid: ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce
  slug: todo
build:
  id: 01KQ22DT0000000000000000B1
node:
  id: b805cd5cee74
"""


def project_at(root: Path) -> Project:
    """Return the project of a repository; it gets a configuration if it has none."""
    config = root / ".kittify" / "config.yaml"
    if not config.exists():
        config.parent.mkdir(exist_ok=True)
        config.write_text(CONFIG, encoding="utf-8")
    repository = open_repository(root)
    return Project(root=repository.main_root, repository=repository)


def planned_mission(project: Project, title: str = "Todo app") -> Mission:
    """Create a mission whose specification and plan are written and committed."""
    mission = create_mission(project, title).mission
    (mission.directory / "spec.md").write_text(SPEC, encoding="utf-8")
    (mission.directory / "plan.md").write_text(PLAN, encoding="utf-8")
    git(project.root, "add", "kitty-specs")
    git(project.root, "commit", "-q", "-m", "Write spec and plan")
    return mission


def write_tasks_index(mission: Mission, *numbers: int) -> Path:
    """Write tasks.md with a section for each work package."""
    path = mission.directory / "tasks.md"
    parts = [
        f"## WP{number:02d}: Part {number}\n\nIt does its part of the work, and nothing else.\n"
        for number in numbers
    ]
    path.write_text("\n".join(["# Tasks: Todo app\n", *parts]), encoding="utf-8")
    return path
