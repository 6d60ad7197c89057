"""Writes the parsed form of the built-in mission descriptions: `python -m tools.parse_missions`.

A description is written in YAML; loading the YAML library would cost every `next` 30 ms. Each parsed
form holds its source, so a stale one is never used, and a test misses it.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from specify_cli.next._internal_runtime.description import (
    PARSED_FOLDER,
    read_description,
    remember_description,
)

MISSIONS = Path(__file__).resolve().parents[1] / "src" / "specify_cli" / "next" / "missions"


def main() -> None:
    """Parse every built-in description anew."""
    for source in sorted(MISSIONS.glob("*/mission-runtime.yaml")):
        folder = source.parent / PARSED_FOLDER
        shutil.rmtree(folder, ignore_errors=True)
        remember_description(read_description(source), folder)
        print(f"parsed {source.parent.name}")


if __name__ == "__main__":
    main()
