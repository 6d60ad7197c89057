"""The lanes of a work package, as the event contract names them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from specify_cli.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


class UnknownLane(UsageError):
    """A word that names no lane."""

    code = "UNKNOWN_LANE"


class Lane(StrEnum):
    """Where a work package stands.

    `GENESIS` is the state before the tasks are finalized; `UNINITIALIZED` is what a reader answers
    for a work package that the log does not know. Neither is ever a target.
    """

    PLANNED = "planned"
    CLAIMED = "claimed"
    IN_PROGRESS = "in_progress"
    FOR_REVIEW = "for_review"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DONE = "done"
    BLOCKED = "blocked"
    CANCELED = "canceled"
    GENESIS = "genesis"
    UNINITIALIZED = "uninitialized"

    @property
    def shown(self) -> str:
        """The lane as people read it; what no log knows yet is not finalized."""
        return "not finalized" if self is Lane.UNINITIALIZED else self.value


DISPLAY_LANES: tuple[Lane, ...] = (
    Lane.PLANNED,
    Lane.CLAIMED,
    Lane.IN_PROGRESS,
    Lane.FOR_REVIEW,
    Lane.IN_REVIEW,
    Lane.APPROVED,
    Lane.DONE,
    Lane.BLOCKED,
    Lane.CANCELED,
)
"""The nine lanes of a board, in the order work moves through them."""

TERMINAL_LANES = frozenset({Lane.DONE, Lane.CANCELED})

_WEIGHTS = {
    Lane.CLAIMED: 0.05,
    Lane.IN_PROGRESS: 0.3,
    Lane.FOR_REVIEW: 0.6,
    Lane.IN_REVIEW: 0.7,
    Lane.APPROVED: 0.8,
    Lane.DONE: 1.0,
}


def weighted_percentage(lanes: Iterable[Lane]) -> float:
    """Return the progress of work packages in these lanes, 0 to 100 with one decimal.

    Each lane counts as a part of the way to done; canceled work packages do not count.
    """
    counted = [lane for lane in lanes if lane is not Lane.CANCELED]
    if not counted:
        return 0.0
    return round(100 * sum(_WEIGHTS.get(lane, 0.0) for lane in counted) / len(counted), 1)


LANE_ALIASES = {"doing": Lane.IN_PROGRESS}
"""Words of people for a lane; only `parse_lane` knows them, a log never holds one."""


def parse_lane(text: str) -> Lane:
    """Return the lane a person named: any case, `-` for `_`, alias `doing`.

    Raises:
        UnknownLane: UNKNOWN_LANE, with the lanes there are.
    """
    word = text.strip().lower().replace("-", "_").replace(" ", "_")
    if word in LANE_ALIASES:
        return LANE_ALIASES[word]
    if word in DISPLAY_LANES:
        return Lane(word)
    raise UnknownLane(
        f"there is no lane {text[:60]!r}.",
        fix="Use one of: " + ", ".join(DISPLAY_LANES),
        details={"lane": text[:200], "lanes": [lane.value for lane in DISPLAY_LANES]},
    )
