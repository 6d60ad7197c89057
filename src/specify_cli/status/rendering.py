"""The bytes of `status.json`: the same log gives the same ones (DESIGN.md P4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.kernel.files import json_document
from specify_cli.kernel.gate import check
from specify_cli.status.board import SnapshotMeta, snapshot

if TYPE_CHECKING:
    from specify_cli.status.board import Board
    from specify_cli.status.mission_log import MissionLog


def rendered(mission_log: MissionLog, board: Board) -> bytes:
    """Return `status.json` as the board says.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    log = mission_log
    meta = SnapshotMeta(log.mission_slug, log.mission_id, log.mission_number, log.mission_type)
    document = snapshot(board, meta)
    check("status_snapshot", document)
    return json_document(document)
