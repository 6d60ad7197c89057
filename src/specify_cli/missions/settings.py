"""The settings of a project: the keys of `.kittify/config.yaml` that can be read and set by name."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.free_text import public_name
from specify_cli.identity.project import CONFIG_FILE, ConfigInvalid, NotInitialized
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.files import DISK, read_text
from specify_cli.kernel.locks import file_lock
from specify_cli.missions.locks import lock_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject, JsonValue

OWNER = "mission.owner"
_MAX_NAME = 120


class UnknownSetting(UsageError):
    """There is no setting of that name."""

    code = "UNKNOWN_SETTING"


class InvalidSetting(UsageError):
    """The value does not do for the setting."""

    code = "INVALID_SETTING"


class Setting(NamedTuple):
    """One setting and what it is now.

    Attributes:
        key: Section and name, such as "mission.owner".
        what: What it decides.
        value: As the file has it; None when it is not set.
    """

    key: str
    what: str
    value: JsonValue = None

    def to_json(self) -> JsonObject:
        """Return it as JSON."""
        return {"key": self.key, "value": self.value, "what": self.what}


def _name(text: str) -> JsonValue:
    given = text.strip()
    if not given or len(given) > _MAX_NAME or not given.isprintable() or given[0] == "-":
        return None
    return public_name(given)


def _yes_or_no(text: str) -> JsonValue:
    return {"true": True, "false": False}.get(text.strip().lower())


def _strategy(text: str) -> JsonValue:
    return text if text in ("merge", "squash", "rebase") else None


def _names(text: str) -> JsonValue:
    found: list[JsonValue] = [part.strip() for part in text.split(",") if part.strip()]
    return found or None


def _repository(text: str) -> JsonValue:
    return text if re.match(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+\Z", text) else None


def _tokens(text: str) -> JsonValue:
    return int(text) if re.match(r"[0-9]{1,7}\Z", text, re.ASCII) else None


class _Kind(NamedTuple):
    what: str
    read: Callable[[str], JsonValue]
    form: str


_KNOWN: Mapping[str, _Kind] = MappingProxyType(
    {
        OWNER: _Kind("Who decides at audits.", _name, "a name such as ada"),
        "agents.auto_commit": _Kind(
            "Whether agents may commit their work.", _yes_or_no, "true or false"
        ),
        "governance.token_budget": _Kind(
            "Tokens that governance may take in a prompt; suggestions beyond them are left out.",
            _tokens,
            "a number from 0 to 9999999",
        ),
        "merge.strategy": _Kind("How missions are merged.", _strategy, "merge, squash or rebase"),
        "mission_packs": _Kind(
            "Folders with further mission types.", _names, "folders, separated by commas"
        ),
        "project.repo_slug": _Kind("The repository's name.", _repository, "owner/name"),
        "protection.protected_branches": _Kind(
            "Branches that bookkeeping never commits to.", _names, "names, separated by commas"
        ),
    }
)


def project_settings(project: Project) -> tuple[Setting, ...]:
    """Return every known setting of a project, sorted by its key.

    Raises:
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        ReadFailed: READ_FAILED.
    """
    document = _document(_text(project.root))
    return tuple(Setting(key, kind.what, _get(document, key)) for key, kind in _KNOWN.items())


def project_setting(project: Project, key: str) -> Setting:
    """Return one setting.

    Raises:
        UnknownSetting: UNKNOWN_SETTING.
        SpecKittyError: As `project_settings`.
    """
    _known(key)
    return next(setting for setting in project_settings(project) if setting.key == key)


def change_setting(project: Project, key: str, value: str) -> Setting:
    """Set one setting; everything else in the file stays as it is written, comments included.

    The file is tracked: committing it is up to the user.

    Args:
        project: The project.
        key: Such as "mission.owner".
        value: As it is given on a command line. A name that is an address is shortened (P8).

    Raises:
        UnknownSetting: UNKNOWN_SETTING.
        InvalidSetting: INVALID_SETTING.
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        LockTimeout: LOCK_TIMEOUT.
        WriteFailed: WRITE_FAILED.
    """
    kind = _known(key)
    parsed = kind.read(value)
    if parsed is None:
        raise InvalidSetting(
            f"{value[:60]!r} does not do for {key}.",
            fix=f"Give {kind.form}: spec-kitty config set {key} <value>",
            details={"key": key, "value": value[:200]},
        )
    from specify_cli.kernel.yaml import edit_mapping

    section, _, name = key.rpartition(".")
    change: JsonObject = {section: {name: parsed}} if section else {name: parsed}
    with file_lock(lock_path(project.repository.common_dir, "config")):
        text = _text(project.root)
        edited = edit_mapping(text, change, source=str(CONFIG_FILE), deep=True)
        DISK.write_atomic(project.root / CONFIG_FILE, edited.encode("utf-8"))
    return Setting(key, kind.what, parsed)


def mission_owner(root: Path) -> str | None:
    """Return the person who decides at audits, as the project's configuration names them.

    Raises:
        ConfigInvalid: CONFIG_INVALID: it is not a name.
        YamlError: INVALID_YAML.
        ReadFailed: READ_FAILED.
    """
    try:
        text = read_text(root / CONFIG_FILE)
    except FileNotFoundError:
        return None
    if "owner" not in text:
        return None  # loading the YAML library costs 30 ms
    owner = _get(_document(text), OWNER)
    if owner is None or (isinstance(owner, str) and owner.strip()):
        return owner
    raise ConfigInvalid(
        f"{OWNER} in {CONFIG_FILE} is not a name.",
        fix=f"spec-kitty config set {OWNER} <name>",
        details={"file": str(CONFIG_FILE), "key": OWNER},
    )


def _known(key: str) -> _Kind:
    kind = _KNOWN.get(key)
    if kind is None:
        raise UnknownSetting(
            f"there is no setting {key[:60]!r}.",
            fix=f"Use one of: {', '.join(_KNOWN)}.",
            details={"key": key[:200], "known": [*_KNOWN]},
        )
    return kind


def _text(root: Path) -> str:
    try:
        return read_text(root / CONFIG_FILE)
    except FileNotFoundError as error:
        raise NotInitialized(
            f"there is no {CONFIG_FILE}.", fix="spec-kitty init", details={"file": str(CONFIG_FILE)}
        ) from error


def _document(text: str) -> object:
    from specify_cli.kernel.yaml import load_yaml

    return load_yaml(text, source=str(CONFIG_FILE))


def _get(document: object, key: str) -> JsonValue:
    found = document
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found  # type: ignore[return-value]  # plain YAML data is JSON data
