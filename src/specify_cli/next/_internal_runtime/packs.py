"""Mission packs: a folder whose `mission-pack.yaml` names the mission types in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.files import read_text
from specify_cli.next._internal_runtime.schema import MissionRuntimeError

if TYPE_CHECKING:
    from pathlib import Path

PACK_FILE = "mission-pack.yaml"


class InvalidMissionPack(MissionRuntimeError):
    """A `mission-pack.yaml` that cannot be used."""

    code = "INVALID_MISSION_PACK"


class MissionPackMeta(NamedTuple):
    """What a pack says about itself."""

    name: str
    version: str = "0"
    description: str = ""


class MissionPackEntry(NamedTuple):
    """A mission type of a pack.

    Attributes:
        key: The mission type.
        path: Its description, relative to the pack.
    """

    key: str
    path: str


class MissionPackManifest(NamedTuple):
    """A parsed `mission-pack.yaml`."""

    pack: MissionPackMeta
    missions: tuple[MissionPackEntry, ...]


def load_pack(folder: Path) -> MissionPackManifest:
    """Read the manifest of a pack.

    Raises:
        InvalidMissionPack: INVALID_MISSION_PACK.
        YamlError: INVALID_YAML.
        ReadFailed: READ_FAILED.
    """
    from specify_cli.kernel.yaml import load_yaml

    source = f"{folder.name}/{PACK_FILE}"
    document = load_yaml(read_text(folder / PACK_FILE), source=source)
    pack = document.get("pack") if isinstance(document, dict) else None
    listed = document.get("missions") if isinstance(document, dict) else None
    if not isinstance(pack, dict) or not isinstance(pack.get("name"), str):
        raise _invalid(source, "there is no section `pack` with a name")
    if not isinstance(listed, list):
        raise _invalid(source, "`missions` is not a list")
    entries = []
    for entry in listed:
        key = entry.get("key") if isinstance(entry, dict) else None
        path = entry.get("path") if isinstance(entry, dict) else None
        if not isinstance(key, str) or not isinstance(path, str):
            raise _invalid(source, "an entry of `missions` lacks its key or path")
        if not (folder / path).resolve().is_relative_to(folder.resolve()):
            raise _invalid(source, f"the path of {key} leads out of the pack")
        entries.append(MissionPackEntry(key, path))
    meta = MissionPackMeta(
        pack["name"], str(pack.get("version", "0")), str(pack.get("description", ""))
    )
    return MissionPackManifest(meta, tuple(entries))


def pack_missions(folder: Path) -> list[Path]:
    """Return the descriptions that a pack lists, in its order.

    Raises:
        SpecKittyError: As `load_pack`.
    """
    return [folder / entry.path for entry in load_pack(folder).missions]


def _invalid(source: str, problem: str) -> InvalidMissionPack:
    return InvalidMissionPack(
        f"{source}: {problem}.",
        fix=f"Write `pack: {{name: ...}}` and `missions: [{{key: ..., path: ...}}]` in {source}.",
        details={"file": source},
    )
