"""Writing the charter's files: never over a link, never over what somebody else has just written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from specify_cli.governance.charter import charter_document
from specify_cli.governance.places import CHARTER_FILE
from specify_cli.governance.problems import Problem, refuse
from specify_cli.governance.sources import read_file
from specify_cli.kernel.files import DISK, leads_outside
from specify_cli.kernel.locks import file_lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonObject

LOCK_FILE = ".kittify/runtime/charter.lock"


@contextmanager
def charter_lock(root: Path) -> Iterator[None]:
    """Hold the charter of a project: two changes at once become one after the other.

    Raises:
        LockTimeout: LOCK_TIMEOUT.
        WriteFailed: WRITE_FAILED.
    """
    with file_lock(root / LOCK_FILE):
        yield


def read_charter(root: Path) -> tuple[str, JsonObject]:
    """Return the text of `charter.yaml` and what it says; both empty when there is none.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID with file and line.
    """
    problems: list[Problem] = []
    source = read_file(root, CHARTER_FILE, problems)
    document = charter_document(source, problems) if source else {}
    refuse(problems)
    return (source.text if source else ""), document


def write_files(root: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    """Write those texts that differ from what is there; return which.

    Args:
        root: The main checkout.
        files: Texts by path relative to it.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: a path leads out of the project; nothing was written.
        WriteFailed: WRITE_FAILED.
    """
    written = []
    for name in files:
        nearest = root / name
        while not nearest.exists() and not nearest.is_symlink():
            nearest = nearest.parent
        if leads_outside(nearest, root):
            refuse([Problem(name, None, "it leads out of the project through a link")])
    for name, text in files.items():
        path, data = root / name, text.encode("utf-8")
        if path.is_file() and path.read_bytes() == data:
            continue
        DISK.write_atomic(path, data)
        written.append(name)
    return tuple(written)
