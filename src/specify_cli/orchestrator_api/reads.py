"""Commands that only read: they write nothing, take no lock, and import no more than the board needs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.orchestrator_api.envelope import CONTRACT_VERSION, MIN_PROVIDER_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.orchestrator_api import (
        ContractVersionData,
        ListReadyData,
        MissionStateData,
        ResolveWorkspaceData,
    )

_VERSION = re.compile(
    r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})(?:[-+.]?[0-9A-Za-z][0-9A-Za-z.+-]*)?\Z"
)


class ProviderTooOld(SpecKittyError):
    """The client's version is too old, or none."""

    code = "CONTRACT_VERSION_MISMATCH"

    def __init__(self, version: str, problem: str) -> None:
        super().__init__(
            f"provider version {version[:60]!r} {problem}.",
            fix=f"Use a client of version {MIN_PROVIDER_VERSION} or newer.",
            details={
                "provider_version": version,
                "min_supported_provider_version": MIN_PROVIDER_VERSION,
                "api_version": CONTRACT_VERSION,
            },
        )


def contract_version(arguments: Mapping[str, object], start: Path | None) -> ContractVersionData:
    """Tell the version of this API, and refuse a client that is too old.

    Raises:
        ProviderTooOld: CONTRACT_VERSION_MISMATCH.
    """
    given = arguments.get("provider_version")
    if isinstance(given, str):
        version = _parsed(given)
        if version is None:
            raise ProviderTooOld(given, "is not a version such as 1.0.0")
        if version < (_parsed(MIN_PROVIDER_VERSION) or ()):
            raise ProviderTooOld(given, f"is older than {MIN_PROVIDER_VERSION}")
    return {
        "api_version": CONTRACT_VERSION,
        "min_supported_provider_version": MIN_PROVIDER_VERSION,
    }


def mission_state(arguments: Mapping[str, object], start: Path | None) -> MissionStateData:
    """Tell where every work package stands.

    Raises:
        SpecKittyError: As `scope.about` and `standings`.
    """
    from specify_cli.missions.readiness import standings
    from specify_cli.orchestrator_api.scope import about, identity, text
    from specify_cli.status.lanes import DISPLAY_LANES

    with about(text(arguments, "mission"), start) as (_, mission):
        found, log_problems, unknown_rows = standings(mission)
        lanes = [standing.lane for standing in found]
        return {
            **identity(mission),
            "summary": {lane.value: lanes.count(lane) for lane in DISPLAY_LANES},
            "work_packages": [
                {
                    "wp_id": standing.wp_id,
                    "lane": standing.lane.value,
                    "dependencies": list(standing.dependencies),
                    "last_actor": standing.actor,
                }
                for standing in found
            ],
            "log_problems": list(log_problems),
            "log_unknown_rows": unknown_rows,
        }


def list_ready(arguments: Mapping[str, object], start: Path | None) -> ListReadyData:
    """Tell which work packages can be started.

    Raises:
        SpecKittyError: As `scope.about` and `ready_work_packages`.
    """
    from specify_cli.missions.readiness import ready_work_packages
    from specify_cli.orchestrator_api.scope import about, identity, text

    with about(text(arguments, "mission"), start) as (_, mission):
        found, log_problems, _ = ready_work_packages(mission)
        return {
            **identity(mission),
            "ready_work_packages": [
                {
                    "wp_id": standing.wp_id,
                    "lane": standing.lane.value,
                    "dependencies_satisfied": True,
                    "claimed_by": standing.holder,
                }
                for standing in found
            ],
            "log_problems": list(log_problems),
        }


def resolve_workspace(arguments: Mapping[str, object], start: Path | None) -> ResolveWorkspaceData:
    """Tell where a work package is worked on; makes nothing.

    Raises:
        SpecKittyError: As `scope.about`; WP_NOT_FOUND, LANES_MISSING, WP_NOT_IN_LANE.
    """
    from specify_cli.missions.whereabouts import work_package_whereabouts
    from specify_cli.orchestrator_api.scope import about, identity, text

    with about(text(arguments, "mission"), start) as (project, mission):
        found = work_package_whereabouts(project, mission, text(arguments, "wp"))
        return {
            **identity(mission),
            "wp_id": found.wp_id,
            "workspace_path": str(found.path),
            "workspace_exists": found.exists,
            "prompt_path": str(found.work_package_file),
            "lane_id": found.lane.lane_id,
            "lane_branch": found.lane.branch,
            "lane_base_ref": found.base_commit,
        }


def _parsed(text: str) -> tuple[int, ...] | None:
    match = _VERSION.match(text.strip())
    return tuple(int(number) for number in match.groups()) if match else None
