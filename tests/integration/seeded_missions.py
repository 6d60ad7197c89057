"""Missions that other programs left on disk: seeded by a client, or with a coordination branch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.conftest import git
from tests.integration.conftest import write

if TYPE_CHECKING:
    from pathlib import Path

SEEDED = "099-door-counter"


def seed_mission(root: Path, *, lane: str = "planned", packages: int = 2, **meta: Any) -> Path:
    """Write and commit what a client of the orchestrator API seeds, and nothing more.

    There is no log, no `lanes.json`, no id, no branch, and `.kittify/` is empty. Each work package
    depends on the one before.
    """
    folder = root / "kitty-specs" / SEEDED
    document = {
        "mission_slug": SEEDED,
        "mission_number": "099",
        "mission_type": "software-dev",
        "title": "Door counter",
        **meta,
    }
    write(folder / "meta.json", json.dumps(document))
    write(folder / "spec.md", "# Door counter\n")
    write(folder / "tasks.md", "# Tasks\n")
    for number in range(1, packages + 1):
        needs = f"[WP{number - 1:02d}]" if number > 1 else "[]"
        write(
            folder / "tasks" / f"WP{number:02d}-part.md",
            f"---\nwork_package_id: WP{number:02d}\ntitle: Part {number}\nlane: {lane}\n"
            f"dependencies: {needs}\nagent: claude\n---\n\n# Part {number}\n\nWrite it.\n",
        )
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Seed a mission")
    (root / ".kittify").mkdir(exist_ok=True)
    return folder


def give_coordination(mission: Path) -> str:
    """Put a finalised mission's log onto a coordination branch, as the existing CLI has it.

    Like there, the branch has a worktree, `meta.json` names it, and the log beside `meta.json` keeps
    only the rows about the mission itself. Returns the branch.
    """
    root = mission.parent.parent
    branch = f"kitty/coordination-{mission.name}"
    log = mission / "status.events.jsonl"
    rows = log.read_text(encoding="utf-8").splitlines(keepends=True)
    git(root, "branch", branch, "main")
    tree = root / ".worktrees" / f"{mission.name}-coord"
    git(root, "worktree", "add", "-q", str(tree), branch)
    apart = tree / "kitty-specs" / mission.name
    write(apart / log.name, "".join(row for row in rows if '"wp_id"' in row))
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "Keep the status here")
    write(log, "".join(row for row in rows if '"wp_id"' not in row))
    meta = json.loads((mission / "meta.json").read_bytes())
    meta |= {"topology": "coord", "coordination_branch": branch, "flattened": False}
    write(mission / "meta.json", json.dumps(meta, indent=2, sort_keys=True) + "\n")
    (mission / "status.json").unlink()
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Keep the status elsewhere")
    return branch


def lanes_of(board: dict[str, Any]) -> dict[str, str]:
    """Return the lane of each work package as `agent tasks status --json` tells it."""
    return {entry["id"]: entry["lane"] for entry in board["work_packages"]}
