"""Git's folders, branches and HEAD, found by reading its files instead of starting a process.

A git process, and Python's module to start one, take longer than the rest of a reading command. What
is not certainly of the usual form is left to git, which also words the errors: the functions that
can meet such a thing answer None then.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

BRANCH_REFS = "refs/heads/"
# What git minds besides the folders themselves when it searches for a repository.
_SEARCH_VARIABLES = ("GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM")
# Settings that change what a git folder is: bare, another checkout, another storage, a later format.
_DECISIVE = ("bare", "worktree", "extensions", "repositoryformatversion")
_USUAL = frozenset({"bare = false", "repositoryformatversion = 0"})
_HEX = frozenset(b"0123456789abcdef")
_ID_LENGTHS = (40, 64)
_NO_SUCH_REF = (FileNotFoundError, IsADirectoryError, NotADirectoryError)

if sys.platform == "win32":

    def _is_own(_: Path) -> bool:
        return False  # a file's owner is no number there, and only git knows how it compares
else:

    def _is_own(path: Path) -> bool:
        return path.stat().st_uid == os.geteuid()


def top_folder(cwd: Path) -> Path | None:
    """Return the nearest folder at or above `cwd` that has a `.git`; None when only git can tell.

    Raises:
        OSError: `cwd` does not exist, or a folder on the way cannot be looked into.
    """
    if any(name in os.environ for name in _SEARCH_VARIABLES):
        return None
    folder = cwd.resolve(strict=True)
    if not folder.is_dir() or not os.access(folder, os.X_OK):
        return None
    device = folder.stat().st_dev
    while not (folder / ".git").exists():
        head, parent = folder / "HEAD", folder.parent
        # A folder with a HEAD may be a git folder itself, and git stops where a disk ends.
        if head.exists() or head.is_symlink() or parent.stat().st_dev != device:
            return None
        if parent == folder:
            return None
        folder = parent
    return folder


def git_folder(worktree_root: Path) -> Path:
    """Return the git folder of a checkout: `.git`, or what a linked worktree's `.git` file names.

    Raises:
        OSError: `.git` cannot be read.
    """
    git = worktree_root / ".git"
    if git.is_file():
        link = git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        return worktree_root / link
    return git


def common_folder(git_dir: Path) -> Path:
    """Return the git folder that all checkouts share.

    Raises:
        OSError: The worktree's `commondir` file cannot be read.
    """
    link = git_dir / "commondir"
    if link.is_file():
        return (git_dir / link.read_text(encoding="utf-8").strip()).resolve()
    return git_dir


def checkouts(common_dir: Path) -> tuple[Path, ...]:
    """Return the folders of all checkouts, the main one first; a missing worktree counts too."""
    main = (common_dir.parent,) if common_dir.name == ".git" else ()
    try:
        entries = sorted((common_dir / "worktrees").iterdir())
    except OSError:
        return main
    return (*main, *(folder for entry in entries if (folder := _linked(entry)) is not None))


def _linked(entry: Path) -> Path | None:
    try:
        link = os.fsdecode(_content(entry / "gitdir"))
    except OSError:
        return None
    # Since git 2.48 it may be relative to the entry.
    return Path(os.path.normpath(entry / link)).parent if link else None


def is_usual(root: Path, git_dir: Path, common_dir: Path) -> bool:
    """Tell whether a checkout is certainly what its folders look like, also to git.

    Raises:
        OSError: A part of it is missing or cannot be read.
    """
    # Git refuses what is somebody else's, unless a setting allows it.
    if not all(map(_is_own, (root, root / ".git", git_dir))):
        return False
    if not ((common_dir / "objects").is_dir() and (common_dir / "refs").is_dir()):
        return False
    settings = (common_dir / "config").read_bytes().decode("utf-8", "replace").lower()
    return not any(
        word in line
        for line in map(str.strip, settings.splitlines())
        if line not in _USUAL
        for word in _DECISIVE
    )


def read_head(git_dir: Path, common_dir: Path) -> tuple[str | None, str | None] | None:
    """Return the branch (None when detached) and the commit (None before the first) of a checkout.

    Raises:
        OSError: HEAD or the branch cannot be read.
    """
    path = git_dir / "HEAD"
    if path.is_symlink():  # how git pointed to a branch long ago
        return None
    text = _content(path)
    commit = _commit(text)
    if commit is not None:
        return None, commit
    kind, _, name = text.partition(b" ")
    ref = os.fsdecode(name)
    if kind != b"ref:" or not ref.startswith(BRANCH_REFS) or ".." in ref:
        return None
    try:
        commit = _commit(_content(common_dir / ref))
    except _NO_SUCH_REF:
        return ref.removeprefix(BRANCH_REFS), _packed_commit(common_dir, name)
    # Anything but a commit: the branch stands for another one.
    return None if commit is None else (ref.removeprefix(BRANCH_REFS), commit)


def branch_names(common_dir: Path, folder: str, prefix: str) -> list[str] | None:
    """Return the sorted names of the local branches directly in a folder; None when only git can tell.

    Args:
        common_dir: The git folder that all checkouts share.
        folder: The names' part before the last slash, such as "kitty".
        prefix: What the part after it begins with.
    """
    if (common_dir / "reftable").is_dir():
        return None
    start = os.fsencode(f"{BRANCH_REFS}{folder}/{prefix}")
    refs = set()
    try:
        for entry in _entries(common_dir / BRANCH_REFS / folder):
            ref = os.fsencode(f"{BRANCH_REFS}{folder}/{entry.name}")
            if ref.startswith(start) and not ref.endswith(b".lock") and entry.is_file():
                if _commit(_content(Path(entry))) is None:
                    return None
                refs.add(ref)
        # After the files: git writes a branch here before it removes its file.
        for line in _packed(common_dir).splitlines():
            ref = line.partition(b" ")[2]
            if ref.startswith(start) and b"/" not in ref.removeprefix(start):
                refs.add(ref)
    except OSError:
        return None
    return [os.fsdecode(ref).removeprefix(BRANCH_REFS) for ref in sorted(refs)]


def _packed_commit(common_dir: Path, ref: bytes) -> str | None:
    for line in _packed(common_dir).splitlines():
        if line.endswith(ref):
            commit, _, name = line.partition(b" ")
            if name == ref:
                return _commit(commit)
    return None


def _packed(common_dir: Path) -> bytes:
    try:
        return (common_dir / "packed-refs").read_bytes()
    except FileNotFoundError:
        return b""


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except _NO_SUCH_REF:
        return []


def _content(path: Path) -> bytes:
    return path.read_bytes().rstrip()


def _commit(text: bytes) -> str | None:
    """Return a commit's id as text; None when it is something else."""
    return text.decode("ascii") if len(text) in _ID_LENGTHS and _HEX.issuperset(text) else None
