"""Every item that there is, and what the charter makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.charter_summary import charter_summary
from specify_cli.governance.selection import taken_away

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.governance.charter_summary import CharterSummary


class ListedItem(NamedTuple):
    """An item of the catalogue.

    Attributes:
        id: Its id.
        kind: Its kind.
        title: A few words.
        layer: Where it comes from.
        content_hash: `sha256:` and the hash of its text.
        state: `available`, `activated`, `deactivated` or `replaced`.
    """

    id: str
    kind: str
    title: str
    layer: str
    content_hash: str
    state: str


class Listing(NamedTuple):
    """The charter and the catalogue.

    Attributes:
        charter: The charter, if there is one.
        items: By kind and id.
        mission_types: Mission types with an action index.
    """

    charter: CharterSummary | None
    items: tuple[ListedItem, ...]
    mission_types: tuple[str, ...]


def list_governance(root: Path) -> Listing:
    """Return the charter and every item of all layers.

    Args:
        root: The main checkout.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID.
        ReadFailed: READ_FAILED.
    """
    governance = load_catalogue(root)
    charter = governance["charter"]
    activated = set(charter["activated"]) if charter else set()
    gone = taken_away(governance)
    everything = {
        **governance["items"],
        **{f"agent_profile:{name}": item for name, item in governance["profiles"].items()},
    }
    items = []
    for name, item in sorted(everything.items()):
        kind, _, identity = name.partition(":")
        state = "activated" if name in activated else "available"
        state = "replaced" if name in governance["replaced"] else state
        state = "deactivated" if name in gone else state
        items.append(ListedItem(identity, kind, item["title"], item["layer"], item["hash"], state))
    return Listing(charter_summary(root), tuple(items), tuple(sorted(governance["index"])))
