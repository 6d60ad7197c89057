"""A copy of the contracts and the generated package that a test may damage."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codegen.tree import Tree

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A copy of everything that the pipeline reads and writes."""
    root = tmp_path / "copy of the project"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "contracts", root / "contracts", ignore=ignored)
    shutil.copytree(ROOT / "src" / "generated", root / "src" / "generated", ignore=ignored)
    for name in ("pyproject.toml", "uv.lock"):
        shutil.copyfile(ROOT / name, root / name)
    return Tree(root)
