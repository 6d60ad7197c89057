"""What the demonstration tells people: short sections, one line per step, plain when piped."""

from __future__ import annotations

import sys
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = 9


@dataclass(slots=True)
class Report:
    """Prints the story as it happens.

    Attributes:
        stream: Where to print; colour only when it is a terminal.
        verbose: Also print every command and prompt path.
    """

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    verbose: bool = False

    def section(self, title: str) -> None:
        """Start a section."""
        self._print(f"\n{self._bold(title)}")

    def step(self, who: str, what: str) -> None:
        """Tell what somebody just did, on one line."""
        self._print(f"  {who:<{_NAME}} {what}")

    def detail(self, text: str) -> None:
        """Tell something only `--verbose` shows."""
        if self.verbose:
            self._print(f"  {'':<{_NAME}} {self._dim(text)}")

    def block(self, text: str) -> None:
        """Show a command's own output, indented."""
        self._print(textwrap.indent(text.strip("\n"), "  "))

    def table(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Show measured values: what, value, what it may be."""
        widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
        for what, value, limit in rows:
            line = f"  {what:<{widths[0]}}  {value:>{widths[1]}}"
            self._print(f"{line}  {limit}".rstrip())

    def failure(self, text: str) -> None:
        """Say in one sentence why the demonstration stopped."""
        self.stream.flush()
        print(f"\nThe demo stopped: {text}", file=sys.stderr)

    def _print(self, text: str) -> None:
        print(text, file=self.stream, flush=True)

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.stream.isatty() else text

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.stream.isatty() else text
