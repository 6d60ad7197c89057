"""The node id: which machine and user emitted an event, without naming either."""

from __future__ import annotations

import os
import sys

_DIGITS = 12


def node_id(project_uuid: str) -> str:
    """Return the node id of this user on this machine for one project.

    It is a digest, salted with the project, so that neither host nor user name gets into a tracked
    file and one user cannot be followed from project to project (DESIGN.md P8).

    Returns:
        12 hexadecimal digits, stable over sessions.
    """
    seed = f"{project_uuid}:{_host()}:{_user()}"
    import hashlib

    return hashlib.sha256(seed.encode()).hexdigest()[:_DIGITS]


def _host() -> str:
    # os.uname and the environment instead of socket or platform: both cost milliseconds to import.
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "")
    return os.uname().nodename


def _user() -> str:
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "")
    return str(os.getuid())
