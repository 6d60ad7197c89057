"""What git calls to merge a mission's files, where `.gitattributes` and its configuration say so.

A project that the existing CLI set up has six such drivers in its local configuration, each a command
of `spec-kitty`: `merge-driver-<kind> %O %A %B`. The result goes into the second file. A conflict
leaves markers in it, made by `git merge-file`, and an exit status other than 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from specify_cli.git.merge_rows import Texts, merged_log, merged_traces
from specify_cli.git.process import try_git
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK, ReadFailed
from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.kernel.files import Disk
    from specify_cli.kernel.json_types import JsonObject

Kind: TypeAlias = Literal[
    "event-log", "meta", "traces", "acceptance-matrix", "issue-matrix", "review-cycle"
]
_MOST_CONFLICTS = 127
"""Above it `git merge-file` has failed, for example because a file is not text."""


class UnresolvedMerge(SpecKittyError):
    """Both sides changed the same in different ways; `details` says what the file now holds."""

    code = "MERGE_UNRESOLVED"


class MergedFile(NamedTuple):
    """A file that was merged without a conflict.

    Attributes:
        kind: What it was merged as.
        changed: Whether the second file was rewritten.
    """

    kind: Kind
    changed: bool

    def to_json(self) -> JsonObject:
        """Return the `--json` document of the merge drivers."""
        return {"result": "success", "kind": self.kind, "changed": self.changed}


def merge_files(
    kind: Kind, base: Path, ours: Path, theirs: Path, *, disk: Disk = DISK
) -> MergedFile:
    """Merge three versions of one file into `ours`, in one step: it is never half written.

    Event logs get the rows of both sides, traces what both appended. `meta.json` is merged by key,
    the matrices by row. A review is never merged: only one side may have written it. What is not in
    the form that it should have is merged as text.

    Args:
        kind: What the file is.
        base: The common ancestor; an empty file when both sides made it.
        ours: The version of the branch that is merged into; the result is written here.
        theirs: The version that is brought in.
        disk: Where to write.

    Raises:
        UnresolvedMerge: MERGE_UNRESOLVED: `ours` holds conflict markers; or is as it was, when
            these are no texts (`details.markers` tells).
        ReadFailed: READ_FAILED: `ours` is as it was.
        WriteFailed: WRITE_FAILED: `ours` is as it was.
        GitMissing: GIT_MISSING: `ours` is as it was.
    """
    texts = Texts(_read(base), _read(ours), _read(theirs))
    merged = _merged(kind, texts)
    if merged is not None and merged.ours == merged.theirs:
        result, conflicts = merged.ours, 0
    else:
        result, conflicts = _with_markers(ours.parent, merged or texts, disk)
        if conflicts == 0 and merged is not None:
            # What is known to be a conflict must not pass because its lines happen to fit.
            result, conflicts = _with_markers(ours.parent, merged._replace(base=b""), disk)
    if conflicts > _MOST_CONFLICTS:
        raise _unresolved(kind, markers=False)
    changed = result != texts.ours
    if changed:
        disk.write_atomic(ours, result)
    if conflicts:
        raise _unresolved(kind, markers=True)
    return MergedFile(kind, changed)


def _merged(kind: Kind, texts: Texts) -> Texts | None:
    """Return both sides merged, different where they are in conflict; None to merge them as text."""
    if kind == "event-log":
        return merged_log(texts)
    for side, other in ((texts.ours, texts.theirs), (texts.theirs, texts.ours)):
        if side in (texts.base, other):
            return Texts(other, other, other)
    if kind == "traces":
        return merged_traces(texts)
    if kind == "review-cycle":
        return texts._replace(base=b"")
    from specify_cli.git.merge_objects import merged_matrix, merged_meta

    return merged_meta(texts) if kind == "meta" else merged_matrix(texts)


def _with_markers(folder: Path, texts: Texts, disk: Disk) -> tuple[bytes, int]:
    """Merge as text; return the result and the number of conflicts."""
    mark = new_ulid()
    files = [folder / f".merge-{mark}-{name}.tmp" for name in ("ours", "base", "theirs")]
    try:
        for file, text in zip(files, (texts.ours, texts.base, texts.theirs), strict=True):
            disk.write_atomic(file, text, durable=False)
        labels = [word for name in ("ours", "base", "theirs") for word in ("-L", name)]
        names = [file.name for file in files]
        output = try_git(folder, "merge-file", "-p", "--quiet", *labels, *names)
        return output.stdout.encode("utf-8", "surrogateescape"), output.code
    finally:
        for file in files:
            file.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReadFailed(
            f"{path.name} cannot be read: {error.strerror}.",
            fix="Let git call this command (`git merge <branch>`): it makes the three files.",
            details={"file": path.name},
        ) from error


def _unresolved(kind: Kind, *, markers: bool) -> UnresolvedMerge:
    what = "the markers show where" if markers else "they are no texts, so ours was left as it is"
    return UnresolvedMerge(
        f"both sides changed this file ({kind}) in different ways; {what}.",
        fix="Choose what is right in the file, then run `git add` on it and finish the merge.",
        details={"kind": kind, "markers": markers},
    )
