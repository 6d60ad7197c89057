"""The section `governance` of `.kittify/config.yaml`: organisation packs, the token budget."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.governance.declarations import lines_of, parsed
from specify_cli.governance.places import CONFIG_FILE, PROJECT
from specify_cli.governance.problems import Problem, refuse
from specify_cli.governance.sources import SourceFile
from specify_cli.kernel.files import read_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from spec_kitty_contracts.wire.governance_config import GovernanceConfig

SURFACE = "governance_config"


class Configuration(NamedTuple):
    """What a project's configuration says about governance.

    Attributes:
        section: The section; empty without one.
        line: Returns the line of a path such as `$.governance.packs`.
    """

    section: GovernanceConfig
    line: Callable[[str], int | None]


def governance_configuration(root: Path) -> Configuration:
    """Return the section of a project.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: the section cannot be used.
        ReadFailed: READ_FAILED.
    """
    return _configuration(read_text(root / CONFIG_FILE))


def configured_budget(root: Path) -> int | None:
    """Return how many tokens governance may take in a prompt; None without a limit.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: the section cannot be used.
        ReadFailed: READ_FAILED.
    """
    return governance_configuration(root).section.get("token_budget")


@lru_cache(maxsize=8)
def _configuration(text: str) -> Configuration:
    from spec_kitty_contracts.gate import violations

    problems: list[Problem] = []
    document = parsed(SourceFile(PROJECT, CONFIG_FILE, text), problems)
    refuse(problems)
    section = (document or {}).get("governance")
    line = lines_of(text)
    if section is None:
        return Configuration({}, line)
    for found in violations(SURFACE, section):
        path = f"$.governance{found.path.removeprefix('$')}"
        message = f"{path.removeprefix('$.')}: {found.expected} is needed, found {found.found}"
        problems.append(Problem(CONFIG_FILE, line(path), message))
    refuse(problems)
    return Configuration(cast("GovernanceConfig", section), line)
