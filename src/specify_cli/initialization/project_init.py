"""Setting up spec-kitty in a git repository; running it again adds only what is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from specify_cli.identity.configuration import ensure_identity, new_config, render_config
from specify_cli.identity.project import CONFIG_FILE, Project
from specify_cli.initialization.agents import check_agents, command_files
from specify_cli.initialization.attributes import ATTRIBUTES_FILE, with_log_driver
from specify_cli.initialization.config import (
    METADATA_FILE,
    completed_config,
    configured_agents,
    new_metadata_text,
)
from specify_cli.initialization.ignore import IGNORE_FILE, with_block
from specify_cli.initialization.manifest import (
    MANIFEST_FILE,
    digest,
    manifest_bytes,
    read_manifest,
)
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.files import DISK, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.git.repository import Repository
    from specify_cli.kernel.json_types import JsonObject

_FORCED_TO_DISK = frozenset({str(CONFIG_FILE), METADATA_FILE, IGNORE_FILE, ATTRIBUTES_FILE})


@dataclass(frozen=True, slots=True)
class InitReport:
    """What init did.

    Attributes:
        project_uuid: The project's identity.
        project_slug: The project's name.
        agents: All agents of the project, those of earlier runs included.
        created: Files that were written now and did not exist.
        updated: Files that existed and were completed or renewed.
        kept: Files that would have been renewed, but hold changes of the user.
    """

    project_uuid: str
    project_slug: str
    agents: tuple[str, ...]
    created: tuple[str, ...]
    updated: tuple[str, ...]
    kept: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `init`."""
        return {
            "result": "success",
            "project_uuid": self.project_uuid,
            "project_slug": self.project_slug,
            "agents": [*self.agents],
            "created": [*self.created],
            "updated": [*self.updated],
            "kept": [*self.kept],
        }


def init_project(
    repository: Repository, *, agents: tuple[str, ...] = (), force: bool = False
) -> InitReport:
    """Set up spec-kitty in the main checkout of a repository. Commits nothing, writes nothing else.

    Args:
        repository: Any checkout of the repository.
        agents: Keys of the agents that get command files, besides those of earlier runs.
        force: Renew command files even where the user has changed them.

    Raises:
        UnknownAgent: UNKNOWN_AGENT: nothing was written.
        YamlError: INVALID_YAML: the existing configuration cannot be read; nothing was written.
        ManifestCorrupt: MANIFEST_CORRUPT: nothing was written.
        WriteFailed: WRITE_FAILED.
        IdentityIncomplete: IDENTITY_INCOMPLETE.
    """
    chosen = check_agents(agents)
    root = repository.main_root
    project = Project(root=root, repository=repository)
    manifest = read_manifest(root)
    config_file = str(CONFIG_FILE)
    config_text = _read(root / config_file)
    earlier = configured_agents(config_text, source=config_file) if config_text else ()
    everyone = tuple(dict.fromkeys((*earlier, *chosen)))
    # Only what changed is written, so that a second run leaves every file alone.
    config = new_config(project, everyone)
    writes = _Writes(root)
    if config_text is None:
        writes.put(config_file, render_config(config))
    else:
        writes.put(config_file, completed_config(config_text, config, source=config_file))
    if not (root / METADATA_FILE).exists():
        writes.put(METADATA_FILE, _metadata())
    writes.put(IGNORE_FILE, with_block(_read_exact(root / IGNORE_FILE) or ""))
    writes.put(ATTRIBUTES_FILE, with_log_driver(_read_exact(root / ATTRIBUTES_FILE) or ""))
    for path, text in command_files(everyone).items():
        current = _read(root / path)
        mine = current is None or digest(current) in (manifest.get(path), digest(text))
        if mine or force:
            writes.put(path, text)
            manifest[path] = digest(text)
        else:
            writes.kept.append(path)
    writes.put(MANIFEST_FILE, manifest_bytes(manifest).decode("utf-8"))
    writes.write()
    identity = ensure_identity(project)
    return InitReport(
        project_uuid=identity.project_uuid,
        project_slug=identity.project_slug,
        agents=everyone,
        created=tuple(writes.created),
        updated=tuple(writes.updated),
        kept=tuple(writes.kept),
    )


@dataclass(slots=True)
class _Writes:
    """Files to write, compared with what is there."""

    root: Path
    texts: dict[str, str] = field(default_factory=dict)
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)

    def put(self, path: str, text: str) -> None:
        current = _read_exact(self.root / path)
        if current is None:
            self.created.append(path)
        elif current.replace("\r\n", "\n") != text.replace("\r\n", "\n"):
            self.updated.append(path)
        else:
            return
        self.texts[path] = text

    def write(self) -> None:
        for path, text in self.texts.items():
            # Command files can be had again at any time; forcing each to the disk takes seconds.
            DISK.write_atomic(
                self.root / path, text.encode("utf-8"), durable=path in _FORCED_TO_DISK
            )


def _metadata() -> str:
    from specify_cli import __version__

    return new_metadata_text(version=__version__, initialized_at=isoformat(utc_now()))


def _read(path: Path) -> str | None:
    try:
        return read_text(path)
    except FileNotFoundError:
        return None


def _read_exact(path: Path) -> str | None:
    """Read a text with its line ends as they are."""
    if _read(path) is None:
        return None
    return path.read_bytes().decode("utf-8-sig")
