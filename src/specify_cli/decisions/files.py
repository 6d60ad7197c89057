"""The files that follow from the decisions of a mission: the index, and a page for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.decisions.register import INDEX_FILE, decisions_folder
from specify_cli.kernel.files import json_document
from specify_cli.kernel.gate import check

if TYPE_CHECKING:
    from pathlib import Path

    from spec_kitty_contracts.wire.decision_index import DecisionIndex
    from specify_cli.decisions.decision import Decision
    from specify_cli.decisions.register import Register
    from specify_cli.missions.mission import Mission

_NONE = "_(none)_"


def page_path(mission: Mission, decision_id: str) -> Path:
    """Return the page of a decision."""
    return decisions_folder(mission) / f"DM-{decision_id}.md"


def derived_files(mission: Mission, register: Register) -> dict[Path, bytes]:
    """Return every file that follows from the decisions, with its content; none without decisions.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    decisions = register.decisions
    if not decisions:
        return {}
    pages = {page_path(mission, one.decision_id): page(one) for one in decisions}
    return {decisions_folder(mission) / INDEX_FILE: index_bytes(mission, decisions), **pages}


def index_bytes(mission: Mission, decisions: tuple[Decision, ...]) -> bytes:
    """Render the index.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
    """
    index: DecisionIndex = {
        "version": 1,
        "mission_id": mission.mission_id or mission.slug,
        "entries": [decision.entry() for decision in decisions],
    }
    check("decision_index", index)
    return json_document(index)


def page(decision: Decision) -> bytes:
    """Render the page of a decision.

    Texts of people stand in quotes, so that no heading or fence of theirs becomes one of the page.
    """
    facts = [
        ("Mission", decision.mission_slug),
        ("Origin flow", decision.origin_flow),
        ("Step id", decision.step_id),
        ("Slot key", decision.slot_key),
        ("Input key", decision.input_key),
        ("Status", decision.status),
        ("Created", decision.created_at),
        ("Resolved", decision.resolved_at),
        ("Opened by", decision.opened_by),
        ("Resolved by", decision.resolved_by),
        ("Other answer", "true" if decision.other_answer else "false"),
    ]
    lines = [f"# Decision Moment `{decision.decision_id}`", ""]
    lines += [f"- **{name}:** `{_inline(value)}`" for name, value in facts if value is not None]
    lines += ["", "## Question", "", *_quoted(decision.question)]
    options = [f"- {_inline(option)}" for option in decision.options]
    lines += ["", "## Options", "", *(options or [_NONE])]
    lines += ["", "## Final answer", "", *_quoted(decision.final_answer)]
    lines += ["", "## Rationale", "", *_quoted(decision.rationale), "", "## Change log", ""]
    for change in decision.changes:
        who = f" by `{_inline(change.by)}`" if change.by else ""
        lines.append(f"- `{change.at}` — {change.what}{who}")
    return ("\n".join(lines) + "\n").encode("utf-8")


def _quoted(text: str | None) -> list[str]:
    if not text:
        return [_NONE]
    return [f"> {line}".rstrip() for line in text.splitlines()]


def _inline(text: str) -> str:
    """Return a text on one line that ends no code span."""
    return " ".join(text.split()).replace("`", "'")
