"""The requirements that a specification declares."""

from __future__ import annotations

import re
from typing import NamedTuple

from specify_cli.missions.markdown import placeholders, without_fences, word_count

_ID = r"(?:FR|NFR|C)-[0-9]{2,4}"
# A table row or list item that starts with an id, or a heading that does.
_ROW = rf"^\s*(?:\|\s*|[-*+]\s+|\d+[.)]\s+|#+\s+)?[*_`]*({_ID})[*_`]*\b(.*)$"
_REFERENCE = rf"\b{_ID}\b"
_MIN_WORDS = 3


class Requirement(NamedTuple):
    """One declared requirement.

    Attributes:
        id: "FR-001", "NFR-001" or "C-001".
        text: What it says.
        line: Where, counted from 1.
    """

    id: str
    text: str
    line: int

    @property
    def is_functional(self) -> bool:
        """Whether some work package must serve it."""
        return self.id.startswith("FR-")

    @property
    def has_substance(self) -> bool:
        """Whether it says something, instead of marking a gap."""
        return word_count(self.text) >= _MIN_WORDS and not placeholders(self.text)


def declared_requirements(spec: str) -> tuple[Requirement, ...]:
    """Return the requirements of a specification in order; a repeated id is returned repeatedly."""
    found = []
    for number, line in enumerate(without_fences(spec).split("\n"), start=1):
        match = re.match(_ROW, line)
        if match is None:
            continue
        text = match.group(2).strip(" \t|:-*_`")
        found.append(Requirement(match.group(1), text, number))
    return tuple(found)


def is_requirement_id(text: str) -> bool:
    """Tell whether a text has the form of a requirement id."""
    return re.fullmatch(_REFERENCE, text) is not None
