"""The kinds of governance items, and the file names that tell them apart."""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One kind of item.

    Attributes:
        name: Its name in targets such as `directive:NO_SECRETS`.
        plural: Its name in the lists of a charter.
        suffix: What its files end in.
        id_key: The key of its identity.
        title_key: The key of its title.
    """

    name: str
    plural: str
    suffix: str
    id_key: str = "id"
    title_key: str = "name"

    @property
    def surface(self) -> str:
        """The contract that its files conform to."""
        return f"governance_{self.name}"


PROFILE = Kind("agent_profile", "agent_profiles", ".agent.yaml", id_key="profile-id")
_ALL = (
    Kind("directive", "directives", ".directive.yaml", title_key="title"),
    Kind("tactic", "tactics", ".tactic.yaml"),
    Kind("styleguide", "styleguides", ".styleguide.yaml", title_key="title"),
    Kind("procedure", "procedures", ".procedure.yaml"),
    Kind("toolguide", "toolguides", ".toolguide.yaml", title_key="title"),
    Kind("paradigm", "paradigms", ".paradigm.yaml"),
    PROFILE,
)
KINDS = {kind.name: kind for kind in _ALL}
ACTIONS_SUFFIX = ".actions.yaml"
"""What the files of an action index end in."""


def kind_of_file(name: str) -> Kind | None:
    """Return the kind that a file name tells, if it tells one."""
    return next((kind for kind in _ALL if name.endswith(kind.suffix)), None)


def target(kind: str, identity: str) -> str:
    """Return how an item is pointed to."""
    return f"{kind}:{identity}"
