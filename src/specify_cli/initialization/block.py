"""A block between two marker lines in a file of the user; everything around it stays as it is."""

from __future__ import annotations

from typing import NamedTuple

_BEGIN = "<!-- spec-kitty:begin"
BEGIN = f"{_BEGIN} (kept up to date by `spec-kitty agent config sync`) -->"
END = "<!-- spec-kitty:end -->"


class Split(NamedTuple):
    """A text around its block.

    Attributes:
        before: What stands in front of the begin marker.
        inner: What stands between the markers, with plain line ends.
        after: What stands behind the end marker's line.
    """

    before: str
    inner: str
    after: str


class MarkersDamaged(ValueError):
    """One marker without the other, or more than one block: nobody can say where it ends."""


def split(text: str) -> Split | None:
    """Return a text around its block; None when there is none.

    Raises:
        MarkersDamaged: The markers are not one pair.
    """
    lines = text.splitlines(keepends=True)
    begins = [at for at, line in enumerate(lines) if line.strip().startswith(_BEGIN)]
    ends = [at for at, line in enumerate(lines) if line.strip() == END]
    if not begins and not ends:
        return None
    if len(begins) != 1 or len(ends) != 1 or begins[0] > ends[0]:
        raise MarkersDamaged
    begin, end = begins[0], ends[0]
    inner = "".join(lines[begin + 1 : end]).replace("\r\n", "\n")
    return Split("".join(lines[:begin]), inner, "".join(lines[end + 1 :]))


def with_block(text: str, inner: str) -> str:
    """Return a text with the block in it: in its place, or at the end.

    Args:
        text: The user's file, line ends as they are.
        inner: What stands between the markers, with plain line ends.

    Raises:
        MarkersDamaged: See `split`.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    block = f"{BEGIN}\n{inner}{END}\n".replace("\n", newline)
    found = split(text)
    if found is not None:
        return found.before + block + found.after
    if text and not text.endswith("\n"):
        text += newline
    return text + (newline if text else "") + block


def without_block(text: str) -> str:
    """Return a text without its block and the empty line that came with it.

    Raises:
        MarkersDamaged: See `split`.
    """
    found = split(text)
    if found is None:
        return text
    before = found.before
    # Paragraphs that the block stood between must not run together.
    if not found.after or found.after.startswith(("\r", "\n")):
        for newline in ("\r\n", "\n"):
            if before.endswith(newline * 2):
                before = before.removesuffix(newline)
                break
    return before + found.after
