"""Where mission types are found: one walk, in one order of precedence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import refuse_link_out, refuse_links_out_of
from specify_cli.next._internal_runtime.description import PARSED_FOLDER, read_description
from specify_cli.next._internal_runtime.packs import PACK_FILE, pack_missions
from specify_cli.next._internal_runtime.schema import MissionRuntimeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from specify_cli.next._internal_runtime.description import Description

DESCRIPTION_FILES = ("mission-runtime.yaml", "mission.yaml")
RESERVED_KEYS = frozenset({"software-dev", "research", "documentation", "plan"})
BUILTIN_TIER = "builtin"
_OWN_TIERS = frozenset({"override", "project"})
DOCUMENTS_FOLDER = "templates"
"""Beside a description: shapes of documents, for its prompts."""
PACK_TIER = "pack"
BUILTIN_ROOT = Path(__file__).parent.parent / "missions"


class UnknownMissionType(MissionRuntimeError):
    """No description declares the mission type."""

    code = "UNKNOWN_MISSION_TYPE"


class DiscoveryContext(NamedTuple):
    """Where to look for mission types.

    Attributes:
        project_dir: The main checkout, or None outside a project.
        explicit_paths: Folders given by the caller; they come first.
        env_var_name: Variable with further folders, separated like PATH.
        environment: The variables.
        user_home: The user's home, or None to leave it out. It is only read.
        packs: Folders of mission packs that the project's configuration lists.
        builtin_roots: Folders of the types that come with the package.
    """

    project_dir: Path | None = None
    explicit_paths: tuple[Path, ...] = ()
    env_var_name: str = "SPEC_KITTY_MISSION_PATHS"
    environment: Mapping[str, str] = os.environ
    user_home: Path | None = None
    packs: tuple[Path, ...] = ()
    builtin_roots: tuple[Path, ...] = (BUILTIN_ROOT,)


class DiscoveredMission(NamedTuple):
    """A mission type that was found.

    Attributes:
        key: The mission type.
        path: Its description.
        precedence_tier: "explicit", "environment", "override", "project", "user", "pack" or
            "builtin".
        selected: False when an earlier tier declares the same key.
    """

    key: str
    path: Path
    precedence_tier: str
    selected: bool = True


class Unreadable(NamedTuple):
    """A description that cannot be used, and why."""

    path: Path
    error: SpecKittyError


class DiscoveryResult(NamedTuple):
    """Everything that was found, and what could not be read.

    Attributes:
        missions: In the order of the tiers.
        warnings: What is wrong, for people.
        unreadable: The descriptions among it, in the order of the tiers.
    """

    missions: tuple[DiscoveredMission, ...]
    warnings: tuple[str, ...]
    unreadable: tuple[Unreadable, ...] = ()


class ShadowingEntry(NamedTuple):
    """A mission type and what hides behind it.

    Attributes:
        selected: The description that is used.
        shadowed: The others of the same key, in tier order.
    """

    selected: DiscoveredMission
    shadowed: tuple[DiscoveredMission, ...]


class ShadowingDiagnostics(NamedTuple):
    """Which description of each mission type is used, sorted by key."""

    entries: tuple[ShadowingEntry, ...]
    total_discovered: int
    total_shadowed: int


class LoadedMission(NamedTuple):
    """A mission type, ready to run.

    Attributes:
        description: The parsed file.
        precedence_tier: Where it came from.
    """

    description: Description
    precedence_tier: str

    @property
    def folder(self) -> Path:
        """The folder of the description; its prompt templates lie there."""
        return self.description.path.parent


def discover_missions(context: DiscoveryContext) -> tuple[DiscoveredMission, ...]:
    """Find every mission type, shadowed ones included; unreadable ones are left out."""
    return discover_missions_with_warnings(context).missions


def discover_missions_with_warnings(context: DiscoveryContext) -> DiscoveryResult:
    """Find every mission type and tell what could not be read.

    The first tier that declares a key wins. The keys of built-in types are reserved: a description
    elsewhere that claims one is reported and ignored.
    """
    found: list[DiscoveredMission] = []
    warnings: list[str] = []
    unreadable: list[Unreadable] = []
    for tier, path in _candidates(context, warnings):
        try:
            _refuse_links_out(path, context.project_dir if tier in _OWN_TIERS else None)
            key = read_description(path).template.mission.key
        except SpecKittyError as error:
            warnings.append(error.message)
            unreadable.append(Unreadable(path, error))
            continue
        if tier != BUILTIN_TIER and key in RESERVED_KEYS:
            warnings.append(f"{path.parent.name}/{path.name}: the key {key!r} is reserved")
            continue
        taken = any(mission.key == key for mission in found)
        found.append(DiscoveredMission(key, path, tier, selected=not taken))
    return DiscoveryResult(tuple(found), tuple(warnings), tuple(unreadable))


def diagnose_shadowing(missions: Sequence[DiscoveredMission]) -> ShadowingDiagnostics:
    """Sort out which description shadows which."""
    entries = [
        ShadowingEntry(
            mission,
            tuple(other for other in missions if other.key == mission.key and not other.selected),
        )
        for mission in missions
        if mission.selected
    ]
    entries.sort(key=lambda entry: entry.selected.key)
    shadowed = sum(len(entry.shadowed) for entry in entries)
    return ShadowingDiagnostics(tuple(entries), len(missions), shadowed)


def load_mission_template(
    key: str, context: DiscoveryContext, *, cache: Path | None = None
) -> LoadedMission:
    """Load the description of one mission type.

    A built-in type is found by its folder's name, without reading any other description.

    Args:
        key: The mission type.
        context: Where to look.
        cache: Folder of parsed descriptions, see `read_description`; built-in ones bring their own.

    Raises:
        UnknownMissionType: UNKNOWN_MISSION_TYPE: the fix lists the types that exist.
        InvalidMissionTemplate: INVALID_MISSION_TEMPLATE.
        YamlError: INVALID_YAML.
        LinkLeadsOut: LINK_LEADS_OUT.
    """
    if key in RESERVED_KEYS:
        for root in context.builtin_roots:
            path = _description_in(root / key)
            if path is not None:
                shipped = path.parent / PARSED_FOLDER
                return LoadedMission(read_description(path, cache=shipped), BUILTIN_TIER)
    result = discover_missions_with_warnings(context)
    for mission in result.missions:
        if mission.key == key and mission.selected:
            return LoadedMission(
                read_description(mission.path, cache=cache), mission.precedence_tier
            )
    for wrong in result.unreadable:
        if wrong.path.parent.name == key:
            raise wrong.error
    known = sorted({mission.key for mission in result.missions})
    others = f" These cannot be read: {' '.join(result.warnings)}" if result.warnings else ""
    raise UnknownMissionType(
        f"there is no mission type {key!r}.{others}",
        fix=f"Use one of: {', '.join(known)}. Other types are read from .kittify/missions/<name>/.",
        details={"mission_type": key, "known": [*known], "warnings": [*result.warnings]},
    )


def _refuse_links_out(path: Path, boundary: Path | None) -> None:
    """Refuse a description of a project, or what lies beside it, behind a link to somewhere else."""
    if boundary is None:
        return
    refuse_link_out(path.parent, boundary)
    refuse_links_out_of(path.parent, boundary)
    refuse_links_out_of(path.parent / DOCUMENTS_FOLDER, boundary)


def _candidates(context: DiscoveryContext, warnings: list[str]) -> Iterator[tuple[str, Path]]:
    for tier, root in _roots(context):
        if not root.is_dir():
            if tier == PACK_TIER:
                warnings.append(f"there is no mission pack {root.name}")
            continue
        if (root / PACK_FILE).is_file():
            try:
                for listed in pack_missions(root):
                    yield tier, listed
            except SpecKittyError as error:
                warnings.append(error.message)
            continue
        own = _description_in(root)
        if own is not None:
            yield tier, own
        for folder in (root, root / "missions"):
            if folder.is_dir():
                for entry in sorted(folder.iterdir()):
                    path = _description_in(entry)
                    if path is not None:
                        yield tier, path


def _roots(context: DiscoveryContext) -> Iterator[tuple[str, Path]]:
    for path in context.explicit_paths:
        yield "explicit", path
    for part in context.environment.get(context.env_var_name, "").split(os.pathsep):
        if part:
            yield "environment", Path(part)
    if context.project_dir is not None:
        yield "override", context.project_dir / ".kittify" / "overrides" / "missions"
        yield "project", context.project_dir / ".kittify" / "missions"
    if context.user_home is not None:
        yield "user", context.user_home / ".kittify" / "missions"
    for path in context.packs:
        yield PACK_TIER, path
    for root in context.builtin_roots:
        yield BUILTIN_TIER, root


def _description_in(folder: Path) -> Path | None:
    for name in DESCRIPTION_FILES:
        if (folder / name).is_file():
            return folder / name
    return None
