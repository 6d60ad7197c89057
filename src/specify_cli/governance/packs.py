"""Organisation packs: governance that several projects share, named in `.kittify/config.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.governance.configuration import governance_configuration
from specify_cli.governance.places import CONFIG_FILE
from specify_cli.governance.problems import Problem, refuse
from specify_cli.governance.sources import Pack

if TYPE_CHECKING:
    from pathlib import Path


def configured_packs(root: Path) -> tuple[Pack, ...]:
    """Return the organisation packs of a project, the lowest layer first.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: the section `governance` cannot be used.
        ReadFailed: READ_FAILED.
    """
    section, line = governance_configuration(root)
    problems: list[Problem] = []
    packs: list[Pack] = []
    for at, pack in enumerate(section.get("packs") or []):
        place = line(f"$.governance.packs[{at}]")
        if any(pack["name"] == other.name for other in packs):
            problems.append(Problem(CONFIG_FILE, place, f"two packs are called {pack['name']}"))
        packs.append(Pack(pack["name"], root / pack["path"], place))
    refuse(problems)
    return tuple(packs)
