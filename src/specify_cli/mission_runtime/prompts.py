"""Prompt files, named after mission, step, work package and agent.

A second look is the same file, and two agents never share one.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from specify_cli.kernel.files import DISK, refuse_link_out
from specify_cli.mission_runtime.placement import ArtefactKind, place

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.mission_runtime.artefact import CommunicationArtefact
    from specify_cli.mission_runtime.context import ExecutionContext

_UNSAFE = r"[^A-Za-z0-9._-]+"
_MAX_AGENT = 40


def prompt_path(context: ExecutionContext) -> Path:
    """Return where the prompt of a step lies; it need not exist."""
    name = "-".join(
        part for part in (context.action, context.wp_id, _file_name(context.agent)) if part
    )
    return place(ArtefactKind.PROMPT, context.primary_root, slug=context.mission_slug, prompt=name)


def told_since(context: ExecutionContext, since: str | None) -> bool:
    """Tell whether an agent was given its prompt after a moment.

    Args:
        context: The step and the agent.
        since: The moment, as the log writes it; None means ever.
    """
    try:
        written = prompt_path(context).stat().st_mtime
    except OSError:
        return False
    return since is None or written >= datetime.fromisoformat(since).timestamp()


def write_prompt(artefact: CommunicationArtefact) -> Path:
    """Write the prompt of a step and return its path.

    Raises:
        WriteFailed: WRITE_FAILED.
        LinkLeadsOut: LINK_LEADS_OUT.
    """
    path = prompt_path(artefact.context)
    refuse_link_out(path.parent, artefact.context.primary_root)
    DISK.write_atomic(path, artefact.to_text().encode("utf-8"))
    return path


def _file_name(agent: str) -> str:
    """Make an agent's name usable in a file name; a changed name gets a digest of the original."""
    safe = re.sub(_UNSAFE, "-", agent)[:_MAX_AGENT].strip("-.")
    if safe == agent:
        return safe
    import hashlib

    digest = hashlib.sha256(agent.encode()).hexdigest()[:8]
    return f"{safe}-{digest}" if safe else digest
