"""Planning and writing agents' files so that nothing a user wrote is ever lost.

A file is renewed only if its text is one that we wrote (the manifest says so). Everything else stays, and
the user is told why and how to take the new version.
"""

from __future__ import annotations

import codecs
import hashlib
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.initialization.block import MarkersDamaged, split, with_block, without_block
from specify_cli.initialization.manifest import (
    MANIFEST_FILE,
    Manifest,
    digest_of,
    manifest_bytes,
)
from specify_cli.initialization.notices import Notice, told
from specify_cli.initialization.places import inside
from specify_cli.kernel.files import DISK, ReadFailed, WriteFailed, write_failed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.agent_setup import NoticeReason
    from specify_cli.initialization.formats import Wanted
    from specify_cli.initialization.manifest import Written
    from specify_cli.initialization.places import Place
    from specify_cli.kernel.files import Disk


class Change(NamedTuple):
    """One file to write or delete.

    Attributes:
        path: Below the root, as it is told.
        real: The file itself, links followed.
        data: Its new content; None deletes it.
        copy: The user's version is saved first.
        durable: It is forced to the disk; files that can be had again are not.
    """

    path: str
    real: Path
    data: bytes | None
    copy: bool = False
    durable: bool = False


@dataclass(slots=True)
class Plan:
    """What is to be done in one place; nothing is written before `carry_out`.

    Attributes:
        place: The folder.
        manifest: What will have been written; changed by every call.
        take: Paths whose user's version may be replaced.
        created: Files that do not exist yet.
        updated: Files that exist and change.
        removed: Files that go.
        notices: What the user is told; its paths that are kept are in `kept`.
        kept: Files that are not ours to change.
        changes: The files to write and delete.
    """

    place: Place
    manifest: Manifest
    take: Collection[str] = ()
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    retired: list[str] = field(default_factory=list)

    def want(self, files: Mapping[str, Wanted]) -> None:
        """Plan that files hold what they should.

        Raises:
            ReadFailed: READ_FAILED: a folder is where a file should be, or the other way round.
        """
        for path, wanted in files.items():
            real = inside(self.place.root, path)
            if real is None:
                self._keep(path, "outside")
            elif wanted.block:
                self._want_block(path, real, wanted.text)
            else:
                self._want_file(path, real, wanted.text)

    def retire(self, paths: Collection[str]) -> None:
        """Plan that files which we wrote go, and blocks are taken out; what the user changed stays.

        Raises:
            ReadFailed: READ_FAILED.
        """
        for path in paths:
            written = self.manifest.files[path]
            real = inside(self.place.root, path)
            current = None if real is None else self._read(path, real)
            if real is not None and current is not None:
                self._retire(path, real, current, written)
            self.retired.append(path)

    def put(self, path: str, text: str, *, needed: bool = False) -> None:
        """Plan that a file of the project holds a text, whoever wrote what is there.

        Args:
            path: The file.
            text: All of it; its line ends become those of the file.
            needed: Refuse to go on when it cannot be written, instead of telling.

        Raises:
            ReadFailed: READ_FAILED.
            WriteFailed: WRITE_FAILED: it is needed, and write-protected or led elsewhere by a link.
        """
        real = inside(self.place.root, path)
        if real is None:
            self._keep(path, "outside", needed=needed)
            return
        current = self._read(path, real)
        if current is None:
            self.created.append(path)
        elif _text(current) is not None and digest_of(_text(current) or "") == digest_of(text):
            return
        elif _read_only(real):
            self._keep(path, "read_only", needed=needed)
            return
        else:
            self.updated.append(path)
        data = text.encode("utf-8") if current is None else _like(current, text)
        self.changes.append(Change(path, real, data, durable=True))

    def _want_file(self, path: str, real: Path, text: str) -> None:
        current = self._read(path, real)
        digest = digest_of(text)
        if current is None:
            self._write(path, real, text.encode("utf-8"), digest, block=False, new=True)
            return
        found = _text(current)
        if found is not None and digest_of(found) == digest:
            self.manifest.record(path, digest, block=False)
            return
        written = self.manifest.files.get(path)
        ours = found is not None and written is not None and written.knows(digest_of(found))
        if self._may_write(path, real, written, digest, ours=ours):
            data = text.encode("utf-8") if found is None else _like(current, text)
            self._write(path, real, data, digest, block=False, copy=not ours)

    def _want_block(self, path: str, real: Path, inner: str) -> None:
        current = self._read(path, real)
        digest = digest_of(inner)
        if current is None:
            data = with_block("", inner).encode("utf-8")
            self._write(path, real, data, digest, block=True, new=True)
            return
        text = _text(current)
        if text is None:
            self._keep(path, "not_text")
            return
        written = self.manifest.files.get(path)
        try:
            found = split(text)
            data = _with_bom(current, with_block(text, inner))
        except MarkersDamaged:
            self._keep(path, "markers")
            return
        if found is None:
            if written is not None and written.block and path not in self.take:
                self._keep(path, "block_removed")
            elif _read_only(real):
                self._keep(path, "read_only")
            else:
                self._write(path, real, data, digest, block=True)
        elif digest_of(found.inner) == digest:
            self.manifest.record(path, digest, block=True)
        else:
            ours = written is not None and written.knows(digest_of(found.inner))
            if self._may_write(path, real, written, digest, ours=ours):
                self._write(path, real, data, digest, block=True, copy=not ours)

    def _may_write(
        self, path: str, real: Path, written: Written | None, digest: str, *, ours: bool
    ) -> bool:
        """Tell whether an existing file may be renewed; if not, say why."""
        if not ours and path not in self.take:
            newer = written is None or written.digest != digest
            self._keep(path, "foreign" if written is None else "edited", newer=newer)
            return False
        if _read_only(real):
            self._keep(path, "read_only", newer=True)
            return False
        return True

    def _retire(self, path: str, real: Path, current: bytes, written: Written) -> None:
        text = _text(current)
        try:
            found = split(text) if text is not None and written.block else None
        except MarkersDamaged:
            self._keep(path, "markers")
            return
        if text is None or (written.block and found is None):
            return
        if not written.knows(digest_of(text if found is None else found.inner)):
            self._keep(path, "edited")
        elif _read_only(real):
            self._keep(path, "read_only")
        elif found is None or not (rest := without_block(text)).strip():
            self.changes.append(Change(path, real, None))
            self.removed.append(path)
        else:
            self.changes.append(Change(path, real, _with_bom(current, rest)))
            self.updated.append(path)

    def _read(self, path: str, real: Path) -> bytes | None:
        # Two names may lead to one file, such as AGENTS.md -> CLAUDE.md.
        for change in reversed(self.changes):
            if change.real == real:
                return change.data
        try:
            return real.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ReadFailed(
                f"{path} cannot be read: {error.strerror or type(error).__name__}.",
                fix=f"Make {path} a file that you can read, or move what is in its way.",
                details={"file": path},
            ) from error

    def _write(
        self,
        path: str,
        real: Path,
        data: bytes,
        digest: str,
        *,
        block: bool,
        new: bool = False,
        copy: bool = False,
    ) -> None:
        self.changes.append(Change(path, real, data, copy=copy))
        (self.created if new else self.updated).append(path)
        self.manifest.record(path, digest, block=block)

    def _keep(
        self, path: str, reason: NoticeReason, *, newer: bool = False, needed: bool = False
    ) -> None:
        notice = told(self.place.shown(path), reason, newer=newer)
        if needed:
            raise WriteFailed(
                f"{path} could not be written: {notice.message}. Nothing was changed.",
                fix=f"Make {path} a writable file inside the project, then run the command again.",
                details={"file": path, "reason": reason},
            )
        self.kept.append(path)
        self.notices.append(notice)

    def settle(self, agents: tuple[str, ...]) -> None:
        """End the planning: count the manifest itself among the files that change.

        Args:
            agents: Agents whose command files are here afterwards.

        Raises:
            ReadFailed: READ_FAILED.
        """
        self.manifest.agents = agents
        present, final = self._present(), self._final()
        if present is None and not self.place.is_home:
            self.created.append(MANIFEST_FILE)
        elif present is not None and present != final and not self.place.is_home:
            self.updated.append(MANIFEST_FILE)

    def carry_out(self, *, disk: Disk = DISK) -> list[tuple[str, str]]:
        """Write, delete, and remember; return replaced files with where the user's version is now.

        Args:
            disk: What writes.

        Raises:
            WriteFailed: WRITE_FAILED: doing it again completes it.
        """
        # First what will be ours: after a crash nothing of it is taken for the user's.
        self._remember(manifest_bytes(self.manifest), disk)
        copies = [self._carry_out(change, disk) for change in self.changes]
        self._remember(self._final(), disk)
        return [copy for copy in copies if copy is not None]

    def _final(self) -> bytes:
        gone = frozenset(self.retired)
        left = {path: one for path, one in self.manifest.files.items() if path not in gone}
        return manifest_bytes(Manifest(self.manifest.agents, left))

    def _present(self) -> bytes | None:
        try:
            return self.place.manifest.read_bytes().replace(b"\r\n", b"\n")
        except FileNotFoundError:
            return None

    def _remember(self, data: bytes, disk: Disk) -> None:
        present = self._present()
        nothing = present is None and self.place.is_home and not self.manifest.files
        if present != data and not nothing:
            disk.write_atomic(self.place.manifest, data)

    def _carry_out(self, change: Change, disk: Disk) -> tuple[str, str] | None:
        real, data = change.real, change.data
        saved = self._save(change, disk) if change.copy else None
        if data is None:
            _delete(real, self.place.root.resolve())
            return saved
        mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else None
        disk.write_atomic(real, data, durable=change.durable)
        if mode is not None and stat.S_IMODE(real.stat().st_mode) != mode:
            with suppress(OSError):  # somebody else's file system; the content is what counts
                real.chmod(mode)
        return saved

    def _save(self, change: Change, disk: Disk) -> tuple[str, str]:
        current = change.real.read_bytes()
        # Named after the content: each version is kept once, and no version replaces another.
        copy = self.place.replaced / hashlib.sha256(current).hexdigest()[:12] / change.path
        disk.write_atomic(copy, current)
        below = copy.is_relative_to(self.place.root)
        shown = copy.relative_to(self.place.root).as_posix() if below else copy.as_posix()
        return self.place.shown(change.path), self.place.shown(shown) if below else shown


def _delete(real: Path, top: Path) -> None:
    """Delete a file, and the folders above it that are empty now."""
    try:
        real.unlink(missing_ok=True)
    except OSError as error:
        raise write_failed(real, error) from error
    for folder in real.parents:
        if folder == top or not folder.is_relative_to(top):
            return
        try:
            folder.rmdir()
        except OSError:
            return


def _text(data: bytes) -> str | None:
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return None


def _like(current: bytes, text: str) -> bytes:
    """Return a text with the line ends and the byte order mark that a file has."""
    if b"\r\n" in current:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return _with_bom(current, text)


def _with_bom(current: bytes, text: str) -> bytes:
    mark = codecs.BOM_UTF8 if current.startswith(codecs.BOM_UTF8) else b""
    return mark + text.encode("utf-8")


def _read_only(real: Path) -> bool:
    # Renaming over it would work, and take no notice of what its owner wants.
    return not real.stat().st_mode & stat.S_IWUSR
