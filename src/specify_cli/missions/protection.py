"""The branches that a project protects from bookkeeping, as its configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.identity.project import CONFIG_FILE, ConfigInvalid
from specify_cli.kernel.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

_KEY = "protected_branches"


def configured_protection(root: Path) -> tuple[str, ...] | None:
    """Return `protection.protected_branches` of the project's configuration.

    Returns:
        The names, possibly none at all; None when the project does not set them, which means the
        default set (main, master, the remote's default branch).

    Raises:
        YamlError: INVALID_YAML.
        ReadFailed: READ_FAILED.
        ConfigInvalid: CONFIG_INVALID: not a list of names. A slip must not lift the protection.
    """
    try:
        text = read_text(root / CONFIG_FILE)
    except FileNotFoundError:
        return None
    if _KEY not in text:
        # The YAML library costs 30 ms; hardly any project has this setting.
        return None
    from specify_cli.kernel.yaml import load_yaml

    document = load_yaml(text, source=str(CONFIG_FILE))
    section = document.get("protection") if isinstance(document, dict) else None
    names = section.get(_KEY) if isinstance(section, dict) else None
    if names is None:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise ConfigInvalid(
            f"protection.{_KEY} in {CONFIG_FILE} is not a list of branch names.",
            fix=f"Write `{_KEY}: [main]` below `protection:` in {CONFIG_FILE}.",
            details={"file": str(CONFIG_FILE), "key": f"protection.{_KEY}"},
        )
    return tuple(names)
