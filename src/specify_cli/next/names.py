"""Names that agents give: their own, and that of a work package."""

from __future__ import annotations

from specify_cli.kernel.names import UnusableName as UnusableName
from specify_cli.kernel.names import check_agent as check_agent
from specify_cli.missions.work_packages import WorkPackageNotFound, normalise_wp_id


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
