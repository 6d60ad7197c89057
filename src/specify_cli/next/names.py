"""Names that agents give: their own, and that of a work package."""

from __future__ import annotations

from specify_cli.kernel.errors import UsageError
from specify_cli.missions.work_packages import WorkPackageNotFound, normalise_wp_id

_MAX_AGENT = 120


class UnusableName(UsageError):
    """The name of an agent is empty, too long, or cannot stand on a command line."""

    code = "INVALID_ACTOR"


def check_agent(agent: str) -> None:
    """Let an agent's name pass only if a command line and a log row can hold it.

    Raises:
        UnusableName: INVALID_ACTOR.
    """
    if agent.strip() and len(agent) <= _MAX_AGENT and agent.isprintable() and agent[0] != "-":
        return
    raise UnusableName(
        f"{agent[:40]!r} is not usable as an agent's name.",
        fix="Use a short name such as claude or codex.",
    )


def wanted_work_package(mission_slug: str, wp_id: str | None) -> str | None:
    """Return the canonical form of a work package id; None stays None.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND: it is no such id.
    """
    if wp_id is None:
        return None
    normalised = normalise_wp_id(wp_id)
    if normalised is None:
        raise WorkPackageNotFound(
            f"{wp_id[:40]!r} is not the id of a work package.",
            fix=f"Use an id such as WP01; see spec-kitty agent tasks status --mission "
            f"{mission_slug}",
            details={"wp_id": wp_id[:200]},
        )
    return normalised
