"""Views of a mission, made by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from specify_cli.next._internal_runtime.discovery import BUILTIN_ROOT
from specify_cli.next._internal_runtime.schema import (
    IssuedStep,
    MissionRunSnapshot,
    load_mission_template_file,
)
from specify_cli.next.view import MissionView, WorkPackageView
from specify_cli.status.lanes import Lane
from tests.unit.next.runtime_files import MISSION_ID

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime.schema import MissionTemplate

SLUG = "todo-app-01KQ22DS"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
FIVE_MINUTES_AGO = "2026-11-21T11:55:00.000000+00:00"
PLANNED = ("discovery", "specify", "plan", "tasks")


@cache
def software_dev() -> MissionTemplate:
    return load_mission_template_file(BUILTIN_ROOT / "software-dev" / "mission-runtime.yaml")


def run(*completed: str, issued: str | None = None, **changes: Any) -> MissionRunSnapshot:
    return MissionRunSnapshot(
        run_id="01KQ22DT0000000000000000A1",
        mission_key="software-dev",
        mission_id=MISSION_ID,
        mission_slug=SLUG,
        template_hash="0" * 64,
        completed_steps=completed,
        issued=IssuedStep(issued, "claude", FIVE_MINUTES_AGO) if issued else None,
        **changes,
    )


def wp(wp_id: str, lane: str = "planned", **changes: Any) -> WorkPackageView:
    """A work package; one that somebody has is claude's."""
    facts: dict[str, Any] = {"since": FIVE_MINUTES_AGO}
    if lane not in ("planned", "genesis", "uninitialized"):
        facts |= {"implementer": "claude", "last_actor": "claude"}
    if lane in ("in_review", "approved", "done"):
        facts |= {"reviewer": "codex", "last_actor": "codex"}
    return WorkPackageView(wp_id, f"Part {wp_id}", lane=Lane(lane), **(facts | changes))


def view(
    *packages: WorkPackageView,
    agent: str | None = "claude",
    agents: tuple[str, ...] = (),
    snapshot: MissionRunSnapshot | None = None,
    **changes: Any,
) -> MissionView:
    seen = {name for p in packages for name in (p.implementer, p.reviewer) if name}
    return MissionView(
        mission_slug=SLUG,
        agent=agent,
        now=NOW,
        template=software_dev(),
        run=snapshot or run(*PLANNED, issued="implement"),
        work_packages=packages,
        agents=frozenset(seen | set(agents) | ({agent} if agent else set())),
        target_branch="kitty/mission-todo",
        **changes,
    )
