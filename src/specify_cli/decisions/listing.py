"""Listing the questions of a mission's planning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.decisions.register import load_register

if TYPE_CHECKING:
    from specify_cli.decisions.decision import Decision, DecisionStatus
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission


@dataclass(frozen=True, slots=True)
class DecisionList:
    """The decisions of a mission.

    Attributes:
        mission_slug: The mission.
        decisions: All, or those of one status, oldest first.
        total: How many there are.
    """

    mission_slug: str
    decisions: tuple[Decision, ...]
    total: int

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent decision list`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "decisions": [decision.to_json() for decision in self.decisions],
            "total": self.total,
        }

    def to_text(self) -> str:
        """Return one line for each, with its answer."""
        if not self.decisions:
            what = "no decision" if not self.total else "none of them has that status"
            return f"{self.mission_slug}: {what}."
        lines = []
        for one in self.decisions:
            said = f" -> {' '.join(one.final_answer.split())}" if one.final_answer else ""
            question = " ".join(one.question.split())
            lines.append(f"{one.decision_id}  {one.status:<8}  {question}{said}")
        return "\n".join(lines)


def list_decisions(
    project: Project, mission: Mission, *, status: DecisionStatus | None = None
) -> DecisionList:
    """Read the decisions of a mission. Writes nothing.

    Args:
        project: The project.
        mission: The mission.
        status: Only those of this status.

    Raises:
        ReadFailed: READ_FAILED.
        DecisionIndexCorrupt: DECISION_INDEX_CORRUPT.
    """
    every = load_register(mission).decisions
    shown = tuple(one for one in every if status is None or one.status == status)
    return DecisionList(mission.slug, shown, len(every))
