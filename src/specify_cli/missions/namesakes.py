"""The unfinished mission of the same words, so that asking twice for one mission does not make two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.missions.branches import branches_holding
from specify_cli.missions.handles import slug_answers_to
from specify_cli.missions.mission import scan_missions

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.missions.mission import Mission

_SHOWN = 3


class MissionExists(SpecKittyError):
    """There is an unfinished mission of these words that is not the one that was asked for."""

    code = "MISSION_ALREADY_EXISTS"


def unfinished_namesake(root: Path, words: str, mission_type: str) -> Mission | None:
    """Return the one unmerged mission whose slug has these words; None when there is none.

    Two of them would share their short handle, so whoever asks for a second one most likely asks again.
    A mission that is merged stands in nobody's way.

    Args:
        root: The main checkout.
        words: The slug without its id.
        mission_type: What is asked for.

    Raises:
        MissionExists: MISSION_ALREADY_EXISTS: it has another type, there are several, or it is on a
            branch that is not checked out.
        GitFailed: GIT_FAILED.
    """
    here = scan_missions(root).missions
    same = [one for one in here if one.merged_at is None and slug_answers_to(one.slug, words)]
    if len(same) == 1 and same[0].mission_type == mission_type:
        return same[0]
    if same:
        raise MissionExists(
            f"there already is an unfinished mission {same[0].slug} of type {same[0].mission_type}"
            + (f", and {len(same) - 1} more of these words." if len(same) > 1 else "."),
            fix=f"Go on with {same[0].slug}, or choose another title.",
            details={"missions": [one.slug for one in same]},
        )
    known = {one.slug for one in here}
    elsewhere = branches_holding(
        root, lambda slug: slug not in known and slug_answers_to(slug, words)
    )
    if not elsewhere:
        return None
    raise MissionExists(
        f"there is a mission {words} on a branch that is not checked out: {elsewhere[0]}.",
        fix=" or ".join(f"git switch {name}" for name in elsewhere[:_SHOWN])
        + "; or choose another title.",
        details={"missions": [], "branches": [*elsewhere]},
    )
