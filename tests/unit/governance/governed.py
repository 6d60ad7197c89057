"""Projects with governance files, for the tests of this folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.problems import GovernanceInvalid

if TYPE_CHECKING:
    from pathlib import Path

OWN = ".kittify/governance"
DIRECTIVE = "id: {id}\ntitle: {title}\nintent: {intent}\nenforcement: required\n"


def write(root: Path, files: dict[str, str]) -> Path:
    """Write files below a project and return it."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def directive(identity: str, more: str = "", *, title: str = "Title") -> str:
    """Return the text of a directive file."""
    return DIRECTIVE.format(id=identity, title=title, intent=f"Intent of {identity}.") + more


def tactic(identity: str, more: str = "") -> str:
    """Return the text of a tactic file."""
    return f"id: {identity}\nname: Name of {identity}\nsteps:\n  - title: Do it\n{more}"


def packs(*names: str) -> str:
    """Return a configuration that names organisation packs beside the project."""
    lines = [f"    - name: {name}\n      path: ../{name}\n" for name in names]
    return "project:\n  slug: x\ngovernance:\n  packs:\n" + "".join(lines)


def refused(root: Path) -> list[tuple[str, int | None, str]]:
    """Return the problems that keep a project's governance from loading."""
    with pytest.raises(GovernanceInvalid) as caught:
        load_catalogue(root)
    assert caught.value.code == "GOVERNANCE_INVALID"
    assert "charter lint" in caught.value.fix
    return [(found.file, found.line, found.message) for found in caught.value.problems]
