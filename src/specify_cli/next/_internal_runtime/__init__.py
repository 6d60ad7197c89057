"""The mission runtime: descriptions, runs, planning. Private to `specify_cli.next` (000 FR-001).

Nothing here knows the command line, a terminal or work packages. Outside `specify_cli.next` only the
names below may be relied on.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime.discovery import DiscoveryContext
    from specify_cli.next._internal_runtime.emitter import NullEmitter
    from specify_cli.next._internal_runtime.engine import (
        next_step,
        provide_decision_answer,
        start_mission_run,
    )
    from specify_cli.next._internal_runtime.run import MissionRunRef
    from specify_cli.next._internal_runtime.schema import MissionPolicySnapshot, NextDecision

__all__ = [
    "DiscoveryContext",
    "MissionPolicySnapshot",
    "MissionRunRef",
    "NextDecision",
    "NullEmitter",
    "next_step",
    "provide_decision_answer",
    "start_mission_run",
]

_HOMES = {
    "DiscoveryContext": "discovery",
    "MissionPolicySnapshot": "schema",
    "MissionRunRef": "run",
    "NextDecision": "schema",
    "NullEmitter": "emitter",
    "next_step": "engine",
    "provide_decision_answer": "engine",
    "start_mission_run": "engine",
}


def __getattr__(name: str) -> object:
    """Load a public name when it is asked for: most callers want one module only."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
