"""The compiled form of governance: what is kept beside the built-in pack and in a project's cache.

Reading YAML costs a hundred times what reading this costs, so a call of `next` reads nothing else.
"""

from __future__ import annotations

from typing import TypedDict


class CompiledItem(TypedDict):
    """An item, merged and rendered."""

    title: str
    """A few words."""
    text: str
    """What an agent reads."""
    layer: str
    """The highest layer that declares it."""
    hash: str
    """`sha256:` of the text."""
    requires: list[str]
    """Items that apply with it."""
    suggests: list[str]
    """Items that may help with it."""
    required: bool
    """Whether a charter that activates it makes it mandatory."""
    languages: list[str]
    """Languages that it is about."""
    actions: list[str]
    """Actions that it applies to when activated; empty for all."""
    mission_types: list[str]
    """Mission types that it applies to when activated; empty for all."""


class CompiledProfile(CompiledItem):
    """An agent profile."""

    roles: list[str]
    """Roles it can take."""
    aliases: list[str]
    """Other ids that lead to it."""


class CompiledAction(TypedDict):
    """What applies to one action."""

    mandatory: list[str]
    """Items that always apply."""
    suggested: list[str]
    """Items that may help, in order."""
    profile: str
    """Profile where nobody names one; empty for none."""


class CompiledPolicy(TypedDict):
    """What the charter says about one topic."""

    topic: str
    """Such as `testing_requirements`."""
    text: str
    """What it says."""


class CompiledDeactivation(TypedDict):
    """An item that does not apply."""

    item: str
    """The item."""
    reason: str
    """Why; empty when nobody said."""


class CompiledCharter(TypedDict):
    """The charter, checked against the items that there are."""

    source: str
    """Its file."""
    hash: str
    """`sha256:` of the file."""
    policies: list[CompiledPolicy]
    """By topic."""
    activated: list[str]
    """Items that it activates."""
    deactivated: list[CompiledDeactivation]
    """Items that it takes away."""
    unknown: list[str]
    """Items that it names and no layer declares."""


class Compiled(TypedDict):
    """All governance of a project."""

    items: dict[str, CompiledItem]
    """By target, agent profiles left out."""
    profiles: dict[str, CompiledProfile]
    """By id."""
    replaced: dict[str, str]
    """Item to what applies in its place."""
    index: dict[str, dict[str, CompiledAction]]
    """By mission type and action."""
    layers: list[str]
    """The layers, lowest first."""
    charter: CompiledCharter | None
    """The charter, if there is one."""


def content_hash(text: str) -> str:
    """Return the content hash of a text."""
    # 5 ms that reading commands do not need.
    from hashlib import sha256

    return f"sha256:{sha256(text.encode('utf-8')).hexdigest()}"
