"""`.kittify/config.yaml` and `metadata.yaml`: written once, completed later, never rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.identity.configuration import render_config
from specify_cli.kernel.yaml import dump_yaml, edit_mapping, load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from spec_kitty_contracts.wire.project_config import ProjectConfig
    from specify_cli.kernel.json_types import JsonObject

METADATA_FILE = ".kittify/metadata.yaml"
SCHEMA_VERSION = 3
"""The project layout that 3.2.x and this program share."""
_METADATA_HEADER = "# The layout of this spec-kitty project. Written by the program; do not edit.\n"


def completed_config(text: str, config: ProjectConfig, *, source: str) -> str:
    """Add settings to an existing configuration that it lacks; the rest stays as it is written.

    Agents that the project did not have are appended to `agents.available`. The identity is not
    touched here: `identity.configuration.ensure_identity` knows which parts belong together.

    Args:
        text: The existing file.
        config: What a new project would get.
        source: The file's name, for messages.

    Raises:
        YamlError: INVALID_YAML.
    """
    existing = load_yaml(text, source=source)
    if existing is None:
        return text.rstrip("\n") + ("\n\n" if text.strip() else "") + render_config(config)
    if not isinstance(existing, dict):
        return edit_mapping(text, {}, source=source)  # which refuses it
    additions = _additions(existing, config)
    return edit_mapping(text, additions, source=source, deep=True) if additions else text


def configured_agents(text: str, *, source: str) -> tuple[str, ...]:
    """Return `agents.available` of a configuration.

    Raises:
        YamlError: INVALID_YAML.
    """
    document = load_yaml(text, source=source)
    section = document.get("agents") if isinstance(document, dict) else None
    names = section.get("available") if isinstance(section, dict) else None
    return tuple(str(name) for name in names) if isinstance(names, list) else ()


def new_metadata_text(*, version: str, initialized_at: str) -> str:
    """Render `metadata.yaml` as 3.2.x reads it, without a word about this machine."""
    return _METADATA_HEADER + dump_yaml(
        {
            "spec_kitty": {
                "schema_version": SCHEMA_VERSION,
                "version": version,
                "initialized_at": initialized_at,
                "last_upgraded_at": None,
                "schema_capabilities": {
                    "canonical_context": True,
                    "event_log_authority": True,
                    "ownership_manifest": True,
                    "thin_shims": True,
                },
            },
            "migrations": {"applied": []},
        }
    )


def _additions(existing: Mapping[object, object], config: ProjectConfig) -> JsonObject:
    additions: JsonObject = {}
    if existing.get("vcs") is None:
        additions["vcs"] = {"type": config["vcs"]["type"]}
    if existing.get("mission_type_activations") is None:
        additions["mission_type_activations"] = [*config["mission_type_activations"]]
    agents = existing.get("agents")
    wanted = config["agents"]["available"]
    if agents is None:
        additions["agents"] = {
            "available": [*wanted],
            "auto_commit": config["agents"]["auto_commit"],
        }
    elif isinstance(agents, dict):
        listed = agents.get("available")
        available: Sequence[str] = (
            [str(name) for name in listed] if isinstance(listed, list) else ()
        )
        if not set(wanted) <= set(available):
            additions["agents"] = {
                "available": [*available, *(name for name in wanted if name not in available)]
            }
    return additions
