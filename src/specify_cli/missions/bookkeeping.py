"""Files that the program itself keeps on the target branch, and how several acts share one commit.

A lane's worktree is a checkout, so it holds a copy of these files as they were when the lane was cut.
Only the copy on the target branch is the mission's: a lane that changes its own is refused at
hand-off, and a merge takes the target's version whatever a lane did.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from specify_cli.missions.lanes import LANES_FILE
from specify_cli.missions.metadata import META_FILE
from specify_cli.missions.mission import (
    DECISIONS_FOLDER,
    LOG_FILE,
    MISSIONS_FOLDER,
    TASKS_FOLDER,
    mission_log,
)
from specify_cli.status.board import STATUS_FILE
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from specify_cli.identity.project import Project
    from specify_cli.missions.mission import Mission
    from specify_cli.status.mission_status import StatusChange

BOOKKEEPING_FILES = (LOG_FILE, STATUS_FILE, META_FILE, LANES_FILE)
REVIEW_CYCLE = re.compile(r"review-cycle-([1-9][0-9]{0,5})\.md\Z")


def is_bookkeeping(path: str) -> bool:
    """Tell whether a path (relative to the checkout, forward slashes) is one of these files."""
    parts = path.split("/")
    if parts[0] != MISSIONS_FOLDER:
        return False
    if len(parts) == 3:
        return parts[2] in BOOKKEEPING_FILES
    if len(parts) == 4 and parts[2] == DECISIONS_FOLDER:
        return True
    return len(parts) == 5 and parts[2] == TASKS_FOLDER and bool(REVIEW_CYCLE.match(parts[4]))


@contextmanager
def joined(
    project: Project, mission: Mission, change: StatusChange | None, message: str
) -> Iterator[StatusChange]:
    """Take part in a status change that is in progress, or make one of one's own.

    Args:
        project: The project.
        mission: The mission.
        change: The change to join: whoever opened it commits it. None opens and commits one.
        message: The commit message of one's own change.

    Raises:
        SpecKittyError: Whatever opening or committing the change raises.
    """
    if change is not None:
        yield change
        return
    with MissionStatus.change(mission_log(project, mission), message=message) as own:
        yield own
