"""The published documents of a governance context and of a charter."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from spec_kitty_contracts.wire.definitions import (
        CharterDeactivation,
        GovernanceKind,
    )
    from spec_kitty_contracts.wire.definitions import CharterSummary as CharterDocument
    from spec_kitty_contracts.wire.governance_context import (
        GovernanceContext as GovernanceDocument,
    )
    from specify_cli.governance.charter_summary import CharterSummary, Deactivation
    from specify_cli.governance.context import GovernanceContext


def context_document(context: GovernanceContext) -> GovernanceDocument:
    """Compose the document of a context."""
    profile = context.profile
    return {
        "mission_type": context.mission_type,
        "action": context.action,
        "items": [
            {
                "id": item.id,
                "kind": cast("GovernanceKind", item.kind),
                "title": item.title,
                "text": item.text,
                "layer": item.layer,
                "content_hash": item.content_hash,
                "mandatory": item.mandatory,
                "why": item.why,
            }
            for item in context.items
        ],
        "profile": None
        if profile is None
        else {
            "id": profile.id,
            "name": profile.name,
            "roles": [*profile.roles],
            "text": profile.text,
            "layer": profile.layer,
            "content_hash": profile.content_hash,
            "asked_for": profile.asked_for,
        },
        "charter": charter_document(context.charter),
        "dropped": [
            {
                "id": item.id,
                "kind": cast("GovernanceKind", item.kind),
                "title": item.title,
                "tokens": item.tokens,
                "why": item.why,
            }
            for item in context.dropped
        ],
        "token_budget": context.token_budget,
        "tokens": context.tokens,
        "notices": [*context.notices],
    }


def charter_document(charter: CharterSummary | None) -> CharterDocument | None:
    """Compose the document of a charter."""
    if charter is None:
        return None
    return {
        "source": charter.source,
        "content_hash": charter.content_hash,
        "policies": [{"topic": policy.topic, "text": policy.text} for policy in charter.policies],
        "activated": [*charter.activated],
        "deactivated": [deactivation(entry) for entry in charter.deactivated],
        "unknown": [*charter.unknown],
    }


def deactivation(entry: Deactivation) -> CharterDeactivation:
    """Compose the entry of an item that does not apply; a reason that nobody gave is left out."""
    document: CharterDeactivation = {"item": entry.item}
    if entry.reason:
        document["reason"] = entry.reason
    return document
