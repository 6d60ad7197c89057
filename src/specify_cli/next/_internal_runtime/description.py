"""Reads a mission description strictly: every problem at once, each with its line.

A typo that passes silently surfaces weeks later as a step that never comes up, so unknown keys,
double ids, unknown dependencies and cycles are refused when the file is read.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple, cast
from zlib import crc32

from specify_cli.kernel.files import DISK, json_document
from specify_cli.next._internal_runtime.meaning import template_hash
from specify_cli.next._internal_runtime.schema import (
    InvalidMissionTemplate,
    MissionRuntimeError,
)
from specify_cli.next._internal_runtime.template_reader import TemplateReader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.next._internal_runtime.schema import MissionTemplate
    from specify_cli.next._internal_runtime.template_reader import Problem


class Description(NamedTuple):
    """A mission description file, parsed.

    Attributes:
        path: The file.
        source: Its text.
        document: The parsed YAML as plain data.
        template: What it means.
        known_hash: The hash of that, when it was kept with the parsed form.
    """

    path: Path
    source: str
    document: Mapping[str, JsonValue]
    template: MissionTemplate
    known_hash: str | None = None

    @property
    def meaning(self) -> str:
        """The hash of what it means, see `template_hash`."""
        return self.known_hash or template_hash(self.template)

    @property
    def parsed_name(self) -> str:
        """The name of its parsed form in a cache."""
        return _parsed_name(self.source)


PARSED_FOLDER = "parsed"
"""Beside a built-in description: the same, parsed (tools/parse_missions.py)."""


def read_description(path: Path, *, cache: Path | None = None) -> Description:
    """Read and check a mission description.

    Args:
        path: The file.
        cache: Folder of parsed descriptions. Loading the YAML library costs 30 ms on every call of
            `next`; a hit avoids it. A cached document is checked like a fresh one, and read again from the file
            when it fails.

    Raises:
        MissionRuntimeError: MISSION_RUNTIME_ERROR: the file cannot be read.
        InvalidMissionTemplate: INVALID_MISSION_TEMPLATE.
        MissionTemplateHasNoStepsError: MISSION_TEMPLATE_HAS_NO_STEPS.
        YamlError: INVALID_YAML.
    """
    name = shown_name(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MissionRuntimeError(
            f"the mission description {name} cannot be read: {error.strerror}.",
            fix="Restore the file, or remove its folder from where missions are looked for.",
            details={"file": name},
        ) from error
    source = data.decode("utf-8-sig", errors="replace")
    known = None if cache is None else _cached(cache, source, path)
    if known is not None:
        return known
    from specify_cli.kernel.yaml import load_yaml

    document = load_yaml(source, source=name)
    template = parse_template(document, text=data, source=name)
    missing = _missing_templates(template, path.parent)
    if missing:
        raise _refused(name, data, missing)
    return Description(path, source, cast("Mapping[str, JsonValue]", document), template)


def shown_name(path: Path) -> str:
    """Return how messages call a description: with its folder, since most have the same file name."""
    return f"{path.parent.name}/{path.name}" if path.parent.name else path.name


def remember_description(description: Description, cache: Path) -> None:
    """Keep a parsed description for later calls, with the text that it was parsed from.

    Raises:
        WriteFailed: WRITE_FAILED.
    """
    target = cache / description.parsed_name
    if _cached(cache, description.source, description.path) is None:
        kept = {
            "source": description.source,
            "parsed": description.document,
            "hash": description.meaning,
        }
        DISK.write_atomic(target, json_document(kept))


def parse_template(document: object, *, text: bytes = b"", source: str) -> MissionTemplate:
    """Turn a parsed YAML document into a mission description.

    Args:
        document: Plain data.
        text: The file it came from, to find lines in; without it messages have no lines.
        source: The file's name, for messages.

    Raises:
        InvalidMissionTemplate: INVALID_MISSION_TEMPLATE.
        MissionTemplateHasNoStepsError: MISSION_TEMPLATE_HAS_NO_STEPS.
    """
    reader = TemplateReader(source)
    template = reader.template(document)
    if reader.problems:
        raise _refused(source, text, reader.problems)
    return template


def _parsed_name(source: str) -> str:
    # A name only: that a parsed form belongs to a text is told by the text kept with it.
    return f"{crc32(source.encode()):08x}.json"


def _cached(cache: Path, source: str, path: Path) -> Description | None:
    """Return the description from the cache; one of another text, or a damaged one, counts as none."""
    try:
        kept = json.loads((cache / _parsed_name(source)).read_bytes())
        if not isinstance(kept, dict) or kept.get("source") != source:
            return None
        document = cast("Mapping[str, JsonValue]", kept.get("parsed"))
        template, known = parse_template(document, source=shown_name(path)), kept.get("hash")
        if _missing_templates(template, path.parent) or not isinstance(known, str):
            return None
        return Description(path, source, document, template, known)
    except (OSError, ValueError, RecursionError, MissionRuntimeError):
        return None


def _missing_templates(template: MissionTemplate, folder: Path) -> list[Problem]:
    """Find the prompt templates that are not beside the description."""
    return [
        (
            ("steps", index, "prompt_template"),
            f"no file {step.prompt_template!r} beside this description for step {step.id!r}",
        )
        for index, step in enumerate(template.steps)
        if step.prompt_template is not None
        and not (
            re.match(r"[^/\\]+\Z", step.prompt_template)
            and (folder / step.prompt_template).is_file()
        )
    ]


def _refused(source: str, text: bytes, problems: list[Problem]) -> InvalidMissionTemplate:
    listed: list[JsonValue] = []
    shown = []
    for path, problem in problems:
        line = _line_of(text, path)
        listed.append({"file": source, "line": line, "problem": problem})
        shown.append(f"{source} line {line}: {problem}" if line else f"{source}: {problem}")
    return InvalidMissionTemplate(
        "; ".join(shown) + ".",
        fix=f"Correct {source} and run the command again.",
        details={"problems": listed},
    )


def _line_of(text: bytes, path: tuple[str | int, ...]) -> int | None:
    """Return the line of a place in a YAML text; parsed again, since this is the rare case."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    try:
        node = YAML(typ="rt", pure=True).compose(text.decode("utf-8-sig", errors="replace"))
    except YAMLError:
        return None
    if node is None:
        return None
    line: int = node.start_mark.line
    for part in path:
        if isinstance(node, MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == part), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return line + 1
