"""`meta.json`: what a mission is, in canonical keys only (001 FR-019)."""

from __future__ import annotations

import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel import gate
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import ReadFailed, json_document, leads_outside, read_text
from specify_cli.kernel.ulid import new_ulid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.mission_meta import MissionMeta
    from specify_cli.kernel.json_types import JsonObject, JsonValue

META_FILE = "meta.json"
SURFACE = "mission_meta"
DEFAULT_TYPE = "software-dev"
"""The type of missions that are older than the key: there was no other."""
_NAMES = frozenset({"slug", "mission_slug"})


class CorruptMetadata(SpecKittyError):
    """A `meta.json` that cannot be used; `details` holds `file`, `line` and `mission_slug`."""

    code = "CORRUPT_METADATA"


class Metadata(NamedTuple):
    """The typed view of one `meta.json`.

    Attributes:
        mission_type: The only key that must be there; a project seeded by another client has
            little else.
        document: The whole file, unknown keys included.
    """

    mission_type: str
    mission_id: str | None
    mission_number: int | None
    target_branch: str | None
    friendly_name: str | None
    created_at: str | None
    accepted_at: str | None
    merged_at: str | None
    document: Mapping[str, JsonValue] = MappingProxyType({})


def read_metadata(directory: Path, *, source: str) -> Metadata:
    """Read a mission folder's `meta.json`.

    Args:
        directory: The mission folder.
        source: The folder's name for messages, relative to the project root.

    Raises:
        CorruptMetadata: CORRUPT_METADATA with file and line: missing, unreadable, not JSON, or a
            key of the wrong type.
    """
    file = f"{source}/{META_FILE}"
    try:
        text = read_text(directory / META_FILE)
    except FileNotFoundError:
        raise _corrupt(file, None, "the file is missing") from None
    except ReadFailed as error:
        # One such file must not hide the other missions.
        raise _corrupt(file, None, error.message.rstrip(".")) from error
    return parse_metadata(text, file=file)


def refuse_foreign_mission(directory: Path, root: Path) -> None:
    """Refuse a mission whose folder, or `meta.json`, is a link that leads out of the project.

    Raises:
        CorruptMetadata: CORRUPT_METADATA.
    """
    for path in (directory, directory / META_FILE):
        if path.is_symlink() and leads_outside(path, root):
            file = f"{directory.relative_to(root).as_posix()}/{META_FILE}"
            raise _corrupt(file, None, "it lies behind a link that leads out of the project")


def parse_metadata(text: str, *, file: str) -> Metadata:
    """Read the text of a `meta.json`.

    Raises:
        CorruptMetadata: CORRUPT_METADATA with file and line.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise _corrupt(file, error.lineno, f"it is not JSON ({error.msg})") from error
    except (ValueError, RecursionError) as error:
        raise _corrupt(file, 1, "a number is too long, or it is nested too deeply") from error
    if not isinstance(document, dict):
        raise _corrupt(file, 1, "it is not a JSON object")

    def text_of(key: str) -> str | None:
        value = document.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if not isinstance(value, str):
            raise _corrupt(file, _line_of(text, key), f'"{key}" is not text')
        return value

    mission_type = text_of("mission_type")
    if mission_type is None and _is_old(document):
        # Files from before missions had an id name the type otherwise, or not at all.
        mission_type = text_of("mission") or DEFAULT_TYPE
    if mission_type is None:
        raise _corrupt(file, 1, '"mission_type" is missing')
    mission_id = text_of("mission_id")
    return Metadata(
        mission_type=mission_type,
        mission_id=mission_id,
        mission_number=_number(document.get("mission_number"), file, text),
        target_branch=text_of("target_branch"),
        friendly_name=text_of("friendly_name") or text_of("title"),
        created_at=text_of("created_at"),
        accepted_at=text_of("accepted_at"),
        merged_at=text_of("merged_at"),
        document=document,
    )


def _is_old(document: Mapping[str, object]) -> bool:
    """Tell whether a file was written before missions had an id: it has a name and a date."""
    named = not _NAMES.isdisjoint(document) and "created_at" in document
    return named and not document.get("mission_id")


def new_metadata(
    *,
    mission_id: str,
    slug: str,
    mission_type: str,
    friendly_name: str,
    purpose_tldr: str,
    purpose_context: str,
    target_branch: str,
    created_at: str,
) -> MissionMeta:
    """Compose the `meta.json` of a new mission: canonical keys, nothing else (001 FR-019)."""
    return {
        "mission_id": mission_id,
        "mission_slug": slug,
        "slug": slug,
        "mission_number": None,
        "mission_type": mission_type,
        "friendly_name": friendly_name,
        "purpose_tldr": purpose_tldr,
        "purpose_context": purpose_context,
        "target_branch": target_branch,
        "topology": "single_branch",
        "created_at": created_at,
        "vcs": "git",
    }


def metadata_bytes(document: Mapping[str, object]) -> bytes:
    """Render a `meta.json` after it passed the gate.

    Raises:
        ContractViolation: CONTRACT_VIOLATION: a required key is missing, a known key has the wrong
            type, or a legacy key is present.
    """
    gate.check(SURFACE, dict(document))
    return json_document(document)


def updated_metadata(
    directory: Path,
    changes: Mapping[str, JsonValue],
    *,
    source: str,
    branch: str = "",
    began_at: Callable[[], str | None] = lambda: None,
) -> bytes:
    """Render a mission's `meta.json` with some keys changed and every other key kept.

    What the file of another client lacks is completed, an id of its own included. Call it under the
    mission's lock.

    Args:
        directory: The mission folder.
        changes: Keys to set, for example `merged_at`.
        source: The folder's name for messages.
        branch: The branch that the mission lives on, for a file that names none.
        began_at: Returns when the mission's log begins; asked for a file that names no date.

    Raises:
        CorruptMetadata: CORRUPT_METADATA.
        ContractViolation: CONTRACT_VIOLATION.
    """
    known = read_metadata(directory, source=source)
    document: JsonObject = {
        "mission_slug": directory.name,
        "slug": directory.name,
        "friendly_name": known.friendly_name or directory.name,
        **known.document,
        "created_at": known.created_at or began_at() or isoformat(utc_now()),
        "mission_type": known.mission_type,
        "mission_id": known.mission_id or new_ulid(),
        "mission_number": known.mission_number,
        "target_branch": known.target_branch or branch,
    }
    document.update(changes)
    return metadata_bytes(document)


def _number(value: object, file: str, text: str) -> int | None:
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        return int(value)
    raise _corrupt(
        file, _line_of(text, "mission_number"), '"mission_number" is neither a number nor null'
    )


def _line_of(text: str, key: str) -> int:
    position = text.find(f'"{key}"')
    return text.count("\n", 0, position) + 1 if position >= 0 else 1


def _corrupt(file: str, line: int | None, problem: str) -> CorruptMetadata:
    where = file if line is None else f"{file} line {line}"
    slug = file.split("/")[-2] if "/" in file else ""
    return CorruptMetadata(
        f"{where}: {problem}.",
        fix=f"Correct {file}, or bring back the committed one: git checkout HEAD -- {file}",
        details={"file": file, "line": line, "mission_slug": slug},
    )
