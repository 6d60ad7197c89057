"""Corrections to vendored schemas, each asserting what it replaces (DESIGN.md 4.2).

A patch exists where an artefact is incomplete or contradicts the artefact beside it. It names the
value that it expects to find: when a new upstream release changes that place, generation stops and
a maintainer decides, instead of a correction silently applying to something else.
"""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from codegen.tree import PipelineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codegen.tree import Schema


class _Absent:
    """The value of a place that does not exist."""

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = _Absent()


@dataclass(frozen=True, slots=True)
class Patch:
    """One replacement in one vendored file.

    Attributes:
        file: Path below `contracts/vendored/`.
        pointer: JSON pointer (RFC 6901) of the value; a last step `-` is the place behind a list's end.
        old: The value that must be there, or `ABSENT`.
        new: The value to put there, or `ABSENT` to remove it.
        reason: Why the artefact cannot stay as it is.
    """

    file: str
    pointer: str
    old: object
    new: object
    reason: str


_NOT_BLANK: Final = {"type": "string", "pattern": "\\S"}
_STATUS: Final = "events/status_transition_payload.schema.json"

# `validate_transition` of the events package, for a transition that is not forced.
_UNFORCED: Final[dict[str | None, list[str]]] = {
    None: ["planned"],
    "genesis": ["planned", "blocked", "canceled"],
    "planned": ["claimed", "blocked", "canceled"],
    "claimed": ["in_progress", "blocked", "canceled"],
    "in_progress": ["for_review", "approved", "blocked", "canceled"],
    "for_review": ["in_progress", "in_review", "approved", "done", "blocked", "canceled"],
    "in_review": ["in_progress", "for_review", "approved", "done", "blocked", "canceled"],
    "approved": ["in_progress", "done", "blocked", "canceled"],
    "blocked": ["in_progress", "blocked", "canceled"],
    "done": [],
    "canceled": [],
}


def _from(lane: str | None) -> dict[str, Any]:
    if lane is None:
        return {"properties": {"from_lane": {"type": "null"}}}
    return {"properties": {"from_lane": {"const": lane}}, "required": ["from_lane"]}


_TRANSITION_RULES: Final[list[dict[str, Any]]] = [
    {
        "if": {"properties": {"force": {"const": True}}, "required": ["force"]},
        "then": {"properties": {"reason": _NOT_BLANK}, "required": ["reason"]},
        "else": {
            "allOf": [
                {"if": _from(lane), "then": {"properties": {"to_lane": {"enum": targets}}}}
                for lane, targets in _UNFORCED.items()
            ]
        },
    },
    {
        "if": {
            "properties": {"to_lane": {"enum": ["approved", "done"]}},
            "required": ["to_lane"],
        },
        "then": {"properties": {"evidence": {"type": "object"}}, "required": ["evidence"]},
    },
    {
        "if": {
            "properties": {
                "from_lane": {"enum": ["for_review", "in_review", "approved"]},
                "to_lane": {"const": "in_progress"},
            },
            "required": ["from_lane", "to_lane"],
        },
        "then": {"properties": {"review_ref": _NOT_BLANK}, "required": ["review_ref"]},
    },
]

_ENVELOPE_ADDITIONS: Final[dict[str, dict[str, Any]]] = {
    "aggregate_type": {
        "description": "Kind of the entity; the gate artefact lists the allowed ones.",
        "minLength": 1,
        "type": "string",
    },
    **{
        name: {"anyOf": [{"type": "string"}, {"type": "null"}], "description": description}
        for name, description in {
            "git_branch": "Branch of the checkout.",
            "head_commit_sha": "Commit of the checkout.",
            "repo_slug": "`owner/name` of the repository.",
            "team_slug": "Team that receives the event.",
            "drain_blocked_reason": "Why the event waits in the local queue.",
        }.items()
    },
}
_ENVELOPE_REQUIRED: Final = [
    "event_id",
    "event_type",
    "aggregate_id",
    "timestamp",
    "build_id",
    "node_id",
    "lamport_clock",
    "project_uuid",
    "correlation_id",
]

_RESOLVED_RULES: Final[list[dict[str, Any]]] = [
    {
        "if": {
            "properties": {"terminal_outcome": {"const": "resolved"}},
            "required": ["terminal_outcome"],
        },
        "then": {
            "properties": {"final_answer": {"type": "string", "minLength": 1}},
            "required": ["final_answer"],
        },
        "else": {
            "properties": {
                "final_answer": {"type": "null"},
                "rationale": {"type": "string", "minLength": 1},
                "other_answer": {"const": False},
            },
            "required": ["rationale"],
        },
    }
]

_FOLLOW_UP_RULES: Final[list[dict[str, Any]]] = [
    {
        "if": {"properties": {"follow_up_type": {"const": kind}}, "required": ["follow_up_type"]},
        "then": {"properties": {field: {"type": json_type}}, "required": [field]},
    }
    for kind, field, json_type in (
        ("commit", "commit_sha", "string"),
        ("pr", "pr_number", "integer"),
    )
]

_ANY_EXTERNAL_REFERENCE: Final[list[dict[str, Any]]] = [
    {"properties": {name: {"type": "string", "minLength": 1}}, "required": [name]}
    for name in ("slack_user_id", "slack_team_id", "teamspace_member_id")
]
_MODEL_RULE: Final = "the events package enforces it in its model, not in its schema: "

_ERROR_CODES: Final = "/orchestrator_api/allowed_error_codes/-"
_COMMANDS: Final = "/orchestrator_api/allowed_commands/-"
_DESIGN: Final = "the existing CLI 3.2.7 has it, which is later than the artefact"
_OWN_CODE: Final = "an additive code of ours, since no upstream release has one that is true: "

PATCHES: Final[tuple[Patch, ...]] = (
    *(
        Patch(
            "events/event.schema.json",
            f"/properties/{name}",
            ABSENT,
            schema,
            "the client and the server add this key to the envelope",
        )
        for name, schema in _ENVELOPE_ADDITIONS.items()
    ),
    Patch(
        "events/event.schema.json",
        "/required",
        _ENVELOPE_REQUIRED,
        [*_ENVELOPE_REQUIRED, "schema_version", "aggregate_type"],
        "the cutover contract and the gate artefact demand both keys on the wire",
    ),
    Patch(
        _STATUS,
        "/allOf",
        ABSENT,
        _TRANSITION_RULES,
        _MODEL_RULE + "transition matrix, reason of a forced one, evidence, review reference",
    ),
    Patch(
        _STATUS,
        "/properties/actor/anyOf/0",
        {"type": "string"},
        _NOT_BLANK,
        _MODEL_RULE + "an actor has a name",
    ),
    Patch(
        _STATUS,
        "/properties/actor/anyOf/1",
        {"type": "object", "additionalProperties": True},
        {"type": "object", "additionalProperties": True, "minProperties": 1},
        _MODEL_RULE + "an actor is not empty",
    ),
    Patch(
        "events/token_usage_recorded_payload.schema.json",
        "/x-sum",
        ABSENT,
        {"total_tokens": ["input_tokens", "output_tokens"]},
        _MODEL_RULE + "the total is the sum; JSON Schema has no word for it, the gate has",
    ),
    Patch(
        "events/decision_point_resolved_payload.schema.json",
        "/$defs/DecisionPointResolvedInterviewPayload/allOf",
        ABSENT,
        _RESOLVED_RULES,
        _MODEL_RULE + "answer and rationale depend on the outcome",
    ),
    Patch(
        "events/derived/follow_up_recorded_payload.schema.json",
        "/allOf",
        ABSENT,
        _FOLLOW_UP_RULES,
        _MODEL_RULE + "a commit has a hash, a pull request a number",
    ),
    *(
        Patch(
            f"events/{name}.schema.json",
            f"{pointer}/anyOf",
            ABSENT,
            _ANY_EXTERNAL_REFERENCE,
            _MODEL_RULE + "at least one reference is given",
        )
        for name, pointer in (
            ("participant_external_refs", ""),
            ("participant_identity", "/$defs/ParticipantExternalRefs"),
            ("participant_invited_payload", "/$defs/ParticipantExternalRefs"),
            ("participant_joined_payload", "/$defs/ParticipantExternalRefs"),
            ("decision_point_resolved_payload", "/$defs/ParticipantExternalRefs"),
            ("decision_point_widened_payload", "/$defs/ParticipantExternalRefs"),
        )
    ),
    *(
        Patch(
            f"events/{name}.schema.json",
            f"/properties/{key}/format",
            ABSENT,
            "date-time",
            _MODEL_RULE + "it is a timestamp",
        )
        for name, key in (
            ("retrospective_completed_payload", "completed_at"),
            ("retrospective_skipped_payload", "skipped_at"),
        )
    ),
    *(
        Patch("gate/upstream_contract.json", _ERROR_CODES, ABSENT, code, _OWN_CODE + reason)
        for code, reason in (
            ("GIT_FAILED", "git itself is missing or refuses, before anything is committed"),
            ("INTERNAL_ERROR", "a defect; upstream ends in a traceback without an answer"),
            ("MISSION_BLOCKED", "upstream answers a blocked mission as a success"),
            ("LOCK_TIMEOUT", "another process holds the mission; the caller can try again"),
            ("PROJECT_FILES_INVALID", "a file of the project cannot be used; upstream crashes"),
        )
    ),
    *(
        Patch("gate/upstream_contract.json", pointer, ABSENT, word, _DESIGN)
        for pointer, words in (
            (
                _COMMANDS,
                (
                    *("open-decision", "resolve-decision", "defer-decision", "cancel-decision"),
                    *("answer-decision", "design-status"),
                    *("specify", "plan", "tasks", "check-prerequisites", "record-analysis"),
                ),
            ),
            (
                _ERROR_CODES,
                (
                    *("DECISION_ALREADY_CLOSED", "DECISION_MISSING_STEP_OR_SLOT"),
                    *("DECISION_NOT_FOUND", "DECISION_TERMINAL_CONFLICT"),
                    *("DECISION_NOT_PENDING", "NO_PENDING_DECISION"),
                    *("MISSION_ALREADY_EXISTS", "MISSION_CREATE_FAILED", "PLAN_SETUP_FAILED"),
                    *("TASKS_FINALIZE_FAILED", "CHECK_PREREQUISITES_FAILED", "DIRTY_WORKTREE"),
                    *("RECORD_ANALYSIS_EMPTY_BODY", "RECORD_ANALYSIS_INPUT_FILE_NOT_FOUND"),
                ),
            ),
        )
        for word in words
    ),
)


def apply_patches(
    documents: Mapping[str, Schema], patches: Iterable[Patch] = PATCHES
) -> dict[str, Schema]:
    """Return the vendored documents with every patch applied; the input stays as it is.

    Args:
        documents: Path below `contracts/vendored/` to parsed document.
        patches: Patches in order.

    Raises:
        PipelineError: A patch no longer applies: no such file, no such place, another value there.
    """
    patched = dict(documents)
    findings = []
    for patch in patches:
        where = f"contracts/vendored/{patch.file}: patch at {patch.pointer}"
        if patch.file not in patched:
            findings.append(f"{where} no longer applies: there is no such file")
            continue
        document = copy.deepcopy(patched[patch.file])
        problem = _replace(document, patch)
        if problem:
            findings.append(f"{where} no longer applies: {problem}")
        else:
            patched[patch.file] = document
    if findings:
        raise PipelineError(*findings)
    return patched


def _replace(document: Any, patch: Patch) -> str | None:
    parts = [p.replace("~1", "/").replace("~0", "~") for p in patch.pointer.split("/")[1:]]
    holder = document
    for part in parts[:-1]:
        holder = _child(holder, part)
        if holder is ABSENT:
            return f"there is no {part!r} on the way"
    if isinstance(holder, list) and parts[-1] == "-":
        return _append(holder, patch)
    key: Any = int(parts[-1]) if isinstance(holder, list) and parts[-1].isdigit() else parts[-1]
    found = _child(holder, parts[-1])
    if found is ABSENT or patch.old is ABSENT:
        if found is not patch.old:
            return f"expected {_shown(patch.old)}, found {_shown(found)}"
    elif json.dumps(found, sort_keys=True) != json.dumps(patch.old, sort_keys=True):
        return f"expected {_shown(patch.old)}, found {_shown(found)}"
    if patch.new is ABSENT:
        del holder[key]
    else:
        holder[key] = copy.deepcopy(patch.new)
    return None


def _append(holder: list[Any], patch: Patch) -> str | None:
    if patch.old is not ABSENT or patch.new is ABSENT:
        return "only a new value can stand behind the end of a list"
    if patch.new in holder:
        return f"{_shown(patch.new)} is there already"
    holder.append(copy.deepcopy(patch.new))
    return None


def _child(holder: Any, part: str) -> Any:
    if isinstance(holder, dict):
        return holder.get(part, ABSENT)
    if isinstance(holder, list) and part.isdigit() and int(part) < len(holder):
        return holder[int(part)]
    return ABSENT


def _shown(value: object) -> str:
    return repr(value) if value is ABSENT else json.dumps(value, sort_keys=True)
