"""What an agent is told about a step: assembled once, serialised as prompt text and as JSON.

Seed 002 decision 4: the text and the JSON are two views of one value, so they cannot drift apart.
"""

from __future__ import annotations

import re
from string import Template
from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.kernel.terminal import harmless

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from specify_cli.governance.context import GovernanceContext
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.mission_runtime.assignment import Assignment
    from specify_cli.mission_runtime.context import ExecutionContext
    from specify_cli.missions.guards import GuardFailure

_HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE)
_FACTS = (
    ("Action", "action"),
    ("You are", "agent"),
    ("Mission", "mission_title"),
    ("Mission name on the command line", "mission_slug"),
    ("Mission id", "mission_id"),
    ("Mission type", "mission_type"),
    ("The mission lives on branch", "target_branch"),
    ("Work package", "wp_id"),
    ("Its title", "wp_title"),
    ("Its file", "wp_file"),
    ("Its place on the board", "wp_lane"),
    ("Its lane", "lane_id"),
    ("The work is on branch", "branch"),
    ("Project folder", "primary_root"),
    ("Work in this folder", "workspace"),
    ("Read the mission's documents in", "read_dir"),
    ("Change files only below", "write_dir"),
)
"""Every key of the context's JSON view and what the prompt calls it; a test checks that none lacks."""


class Section(NamedTuple):
    """A part of the instructions."""

    title: str
    body: str


class ReportCommand(NamedTuple):
    """A command line that reports a result.

    Attributes:
        when: In which case to run it.
        line: The command, complete.
    """

    when: str
    line: str


class CommunicationArtefact(NamedTuple):
    """Everything that is said to an agent about one step.

    Attributes:
        title: What to do, in one line.
        context: Where and as whom.
        notes: What is special this time: rework, a review of own work, a changed description.
        failures: What the guard found missing at the last report.
        sections: The instructions.
        commands: How to report.
        ending: What to do instead at the end; None when the agent reports.
        assignment: What the work package asks for and builds on; None for a step of the mission.
        governance: The rules, the role and the advice that hold for the step.
    """

    title: str
    context: ExecutionContext
    notes: tuple[str, ...]
    failures: tuple[GuardFailure, ...]
    sections: tuple[Section, ...]
    commands: tuple[ReportCommand, ...]
    ending: str | None = None
    assignment: Assignment | None = None
    governance: GovernanceContext | None = None

    def to_json(self) -> JsonObject:
        """Return the artefact as JSON."""
        return {
            "title": self.title,
            "context": self.context.to_json(),
            "notes": [*self.notes],
            "guard_failures": [failure.to_json() for failure in self.failures],
            "sections": [{"title": part.title, "body": part.body} for part in self.sections],
            "commands": [{"when": command.when, "line": command.line} for command in self.commands],
            "ending": self.ending,
            "assignment": None if self.assignment is None else self.assignment.to_json(),
            "governance": None
            if self.governance is None
            else cast("JsonObject", self.governance.to_json()),
        }

    def to_text(self) -> str:
        """Return the artefact as a prompt in Markdown."""
        facts = self.context.to_json()
        blocks = [f"# {self.title}"]
        blocks += [f"> {note}" for note in self.notes]
        if self.failures:
            blocks += ["## What is still missing", *map(_failure_text, self.failures)]
        blocks += [f"## {part.title}\n\n{part.body}" for part in self.sections]
        if self.ending is None:
            blocks.append("## How to report\n\nRun one of these, from any folder of the project:")
        else:
            blocks.append(f"## When you are done\n\n{self.ending}")
        blocks += [f"{command.when}\n\n    {command.line}" for command in self.commands]
        if self.assignment is not None and (told := self.assignment.to_text()):
            blocks.append(f"## Assignment\n\n{told}")
        if self.governance is not None:
            blocks.append(self.governance.to_markdown().rstrip())
        known = [(label, facts[key]) for label, key in _FACTS if facts[key] is not None]
        blocks.append("## Facts\n\n" + "\n".join(f"- {label}: {value}" for label, value in known))
        # Agents print it: what comes out of files must not get at their terminal.
        return harmless("\n\n".join(blocks) + "\n")


def assemble(
    template: str,
    context: ExecutionContext,
    *,
    title: str,
    values: Mapping[str, str],
    commands: Sequence[ReportCommand],
    notes: Sequence[str] = (),
    failures: Sequence[GuardFailure] = (),
    ending: str | None = None,
    assignment: Assignment | None = None,
    governance: GovernanceContext | None = None,
) -> CommunicationArtefact:
    """Assemble an artefact from a template and the facts.

    Args:
        template: Markdown whose `## ` headings start sections; `$name` is replaced by a fact of the
            context or by one of `values`. What a value contains is never substituted again.
        context: Where and as whom the step is done.
        title: The step's title.
        values: Facts besides the context.
        commands: How to report.
        notes: What is special this time.
        failures: What the guard found missing.
        ending: What to do at the end instead of reporting.
        assignment: What the work package asks for and builds on.
        governance: The rules, the role and the advice that hold for the step.

    Raises:
        KeyError: The template asks for a fact that does not exist; a mistake in the template.
        ValueError: The template has a stray `$`.
    """
    facts = {key: str(value) for key, value in context.to_json().items() if value is not None}
    facts.update(values)
    return CommunicationArtefact(
        title=title if context.wp_id is None else f"{title}: {context.wp_id} {context.wp_title}",
        context=context,
        notes=tuple(notes),
        failures=tuple(failures),
        sections=tuple(
            Section(heading, Template(body).substitute(facts).strip())
            for heading, body in _split(template)
        ),
        commands=tuple(commands),
        ending=ending,
        assignment=assignment,
        governance=governance,
    )


def _split(template: str) -> list[tuple[str, str]]:
    """Split a template at its headings, before anything is put in."""
    parts = _HEADING.split(template)
    pairs = list(zip(parts[1::2], parts[2::2], strict=True))
    return ([("What to do", parts[0])] if parts[0].strip() else []) + pairs


def _failure_text(failure: GuardFailure) -> str:
    return (
        f"- File: {failure.file}\n"
        f"  Looked for: {failure.looked_for}\n"
        f"  Found: {failure.found}\n"
        f"  Fix: {failure.fix}"
    )
