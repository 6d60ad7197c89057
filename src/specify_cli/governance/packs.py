"""Organisation packs: governance that several projects share, named in `.kittify/config.yaml`."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, cast

from specify_cli.governance.declarations import lines_of, parsed
from specify_cli.governance.places import CONFIG_FILE, PROJECT
from specify_cli.governance.problems import Problem, refuse
from specify_cli.governance.sources import Pack, SourceFile
from specify_cli.kernel.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from spec_kitty_contracts.wire.governance_config import GovernanceConfig

SURFACE = "governance_config"


def configured_packs(root: Path) -> tuple[Pack, ...]:
    """Return the organisation packs of a project, the lowest layer first.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: the section `governance` cannot be used.
        ReadFailed: READ_FAILED.
    """
    return _configured(root, read_text(root / CONFIG_FILE))


@lru_cache(maxsize=8)
def _configured(root: Path, text: str) -> tuple[Pack, ...]:
    from spec_kitty_contracts.gate import violations

    problems: list[Problem] = []
    document = parsed(SourceFile(PROJECT, CONFIG_FILE, text), problems)
    refuse(problems)
    section = (document or {}).get("governance")
    if section is None:
        return ()
    line = lines_of(text)
    for found in violations(SURFACE, section):
        path = f"$.governance{found.path.removeprefix('$')}"
        message = f"{path.removeprefix('$.')}: {found.expected} is needed, found {found.found}"
        problems.append(Problem(CONFIG_FILE, line(path), message))
    refuse(problems)
    packs: list[Pack] = []
    for at, pack in enumerate(cast("GovernanceConfig", section).get("packs") or []):
        place = line(f"$.governance.packs[{at}]")
        if any(pack["name"] == other.name for other in packs):
            problems.append(Problem(CONFIG_FILE, place, f"two packs are called {pack['name']}"))
        packs.append(Pack(pack["name"], root / pack["path"], place))
    refuse(problems)
    return tuple(packs)
