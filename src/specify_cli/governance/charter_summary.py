"""What a project's charter says, as a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.governance.catalogue import load_catalogue

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.governance.compiled import CompiledCharter


class Policy(NamedTuple):
    """What the charter says about one topic.

    Attributes:
        topic: Such as `testing_requirements`.
        text: What it says.
    """

    topic: str
    text: str


class Deactivation(NamedTuple):
    """An item that does not apply in the project.

    Attributes:
        item: Such as `directive:FOCUSED_COMMITS`.
        reason: Why; empty when nobody said.
    """

    item: str
    reason: str


class CharterSummary(NamedTuple):
    """What the project's charter says.

    Attributes:
        source: Its file, relative to the project.
        content_hash: `sha256:` and the hash of the file.
        policies: By topic.
        activated: Items that it activates.
        deactivated: Items that it takes away.
        unknown: Items that it names and no layer declares.
    """

    source: str
    content_hash: str
    policies: tuple[Policy, ...]
    activated: tuple[str, ...]
    deactivated: tuple[Deactivation, ...]
    unknown: tuple[str, ...]


def summarised(found: CompiledCharter) -> CharterSummary:
    """Return the value of a compiled charter."""
    return CharterSummary(
        found["source"],
        found["hash"],
        tuple(Policy(entry["topic"], entry["text"]) for entry in found["policies"]),
        tuple(found["activated"]),
        tuple(Deactivation(entry["item"], entry["reason"]) for entry in found["deactivated"]),
        tuple(found["unknown"]),
    )


def charter_summary(root: Path) -> CharterSummary | None:
    """Return what a project's charter says; None when it has none.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID.
    """
    found = load_catalogue(root)["charter"]
    return None if found is None else summarised(found)
