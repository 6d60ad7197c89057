"""Composing `.kittify/config.yaml`: the project's identity in three sections (001 FR-005)."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, cast

from specify_cli.git.process import try_git
from specify_cli.identity.build import build_id
from specify_cli.identity.node import node_id
from specify_cli.identity.project import (
    CONFIG_FILE,
    IdentityIncomplete,
    NotInitialized,
    Project,
    ProjectIdentity,
    load_identity,
    missing_keys,
)
from specify_cli.kernel.files import DISK, read_text
from specify_cli.kernel.gate import check
from specify_cli.kernel.names import UnsafeName, slugify
from specify_cli.kernel.yaml import YamlError, dump_yaml, edit_mapping, load_yaml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spec_kitty_contracts.wire.project_config import ProjectConfig
    from specify_cli.kernel.files import Disk
    from specify_cli.kernel.json_types import JsonValue

_HEADER = """\
# Configuration of this spec-kitty project. Tracked: every clone shares it.
# `build` and `node` name the checkout and the machine that ran init; events carry those of the
# checkout and machine that emit them, which are kept outside git.
"""


def new_config(project: Project, agents: Sequence[str]) -> ProjectConfig:
    """Compose the configuration of a new project, with an identity of its own.

    Args:
        project: The project; its checkout's build id is minted if it has none yet.
        agents: Keys of the agents that work on it, such as `claude`.

    Raises:
        ContractViolation: CONTRACT_VIOLATION.
        WriteFailed: WRITE_FAILED: the build id could not be stored.
    """
    project_uuid = str(uuid.uuid4())
    config: ProjectConfig = {
        "project": {"uuid": project_uuid, "slug": project_slug(project)},
        "build": {"id": build_id(project.repository.git_dir)},
        "node": {"id": node_id(project_uuid)},
        "agents": {"available": list(agents), "auto_commit": True},
        "vcs": {"type": "git"},
        "mission_type_activations": ["software-dev"],
    }
    check("project_config", config)
    return config


def render_config(config: ProjectConfig) -> str:
    """Render a configuration as the text of `.kittify/config.yaml`."""
    return _HEADER + dump_yaml(config)


def ensure_identity(project: Project, *, disk: Disk = DISK) -> ProjectIdentity:
    """Return the project's identity; complete the configuration first where it lacks a part.

    Only what is missing is added; everything else in the file stays as it is written, comments
    included. Only `init` calls this: other commands refuse an incomplete identity.

    Raises:
        NotInitialized: NOT_INITIALIZED: there is no configuration to complete.
        IdentityIncomplete: IDENTITY_INCOMPLETE: what is there cannot be used, or was cut off.
        YamlError: INVALID_YAML.
        WriteFailed: WRITE_FAILED.
    """
    try:
        return load_identity(project, disk=disk)
    except NotInitialized:
        raise
    except IdentityIncomplete:
        text = read_text(project.root / CONFIG_FILE)
    return _complete(project, text, disk)


def establish_identity(project: Project, *, disk: Disk = DISK) -> ProjectIdentity:
    """Return the project's identity; complete the configuration, or make one, where it lacks a part.

    For the first write into a project that another client set up (ADR 0009).

    Raises:
        IdentityIncomplete: IDENTITY_INCOMPLETE: what is there cannot be used.
        YamlError: INVALID_YAML.
        WriteFailed: WRITE_FAILED.
    """
    try:
        return ensure_identity(project, disk=disk)
    except NotInitialized:
        text = render_config(new_config(project, ()))
        disk.write_atomic(project.root / CONFIG_FILE, text.encode("utf-8"))
        return load_identity(project, disk=disk)


def refuse_lost_identity(project: Project, text: str) -> None:
    """Refuse to go on with a configuration that has lost the identity which the last commit has.

    A file that was cut off is often still valid YAML. A new identity would make another project of this
    one, for every program that it sends events to.

    Args:
        project: The project.
        text: Its configuration as it is now.

    Raises:
        IdentityIncomplete: IDENTITY_INCOMPLETE: with the command that gets it back.
        YamlError: INVALID_YAML.
    """
    if _known_uuid(load_yaml(text, source=str(CONFIG_FILE))) is not None:
        return
    committed = try_git(project.root, "show", f"HEAD:{CONFIG_FILE}")
    if committed.code != 0:
        return
    try:
        lost = _known_uuid(load_yaml(committed.stdout, source=str(CONFIG_FILE)))
    except YamlError:
        return
    if lost is not None:
        raise IdentityIncomplete(
            f"{CONFIG_FILE} lacks project.uuid, which the last commit has: it was cut off or edited.",
            fix=f"git restore {CONFIG_FILE}",
            details={"file": str(CONFIG_FILE), "missing": ["project.uuid"], "committed": lost},
        )


def _known_uuid(document: object) -> str | None:
    known = document.get("project") if isinstance(document, dict) else None
    value = known.get("uuid") if isinstance(known, dict) else None
    return value if isinstance(value, str) and value.strip() else None


def _complete(project: Project, text: str, disk: Disk) -> ProjectIdentity:
    path = project.root / CONFIG_FILE
    document = load_yaml(text, source=str(CONFIG_FILE))
    sections = document if isinstance(document, dict) else {}
    missing = missing_keys(sections)
    if not missing:
        return load_identity(project, disk=disk)
    refuse_lost_identity(project, text)
    known = sections.get("project")
    known_uuid = known.get("uuid") if isinstance(known, dict) else None
    project_uuid = known_uuid if isinstance(known_uuid, str) else str(uuid.uuid4())
    values = {
        "project.uuid": project_uuid,
        "project.slug": project_slug(project),
        "build.id": build_id(project.repository.git_dir, disk=disk),
        "node.id": node_id(project_uuid),
    }
    additions: dict[str, JsonValue] = {}
    for dotted in missing:
        section, key = dotted.split(".")
        cast("dict[str, JsonValue]", additions.setdefault(section, {}))[key] = values[dotted]
    edited = edit_mapping(text, additions, source=str(CONFIG_FILE), deep=True)
    disk.write_atomic(path, edited.encode("utf-8"))
    return load_identity(project, disk=disk)


def project_slug(project: Project) -> str:
    """Name the project after its origin's last path part, else after its folder."""
    origin = try_git(project.root, "config", "--get", "remote.origin.url").stdout.strip()
    last = origin.rstrip("/").replace("\\", "/").replace(":", "/").rsplit("/", 1)[-1]
    for name in (last.removesuffix(".git"), project.root.name):
        try:
            return slugify(name)
        except UnsafeName:
            continue
    return "project"
