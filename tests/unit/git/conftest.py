"""Counting git processes."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def git_calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Return a function that tells how many processes `git.process` started since the last ask."""
    started: list[object] = []
    real = subprocess.run

    def counting(*args: Any, **kwargs: Any) -> Any:
        started.append(args)
        return real(*args, **kwargs)

    monkeypatch.setattr("subprocess.run", counting)

    def count() -> int:
        number = len(started)
        started.clear()
        return number

    return count
