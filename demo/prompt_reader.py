"""Reads a prompt as an agent does: what it says, and nothing it does not say."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from demo.cli_runner import DemoFailed

if TYPE_CHECKING:
    from pathlib import Path

_HEADING = re.compile(r"## +(.+?) *$")
_FENCE = re.compile(r"`{3,}|~{3,}")
_FACT = re.compile(r"^- ([^:\n]+): (.+)$", re.MULTILINE)
_PROGRAMS = ("spec-kitty ", "git ")


@dataclass(frozen=True, slots=True)
class Command:
    """A command line that the prompt offers.

    Attributes:
        when: The line above it: in which case to run it.
        argv: The words, program first.
    """

    when: str
    argv: tuple[str, ...]

    @property
    def line(self) -> str:
        """Return the command as printed."""
        return shlex.join(self.argv)

    def has(self, *words: str) -> bool:
        """Tell whether every word is one of the command's."""
        return all(word in self.argv for word in words)


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file.

    Attributes:
        path: Where it lies.
        title: Its first heading.
        notes: What it says is special this time.
        sections: Title to body.
        facts: Label to value, from the list of facts.
        commands: Every command line it prints, in order.
    """

    path: Path
    title: str
    notes: tuple[str, ...]
    sections: dict[str, str]
    facts: dict[str, str]
    commands: tuple[Command, ...]

    def fact(self, label: str) -> str:
        """Return a fact by its label.

        Raises:
            DemoFailed: The prompt does not say it.
        """
        if label not in self.facts:
            raise DemoFailed(f"the prompt {self.path.name} does not say {label!r}.")
        return self.facts[label]

    def section(self, title: str) -> str:
        """Return a section's text.

        Raises:
            DemoFailed: The prompt has no such section.
        """
        if title not in self.sections:
            found = ", ".join(self.sections)
            raise DemoFailed(
                f"the prompt {self.path.name} has no section {title!r}; it has: {found}."
            )
        return self.sections[title]

    def command(self, *words: str, without: str | None = None) -> Command:
        """Return the first command that has all the words.

        Args:
            words: What to look for, for example "next" and "success".
            without: A word the command must not have.

        Raises:
            DemoFailed: The prompt offers no such command.
        """
        for command in self.commands:
            if command.has(*words) and (without is None or without not in command.argv):
                return command
        offered = "; ".join(command.line for command in self.commands) or "none at all"
        raise DemoFailed(
            f"the prompt {self.path.name} offers no command with {' '.join(words)!r}; "
            f"it offers: {offered}."
        )


def read_prompt(path: Path) -> Prompt:
    """Read a prompt file.

    Raises:
        DemoFailed: There is no such file, or it is no prompt.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DemoFailed(f"the prompt {path} cannot be read: {error.strerror}.") from error
    title = re.match(r"# +(.+)", text)
    if title is None:
        raise DemoFailed(f"the prompt {path.name} does not start with a title.")
    sections, commands = _scan(text)
    before = sections.pop("", "")
    return Prompt(
        path=path,
        title=title.group(1).strip(),
        notes=tuple(re.findall(r"^> (.+)$", before, re.MULTILINE)),
        sections=sections,
        facts={
            label.strip(): value.strip()
            for label, value in _FACT.findall(sections.get("Facts", ""))
        },
        commands=commands,
    )


def _scan(text: str) -> tuple[dict[str, str], tuple[Command, ...]]:
    """Find the sections and the command lines: indented, the program's name first.

    Documents that the prompt quotes stand in fences. What looks like a heading or a command in
    there belongs to the document.
    """
    bodies: dict[str, list[str]] = {"": []}
    body = bodies[""]
    commands = []
    fence = when = ""
    for line in text.splitlines():
        stripped = line.strip()
        mark = _FENCE.match(stripped)
        if mark is not None and (not fence or (stripped == mark[0] and mark[0].startswith(fence))):
            fence = "" if fence else mark[0]
        elif not fence:
            heading = _HEADING.match(line)
            if heading is not None:
                body = bodies.setdefault(heading[1], [])
                continue
            if line.startswith("    ") and stripped.startswith(_PROGRAMS):
                commands.append(Command(when, tuple(shlex.split(stripped))))
            elif stripped:
                when = stripped
        body.append(line)
    return {title: "\n".join(lines) for title, lines in bodies.items()}, tuple(commands)
