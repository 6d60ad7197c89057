"""What is wrong with governance files: every problem at once, each with its file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from specify_cli.kernel.json_types import JsonValue

_SHOWN = 5


class Problem(NamedTuple):
    """One problem.

    Attributes:
        file: The file, relative to the project, or the pack's name and the file in it.
        line: The line, from 1; None where none is known.
        message: What is the matter, without the place.
    """

    file: str
    line: int | None
    message: str

    @property
    def text(self) -> str:
        """The problem with its place."""
        where = self.file if self.line is None else f"{self.file} line {self.line}"
        return f"{where}: {self.message}"


class GovernanceInvalid(SpecKittyError):
    """Governance files that cannot be used; nothing of them applies until they are corrected.

    Attributes:
        problems: Everything that is wrong.
    """

    code = "GOVERNANCE_INVALID"

    def __init__(self, problems: Sequence[Problem], *, fix: str = "") -> None:
        shown = "; ".join(problem.text.rstrip(".") for problem in problems[:_SHOWN])
        more = f" (and {len(problems) - _SHOWN} more)" if len(problems) > _SHOWN else ""
        listed: list[JsonValue] = [
            {"file": problem.file, "line": problem.line, "problem": problem.message}
            for problem in problems
        ]
        super().__init__(
            f"{shown}{more}.",
            fix=fix or f"Correct {problems[0].file}, then check with: spec-kitty charter lint",
            details={"problems": listed},
        )
        self.problems = tuple(problems)


class UnknownGovernanceItem(SpecKittyError):
    """No layer declares the item."""

    code = "UNKNOWN_GOVERNANCE_ITEM"


def refuse(problems: Sequence[Problem]) -> None:
    """Raise if there is any problem.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID with all of them in `details.problems`.
    """
    if problems:
        raise GovernanceInvalid(problems)
