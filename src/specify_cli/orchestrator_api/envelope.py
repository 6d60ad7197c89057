"""The one answer of the API: an envelope of exactly seven keys, success or failure (001 FR-013)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, cast

from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.gate import check

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spec_kitty_contracts.wire.orchestrator_api import OrchestratorEnvelope

CONTRACT_VERSION = "1.5.0"
"""Version of this API."""
MIN_PROVIDER_VERSION = "0.1.0"
"""The oldest client that is served."""
SURFACE = "orchestrator_api"
UNKNOWN = "unknown"
"""The command that a failure names when it is not known which one was meant."""


def success(command: str, data: Mapping[str, object]) -> OrchestratorEnvelope:
    """Compose the answer of a command that did what was asked.

    Args:
        command: Its name, without the prefix.
        data: What it answers.

    Raises:
        ContractViolation: CONTRACT_VIOLATION: the answer is not what the contract promises.
    """
    return _envelope(command, None, data)


def failure(command: str, error_code: str, data: Mapping[str, object]) -> OrchestratorEnvelope:
    """Compose the answer of a command that refused or failed.

    Args:
        command: Its name, without the prefix, or `UNKNOWN`.
        error_code: One of the contract's codes for that command.
        data: `message`, `fix` and further facts.

    Raises:
        ContractViolation: CONTRACT_VIOLATION: the contract does not know the code, or data lacks
            something.
    """
    return _envelope(command, error_code, data)


def _envelope(
    command: str, error_code: str | None, data: Mapping[str, object]
) -> OrchestratorEnvelope:
    envelope = cast(
        "OrchestratorEnvelope",
        {
            "contract_version": CONTRACT_VERSION,
            "command": f"orchestrator-api.{command}",
            "timestamp": isoformat(utc_now()),
            "correlation_id": f"corr-{os.urandom(16).hex()}",
            "success": error_code is None,
            "error_code": error_code,
            "data": dict(data),
        },
    )
    check(SURFACE, envelope)
    return envelope
