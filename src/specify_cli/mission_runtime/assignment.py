"""What a work package asks for and builds on: files, requirements, and what its dependencies delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.process import try_git
from specify_cli.kernel.files import read_text
from specify_cli.missions.documents import SPEC_FILE
from specify_cli.missions.requirements import declared_requirements
from specify_cli.missions.work_packages import WorkPackageNotFound, find_work_package
from specify_cli.missions.workspaces import (
    BASE_COMMIT,
    HEAD_COMMIT,
    REVIEWED_COMMIT,
    recorded_commit,
)

if TYPE_CHECKING:
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission
    from specify_cli.missions.work_packages import WorkPackage
    from specify_cli.status.board import Board, WorkPackageState

_SHOWN_COMMITS = 10


class Requirement(NamedTuple):
    """A requirement that a work package serves.

    Attributes:
        id: Such as "FR-001".
        text: What spec.md says; empty when it declares no such requirement.
    """

    id: str
    text: str


class Delivery(NamedTuple):
    """A work package that another builds on.

    Attributes:
        wp_id: Such as "WP01".
        title: Its title.
        lane: Its place on the board.
        commits: What it delivered: "<short hash> <subject>", the newest first, at most ten.
    """

    wp_id: str
    title: str
    lane: str
    commits: tuple[str, ...]


class Assignment(NamedTuple):
    """What a work package asks for and builds on.

    Attributes:
        agent_profile: The profile to work as, or None.
        owned_files: Globs relative to the project root that it may change; empty for any.
        requirements: What it must meet: its acceptance criteria besides its own text.
        dependencies: What it builds on, in the order its file names them.
    """

    agent_profile: str | None
    owned_files: tuple[str, ...]
    requirements: tuple[Requirement, ...]
    dependencies: tuple[Delivery, ...]

    def to_json(self) -> JsonObject:
        """Return the assignment as JSON."""
        return {
            "agent_profile": self.agent_profile,
            "owned_files": [*self.owned_files],
            "requirements": [{"id": item.id, "text": item.text} for item in self.requirements],
            "dependencies": [
                {
                    "wp_id": item.wp_id,
                    "title": item.title,
                    "lane": item.lane,
                    "commits": [*item.commits],
                }
                for item in self.dependencies
            ],
        }

    def to_text(self) -> str:
        """Return the same in Markdown."""
        lines = []
        if self.agent_profile is not None:
            lines.append(f"- Work as: {self.agent_profile}")
        lines += [f"- Owned: {glob}" for glob in self.owned_files]
        lines += [
            f"- Requirement {item.id}: {item.text}" if item.text else f"- Requirement {item.id}"
            for item in self.requirements
        ]
        for item in self.dependencies:
            lines.append(f"- Builds on {item.wp_id} ({item.lane}): {item.title}")
            lines += [f"  - {commit}" for commit in item.commits]
        return "\n".join(lines)


def assignment_of(mission: Mission, package: WorkPackage, board: Board) -> Assignment:
    """Find out what a work package asks for and builds on. Reads only.

    Starts one git process for each dependency that recorded commits.

    Args:
        mission: The mission.
        package: The work package.
        board: The mission's board.

    Raises:
        SpecKittyError: INVALID_WORK_PACKAGE, DUPLICATE_WP_ID, READ_FAILED.
    """
    return Assignment(
        agent_profile=package.agent_profile,
        owned_files=package.owned_files,
        requirements=_requirements(mission, package),
        dependencies=tuple(_delivery(mission, wp_id, board) for wp_id in package.dependencies),
    )


def _requirements(mission: Mission, package: WorkPackage) -> tuple[Requirement, ...]:
    if not package.requirement_refs:
        return ()
    try:
        declared = declared_requirements(read_text(mission.directory / SPEC_FILE))
    except FileNotFoundError:
        declared = ()
    texts = {item.id: item.text for item in reversed(declared)}
    return tuple(Requirement(ref, texts.get(ref, "")) for ref in package.requirement_refs)


def _delivery(mission: Mission, wp_id: str, board: Board) -> Delivery:
    state = board.work_packages.get(wp_id)
    try:
        title = find_work_package(mission, wp_id).title
    except WorkPackageNotFound:
        title = wp_id  # only the board knows it
    lane = "planned" if state is None else state.lane.shown
    return Delivery(wp_id, title, lane, _commits(mission, state))


def _commits(mission: Mission, state: WorkPackageState | None) -> tuple[str, ...]:
    base = recorded_commit(state, BASE_COMMIT)
    tip = recorded_commit(state, REVIEWED_COMMIT) or recorded_commit(state, HEAD_COMMIT)
    if base is None or tip is None:
        return ()
    shown = ("--no-merges", f"--max-count={_SHOWN_COMMITS}", "--format=%h %s")
    # Commits that are not in this clone are nothing to show.
    listed = try_git(mission.root, "log", *shown, "--end-of-options", f"{base}..{tip}", "--")
    return tuple(listed.stdout.splitlines()) if listed.code == 0 else ()
