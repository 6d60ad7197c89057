"""A governance context as text for a prompt: the same facts as its document."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from specify_cli.governance.charter_summary import CharterSummary
    from specify_cli.governance.context import (
        AgentProfile,
        DroppedItem,
        GovernanceContext,
        GovernanceItem,
    )


def context_text(context: GovernanceContext) -> str:
    """Return a context as Markdown; headings begin at the second level."""
    mandatory = [item for item in context.items if item.mandatory]
    suggested = [item for item in context.items if not item.mandatory]
    blocks = [
        "## Governance",
        f"For the action `{context.action}` of a mission of the type `{context.mission_type}`."
        + _budget(context),
        *(_profile(context.profile) if context.profile else ()),
        *(_charter(context.charter) if context.charter else ()),
        *_section("You must follow", map(item_block, mandatory)),
        *_section("Suggestions", map(item_block, suggested)),
    ]
    if context.dropped:
        blocks += ["### Left out", "\n".join(map(dropped_line, context.dropped))]
    if context.notices:
        blocks += ["### To know", "\n".join(f"- {notice}" for notice in context.notices)]
    return "\n\n".join(blocks) + "\n"


def item_block(item: GovernanceItem) -> str:
    """Return one item with its heading and its source."""
    source = f"`{item.kind}:{item.id}`, {item.layer}, `{item.content_hash}`; {item.why}."
    return f"#### {item.title}\n\n{source}\n\n{item.text}"


def dropped_line(item: DroppedItem) -> str:
    """Return the line that says that an item was left out."""
    return f"- `{item.kind}:{item.id}` {item.title} ({item.tokens} tokens): {item.why}"


def _budget(context: GovernanceContext) -> str:
    if context.token_budget is None:
        return ""
    return f" Token budget {context.token_budget}."


def _profile(profile: AgentProfile) -> Iterable[str]:
    asked = f", asked for as `{profile.asked_for}`" if profile.asked_for else ""
    yield f"### Your role: {profile.name}"
    yield (
        f"`agent_profile:{profile.id}`{asked}, {profile.layer}, `{profile.content_hash}`; "
        f"roles: {', '.join(profile.roles)}."
    )
    yield profile.text


def _charter(charter: CharterSummary) -> Iterable[str]:
    yield "### What this project says"
    yield f"From `{charter.source}`, `{charter.content_hash}`."
    if charter.policies:
        yield "\n".join(
            f"- **{policy.topic}**: {_indented(policy.text)}" for policy in charter.policies
        )
    for label, names in (("Activated", charter.activated), ("Not known here", charter.unknown)):
        if names:
            yield f"{label}: {', '.join(f'`{name}`' for name in names)}."
    if charter.deactivated:
        yield "\n".join(
            f"- does not apply: `{entry.item}`" + (f" ({entry.reason})" if entry.reason else "")
            for entry in charter.deactivated
        )


def _section(heading: str, blocks: Iterable[str]) -> Iterable[str]:
    found = [*blocks]
    return (f"### {heading}", *found) if found else ()


def _indented(text: str) -> str:
    return text.replace("\n", "\n  ")
