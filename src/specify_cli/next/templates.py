"""The prompt templates of a mission type, as files beside its description."""

from __future__ import annotations

from string import Template
from typing import TYPE_CHECKING

from specify_cli.kernel.files import read_text
from specify_cli.kernel.terminal import first_control
from specify_cli.next._internal_runtime.schema import MissionRuntimeError

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.next._internal_runtime.schema import MissionTemplate, Step

MAX_CHARACTERS = 1_000_000
"""More than any model reads."""
_ORCHESTRATED = "-orchestrated"
"""Behind the name of a template: the one for agents that another program started."""


class PromptTemplateMissing(MissionRuntimeError):
    """A mission type names a prompt template that is not beside its description."""

    code = "PROMPT_TEMPLATE_MISSING"


class PromptTemplateInvalid(MissionRuntimeError):
    """A prompt template that cannot be used, or asks for something that does not exist."""

    code = "PROMPT_TEMPLATE_INVALID"


def template_text(step: Step, folder: Path, *, reports: bool = True) -> str:
    """Return what a step tells an agent, before it is filled in.

    Args:
        step: The step.
        folder: Where its description lies.
        reports: The agent reports the result itself.

    Raises:
        PromptTemplateMissing: PROMPT_TEMPLATE_MISSING.
        PromptTemplateInvalid: PROMPT_TEMPLATE_INVALID: with file and line.
        ReadFailed: READ_FAILED.
    """
    if step.prompt_template is None:
        return step.prompt or step.title
    path = folder / step.prompt_template
    if path.parent != folder or not path.is_file():
        raise PromptTemplateMissing(
            f"step {step.id!r} names the prompt template {step.prompt_template!r}, which is not "
            f"beside its description in {folder.name}.",
            fix=f"Write the template, or correct prompt_template of step {step.id!r}.",
            details={"step": step.id, "prompt_template": step.prompt_template},
        )
    other = path.with_stem(f"{path.stem}{_ORCHESTRATED}")
    return _fillable(path if reports or not other.is_file() else other)


def check_templates(template: MissionTemplate, folder: Path) -> None:
    """Read every prompt template of a mission type.

    Raises:
        SpecKittyError: As `template_text`.
    """
    for step in template.steps:
        template_text(step, folder)


def read_template(path: Path) -> str:
    """Read a template if a prompt can be made of it.

    Raises:
        PromptTemplateInvalid: PROMPT_TEMPLATE_INVALID: with file and line.
        ReadFailed: READ_FAILED.
    """
    file = f"{path.parent.name}/{path.name}"
    if path.stat().st_size > MAX_CHARACTERS:
        raise _invalid(file, None, f"it has more than {MAX_CHARACTERS:,} bytes")
    text = read_text(path)
    control = first_control(text)
    if control is not None:
        line, character = control
        raise _invalid(file, line, f"it holds the control character {character!r}")
    return text


def _fillable(path: Path) -> str:
    text = read_template(path)
    for number, line in enumerate(text.split("\n"), start=1):
        if not _fills_in(line):
            file = f"{path.parent.name}/{path.name}"
            raise _invalid(file, number, "a stray `$`; write a dollar sign as `$$`")
    return text


def _fills_in(line: str) -> bool:
    return "$" not in line or Template(line).is_valid()


def _invalid(file: str, line: int | None, problem: str) -> PromptTemplateInvalid:
    where = file if line is None else f"{file} line {line}"
    return PromptTemplateInvalid(
        f"{where}: {problem}.",
        fix=f"Correct the prompt template {file}, then run the command again.",
        details={"file": file, "line": line},
    )
