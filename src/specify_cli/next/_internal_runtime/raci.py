"""Who may decide: the roles of a step, inferred or given, and whether an actor has one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from specify_cli.next._internal_runtime.schema import (
    AuditStep,
    MissionRuntimeError,
    RACIAssignment,
    RACIRoleBinding,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from specify_cli.next._internal_runtime.schema import ActorIdentity, ActorType, Step

OWNER_INPUT = "mission_owner_id"
_BOUND_BY: Mapping[ActorType, str] = {
    "human": OWNER_INPUT,
    "llm": "agent_id",
    "service": "service_id",
}
_HUMAN, _LLM = RACIRoleBinding("human"), RACIRoleBinding("llm")


class RACIUnresolved(MissionRuntimeError):
    """A role that must be filled names nobody."""

    code = "RACI_UNRESOLVED"


class ResolvedRACIBinding(NamedTuple):
    """The roles of one step.

    Attributes:
        source: Whether the description gives them.
        inferred_rule: Which rule they were inferred by: `prompt_default`, `audit_blocking` or
            `audit_advisory`.
        override_reason: Why the description departs from that rule.
    """

    step_id: str
    assignment: RACIAssignment
    source: Literal["inferred", "explicit"]
    inferred_rule: str | None = None
    override_reason: str | None = None

    @property
    def deciding(self) -> tuple[RACIRoleBinding, ...]:
        """Who may answer for the step: the responsible one and the accountable one, each once."""
        pair = (self.assignment.responsible, self.assignment.accountable)
        return tuple(dict.fromkeys(pair))


def infer(step: Step) -> ResolvedRACIBinding:
    """Return the roles of a step: what its description says, else by its kind.

    Work is done by an agent and answered for by a person. A blocking audit is a person's alone.
    """
    if step.raci is not None:
        return ResolvedRACIBinding(
            step.id, step.raci, "explicit", override_reason=step.raci_override_reason
        )
    if not isinstance(step, AuditStep):
        rule, responsible = "prompt_default", _LLM
    elif step.is_blocking:
        rule, responsible = "audit_blocking", _HUMAN
    else:
        rule, responsible = "audit_advisory", _LLM
    return ResolvedRACIBinding(
        step.id, RACIAssignment(responsible, _HUMAN), "inferred", inferred_rule=rule
    )


def problems(assignment: RACIAssignment | None, reason: str | None) -> list[str]:
    """Say what is wrong with the roles that a description gives; empty when they can be used."""
    found = []
    if assignment is not None and assignment.accountable.actor_type != "human":
        found.append("raci.accountable is not a human: a person answers for every step")
    if assignment is not None and reason is None:
        found.append("raci needs raci_override_reason: why the inferred roles do not do")
    if assignment is None and reason is not None:
        found.append("raci_override_reason without raci")
    return found


def resolve(binding: ResolvedRACIBinding, inputs: Mapping[str, str]) -> ResolvedRACIBinding:
    """Fill the roles with concrete names from a run's inputs; consulted and informed may stay open.

    Raises:
        RACIUnresolved: RACI_UNRESOLVED: nobody is named as responsible or accountable.
    """

    def bound(role: RACIRoleBinding) -> RACIRoleBinding:
        return (
            role
            if role.actor_id
            else role._replace(actor_id=inputs.get(_BOUND_BY[role.actor_type]))
        )

    given = binding.assignment
    for name, role in (("responsible", given.responsible), ("accountable", given.accountable)):
        if bound(role).actor_id is None:
            raise RACIUnresolved(
                f"step {binding.step_id!r} has no {name} {role.actor_type}.",
                fix="spec-kitty config set mission.owner <name>"
                if role.actor_type == "human"
                else f"Give the run the input {_BOUND_BY[role.actor_type]}.",
                details={"step": binding.step_id, "role": name, "actor_type": role.actor_type},
            )
    return binding._replace(
        assignment=RACIAssignment(
            bound(given.responsible),
            bound(given.accountable),
            tuple(map(bound, given.consulted)),
            tuple(map(bound, given.informed)),
        )
    )


def fits(role: RACIRoleBinding, actor: ActorIdentity) -> bool:
    """Tell whether an actor is whom a role asks for."""
    return role.actor_type == actor.actor_type and role.actor_id in (None, actor.actor_id)


def shown(role: RACIRoleBinding, owner: str | None = None) -> str:
    """Write a role as `human:ada`, or `human` when it may be any."""
    name = role.actor_id or (owner if role.actor_type == "human" else None)
    return f"{role.actor_type}:{name}" if name else role.actor_type
