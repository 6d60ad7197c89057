"""Where work packages stand, for whom that matters: who has them and which steps are open to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.board import is_self_review
from specify_cli.missions.dependencies import unmet_dependencies
from specify_cli.missions.mission import folded_log
from specify_cli.missions.work_packages import (
    find_work_package,
    normalise_wp_id,
    scan_work_packages,
)
from specify_cli.status.lanes import Lane
from specify_cli.status.transitions import legal_targets, needs

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board


class OpenStep(NamedTuple):
    """A lane that a work package can go to, and what its guard asks for."""

    to_lane: Lane
    needs: str


class Standing(NamedTuple):
    """Where one work package stands.

    Attributes:
        wp_id: The work package.
        title: From its file; None for one that only the log knows.
        lane: Its lane.
        since: Since when it stands there, in UTC; None when the log does not know it.
        actor: Who moved it there.
        implementer: Who has it, or had it.
        reviewer: Who reviews it, or did last.
        self_review: Whether the latest review is by the implementer.
        blocked_from: While it is blocked, the lane it came from.
        blocked_for: While it is blocked, why, if somebody said so.
        review_ref: The latest review it refers to.
        waits_for: Work packages it builds on that are not approved.
        forced: How often somebody moved it by force.
        wire_forces: How often the log says `force` only because the events contract asks for it.
        next: The lanes it can go to without force.
    """

    wp_id: str
    title: str | None
    lane: Lane
    since: str | None
    actor: str | None
    implementer: str | None
    reviewer: str | None
    self_review: bool
    blocked_from: Lane | None
    blocked_for: str | None
    review_ref: str | None
    waits_for: tuple[str, ...]
    forced: int
    wire_forces: int
    next: tuple[OpenStep, ...]

    def to_json(self) -> JsonObject:
        """Return the standing as it stands in `work_packages`."""
        return {
            "wp_id": self.wp_id,
            "title": self.title,
            "lane": self.lane.value,
            "since": self.since,
            "actor": self.actor,
            "implementer": self.implementer,
            "reviewer": self.reviewer,
            "self_review": self.self_review,
            "blocked_from": None if self.blocked_from is None else self.blocked_from.value,
            "blocked_reason": self.blocked_for,
            "review_ref": self.review_ref,
            "waits_for": list(self.waits_for),
            "force_count": self.forced + self.wire_forces,
            "wire_force_count": self.wire_forces,
            "next_lanes": [{"lane": step.to_lane.value, "needs": step.needs} for step in self.next],
        }

    def to_text(self) -> str:
        """Return the standing for people, on several lines."""
        since = f" since {self.since[:19].replace('T', ' ')}" if self.since else ""
        by = f", moved by {self.actor}" if self.actor else ""
        lines = [
            f"{self.wp_id}  {self.title or '(no file)'}",
            f"  lane         {self.lane.shown}{since}{by}",
        ]
        if self.blocked_from is not None:
            lines.append(f"  blocked from {self.blocked_from}")
        if self.blocked_for:
            lines.append(f"  because      {' '.join(self.blocked_for.split())}")
        if self.implementer:
            lines.append(f"  implementer  {self.implementer}")
        if self.reviewer:
            own = " (a self-review)" if self.self_review else ""
            lines.append(f"  reviewer     {self.reviewer}{own}")
        elif self.self_review:
            lines.append("  reviewer     the implementer (a self-review)")
        if self.review_ref:
            lines.append(f"  review       {self.review_ref}")
        if self.waits_for:
            lines.append(f"  waits for    {', '.join(self.waits_for)}")
        if self.forced:
            lines.append(
                f"  forced       {self.forced} times" if self.forced > 1 else "  forced       once"
            )
        if not self.next:
            lines.append("  next         nothing without --force")
        for number, step in enumerate(self.next):
            label = "next" if number == 0 else ""
            lines.append(f"  {label:<12} {step.to_lane} (needs {step.needs})")
        return "\n".join(lines)


class MissionStanding(NamedTuple):
    """Where the work packages of a mission stand.

    Attributes:
        mission_slug: The mission.
        work_packages: The ones asked for, by number.
        problems: Lines of the log that cannot be used, as `line N: reason`.
        unknown_rows: Rows of the log that this version does not know; they are kept.
    """

    mission_slug: str
    work_packages: tuple[Standing, ...]
    problems: tuple[str, ...]
    unknown_rows: int = 0

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent status show`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "work_packages": [standing.to_json() for standing in self.work_packages],
            "log_problems": list(self.problems),
            "log_unknown_rows": self.unknown_rows,
        }

    def to_text(self) -> str:
        """Return the standings for people."""
        lines = [standing.to_text() for standing in self.work_packages]
        if not lines:
            lines.append("There are no work packages yet.")
        lines += [f"log: {problem}" for problem in self.problems]
        if self.unknown_rows:
            lines.append(f"log: {self.unknown_rows} rows of a kind unknown to this version")
        return "\n".join(lines)


def mission_standing(mission: Mission, wp_id: str | None = None) -> MissionStanding:
    """Tell where work packages stand and where they can go. Writes nothing.

    Args:
        mission: The mission.
        wp_id: One work package, in any notation; all of them when it is None. One that only the
            log knows is found too.

    Raises:
        WorkPackageNotFound: WP_NOT_FOUND: neither files nor log know it.
        ReadFailed: READ_FAILED.
    """
    log = folded_log(mission)
    files = {package.id: package for package in scan_work_packages(mission).work_packages}
    board = log.board(files)
    ids = tuple(board.work_packages)
    if wp_id is not None:
        wanted = normalise_wp_id(wp_id) or wp_id
        ids = (wanted,) if wanted in ids else (find_work_package(mission, wp_id).id,)
    return MissionStanding(
        mission.slug,
        tuple(_standing(one, files.get(one), board) for one in ids),
        tuple(f"line {problem.line}: {problem.reason}" for problem in log.problems),
        log.summary.unknown,
    )


def _standing(wp_id: str, package: WorkPackage | None, board: Board) -> Standing:
    state = board.work_packages[wp_id]
    waits = state.implementer is None and state.lane not in (Lane.DONE, Lane.CANCELED)
    return Standing(
        wp_id=wp_id,
        title=package.title if package else None,
        lane=state.lane,
        since=state.last_transition_at,
        actor=state.actor,
        implementer=state.implementer,
        reviewer=state.reviewer,
        self_review=is_self_review(state),
        blocked_from=state.blocked_from,
        blocked_for=state.blocked_for,
        review_ref=state.review_ref,
        waits_for=unmet_dependencies(package.dependencies, board) if package and waits else (),
        forced=state.user_forces,
        wire_forces=state.wire_forces,
        next=tuple(
            OpenStep(lane, needs(state.lane, lane, state.blocked_from) or "nothing")
            for lane in legal_targets(state.lane, state.blocked_from)
        ),
    )
