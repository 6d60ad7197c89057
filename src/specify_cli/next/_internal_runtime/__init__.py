"""The mission runtime: descriptions, runs, planning. Private to `specify_cli.next` (000 FR-001).

Nothing here knows the command line, a terminal or work packages. Outside `specify_cli.next` only the
names below may be relied on.
"""

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
