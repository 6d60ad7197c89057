"""Mission types for people: which there are, where they come from, whether one is sound, a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.files import DISK
from specify_cli.next._internal_runtime.description import read_description, shown_name
from specify_cli.next._internal_runtime.discovery import (
    BUILTIN_TIER,
    DESCRIPTION_FILES,
    RESERVED_KEYS,
    diagnose_shadowing,
    discover_missions_with_warnings,
    load_mission_template,
)
from specify_cli.next._internal_runtime.raci import infer, shown
from specify_cli.next._internal_runtime.schema import AuditStep
from specify_cli.next._internal_runtime.significance import band_of
from specify_cli.next.guards import refuse_unknown_guards
from specify_cli.next.look import discovery_context
from specify_cli.next.templates import check_templates

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.next._internal_runtime.description import Description
    from specify_cli.next._internal_runtime.discovery import DiscoveredMission
    from specify_cli.next._internal_runtime.schema import MissionPolicySnapshot, Step


class MissionTypeExists(SpecKittyError):
    """There is a mission type of that name already."""

    code = "MISSION_TYPE_EXISTS"


class UnusableKey(UsageError):
    """The name cannot be that of a mission type."""

    code = "INVALID_MISSION_TYPE"


class Origin(NamedTuple):
    """One description of a mission type.

    Attributes:
        tier: Where it was found, see `DiscoveredMission`.
        place: Its path, relative to the project or the home folder where it lies there; for a
            built-in one its folder's name.
    """

    tier: str
    place: str

    def to_json(self) -> JsonObject:
        """Return it as JSON."""
        return {"tier": self.tier, "path": self.place}


class MissionTypeEntry(NamedTuple):
    """A mission type and what hides behind it.

    Attributes:
        origin: The description that is used.
        shadowed: The others of the same key, in tier order.
    """

    key: str
    name: str
    version: str
    description: str
    origin: Origin
    shadowed: tuple[Origin, ...]


class MissionTypes(NamedTuple):
    """Every mission type of a project, sorted by key, and what could not be read."""

    types: tuple[MissionTypeEntry, ...]
    warnings: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `mission-type list`."""
        return {
            "result": "success",
            "mission_types": [
                {
                    "key": one.key,
                    "name": one.name,
                    "version": one.version,
                    "description": one.description,
                    "origin": one.origin.to_json(),
                    "shadows": [origin.to_json() for origin in one.shadowed],
                }
                for one in self.types
            ],
            "warnings": [*self.warnings],
        }

    def to_text(self, *, origins: bool) -> str:
        """Return the same for people; with the origins where they are asked for."""
        lines = []
        for one in self.types:
            lines.append(f"{one.key:16} {one.name}")
            if origins:
                lines.append(f"  from {one.origin.tier}: {one.origin.place}")
                lines += [f"  shadows {o.tier}: {o.place}" for o in one.shadowed]
        lines += [f"not read: {warning}" for warning in self.warnings]
        return "\n".join(lines)


class MissionTypeReport(NamedTuple):
    """One mission type, whole.

    Attributes:
        description: The parsed file.
        origin: Where it was found.
    """

    description: Description
    origin: Origin

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `mission-type show` and `mission-type validate`."""
        template = self.description.template
        return {
            "result": "success",
            "key": template.mission.key,
            "name": template.mission.name,
            "version": template.mission.version,
            "description": template.mission.description,
            "origin": self.origin.to_json(),
            "template_hash": self.description.meaning,
            "steps": [_step_json(step) for step in template.all_steps],
        }

    def to_text(self) -> str:
        """Return the same for people."""
        template = self.description.template
        lines = [
            f"{template.mission.key}: {template.mission.name} {template.mission.version}",
            f"  from {self.origin.tier}: {self.origin.place}",
            f"  meaning {self.description.meaning[:12]}",
        ]
        for step in template.all_steps:
            what = "audit" if isinstance(step, AuditStep) else "step"
            facts = [f"after {', '.join(step.depends_on)}"] if step.depends_on else []
            if not isinstance(step, AuditStep):
                facts += [f"asks for {key}" for key in step.requires_inputs]
                facts += [f"makes {step.expected_output}"] if step.expected_output else []
                facts += [f"checked by {step.guard}"] if step.guard else []
            facts.append(f"decided by {' or '.join(map(shown, infer(step).deciding))}")
            lines.append(f"  {what:5} {step.id:16} {step.title} ({'; '.join(facts)})")
        return "\n".join(lines)


class NewMissionType(NamedTuple):
    """A mission type that was just made.

    Attributes:
        files: Its files, relative to the project root.
    """

    key: str
    files: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `mission-type new`."""
        return {
            "result": "success",
            "key": self.key,
            "files": [*self.files],
            "next_step": f"spec-kitty mission-type validate {self.files[0]}",
        }


def mission_types(project: Project) -> MissionTypes:
    """Find every mission type of a project, and say what shadows what.

    Raises:
        SpecKittyError: INVALID_YAML, CONFIG_INVALID: the project's configuration.
    """
    result = discover_missions_with_warnings(discovery_context(project))
    found = []
    for entry in diagnose_shadowing(result.missions).entries:
        meta = read_description(entry.selected.path).template.mission
        found.append(
            MissionTypeEntry(
                meta.key,
                meta.name,
                meta.version,
                meta.description,
                _origin(project, entry.selected),
                tuple(_origin(project, other) for other in entry.shadowed),
            )
        )
    return MissionTypes(tuple(found), result.warnings)


def mission_type_keys(project: Project, *, wanted: str | None = None) -> tuple[str, ...]:
    """Return the keys of all mission types of a project, sorted.

    Args:
        project: The project.
        wanted: A type that is asked for. When it is missing because a description cannot be read,
            that is said.

    Raises:
        SpecKittyError: As `mission_types`, and as `mission_type` for the one that is wanted.
    """
    found = mission_types(project)
    keys = tuple(one.key for one in found.types)
    if wanted is not None and wanted not in keys and found.warnings:
        load_mission_template(wanted, discovery_context(project, wanted))
    return keys


def mission_type(project: Project, key: str) -> MissionTypeReport:
    """Read the mission type that a mission of this project would use.

    Raises:
        UnknownMissionType: UNKNOWN_MISSION_TYPE.
        MissionRuntimeError: INVALID_MISSION_TEMPLATE, MISSION_TEMPLATE_HAS_NO_STEPS.
        YamlError: INVALID_YAML.
    """
    loaded = load_mission_template(key, discovery_context(project, key))
    refuse_unknown_guards(loaded.description.template, shown_name(loaded.description.path))
    tier = loaded.precedence_tier
    return MissionTypeReport(
        loaded.description, Origin(tier, _place(project, loaded.description.path, tier))
    )


def validate_mission_type(file: Path) -> MissionTypeReport:
    """Read a description from a file, with everything that a run would stumble over checked.

    Args:
        file: The description, or the folder it lies in.

    Raises:
        InvalidMissionTemplate: INVALID_MISSION_TEMPLATE: every problem with file and line.
        MissionRuntimeError: MISSION_RUNTIME_ERROR, MISSION_TEMPLATE_HAS_NO_STEPS.
        PromptTemplateInvalid: PROMPT_TEMPLATE_INVALID: a template that no prompt can be made of.
        YamlError: INVALID_YAML with the line.
    """
    path = file
    if file.is_dir():
        path = next((file / n for n in DESCRIPTION_FILES if (file / n).is_file()), file)
    description = read_description(path)
    check_templates(description.template, path.parent)
    refuse_unknown_guards(description.template, shown_name(path))
    return MissionTypeReport(description, Origin("file", file.as_posix()))


def new_mission_type(project: Project, key: str) -> NewMissionType:
    """Make a mission type of the project's own that runs as it is, ready to be changed.

    Raises:
        UnusableKey: INVALID_MISSION_TYPE.
        MissionTypeExists: MISSION_TYPE_EXISTS.
        WriteFailed: WRITE_FAILED.
    """
    import re

    if re.match(r"[a-z][a-z0-9-]{0,63}\Z", key) is None:
        raise UnusableKey(
            f"{key[:60]!r} is not usable as a mission type.",
            fix="Use lower-case words with hyphens, such as field-guide.",
            details={"key": key[:200]},
        )
    folder = project.root / ".kittify" / "missions" / key
    if key in RESERVED_KEYS or folder.exists():
        raise MissionTypeExists(
            f"there is a mission type {key} already.",
            fix=f"See it with spec-kitty mission-type show {key}, or choose another name.",
            details={"key": key},
        )
    files = {
        folder / DESCRIPTION_FILES[0]: _NEW_DESCRIPTION.replace("KEY", key),
        folder / "write.md": _NEW_PROMPT,
        folder / "templates" / "report.md": _NEW_SHAPE,
    }
    # The description last: until it is there, nobody takes the folder for a mission type.
    for path in reversed(files):
        DISK.write_atomic(path, files[path].encode("utf-8"))
    return NewMissionType(key, tuple(path.relative_to(project.root).as_posix() for path in files))


def _origin(project: Project, found: DiscoveredMission) -> Origin:
    return Origin(found.precedence_tier, _place(project, found.path, found.precedence_tier))


def _place(project: Project, path: Path, tier: str) -> str:
    from pathlib import Path as Folder

    if tier == BUILTIN_TIER:
        return path.parent.name
    if path.is_relative_to(project.root):
        return path.relative_to(project.root).as_posix()
    home = Folder.home()
    return f"~/{path.relative_to(home).as_posix()}" if path.is_relative_to(home) else str(path)


def _step_json(step: Step) -> JsonObject:
    facts: JsonObject = {
        "id": step.id,
        "title": step.title,
        "kind": "audit" if isinstance(step, AuditStep) else "step",
        "depends_on": [*step.depends_on],
        "decided_by": [shown(role) for role in infer(step).deciding],
    }
    if isinstance(step, AuditStep):
        band = band_of(step, _policy())
        return {**facts, "enforcement": step.audit.enforcement, "significance": band}
    return {
        **facts,
        "requires_inputs": [*step.requires_inputs],
        "expected_output": step.expected_output,
        "guard": step.guard,
        "per_work_package": step.per_work_package,
    }


def _policy() -> MissionPolicySnapshot:
    from specify_cli.next._internal_runtime.schema import MissionPolicySnapshot

    return MissionPolicySnapshot()


_NEW_DESCRIPTION = """\
# A mission type of this project: spec-kitty specify "Title" --mission-type KEY
# What may stand here: docs/mission-types.md, and the schema mission_description.
mission:
  key: KEY
  name: KEY
  version: "1.0.0"
  description: Say in a sentence what missions of this type are for.

steps:
  - id: write
    title: Write the report
    prompt_template: write.md
    expected_output: report.md
    guard: document
"""
_NEW_PROMPT = """\
## What this is about

The mission "$mission_title" ends with a report.

## What to do

1. Fill in `$mission_dir/report.md`, which has this shape:

$template_report

2. Commit it on branch `$branch`:

       git add $mission_dir/report.md && git commit -m "Report on $mission_slug"

## Done means

The file has every section that is shown above with real text below it, no `[FILL IN ...]` is left, and
it is committed.

## Rules

- Work in $workspace on branch `$branch`.

## If you are stuck

Report `blocked` with what is missing as the reason.
"""
_NEW_SHAPE = """\
# {{title}}

## What was found

[FILL IN: the result, so that somebody who was not there can use it]

## What follows from it

[FILL IN: who does what next]
"""
