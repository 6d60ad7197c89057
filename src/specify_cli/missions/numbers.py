"""The number that a mission gets in the repository's list when it is merged."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tip, landing_place
from specify_cli.git.process import try_git
from specify_cli.missions.metadata import META_FILE
from specify_cli.missions.mission import MISSIONS_FOLDER, list_missions

if TYPE_CHECKING:
    from specify_cli.git.repository import Repository
    from specify_cli.missions.mission import Mission


def mission_number(repo: Repository, mission: Mission, landing: str | None) -> int:
    """Return the mission's number; without one, one more than the highest that there is.

    Looked at: the missions in the main checkout, and those on the branch that missions land on (the
    one asked for, else the remote's default, else main or master), so that two missions on branches
    of their own get different numbers.
    """
    if mission.mission_number is not None:
        return mission.mission_number
    numbers = [other.mission_number or 0 for other in list_missions(mission.root)]
    base = landing_place(repo, landing)
    tip = None if base is None or base == mission.target_branch else branch_tip(repo, base)
    if tip is not None:
        numbers += _numbers_on(repo, tip)
    return max(numbers, default=0) + 1


def _numbers_on(repo: Repository, commit: str) -> list[int]:
    """Return the numbers of the missions in a commit, with one process however many there are."""
    found = try_git(
        repo.root,
        *("grep", "-h", "-o", "-E", "--no-line-number", "--no-column", "--no-color"),
        *(r'"mission_number": *"?[0-9]{1,9}', commit),
        *("--", f":(top,glob){MISSIONS_FOLDER}/*/{META_FILE}"),
    )
    return [int(re.sub("[^0-9]", "", line)) for line in found.stdout.splitlines()]
