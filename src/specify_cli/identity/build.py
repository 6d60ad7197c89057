"""The build id: one ULID per checkout, so that events of two worktrees can be told apart.

Decision: the id lives in the checkout's own git directory (`<git-dir>/spec-kitty/build.json`), which
git neither tracks nor copies into a worktree or a clone. The tracked `.kittify/config.yaml` cannot
hold it: every worktree would inherit the same value (001 FR-006).

A checkout duplicated by `cp -r` does take the file with it. Therefore the file also records where it
was minted (a digest of the path) and which directory that was (device and inode). When neither
matches, the directory is a copy and gets an id of its own. A checkout moved on its file system keeps
its id (same inode), and so does one restored from a backup to its old place (same path).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypedDict

from specify_cli.kernel.files import DISK, json_document
from specify_cli.kernel.locks import file_lock
from specify_cli.kernel.ulid import is_ulid, new_ulid

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.kernel.files import Disk

STATE_FOLDER = "spec-kitty"
BUILD_FILE = "build.json"


class _BuildRecord(TypedDict):
    build_id: str
    directory: str
    place: str


def build_id(git_dir: Path, *, disk: Disk = DISK) -> str:
    """Return the checkout's build id; mint and store it on first use.

    Args:
        git_dir: The git directory of this very checkout (`git rev-parse --git-dir`), not the common
            one: each worktree has its own.
        disk: Where to write.

    Returns:
        A ULID, the same in every later call for this checkout (001 FR-006, NFR-005).

    Raises:
        WriteFailed: WRITE_FAILED: the git directory is not writable.
        LockTimeout: LOCK_TIMEOUT.
    """
    path = git_dir / STATE_FOLDER / BUILD_FILE
    known = _read(path, git_dir)
    if known is not None:
        return known
    # Two first commands at once must agree on one id, so minting is re-checked under a lock.
    with file_lock(path.parent / "locks" / "build.lock"):
        known = _read(path, git_dir)
        if known is not None:
            return known
        record: _BuildRecord = {
            "build_id": new_ulid(),
            "directory": _directory(git_dir),
            "place": _place(git_dir),
        }
        disk.write_atomic(path, json_document(record))
        return record["build_id"]


def _read(path: Path, git_dir: Path) -> str | None:
    """Return the stored id if it is sound and belongs to this directory."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    stored = record.get("build_id")
    if not isinstance(stored, str) or not is_ulid(stored):
        return None
    same_place = record.get("place") == _place(git_dir)
    return stored if same_place or record.get("directory") == _directory(git_dir) else None


def _place(git_dir: Path) -> str:
    import hashlib

    return hashlib.sha256(str(git_dir.resolve()).encode()).hexdigest()[:16]


def _directory(git_dir: Path) -> str:
    status = git_dir.stat()
    return f"{status.st_dev}:{status.st_ino}"
