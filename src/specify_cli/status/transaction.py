"""Writing a change to disk and into git so that it happens whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.process import run_git, try_git
from specify_cli.git.safe_commit import Capability, CommitResult, refuse_operation, safe_commit
from specify_cli.kernel import stopping
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import joined, write_failed
from specify_cli.kernel.ulid import new_ulid
from specify_cli.status.pending import (
    Pending,
    backup_beside,
    read_marker,
    sweep,
    take_back,
    way_back,
    write_marker,
)
from specify_cli.status.reading import Appended

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from specify_cli.git.commit_target import CommitTarget
    from specify_cli.kernel.files import Disk
    from specify_cli.status.pending import WayBack
    from specify_cli.status.torn_tail import TornTail


class RollbackFailed(SpecKittyError):
    """A change failed, and so did putting the files back."""

    code = "ROLLBACK_FAILED"


class Transaction:
    """One change of one mission's files. Use it once, under the mission's lock.

    Order: marker, further files, rows of the log (one fsync), derived files, commit, marker away. The
    log is appended after the files that its rows refer to, so a row never points at nothing. With its
    last row in the log the change happened; before that, `recover` takes a crashed one back.

    Args:
        target: The checkout and branch to commit to.
        marker: File that says which paths a change in flight writes.
        disk: Where to write.
        capability: What the commit may do (see `safe_commit`).
        protected: The project's configured protected branches, None for the default set.

    Attributes:
        appended: The log's file right before and right after rows were appended to it; None until
            then, and for a new log.
    """

    def __init__(
        self,
        target: CommitTarget,
        marker: Path,
        disk: Disk,
        *,
        capability: Capability = Capability.STANDARD,
        protected: tuple[str, ...] | None = None,
    ) -> None:
        self._target = target
        self._marker = marker
        self._disk = disk
        self._capability = capability
        self._protected = protected
        self._undo: list[Callable[[], None]] = []
        self._beside: dict[Path, Path] = {}
        self._backups: list[Path] = []
        self._changed: list[Path] = []
        self._index: tuple[list[str], str] | None = None
        self.appended: Appended | None = None

    def recover(self) -> None:
        """Take back what a crashed change left half done; before the log is read.

        Raises:
            WriteFailed: WRITE_FAILED.
        """
        take_back(self._marker, self._target.worktree_root, self._disk)

    def interrupted(self) -> tuple[Path, ...]:
        """Return the files that an earlier, crashed change was writing; empty if none was."""
        pending = read_marker(self._marker, self._target.worktree_root)
        if pending is None:
            return ()
        # Of a damaged marker, the log and status.json are committed anyway.
        return pending.files or (self._marker,)

    def run(
        self,
        *,
        files: Mapping[Path, bytes | None],
        log: Path,
        lines: Sequence[bytes],
        derived: Mapping[Path, bytes],
        message: str,
        torn: TornTail | None = None,
    ) -> CommitResult:
        """Write everything and commit it.

        Args:
            files: Further files with their new content; None deletes one.
            log: The log.
            lines: Rows to append.
            derived: Files that follow from the log.
            message: The commit message.
            torn: Half a row at the end of the log, to cut off and keep elsewhere.

        Raises:
            SpecKittyError: WRITE_FAILED, SAFE_COMMIT_*, ...: everything is as it was before.
            RollbackFailed: ROLLBACK_FAILED: it is not, and the next change will complete it.
        """
        # From here to the answer nobody stops this process but by killing it.
        stopping.hold(changing=True)
        refuse_operation(self._target.worktree_root)
        if log in files:
            torn = None  # a repair has decided about it
        crashed = self.interrupted()
        earlier = [path for path in crashed if path != self._marker]
        ours = [*files, log, *derived]
        replaced = {path: data for path, data in files.items() if path not in derived}
        committing = False
        try:
            back = self._way_back(replaced, log, lines, torn)
            self._mark([*ours, *earlier], back)
            if torn is not None:
                self._cut(log, torn)
            for path, data in replaced.items():
                self._replace(path, data)
            if lines:
                self._append(log, lines)
            elif back is not None:
                # No row tells that all of it is there, so the marker does.
                self._mark([*ours, *earlier])
            for path, data in derived.items():
                self._replace(path, data, durable=False)
            committing = True
            result = safe_commit(
                self._target,
                self._committable([*ours, *earlier]),
                message,
                capability=self._capability,
                protected=self._protected,
                before_adding=lambda: self._keep_index([*ours, *earlier]),
            )
        except BaseException as error:
            if not (committing and self._is_committed()):
                self._restore(error, earlier)
            raise
        finally:
            for backup in self._backups:
                backup.unlink(missing_ok=True)
        if crashed:
            sweep([*ours, *earlier])
        self._marker.unlink(missing_ok=True)
        if torn is not None:
            torn.tell()
        return result

    def _way_back(
        self,
        files: Mapping[Path, bytes | None],
        log: Path,
        lines: Sequence[bytes],
        torn: TornTail | None,
    ) -> WayBack | None:
        """Decide where the files are kept meanwhile, and say how to put them back."""
        name = new_ulid()
        self._beside = {path: backup_beside(path, name) for path in files if path.exists()}
        size = log.stat().st_size if log.exists() else 0
        return way_back(
            files, self._beside, log, size if torn is None else torn.offset, joined(lines)
        )

    def _mark(self, paths: Sequence[Path], back: WayBack | None = None) -> None:
        root = self._target.worktree_root
        write_marker(
            self._marker,
            root,
            Pending(tuple(paths), back),
            self._disk,
            durable=back is not None and back.has_files,
        )

    def _replace(self, path: Path, data: bytes | None, *, durable: bool = True) -> None:
        try:
            before = path.read_bytes()
        except FileNotFoundError:
            before = None
        except OSError as error:
            raise write_failed(path, error) from error
        if before == data:
            return
        self._changed.append(path)
        if before is None:
            folders = _missing_folders(path.parent)
            self._undo.append(lambda: _remove(path, folders))
        else:
            backup = self._keep(path, before)
            self._undo.append(lambda: self._put_back(path, before, backup))
        if data is None:
            self._delete(path)
        else:
            self._disk.write_atomic(path, data, durable=durable)

    def _delete(self, path: Path) -> None:
        try:
            path.unlink()
        except OSError as error:
            raise write_failed(path, error) from error

    def _keep(self, path: Path, before: bytes) -> Path:
        """Keep a file's content beside it, so that putting it back needs no space on the disk."""
        backup = self._beside.get(path) or backup_beside(path, new_ulid())
        self._backups.append(backup)
        try:
            backup.hardlink_to(path)
        except OSError:
            # A file system without hard links, or a disk without a free entry.
            self._disk.write_atomic(backup, before, durable=False)
        return backup

    def _put_back(self, path: Path, before: bytes, backup: Path) -> None:
        """Undo a replacement; one that was refused, because the file is in use, needs no undoing."""
        if not path.exists() or path.read_bytes() != before:
            self._disk.rename(backup, path)

    def _cut(self, log: Path, torn: TornTail) -> None:
        """Cut half a row off the log; a crash right after leaves it in the backups."""

        def restore() -> None:
            with log.open("ab") as stream:
                stream.write(torn.data)
            torn.kept.unlink(missing_ok=True)

        self._disk.write_atomic(torn.kept, torn.data)
        self._changed.append(log)
        try:
            self._disk.truncate(log, torn.offset)
        except OSError as error:
            raise write_failed(log, error) from error
        self._undo.append(restore)

    def _append(self, log: Path, lines: Sequence[bytes]) -> None:
        existed = log.exists()
        size = log.stat().st_size if existed else 0

        def restore() -> None:
            if not existed:
                log.unlink(missing_ok=True)
            elif log.stat().st_size != size:
                self._disk.truncate(log, size)

        self._changed.append(log)
        self._undo.append(restore)
        before = log.stat() if existed else None
        self._disk.append_lines(log, lines)
        if before is not None:
            self.appended = Appended(before, log.stat())

    def _committable(self, paths: Sequence[Path]) -> list[Path]:
        """Leave out what is neither on disk nor known to git; git would refuse the commit for it."""
        missing = [path for path in paths if not path.exists()]
        if not missing:
            return list(paths)
        root = self._target.worktree_root
        names = self._names(missing)
        known = try_git(root, "--literal-pathspecs", "ls-files", "-z", "--", *names).stdout
        tracked = {root / name for name in known.split("\0") if name}
        untracked = self._names([path for path in missing if path not in tracked])
        if untracked:
            # A crashed change may have staged a deletion; unstaged, it is committed like any other.
            listed = ("ls-tree", "-r", "-z", "--name-only", "HEAD", "--")
            staged = try_git(root, "--literal-pathspecs", *listed, *untracked).stdout
            deleted = [name for name in staged.split("\0") if name]
            if deleted:
                run_git(root, "--literal-pathspecs", "reset", "--quiet", "--", *deleted)
                tracked |= {root / name for name in deleted}
        return [path for path in paths if path in tracked or path not in missing]

    def _names(self, paths: Sequence[Path]) -> list[str]:
        root = self._target.worktree_root
        return [path.relative_to(root).as_posix() for path in paths]

    def _keep_index(self, paths: Sequence[Path]) -> None:
        """Remember what the index says about paths that are about to be staged."""
        names = self._names(paths)
        listed = run_git(
            self._target.worktree_root,
            *("--literal-pathspecs", "ls-files", "--stage", "-z", "--"),
            *names,
        )
        self._index = (names, listed)

    def _is_committed(self) -> bool:
        """Tell whether the commit was made although `safe_commit` did not return.

        That happens when the user interrupts at the last moment. The rows are history then, and
        taking them out of the file would lose them.
        """
        root = self._target.worktree_root
        for path in self._changed:
            name = path.relative_to(root).as_posix()
            head = try_git(root, "rev-parse", "--verify", "--quiet", f"HEAD:{name}")
            if not path.exists():
                if head.code == 0:
                    return False
                continue
            disk = try_git(root, "hash-object", f"--path={name}", "--", name)
            if disk.code != 0 or head.stdout != disk.stdout:
                return False
        return bool(self._changed)

    def _restore(self, cause: BaseException, earlier: Sequence[Path]) -> None:
        failed: list[str] = []
        for step in reversed(self._undo):
            try:
                step()
            except (OSError, SpecKittyError) as error:
                failed.append(str(error))
        if self._index is not None:
            # What was staged for the commit, and nothing else: the user may have staged before.
            names, entries = self._index
            root = self._target.worktree_root
            named = "".join(f"{name}\0" for name in names)
            try_git(root, "update-index", "-z", "--force-remove", "--stdin", stdin=named)
            try_git(root, "update-index", "-z", "--index-info", stdin=entries)
        if failed:
            raise RollbackFailed(
                f"the change failed ({cause}) and could not be undone completely: "
                + "; ".join(failed),
                fix="Free disk space or make the folder writable; the next spec-kitty command on "
                "this mission completes the change. `git status` shows the files.",
                details={"failed": list(failed), "cause": str(cause)},
            ) from cause
        if earlier:
            self._mark(earlier)
        else:
            self._marker.unlink(missing_ok=True)


def _remove(path: Path, folders: Sequence[Path]) -> None:
    """Remove a file that was not there before, and the folders that were made for it."""
    path.unlink(missing_ok=True)
    for folder in folders:
        if folder.exists() and not any(folder.iterdir()):
            folder.rmdir()


def _missing_folders(folder: Path) -> list[Path]:
    """Return the folders that will have to be made, deepest first."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    return missing
