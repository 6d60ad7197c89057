"""Turns the plain data of a mission description into its types, and collects whatever is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias, cast

from specify_cli.next._internal_runtime import raci
from specify_cli.next._internal_runtime.schema import (
    ACTOR_TYPES,
    ENFORCEMENTS,
    TRIGGER_MODES,
    WORK_PACKAGE_ROLES,
    AuditConfig,
    AuditStep,
    MissionMeta,
    MissionTemplate,
    MissionTemplateHasNoStepsError,
    PromptStep,
    RACIAssignment,
    RACIRoleBinding,
    SignificanceBlock,
)
from specify_cli.next._internal_runtime.significance import DIMENSIONS, HARD_TRIGGERS, MAX_OF_ONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from specify_cli.kernel.json_types import JsonValue
    from specify_cli.next._internal_runtime.schema import (
        ActorType,
        Enforcement,
        Step,
        TriggerMode,
        WorkPackageRole,
    )

Place: TypeAlias = "tuple[str | int, ...]"
Problem: TypeAlias = tuple[Place, str]
"""A place in the document and what is wrong there."""

_STEP_ID = r"[a-z][a-z0-9_-]{0,63}\Z"
_MISSION_KEY = r"[a-z0-9][a-z0-9-]{0,63}\Z"
_MISSION_KEYS = ("key", "name", "version", "description")
_ROOT_KEYS = ("mission", "steps", "audit_steps")
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
    "raci",
    "raci_override_reason",
    "contract_ref",
)
_AUDIT_STEP_KEYS = (
    "id",
    "title",
    "description",
    "audit",
    "significance",
    "depends_on",
    "raci",
    "raci_override_reason",
)
_AUDIT_KEYS = ("trigger_mode", "enforcement", "label", "metadata")
_RACI_KEYS = ("responsible", "accountable", "consulted", "informed")


class TemplateReader:
    """Typed access to the document; whatever is wrong is collected.

    Attributes:
        problems: What is wrong so far.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.problems: list[Problem] = []

    def template(self, document: object) -> MissionTemplate:
        """Read the whole description; it may be used only when `problems` is empty.

        Raises:
            MissionTemplateHasNoStepsError: MISSION_TEMPLATE_HAS_NO_STEPS.
        """
        root = self._mapping(document, ())
        lifted = "mission" not in root
        self._known_keys(root, (*_ROOT_KEYS, *(_MISSION_KEYS if lifted else ())), ())
        meta = root if lifted else self._mapping(root["mission"], ("mission",))
        where: Place = () if lifted else ("mission",)
        if not lifted:
            self._known_keys(meta, _MISSION_KEYS, where)
        key = self._text(meta, "key", where, required=True) or ""
        if key and re.match(_MISSION_KEY, key) is None:
            self._complain((*where, "key"), f"key {key!r} is not lower-case words with hyphens")
        mission = MissionMeta(
            key=key,
            name=self._text(meta, "name", where, required=True) or "",
            version=self._version(meta, where),
            description=self._text(meta, "description", where) or "",
        )
        raw_steps = root.get("steps")
        if raw_steps is None or raw_steps == []:
            raise MissionTemplateHasNoStepsError(
                f"{self.source} describes a mission without steps.",
                fix=f"Add a list `steps:` with at least one `id` and `title` to {self.source}.",
                details={"file": self.source},
            )
        steps = tuple(
            self._step(raw, ("steps", index)) for index, raw in self._items(root, "steps", ())
        )
        audits = tuple(
            self._audit_step(raw, ("audit_steps", index))
            for index, raw in self._items(root, "audit_steps", ())
        )
        self._check_order(
            [(("steps", index), step) for index, step in enumerate(steps)]
            + [(("audit_steps", index), audit) for index, audit in enumerate(audits)]
        )
        return MissionTemplate(mission, steps, audits)

    def _step(self, raw: object, path: Place) -> PromptStep:
        entry = self._mapping(raw, path)
        self._known_keys(entry, _STEP_KEYS, path)
        step_id = self._step_id(entry, path)
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
        if "agent-profile" in entry and "agent_profile" in entry:
            self._complain((*path, "agent-profile"), "agent-profile is given twice")
        assignment, reason = self._raci(entry, path)
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
            raci=assignment,
            raci_override_reason=reason,
            contract_ref=self._text(entry, "contract_ref", path),
        )

    def _audit_step(self, raw: object, path: Place) -> AuditStep:
        entry = self._mapping(raw, path)
        self._known_keys(entry, _AUDIT_STEP_KEYS, path)
        step_id = self._step_id(entry, path)
        assignment, reason = self._raci(entry, path)
        if "audit" not in entry:
            self._complain(path, "audit is missing")
        return AuditStep(
            id=step_id,
            title=self._text(entry, "title", path, required=True) or "",
            audit=self._audit(entry.get("audit", {}), (*path, "audit")),
            description=self._text(entry, "description", path) or "",
            significance=self._significance(entry, path),
            depends_on=self._texts(entry, "depends_on", path),
            raci=assignment,
            raci_override_reason=reason,
        )

    def _audit(self, raw: object, path: Place) -> AuditConfig:
        entry = self._mapping(raw, path)
        self._known_keys(entry, _AUDIT_KEYS, path)
        metadata = entry.get("metadata", {})
        return AuditConfig(
            trigger_mode=cast(
                "TriggerMode", self._word(entry, "trigger_mode", TRIGGER_MODES, path)
            ),
            enforcement=cast("Enforcement", self._word(entry, "enforcement", ENFORCEMENTS, path)),
            label=self._text(entry, "label", path),
            metadata=cast("Mapping[str, JsonValue]", self._mapping(metadata, (*path, "metadata"))),
        )

    def _significance(self, step: dict[str, object], path: Place) -> SignificanceBlock | None:
        if step.get("significance") is None:
            return None
        where = (*path, "significance")
        entry = self._mapping(step["significance"], where)
        self._known_keys(entry, ("dimensions", "hard_triggers"), where)
        dimensions = self._mapping(entry.get("dimensions"), (*where, "dimensions"))
        self._known_keys(dimensions, DIMENSIONS, (*where, "dimensions"))
        for name in DIMENSIONS:
            value = dimensions.get(name)
            if isinstance(value, bool) or value not in range(MAX_OF_ONE + 1):
                self._complain(
                    (*where, "dimensions", name), f"{name} is not a number from 0 to {MAX_OF_ONE}"
                )
        triggers = self._texts(entry, "hard_triggers", where)
        for trigger in triggers:
            if trigger not in HARD_TRIGGERS:
                self._complain(
                    (*where, "hard_triggers"),
                    f"unknown hard trigger {trigger!r} (known: {', '.join(HARD_TRIGGERS)})",
                )
        return SignificanceBlock(cast("dict[str, int]", dimensions), triggers)

    def _raci(
        self, step: dict[str, object], path: Place
    ) -> tuple[RACIAssignment | None, str | None]:
        reason = self._text(step, "raci_override_reason", path)
        assignment = None
        if step.get("raci") is not None:
            where = (*path, "raci")
            entry = self._mapping(step["raci"], where)
            self._known_keys(entry, _RACI_KEYS, where)
            assignment = RACIAssignment(
                self._role(entry.get("responsible"), (*where, "responsible")),
                self._role(entry.get("accountable"), (*where, "accountable")),
                tuple(
                    self._role(raw, (*where, "consulted", i))
                    for i, raw in self._items(entry, "consulted", where)
                ),
                tuple(
                    self._role(raw, (*where, "informed", i))
                    for i, raw in self._items(entry, "informed", where)
                ),
            )
        for problem in raci.problems(assignment, reason):
            self._complain((*path, "raci" if assignment else "raci_override_reason"), problem)
        return assignment, reason

    def _role(self, raw: object, path: Place) -> RACIRoleBinding:
        entry = self._mapping(raw, path)
        self._known_keys(entry, ("actor_type", "actor_id"), path)
        if isinstance(raw, dict) and "actor_type" not in entry:
            self._complain(path, "actor_type is missing")
        kind = self._word(entry, "actor_type", ACTOR_TYPES, path)
        return RACIRoleBinding(cast("ActorType", kind), self._text(entry, "actor_id", path))

    def _step_id(self, entry: dict[str, object], path: Place) -> str:
        step_id = self._text(entry, "id", path, required=True) or ""
        if step_id and re.match(_STEP_ID, step_id) is None:
            self._complain((*path, "id"), f"step id {step_id!r} is not lower-case words")
        return step_id

    def _check_order(self, placed: Sequence[tuple[Place, Step]]) -> None:
        steps = [step for _, step in placed]
        ids = [step.id for step in steps]
        for index, (place, step) in enumerate(placed):
            if step.id in ids[:index]:
                self._complain((*place, "id"), f"step id {step.id!r} is used twice")
            for position, needed in enumerate(step.depends_on):
                if needed not in ids:
                    self._complain(
                        (*place, "depends_on", position),
                        f"step {step.id!r} depends on {needed!r}, which is no step",
                    )
        cycle = _cycle(steps)
        if cycle:
            self._complain(
                (*placed[ids.index(cycle[0])][0], "depends_on"),
                f"steps wait for each other: {' -> '.join([*cycle, cycle[0]])}",
            )

    def _mapping(self, value: object, path: Place) -> dict[str, object]:
        if isinstance(value, dict):
            return {str(key): item for key, item in value.items()}
        name = str(path[-1]) if path else "the document"
        self._complain(path, f"{name} is not a mapping of keys to values")
        return {}

    def _known_keys(self, entry: dict[str, object], known: tuple[str, ...], at: Place) -> None:
        for key in entry:
            if key not in known:
                self._complain((*at, key), f"unknown key {key!r} (known: {', '.join(known)})")

    def _text(
        self, entry: dict[str, object], key: str, path: Place, *, required: bool = False
    ) -> str | None:
        value = entry.get(key)
        if isinstance(value, str) and value.strip():
            return value
        if value is None or value == "":
            if required:
                self._complain(path, f"{key} is missing")
            return None
        self._complain((*path, key), f"{key} is not text")
        return None

    def _version(self, entry: dict[str, object], path: Place) -> str:
        value = entry.get("version")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)  # `version: 1.0` is a number to YAML
        return self._text(entry, "version", path) or "0"

    def _word(self, entry: dict[str, object], key: str, known: Sequence[str], path: Place) -> str:
        """Return one of some words; the first of them when the key is left out."""
        word = self._text(entry, key, path)
        if word is not None and word not in known:
            self._complain((*path, key), f"{key} is {word!r}, not {' or '.join(known)}")
        return known[0] if word is None else word

    def _items(
        self, entry: dict[str, object], key: str, path: Place
    ) -> Sequence[tuple[int, object]]:
        value = entry.get(key)
        if value is not None and not isinstance(value, list):
            self._complain((*path, key), f"{key} is not a list")
        return list(enumerate(value)) if isinstance(value, list) else []

    def _texts(self, entry: dict[str, object], key: str, path: Place) -> tuple[str, ...]:
        value = entry.get(key)
        if value is None:
            return ()
        if isinstance(value, list) and all(isinstance(item, str) and item for item in value):
            return tuple(str(item) for item in value)
        self._complain((*path, key), f"{key} is not a list of texts")
        return ()

    def _complain(self, path: Place, problem: str) -> None:
        self.problems.append((path, problem))


def _cycle(steps: Sequence[Step]) -> list[str]:
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
