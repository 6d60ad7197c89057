"""The project and its identity: what `.kittify/config.yaml` says, plus this checkout and machine."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK, json_document, read_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.git.repository import Repository
    from specify_cli.kernel.files import Disk

CONFIG_FILE = PurePosixPath(".kittify/config.yaml")
_CACHE_FILE = "identity.json"
_INIT = "spec-kitty init"


class NotInitialized(SpecKittyError):
    """The repository has no project configuration."""

    code = "NOT_INITIALIZED"


class IdentityIncomplete(SpecKittyError):
    """The configuration exists but lacks a part of the project's identity."""

    code = "IDENTITY_INCOMPLETE"


class ConfigInvalid(SpecKittyError):
    """A setting of `.kittify/config.yaml` has the wrong form."""

    code = "CONFIG_INVALID"


class Project(NamedTuple):
    """One project: its main checkout, and the checkout the command was run from.

    Attributes:
        root: The main checkout, absolute. Missions and their logs live below it.
        repository: The checkout of the working directory; a lane worktree has its own.
    """

    root: Path
    repository: Repository


class ProjectIdentity(NamedTuple):
    """Everything an envelope says about its origin (001 FR-005).

    Attributes:
        project_uuid: UUID of the project, lower case with hyphens; the same in every clone.
        project_slug: Name of the project for people.
        repo_slug: `owner/repo` when the user set one; never made up.
        build_id: ULID of this checkout (001 FR-006).
        node_id: 12 hexadecimal digits for this user on this machine.
    """

    project_uuid: str
    project_slug: str
    repo_slug: str | None
    build_id: str
    node_id: str


class _Configured(NamedTuple):
    """The part of the identity that is tracked in the configuration."""

    project_uuid: str
    project_slug: str
    repo_slug: str | None


def load_identity(project: Project, *, disk: Disk = DISK) -> ProjectIdentity:
    """Read the project's identity; complete it with this checkout's build id and this node.

    Reads the three sections `project`, `build`, `node` and the layout of 3.2.x, which keeps all of
    them under `project`. Ids in the file belong to the checkout and machine that ran `init`; events
    carry those of the checkout and machine that emit them.

    Args:
        project: The project and the checkout of the caller.
        disk: Where the build id and the cache are written.

    Raises:
        NotInitialized: NOT_INITIALIZED: there is no configuration.
        IdentityIncomplete: IDENTITY_INCOMPLETE: names the missing or malformed keys.
        YamlError: INVALID_YAML.
        ReadFailed: READ_FAILED.
        WriteFailed: WRITE_FAILED: the build id could not be stored.
    """
    # 5 ms that reading commands do not need.
    import hashlib

    from specify_cli.identity.build import STATE_FOLDER, build_id
    from specify_cli.identity.node import node_id

    path = project.root / CONFIG_FILE
    git_dir = project.repository.git_dir
    cache = git_dir / STATE_FOLDER / _CACHE_FILE
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except FileNotFoundError as error:
        raise NotInitialized(
            f"{CONFIG_FILE} does not exist: this repository is not a spec-kitty project yet.",
            fix=_INIT,
            details={"file": str(CONFIG_FILE)},
        ) from error
    except OSError:
        digest = ""  # read_text below says what is wrong
    configured = _from_cache(cache, digest)
    if configured is None:
        configured = _parse(read_text(path))
        _store(cache, digest, configured, disk)
    return ProjectIdentity(
        project_uuid=configured.project_uuid,
        project_slug=configured.project_slug,
        repo_slug=configured.repo_slug,
        build_id=build_id(git_dir, disk=disk),
        node_id=node_id(configured.project_uuid),
    )


def _parse(text: str) -> _Configured:
    from specify_cli.kernel.yaml import load_yaml

    document = load_yaml(text, source=str(CONFIG_FILE))
    sections: Mapping[object, object] = document if isinstance(document, dict) else {}
    project = _section(sections, "project")
    missing = missing_keys(sections)
    if missing:
        raise _incomplete("lacks " + ", ".join(missing), missing)
    uuid = _uuid(_text(project.get("uuid")))
    if uuid is None:
        raise _incomplete("has a project.uuid that is not a UUID", ["project.uuid"])
    return _Configured(
        project_uuid=uuid,
        project_slug=_text(project.get("slug")),
        repo_slug=_text(project.get("repo_slug")) or None,
    )


def missing_keys(document: Mapping[object, object]) -> list[str]:
    """Return which parts of the identity a configuration lacks, as `section.key`."""
    project = _section(document, "project")
    missing = [f"project.{key}" for key in ("uuid", "slug") if not _text(project.get(key))]
    missing += [
        f"{name}.id"
        for name in ("build", "node")
        # 3.2.x keeps both ids beside the project's.
        if not _text(_section(document, name).get("id")) and not _text(project.get(f"{name}_id"))
    ]
    return missing


def _section(document: Mapping[object, object], name: str) -> Mapping[object, object]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}


def _text(value: object) -> str:
    # A slug such as `2048` is a number to YAML and a name to its owner.
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def _uuid(text: str) -> str | None:
    from uuid import UUID

    try:
        return str(UUID(text))
    except ValueError:
        return None


def _incomplete(problem: str, keys: list[str]) -> IdentityIncomplete:
    return IdentityIncomplete(
        f"{CONFIG_FILE} {problem}.",
        fix=_INIT,
        details={"file": str(CONFIG_FILE), "missing": list(keys)},
    )


def _from_cache(path: Path, digest: str) -> _Configured | None:
    """Return what was parsed from a file of exactly this content, if it is known."""
    try:
        cached = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(cached, dict) or not digest or cached.get("config_sha256") != digest:
        return None
    uuid, slug, repo = (cached.get(k) for k in ("project_uuid", "project_slug", "repo_slug"))
    if not isinstance(uuid, str) or not isinstance(slug, str):
        return None
    return _Configured(uuid, slug, repo if isinstance(repo, str) else None)


def _store(path: Path, digest: str, configured: _Configured, disk: Disk) -> None:
    cached = {
        "config_sha256": digest,
        "project_uuid": configured.project_uuid,
        "project_slug": configured.project_slug,
        "repo_slug": configured.repo_slug,
    }
    disk.write_atomic(path, json_document(cached), durable=False)
