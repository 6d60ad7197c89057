"""Making the index and the pages of a mission's decisions again from its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.decisions.files import derived_files
from specify_cli.decisions.recording import Recording
from specify_cli.decisions.refusals import DecisionIndexCorrupt
from specify_cli.decisions.register import read_index
from specify_cli.missions.home import write_documents
from specify_cli.missions.mission import mission_log
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission


@dataclass(frozen=True, slots=True)
class RebuiltDecisions:
    """Derived files that were made again.

    Attributes:
        mission_slug: The mission.
        written: Files that were not as they have to be, relative to the project root.
        total: How many decisions there are.
        commit: The commit; None when nothing had to change.
    """

    mission_slug: str
    written: tuple[str, ...]
    total: int
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent decision rebuild`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "written": [*self.written],
            "total": self.total,
            "commit": self.commit,
        }

    def to_text(self) -> str:
        """Return the same for people."""
        if not self.written:
            return f"The files of {self.total} decisions are as the log says."
        return "\n".join(f"Made again from the log: {file}" for file in self.written)


def rebuild_decisions(project: Project, mission: Mission) -> RebuiltDecisions:
    """Make the index and the pages again from the log, whatever stands there now.

    An index that can be read still tells what the log is silent about; a damaged one is replaced.

    Raises:
        SpecKittyError: What `MissionStatus.change` raises; nothing is written then.
    """
    message = f"Rebuild the decision files ({mission.slug})"
    with MissionStatus.change(mission_log(project, mission), message=message) as change:
        try:
            index = read_index(mission)
        except DecisionIndexCorrupt:
            index = None
        now = Recording(mission, change, index)
        now.adopt()
        register = now.register
        files = {
            path: data
            for path, data in derived_files(mission, register).items()
            if not path.exists() or path.read_bytes() != data
        }
        beside = write_documents(project, mission, change, files, message) if files else None
    return RebuiltDecisions(
        mission.slug,
        tuple(sorted(map(mission.relative, files))),
        len(register.decisions),
        change.result.commit or beside,
    )
