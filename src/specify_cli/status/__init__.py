"""A mission's status: its log, the lanes and their rules, the board, and changes to them.

The names below are the package's public face. They are looked up on first use, so that importing one
of its modules does not import the others.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.status.board import Board, WorkPackageState, actor_label, fold, snapshot
    from specify_cli.status.checkpoint import checkpoint_path
    from specify_cli.status.doctor import Finding, examine_log
    from specify_cli.status.lanes import DISPLAY_LANES, Lane, UnknownLane, parse_lane
    from specify_cli.status.log import Log, LogProblem, read_log
    from specify_cli.status.materialize import Materialized, materialize_status
    from specify_cli.status.mission_status import (
        ChangeResult,
        MissionLog,
        MissionStatus,
        StatusChange,
        WrongBranch,
    )
    from specify_cli.status.pending import take_back_if_crashed
    from specify_cli.status.reading import FoldedLog, fold_log
    from specify_cli.status.repair import Repaired, RepairPlan, plan_repair, repair_log
    from specify_cli.status.timeline import TimelineEntry, timeline
    from specify_cli.status.transitions import (
        EDGES,
        TransitionRejected,
        TransitionRequest,
        check_transition,
        legal_targets,
        needs,
    )
    from specify_cli.status.validate import StatusReport, validate_log
    from specify_cli.status.wp_ids import normalise_wp_id

_MODULES = {
    "DISPLAY_LANES": "lanes",
    "EDGES": "transitions",
    "Board": "board",
    "ChangeResult": "mission_status",
    "Finding": "doctor",
    "FoldedLog": "reading",
    "Lane": "lanes",
    "Log": "log",
    "LogProblem": "log",
    "Materialized": "materialize",
    "MissionLog": "mission_status",
    "MissionStatus": "mission_status",
    "RepairPlan": "repair",
    "Repaired": "repair",
    "StatusChange": "mission_status",
    "StatusReport": "validate",
    "TimelineEntry": "timeline",
    "TransitionRejected": "transitions",
    "TransitionRequest": "transitions",
    "UnknownLane": "lanes",
    "WorkPackageState": "board",
    "WrongBranch": "mission_status",
    "actor_label": "board",
    "check_transition": "transitions",
    "checkpoint_path": "checkpoint",
    "examine_log": "doctor",
    "fold": "board",
    "fold_log": "reading",
    "legal_targets": "transitions",
    "materialize_status": "materialize",
    "needs": "transitions",
    "normalise_wp_id": "wp_ids",
    "parse_lane": "lanes",
    "plan_repair": "repair",
    "read_log": "log",
    "repair_log": "repair",
    "snapshot": "board",
    "take_back_if_crashed": "pending",
    "timeline": "timeline",
    "validate_log": "validate",
}

__all__ = [
    "DISPLAY_LANES",
    "EDGES",
    "Board",
    "ChangeResult",
    "Finding",
    "FoldedLog",
    "Lane",
    "Log",
    "LogProblem",
    "Materialized",
    "MissionLog",
    "MissionStatus",
    "RepairPlan",
    "Repaired",
    "StatusChange",
    "StatusReport",
    "TimelineEntry",
    "TransitionRejected",
    "TransitionRequest",
    "UnknownLane",
    "WorkPackageState",
    "WrongBranch",
    "actor_label",
    "check_transition",
    "checkpoint_path",
    "examine_log",
    "fold",
    "fold_log",
    "legal_targets",
    "materialize_status",
    "needs",
    "normalise_wp_id",
    "parse_lane",
    "plan_repair",
    "read_log",
    "repair_log",
    "snapshot",
    "take_back_if_crashed",
    "timeline",
    "validate_log",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value
