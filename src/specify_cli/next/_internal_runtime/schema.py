"""What a mission description and a mission run are made of (000 FR-001)."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from specify_cli.kernel.json_types import JsonValue

ActorType = Literal["human", "llm", "service"]
ResultType = Literal["success", "failed", "blocked"]
DecisionKind = Literal["step", "decision_required", "blocked", "terminal"]
WorkPackageRole = Literal["implement", "review"]
TriggerMode = Literal["manual", "post_merge", "both"]
Enforcement = Literal["advisory", "blocking"]
Band = Literal["low", "medium", "high"]
ACTOR_TYPES: tuple[ActorType, ...] = ("human", "llm", "service")
TRIGGER_MODES: tuple[TriggerMode, ...] = ("manual", "post_merge", "both")
ENFORCEMENTS: tuple[Enforcement, ...] = ("advisory", "blocking")
INPUT_PREFIX = "input:"
AUDIT_PREFIX = "audit:"
RESULTS: tuple[ResultType, ...] = ("success", "failed", "blocked")
WORK_PACKAGE_ROLES: tuple[WorkPackageRole, ...] = ("implement", "review")


class MissionRuntimeError(SpecKittyError):
    """The runtime refuses to go on; the base of every error of a mission description or run."""

    code = "MISSION_RUNTIME_ERROR"


class MissionTemplateHasNoStepsError(MissionRuntimeError):
    """A mission description without any step."""

    code = "MISSION_TEMPLATE_HAS_NO_STEPS"


class InvalidMissionTemplate(MissionRuntimeError):
    """A mission description that cannot be used; `details.problems` lists each with its line."""

    code = "INVALID_MISSION_TEMPLATE"


class ActorIdentity(NamedTuple):
    """Who acts on a run.

    Attributes:
        actor_id: The agent's or person's name as given on the command line.
        actor_type: An agent is an "llm" unless the caller says otherwise.
    """

    actor_id: str
    actor_type: ActorType = "llm"
    display_name: str = ""
    provider: str | None = None
    model: str | None = None
    tool: str | None = None


class MissionPolicySnapshot(NamedTuple):
    """The policy a run was started under.

    Attributes:
        strictness: How strictly steps are held to their guards.
        default_route: How work is routed when nothing else is said.
        extras: Further settings, JSON-ready.
    """

    strictness: Literal["off", "medium", "max"] = "medium"
    default_route: str = "same_llm_context"
    extras: Mapping[str, JsonValue] = MappingProxyType({})


class MissionMeta(NamedTuple):
    """What a mission description says about itself.

    Attributes:
        key: The mission type, such as "software-dev".
    """

    key: str
    name: str
    version: str
    description: str = ""


class RACIRoleBinding(NamedTuple):
    """Who takes a role: a kind of actor, and which one when it must be that one."""

    actor_type: ActorType
    actor_id: str | None = None


class RACIAssignment(NamedTuple):
    """Who does a step, who answers for it, who is asked and who is told. A human answers for it."""

    responsible: RACIRoleBinding
    accountable: RACIRoleBinding
    consulted: tuple[RACIRoleBinding, ...] = ()
    informed: tuple[RACIRoleBinding, ...] = ()


class PromptStep(NamedTuple):
    """One step of a mission type.

    Attributes:
        id: Unique in its description; guards, prompts and the journal use it.
        prompt: Inline instructions, or None.
        prompt_template: Name of the file with the instructions, beside the description, or None.
        expected_output: The file that the step produces, for people.
        requires_inputs: Inputs without which the step is not issued; each becomes a question.
        depends_on: Ids of the steps that must be complete first.
        agent_profile: The profile that should do the step, or None.
        guard: Name of the check that tells whether the step is done, or None: then the report of
            success alone completes it.
        per_work_package: Set when the step is done once for every work package.
        raci: Who takes which role; None infers it.
        raci_override_reason: Why the roles are not the inferred ones.
        contract_ref: Name of a step contract, kept for other readers of the description.
    """

    id: str
    title: str
    description: str = ""
    prompt: str | None = None
    prompt_template: str | None = None
    expected_output: str | None = None
    requires_inputs: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    agent_profile: str | None = None
    guard: str | None = None
    per_work_package: WorkPackageRole | None = None
    raci: RACIAssignment | None = None
    raci_override_reason: str | None = None
    contract_ref: str | None = None


class AuditConfig(NamedTuple):
    """How an audit works.

    Attributes:
        trigger_mode: When somebody means it to take place; recorded, not acted upon.
        enforcement: "blocking" asks a person and waits; "advisory" is work like any other step.
    """

    trigger_mode: TriggerMode = "manual"
    enforcement: Enforcement = "blocking"
    label: str | None = None
    metadata: Mapping[str, JsonValue] = MappingProxyType({})


class SignificanceBlock(NamedTuple):
    """How much depends on an audit: six dimensions of 0 to 3, and triggers that alone make it high."""

    dimensions: Mapping[str, int]
    hard_triggers: tuple[str, ...] = ()


class AuditStep(NamedTuple):
    """A step that looks at the work of others; it comes after every step that can be taken.

    Attributes:
        id: Unique among all steps; other steps may depend on it.
    """

    id: str
    title: str
    audit: AuditConfig
    description: str = ""
    significance: SignificanceBlock | None = None
    depends_on: tuple[str, ...] = ()
    raci: RACIAssignment | None = None
    raci_override_reason: str | None = None

    @property
    def is_blocking(self) -> bool:
        """Whether a person has to decide."""
        return self.audit.enforcement == "blocking"

    @property
    def guard(self) -> None:
        """No check completes an audit."""

    @property
    def per_work_package(self) -> None:
        """An audit is about the mission as a whole."""

    @property
    def prompt_template(self) -> None:
        """An audit is described in place."""

    @property
    def prompt(self) -> str:
        """What an advisory audit tells whoever does it."""
        return self.description or self.title


Step = PromptStep | AuditStep


class MissionTemplate(NamedTuple):
    """A parsed mission description: valid, without cycles, every id resolved."""

    mission: MissionMeta
    steps: tuple[PromptStep, ...]
    audit_steps: tuple[AuditStep, ...] = ()

    @property
    def all_steps(self) -> tuple[Step, ...]:
        """Every step, audits last."""
        return (*self.steps, *self.audit_steps)

    def step(self, step_id: str) -> Step | None:
        """Return a step, or an audit step, by its id."""
        return next((step for step in self.all_steps if step.id == step_id), None)

    def ancestors(self, step_id: str) -> frozenset[str]:
        """Return the ids of every step that must be complete before `step_id`."""
        found: set[str] = set()
        pending = [step_id]
        while pending:
            step = self.step(pending.pop())
            fresh = [] if step is None else [i for i in step.depends_on if i not in found]
            found.update(fresh)
            pending.extend(fresh)
        return frozenset(found)


class DecisionRequest(NamedTuple):
    """A question the run waits for.

    Attributes:
        decision_id: `input:<key>` for a missing input, `audit:<step>` for an audit.
        requested_at: ISO 8601.
        answerable_by: Who may answer; empty for a run of an earlier release, then everybody.
        consulted: Who is told when a decision of high significance is overdue.
        band: How significant a decision is; None when nobody has said.
        due_at: When the answer is overdue, ISO 8601; None for an input.
        expired: Whether it is on record that it is overdue.
    """

    decision_id: str
    step_id: str
    question: str
    requested_by: str
    requested_at: str
    input_key: str | None = None
    options: tuple[str, ...] = ()
    answerable_by: tuple[RACIRoleBinding, ...] = ()
    consulted: tuple[RACIRoleBinding, ...] = ()
    band: Band | None = None
    due_at: str | None = None
    expired: bool = False

    @property
    def is_audit(self) -> bool:
        """Whether it is about an audit step."""
        return self.decision_id.startswith(AUDIT_PREFIX)


class DecisionAnswer(NamedTuple):
    """An answered question."""

    decision_id: str
    answer: str
    answered_by: str
    answered_at: str


class IssuedStep(NamedTuple):
    """The step that was handed out last.

    Attributes:
        agent: Who got it.
        issued_at: ISO 8601.
    """

    step_id: str
    agent: str
    issued_at: str


class Stop(NamedTuple):
    """A reported failure that nobody has undone yet.

    Attributes:
        wp_id: The work package it concerns; None when it concerns the step as a whole.
        reason: Why, when the agent said so.
        at: ISO 8601.
    """

    step_id: str
    wp_id: str | None
    agent: str
    result: Literal["failed", "blocked"]
    at: str
    reason: str | None = None


class MissionRunSnapshot(NamedTuple):
    """One run of a mission, as its journal tells it.

    Attributes:
        completed_steps: In the order of their completion.
        issued: The step that is handed out and not complete.
        stops: Reported failures, oldest first.
        agents: Everybody who started the run, got a step or reported one, sorted.
        finished: Whether the end of the run is on record.
    """

    run_id: str
    mission_key: str
    mission_id: str
    mission_slug: str
    template_hash: str
    policy_snapshot: MissionPolicySnapshot = MissionPolicySnapshot()
    completed_steps: tuple[str, ...] = ()
    issued: IssuedStep | None = None
    inputs: Mapping[str, str] = MappingProxyType({})
    decisions: Mapping[str, DecisionAnswer] = MappingProxyType({})
    pending_decisions: Mapping[str, DecisionRequest] = MappingProxyType({})
    stops: tuple[Stop, ...] = ()
    agents: tuple[str, ...] = ()
    finished: bool = False

    @property
    def issued_step_id(self) -> str | None:
        """The id of the step that is handed out."""
        return self.issued.step_id if self.issued else None

    @property
    def blocked_reason(self) -> str | None:
        """Why the run as a whole stands still; a stop of one work package does not stop it."""
        stop = next((stop for stop in self.stops if stop.wp_id is None), None)
        if stop is None:
            return None
        why = f": {stop.reason}" if stop.reason else ""
        return f"{stop.agent} reported {stop.step_id} as {stop.result} at {stop.at}{why}"


class NextDecision(NamedTuple):
    """What the planner decides about a run.

    Attributes:
        kind: "step" hands one out, "decision_required" asks, "blocked" waits, "terminal" ends.
        prompt: The step's inline instructions or the name of its template.
        reason: Why, when it is not obvious.
    """

    kind: DecisionKind
    run_id: str
    mission_key: str
    step_id: str | None = None
    step_title: str | None = None
    prompt: str | None = None
    decision_id: str | None = None
    input_key: str | None = None
    question: str | None = None
    options: tuple[str, ...] = ()
    reason: str | None = None


def load_mission_template_file(path: Path, *, cache: Path | None = None) -> MissionTemplate:
    """Read and check one mission description (`mission-runtime.yaml` or `mission.yaml`).

    Args:
        path: The file.
        cache: Folder in which the parsed file may lie, from an earlier `remember_description`.

    Raises:
        MissionRuntimeError: MISSION_RUNTIME_ERROR: there is no such file.
        InvalidMissionTemplate: INVALID_MISSION_TEMPLATE: every problem with its line.
        MissionTemplateHasNoStepsError: MISSION_TEMPLATE_HAS_NO_STEPS.
        YamlError: INVALID_YAML.
    """
    from specify_cli.next._internal_runtime.description import read_description

    return read_description(path, cache=cache).template
