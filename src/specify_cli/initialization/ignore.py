"""The block that init keeps in `.gitignore`; everything outside of it is the user's."""

from __future__ import annotations

IGNORE_FILE = ".gitignore"
_BEGIN = "# >>> spec-kitty (this block is kept up to date by `spec-kitty init`)"
_END = "# <<< spec-kitty"
_ENTRIES = (
    "# what the running program keeps for itself",
    ".kittify/runtime/",
    "# the lanes' worktrees: checkouts of their own",
    ".worktrees/",
)


def with_block(text: str) -> str:
    """Return the text of a `.gitignore` with the block in it, up to date."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines()
    block = [_BEGIN, *_ENTRIES, _END]
    start = next(
        (at for at, line in enumerate(lines) if line.strip().startswith(_BEGIN[:18])), None
    )
    end = next((at for at, line in enumerate(lines) if line.strip() == _END), None)
    if start is not None and end is not None and start < end:
        lines[start : end + 1] = block
    else:
        lines += ["", *block] if lines and lines[-1].strip() else block
    return newline.join(lines) + newline
