"""`.kittify/config.yaml` and `metadata.yaml`: written once, completed later, never rewritten."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from spec_kitty_contracts.gate import violations
from specify_cli.identity.configuration import render_config
from specify_cli.identity.project import CONFIG_FILE, ConfigInvalid
from specify_cli.kernel.yaml import dump_yaml, edit_list, edit_mapping, load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from spec_kitty_contracts.wire.project_config import ProjectConfig
    from specify_cli.kernel.json_types import JsonObject

METADATA_FILE = ".kittify/metadata.yaml"
SCHEMA_VERSION = 3
"""The project layout that 3.2.x and this program share."""
_METADATA_HEADER = "# The layout of this spec-kitty project. Written by the program; do not edit.\n"


_SOURCE = str(CONFIG_FILE)
# What the existing CLI and its users have beside these is theirs; a part that is missing is no mistake.
_OUR_SECTIONS = ("project", "build", "node", "agents", "vcs", "mission_type_activations")
_MISTAKES = frozenset({"type", "minLength", "maxLength", "pattern"})


class Configured(NamedTuple):
    """What a configuration says about agents.

    Attributes:
        sections: The whole document, sections without a value left out.
        agents: `agents.available`, without repetitions.
    """

    sections: Mapping[str, object]
    agents: tuple[str, ...]


def read_configured(text: str) -> Configured | None:
    """Read a configuration's agents; None when the file has no content.

    Raises:
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID: a section or an agent's name has the wrong form.
    """
    document = load_yaml(text, source=_SOURCE)
    if document is None:
        return None
    if not isinstance(document, dict):
        edit_mapping(text, {}, source=_SOURCE)  # which refuses it
    sections = _without_empty(cast("Mapping[object, object]", document))
    agents = sections.get("agents")
    if isinstance(agents, dict):
        sections["agents"] = agents = _without_empty(agents)
    _refuse_mistakes(sections)
    names = agents.get("available", []) if isinstance(agents, dict) else []
    return Configured(sections, tuple(dict.fromkeys(names)))


def completed_config(text: str, config: ProjectConfig) -> str:
    """Add settings to an existing configuration that it lacks; the rest stays as it is written.

    Agents that the project did not have are appended to `agents.available`. The identity is not
    touched here: `identity.configuration.ensure_identity` knows which parts belong together.

    Args:
        text: The existing file.
        config: What a new project would get.

    Raises:
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
    """
    configured = read_configured(text)
    if configured is None:
        return text.rstrip("\n") + ("\n\n" if text.strip() else "") + render_config(config)
    additions: JsonObject = {}
    if "vcs" not in configured.sections:
        additions["vcs"] = {"type": config["vcs"]["type"]}
    if "mission_type_activations" not in configured.sections:
        additions["mission_type_activations"] = [*config["mission_type_activations"]]
    if "agents" not in configured.sections:
        additions["agents"] = {"available": [], "auto_commit": config["agents"]["auto_commit"]}
    if additions:
        text = edit_mapping(text, additions, source=_SOURCE, deep=True)
    return with_agents(text, config["agents"]["available"])


def with_agents(text: str, names: Iterable[str]) -> str:
    """Append agents to `agents.available` that it lacks; everything else stays as it is written.

    Raises:
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
    """
    configured = read_configured(text)
    known = configured.agents if configured else ()
    new = [name for name in names if name not in known]
    if not new:
        return text
    listed = configured is not None and isinstance(configured.sections.get("agents"), dict)
    agents = configured.sections["agents"] if configured and listed else {}
    if not isinstance(agents, dict) or "available" not in agents:
        additions: JsonObject = {"agents": {"available": [*new]}}
        return edit_mapping(text, additions, source=_SOURCE, deep=True)
    return edit_list(text, "agents", "available", add=new, source=_SOURCE)


def without_agents(text: str, names: Iterable[str]) -> str:
    """Take agents out of `agents.available`; everything else stays as it is written.

    Raises:
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
    """
    configured = read_configured(text)
    gone = [name for name in names if configured and name in configured.agents]
    return edit_list(text, "agents", "available", remove=gone, source=_SOURCE) if gone else text


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


def _without_empty(section: Mapping[object, object]) -> dict[str, object]:
    return {str(key): value for key, value in section.items() if value is not None}


def _refuse_mistakes(sections: Mapping[str, object]) -> None:
    """Refuse values of a wrong form in what we read or complete.

    Raises:
        ConfigInvalid: CONFIG_INVALID.
    """
    ours = {name: value for name, value in sections.items() if name in _OUR_SECTIONS}
    found = [
        mistake
        for mistake in violations("project_config", ours)
        if mistake.rule in _MISTAKES and not _is_identity(mistake.path)
    ]
    if found:
        first = found[0]
        key = first.path.removeprefix("$.")
        raise ConfigInvalid(
            f"{key} in {_SOURCE} has the wrong form: expected {first.expected}, found {first.found}.",
            fix=f"Correct {key} in {_SOURCE}, or get the last version back with "
            f"`git restore {_SOURCE}`.",
            details={
                "file": _SOURCE,
                "key": key,
                "mistakes": [
                    {"key": m.path, "expected": m.expected, "found": m.found} for m in found
                ],
            },
        )


def _is_identity(path: str) -> bool:
    # `identity.project` judges what is inside: a slug such as 2048 is a number to YAML.
    return path.startswith(("$.project.", "$.build.", "$.node."))
