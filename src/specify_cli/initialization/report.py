"""What a set-up did, or would do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from specify_cli.kernel.gate import check

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.agent_setup import AgentSetup
    from specify_cli.initialization.notices import Notice
    from specify_cli.initialization.placing import Plan


@dataclass(frozen=True, slots=True)
class SetupReport:
    """What `init` and `agent config` did to files.

    Attributes:
        agents: All agents that are set up now, those of earlier runs included.
        created: Files that were written and did not exist; below the home folder with `~/`.
        updated: Files that existed and were completed or renewed.
        removed: Files that were deleted.
        kept: Files that would have been changed, but hold something of the user's.
        notices: Why, and what else the user should know.
        copies: Files that were replaced on request, each with where the user's version is.
        dry_run: Nothing was written.
        project_uuid: The project's identity, from `init`.
        project_slug: The project's name, from `init`.
    """

    agents: tuple[str, ...]
    created: tuple[str, ...]
    updated: tuple[str, ...]
    removed: tuple[str, ...]
    kept: tuple[str, ...]
    notices: tuple[Notice, ...]
    copies: tuple[tuple[str, str], ...] = ()
    dry_run: bool = False
    project_uuid: str | None = None
    project_slug: str | None = None

    def to_json(self) -> AgentSetup:
        """Return the `--json` document (`agent_setup`).

        Raises:
            ContractViolation: CONTRACT_VIOLATION.
        """
        document: AgentSetup = {
            "result": "success",
            "agents": [*self.agents],
            "created": [*self.created],
            "updated": [*self.updated],
            "removed": [*self.removed],
            "kept": [*self.kept],
            "notices": [notice.to_wire() for notice in self.notices],
            "copies": [{"path": path, "copy": copy} for path, copy in self.copies],
            "dry_run": self.dry_run,
        }
        if self.project_uuid is not None and self.project_slug is not None:
            document["project_uuid"] = self.project_uuid
            document["project_slug"] = self.project_slug
        check("agent_setup", document)
        return document

    def to_lines(self) -> list[str]:
        """Return what happened, for people, one line for each file."""
        words = {
            "wrote": self.created,
            "updated": self.updated,
            "removed": self.removed,
        }
        will = "would have " if self.dry_run else ""
        lines = [f"  {will}{word}  {path}" for word, paths in words.items() for path in paths]
        lines += [f"  saved  {path} (your version) as {copy}" for path, copy in self.copies]
        return lines + [
            f"  {'kept' if notice.path in self.kept else 'note'}  {notice.path}: {notice.message}"
            for notice in self.notices
        ]


def report_of(
    plans: tuple[Plan, ...],
    agents: tuple[str, ...],
    *,
    notices: tuple[Notice, ...] = (),
    copies: tuple[tuple[str, str], ...] = (),
    dry_run: bool = False,
    project: tuple[str, str] | None = None,
) -> SetupReport:
    """Compose the report of one command.

    Args:
        plans: What it planned in each place.
        agents: All agents afterwards.
        notices: Further ones.
        copies: What carrying out saved.
        dry_run: Nothing was carried out.
        project: Identity and name of the project, from `init`.
    """

    def shown(field: str) -> tuple[str, ...]:
        return tuple(plan.place.shown(path) for plan in plans for path in getattr(plan, field))

    uuid, slug = project or (None, None)
    return SetupReport(
        agents=agents,
        created=shown("created"),
        updated=shown("updated"),
        removed=shown("removed"),
        kept=shown("kept"),
        notices=(*(notice for plan in plans for notice in plan.notices), *notices),
        copies=copies,
        dry_run=dry_run,
        project_uuid=uuid,
        project_slug=slug,
    )
