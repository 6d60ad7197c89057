"""The line that init keeps in `.gitattributes`: two branches that append to a log lose no row."""

from __future__ import annotations

ATTRIBUTES_FILE = ".gitattributes"
_LOG = "status.events.jsonl"
# Git has this driver built in, so it works in every clone without any configuration.
_LINES = (
    "# spec-kitty: where two branches added rows to an event log, a merge keeps them all",
    f"kitty-specs/**/{_LOG} merge=union",
)


def with_log_driver(text: str) -> str:
    """Return the text of a `.gitattributes` that says how event logs are merged.

    A line that says it already stays as it is: that of the existing CLI names a driver of its own, and
    somebody else may have had reasons.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    if any(_says_how(line) for line in lines):
        return text
    return newline.join([*lines, *_LINES]) + newline


def _says_how(line: str) -> bool:
    pattern, *attributes = line.split() or [""]
    return pattern.endswith(_LOG) and any(
        attribute.lstrip("-!").partition("=")[0] == "merge" for attribute in attributes
    )
