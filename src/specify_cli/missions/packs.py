"""Which mission packs a project uses, as its configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.identity.project import CONFIG_FILE
from specify_cli.kernel.files import read_text

if TYPE_CHECKING:
    from pathlib import Path

_KEY = "mission_packs"


def configured_packs(root: Path) -> tuple[Path, ...]:
    """Return the folders of `mission_packs` in the project's configuration; most projects have none.

    Raises:
        ConfigInvalid: CONFIG_INVALID: it is not a list of folders.
        YamlError: INVALID_YAML.
        ReadFailed: READ_FAILED.
    """
    try:
        text = read_text(root / CONFIG_FILE)
    except FileNotFoundError:
        return ()
    if _KEY not in text:
        return ()  # loading the YAML library costs 30 ms
    from specify_cli.identity.project import ConfigInvalid
    from specify_cli.kernel.yaml import load_yaml

    document = load_yaml(text, source=str(CONFIG_FILE))
    named = document.get(_KEY) if isinstance(document, dict) else None
    if named is None:
        return ()
    if not isinstance(named, list) or not all(isinstance(name, str) and name for name in named):
        raise ConfigInvalid(
            f"{_KEY} in {CONFIG_FILE} is not a list of folders.",
            fix=f"spec-kitty config set {_KEY} <folder>",
            details={"file": str(CONFIG_FILE), "key": _KEY},
        )
    return tuple(root / name for name in named)
