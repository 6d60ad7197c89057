"""Finds and reads the governance files of a project: organisation packs, the project's own, the charter."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.governance.places import (
    CHARTER_FILE,
    CHARTER_TEXT,
    CONFIG_FILE,
    PROJECT,
    PROJECT_FOLDER,
)
from specify_cli.governance.problems import Problem
from specify_cli.kernel.files import ReadFailed, leads_outside, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 1_000_000


class SourceFile(NamedTuple):
    """A file of a layer.

    Attributes:
        layer: `project` or `organisation:<pack>`.
        file: The file for messages: relative to the project, or `<pack>:<file in the pack>`.
        text: What is in it.
    """

    layer: str
    file: str
    text: str


class Pack(NamedTuple):
    """An organisation pack, as it is configured.

    Attributes:
        name: Its name.
        path: Its folder, absolute.
        line: Where the configuration names it.
    """

    name: str
    path: Path
    line: int | None


class Sources(NamedTuple):
    """Everything that a project says about its governance.

    Attributes:
        files: Items and action indexes of all layers above the built-in one, lowest first.
        charter: `charter.yaml`, if there is one.
        charter_text: `charter.md`, if there is one.
        problems: Files that cannot be read or must not be.
    """

    files: tuple[SourceFile, ...]
    charter: SourceFile | None
    charter_text: SourceFile | None
    problems: tuple[Problem, ...]

    @property
    def are_empty(self) -> bool:
        """Whether only the built-in layer is there."""
        return not self.files and self.charter is None and self.charter_text is None


def layer_of_pack(name: str) -> str:
    """Return the layer of an organisation pack."""
    return f"organisation:{name}"


def read_sources(root: Path, packs: tuple[Pack, ...]) -> Sources:
    """Read the governance files of a project, each once.

    Args:
        root: The main checkout.
        packs: The organisation packs, lowest first.
    """
    problems: list[Problem] = []
    files: list[SourceFile] = []
    for pack in packs:
        if not pack.path.is_dir():
            message = f"the folder of the organisation pack {pack.name} does not exist"
            problems.append(Problem(CONFIG_FILE, pack.line, message))
            continue
        label = f"{pack.name}:"
        files += _folder(pack.path, pack.path, label, layer_of_pack(pack.name), problems)
    own = root / PROJECT_FOLDER
    if os.path.lexists(own):
        files += _folder(own, root, f"{PROJECT_FOLDER}/", PROJECT, problems)
    charter = read_file(root, CHARTER_FILE, problems)
    text = read_file(root, CHARTER_TEXT, problems)
    return Sources(tuple(files), charter, text, tuple(problems))


def read_file(root: Path, name: str, problems: list[Problem]) -> SourceFile | None:
    """Read one file of a project; None when it is not there, or with what is wrong in `problems`."""
    return _file(root / name, root, name, PROJECT, problems)


def _folder(
    folder: Path, boundary: Path, label: str, layer: str, problems: list[Problem]
) -> Iterator[SourceFile]:
    if leads_outside(folder, boundary) or not folder.is_dir():
        problems.append(Problem(label.rstrip("/"), None, _LINK if folder.is_symlink() else _NO_DIR))
        return
    for parent, names, files in os.walk(folder):
        names.sort()
        for name in sorted((*names, *files)):
            path = Path(parent, name)
            if name.startswith("."):
                if name in names:
                    names.remove(name)
                continue
            if name in names and not path.is_symlink():
                continue
            shown = label + PurePosixPath(*path.relative_to(folder).parts).as_posix()
            if path.is_symlink() and (leads_outside(path, boundary) or path.is_dir()):
                problems.append(Problem(shown, None, _LINK))
                continue
            if name.endswith((".yaml", ".yml")):
                found = _file(path, boundary, shown, layer, problems)
                if found is not None:
                    yield found


_LINK = "it is a link that leads out of its folder; put the file itself there"
_NO_DIR = "it is not a folder"


def _file(
    path: Path, boundary: Path, label: str, layer: str, problems: list[Problem]
) -> SourceFile | None:
    if not os.path.lexists(path):
        return None
    if leads_outside(path, boundary):
        problems.append(Problem(label, None, _LINK))
        return None
    try:
        if path.stat().st_size > MAX_BYTES:
            problems.append(Problem(label, None, f"it has more than {MAX_BYTES:,} bytes"))
            return None
        return SourceFile(layer, label, read_text(path))
    except (OSError, ReadFailed) as error:
        reason = error.message if isinstance(error, ReadFailed) else str(error.strerror)
        problems.append(Problem(label, None, f"it cannot be read: {reason.rstrip('.')}"))
        return None
