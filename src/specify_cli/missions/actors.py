"""The name of whoever acts, as it goes on record."""

from __future__ import annotations

from specify_cli.events.free_text import public_name
from specify_cli.kernel.names import check_agent


def recorded_name(actor: str) -> str:
    """Return the name under which an actor is recorded, if it is usable at all.

    A name ends up in log rows, commit messages, file names and command lines.

    Raises:
        UnusableName: INVALID_ACTOR: empty, too long, or with a line break or another control.
    """
    check_agent(actor)
    return public_name(actor)
