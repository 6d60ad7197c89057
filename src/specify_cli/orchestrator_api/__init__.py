"""The orchestrator API: an external program drives missions through its commands, each answered in JSON.

`execute` runs one of them; `spec-kitty orchestrator-api` and the HTTP server are thin doors to it.
The contract is published in `contracts/published/orchestrator_{request,api}.schema.json`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.orchestrator_api.envelope import CONTRACT_VERSION, MIN_PROVIDER_VERSION
    from specify_cli.orchestrator_api.operations import OPERATIONS, Operation, execute, exit_status

_MODULES = {
    "CONTRACT_VERSION": "envelope",
    "MIN_PROVIDER_VERSION": "envelope",
    "OPERATIONS": "operations",
    "Operation": "operations",
    "execute": "operations",
    "exit_status": "operations",
}

__all__ = [
    "CONTRACT_VERSION",
    "MIN_PROVIDER_VERSION",
    "OPERATIONS",
    "Operation",
    "execute",
    "exit_status",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    from importlib import import_module

    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
