"""What the tests of the runtime share: an identity, an actor, a small mission type."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.identity.project import ProjectIdentity
from specify_cli.next._internal_runtime import DiscoveryContext
from specify_cli.next._internal_runtime.description import parse_template
from specify_cli.next._internal_runtime.schema import ActorIdentity

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.next._internal_runtime.schema import MissionTemplate

MISSION_ID = "01KQ22DSA8G3W5V7T9Y1B3D5F7"
SLUG = "field-guide-01KQ22DS"
ACTOR = ActorIdentity("claude")
OTHER = ActorIdentity("codex")

FIELD_GUIDE = """\
mission:
  key: field-guide
  name: Field Guide
  version: "1.2.0"
steps:
  - id: survey
    title: Survey the ground
    prompt: Walk the $mission_slug.
  - id: draw
    title: Draw the map
    prompt: Draw it.
    depends_on: [survey]
    requires_inputs: [region]
  - id: print
    title: Print it
    prompt: Print it.
    depends_on: [draw]
"""


def identity() -> ProjectIdentity:
    """Return a fixed project identity."""
    return ProjectIdentity(
        project_uuid="ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
        project_slug="guide",
        repo_slug=None,
        build_id="01KQ22DT0000000000000000B1",
        node_id="b805cd5cee74",
    )


def write_type(root: Path, text: str = FIELD_GUIDE, name: str = "mission-runtime.yaml") -> Path:
    """Write a mission type into a folder of its own and return its file."""
    folder = root / "field-guide"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def context(root: Path) -> DiscoveryContext:
    """Return a context that looks only below one folder and at the built-in types."""
    return DiscoveryContext(explicit_paths=(root,), environment={})


def template(text: str = FIELD_GUIDE) -> MissionTemplate:
    """Parse a mission type."""
    from specify_cli.kernel.yaml import load_yaml

    return parse_template(load_yaml(text, source="test"), source="test")
