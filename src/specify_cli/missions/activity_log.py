"""The section of a work package file that notes are written to."""

from __future__ import annotations

from specify_cli.kernel.files import ReadFailed
from specify_cli.missions.markdown import sections

ACTIVITY_LOG = "Activity Log"
"""Title of the section."""


def with_entry(data: bytes, entry: str) -> bytes:
    """Return a file with an entry at the end of its activity log; every other byte stays.

    Without such a section one is made at the end of the file. Line ends are those of the file.

    Raises:
        ReadFailed: READ_FAILED: it is not UTF-8 text.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ReadFailed(
            "the work package file is not UTF-8 text.", fix="Save it as UTF-8, then try again."
        ) from error
    end = "\r" if "\r\n" in text else ""
    lines = text.split("\n")
    if lines[-1]:
        lines[-1:] = [lines[-1] + end, ""]
    found = _find(lines)
    if found is None:
        found = len(lines) - 1
        added = [f"## {ACTIVITY_LOG}", "", *entry.split("\n")]
        if found:
            added.insert(0, "")
    else:
        added = entry.split("\n")
        if lines[found - 1][:4].lstrip().startswith("#"):
            added.insert(0, "")
        if lines[found].strip():
            added.append("")
    lines[found:found] = [line + end for line in added]
    return "\n".join(lines).encode()


def _find(lines: list[str]) -> int | None:
    """Return where the section's next entry belongs, as an index; None without a section."""
    headings = sections("\n".join(line.removesuffix("\r") for line in lines))
    own = next((s for s in headings if s.title.casefold() == ACTIVITY_LOG.casefold()), None)
    if own is None:
        return None
    # A heading below it belongs to the section in Markdown, but not to the list of entries.
    index = min((s.line - 1 for s in headings if s.line > own.line), default=len(lines) - 1)
    while not lines[index - 1].strip():
        index -= 1
    return index
