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
from specify_cli.next._internal_runtime.schema import (
    WORK_PACKAGE_ROLES,
    InvalidMissionTemplate,
    MissionMeta,
    MissionRuntimeError,
    MissionTemplate,
    MissionTemplateHasNoStepsError,
    PromptStep,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.next._internal_runtime.schema import WorkPackageRole

_STEP_ID = r"[a-z][a-z0-9_-]{0,63}\Z"
_MISSION_KEYS = ("key", "name", "version", "description")
_STEP_KEYS = (
    "id",
    "title",
    "description",
    "prompt",
    "prompt_template",
    "expected_output",
    "requires_inputs",
    "depends_on",
    "agent_profile",
    "agent-profile",
    "guard",
    "per_work_package",
)
_PathParts = tuple["str | int", ...]


class Description(NamedTuple):
    """A mission description file, parsed.

    Attributes:
        path: The file.
        source: Its text.
        document: The parsed YAML as plain data.
        template: What it means.
    """

    path: Path
    source: str
    document: Mapping[str, JsonValue]
    template: MissionTemplate

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
    try:
        data = path.read_bytes()
    except OSError as error:
        raise MissionRuntimeError(
            f"the mission description {path.name} cannot be read: {error.strerror}.",
            fix="Restore the file, or remove its folder from where missions are looked for.",
            details={"file": path.name},
        ) from error
    source = data.decode("utf-8-sig", errors="replace")
    known = None if cache is None else _cached(cache, source, path)
    if known is not None:
        return known
    from specify_cli.kernel.yaml import load_yaml

    document = load_yaml(source, source=path.name)
    template = parse_template(document, text=data, source=path.name)
    return Description(path, source, cast("Mapping[str, JsonValue]", document), template)


def remember_description(description: Description, cache: Path) -> None:
    """Keep a parsed description for later calls, with the text that it was parsed from.

    Raises:
        WriteFailed: WRITE_FAILED.
    """
    target = cache / description.parsed_name
    if _cached(cache, description.source, description.path) is None:
        kept = {"source": description.source, "parsed": description.document}
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
    reader = _Reader(source)
    template = reader.template(document)
    if reader.problems:
        raise _refused(source, text, reader.problems)
    return template


class _Reader:
    """Typed access to the document; whatever is wrong is collected."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[tuple[_PathParts, str]] = []

    def template(self, document: object) -> MissionTemplate:
        root = self._mapping(document, ())
        lifted = "mission" not in root
        self._known_keys(root, ("mission", "steps", *(_MISSION_KEYS if lifted else ())), ())
        meta = root if lifted else self._mapping(root["mission"], ("mission",))
        where: _PathParts = () if lifted else ("mission",)
        if not lifted:
            self._known_keys(meta, _MISSION_KEYS, where)
        mission = MissionMeta(
            key=self._text(meta, "key", where, required=True) or "",
            name=self._text(meta, "name", where, required=True) or "",
            version=self._text(meta, "version", where) or "0",
            description=self._text(meta, "description", where) or "",
        )
        raw_steps = root.get("steps")
        if raw_steps is None or raw_steps == []:
            raise MissionTemplateHasNoStepsError(
                f"{self.source} describes a mission without steps.",
                fix=f"Add a list `steps:` with at least one `id` and `title` to {self.source}.",
                details={"file": self.source},
            )
        if not isinstance(raw_steps, list):
            self._complain(("steps",), "steps is not a list")
            raw_steps = []
        steps = tuple(self._step(raw, ("steps", index)) for index, raw in enumerate(raw_steps))
        self._check_order(steps)
        return MissionTemplate(mission, steps)

    def _step(self, raw: object, path: _PathParts) -> PromptStep:
        entry = self._mapping(raw, path)
        self._known_keys(entry, _STEP_KEYS, path)
        step_id = self._text(entry, "id", path, required=True) or ""
        if step_id and re.match(_STEP_ID, step_id) is None:
            self._complain((*path, "id"), f"step id {step_id!r} is not lower-case words")
        prompt = self._text(entry, "prompt", path)
        template = self._text(entry, "prompt_template", path)
        if (prompt is None) == (template is None):
            self._complain(path, f"step {step_id!r} needs exactly one of prompt, prompt_template")
        role = self._text(entry, "per_work_package", path)
        if role is not None and role not in WORK_PACKAGE_ROLES:
            self._complain(
                (*path, "per_work_package"),
                f"per_work_package is {role!r}, not {' or '.join(WORK_PACKAGE_ROLES)}",
            )
        return PromptStep(
            id=step_id,
            title=self._text(entry, "title", path, required=True) or "",
            description=self._text(entry, "description", path) or "",
            prompt=prompt,
            prompt_template=template,
            expected_output=self._text(entry, "expected_output", path),
            requires_inputs=self._texts(entry, "requires_inputs", path),
            depends_on=self._texts(entry, "depends_on", path),
            agent_profile=self._text(entry, "agent-profile", path)
            or self._text(entry, "agent_profile", path),
            guard=self._text(entry, "guard", path),
            per_work_package=cast("WorkPackageRole | None", role),
        )

    def _check_order(self, steps: Sequence[PromptStep]) -> None:
        ids = [step.id for step in steps]
        for index, step in enumerate(steps):
            if step.id in ids[:index]:
                self._complain(("steps", index, "id"), f"step id {step.id!r} is used twice")
            for position, needed in enumerate(step.depends_on):
                if needed not in ids:
                    self._complain(
                        ("steps", index, "depends_on", position),
                        f"step {step.id!r} depends on {needed!r}, which is no step",
                    )
        cycle = _cycle(steps)
        if cycle:
            self._complain(
                ("steps", ids.index(cycle[0]), "depends_on"),
                f"steps wait for each other: {' -> '.join([*cycle, cycle[0]])}",
            )

    def _mapping(self, value: object, path: _PathParts) -> dict[str, object]:
        if isinstance(value, dict):
            return {str(key): item for key, item in value.items()}
        name = str(path[-1]) if path else "the document"
        self._complain(path, f"{name} is not a mapping of keys to values")
        return {}

    def _known_keys(self, entry: dict[str, object], known: tuple[str, ...], at: _PathParts) -> None:
        for key in entry:
            if key not in known:
                self._complain((*at, key), f"unknown key {key!r} (known: {', '.join(known)})")

    def _text(
        self, entry: dict[str, object], key: str, path: _PathParts, *, required: bool = False
    ) -> str | None:
        value = entry.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if value is None or value == "":
            if required:
                self._complain(path, f"{key} is missing")
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)  # `version: 1.0` is a number to YAML
        self._complain((*path, key), f"{key} is not text")
        return None

    def _texts(self, entry: dict[str, object], key: str, path: _PathParts) -> tuple[str, ...]:
        value = entry.get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(str(item) for item in value)
        self._complain((*path, key), f"{key} is not a list of texts")
        return ()

    def _complain(self, path: _PathParts, problem: str) -> None:
        self.problems.append((path, problem))


def _cycle(steps: Sequence[PromptStep]) -> list[str]:
    """Return the ids of one cycle, or nothing."""
    open_steps = {step.id: set(step.depends_on) for step in steps}
    while True:
        free = [step_id for step_id, needs in open_steps.items() if not needs & open_steps.keys()]
        if not free:
            break
        for step_id in free:
            del open_steps[step_id]
    if not open_steps:
        return []
    seen: list[str] = [next(iter(open_steps))]
    while True:
        needed = sorted(open_steps[seen[-1]] & open_steps.keys())[0]
        if needed in seen:
            return seen[seen.index(needed) :]
        seen.append(needed)


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
        return Description(path, source, document, parse_template(document, source=path.name))
    except (OSError, ValueError, MissionRuntimeError):
        return None


def _refused(
    source: str, text: bytes, problems: list[tuple[_PathParts, str]]
) -> InvalidMissionTemplate:
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


def _line_of(text: bytes, path: _PathParts) -> int | None:
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
