"""Decision moments: questions of a mission's planning, asked, answered, put off or dropped on record.

Each is an event of the mission's log first; `decisions/index.json` and `decisions/DM-<id>.md` follow
from the log and can be made again from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.decisions.closing import cancel_decision, defer_decision, resolve_decision
    from specify_cli.decisions.listing import list_decisions
    from specify_cli.decisions.opening import open_decision
    from specify_cli.decisions.rebuilding import rebuild_decisions
    from specify_cli.decisions.verification import verify_decisions

_MODULES = {
    "cancel_decision": "closing",
    "defer_decision": "closing",
    "list_decisions": "listing",
    "open_decision": "opening",
    "rebuild_decisions": "rebuilding",
    "resolve_decision": "closing",
    "verify_decisions": "verification",
}

__all__ = [
    "cancel_decision",
    "defer_decision",
    "list_decisions",
    "open_decision",
    "rebuild_decisions",
    "resolve_decision",
    "verify_decisions",
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
