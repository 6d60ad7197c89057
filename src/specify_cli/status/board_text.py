"""The board as plain text: nine lanes, the work packages in them, no colours and no boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.status.lanes import DISPLAY_LANES, Lane

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.status.board import Board, WorkPackageState


def render_board(board: Board, titles: Mapping[str, str] | None = None) -> str:
    """Render a board, one lane after the other in the order work moves through them.

    Lanes without work packages are named on one line at the end. Work packages that the log does not
    know come last.

    Args:
        board: The board.
        titles: Work package id to its title.

    Returns:
        Lines without a final newline, fit for any terminal and for a file.
    """
    names = titles or {}
    known = board.work_packages
    absent = [wp_id for wp_id in names if wp_id not in known]
    if not known and not absent:
        return "No work packages yet."
    width = max(len(wp_id) for wp_id in (*known, *absent))
    lines: list[str] = []
    empty: list[str] = []
    for lane in DISPLAY_LANES:
        in_lane = board.in_lane(lane)
        if not in_lane:
            empty.append(lane)
            continue
        lines.append(f"{lane} ({len(in_lane)})")
        lines += [_line(wp_id, known[wp_id], names.get(wp_id), width) for wp_id in in_lane]
    waiting = [*board.in_lane(Lane.UNINITIALIZED, Lane.GENESIS), *absent]
    if waiting:
        lines.append(f"not planned yet ({len(waiting)})")
        lines += [f"  {wp_id:<{width}}  {names.get(wp_id, '')}".rstrip() for wp_id in waiting]
    if empty:
        lines.append("empty: " + ", ".join(empty))
    return "\n".join(lines)


def _line(wp_id: str, state: WorkPackageState, title: str | None, width: int) -> str:
    facts = []
    if state.lane in (Lane.FOR_REVIEW, Lane.CLAIMED, Lane.IN_PROGRESS) and state.implementer:
        facts.append(state.implementer)
    elif state.lane in (Lane.IN_REVIEW, Lane.APPROVED) and state.reviewer:
        facts.append(f"reviewer {state.reviewer}")
    if state.subtasks:
        done = sum(status == "done" for status in state.subtasks.values())
        facts.append(f"{done}/{len(state.subtasks)} subtasks")
    if state.blocked_from is not None:
        facts.append(f"was {state.blocked_from}")
    tail = f"  [{', '.join(facts)}]" if facts else ""
    return f"  {wp_id:<{width}}  {title or ''}{tail}".rstrip()
