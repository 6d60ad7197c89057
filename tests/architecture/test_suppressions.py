"""Whoever silences a linter or the type checker says why, on the same line."""

from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source_tree import HAND_WRITTEN, ROOT, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDERS = (HAND_WRITTEN, ROOT / "codegen", ROOT / "tools", ROOT / "demo")
# What ends each of them, before the reason: a list of codes.
SUPPRESSION = re.compile(r"#\s*(?:noqa(?::\s*[A-Z0-9, ]+)?|type:\s*ignore(?:\[[^\]]*\])?)")
REASON = re.compile(r"\s*[-#]\s*\w+")


def every_suppression_has_a_reason(folder: Path) -> None:
    """Rule 17."""
    refuse(
        "a suppression without a reason: write `# noqa: X000 - why` or `# type: ignore[x]  # why`:",
        (
            f"{path.relative_to(folder.parent).as_posix()}:{line} {comment}"
            for path in sorted(folder.rglob("*.py"))
            for line, comment in _without_reason(path.read_text(encoding="utf-8"))
        ),
    )


def _without_reason(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            *_, last = SUPPRESSION.split(token.string)
            if SUPPRESSION.search(token.string) and not REASON.match(last):
                yield token.start[0], token.string


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_suppression_has_a_reason(folder: Path) -> None:
    every_suppression_has_a_reason(folder)


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: C901",
        "# noqa: C901, PLW0603",
        "# type: ignore",
        "# type: ignore[arg-type]",
        "# type: ignore[arg-type]  #",
        "# type: ignore[arg-type]  # noqa: S301",
    ],
)
def test_a_suppression_without_a_reason_is_caught(tmp_path: Path, comment: str) -> None:
    (tmp_path / "evil.py").write_text(f"x = 1\ny = 2  {comment}\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"evil\.py:2 # "):
        every_suppression_has_a_reason(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # noqa: C901 - the hottest loop",
        "x = 1  # type: ignore[arg-type, no-any-return]  # stubs: None only",
        "x = 1  # type: ignore[arg-type]  # noqa: S301 - our own bytes",
        "x = '# noqa: C901'",
    ],
)
def test_a_suppression_with_a_reason_is_fine(tmp_path: Path, line: str) -> None:
    (tmp_path / "fine.py").write_text(f"{line}\n", encoding="utf-8")
    every_suppression_has_a_reason(tmp_path)
