"""Reading Markdown that people and agents wrote: prose without code, sections, placeholders."""

from __future__ import annotations

import re
from typing import NamedTuple

# Patterns are compiled on first use, since few commands look for any of this.
_FENCE_OPEN = r" {0,3}(`{3,}|~{3,})"
_COMMENT = r"(?s)<!--.*?-->"
_CODE_SPAN = r"(?s)(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)"
_HEADING = r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$"
# Scripts without spaces count by character.
_WORD = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_]+"
_DEFERRED = r"\[NEEDS CLARIFICATION[^\]]*\](?=\s*<!--\s*decision_id:)"

_NAMED = r"\s*<!--\s*decision_id:\s*(\S*?)\s*-->"

_SHOWN = 60

FILL_IN = "[FILL IN"
"""What every gap in our scaffolds starts with."""

# What stands where text is still to come.
# Upper case only where the word also has a meaning: a todo app may well talk about todos.
_PLACEHOLDERS = (
    r"\[FILL IN[^\]]*\]?",
    r"\[NEEDS\b[^\]]*\]?",
    r"\b(?:TBD|TBC|FIXME)\b",
    r"\[TODO\b[^\]]*\]?|\bTODO(?=[:(])",
    r"(?m)^[ \t>*+|-]*\bTODO\b[ \t.!|]*$|(?<=\|)[ \t]*TODO[ \t]*(?=\|)",
    r"(?i)\blorem ipsum\b",
    r"\?\?\?+",
    r"<(?:\.{3}|…)>|<[A-Za-z][^<>=/\n]* [^<>=\n]*>",
    r"(?m)^[ \t>*+|-]*(?:\.{3}|…)[ \t|]*$",
)


class Placeholder(NamedTuple):
    """A place where text is still missing.

    Attributes:
        line: Counted from 1.
        text: What stands there.
    """

    line: int
    text: str


class DeferredQuestion(NamedTuple):
    """A marker of a question that was put off on record.

    Attributes:
        line: Counted from 1.
        decision_id: The decision that it names.
    """

    line: int
    decision_id: str


class Section(NamedTuple):
    """A heading and everything below it, subsections included.

    Attributes:
        title: The heading's text.
        line: The heading's line, counted from 1.
        text: The lines below the heading.
    """

    title: str
    line: int
    text: str


def without_code(text: str) -> str:
    """Blank out fenced code, code spans and comments; line numbers stay what they were.

    A fence that is never closed is not one, so that a slip cannot hide the rest of a document.
    """
    return re.sub(_CODE_SPAN, _blank, without_fences(re.sub(_DEFERRED, _blank, text)))


def without_fences(text: str) -> str:
    """Blank out fenced code and comments only; line numbers stay what they were."""
    return re.sub(_COMMENT, _blank, _blank_fences(text))


def deferred_questions(text: str) -> tuple[DeferredQuestion, ...]:
    """Find the markers `[NEEDS CLARIFICATION: ...] <!-- decision_id: ... -->`; those in code are none."""
    prose = re.sub(_CODE_SPAN, _blank, _blank_fences(text))
    return tuple(
        DeferredQuestion(prose.count("\n", 0, found.start()) + 1, found.group(1))
        for found in re.finditer(_DEFERRED + _NAMED, prose)
    )


def placeholders(text: str) -> tuple[Placeholder, ...]:
    """Find text that only marks a gap: TODO, TBD, [NEEDS ...], [FILL IN ...], <what goes here>.

    Code does not count, and neither does a question that was deferred on record
    (`[NEEDS CLARIFICATION: ...] <!-- decision_id: ... -->`).
    """
    prose = without_code(text)
    found = {
        (match.start(), match.group().strip())
        for pattern in _PLACEHOLDERS
        for match in re.finditer(pattern, prose)
    }
    # A gap inside a fenced block (a file tree to be written) is still a gap when it is ours.
    found |= {(match.start(), match.group()) for match in re.finditer(_PLACEHOLDERS[0], text)}
    return tuple(
        Placeholder(text.count("\n", 0, position) + 1, _shortened(shown))
        for position, shown in sorted(found)
    )


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= _SHOWN:
        return words
    from textwrap import shorten

    return shorten(words, _SHOWN, placeholder=" ...")


def sections(text: str) -> tuple[Section, ...]:
    """Split a document at its headings."""
    lines = text.split("\n")
    visible = without_fences(text).split("\n")
    headings = [
        (number, len(match.group(1)), match.group(2))
        for number, line in enumerate(visible)
        if (match := re.match(_HEADING, line)) is not None
    ]
    found = []
    for position, (number, level, title) in enumerate(headings):
        end = next(
            (other for other, depth, _ in headings[position + 1 :] if depth <= level), len(lines)
        )
        found.append(Section(title, number + 1, "\n".join(lines[number + 1 : end])))
    return tuple(found)


def word_count(text: str) -> int:
    """Count the words of a text; comments, headings and gaps to be filled in are not words."""
    lines = re.sub(_COMMENT, "", text).split("\n")
    body = "\n".join(line for line in lines if re.match(_HEADING, line) is None)
    return len(re.findall(_WORD, re.sub(_PLACEHOLDERS[0], "", body)))


def _blank_fences(text: str) -> str:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        opening = re.match(_FENCE_OPEN, lines[number])
        if opening is None:
            number += 1
            continue
        end = _closing_fence(lines, number + 1, opening.group(1))
        if end is None:
            number += 1
            continue
        for inside in range(number, end + 1):
            lines[inside] = " " * len(lines[inside])
        number = end + 1
    return "\n".join(lines)


def _closing_fence(lines: list[str], start: int, fence: str) -> int | None:
    for number in range(start, len(lines)):
        stripped = lines[number].strip()
        if len(stripped) >= len(fence) and set(stripped) == {fence[0]}:
            return number
    return None


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match.group())
