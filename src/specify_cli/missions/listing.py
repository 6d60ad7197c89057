"""The missions of a project, one by one and all together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.missions.branches import missions_elsewhere
from specify_cli.missions.mission import scan_missions

if TYPE_CHECKING:
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.board import MissionBoard
    from specify_cli.missions.mission import Mission


class MissionList(NamedTuple):
    """Every mission of a project and the folders that cannot be read.

    Attributes:
        missions: Readable missions, sorted by slug.
        problems: One sentence for each unreadable mission folder.
        elsewhere: Branches of missions whose folder is not in this checkout.
    """

    missions: tuple[Mission, ...]
    problems: tuple[str, ...]
    elsewhere: tuple[str, ...] = ()

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `mission list`."""
        return {
            "result": "success",
            "missions": [_facts(mission) for mission in self.missions],
            "problems": list(self.problems),
            "on_other_branches": list(self.elsewhere),
        }

    def to_text(self) -> str:
        """Return one line for each mission."""
        if not self.missions and not self.problems and not self.elsewhere:
            return 'No missions yet. Start one: spec-kitty specify "Your title"'
        lines = [
            f"{mission.slug}  {_stage(mission)}  on {mission.target_branch or '(no branch)'}"
            for mission in self.missions
        ]
        lines += [f"unreadable: {problem}" for problem in self.problems]
        lines += [f"on another branch: git switch {branch}" for branch in self.elsewhere]
        return "\n".join(lines)


class MissionSummary(NamedTuple):
    """One mission and its board."""

    mission: Mission
    board: MissionBoard

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `mission show`."""
        return {"result": "success", **_facts(self.mission), "board": self.board.to_json()}

    def to_text(self) -> str:
        """Return the mission's facts above its board."""
        mission = self.mission
        return (
            f"{self.board.to_text()}\n"
            f"  id      {mission.mission_id or '(none)'}\n"
            f"  type    {mission.mission_type}\n"
            f"  branch  {mission.target_branch or '(none)'}\n"
            f"  stage   {_stage(mission)}\n"
            f"  folder  {mission.relative(mission.directory)}"
        )


def mission_list(project: Project) -> MissionList:
    """Read all missions of a project; an unreadable one is named, never hidden."""
    scan = scan_missions(project.root)
    here = [mission.slug for mission in scan.missions]
    here += [str(problem.details["mission_slug"]) for problem in scan.problems]
    return MissionList(
        scan.missions,
        tuple(problem.message for problem in scan.problems),
        tuple(missions_elsewhere(project.root, here)),
    )


def mission_summary(mission: Mission) -> MissionSummary:
    """Read one mission with its board.

    Raises:
        SpecKittyError: As `missions.board.mission_board`.
    """
    from specify_cli.missions.board import mission_board

    return MissionSummary(mission, mission_board(mission))


def _facts(mission: Mission) -> JsonObject:
    return {
        "mission_slug": mission.slug,
        "mission_id": mission.mission_id,
        "mission_number": mission.mission_number,
        "mission_type": mission.mission_type,
        "friendly_name": mission.friendly_name,
        "target_branch": mission.target_branch,
        "stage": _stage(mission),
        "created_at": mission.created_at,
        "accepted_at": mission.accepted_at,
        "merged_at": mission.merged_at,
        "folder": mission.relative(mission.directory),
    }


def _stage(mission: Mission) -> str:
    if mission.merged_at:
        return "merged"
    return "accepted" if mission.accepted_at else "open"
