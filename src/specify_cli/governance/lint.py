"""Looks at a project's governance as a whole: errors, and what is likely not meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.governance.activation import mandatory_somewhere
from specify_cli.governance.catalogue import compile_project, project_sources, token_budget
from specify_cli.governance.interview import AnswersMissing, kept_answers
from specify_cli.governance.merging import overrides
from specify_cli.governance.places import BUILT_IN
from specify_cli.governance.problems import GovernanceInvalid, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from specify_cli.governance.compilation import Compilation


class Finding(NamedTuple):
    """One finding.

    Attributes:
        severity: `error` (the governance does not load), `warning` or `info`.
        file: The file, relative to the project or to its pack.
        line: The line, where one is known.
        message: What is the matter.
    """

    severity: str
    file: str
    line: int | None
    message: str

    @property
    def text(self) -> str:
        """The finding for people, on one line."""
        where = self.file if self.line is None else f"{self.file} line {self.line}"
        return f"{self.severity}: {where}: {self.message}"


class LintReport(NamedTuple):
    """What was found.

    Attributes:
        findings: Errors first.
        items: How many items there are in all layers.
        layers: The layers, lowest first.
    """

    findings: tuple[Finding, ...]
    items: int
    layers: tuple[str, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that keep the governance from loading."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The same as problems."""
        return tuple(Problem(found.file, found.line, found.message) for found in self.errors)


def lint_governance(root: Path) -> LintReport:
    """Check everything that a project says about its governance.

    Args:
        root: The main checkout.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: the configuration cannot be used.
        ReadFailed: READ_FAILED.
    """
    token_budget(root)
    compilation = compile_project(project_sources(root))
    found = [Finding("error", *problem) for problem in compilation.problems]
    if not found:
        found += _overrides(compilation)
        found += _never_applied(compilation)
        found += _charter(compilation)
    found += _answers(root)
    order = ("error", "warning", "info")
    found.sort(key=lambda finding: order.index(finding.severity))
    compiled = compilation.compiled
    return LintReport(tuple(found), len(compilation.items), tuple(compiled["layers"]))


def _overrides(compilation: Compilation) -> Iterator[Finding]:
    for item in compilation.items.values():
        for change in overrides(item):
            place = change.declaration.file, change.declaration.line(f"$.{change.field}")
            message = (
                f"{change.declaration.target}: {change.field} replaces what {change.below} says"
            )
            if change.weakens:
                yield Finding("warning", *place, f"{message}; it is not required any more")
            else:
                yield Finding("info", *place, message)


def _never_applied(compilation: Compilation) -> Iterator[Finding]:
    """Yield items that nothing leads to; those of the built-in pack are there to be chosen from."""
    compiled = compilation.compiled
    charter = compiled["charter"]
    reached = {
        name
        for actions in compiled["index"].values()
        for entry in actions.values()
        for name in (*entry["mandatory"], *entry["suggested"])
    }
    reached |= set(charter["activated"]) if charter else set()
    reached |= set(compiled["replaced"].values())
    for part in (*compiled["items"].values(), *compiled["profiles"].values()):
        reached |= {*part["requires"], *part["suggests"]}
    for name, item in compilation.items.items():
        if name in compiled["items"] and name not in reached and item.top.layer != BUILT_IN:
            message = (
                f"nothing makes {name} apply; activate it, or name it in an .actions.yaml file"
            )
            yield Finding("warning", item.top.file, item.top.line("$"), message)


def _charter(compilation: Compilation) -> Iterator[Finding]:
    compiled = compilation.compiled
    charter = compiled["charter"]
    if charter is None:
        return
    source = charter["source"]
    for name in charter["unknown"]:
        yield Finding("warning", source, None, f"{name} is declared by no layer")
    for name in charter["activated"]:
        if name in compiled["replaced"]:
            message = f"{name} is replaced by {compiled['replaced'][name]}, which applies instead"
            yield Finding("info", source, None, message)
    mandatory = mandatory_somewhere(compiled)
    for entry in charter["deactivated"]:
        if entry["item"] in mandatory:
            because = entry["reason"] or "nobody said why"
            severity = "info" if entry["reason"] else "warning"
            message = f"{entry['item']} is mandatory and does not apply here: {because}"
            yield Finding(severity, source, None, message)


def _answers(root: Path) -> Iterable[Finding]:
    try:
        kept_answers(root)
    except AnswersMissing:
        return
    except GovernanceInvalid as error:
        for problem in error.problems:
            yield Finding("error", *problem)
