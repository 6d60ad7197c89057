"""The contract documents, and a way to look into them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def strings_under(node: Any, keyword: str) -> set[str]:
    """Every string that a keyword has anywhere in a document."""
    found: set[str] = set()
    if isinstance(node, dict):
        if isinstance(node.get(keyword), str):
            found.add(node[keyword])
        for value in node.values():
            found |= strings_under(value, keyword)
    elif isinstance(node, list):
        for value in node:
            found |= strings_under(value, keyword)
    return found
