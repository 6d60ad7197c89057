"""One table that says where every kind of file lives, who tracks it and who writes it.

Whoever needs a path asks here; whoever finds a path can ask what it is (seed 002).
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Home(StrEnum):
    """Which copy of a file counts."""

    PRIMARY = "primary"
    """The main checkout, committed on the mission's target branch."""
    LANE = "lane"
    """A lane's worktree, committed on the lane's branch."""
    LOCAL = "local"
    """The main checkout, ignored by git: it can be deleted and is made again."""


class ArtefactKind(StrEnum):
    """Every kind of file a mission has."""

    METADATA = "metadata"
    SPEC = "spec"
    PLAN = "plan"
    TASKS_INDEX = "tasks_index"
    TASKS_README = "tasks_readme"
    WORK_PACKAGE = "work_package"
    REVIEW_CYCLE = "review_cycle"
    LANES = "lanes"
    STATUS_LOG = "status_log"
    STATUS_SNAPSHOT = "status_snapshot"
    WORKSPACE = "workspace"
    PROMPT = "prompt"
    FEEDBACK_DRAFT = "feedback_draft"
    RUN_INDEX = "run_index"
    RUN_STATE = "run_state"
    RUN_JOURNAL = "run_journal"
    DESCRIPTION_CACHE = "description_cache"


class Placement(NamedTuple):
    """Where one kind lives.

    Attributes:
        home: Which copy counts.
        pattern: Path below the main checkout; names in braces are filled in. A lane's workspace is
            itself such a path.
        derived: Whether it can be made again from something else.
    """

    home: Home
    pattern: str
    derived: bool = False


_MISSION = "kitty-specs/{slug}"
_RUNTIME = ".kittify/runtime"

PLACEMENTS: Mapping[ArtefactKind, Placement] = MappingProxyType(
    {
        ArtefactKind.METADATA: Placement(Home.PRIMARY, f"{_MISSION}/meta.json"),
        ArtefactKind.SPEC: Placement(Home.PRIMARY, f"{_MISSION}/spec.md"),
        ArtefactKind.PLAN: Placement(Home.PRIMARY, f"{_MISSION}/plan.md"),
        ArtefactKind.TASKS_INDEX: Placement(Home.PRIMARY, f"{_MISSION}/tasks.md"),
        ArtefactKind.TASKS_README: Placement(Home.PRIMARY, f"{_MISSION}/tasks/README.md"),
        ArtefactKind.WORK_PACKAGE: Placement(Home.PRIMARY, f"{_MISSION}/tasks/{{wp_file}}.md"),
        ArtefactKind.REVIEW_CYCLE: Placement(
            Home.PRIMARY, f"{_MISSION}/tasks/{{wp_file}}/review-cycle-{{cycle}}.md"
        ),
        ArtefactKind.LANES: Placement(Home.PRIMARY, f"{_MISSION}/lanes.json"),
        ArtefactKind.STATUS_LOG: Placement(Home.PRIMARY, f"{_MISSION}/status.events.jsonl"),
        ArtefactKind.STATUS_SNAPSHOT: Placement(
            Home.PRIMARY, f"{_MISSION}/status.json", derived=True
        ),
        ArtefactKind.WORKSPACE: Placement(Home.LANE, ".worktrees/{slug}-{lane_id}"),
        ArtefactKind.PROMPT: Placement(
            Home.LOCAL, f"{_RUNTIME}/prompts/{{slug}}/{{prompt}}.md", derived=True
        ),
        ArtefactKind.FEEDBACK_DRAFT: Placement(
            Home.LOCAL, f"{_RUNTIME}/feedback/{{slug}}/{{wp_id}}.md"
        ),
        ArtefactKind.RUN_INDEX: Placement(Home.LOCAL, f"{_RUNTIME}/runs.json", derived=True),
        ArtefactKind.RUN_STATE: Placement(
            Home.LOCAL, f"{_RUNTIME}/runs/{{run_id}}/state.json", derived=True
        ),
        ArtefactKind.RUN_JOURNAL: Placement(
            Home.LOCAL, f"{_RUNTIME}/runs/{{run_id}}/run.events.jsonl"
        ),
        ArtefactKind.DESCRIPTION_CACHE: Placement(
            Home.LOCAL, f"{_RUNTIME}/cache/{{digest}}.json", derived=True
        ),
    }
)

_SHAPES = {"wp_file": r"WP[^/]*", "cycle": r"[0-9]+", "lane_id": r"lane-[a-z]+"}


def place(kind: ArtefactKind, root: Path, **names: str) -> Path:
    """Return the absolute path of a file.

    Args:
        kind: What it is.
        root: The main checkout.
        names: What the pattern asks for, such as `slug` or `run_id`.

    Raises:
        KeyError: A name is missing; a mistake of the caller.
    """
    return root.joinpath(PurePosixPath(PLACEMENTS[kind].pattern.format_map(names)))


def kind_of(path: PurePosixPath) -> ArtefactKind | None:
    """Tell what a path below the main checkout is; None when it is nothing of a mission's."""
    text = path.as_posix()
    return next((kind for kind, shape in _shapes().items() if shape.match(text)), None)


def _shapes() -> dict[ArtefactKind, re.Pattern[str]]:
    return {kind: re.compile(_shape(spot.pattern)) for kind, spot in PLACEMENTS.items()}


def _shape(pattern: str) -> str:
    from string import Formatter

    parts = []
    for literal, name, _, _ in Formatter().parse(pattern):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(_SHAPES.get(name, r"[^/]+"))
    return "".join(parts) + r"\Z"
