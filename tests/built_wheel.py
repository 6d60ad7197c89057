"""The wheel of this checkout, built once for all test files and workers that look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.kernel.locks import file_lock
from tools.environments import build_wheel, find_uv

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def built_wheel(factory: pytest.TempPathFactory, worker: str) -> Path:
    """Return the wheel's path; the first caller of a session builds it.

    Args:
        factory: The session's temporary folders.
        worker: The name of the xdist worker, "master" without xdist.
    """
    base = factory.getbasetemp()
    # Each xdist worker has its own base below the session's.
    folder = (base if worker == "master" else base.parent) / "wheel"
    with file_lock(folder.with_suffix(".lock"), timeout=300):
        built = sorted(folder.glob("spec_kitty_cli-*.whl"))
        return built[0] if built else build_wheel(folder, uv=find_uv())
