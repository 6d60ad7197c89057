"""Which agents there are, and how each of them stands in a project or below the home folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.initialization.agent_config import plan_for, wanted_files
from specify_cli.initialization.agents import AGENTS, unknown_names
from specify_cli.kernel.gate import check

if TYPE_CHECKING:
    from collections.abc import Collection

    from spec_kitty_contracts.wire.agent_list import AgentList, ListedAgent
    from specify_cli.initialization.agents import Agent
    from specify_cli.initialization.places import Place
    from specify_cli.initialization.placing import Plan

_STATES = {
    "none": "",
    "ready": "ready",
    "incomplete": "files are missing: spec-kitty agent config sync",
    "outdated": "there are newer files: spec-kitty agent config sync",
    "edited": "ready, with files that were kept as yours",
}


class AgentListing(NamedTuple):
    """All agents.

    Attributes:
        document: The `--json` document (`agent_list`).
    """

    document: AgentList

    def to_text(self) -> str:
        """Return the list for people."""
        agents = self.document["agents"]
        width = max(len(agent["key"]) for agent in agents)
        lines = []
        for agent in agents:
            mark = "*" if agent["configured"] else " "
            words = _STATES[agent["state"]] or agent["title"]
            lines.append(f"{mark} {agent['key']:<{width}}  {words}")
            lines += [f"    missing   {path}" for path in agent["missing"]]
            lines += [f"    outdated  {path}" for path in agent["outdated"]]
            lines += [f"    yours     {path}" for path in agent["kept"]]
        lines += [f"* {name:<{width}}  unknown here" for name in self.document["unknown"]]
        return "\n".join(
            [*lines, "", "* set up here. Add one with: spec-kitty agent config add NAME"]
        )


def list_agents(place: Place) -> AgentListing:
    """Return every agent, and for each that is set up which of its files are not as they should be.

    Args:
        place: The project or the home folder.

    Raises:
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
        ManifestCorrupt: MANIFEST_CORRUPT.
        ReadFailed: READ_FAILED.
    """
    plan, names = plan_for(place)
    document: AgentList = {
        "result": "success",
        "agents": [_listed(place, agent, plan, names) for agent in AGENTS],
        "unknown": [*unknown_names(names)],
    }
    check("agent_list", document)
    return AgentListing(document)


def _listed(place: Place, agent: Agent, plan: Plan, names: Collection[str]) -> ListedAgent:
    configured = agent.key in names
    files = wanted_files(place, (agent,)) if configured else {}
    missing, outdated, kept = (
        [place.shown(path) for path in paths if path in files]
        for paths in (plan.created, plan.updated, plan.kept)
    )
    pattern = agent.home_commands if place.is_home else agent.commands
    commands = (pattern or agent.commands).replace("{name}", "<name>")
    instructions = agent.instructions
    listed: ListedAgent = {
        "key": agent.key,
        "title": agent.title,
        "configured": configured,
        "state": "none",
        "commands": place.shown(commands),
        "instructions": instructions.path if instructions and not place.is_home else None,
        "invoke": agent.invoke.replace("{name}", "<name>"),
        "missing": missing,
        "outdated": outdated,
        "kept": kept,
    }
    if configured:
        listed["state"] = (
            "incomplete" if missing else "outdated" if outdated else "edited" if kept else "ready"
        )
    return listed
